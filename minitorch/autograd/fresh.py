"""Numbers that change from step to step, where a step is captured once and replayed.

A captured step (:mod:`minitorch.capture`) keeps the numbers that it was traced with:
a learning rate of 0.1 stays 0.1. What must be asked for anew in every replay (a learning rate
that a schedule sets, the position of a random stream, Adam's step count) is computed by
:func:`fresh`: outside of a trace that is a plain call, in a trace it gives a number
that remembers how it was computed. Arithmetic on such numbers gives such numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from minitorch.autograd.mode import mode

__all__ = ["FreshFloat", "FreshInt", "check_values", "fresh", "plain", "settle"]


def fresh(compute: Callable[[], Any]) -> Any:
    """``compute()``: an int or a float, or a dictionary of them, computed again in every replay."""
    for observer in mode.observers:
        made = observer.fresh(compute)
        if made is not None:
            return made
    return compute()


def check_values(check: Callable[..., None], *tensors: Any) -> None:
    """``check(*arrays)``, which raises where values are wrong; replays check theirs as well."""
    arrays = [t.data for t in tensors]
    check(*arrays)
    for observer in mode.observers:
        observer.after_check(check, arrays)


def plain(value: Any) -> Any:
    """A fresh number as the plain one that it was in the trace; others are themselves."""
    if isinstance(value, FreshFloat):
        return float(value)
    return int(value) if isinstance(value, FreshInt) else value


def settle(value: Any) -> Any:
    """The number that ``value`` is in this run: a fresh one is computed, others are themselves."""
    return value.compute() if isinstance(value, FreshInt | FreshFloat) else value


class FreshInt(int):
    """An integer and how it was computed."""

    compute: Callable[[], int]

    def __new__(cls, value: int, compute: Callable[[], int]) -> FreshInt:
        out = super().__new__(cls, value)
        out.compute = compute
        return out


class FreshFloat(float):
    """A float and how it was computed, through arithmetic with other numbers."""

    compute: Callable[[], float]

    def __new__(cls, value: float, compute: Callable[[], float]) -> FreshFloat:
        out = super().__new__(cls, value)
        out.compute = compute
        return out

    def __neg__(self) -> FreshFloat:
        return FreshFloat(-float(self), lambda: -self.compute())


def _arithmetic(name: str, swapped: bool) -> None:
    plain = getattr(operator, name)

    def method(self: FreshFloat, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented

        def compute() -> float:
            a, b = self.compute(), settle(other)
            return float(plain(b, a) if swapped else plain(a, b))

        a, b = float(self), float(other)
        return FreshFloat(plain(b, a) if swapped else plain(a, b), compute)

    setattr(FreshFloat, f"__{'r' if swapped else ''}{name}__", method)


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _arithmetic(_name, swapped=False)
    _arithmetic(_name, swapped=True)
