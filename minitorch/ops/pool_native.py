"""The kernels of csrc/cpu/pool2d as max pooling's body is called.

One spatial axis is taken as an image of one row.
"""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.backend.native import NATIVE_FLOATS, native_empty, native_planes
from minitorch.ops.pool_shape import pool_output_length

__all__ = [
    "max_pool_native",
    "max_unpool_native",
    "supports_max_pool",
    "supports_max_unpool",
    "supports_pool",
]

PLACES = (numpy.dtype("uint8"), numpy.dtype("int32"))


def supports_pool(x: Any, size: Any, window: Any, pad: Any) -> bool | str:
    """Whether the kernels can pool like this, ``size`` being the image's, or why not."""
    if x.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, x is {x.dtype}"
    if x.ndim not in (3, 4):
        return f"it has one or two spatial axes, x has {x.ndim - 2}"
    if 0 in size or any(side >= f for f, pair in zip(window, pad, strict=True) for side in pair):
        return "every window must see some of the image"
    return True


def supports_max_pool(x: Any, *, window: Any, pad: Any, **_: Any) -> bool | str:
    """Whether the kernels can do this ``max_pool``, or why not."""
    return supports_pool(x, x.shape[2:], window, pad)


def supports_max_unpool(
    y: Any, index: Any, *, size: Any, window: Any, pad: Any, **_: Any
) -> bool | str:
    """Whether the kernels can do this ``max_unpool``, or why not."""
    if getattr(index, "dtype", None) not in PLACES:
        return "its indices are uint8 or int32"
    if index.shape != y.shape:
        return "y and index must have the same shape"
    return supports_pool(y, size, window, pad)


def _settings(window: Any, stride: Any, pad: Any) -> dict[str, Any]:
    """The static arguments for two spatial axes; kernels want the padding before."""
    if len(window) == 1:
        window, stride, pad = (1, *window), (1, *stride), ((0, 0), *pad)
    return {"window": window, "stride": stride, "pad": (pad[0][0], pad[1][0])}


def max_pool_native(
    native: Any, rung: str, x: Any, *, window: Any, stride: Any, pad: Any, ignore_border: bool
) -> Any:
    """``max_pool`` by a rung of csrc/cpu/pool2d."""
    rows = zip(x.shape[2:], window, stride, pad, strict=True)
    count = [pool_output_length(*row, ignore_border) for row in rows]
    taps = numpy.prod(window)
    out = native_empty((*x.shape[:2], *count), x.dtype)
    index = native_empty(out.shape, numpy.uint8 if taps <= 255 else numpy.int32)
    settings = _settings(window, stride, pad)
    native.pool2d_max(rung, native_planes(x), native_planes(out), native_planes(index), **settings)
    return out, index


def max_unpool_native(
    native: Any,
    rung: str,
    y: Any,
    index: Any,
    *,
    size: Any,
    window: Any,
    stride: Any,
    pad: Any,
    ignore_border: bool,
) -> Any:
    """``max_unpool`` by a rung of csrc/cpu/pool2d."""
    x = native_empty((*y.shape[:2], *size), y.dtype)
    settings = _settings(window, stride, pad)
    native.pool2d_unmax(rung, native_planes(y), native_planes(index), native_planes(x), **settings)
    return x
