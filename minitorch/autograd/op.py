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
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from types import MethodType
from typing import Any, TypeVar, overload

import numpy

from minitorch.autograd.mode import mode
from minitorch.autograd.node import VERSION, Edge, Node
from minitorch.autograd.tensor import Tensor, get_default_dtype
from minitorch.backend.arrays import BACKENDS, CPU, same_backend
from minitorch.backend.native import Kernel, KernelTable

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

F = TypeVar("F", bound=Callable[..., Any])

registry: dict[str, Op | Composite] = {}

_sequence = itertools.count()
# What an op takes besides tensors: Python scalars keep their weak type.
_NUMBERS = frozenset({bool, int, float, complex, type(None)})
_PLAIN = _NUMBERS | {numpy.ndarray}


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


@dataclass(frozen=True)
class Rule:
    """The gradient towards one input: ``fn(g, *wanted values)``."""

    fn: Callable[..., Any]
    wanted: tuple[str, ...]

    @property
    def name(self) -> str:
        """The rule's function name, ``<op>_d<input>``."""
        return self.fn.__name__


@dataclass(frozen=True)
class Plan:
    """For one pattern of inputs that need a gradient: what to save, which rules to run."""

    # Positions of the inputs that a gradient goes to.
    wanted: tuple[int, ...]
    # Names of the saved values, and what each is: (kind, key) for _save.
    save_names: tuple[str, ...]
    saves: tuple[tuple[str, Any], ...]
    # (input position, or -1 - position of the first for a variadic one; rule
    # function; what picks its arguments out of `saved`)
    calls: tuple[tuple[int, Callable[..., Any], Callable[[list[Any]], Any]], ...]
    # (position in `saved`, output slot) of saved outputs.
    out_positions: tuple[tuple[int, int], ...]


def _picker(where: tuple[Any, ...]) -> Callable[[list[Any]], Any]:
    """A function from the saved values to a rule's arguments (in C where it can be)."""
    if not all(isinstance(at, int) for at in where):
        return lambda saved: [
            saved[at] if isinstance(at, int) else tuple(saved[i] for i in at) for at in where
        ]
    if len(where) > 1:
        return itemgetter(*where)
    start = where[0] if where else 0
    return itemgetter(slice(start, start + len(where)))  # a list of one, or of none


def _as_array(xp: Any, out: Any, arrays: list[Any]) -> Any:
    """A 0-d result, which NumPy turned into a scalar; sqrt(2.0) is of the default dtype."""
    out = xp.asarray(out)
    if out.dtype == numpy.float64 and _NUMBERS.issuperset([a.__class__ for a in arrays]):
        return out.astype(get_default_dtype())
    return out


class Op:
    """A differentiable function of arrays; made by the decorator :func:`op`.

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
    constant : frozenset of str
        Inputs with no derivative by declaration (indices, labels, masks).
    linear : tuple of str
        Inputs in which the op is linear: their rule is its adjoint.
    view : bool
        Whether the output may share the first input's memory.
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
        self.rules: dict[str, Rule] = {}
        self.kernels = KernelTable(name)
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
        shown = [
            p.replace(kind=kinds.POSITIONAL_OR_KEYWORD) if p in positional else p
            for p in parameters[1:]
        ]
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
        supports: Callable[..., bool | str] = lambda *arrays, **static: True,
        missing: str = "",
    ) -> Callable[[F], F]:
        """Add a faster implementation ``fn(xp, *arrays, **static)`` to the op's table."""

        def register(fn: F) -> F:
            self.kernels.add(backend, Kernel(name, fn, supports, missing))
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

    # -- calling ----------------------------------------------------------

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        # An op stored on a class is a method of it: Tensor.sum is the op sum.
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *inputs: Any, **static: Any) -> Any:
        if len(inputs) != self.arity or (static and not self._array_names.isdisjoint(static)):
            inputs, static = self._bind(inputs, static)
        arrays = []
        needs = 0  # a bit for each input that requires a gradient
        bit = 1
        for x in inputs:
            if isinstance(x, Tensor):
                if x._view is not None:
                    x._refresh()
                if x._needs:
                    needs |= bit
                arrays.append(x.data)
            else:
                arrays.append(x if x.__class__ in _PLAIN else self._coerce(x))
            bit += bit
        observers = mode.observers
        for observer in observers:
            observer.before_op(self, inputs, static)
        out: Any
        if self._direct and len(BACKENDS) == 1:
            out = self.body(numpy, *arrays, **static)
            if out.__class__ is not numpy.ndarray:
                out = _as_array(numpy, out, arrays)
        else:
            out = self._compute(arrays, static)
        if self._several:
            out = self._wrap_several(inputs, needs | bit if needs else 0, out, static)
        else:
            out = Tensor(out)
            if needs and mode.grad and out.data.dtype.kind == "f":
                self._record(needs | bit, inputs, (out,), (), static)
            if self.view:
                out._join(inputs[0], self, static)
        for observer in observers:
            observer.after_op(self, inputs, out, static)
        return out

    def _compute(self, arrays: list[Any], static: dict[str, Any]) -> Any:
        """Run the body, or the kernel that the table prefers, on plain arrays."""
        backend = CPU if len(BACKENDS) == 1 else same_backend(self.name, arrays)
        body = self.body
        if self.upcast and any(getattr(a, "dtype", None) == numpy.float16 for a in arrays):
            return self._compute_half(arrays, static)
        if self.kernels:
            body = self.kernels.select(backend.name, body, tuple(arrays), static)
        out = body(backend.xp, *arrays, **static)
        if out.__class__ not in BACKENDS and not self._several:
            out = _as_array(backend.xp, out, arrays)
        return out

    def _compute_half(self, arrays: list[Any], static: dict[str, Any]) -> Any:
        """float16 in and out, float32 inside: sums of halves lose too much."""
        half = numpy.float16
        wide = [a.astype(numpy.float32) if getattr(a, "dtype", None) == half else a for a in arrays]
        narrow = numpy.result_type(
            *(a.dtype for a in arrays if hasattr(a, "dtype") and a.dtype.kind == "f")
        )
        out = self._compute(wide, static)
        if static.get("dtype") is not None:
            return out  # the caller asked for another one
        if not self._several:
            return out.astype(narrow) if out.dtype == numpy.float32 else out
        shown = len(self.outputs)
        return tuple(
            o.astype(narrow) if i < shown and o.dtype == numpy.float32 else o
            for i, o in enumerate(out)
        )

    def _wrap_several(
        self,
        inputs: tuple[Any, ...],
        pattern: int,
        results: tuple[Any, ...],
        static: dict[str, Any],
    ) -> Any:
        """Several outputs, or hidden auxiliary ones that only the rules see."""
        shown = len(self.outputs)
        outs = tuple(
            Tensor(r if r.__class__ in BACKENDS else numpy.asarray(r)) for r in results[:shown]
        )
        if pattern and mode.grad:
            self._record(pattern, inputs, outs, results[shown:], static)
        return outs if shown > 1 else outs[0]

    def _record(
        self,
        pattern: int,
        inputs: tuple[Any, ...],
        outs: tuple[Tensor, ...],
        aux: tuple[Any, ...],
        static: dict[str, Any],
    ) -> None:
        """Put a node on the tape and give ``outs``, its outputs, their history.

        ``pattern`` has a bit for each input that requires a gradient, and one
        more on top that tells how many inputs there are.
        """
        plan = self._plans.get(pattern) or self._make_plan(pattern)
        if not plan.calls:
            return
        edges: list[Edge | None] = [None] * len(inputs)
        for i in plan.wanted:
            x = inputs[i]
            data = x.data
            edges[i] = (x._node or x, x._slot, data.shape, data.dtype)
        saved = []
        cells = []
        versions = []
        for kind, key in plan.saves:
            value = (
                inputs[key] if kind == "input" else self._save(kind, key, inputs, outs, aux, static)
            )
            if isinstance(value, Tensor):
                cell = value._cell
                cells.append(cell)
                versions.append(cell[VERSION])
            elif value.__class__ is numpy.ndarray and kind == "input":
                value = Tensor(value)
            saved.append(value)
        shapes: list[tuple[tuple[int, ...], Any]] = []
        node = Node(self, plan, next(_sequence), edges, saved, cells, versions, static, shapes)
        slot = 0
        for out in outs:
            data = out.data
            dtype = data.dtype
            shapes.append((data.shape, dtype))
            if dtype.kind == "f":
                out._needs = True
                out._node = node
                out._slot = slot
            slot += 1

    def _save(
        self,
        kind: str,
        key: Any,
        inputs: tuple[Any, ...],
        outs: tuple[Tensor, ...],
        aux: tuple[Any, ...],
        static: dict[str, Any],
    ) -> Any:
        """One saved value that is not an input."""
        if kind == "out":
            return outs[key].detach()
        if kind == "static":
            return static.get(key, self.statics[key])
        if kind == "aux":
            return aux[key]
        return getattr(inputs[key], "shape", None if inputs[key] is None else ())

    def link(self, inputs: tuple[Tensor, ...], out: Tensor, static: dict[str, Any]) -> None:
        """Record a call whose result already lies in ``out``, without running it."""
        needs = sum(1 << i for i, x in enumerate(inputs) if x._needs)
        self._record(needs | 1 << len(inputs), inputs, (out,), (), static)

    def _make_plan(self, pattern: int) -> Plan:
        """Work out, once per pattern of needed gradients, what to save for which rule."""
        fixed = self.arity
        count = pattern.bit_length() - 1
        needs = [bool(pattern >> i & 1) for i in range(count)]
        positions = [i for i in range(fixed) if needs[i]]
        if any(needs[fixed:]):
            positions.append(fixed)
        order: dict[str, int] = {}
        saves: list[tuple[str, Any]] = []

        def place(name: str, kind: str, key: Any) -> int:
            if name not in order:
                order[name] = len(order)
                saves.append((kind, key))
            return order[name]

        calls: list[tuple[int, Callable[..., Any], Callable[[list[Any]], Any]]] = []
        wanted: list[int] = []
        for position in positions:
            rule = self.rules.get(self.arrays[position])
            if rule is None:
                continue
            many = self.variadic is not None and position == fixed
            where = tuple(self._place(name, count, place) for name in rule.wanted)
            calls.append((-1 - fixed if many else position, rule.fn, _picker(where)))
            wanted += [i for i in range(fixed, count) if needs[i]] if many else [position]
        outs = tuple((at, key) for at, (kind, key) in enumerate(saves) if kind == "out")
        plan = Plan(tuple(wanted), tuple(order), tuple(saves), tuple(calls), outs)
        self._plans[pattern] = plan
        return plan

    def _place(self, wanted: str, count: int, place: Callable[[str, str, Any], int]) -> Any:
        """The position(s) in ``saved`` of one name on a rule's parameter list."""
        if wanted in self.outputs:
            return place(wanted, "out", self.outputs.index(wanted))
        if wanted in self.aux:
            return place(wanted, "aux", self.aux.index(wanted))
        kind, name = "input", wanted
        if wanted not in self.arrays:
            if wanted in self.statics:
                return place(wanted, "static", wanted)
            kind, name = "shape", wanted.removesuffix("_shape")
        if name == self.variadic:
            return tuple(
                place(f"{wanted}[{i - self.arity}]", kind, i) for i in range(self.arity, count)
            )
        return place(wanted, kind, self.arrays.index(name))

    # -- arguments --------------------------------------------------------

    def _bind(
        self, inputs: tuple[Any, ...], static: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arrays given by keyword or left out; static values given by position."""
        fixed = self.arity
        if self.variadic is not None:
            if len(inputs) < fixed:
                raise TypeError(f"{self.name} takes at least {fixed} arrays, got {len(inputs)}")
            return inputs, static
        if len(inputs) > fixed:
            extra = inputs[fixed:]
            if len(extra) > len(self.statics):
                raise TypeError(
                    f"{self.name} takes {fixed + len(self.statics)} arguments at most, got {len(inputs)}"
                )
            named = dict(zip(self.statics, extra, strict=False))
            for name in named.keys() & static.keys():
                raise TypeError(f"{self.name} got two values for {name!r}")
            inputs, static = inputs[:fixed], {**named, **static}
        bound = list(inputs)
        static = dict(static)
        for name in self.arrays[: len(bound)]:
            if name in static:
                raise TypeError(f"{self.name} got two values for {name!r}")
        for position in range(len(bound), fixed):
            name = self.arrays[position]
            if name not in static and position < fixed - self.optional:
                raise TypeError(
                    f"{self.name} is missing its argument {name!r}: {self.__signature__}"
                )
            bound.append(static.pop(name, None))
        return tuple(bound), static

    def _coerce(self, x: Any) -> Any:
        """Array scalars and device arrays; anything else is a TypeError."""
        if type(x) in BACKENDS:
            return x
        if isinstance(x, numpy.generic | numpy.ndarray):
            return numpy.asarray(x)
        if hasattr(x, "__index__"):
            return x.__index__()
        raise TypeError(
            f"{self.name}: cannot compute with a {type(x).__name__}; "
            f"make a tensor of it with minitorch.asarray"
        )


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

    samples = Op.samples
    __get__ = Op.__get__


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
        Inputs in which the op is linear; the adjoint test covers them.
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
        )
    previous, table.forced = table.forced, name
    return _forcing(table, previous)
