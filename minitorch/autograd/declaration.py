"""Declaring an op: its signature, rules, kernels and samples, read and checked once."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import MethodType
from typing import Any, TypeVar, cast

import numpy

from minitorch.autograd.plan import Plan, Rule
from minitorch.backend.native import Kernel, KernelTable, always

__all__ = ["Declaration", "Sample"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Sample:
    """One call to test an op on: positional arrays, keyword arguments, a label."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    @classmethod
    def of(cls, *args: Any, note: str = "", **kwargs: Any) -> Sample:
        """``Sample.of(x, w, stride=2)`` reads like the call it stands for."""
        return cls(args, kwargs, note)


class Declaration:
    """What the author of an op has said about it; :class:`~minitorch.autograd.op.Op` calls it.

    Attributes
    ----------
    name, formula : str
    body : callable
        ``body(xp, *arrays, **static)``: the reference implementation.
    arrays : tuple of str
        Names of the array parameters; the last may be variadic.
    statics : dict
        Keyword-only parameters and their defaults.
    rules : dict of str to Rule
    kernels : KernelTable
    least : int
        With arrays of fewer elements the body runs, and no kernel is asked; 0: they are asked.
    constant : frozenset of str
        Inputs with no derivative by declaration (indices, labels, masks).
    linear : tuple of str
        Inputs in which the op is linear (or affine): their rule is its adjoint.
    view : bool
        Whether the output may share the first input's memory.
    autocast : str
        What :class:`~minitorch.autograd.autocast.autocast` gives it: "half", "float32", or ""
        for what comes.
    aligned : bool
        Whether each element of the outputs depends only on the inputs' elements at its place, so
        that a kernel may write where an input lies.
    """

    def __init__(
        self,
        body: Callable[..., Any],
        *,
        name: str,
        formula: str,
        constant: Iterable[str] | bool,
        linear: Iterable[str],
        outputs: Iterable[str],
        aux: Iterable[str],
        view: bool,
        upcast: bool,
        quiet: bool,
        aligned: bool = False,
        autocast: str | None = None,
    ) -> None:
        self.name = name
        self.formula = formula
        self.body = numpy.errstate(all="ignore")(body) if quiet else body
        self.source = body
        self.module = body.__module__
        self.__doc__ = body.__doc__
        self.__name__ = name
        self.__qualname__ = name
        self.__module__ = body.__module__
        self._read_signature(inspect.signature(body))
        every = frozenset(self.arrays)
        self.constant = every if constant is True else frozenset(constant or ())
        self.linear = tuple(linear)
        self.outputs = tuple(outputs) or ("out",)
        self.aux = tuple(aux)
        self.view = view
        self.upcast = upcast
        self.aligned = aligned
        self.autocast = ("float32" if upcast else "") if autocast is None else autocast
        self.rules: dict[str, Rule] = {}
        self.kernels = KernelTable(name)
        self.least = 0
        self.sampler: Callable[..., Iterable[Sample]] | None = None
        self._several = len(self.outputs) > 1 or bool(self.aux)
        # Nothing to choose or convert: the body can be called straight away.
        self._direct = not (self._several or upcast)
        self._plans: dict[int, Plan] = {}
        for group, names in (("constant", self.constant), ("linear", self.linear)):
            for unknown in set(names) - every:
                raise ValueError(f"{name}: {group} input {unknown!r} is no array parameter")

    def _read_signature(self, signature: inspect.Signature) -> None:
        kinds = inspect.Parameter
        parameters = list(signature.parameters.values())
        if not parameters or parameters[0].name != "xp":
            raise TypeError(f"{self.name}: the first parameter of an op's body is xp")
        positional = [
            p
            for p in parameters[1:]
            if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
        ]
        variadic = [p for p in parameters[1:] if p.kind is kinds.VAR_POSITIONAL]
        self.variadic = variadic[0].name if variadic else None
        self.arrays = tuple(p.name for p in positional + variadic)
        self.arity = len(positional)
        self.optional = sum(p.default is not kinds.empty for p in positional)
        self.statics = {p.name: p.default for p in parameters[1:] if p.kind is kinds.KEYWORD_ONLY}
        self._array_names = frozenset(p.name for p in positional)
        # Static values may be given by position too: shown for those that must be given.
        no_optional = not self.optional and self.variadic is None
        shown = [
            p.replace(kind=kinds.POSITIONAL_OR_KEYWORD)
            if p in positional or (no_optional and p.default is kinds.empty)
            else p
            for p in parameters[1:]
        ]
        shown.sort(key=lambda p: p.kind)
        self.__signature__ = signature.replace(parameters=shown)

    def __repr__(self) -> str:
        return f"<op {self.name}{self.__signature__}>"

    # -- declaring --------------------------------------------------------

    def vjp(self, *inputs: str) -> Callable[[F], F]:
        """Declare the gradient rule of an input: ``rule(g, <what it needs>)``.

        The decorated function is written in tensor ops, so that it can itself
        be differentiated. Its parameters after ``g`` are what is saved for it.
        """

        def register(fn: F) -> F:
            names = tuple(inspect.signature(fn).parameters)
            for wanted in names[1:]:
                if wanted not in self._savable():
                    close = difflib.get_close_matches(wanted, self._savable(), n=1)
                    hint = f"; did you mean {close[0]!r}?" if close else ""
                    raise ValueError(
                        f"{self.name}: rule {fn.__name__} asks for {wanted!r}, which is not one of "
                        f"{', '.join(self._savable())}{hint}"
                    )
            for name in inputs:
                if name not in self.arrays or name in self.constant:
                    raise ValueError(f"{self.name}: {name!r} is no differentiable input")
                self.rules[name] = Rule(fn, names[1:])
            self._plans.clear()
            return fn

        return register

    def samples(self, sampler: F) -> F:
        """Declare the calls to test the op on: ``sampler(make)`` yields :class:`Sample`."""
        self.sampler = sampler
        return sampler

    def kernel(
        self,
        backend: str,
        name: str,
        *,
        supports: Callable[..., bool | str] = always,
        prefers: Callable[..., bool] = always,
        missing: str = "",
        idea: str = "",
    ) -> Callable[[F], F]:
        """Add a faster implementation ``fn(xp, *arrays, **static)`` to the op's table.

        The other arguments are the fields of :class:`~minitorch.backend.native.Kernel`.
        """

        def register(fn: F) -> F:
            self.kernels.add(backend, Kernel(name, fn, supports, prefers, missing, idea))
            self._direct = False
            return fn

        return register

    def _savable(self) -> list[str]:
        shapes = [f"{name}_shape" for name in self.arrays]
        return [*self.arrays, *self.outputs, *self.aux, *shapes, *self.statics]

    def input_names(self, count: int) -> tuple[str, ...]:
        """The names of ``count`` inputs, those of a variadic op numbered."""
        if self.variadic is None:
            return self.arrays
        many = [f"{self.variadic}[{i}]" for i in range(count - self.arity)]
        return (*self.arrays[: self.arity], *many)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        # An op stored on a class is a method of it: Tensor.sum is the op sum.
        return self if instance is None else MethodType(cast("Any", self), instance)
