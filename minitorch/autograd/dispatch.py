"""Calling an op: arguments, the body or kernel that runs, and the node on the tape.

This is the hot path: a forward pays for every line here on every op.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy

from minitorch.autograd.autocast import call_cast
from minitorch.autograd.declaration import Declaration
from minitorch.autograd.fresh import FreshFloat, plain
from minitorch.autograd.mode import mode
from minitorch.autograd.node import VERSION, Edge, Node
from minitorch.autograd.plan import Plan, make_plan
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import BACKENDS, CPU, HALVES, Backend, get_default_dtype, same_backend

__all__ = ["Op"]

_sequence = itertools.count()
# What an op takes besides tensors: Python scalars keep their weak type.
_NUMBERS = frozenset({bool, int, float, complex, type(None)})
_PLAIN = _NUMBERS | {numpy.ndarray}


def _as_array(xp: Any, out: Any, arrays: list[Any]) -> Any:
    """A 0-d result, which NumPy turned into a scalar; sqrt(2.0) is of the default dtype."""
    if out.__class__ in BACKENDS:  # of a backend that this very call has loaded
        return out
    out = xp.asarray(out)
    if out.dtype == numpy.float64 and _NUMBERS.issuperset([a.__class__ for a in arrays]):
        return out.astype(get_default_dtype())
    return out


class Op(Declaration):
    """A differentiable function of arrays; the decorator :func:`minitorch.op` makes one."""

    # -- calling ----------------------------------------------------------

    def __call__(self, *inputs: Any, **static: Any) -> Any:
        if len(inputs) != self.arity or (static and not self._array_names.isdisjoint(static)):
            inputs, static = self.bind(inputs, static)
        if self.autocast and mode.autocast is not None:
            return call_cast(self, inputs, static)
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
        settings = static
        if observers:
            settings = {k: plain(v) for k, v in static.items()}
            for observer in observers:
                observer.before_op(self, inputs, static)
        out: Any
        if (self._direct or (self.least and self._all_small(arrays))) and len(BACKENDS) == 1:
            out = self.body(numpy, *arrays, **settings)
            if out.__class__ is not numpy.ndarray:
                out = _as_array(numpy, out, arrays)
        else:
            out = self._compute(arrays, settings)
        if observers:
            if self._several:
                out = tuple([numpy.asarray(r) if isinstance(r, numpy.generic) else r for r in out])
            for observer in observers:
                observer.after_body(self, inputs, arrays, static, out if self._several else (out,))
        if self._several:
            out = self._wrap_several(inputs, needs | bit if needs else 0, out, static)
        else:
            out = Tensor(out)
            if needs and mode.grad and (out.data.dtype.kind == "f" or out.data.dtype in HALVES):
                self._record(needs | bit, inputs, (out,), (), static)
            if self.view:
                out._join(inputs[0], self, static)
        for observer in observers:
            observer.after_op(self, inputs, out, static)
        return out

    def _all_small(self, arrays: list[Any]) -> bool:
        """Whether the body is quicker than a look at the kernels."""
        least = self.least
        for a in arrays:
            if a.__class__ is numpy.ndarray and a.size >= least:
                return False
        return self.kernels.forced is None

    def _compute(self, arrays: list[Any], static: dict[str, Any]) -> Any:
        """Run the body, or the kernel that the table prefers, on plain arrays."""
        backend = CPU if len(BACKENDS) == 1 else same_backend(self.name, arrays)
        if backend is CPU:
            return self.run(backend, arrays, static)
        return backend.run(self.name, arrays, self.run, backend, arrays, static)

    def run(self, backend: Backend, arrays: list[Any], static: dict[str, Any]) -> Any:
        """The body, or the kernel that the table prefers, on arrays of one backend."""
        body = self.body
        halves = self.upcast and any(getattr(a, "dtype", None) in HALVES for a in arrays)
        if self.kernels and not (halves and backend is CPU):
            body = self.kernels.select(backend.name, body, tuple(arrays), static)
        if halves and body is self.body:  # no kernel of a GPU's that computes in float16
            return self._compute_half(arrays, static)
        out = body(backend.xp, *arrays, **static)
        if out.__class__ not in BACKENDS and not self._several:
            out = _as_array(backend.xp, out, arrays)
        return out

    def _compute_half(self, arrays: list[Any], static: dict[str, Any]) -> Any:
        """float16 or bfloat16 in and out, float32 inside: sums of halves lose too much."""
        dtypes = [getattr(a, "dtype", None) for a in arrays]
        wide = [
            a.astype(numpy.float32) if d in HALVES else a
            for a, d in zip(arrays, dtypes, strict=True)
        ]
        narrow = numpy.result_type(
            *(d for d in dtypes if d is not None and (d.kind == "f" or d in HALVES))
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
        plan = self._plans.get(pattern) or self._plan(pattern)
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
            elif value.__class__ in BACKENDS and kind == "input":
                value = Tensor(value)
            saved.append(value)
        shapes: list[tuple[tuple[int, ...], Any]] = []
        node = Node(self, plan, next(_sequence), edges, saved, cells, versions, static, shapes)
        for slot, out in enumerate(outs):
            data = out.data
            dtype = data.dtype
            shapes.append((data.shape, dtype))
            if dtype.kind == "f" or dtype in HALVES:
                out._needs = True
                out._node = node
                out._slot = slot

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

    def _plan(self, pattern: int) -> Plan:
        plan = self._plans[pattern] = make_plan(self, pattern)
        return plan

    # -- arguments --------------------------------------------------------

    def bind(
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
                    f"{self.name} takes {fixed + len(self.statics)} arguments at most, "
                    f"got {len(inputs)}"
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
        if isinstance(x, FreshFloat):
            return plain(x)
        if hasattr(x, "__index__"):
            return x.__index__()
        raise TypeError(
            f"{self.name}: cannot compute with a {type(x).__name__}; "
            f"make a tensor of it with minitorch.asarray"
        )
