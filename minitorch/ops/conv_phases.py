"""Where a convolution of stride 2 on the CPU is computed phase by phase, by Winograd's formula.

With a stride of 2 a convolution is a sum of four of stride 1: even or odd rows, even or odd
columns of the image, with every other tap of the filter. The rung k07_phases makes 4 x 4 results
of such a phase by 25 products if it has 2 taps (filters of 3 and 4), by 36 if it has 3 (of 5 and
6). Phases with a tap less have no product at infinity.

    filter    products of 16 results    direct
    3 x 3      81                       144
    4 x 4     100                       256
    5 x 5     121                       400
    6 x 6     144                       576

Notes
-----
The error is bounded as in :mod:`minitorch.ops.conv_winograd`, by (L + 40) eps s: what is summed
over, L, are the channels of all four phases in ``conv_fwd``, filters in ``conv_dgrad`` and tiles in
``conv_wgrad``, and s is a sum over the phases as well. The points are 0, ±5/8, ±3/2 and infinity
for 3 taps, ±3/8, ±11/8 and infinity for 2.

``set_winograd`` governs this rung, too.
"""

from __future__ import annotations

import math
from typing import Any

from minitorch.ops.conv_shape import conv_output_length
from minitorch.ops.conv_winograd import get_winograd

__all__ = [
    "phases_need_filters",
    "phases_need_size",
    "phases_pay_backward",
    "phases_pay_forward",
    "phases_pay_with_size",
]

LEAST_CHANNELS = 8  # of a group, in and out: with fewer than in a vector most of it is wasted
FILTERS = 350  # products of a channel and a filter for which one could transform its taps
OVERHEAD = 1.15  # what a product costs with its share of the images' transforms


def _fits(window: Any, stride: Any, dilation: Any) -> bool | str:
    sizes = {*window}
    sized = len(window) == 2 and (sizes <= {3, 4} or sizes <= {5, 6})
    if sized and {*stride} == {2} and {*dilation} == {1}:
        return True
    return (
        f"it needs filters of 3 or 4 taps both ways, or of 5 or 6, stride 2 and dilation 1; here "
        f"are filters {tuple(window)}, stride {tuple(stride)} and dilation {tuple(dilation)}"
    )


def _pays(y: Any, window: Any, channels: int, dtype: Any, filters: int = FILTERS) -> bool:
    """Whether it is allowed, and the faster one as measured on one AVX2 core.

    ``y`` is the shape of the forward's result. The rule compares the products of a channel with
    a filter, counted both ways; it was right within a tenth from 1 to 2048 tiles.
    """
    if not get_winograd() or dtype != "float32" or channels < LEAST_CHANNELS:
        return False
    tiles = y[0] * math.prod(-(-n // 4) for n in y[2:])
    # Along an axis 9 points for 2 and 1 taps, 10 for 2 and 2, 11 for 3 and 2, 12 for 3 and 3.
    products = tiles * math.prod(6 + n for n in window)
    direct = y[0] * math.prod(y[2:]) * math.prod(window)
    return direct > OVERHEAD * (products + filters)


def phases_need_filters(
    first: Any, w: Any, *_: Any, stride: Any, dilation: Any, **__: Any
) -> bool | str:
    """Whether the rung can do this ``conv_fwd`` or ``conv_dgrad``, or why not."""
    return _fits(w.shape[2:], stride, dilation)


def phases_need_size(*_: Any, size: Any, stride: Any, dilation: Any, **__: Any) -> bool | str:
    """As :func:`phases_need_filters` for ``conv_wgrad``, whose filters are its result."""
    return _fits(size, stride, dilation)


def phases_pay_forward(
    x: Any, w: Any, *_: Any, stride: Any, pad: Any, groups: int, **__: Any
) -> bool:
    """Whether the rung is the one to choose for this ``conv_fwd``."""
    lengths = zip(x.shape[2:], w.shape[2:], stride, pad, strict=True)
    y = (x.shape[0], w.shape[0], *[conv_output_length(*axis) for axis in lengths])
    return _pays(y, w.shape[2:], min(w.shape[0] // groups, w.shape[1]), x.dtype)


def phases_pay_backward(dy: Any, w: Any, *, groups: int, **_: Any) -> bool:
    """The same of a ``conv_dgrad``."""
    return _pays(dy.shape, w.shape[2:], min(w.shape[0] // groups, w.shape[1]), dy.dtype)


def phases_pay_with_size(x: Any, dy: Any, *, size: Any, groups: int, **_: Any) -> bool:
    """The same of a ``conv_wgrad``: with few positions the direct one is not fast, either."""
    return _pays(dy.shape, size, min(x.shape[1], dy.shape[1]) // groups, x.dtype, filters=0)
