"""Ops that only move numbers about, as copies between windows.

Each is a list of (source, target): a source is an array that broadcasts to the target, or a
number to fill it with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from minitorch.ops.index import Index
from minitorch.ops.padding import border_widths

__all__ = ["moves_of"]

Moves = list[tuple[Any, Any]]


def _reshape(arrays: list[Any], out: Any, **_: Any) -> Moves | None:
    source = arrays[0]
    return [(source, out.reshape(source.shape))] if out.flags.c_contiguous else None


def _concat(arrays: list[Any], out: Any, *, axis: Any = 0, **_: Any) -> Moves:
    if axis is None:
        arrays, axis = [a.reshape(-1) if a.flags.c_contiguous else a for a in arrays], 0
    moves, at = [], 0
    for a in arrays:
        part = out[(slice(None),) * (axis % out.ndim) + (slice(at, at + a.shape[axis]),)]
        moves.append((a, part))
        at += a.shape[axis]
    return moves


def _stack(arrays: list[Any], out: Any, *, axis: int = 0, **_: Any) -> Moves:
    lines = numpy.moveaxis(out, axis, 0)
    return [(a, lines[i : i + 1][0]) for i, a in enumerate(arrays)]


def _scatter_add(arrays: list[Any], out: Any, *, index: Any, **_: Any) -> Moves | None:
    where = Index.of(index)
    if not where.basic:
        return None
    part = out[where.on(numpy)]
    moves = [(arrays[0], part)]
    return moves if part.size == out.size else [(0, out), *moves]


def _setitem(arrays: list[Any], out: Any, *, index: Any, **_: Any) -> Moves | None:
    where = Index.of(index)
    return [(arrays[0], out), (arrays[1], out[where.on(numpy)])] if where.basic else None


def _pad(arrays: list[Any], out: Any, *, width: Any, value: float = 0.0) -> Moves:
    x = arrays[0]
    borders = border_widths(width, x.ndim)
    inside = tuple(slice(b, b + n) for (b, _), n in zip(borders, x.shape, strict=True))
    return [(value, out), (x, out[(*inside, Ellipsis)])]


MOVES: dict[str, Callable[..., Moves | None]] = {
    "reshape": _reshape,
    "concat": _concat,
    "stack": _stack,
    "scatter_add": _scatter_add,
    "setitem": _setitem,
    "pad": _pad,
}


def moves_of(name: str, arrays: list[Any], out: Any, static: dict[str, Any]) -> Moves | None:
    """What an op moves, or None for one that does more or for something that is not known here."""
    if name in ("copy", "write"):
        return [(arrays[0], out)]
    found = MOVES.get(name)
    moves = None if found is None else found(arrays, out, **static)
    if moves is None or any(t.__class__ is not numpy.ndarray for _, t in moves):
        return None
    return moves
