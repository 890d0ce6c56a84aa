"""What a program does not need: results that nobody reads, things computed twice, copies.

Every pass takes and returns a list of instructions in an order that can be run. None changes a
result by a bit: floating-point sums are not reordered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from minitorch.capture.ir import Instruction, Storage, Value

__all__ = ["common", "direct", "hoisted", "moved", "needed"]


def needed(instructions: list[Instruction], wanted: Iterable[Value]) -> list[Instruction]:
    """Only what leads to ``wanted``, to memory that is held, or to a check."""
    live = {id(v.storage) for v in wanted}
    kept: list[Instruction] = []
    for step in reversed(instructions):
        effect = step.name == "check" or any(v.storage.kind != "temp" for v in step.outputs)
        if effect or any(id(v.storage) in live for v in step.outputs):
            kept.append(step)
            live.update(id(v.storage) for v in step.reads)
    return kept[::-1]


def _key(value: Any) -> Any:
    """Something hashable that tells static values apart."""
    if isinstance(value, dict):
        return tuple((k, _key(v)) for k, v in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(map(_key, value))
    try:
        hash(value)
    except TypeError:
        return id(value)
    return (type(value).__name__, value)


def common(
    instructions: list[Instruction],
) -> tuple[list[Instruction], dict[int, Storage]]:
    """Nothing twice: the second of two equal instructions gives way to the first.

    Two are equal if they are the same op on the same values with the same settings, and what
    they read has not been written in between. Memory that is written again later is left alone.
    The second result says which storage took the place of which.
    """
    writes = Counter(id(v.storage) for step in instructions for v in step.outputs)
    versions: Counter[int] = Counter()
    seen: dict[Any, Instruction] = {}
    instead: dict[int, Storage] = {}  # storage of a result -> that of the equal one before it
    out: list[Instruction] = []
    for step in instructions:
        step.inputs = [moved(x, instead) for x in step.inputs]
        once = all(writes[id(v.storage)] == 1 for v in step.outputs)
        if step.op is not None and once and not step.fresh:
            windows = tuple(
                (v.shape, str(v.dtype), v.strides, v.offset, v.storage.size) for v in step.outputs
            )
            operands = tuple(
                (id(x.storage), versions[id(x.storage)], x.shape, str(x.dtype), x.strides, x.offset)
                if isinstance(x, Value)
                else _key(x)
                for x in step.inputs
            )
            key = (id(step.op), operands, _key(step.static), windows)
            first = seen.setdefault(key, step)
            if first is not step:
                for mine, its in zip(step.outputs, first.outputs, strict=True):
                    instead[id(mine.storage)] = its.storage
                continue
        for v in step.outputs:
            versions[id(v.storage)] += 1
        out.append(step)
    for step in out:
        step.outputs = [moved(v, instead) for v in step.outputs]
    return out, instead


def moved(x: Any, instead: dict[int, Storage]) -> Any:
    """The same window onto the storage that has taken the place of its own."""
    if not isinstance(x, Value) or id(x.storage) not in instead:
        return x
    storage = x.storage
    while id(storage) in instead:
        storage = instead[id(storage)]
    return Value(storage, x.shape, x.dtype, x.strides, x.offset, None)


def hoisted(instructions: list[Instruction]) -> list[Instruction]:
    """Writes moved up to right behind what computes their value.

    An update rule computes all new values before it assigns the first; here each is assigned
    as soon as nobody reads the old one, so that not all of them wait in memory.
    """
    out: list[Instruction] = []
    for step in instructions:
        at = len(out)
        source = step.inputs[0] if step.name == "write" and step.index is None else None
        if isinstance(source, Value) and source.storage.kind == "temp":
            target = step.outputs[0].storage
            while at and not any(
                v.storage is target for v in [*out[at - 1].reads, *out[at - 1].outputs]
            ):
                if any(v.storage is source.storage for v in out[at - 1].outputs):
                    break
                at -= 1
        out.insert(at, step)
    return out


def direct(instructions: list[Instruction], wanted: Iterable[Value]) -> list[Instruction]:
    """Results that are only written to some memory computed right there.

    For ops that are ``aligned``: each element of a result depends on the elements at its place
    only, so that the memory of an input may be overwritten while it is read. The kernels of
    update steps do so in the trace already; this is for what their bodies in NumPy compute.
    """
    reads = Counter(id(v.storage) for step in instructions for v in step.reads)
    reads.update(id(v.storage) for v in wanted)
    written = Counter(id(v.storage) for step in instructions for v in step.outputs)
    out: list[Instruction] = []
    for step in instructions:
        if step.name == "write" and step.index is None and out:
            source, target = step.inputs[0], step.outputs[0]
            maker = _maker(out, source, target)
            alone = isinstance(source, Value) and reads[id(source.storage)] == 1
            if maker is not None and alone and written[id(source.storage)] == 1:
                maker.outputs = [
                    target if v.storage is source.storage else v for v in maker.outputs
                ]
                continue
        out.append(step)
    return out


def _maker(out: list[Instruction], source: Any, target: Value) -> Instruction | None:
    """The aligned op right before (but for other writes) that makes ``source`` for ``target``."""
    if not isinstance(source, Value) or source.storage.kind != "temp":
        return None
    same = source.shape == target.shape and source.dtype == target.dtype
    if not (same and source.whole and target.dense):
        return None
    for step in reversed(out):
        if any(v.storage is source.storage for v in step.outputs):
            return step if step.op is not None and step.op.aligned else None
        if any(v.storage is target.storage for v in [*step.reads, *step.outputs]):
            return None
    return None
