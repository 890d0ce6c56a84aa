"""The operators of ONNX: a function for each, under its name and the versions it is right for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy

from minitorch.autograd import Tensor, asarray

__all__ = [
    "OPERATORS",
    "TRAINING",
    "Node",
    "Operator",
    "axes_of",
    "constant",
    "find",
    "integers",
    "operator",
]

TRAINING = "ai.onnx.preview.training"  # the domain of gradients and optimisers


@dataclass(frozen=True)
class Operator:
    """One function and what it computes.

    Parameters
    ----------
    name, domain : str
    since, until : int
        The operator sets it is right for, ``until`` not included.
    function : callable
        ``function(node, *inputs)`` gives a Tensor or a tuple of them; an input that is left out
        comes as None.
    weights : tuple of int
        Inputs that are weights if they are constants of the file: they are trained.
    averages : tuple of int
        Inputs that are statistics of the data: kept, and not trained.
    varies : bool
        Whether it may give something else for the same inputs.
    """

    name: str
    domain: str
    since: int
    until: int
    function: Callable[..., Any]
    weights: tuple[int, ...] = ()
    averages: tuple[int, ...] = ()
    varies: bool = False


OPERATORS: dict[tuple[str, str], list[Operator]] = {}


def operator(
    *names: str,
    since: int = 1,
    until: int = 1000,
    domain: str = "",
    weights: tuple[int, ...] = (),
    averages: tuple[int, ...] = (),
    varies: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the function below to be these operators."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            made = Operator(name, domain, since, until, function, weights, averages, varies)
            OPERATORS.setdefault((domain, name), []).append(made)
        return function

    return declare


def find(domain: str, name: str, version: int) -> Operator | None:
    """The function for an operator of an operator set; None if there is none."""
    known = OPERATORS.get((domain, name), ())
    return next((one for one in known if one.since <= version < one.until), None)


@dataclass
class Node:
    """One node of a graph, as its operator's function sees it.

    Attributes
    ----------
    kind, domain, name : str
    version : int
        Of the operator set.
    inputs, outputs : list of str
        Names of values; empty for one that is left out.
    attributes : dict
        Numbers, text, lists of them, arrays.
    training : bool
        Whether this run is one of training.
    values : mapping
        All values of this run by name, for the operator that differentiates them.
    """

    kind: str
    domain: str = ""
    name: str = ""
    version: int = 1
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    training: bool = False
    values: Any = None
    operator: Operator | None = None

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)

    def setting(self, name: str, given: Any, default: Any = None) -> Any:
        """Integers that were an attribute in old operator sets, and are an input in new ones."""
        if given is not None:
            return integers(given)
        return self.attributes.get(name, default)

    def refuse(self, what: str) -> NotImplementedError:
        """The error for a setting that is not supported."""
        return NotImplementedError(f"{self!r}: {what}")

    def __repr__(self) -> str:
        return f"{self.kind} {self.name or ', '.join(self.outputs)!r}"


def integers(value: Any) -> list[int]:
    """A tensor of whole numbers as a list: what shapes and axes are given by."""
    array = value.numpy() if isinstance(value, Tensor) else numpy.asarray(value)
    return [int(n) for n in array.ravel()]


def constant(values: Any, like: Tensor) -> Tensor:
    """An array as a tensor of ``like``'s dtype, where it is."""
    return asarray(numpy.asarray(values, like.dtype), device=like.device)


def axes_of(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes, the negative ones counted from the end."""
    return tuple(axis % rank for axis in axes)
