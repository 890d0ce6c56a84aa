"""The kernels of csrc/cpu/conv2d as the bodies of the convolution ops are called.

One spatial axis is taken as an image of one row; three are computed slice by slice
(csrc/cpu/conv3d), by the same rungs.
"""

from __future__ import annotations

from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, native_array, native_empty, native_planes
from minitorch.ops.conv_shape import conv_output_length

__all__ = [
    "conv_dgrad_native",
    "conv_fwd_native",
    "conv_wgrad_native",
    "few_filters",
    "few_gradients",
    "one_channel_filters",
    "one_channel_images",
    "pointwise_filters",
    "pointwise_size",
    "supports_conv",
]


def supports_conv(*arrays: Any, **_: Any) -> bool | str:
    """Whether the kernels can do this convolution (any direction), or why not."""
    given = [a for a in arrays if a is not None]
    if any(a.dtype != given[0].dtype for a in given):
        dtypes = ", ".join(sorted({str(a.dtype) for a in given}))
        return f"its arrays must be of one dtype, they are {dtypes}"
    if given[0].dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, the arrays are {given[0].dtype}"
    if given[0].ndim not in (3, 4, 5):
        return f"it has one to three spatial axes, x has {given[0].ndim - 2}"
    return True


def _one_channel(depth: int) -> bool | str:
    return depth == 1 or f"it needs one channel a group, here are {depth}"


def one_channel_filters(first: Any, w: Any, *_: Any, **__: Any) -> bool | str:
    """Whether k05_depthwise can do this ``conv_fwd`` or ``conv_dgrad``, or why not."""
    return _one_channel(w.shape[1])


def one_channel_images(x: Any, *_: Any, groups: int, **__: Any) -> bool | str:
    """The same of a ``conv_wgrad``."""
    return _one_channel(x.shape[1] // groups)


# From some eight filters on a channel k03_packed was the faster one.
MOST_FILTERS = 4


def few_filters(first: Any, w: Any, *_: Any, groups: int, **__: Any) -> bool:
    """Whether k05_depthwise is the one to choose for this ``conv_fwd`` or ``conv_dgrad``."""
    return bool(w.shape[0] <= MOST_FILTERS * groups)


def few_gradients(x: Any, dy: Any, *_: Any, groups: int, **__: Any) -> bool:
    """The same of a ``conv_wgrad``."""
    return bool(dy.shape[1] <= MOST_FILTERS * groups)


def _one_pixel(window: Any, image: Any, pad: Any, dilation: Any, groups: int) -> bool:
    """Whether a window sees one pixel of all channels, or all of an image: a matrix product."""
    whole = tuple(window) == tuple(image) and set(dilation) == {1}
    return groups == 1 and not any(map(any, pad)) and (whole or set(window) == {1})


def pointwise_filters(
    first: Any, w: Any, *_: Any, size: Any = None, pad: Any, dilation: Any, groups: int, **__: Any
) -> bool:
    """Whether k06_pointwise is the one to choose for this ``conv_fwd`` or ``conv_dgrad``."""
    image = first.shape[2:] if size is None else size
    return _one_pixel(w.shape[2:], image, pad, dilation, groups)


def pointwise_size(
    x: Any, *_: Any, size: Any, pad: Any, dilation: Any, groups: int, **__: Any
) -> bool:
    """The same of a ``conv_wgrad``."""
    return _one_pixel(size, x.shape[2:], pad, dilation, groups)


def _settings(stride: Any, pad: Any, dilation: Any, groups: int) -> dict[str, Any]:
    """The static arguments for two or three axes; kernels want the padding before."""
    if len(stride) == 1:
        stride, pad, dilation = (1, *stride), ((0, 0), *pad), (1, *dilation)
    return {
        "stride": stride,
        "pad": tuple(before for before, _ in pad),
        "dilation": dilation,
        "groups": groups,
    }


def conv_fwd_native(
    native: Any,
    rung: str,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    stride: Any,
    pad: Any,
    dilation: Any,
    groups: int,
    relu: bool = False,
) -> Any:
    """``conv_fwd`` by a rung of csrc/cpu/conv2d, and then ``relu`` if it is wanted."""
    rows = zip(x.shape[2:], w.shape[2:], stride, pad, dilation, strict=True)
    y = native_empty((x.shape[0], w.shape[0], *[conv_output_length(*row) for row in rows]), x.dtype)
    b = None if b is None else native_array(b)
    settings = _settings(stride, pad, dilation, groups)
    planes = (native_planes(x), native_planes(w), b, native_planes(y))
    fill = native.conv3d_fwd if x.ndim == 5 else native.conv2d_fwd
    fill(rung, *planes, **settings, relu=relu)
    return y


def conv_dgrad_native(
    native: Any,
    rung: str,
    dy: Any,
    w: Any,
    *,
    size: Any,
    stride: Any,
    pad: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """``conv_dgrad`` by a rung of csrc/cpu/conv2d."""
    dx = native_empty((dy.shape[0], w.shape[1] * groups, *size), dy.dtype)
    settings = _settings(stride, pad, dilation, groups)
    fill = native.conv3d_dgrad if dy.ndim == 5 else native.conv2d_dgrad
    fill(rung, native_planes(dy), native_planes(w), native_planes(dx), **settings)
    return dx


def conv_wgrad_native(
    native: Any,
    rung: str,
    x: Any,
    dy: Any,
    *,
    size: Any,
    stride: Any,
    pad: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """``conv_wgrad`` by a rung of csrc/cpu/conv2d."""
    dw = native_empty((dy.shape[1], x.shape[1] // groups, *size), x.dtype)
    settings = _settings(stride, pad, dilation, groups)
    fill = native.conv3d_wgrad if x.ndim == 5 else native.conv2d_wgrad
    fill(rung, native_planes(x), native_planes(dy), native_planes(dw), **settings)
    return dw
