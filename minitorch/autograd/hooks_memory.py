"""Observers of memory: what the tape keeps, and the most that tensors held at one time."""

from __future__ import annotations

import weakref
from collections import defaultdict
from functools import partial
from typing import Any

from minitorch.autograd.hooks import Observer, results_of
from minitorch.autograd.tensor import Tensor

__all__ = ["MemoryMeter", "PeakMeter"]


class MemoryMeter(Observer):
    """Bytes that the tape keeps for the backward, by op.

    Attributes
    ----------
    saved : dict of str to int
        Bytes of saved tensors per op name, each memory counted once.
    """

    def __init__(self) -> None:
        self.saved: dict[str, int] = defaultdict(int)
        self._seen: set[int] = set()
        self._alive: list[Any] = []  # so that an id is not used twice

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Add up what the new node saved."""
        node = results_of(out)[0]._node
        for value in (node.saved or ()) if node is not None else ():
            array = value.data if isinstance(value, Tensor) else value
            owner = getattr(array, "base", None)
            owner = array if owner is None else owner
            if hasattr(array, "nbytes") and id(owner) not in self._seen:
                self._seen.add(id(owner))
                self._alive.append(owner)
                self.saved[op.name] += int(array.nbytes)

    @property
    def total(self) -> int:
        """All bytes kept."""
        return sum(self.saved.values())


def _owner(array: Any) -> Any:
    """The array whose memory it lies in."""
    while isinstance(getattr(array, "base", None), type(array)):
        array = array.base
    return array


class PeakMeter(Observer):
    """Bytes in the results of ops and in gradients, and the most that there were at one time.

    Seen from the outside: what a body or kernel needs only while it runs is not in it, nor
    what was there before the meter.

    Attributes
    ----------
    now, peak : int
    at : str
        The op whose result made it the peak; "backward" if it was a leaf's ``.grad``.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((1000, 10))
    >>> with mt.observe(mt.PeakMeter()) as meter:
    ...     y = mt.exp(x + 1).sum()
    >>> meter.peak, meter.at, meter.now
    (80000, 'exp', 4)
    """

    def __init__(self) -> None:
        self.now = self.peak = 0
        self.at = ""
        self._alive: dict[int, Any] = {}

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Add what is new; it is taken off when the memory goes."""
        given = {id(_owner(x.data)) for x in inputs if isinstance(x, Tensor)}
        for t in results_of(out):
            owner = _owner(t.data)
            if id(owner) not in given:
                self._add(owner)
        self._look(op.name)

    def after_leaf(self, leaf: Any, g: Any) -> None:
        """Add ``.grad``, which is memory of its own."""
        self._add(_owner(leaf.grad.data))
        self._look("backward")

    def _add(self, owner: Any) -> None:
        if id(owner) not in self._alive:
            size = int(owner.nbytes)
            self._alive[id(owner)] = weakref.ref(owner, partial(self._gone, id(owner), size))
            self.now += size

    def _look(self, at: str) -> None:
        if self.now > self.peak:
            self.peak, self.at = self.now, at

    def _gone(self, key: int, size: int, _: Any) -> None:
        del self._alive[key]
        self.now -= size
