"""What stands between the brackets of ``x[...]``, in terms every array module knows."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index as as_int
from typing import Any

import numpy

from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import BACKENDS, CPU

__all__ = ["Index", "add_at"]

_TURNS = 8


class Index(tuple[Any, ...]):
    """An index as a tuple of ints, slices, None, Ellipsis and arrays; never of tensors.

    It ends in an Ellipsis where it held none: with one, a full index selects
    a 0-d view, without one NumPy gives a scalar.

    Attributes
    ----------
    basic : bool
        It holds neither arrays nor booleans: what it selects is a view.
    once : bool
        It holds no integer arrays: no element is selected twice.
    """

    basic: bool
    once: bool

    @classmethod
    def of(cls, index: Any, copy: bool = False) -> Index:
        """``index`` in plain terms; IndexError for what is none.

        Parameters
        ----------
        index : int, slice, None, Ellipsis, integer or boolean array, or a tuple of them
        copy : bool
            Own the arrays, so that a backward long after sees them unchanged.
        """
        if index.__class__ is cls and not copy:
            return index  # type: ignore[no-any-return]
        entries = index if isinstance(index, tuple) else (index,)
        plain = [
            e if e.__class__ is int or e is None or e is Ellipsis else _plain(e, copy)
            for e in entries
        ]
        if not any(e is Ellipsis for e in plain):
            plain.append(Ellipsis)
        return cls._made(plain)

    @classmethod
    def _made(cls, entries: Iterable[Any]) -> Index:
        made = cls(entries)
        kinds = [_kind(e) for e in made if e.__class__ is not int and e.__class__ is not slice]
        made.basic = not any(kinds)
        made.once = "i" not in kinds
        return made

    def on(self, xp: Any) -> tuple[Any, ...]:
        """The index for arrays of module ``xp``: arrays in host memory go along.

        RuntimeError for an array of another device.
        """
        if self.basic:
            return self
        for entry in self:
            owner = BACKENDS.get(type(entry), CPU)
            if owner is not CPU and owner.xp is not xp:
                raise RuntimeError(
                    f"an index is on {owner.name}, what it selects from is not; there is no "
                    f"implicit transfer, move one with .to_device(...)"
                )
        if xp is numpy:
            return self
        return tuple([xp.asarray(e) if isinstance(e, numpy.ndarray) else e for e in self])


def _kind(entry: Any) -> str:
    """ "b" for booleans, "i" for integer arrays, "" for the rest."""
    if isinstance(entry, bool):
        return "b"
    dtype = getattr(entry, "dtype", None)
    if dtype is None:
        return ""
    return "b" if dtype.kind == "b" else "i"


def _plain(entry: Any, copy: bool) -> Any:
    """One entry that is neither an int, None nor Ellipsis."""
    if entry.__class__ is slice:
        ends = (entry.start, entry.stop, entry.step)
        if all(end is None or end.__class__ is int for end in ends):
            return entry
        return slice(*(None if end is None else as_int(end) for end in ends))
    if isinstance(entry, Tensor):
        entry = entry.data
    elif isinstance(entry, list):
        entry, copy = numpy.asarray(entry if entry else numpy.zeros(0, numpy.int64)), False
    dtype = getattr(entry, "dtype", None)
    if dtype is None:
        if isinstance(entry, bool):
            return entry
        if hasattr(entry, "__index__"):
            return as_int(entry)
    elif dtype.kind in "iu" and entry.shape == ():
        return int(entry)
    elif dtype.kind in "iub":
        return entry.copy() if copy else entry
    what = repr(entry) if dtype is None else dtype
    raise IndexError(f"an index is made of integers, booleans or slices, not {what}")


def add_at(out: numpy.ndarray, index: tuple[Any, ...], values: numpy.ndarray) -> None:
    """``numpy.add.at``, to the bit, and many times as fast for slices along one axis.

    Where the index is one list of places, each named a few times at most (a mirrored border's, a
    picture's that was doubled), all first occurrences are added at once, then all second ones, and
    so on: every element still gets its values in their order.
    """
    turns = _turns(index, out.shape)
    if turns is None:
        numpy.add.at(out, index, values)
        return
    before = (slice(None),) * (len(index) - 2)
    for to, source in turns:
        out[(*before, to)] += values[(*before, source)]


def _turns(index: tuple[Any, ...], shape: tuple[int, ...]) -> list[tuple[Any, Any]] | None:
    """Places that differ, and which values go there, by turns; None for other indices."""
    *before, places, last = index if len(index) > 1 else (None, None)
    whole = all(e.__class__ is slice and e == slice(None) for e in before)
    if not whole or last is not Ellipsis or getattr(places, "ndim", 0) != 1 or not len(places):
        return None
    length = shape[len(before)]
    if places.dtype.kind not in "iu" or places.min() < -length or places.max() >= length:
        return None
    places = numpy.where(places < 0, places + length, places)
    order = numpy.argsort(places, kind="stable")
    named = places[order]
    starts = numpy.flatnonzero(numpy.diff(named, prepend=-1))
    counts = numpy.diff(starts, append=len(named))
    if counts.max() > _TURNS:
        return None
    turn = numpy.arange(len(named)) - numpy.repeat(starts, counts)
    return [(named[turn == n], order[turn == n]) for n in range(counts.max())]
