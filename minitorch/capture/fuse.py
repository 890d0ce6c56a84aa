"""Joining elementwise instructions: what reads and writes memory once instead of once each.

A group is a chain of elementwise ops over one index space. It takes the place of its last
member, so an instruction joins the group that makes what it reads if nothing in between needs
that group to be done. What only the group reads never reaches memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy

from minitorch.backend.native import load_extension
from minitorch.capture.ir import Instruction, Value
from minitorch.ops.elementwise_native import COMPARE

__all__ = ["Fused", "fuse"]

FLOATS = (numpy.dtype("float32"), numpy.dtype("float64"))
BOOL = numpy.dtype("bool")
MAX_AXES = 8
FAR = 200  # instructions that are looked back
LONGEST = 64  # members of a group: its registers have to fit the cache


def _window(v: Value) -> tuple[Any, ...]:
    return (id(v.storage), v.shape, v.strides, v.offset, v.dtype)


class Fused(Instruction):
    """A group: ``inputs`` are its registers' sources, ``parts`` what was joined.

    ``steps`` are (code's name, registers), a register per input and then one per step;
    ``targets`` the register of each output.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__("fused", None, [], [])
        self.shape = shape
        self.dtype: Any = None
        self.parts: list[Instruction] = []
        self.steps: list[tuple[str, tuple[int, ...]]] = []
        self.targets: list[int] = []
        self.owners: list[Instruction] = []  # of each step the part that it belongs to


class Group:
    """What a :class:`Fused` is made of, while it grows."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.dtype: Any = None
        self.members: list[Instruction] = []
        self.made: dict[tuple[Any, ...], Instruction] = {}  # window -> who makes it
        self.loaded: dict[int, set[tuple[Any, ...]]] = {}  # storage -> windows read from memory
        self.written: set[int] = set()  # storages

    def take(self, step: Instruction, dtype: Any) -> None:
        """Append a member."""
        self.dtype = self.dtype or dtype
        for v in step.inputs:
            if isinstance(v, Value) and _window(v) not in self.made:
                self.loaded.setdefault(id(v.storage), set()).add(_window(v))
        for v in step.outputs:
            self.made[_window(v)] = step
            self.written.add(id(v.storage))
        self.members.append(step)

    def can_take(self, step: Instruction, dtype: Any) -> bool:
        """Whether a step computes in this index space and sees whole windows of the group's."""
        if self.dtype is not None and dtype is not None and self.dtype != dtype:
            return False
        if self.shape != step.outputs[0].shape or len(self.members) >= LONGEST:
            return False
        for v in step.inputs:
            if (
                isinstance(v, Value)
                and id(v.storage) in self.written
                and _window(v) not in self.made
            ):
                return False
        for v in step.outputs:
            windows = self.loaded.get(id(v.storage), set())
            if windows - {_window(v)}:
                return False
            if id(v.storage) in self.written and _window(v) not in self.made:
                return False
        mine = {_window(v) for v in step.inputs if isinstance(v, Value)}
        out = step.outputs[0]
        return all(w == _window(out) for w in mine if w[0] == id(out.storage))


class _Ref(int):
    """The result of a step before, within an op that takes several."""


def _leaky(x: Any, *, leakiness: float) -> list[tuple[Any, ...]]:
    below = ("multiply", _Ref(1), leakiness)
    return [("maximum", x, 0.0), ("minimum", x, 0.0), below, ("add", _Ref(0), _Ref(2))]


def _xlogy(x: Any, y: Any) -> list[tuple[Any, ...]]:
    both = [("equal", x, 0.0), ("equal", y, 0.0), ("logical_and", _Ref(0), _Ref(1))]
    return [*both, ("where", _Ref(2), 1.0, y), ("log", _Ref(3)), ("multiply", x, _Ref(4))]


# Ops that are several steps, as their bodies have them.
SEVERAL: dict[str, Callable[..., list[tuple[Any, ...]]]] = {"leaky_relu": _leaky, "xlogy": _xlogy}
LOGICAL = frozenset([*COMPARE, "logical_and", "logical_or", "logical_not"])


def _chain_of(step: Instruction, codes: dict[str, Any]) -> list[tuple[Any, ...]] | None:
    """The elementwise steps, (code, *operands), that do an instruction; None if there are none."""
    if step.op is None:
        plain = step.name in ("write", "copy") and step.index is None
        return [("copy", *step.inputs)] if plain else None
    if step.name == "astype":
        return [("copy", *step.inputs)]
    if step.name == "pow" and not isinstance(step.inputs[1], Value) and step.inputs[1] == 2:
        return [("square", step.inputs[0])]
    if step.name in SEVERAL and not step.fresh:
        return SEVERAL[step.name](*step.inputs, **{**step.op.statics, **step.static})
    known = codes.get(step.name)
    if known is None or step.name == "copy" or len(step.inputs) != known[1]:
        return None
    usual = all(v == step.op.statics.get(k) for k, v in step.static.items())
    return [(step.name, *step.inputs)] if usual else None


def _dtype_of(step: Instruction, chain: list[tuple[Any, ...]]) -> Any:
    """The one floating-point dtype of a step; False if it has none that fits, None if any does."""
    found = set()
    for v in [*step.inputs, *step.outputs]:
        if isinstance(v, Value):
            if v.dtype in FLOATS:
                found.add(v.dtype)
            elif v.dtype != BOOL:
                return False
        elif not isinstance(v, int | float):
            return False
    code = chain[-1][0]
    given = [v for v in step.inputs if isinstance(v, Value)]
    only_bool = all(v.dtype == BOOL for v in given)
    out = step.outputs[0]
    if len(found) > 1 or len(out.shape) > MAX_AXES:
        return False
    if out.dtype == BOOL and not (code in LOGICAL or (only_bool and code in ("copy", "where"))):
        return False
    if any(len(v.shape) > len(out.shape) for v in given):
        return False
    return found.pop() if found else None


def fuse(instructions: list[Instruction], wanted: Iterable[Value]) -> list[Instruction]:
    """The program with its elementwise instructions in groups; each group is a :class:`Fused`."""
    native, _ = load_extension("_cpu")
    if native is None:
        return instructions
    codes = native.elementwise_codes
    writes = Counter(id(v.storage) for step in instructions for v in step.outputs)
    out: list[Any] = []
    for step in instructions:
        chain = _chain_of(step, codes)
        dtype = False if chain is None else _dtype_of(step, chain)
        mutable = any(
            v.storage.kind == "temp" and writes[id(v.storage)] > 1
            for v in [*step.outputs, *(x for x in step.inputs if isinstance(x, Value))]
        )
        if dtype is False or mutable or not step.outputs:
            out.append(step)
            continue
        group = _join(out, step, dtype)
        group.take(step, dtype)
        out.append(group)
    readers: dict[int, list[Any]] = {}
    for item in out:
        for step in item.members if isinstance(item, Group) else [item]:
            for v in step.reads:
                readers.setdefault(id(v.storage), []).append(item)
    stored = {id(v.storage) for v in wanted}
    return [
        _finished(item, readers, stored, codes) if isinstance(item, Group) else item for item in out
    ]


def _join(out: list[Any], step: Instruction, dtype: Any) -> Group:
    """The group that a step belongs to, taken out of its place; a new one if there is none."""
    sources = {id(v.storage) for v in step.inputs if isinstance(v, Value)}
    reads: set[int] = set()  # what the items behind the one looked at read and write
    writes: set[int] = set()
    found: Group | None = None
    for at in range(len(out) - 1, max(-1, len(out) - FAR), -1):
        item = out[at]
        if isinstance(item, Group) and item.written & sources and item.can_take(step, dtype):
            waits = not (item.written & reads or (item.written | set(item.loaded)) & writes)
            if waits and (found is None or _mergeable(item, found)):
                del out[at]
                if found is not None:
                    for member in found.members:
                        item.take(member, found.dtype)
                    return item
                found = item
        for s in item.members if isinstance(item, Group) else [item]:
            reads.update(id(v.storage) for v in s.reads)
            writes.update(id(v.storage) for v in s.outputs)
    return found or Group(step.outputs[0].shape)


def _mergeable(a: Group, b: Group) -> bool:
    """Whether b, which runs behind a, can be appended to it."""
    if len(a.members) + len(b.members) >= LONGEST:
        return False
    if a.dtype is not None and b.dtype is not None and a.dtype != b.dtype:
        return False
    return all(a.can_take(member, b.dtype) for member in b.members)


def _finished(
    group: Group, readers: dict[int, list[Any]], stored: set[int], codes: dict[str, Any]
) -> Instruction:
    """The instruction that a group becomes."""
    fused = Fused(group.shape)
    fused.dtype = group.dtype or FLOATS[0]
    fused.parts = group.members
    fused.where = group.members[-1].where
    registers: dict[Any, int] = {}
    made: dict[tuple[Any, ...], int] = {}

    def load(x: Any) -> int:
        key = _window(x) if isinstance(x, Value) else ("number", id(x), repr(x))
        if key not in registers:
            registers[key] = len(fused.inputs)
            fused.inputs.append(x)
        return registers[key]

    # Inputs have the first registers, so that they have to be known before the steps.
    chains = [_chain_of(step, codes) or [] for step in group.members]
    for step, chain in zip(group.members, chains, strict=True):
        for x in (x for link in chain for x in link[1:]):
            if not isinstance(x, _Ref) and (not isinstance(x, Value) or _window(x) not in made):
                load(x)
        made.update({_window(v): 0 for v in step.outputs})
    made.clear()
    for step, chain in zip(group.members, chains, strict=True):
        first = len(fused.inputs) + len(fused.steps)
        for code, *operands in chain:
            where = tuple(
                first + x
                if isinstance(x, _Ref)
                else made[_window(x)]
                if isinstance(x, Value) and _window(x) in made
                else load(x)
                for x in operands
            )
            fused.steps.append((code, where))
            fused.owners.append(step)
        made[_window(step.outputs[0])] = len(fused.inputs) + len(fused.steps) - 1
    for window, register in made.items():
        value = next(
            s.outputs[0] for s in reversed(group.members) if _window(s.outputs[0]) == window
        )
        inside = value.storage.kind == "temp" and id(value.storage) not in stored
        if inside and all(r is group for r in readers.get(id(value.storage), [])):
            continue
        fused.outputs.append(value)
        fused.targets.append(register)
    return fused
