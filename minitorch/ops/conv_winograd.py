"""Where a convolution on the CPU is computed by Winograd's formula, and how to forbid it.

The rung k04_winograd makes 4 x 4 results of a 3 x 3 filter by 36 products instead of 144, and
2 x 2 results of a 5 x 5 filter by 36 instead of 100. Where the stride is 2, see
:mod:`minitorch.ops.conv_phases`.

Notes
-----
The error. Each element is a sum over L products: channels for ``conv_fwd``, filters for
``conv_dgrad``, tiles for ``conv_wgrad``. A direct sum is off by at most its length times eps
times the sum of the absolute products. Here it is at most (L + 40) eps s, where s is the whole
formula with absolute values, Aᵀ, G and Bᵀ included:

    s = |Aᵀ| ( Σ (|G| |g| |Gᵀ|) (|Bᵀ| |d| |B|) ) |A|

40 is more than the roundings of the six transforms. It is s that is larger than in a
direct sum, because Aᵀ, G and Bᵀ add and subtract what cancels. The points at which the
formula multiplies, 0, ±5/8, ±3/2 and infinity, were chosen for a small s.

A NaN or an infinity in an image makes NaNs of the whole tiles whose windows see it.

References
----------
Lavin, Gray: Fast algorithms for convolutional neural networks, 2016.
"""

from __future__ import annotations

import math
import os
from typing import Any

__all__ = [
    "get_winograd",
    "needs_filters",
    "needs_size",
    "pays_with_filters",
    "pays_with_size",
    "set_winograd",
]

LEAST_CHANNELS = 8  # of a group, in and out: with fewer than in a vector most of it is wasted
LEAST_TILES = 4  # with fewer the filters' transforms outweigh the products

_enabled = os.environ.get("MINITORCH_WINOGRAD") != "0"


def get_winograd() -> bool:
    """Whether convolutions on the CPU may be computed by Winograd's formula.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.get_winograd()
    True
    """
    return _enabled


def set_winograd(enabled: bool) -> None:
    """Let float32 convolutions on the CPU use Winograd's formula, or forbid it.

    It is faster for 3 x 3 and 5 x 5 filters of stride 1 and for 3 to 6 taps with a stride of 2,
    and less exact: see the error in :mod:`minitorch.ops.conv_winograd`. float64 never uses it,
    unless ``use_kernel`` forces it. MINITORCH_WINOGRAD=0 in the environment forbids it from the
    start.

    Parameters
    ----------
    enabled : bool

    Raises
    ------
    TypeError
        If it is not a bool.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.set_winograd(False)
    >>> mt.get_winograd()
    False
    >>> mt.set_winograd(True)
    """
    if not isinstance(enabled, bool):
        raise TypeError(f"set_winograd: enabled must be a bool, got {type(enabled).__name__}")
    global _enabled
    _enabled = enabled


def _fits(window: Any, stride: Any, dilation: Any) -> bool | str:
    if tuple(window) in ((3, 3), (5, 5)) and {*stride, *dilation} == {1}:
        return True
    return (
        f"it needs 3 x 3 or 5 x 5 filters, stride 1 and dilation 1; here are filters "
        f"{tuple(window)}, stride {tuple(stride)} and dilation {tuple(dilation)}"
    )


def _pays(images: Any, channels: int) -> bool:
    """Whether it is allowed, and the faster one as measured on AVX2 cores.

    From 8 channels in and out and 4 tiles on it was ahead of k03_packed in all three directions
    (1.1 to 3 times); with fewer of either it lost in one of them or in all.
    """
    tiles = images.shape[0] * math.prod(-(-n // 4) for n in images.shape[2:])
    exact = images.dtype != "float32"
    return _enabled and not exact and channels >= LEAST_CHANNELS and tiles >= LEAST_TILES


def needs_filters(first: Any, w: Any, *_: Any, stride: Any, dilation: Any, **__: Any) -> bool | str:
    """Whether the rung can do this ``conv_fwd`` or ``conv_dgrad``, or why not."""
    return _fits(w.shape[2:], stride, dilation)


def pays_with_filters(
    first: Any, w: Any, *_: Any, groups: int, size: Any = None, **__: Any
) -> bool:
    """Whether the rung is the one to choose for this ``conv_fwd`` or ``conv_dgrad``."""
    # With 5 x 5 filters and no padding dx is so much larger than dy that a direct sum is faster.
    large = size is not None and w.shape[2] == 5
    if large and math.prod(size) > 1.5 * math.prod(first.shape[2:]):
        return False
    return _pays(first, min(w.shape[0] // groups, w.shape[1]))


def needs_size(*_: Any, size: Any, stride: Any, dilation: Any, **__: Any) -> bool | str:
    """As :func:`needs_filters` for ``conv_wgrad``, whose filters are its result."""
    return _fits(size, stride, dilation)


def pays_with_size(x: Any, dy: Any, *, groups: int, **_: Any) -> bool:
    """As :func:`pays_with_filters` for ``conv_wgrad``."""
    return _pays(x, min(x.shape[1], dy.shape[1]) // groups)
