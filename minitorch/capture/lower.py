"""Instructions as things that can be run: kernel calls with fixed memory, or Python calls.

A kernel's call is recorded by the compiled module itself (csrc/bindings/launch.hpp): the function
that an op's table names is called once with the arrays of the program, nothing is computed,
and what it would have launched is kept. Runs of such calls replay in one go, without Python. An op
that no kernel does is called in Python, with its result copied to where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from minitorch.autograd.fresh import settle
from minitorch.backend.arrays import CPU, HALVES
from minitorch.backend.native import load_extension, planned_outputs
from minitorch.capture.finish import Finished
from minitorch.capture.fuse import Fused
from minitorch.capture.ir import Instruction, Value, is_fresh
from minitorch.capture.moves import moves_of
from minitorch.capture.trace import CaptureError

__all__ = ["Lowering"]

Step = Callable[[], None]


class _Elsewhere(Exception):
    """A kernel did not write to the memory that was planned."""


class Lowering:
    """Collects the steps of a program.

    ``arrays`` gives the array of a value.
    """

    def __init__(self, arrays: Callable[[Value], Any]) -> None:
        self.arrays = arrays
        self.steps: list[Step] = []
        self.kinds: list[str] = []  # of each instruction: "kernel" or "python"
        self.alone: list[Step] = []  # each instruction by itself
        self.workspace: list[Any] = []
        self.cells: list[tuple[Any, Any]] = []  # memory of fresh numbers, and the numbers
        self._native: Any = load_extension("_cpu")[0]
        self._recorded: Any = None if self._native is None else self._native.Program()
        self._first = 0  # where the calls begin that no step runs yet

    def add(self, instruction: Instruction) -> None:
        """Append an instruction."""
        before = len(self._recorded) if self._recorded is not None else 0
        if self._record(instruction):
            first, last, run = before, len(self._recorded), self._recorded.run
            self.alone.append(lambda: run(first, last))
            self.kinds.append("kernel")
            return
        self._flush()
        self.steps.append(self._python(instruction))
        self._first = len(self._recorded) if self._recorded is not None else 0
        self.alone.append(self.steps[-1])
        self.kinds.append("python")

    def finish(self) -> list[Step]:
        """All steps."""
        self._flush()
        return self.steps

    def _flush(self) -> None:
        if self._recorded is None or self._first == len(self._recorded):
            return
        first, last, run = self._first, len(self._recorded), self._recorded.run
        self.steps.append(lambda: run(first, last))
        self._first = last

    # -- kernels ------------------------------------------------------------------

    def _record(self, instruction: Instruction) -> bool:
        """Have the compiled module keep the kernel calls of an instruction, if it has kernels."""
        if isinstance(instruction, Fused):
            self._record_chain(instruction)
            return True
        op = instruction.op
        if self._recorded is None or instruction.fresh:
            return False
        if self._record_moves(instruction):
            return True
        if op is None or not op.kernels:
            return False
        told: dict[str, Any] = {}
        arrays = [self._operand(x) for x in instruction.inputs]
        if isinstance(instruction, Finished):
            told = instruction.told(self.arrays)
            arrays = arrays[: len(instruction.maker.inputs)]
        if op.upcast and any(getattr(a, "dtype", None) in HALVES for a in arrays):
            return False
        outs = [self.arrays(v) for v in instruction.outputs]
        before = len(self._recorded)
        kept = len(self.workspace)
        self._recorded.start()
        try:
            with planned_outputs(outs, self.workspace):
                run = op.kernels.select("cpu", op.body, tuple(arrays), instruction.static)
                if run is op.body:
                    return False
                made = run(numpy, *arrays, **instruction.static, **told)
            made = made if isinstance(made, tuple) else (made,)
            for array, planned in zip(made, outs, strict=True):
                if array.__array_interface__["data"] != planned.__array_interface__["data"]:
                    raise _Elsewhere
        except _Elsewhere:
            self._recorded.truncate(before)
            del self.workspace[kept:]
            return False
        finally:
            self._recorded.stop()
        return True

    def _record_moves(self, instruction: Instruction) -> bool:
        """What only moves numbers about, as copies."""
        if instruction.index is not None or len(instruction.outputs) != 1:
            return False
        arrays = [self._operand(x) for x in instruction.inputs]
        out = self.arrays(instruction.outputs[0])
        moves = moves_of(instruction.name, arrays, out, instruction.static)
        if moves is None or out.itemsize not in (1, 2, 4, 8):
            return False
        pairs = [
            (a if isinstance(a, numpy.ndarray) else self._cell(a, target.dtype), target)
            for a, target in moves
        ]
        if any(a.dtype != t.dtype or max(a.ndim, t.ndim) > 8 for a, t in pairs):
            return False
        self._recorded.start()
        try:
            for source, target in pairs:
                self._native.copy(source, target)
        finally:
            self._recorded.stop()
        return True

    def _record_chain(self, fused: Fused) -> None:
        """A group, as a call of csrc/cpu/elementwise."""
        codes = self._native.elementwise_codes
        inputs = [
            self.arrays(x) if isinstance(x, Value) else self._cell(x, fused.dtype)
            for x in fused.inputs
        ]
        steps = [(codes[name][0], *registers, *[-1] * (3 - len(registers)))
                 for name, registers in fused.steps]  # fmt: skip
        outputs = list(zip(fused.targets, map(self.arrays, fused.outputs), strict=True))
        self._recorded.start()
        try:
            self._native.elementwise(
                fused.shape, inputs, steps, outputs, fused.dtype == numpy.float64
            )
        finally:
            self._recorded.stop()

    def _cell(self, number: Any, dtype: Any) -> Any:
        """A number as memory that kernels read; that of a fresh one is filled before each run."""
        cell = numpy.array(number, dtype)
        self.workspace.append(cell)
        if is_fresh(number):
            self.cells.append((cell, number))
        return cell

    def _operand(self, x: Any) -> Any:
        return self.arrays(x) if isinstance(x, Value) else x

    # -- Python -------------------------------------------------------------------

    def _python(self, instruction: Instruction) -> Step:
        """A function that runs an instruction by its op's body."""
        if isinstance(instruction, Finished):
            maker, first = self._python(instruction.maker), len(self._recorded)
            self._record_chain(instruction.group)
            last, replay = len(self._recorded), self._recorded.run
            return lambda: (maker(), replay(first, last))[1]
        arrays = [self._operand(x) for x in instruction.inputs]
        if instruction.name == "check":
            check = instruction.static["check"]
            return lambda: check(*arrays)
        outs = [self.arrays(v) for v in instruction.outputs]
        if instruction.op is None:
            (source,), (target,), part = arrays, outs, instruction.index
            if part is None:
                return lambda: numpy.copyto(target, source, casting="same_kind")
            return lambda: target.__setitem__(part, source)
        op, static = instruction.op, instruction.static
        if not instruction.fresh:
            return lambda: _put(instruction, op.run(CPU, arrays, static), outs)

        def run() -> None:
            with planned_outputs(outs, []):  # a kernel of the op's writes there itself
                made = op.run(CPU, [_settled(a) for a in arrays], _settled(static))
            _put(instruction, made, outs)

        return run


def _put(instruction: Instruction, made: Any, outs: list[Any]) -> None:
    """The results of a body into the memory that is planned for them."""
    for target, source in zip(outs, made if isinstance(made, tuple) else (made,), strict=True):
        if source.shape != target.shape:
            raise CaptureError(
                f"{instruction.name} at {instruction.where}: its result is {source.shape} in this "
                f"call and was {target.shape} in the trace: the shape depends on values"
            )
        if source.__array_interface__["data"] != target.__array_interface__["data"]:
            target[...] = source


def _settled(value: Any) -> Any:
    """With the numbers of this replay in the place of fresh ones."""
    if isinstance(value, dict):
        return {k: _settled(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_settled(v) for v in value])
    return settle(value)
