"""Watching one run of a function and writing down what it does.

The tracer is an observer of ops: it sees the arrays that go into each body and those that come
out, whatever tensors, views and histories are around them. Two arrays are the same value if they
are windows onto the same memory; what the memory is, a table of the base arrays that live at
the moment tells. So a backward, an update rule and a running average need no case of their own.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy

from minitorch.autograd.fresh import FreshFloat, FreshInt
from minitorch.autograd.hooks import Observer
from minitorch.autograd.mode import mode
from minitorch.autograd.tensor import Tensor
from minitorch.capture.ir import Instruction, Storage, Value

__all__ = ["CaptureError", "Draw", "Tracer"]

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class CaptureError(RuntimeError):
    """Something in a function cannot be captured; the message says what, and at which line."""


def line_of_user() -> str:
    """``file:line`` of the innermost caller outside of this package."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back  # type: ignore[assignment]
    return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


class Draw:
    """A number, or a dictionary of them, that every replay computes anew before it starts."""

    def __init__(self, compute: Callable[[], Any]) -> None:
        self.compute = compute
        self.value: Any = None

    def refresh(self) -> None:
        """Compute it."""
        self.value = self.compute()

    def stand_in(self) -> Any:
        """What the traced function gets: numbers that know where they come from."""
        if isinstance(self.value, dict):
            return {k: self._number(v, partial(self._part, k)) for k, v in self.value.items()}
        return self._number(self.value, lambda: self.value)

    def _part(self, key: Any) -> Any:
        return self.value[key]

    @staticmethod
    def _number(value: Any, compute: Callable[[], Any]) -> Any:
        return (FreshInt if isinstance(value, int) else FreshFloat)(value, compute)


def root_of(array: Any) -> Any:
    """The array that owns the memory, as far as NumPy knows."""
    while isinstance(array.base, numpy.ndarray):
        array = array.base
    return array


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def _arrays_in(value: Any) -> list[Any]:
    if isinstance(value, numpy.ndarray):
        return [value]
    if isinstance(value, dict):
        return [a for v in value.values() for a in _arrays_in(v)]
    if isinstance(value, list | tuple):
        return [a for v in value for a in _arrays_in(v)]
    return []


class Tracer(Observer):
    """Writes down what one run does.

    Attributes
    ----------
    instructions : list of Instruction
    draws : list of Draw
        What replays compute before they start.
    held : dict of int to (Tensor, array)
        By id, tensors from outside with the memory that they had: a replay is right while they
        have it.
    leaves : list of (Tensor, Value)
        Leaves whose ``.grad`` the run has set, and to what.
    cells : dict of int to cell
        By id, the version cells of what it wrote to.
    """

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.draws: list[Draw] = []
        self.held: dict[int, tuple[Tensor, Any]] = {}
        self.leaves: list[tuple[Tensor, Value]] = []
        self.cells: dict[int, list[int]] = {}
        self._storages: dict[int, tuple[Any, Storage]] = {}  # id of the base array -> it
        self._values: dict[tuple[Any, ...], Value] = {}
        self._open: list[Any] = []  # the ops whose bodies are running
        self._paused = 0

    # -- memory ---------------------------------------------------------------

    def storage_of(self, root: Any) -> Storage | None:
        """The storage that a base array is known as, if it is."""
        entry = self._storages.get(id(root))
        return None if entry is None else entry[1]

    def add(self, root: Any, kind: str, name: str = "") -> Storage:
        """A storage for a base array."""
        key = id(root)
        if kind == "temp":  # the number is free again when the array is gone
            storage = Storage(kind, root.nbytes, name)
            handle = weakref.ref(root, lambda _: self._storages.pop(key, None))
            self._storages[key] = (handle, storage)
        else:
            storage = Storage(kind, root.nbytes, name, root)
            self._storages[key] = (root, storage)
        return storage

    def value_of(self, array: Any, name: str = "") -> Value:
        """The value that an array is; memory that nobody has seen yet is held from outside."""
        root = root_of(array)
        storage = self.storage_of(root) or self.add(root, "held", name)
        offset = _address(array) - _address(root)
        key = (id(storage), array.shape, array.dtype, array.strides, offset)
        found = self._values.get(key)
        if found is None:
            known = None if storage.kind == "temp" else array
            found = Value(storage, array.shape, array.dtype, array.strides, offset, known)
            self._values[key] = found
        return found

    # -- what happens -----------------------------------------------------------

    def _idle(self) -> bool:
        """Whether what happens now is part of something that is written down as a whole."""
        return bool(self._paused) or any(op.name != "recompute" for op in self._open)

    def before_op(self, op: Any, inputs: tuple[Any, ...], static: dict[str, Any]) -> None:
        """An op begins; what its body calls is part of it."""
        self._open.append(op)

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """An op has ended."""

    def after_body(
        self,
        op: Any,
        inputs: tuple[Any, ...],
        arrays: list[Any],
        static: dict[str, Any],
        results: tuple[Any, ...],
    ) -> None:
        """Write down an op, unless all that it gives is a view of what went in."""
        self._open.pop()
        if self._idle() or op.name == "recompute":  # which has run a function of ops
            return
        for a in [*arrays, *results]:
            if hasattr(a, "dtype") and a.__class__ is not numpy.ndarray:
                raise CaptureError(
                    f"{op.name} at {line_of_user()}: only what is on the CPU is captured by now, "
                    f"this is on {type(a).__name__}"
                )
        if self._depends(static):
            raise CaptureError(
                f"{op.name} at {line_of_user()}: an index or setting of an op depends on values "
                f"that the function computes or is given; the program would keep those of the trace"
            )
        sources = [self._operand(x, a) for x, a in zip(inputs, arrays, strict=True)]
        if all(self.storage_of(root_of(r)) is not None for r in results):
            if op.aligned:  # written where its inputs lie
                outs = [self.value_of(r) for r in results]
                self.instructions.append(
                    Instruction(op.name, op, sources, outs, dict(static), line_of_user())
                )
                self.cells.update({id(x._cell): x._cell for x in inputs if isinstance(x, Tensor)})
            return
        step = Instruction(op.name, op, sources, [], dict(static), line_of_user())
        if not any(isinstance(x, Value) for x in sources) and not step.fresh:
            return  # a constant: its memory is found as held
        for r in results:
            if self.storage_of(root_of(r)) is None:
                self.add(root_of(r), "temp")
        step.outputs = [self.value_of(r) for r in results]
        self.instructions.append(step)

    def _depends(self, value: Any) -> bool:
        """Whether arrays within an index or setting are computed or given."""
        known = [self.storage_of(root_of(a)) for a in _arrays_in(value)]
        return any(storage is not None and storage.kind != "held" for storage in known)

    def _operand(self, x: Any, array: Any) -> Any:
        if not isinstance(array, numpy.ndarray):
            return x if isinstance(x, FreshFloat) else array
        value = self.value_of(array, getattr(x, "name", None) or "")
        if value.storage.kind == "held" and isinstance(x, Tensor):
            self.held[id(x)] = (x, x.data)
        return value

    def after_copy(self, source: Any, copy: Any) -> None:
        """A copy outside of any op, or as the result of a function that was run by one."""
        if self._idle():
            return
        if source.__class__ is not numpy.ndarray or copy.__class__ is not numpy.ndarray:
            raise CaptureError(f"at {line_of_user()}: a copy between devices is not captured")
        if self.storage_of(root_of(copy)) is not None:
            return  # a view
        if self.storage_of(root_of(source)) is None:
            return  # of a constant: the first value of an update rule's memory, say
        value = self.value_of(source)
        self.add(root_of(copy), "temp")
        self.instructions.append(Instruction("copy", None, [value], [self.value_of(copy)]))

    def after_write(self, target: Tensor, index: Any, value: Tensor) -> None:
        """Memory has been overwritten."""
        if self._idle():
            return
        if self._depends(index):
            raise CaptureError(
                f"setitem at {line_of_user()}: the index depends on values that the function "
                f"computes or is given"
            )
        source = self._operand(value, value.data)
        out = self._operand(target, target.data)
        self.cells[id(target._cell)] = target._cell
        window = target.data[index]  # an Index ends in an Ellipsis, so this is an array
        part: Any = index
        if root_of(window) is root_of(target.data):  # a view
            out, part = self.value_of(window), None
        self.instructions.append(
            Instruction("write", None, [source], [out], {}, line_of_user(), part)
        )

    def after_check(self, check: Any, arrays: list[Any]) -> None:
        """Values have been checked; replays check theirs."""
        if not self._idle():
            values = [self.value_of(a) for a in arrays]
            self.instructions.append(
                Instruction("check", None, values, [], {"check": check}, line_of_user())
            )

    def after_leaf(self, leaf: Tensor, grad: Any) -> None:
        """A leaf's gradient: an effect of the call."""
        if leaf.grad is None or self._idle():
            return
        if leaf.grad.data is not grad and self.storage_of(root_of(leaf.grad.data)) is None:
            self.after_copy(grad, leaf.grad.data)  # memory of its own
        self.leaves = [(t, v) for t, v in self.leaves if t is not leaf]
        self.leaves.append((leaf, self.value_of(leaf.grad.data)))

    def before_read(self, tensor: Tensor) -> None:
        """Values must not leave: the program would go on with those of the trace."""
        if self._paused or self._open:
            return
        storage = self.storage_of(root_of(tensor.data))
        if storage is None:
            return  # made outside of what is traced
        if storage.kind == "held" and not any(
            i.outputs and i.outputs[0].storage is storage for i in self.instructions
        ):
            what = "a parameter's or constant's value"
        else:
            what = "a value that the function computes or is given"
        raise CaptureError(
            f"at {line_of_user()}: {what} is read by Python (item(), float(), bool(), numpy(), "
            f"printing or an if on a tensor); a captured function runs without Python. Return the "
            f"tensor and read it outside, or choose with minitorch.where"
        )

    def fresh(self, compute: Callable[[], Any]) -> Any:
        """A number that replays compute anew."""
        if any(op.name != "recompute" for op in self._open):
            return None
        draw = Draw(compute)
        self._paused += 1
        before, mode.observers = mode.observers, ()
        try:
            draw.refresh()
        finally:
            self._paused -= 1
            mode.observers = before
        self.draws.append(draw)
        return draw.stand_in()
