"""A step length along a line that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Point", "strong_wolfe"]


@dataclass(frozen=True)
class Point:
    """A place on the line: how far, the value and the slope there, and the gradient."""

    t: float
    value: float
    slope: float
    gradient: Any = None

    @property
    def finite(self) -> bool:
        """Whether value and slope are numbers."""
        return math.isfinite(self.value) and math.isfinite(self.slope)


def strong_wolfe(
    phi: Callable[[float], Point],
    start: Point,
    first: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    most: int = 20,
) -> Point:
    """Find t with phi(t) <= phi(0) + c1 t phi'(0) and abs(phi'(t)) <= -c2 phi'(0).

    Parameters
    ----------
    phi : callable
        From t > 0 to the Point there.
    start : Point
        At t = 0; its slope is negative.
    first : float
        The first t to try.
    c1, c2 : float
        0 < c1 < c2 < 1: how much of the promised decrease there must be, and how much of the
        slope may be left.
    most : int
        Points to look at.

    Returns
    -------
    Point
        The best one found if none satisfies both; ``start`` itself if none is lower.

    Notes
    -----
    First t grows until an interval holds such a point, then the interval shrinks round it. New
    points are minima of the cubic through two values and two slopes, kept away from the ends.
    Where the function is not finite, a point counts as too far.

    References
    ----------
    J. Nocedal and S. Wright: Numerical optimization, 2006, algorithms 3.5 and 3.6.

    Examples
    --------
    >>> found = strong_wolfe(lambda t: Point(t, (t - 3) ** 2, 2 * (t - 3)), Point(0, 9, -6), 0.1)
    >>> found.t > 0.2, abs(found.slope) <= 0.9 * 6
    (True, True)
    """

    def too_high(here: Point, low: Point) -> bool:
        promised = start.value + c1 * here.t * start.slope
        return not here.finite or here.value > promised or here.value >= low.value

    low, high, t = start, None, first
    for _ in range(most):
        here = phi(t)
        if too_high(here, low):
            high = here
        elif abs(here.slope) <= -c2 * start.slope:
            return here
        else:
            if here.slope * (1 if high is None else high.t - low.t) >= 0:
                high = low
            low, before = here, low
        t = _further(before, low) if high is None else _between(low, high)
        if t == low.t:  # the interval is empty
            break
    return low


def _further(before: Point, here: Point) -> float:
    """The next point of a function that still falls: up to ten times as far."""
    least, largest = here.t + 0.01 * (here.t - before.t), 10 * here.t
    best = _cubic(before, here)
    return largest if best is None or best <= here.t else min(max(best, least), largest)


def _between(low: Point, high: Point) -> float:
    """The next point of an interval, a tenth of it from each end at least."""
    middle = (low.t + high.t) / 2
    best = _cubic(low, high) if high.finite else None
    if best is None:
        return middle
    left, right = min(low.t, high.t), max(low.t, high.t)
    margin = 0.1 * (right - left)
    return min(max(best, left + margin), right - margin)


def _cubic(a: Point, b: Point) -> float | None:
    """Where the cubic through two points with their slopes has its minimum, if it has one."""
    if a.t == b.t:
        return None
    a, b = (a, b) if a.t < b.t else (b, a)
    d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if square < 0:
        return None
    d2 = math.sqrt(square)
    below = b.slope - a.slope + 2 * d2
    return None if below == 0 else b.t - (b.t - a.t) * (b.slope + d2 - d1) / below
