"""A program: what a trace became, ready to run, and printed so that it can be read."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy

from minitorch.autograd.fresh import FreshFloat, FreshInt, settle
from minitorch.autograd.node import VERSION
from minitorch.autograd.tensor import Tensor
from minitorch.backend.memory import format_bytes
from minitorch.backend.native import native_empty
from minitorch.capture.finish import Finished, finish
from minitorch.capture.fuse import Fused, fuse
from minitorch.capture.ir import Instruction, Value
from minitorch.capture.layout import lay_out
from minitorch.capture.lower import Lowering
from minitorch.capture.passes import common, direct, hoisted, moved, needed
from minitorch.capture.trace import Tracer

__all__ = ["Program"]


class Program:
    """A flat list of instructions on memory that is planned once.

    Attributes
    ----------
    instructions : list of Instruction
        In the order in which they run.
    traced : int
        How many ops the trace had; the difference was not needed, or done twice.
    size : int
        Bytes of the memory that its temporaries share.
    """

    def __init__(self, tracer: Tracer, results: Sequence[Value]) -> None:
        self.traced = len(tracer.instructions)
        self.draws = tracer.draws
        self._held = list(tracer.held.values())
        self._cells = list(tracer.cells.values())
        wanted = [*results, *(v for _, v in tracer.leaves)]
        instructions, instead = common(tracer.instructions)
        wanted = [moved(v, instead) for v in wanted]
        kept = direct(hoisted(needed(instructions, wanted)), wanted)
        self.instructions = finish(fuse(kept, wanted), wanted)
        self._results = wanted[: len(results)]
        self.leaves = [
            (leaf, v) for (leaf, _), v in zip(tracer.leaves, wanted[len(results) :], strict=True)
        ]
        self.layout = lay_out(self.instructions, wanted)
        self.size = self.layout.size
        self._memory = native_empty((self.size,), numpy.uint8)
        self._arrays: dict[int, Any] = {}
        lowering = Lowering(self.array)
        for instruction in self.instructions:
            lowering.add(instruction)
        self._steps = lowering.finish()
        self._workspace = lowering.workspace
        self._numbers = lowering.cells
        self.kinds = lowering.kinds
        self._alone = lowering.alone

    def array(self, value: Value) -> Any:
        """The array of a value, on the program's memory."""
        found = self._arrays.get(id(value))
        if found is None:
            memory = self._memory
            if value.array is None and value.storage.kind == "temp":
                begin = self.layout.begins[id(value.storage)]
                memory = memory[begin : begin + max(1, value.storage.size)]
            found = self._arrays[id(value)] = value.on(memory)
        return found

    # -- running ------------------------------------------------------------------

    def fits(self) -> bool:
        """Whether the tensors from outside still have the memory they were traced with."""
        return all(tensor.data is array for tensor, array in self._held)

    def run(self, drawn: Sequence[Any] | None = None) -> list[Any]:
        """Run it on what lies in its inputs; the arrays of the results, to be copied.

        ``drawn`` are the numbers to take in the place of fresh ones.
        """
        self._begin(drawn)
        for step in self._steps:
            step()
        self._end()
        return [self.array(v) for v in self._results]

    def _begin(self, drawn: Sequence[Any] | None) -> None:
        for i, draw in enumerate(self.draws):
            if drawn is None:
                draw.refresh()
            else:
                draw.value = drawn[i]
        for cell, number in self._numbers:
            cell[...] = settle(number)

    def _end(self) -> None:
        for cell in self._cells:
            cell[VERSION] += 1
        for leaf, value in self.leaves:
            leaf.grad = Tensor(self.array(value).copy())

    def profile(self, runs: int = 5) -> list[tuple[float, Instruction]]:
        """Seconds that each instruction takes, the median of some runs, with the longest first.

        A run does all that a replay does: parameters move on.
        """
        seconds: list[list[float]] = [[] for _ in self._alone]
        for _ in range(runs):
            self._begin(None)
            for step, found in zip(self._alone, seconds, strict=True):
                start = time.perf_counter()
                step()
                found.append(time.perf_counter() - start)
            self._end()
        pairs = zip(map(statistics.median, seconds), self.instructions, strict=True)
        return sorted(pairs, key=lambda pair: -pair[0])

    @property
    def trained(self) -> list[Any]:
        """The leaves whose ``.grad`` it sets."""
        return [leaf for leaf, _ in self.leaves]

    @property
    def written(self) -> list[Any]:
        """The arrays from outside that it writes to."""
        found: dict[int, Any] = {}
        for step in self.instructions:
            for v in step.outputs:
                if v.storage.kind == "held":
                    found[id(v.storage)] = v.storage.root
        return list(found.values())

    # -- reading ------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.instructions)

    def __str__(self) -> str:
        return _Listing(self).text()

    def __repr__(self) -> str:
        return f"<Program of {len(self)} instructions, {format_bytes(self.size)}>"


class _Listing:
    """A program as text."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._names: dict[int, str] = {}
        self._count = {"temp": 0, "input": 0, "held": 0}

    def text(self) -> str:
        """The head, and a line per instruction: result = op(operands), memory, lifetime, kind."""
        p = self.program
        temporaries = sum(1 for _ in p.layout.lives)
        kernels = p.kinds.count("kernel")
        head = [
            f"program of {len(p)} instructions ({p.traced} were traced); {kernels} are kernel "
            f"calls, {len(p) - kernels} are made from Python",
            f"{temporaries} temporaries share {format_bytes(p.size)}; at most "
            f"{format_bytes(p.layout.least)} of them live at one time",
            "",
        ]
        lines = [self._line(at, step) for at, step in enumerate(p.instructions)]
        results = ", ".join(self._name(v) for v in p._results)
        return "\n".join([*head, *lines, f"return {results}" if results else "return"])

    def _line(self, at: int, step: Instruction) -> str:
        if isinstance(step, Fused):
            return self._group(at, step)
        operands = [self._operand(x) for x in step.inputs]
        operands += [f"{k}={self._operand(v)}" for k, v in step.static.items() if not callable(v)]
        kind = self.program.kinds[at]
        if isinstance(step, Finished) and step.addend is not None:
            del operands[len(step.maker.inputs)]
        call = f"{step.name}({', '.join(operands)})"
        if isinstance(step, Finished):
            call += f" + {self._name(step.addend)}" if step.addend is not None else ""
            call = f"relu({call})" if step.relu else call
        if step.name == "write":
            part = "" if step.index is None else "[...]"
            return f"{at:4}  {self._name(step.outputs[0])}{part} <- {operands[0]}"
        if not step.outputs:
            return f"{at:4}  {call}"
        shown = ", ".join(self._described(v) for v in step.outputs)
        return f"{at:4}  {shown} = {call}  # {self._place(step.outputs[0])}{kind}"

    def _group(self, at: int, fused: Fused) -> str:
        """A group: what comes out, and below it one line per step."""
        shown = ", ".join(
            self._described(v) if v.storage.kind == "temp" else self._name(v) for v in fused.outputs
        )
        lines = [f"{at:4}  {shown} = {len(fused.parts)} in one pass  # {self._places(fused)}kernel"]
        names = [self._operand(x) for x in fused.inputs]
        results = dict(zip(fused.targets, fused.outputs, strict=True))
        for step, (name, registers) in zip(fused.owners, fused.steps, strict=True):
            call = f"{name}({', '.join(names[r] for r in registers)})"
            out = results.get(len(names))
            names.append(self._name(out) if out is not None else f"r{len(names)}")
            arrow = "<-" if out is not None and step.name == "write" else "="
            lines.append(f"          {names[-1]} {arrow} {call}")
        return "\n".join(lines)

    def _places(self, step: Instruction) -> str:
        return "".join(self._place(v) for v in step.outputs)

    def _place(self, v: Value) -> str:
        layout = self.program.layout
        if id(v.storage) not in layout.begins:
            return ""
        _, last = layout.lives[id(v.storage)]
        return f"at {layout.begins[id(v.storage)]}, until {last}, "

    def _described(self, v: Value) -> str:
        return f"{self._name(v)}: {v.dtype}{list(v.shape)}"

    def _operand(self, x: Any) -> str:
        if isinstance(x, Value):
            return self._name(x)
        if isinstance(x, FreshFloat | FreshInt):
            return f"<{type(x).__name__[5:].lower()} of this run>"
        text = repr(x)
        return text if len(text) <= 40 else f"{text[:37]}..."

    def _name(self, v: Value) -> str:
        storage = v.storage
        name = self._names.get(id(storage))
        if name is None:
            number = self._count[storage.kind]
            self._count[storage.kind] += 1
            letter = {"temp": "%", "input": "in", "held": "const"}[storage.kind]
            name = self._names[id(storage)] = storage.name or f"{letter}{number}"
        return name if v.whole or (storage.kind == "temp" and v.dense) else f"{name}.view"
