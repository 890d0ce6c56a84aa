"""What kernels of random ops share: what a seed and an offset may be, how a mask is laid out."""

from __future__ import annotations

import math
from typing import Any

import numpy

__all__ = ["check_counter", "mask_layout"]


def check_counter(name: str, seed: Any, offset: Any) -> None:
    """Both fit a 64-bit word; TypeError or ValueError that names the op where they do not."""
    for what, value in (("seed", seed), ("offset", offset)):
        if not isinstance(value, int | numpy.integer) or isinstance(value, bool):
            raise TypeError(f"{name}: {what} must be an integer, got {value!r}")
        if not 0 <= value < 1 << 64:
            raise ValueError(f"{name}: {what} must be from 0 to 2^64 - 1, got {value}")


def mask_layout(shape: tuple[int, ...], shared_axes: Any) -> tuple[int, int, int] | None:
    """(before, shared, after), or None where the shared axes do not lie side by side."""
    given = (shared_axes,) if isinstance(shared_axes, int) else tuple(shared_axes)
    shared = sorted({a % len(shape) for a in given}) if shape else []
    if not shared:
        return math.prod(shape), 1, 1
    first, last = shared[0], shared[-1] + 1
    if last - first != len(shared):
        return None
    return math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:])
