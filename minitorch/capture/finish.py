"""Elementwise groups done by the kernel before them, while its results are in the cache.

A matrix product or a convolution that only a group ``add`` bias, ``relu`` reads takes the group in:
its kernel does both before a tile of the result leaves the cache. So does batch normalisation,
with the other branch of a residual block for a bias.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from minitorch.capture.fuse import Fused
from minitorch.capture.ir import Instruction, Value

__all__ = ["Finished", "finish"]

# Ops whose kernels can rectify what they make, and what they can add before: one number for each
# column, or an array of the result's shape.
ENDS = {"matmul": "bias", "conv_fwd": None, "batch_norm": "add"}


class Finished(Instruction):
    """``maker`` and then ``group``, by one kernel, or apart where no kernel does the first.

    The group adds ``addend``, if that is not None, and takes ``max(., 0)`` if ``relu``.
    """

    def __init__(self, maker: Instruction, group: Fused, addend: Value | None, relu: bool) -> None:
        source, result = maker.outputs[0], group.outputs[0]
        inputs = [*maker.inputs, *([] if addend is None else [addend])]
        outputs = [result, *maker.outputs[1:]]
        super().__init__(maker.name, maker.op, inputs, outputs, maker.static, maker.where)
        self.addend, self.relu = addend, relu
        self.maker, self.group = maker, group
        maker.outputs = outputs  # apart, the group works in place
        group.inputs = [result if _same_memory(x, source) else x for x in group.inputs]

    def told(self, arrays: Callable[[Value], Any]) -> dict[str, Any]:
        """What the kernel is told besides the maker's own settings."""
        told: dict[str, Any] = {"relu": self.relu}
        if self.addend is not None:
            told[str(ENDS[self.name])] = arrays(self.addend)
        return told


def finish(instructions: list[Instruction], wanted: Iterable[Value]) -> list[Instruction]:
    """The program with such groups within what they end."""
    reads = Counter(id(v.storage) for step in instructions for v in step.reads)
    reads.update(id(v.storage) for v in wanted)
    makes = Counter(id(v.storage) for step in instructions for v in step.outputs)
    alone = {key for key in makes if makes[key] == 1 and reads[key] == 1}
    made: dict[int, int] = {}  # storage -> where in `out` it is made
    out: list[Instruction] = []
    for step in instructions:
        at = _end(out, made, alone, step) if isinstance(step, Fused) else None
        if at is not None:
            made[id(step.outputs[0].storage)] = at
            continue
        for v in step.outputs:
            made[id(v.storage)] = len(out)
        out.append(step)
    return out


def _end(out: list[Any], made: dict[int, int], alone: set[int], group: Fused) -> int | None:
    """Where a group was taken in by what it ends, or None."""
    ends = [e for e in _endings(group) if id(e[0].storage) in made]
    for source, addend, relu in sorted(ends, key=lambda e: -made[id(e[0].storage)]):
        at = made[id(source.storage)]
        if id(source.storage) in alone and _fits(out, at, source, addend, group.outputs[0]):
            out[at] = Finished(out[at], group, addend, relu)
            return at
    return None


def _endings(group: Fused) -> list[tuple[Value, Value | None, bool]]:
    """What a group may be the end of, what it adds to that, and whether it rectifies the sum."""
    codes = [code for code, _ in group.steps]
    if codes not in (["relu"], ["add"], ["add", "relu"]) or len(group.outputs) != 1:
        return []
    values = [x for x in group.inputs if isinstance(x, Value)]
    if len(values) != len(group.inputs) or group.targets != [len(values) + len(codes) - 1]:
        return []
    if codes == ["relu"]:
        return [(values[0], None, True)]
    if len(values) != 2 or set(group.steps[0][1]) != {0, 1}:
        return []
    relu = "relu" in codes
    return [(values[0], values[1], relu), (values[1], values[0], relu)]


def _fits(out: list[Any], at: int, source: Value, addend: Value | None, result: Value) -> bool:
    """Whether the instruction at ``at`` makes all of ``source`` and can make ``result``."""
    maker = out[at]
    if maker.name not in ENDS or isinstance(maker, Finished) or maker.fresh:
        return False
    if maker.name == "matmul" and any(len(x.shape) < 2 for x in maker.inputs):
        return False
    if not _whole(source, result) or not _same_memory(maker.outputs[0], source):
        return False
    if not result.whole or result.storage.kind != "temp":
        return False
    if addend is None:
        return True
    kind = ENDS[maker.name]
    columns = addend.shape == result.shape[-1:] != result.shape and addend.dense
    if not (columns if kind == "bias" else kind == "add" and _whole(addend, result)):
        return False
    # It is read where the maker is.
    return not any(v.storage is addend.storage for step in out[at:] for v in step.outputs)


def _same_memory(x: Any, v: Value) -> bool:
    return isinstance(x, Value) and x.storage is v.storage


def _whole(v: Value, like: Value) -> bool:
    """Whether a value is all of its memory, of the shape and dtype of another."""
    return v.whole and v.shape == like.shape and v.dtype == like.dtype
