"""The op: forward, gradient rules, kernels and samples declared in one place.

    @op(formula="y = tanh x")
    def tanh(xp, x):                     # array world: xp is numpy or cupy
        return xp.tanh(x)

    @tanh.vjp("x")
    def tanh_dx(g, out):                 # tensor world: any order of derivative
        return g * (1 - out * out)

Positional parameters after ``xp`` are arrays, keyword-only ones are static. A
rule's parameter list is its save list: after ``g`` it names what it needs (an
input, ``out``, an auxiliary output, ``<input>_shape`` or a static parameter).
Everything about the signature is worked out here once, when the op and its
rules are declared; calling an op reflects on nothing.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, overload

from minitorch.autograd.declaration import Declaration, Sample
from minitorch.autograd.dispatch import Op
from minitorch.autograd.plan import Rule
from minitorch.backend.native import KernelTable

__all__ = [
    "Composite",
    "Op",
    "Sample",
    "composite",
    "find_op",
    "op",
    "registry",
    "use_kernel",
]

registry: dict[str, Op | Composite] = {}


class Composite:
    """A function of tensors made of ops: registered so that it is tested like one."""

    def __init__(self, fn: Callable[..., Any], name: str, formula: str) -> None:
        self.fn = fn
        self.name = name
        self.formula = formula
        self.module = fn.__module__
        self.source = fn
        self.sampler: Callable[..., Iterable[Sample]] | None = None
        self.linear: tuple[str, ...] = ()
        self.constant: frozenset[str] = frozenset()
        self.rules: dict[str, Rule] = {}
        self.kernels = KernelTable(name)
        signature = inspect.signature(fn)
        self.arrays = tuple(
            p.name for p in signature.parameters.values() if p.kind is not p.KEYWORD_ONLY
        )
        self.__signature__ = signature
        self.__doc__ = fn.__doc__
        self.__name__ = name
        self.__qualname__ = name
        self.__module__ = fn.__module__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<composite op {self.name}{self.__signature__}>"

    samples = Declaration.samples
    __get__ = Declaration.__get__


def _register(entry: Any) -> None:
    known = registry.get(entry.name)
    if known is not None and known.module != entry.module:
        raise ValueError(
            f"an op named {entry.name!r} exists already (in {known.module}); choose another name"
        )
    registry[entry.name] = entry


@overload
def op(body: Callable[..., Any]) -> Op: ...
@overload
def op(
    *,
    name: str | None = ...,
    formula: str = ...,
    constant: Iterable[str] | bool = ...,
    linear: Iterable[str] = ...,
    outputs: Iterable[str] = ...,
    aux: Iterable[str] = ...,
    view: bool = ...,
    upcast: bool = ...,
    quiet: bool = ...,
    aligned: bool = ...,
    autocast: str | None = ...,
) -> Callable[[Callable[..., Any]], Op]: ...
def op(
    body: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    formula: str = "",
    constant: Iterable[str] | bool = (),
    linear: Iterable[str] = (),
    outputs: Iterable[str] = (),
    aux: Iterable[str] = (),
    view: bool = False,
    upcast: bool = False,
    quiet: bool = False,
    aligned: bool = False,
    autocast: str | None = None,
) -> Any:
    """Declare an op: ``@op`` or ``@op(...)`` on its body.

    Parameters
    ----------
    body : callable
        ``body(xp, *arrays, **static)``; works on NumPy and CuPy arrays alike.
    name : str, optional
        Defaults to the function's name (a trailing underscore is dropped).
    formula : str
        The op in mathematics, shown by ``explain`` and in the docs.
    constant : names, or True for all
        Array inputs that have no derivative: indices, labels, masks.
    linear : names
        Inputs in which the op is linear (or affine); the adjoint test covers them.
    outputs : names
        Of several outputs; one output is called ``out``.
    aux : names
        Extra results that the body returns after its outputs; rules may ask
        for them by name, callers never see them.
    view : bool
        The output may share memory with the first input.
    upcast : bool
        Compute float16 in float32 (set it on everything that sums).
    quiet : bool
        Do not let NumPy warn of the infinities and NaNs that are its results.
    aligned : bool
        Each element of the outputs depends only on the inputs' elements at its place, so that
        a kernel may write where an input lies.
    autocast : {"half", "float32", ""}, optional
        What it is given inside :class:`~minitorch.autocast`: 16 bits (products), float32 (what
        leaves float16's range or digits), or what comes. Default: float32 for ``upcast``.

    Returns
    -------
    Op

    Raises
    ------
    ValueError
        For a name that another module's op has.

    Examples
    --------
    >>> from minitorch.autograd import op
    >>> @op(formula="y = x³")
    ... def doc_cube(xp, x):
    ...     return x * x * x
    >>> @doc_cube.vjp("x")
    ... def doc_cube_dx(g, x):
    ...     return g * 3 * x * x
    >>> import minitorch as mt
    >>> x = mt.tensor(2.0, requires_grad=True)
    >>> doc_cube(x).backward()
    >>> x.grad
    Tensor(12.)
    """

    def declare(fn: Callable[..., Any]) -> Op:
        made = Op(
            fn,
            name=name or fn.__name__.rstrip("_"),
            formula=formula,
            constant=constant,
            linear=linear,
            outputs=outputs,
            aux=aux,
            view=view,
            upcast=upcast,
            quiet=quiet,
            aligned=aligned,
            autocast=autocast,
        )
        _register(made)
        return made

    return declare if body is None else declare(body)


@overload
def composite(fn: Callable[..., Any]) -> Composite: ...
@overload
def composite(
    *, name: str | None = ..., formula: str = ...
) -> Callable[[Callable[..., Any]], Composite]: ...
def composite(
    fn: Callable[..., Any] | None = None, *, name: str | None = None, formula: str = ""
) -> Any:
    """Register a function of tensors, made of other ops, under its name.

    It needs no rules (its ops have them) but does need samples: the gradient
    checks, the docs and the benchmarks see it like any op.
    """

    def declare(function: Callable[..., Any]) -> Composite:
        made = Composite(function, name or function.__name__.rstrip("_"), formula)
        _register(made)
        return made

    return declare if fn is None else declare(fn)


def find_op(name: str) -> Any:
    """The registered op of that name; ValueError with close names otherwise."""
    try:
        return registry[name]
    except KeyError:
        close = difflib.get_close_matches(name, registry, n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ValueError(f"no op named {name!r}{hint}") from None


@contextlib.contextmanager
def _forcing(table: KernelTable, previous: str | None) -> Iterator[None]:
    try:
        yield
    finally:
        table.forced = previous


def use_kernel(target: Op | str, name: str | None) -> contextlib.AbstractContextManager[None]:
    """Force one kernel of an op, for good or inside a ``with`` block.

    Parameters
    ----------
    target : Op or str
        The op or its name, e.g. ``"max_pool"``.
    name : str or None
        A kernel of its table, ``"reference"`` for the op's own body, or None
        to choose by itself again.

    Returns
    -------
    context manager
        Leaving it restores what was forced before; ignoring it keeps ``name``.

    Raises
    ------
    ValueError
        If there is no such op or kernel; the message lists those there are.

    Examples
    --------
    >>> import minitorch as mt
    >>> with mt.use_kernel("add", "reference"):
    ...     y = mt.add(mt.ones(2), mt.ones(2))
    """
    table: KernelTable = (find_op(target) if isinstance(target, str) else target).kernels
    if name is not None and name not in table.names():
        raise ValueError(
            f"{table.op_name} has no kernel {name!r}; it has {', '.join(table.names())}"
            f"{f' ({table.missing})' if table.missing else ''}"
        )
    previous, table.forced = table.forced, name
    return _forcing(table, previous)
