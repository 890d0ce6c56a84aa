"""Where the channels of batch normalisation lie, for the kernels of every device."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["channel_split", "narrow_shape"]


def _summed(rank: int, axes: Any) -> set[int]:
    return {a % rank for a in ((axes,) if isinstance(axes, int) else axes)}


def channel_split(shape: tuple[int, ...], axes: Any) -> tuple[int, int, int] | None:
    """(outer, channels, inner) to be normalised over all but the channels; None where the axes
    that are kept do not lie side by side."""
    summed = _summed(len(shape), axes)
    kept = [a for a in range(len(shape)) if a not in summed]
    first, last = (kept[0], kept[-1] + 1) if kept else (0, 0)
    if last - first != len(kept):
        return None
    return math.prod(shape[:first]), math.prod(shape[first:last]), math.prod(shape[last:])


def narrow_shape(shape: tuple[int, ...], axes: Any) -> tuple[int, ...]:
    """Shape of what there is one of per channel."""
    summed = _summed(len(shape), axes)
    return tuple([n for i, n in enumerate(shape) if i not in summed])
