"""Where the temporaries of a program lie: one piece of memory, planned once.

A storage lives from the instruction that makes it to the last that reads it. Two may lie in the
same place if they do not live at the same time; the largest are placed first, each as low as it
goes, which in practice comes close to the least that is possible (the sum of what lives at
one time).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from minitorch.capture.fuse import Fused
from minitorch.capture.ir import Instruction, Storage, Value

__all__ = ["Layout", "lay_out", "lifetimes"]

LINE = 64  # bytes of a cache line: where storages begin


@dataclass
class Layout:
    """Where each temporary begins, and how much there is in all, in bytes.

    ``lives`` has the first and last instruction of each; ``least`` is the most that lives at
    one time, below which no layout can go.
    """

    begins: dict[int, int]
    lives: dict[int, tuple[int, int]]
    size: int
    least: int


def _round(size: int) -> int:
    return -(-max(size, 1) // LINE) * LINE


def lifetimes(
    instructions: list[Instruction], wanted: Iterable[Value]
) -> dict[int, tuple[int, int]]:
    """First and last instruction of every temporary, by the storage's id."""
    lives: dict[int, tuple[int, int]] = {}
    for at, step in enumerate(instructions):
        for v in [*step.outputs, *step.reads]:
            if v.storage.kind == "temp":
                first, _ = lives.get(id(v.storage), (at, at))
                lives[id(v.storage)] = (first, at)
    for v in wanted:
        if v.storage.kind == "temp":
            lives[id(v.storage)] = (lives[id(v.storage)][0], len(instructions))
    return lives


def _successors(
    instructions: list[Instruction], lives: dict[int, tuple[int, int]]
) -> dict[int, int]:
    """Results that may take the place of an input that dies where they are made.

    In a group of elementwise steps, if both are read and written element by element: storage
    of the result -> storage of the input.
    """
    heirs: dict[int, int] = {}
    for at, step in enumerate(instructions):
        if not isinstance(step, Fused):
            continue
        seen: dict[int, list[Value]] = {}
        for x in step.reads:
            seen.setdefault(id(x.storage), []).append(x)
        free = [
            (key, windows[0])
            for key, windows in seen.items()
            if key in lives and lives[key][1] == at and lives[key][0] < at and len(windows) == 1
        ]
        for v in step.outputs:
            if v.storage.kind != "temp" or lives[id(v.storage)][0] != at or not v.whole:
                continue
            for i, (key, window) in enumerate(free):
                if window.whole and window.dtype == v.dtype and window.shape == v.shape:
                    heirs[id(v.storage)] = key
                    del free[i]
                    break
    return heirs


def lay_out(instructions: list[Instruction], wanted: Iterable[Value]) -> Layout:
    """A place for every temporary."""
    lives = lifetimes(instructions, wanted)
    heirs = _successors(instructions, lives)
    every = dict(lives)
    for heir in sorted(heirs, key=lambda k: -lives[k][0]):  # the last of a line first
        before = heirs[heir]
        lives[before] = (lives[before][0], lives.pop(heir)[1])
    storages: dict[int, Storage] = {}
    for step in instructions:
        for v in [*step.outputs, *step.reads]:
            storages[id(v.storage)] = v.storage
    placed: list[tuple[int, int, int, int]] = []  # begin, end, first, last
    begins: dict[int, int] = {}
    for key in sorted(lives, key=lambda k: (-storages[k].size, lives[k])):
        first, last = lives[key]
        size = _round(storages[key].size)
        at = 0
        for begin, end, born, dies in placed:  # in order of where they begin
            if born > last or dies < first:
                continue
            if begin - at >= size:
                break
            at = max(at, end)
        begins[key] = at
        placed.append((at, at + size, first, last))
        placed.sort()
    for heir in sorted(heirs, key=lambda k: every[k][0]):
        begins[heir] = begins[heirs[heir]]
    size = max((end for _, end, _, _ in placed), default=0)
    return Layout(begins, every, size, _least(lives, storages))


def _least(lives: dict[int, tuple[int, int]], storages: dict[int, Storage]) -> int:
    """The most bytes that live at one time."""
    changes: dict[int, int] = {}
    for key, (first, last) in lives.items():
        size = _round(storages[key].size)
        changes[first] = changes.get(first, 0) + size
        changes[last + 1] = changes.get(last + 1, 0) - size
    most = now = 0
    for at in sorted(changes):
        now += changes[at]
        most = max(most, now)
    return most
