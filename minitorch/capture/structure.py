"""Arguments and results: nested lists, tuples and dictionaries, with tensors in them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from typing import Any

import numpy

from minitorch.autograd.tensor import Tensor
from minitorch.parameter import Parameter

__all__ = ["key_of", "names_of", "put_together", "taken_apart"]


class Slot:
    """Where a tensor stands in a structure of arguments or results."""

    def __init__(self, index: int) -> None:
        self.index = index


def taken_apart(value: Any, found: list[Any]) -> Any:
    """The structure with its tensors and arrays replaced by slots, which are put into ``found``."""
    if isinstance(value, Tensor | numpy.ndarray):
        found.append(value)
        return Slot(len(found) - 1)
    if isinstance(value, dict):
        return {k: taken_apart(v, found) for k, v in value.items()}
    if isinstance(value, list | tuple):
        parts = [taken_apart(v, found) for v in value]
        if hasattr(value, "_fields"):  # a named tuple
            return type(value)(*parts)
        return type(value)(parts)
    return value


def put_together(value: Any, tensors: list[Any]) -> Any:
    """The structure with tensors in the place of its slots."""
    if isinstance(value, Slot):
        return tensors[value.index]
    if isinstance(value, dict):
        return {k: put_together(v, tensors) for k, v in value.items()}
    if isinstance(value, list | tuple):
        parts = [put_together(v, tensors) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def _slots_in(value: Any) -> list[int]:
    if isinstance(value, Slot):
        return [value.index]
    parts = value.values() if isinstance(value, dict) else value
    nested = isinstance(value, dict | list | tuple)
    return [i for part in parts for i in _slots_in(part)] if nested else []


def names_of(function: Callable[..., Any], structure: Any) -> dict[int, str]:
    """What the function calls its tensor arguments, by slot."""
    args, kwargs = structure
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # the call will say what is wrong
        return {}
    names = {}
    for name, value in bound.items():
        slots = _slots_in(value)
        plain = isinstance(value, Slot)
        names.update({s: name if plain else f"{name}[{k}]" for k, s in enumerate(slots)})
    return names


def key_of(value: Any, found: list[Any]) -> Hashable:
    """What tells calls apart that need programs of their own."""
    if isinstance(value, Slot):
        x = found[value.index]
        if isinstance(x, Parameter):
            return ("parameter", id(x))
        return ("array", x.shape, str(x.dtype), isinstance(x, Tensor) and x.device)
    if isinstance(value, dict):
        return tuple((k, key_of(v, found)) for k, v in value.items())
    if isinstance(value, list | tuple):
        return (type(value).__name__, *[key_of(v, found) for v in value])
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    return (type(value).__name__, value)
