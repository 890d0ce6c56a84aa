"""Convolution in one, two and three dimensions.

Three ops, closed under differentiation: each one's rules are the other two.

    conv_fwd(x, w)    y  = x ⋆ w          what a layer computes
    conv_dgrad(dy, w) dx = its adjoint in x (and so the transposed convolution)
    conv_wgrad(x, dy) dw = its adjoint in w

They compute the cross-correlation, as every deep-learning library does; the
``flip_filters`` of :func:`conv2d` turns it into the convolution of the textbooks.
The bodies lower a convolution to one matrix product per group: the windows of
the image become the columns of a matrix, the filters the rows of another.

References
----------
Chellapilla, Puri, Simard: High performance convolutional neural networks for
document processing, 2006 (the lowering to a matrix product).
Dumoulin, Visin: A guide to convolution arithmetic for deep learning, 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.backend.device_kernels import attach_device
from minitorch.backend.native import attach
from minitorch.ops.conv_device import (
    conv_dgrad_device,
    conv_dgrad_supports,
    conv_fwd_device,
    conv_fwd_supports,
    conv_wgrad_device,
    conv_wgrad_supports,
)
from minitorch.ops.conv_native import (
    conv_dgrad_native,
    conv_fwd_native,
    conv_wgrad_native,
    few_filters,
    few_gradients,
    one_channel_filters,
    one_channel_images,
    pointwise_filters,
    pointwise_size,
    supports_conv,
)
from minitorch.ops.conv_order import conv_dgrad_order, conv_fwd_order, conv_wgrad_order
from minitorch.ops.conv_phases import (
    phases_need_filters,
    phases_need_size,
    phases_pay_backward,
    phases_pay_forward,
    phases_pay_with_size,
)
from minitorch.ops.conv_shape import conv_output_length
from minitorch.ops.conv_slices import by_filters, by_images
from minitorch.ops.conv_winograd import (
    needs_filters,
    needs_size,
    pays_with_filters,
    pays_with_size,
)
from minitorch.ops.windows import offsets, window_slices

__all__ = ["conv_dgrad", "conv_fwd", "conv_wgrad"]

# Columns are made for as many images at a time as give about this many elements,
# so that they are still in the cache when the matrix product reads them.
COLUMN_ELEMENTS = 1 << 21


def _pieces(images: int, elements: int) -> Iterator[slice]:
    """Runs of images whose columns, ``elements`` per image, are built together."""
    step = max(1, COLUMN_ELEMENTS // max(1, elements))
    return (slice(i, min(i + step, images)) for i in range(0, images, step))


def _columns(xp: Any, x: Any, size: Any, count: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """(C, taps, N, *count): per tap of the window, what it sees at each position."""
    if any(map(any, pad)):
        x = xp.pad(x, ((0, 0), (0, 0), *pad))
    taps = list(offsets(size))
    columns = xp.empty((x.shape[1], len(taps), x.shape[0], *count), dtype=x.dtype)
    for i, tap in enumerate(taps):
        columns[:, i] = xp.swapaxes(x[window_slices(tap, count, stride, dilation)], 0, 1)
    return columns


def _fold(
    xp: Any, columns: Any, size: Any, length: Any, stride: Any, pad: Any, dilation: Any
) -> Any:
    """The adjoint of :func:`_columns`: add every tap to where it was taken from."""
    channels, _, images, *count = columns.shape
    padded = [n + before + after for n, (before, after) in zip(length, pad, strict=True)]
    x = xp.zeros((channels, images, *padded), dtype=columns.dtype)
    for i, tap in enumerate(offsets(size)):
        x[window_slices(tap, count, stride, dilation)] += columns[:, i]
    inside = [slice(before, before + n) for n, (before, _) in zip(length, pad, strict=True)]
    return xp.swapaxes(x[(slice(None), slice(None), *inside)], 0, 1)


def _rows(xp: Any, y: Any, groups: int) -> Any:
    """(N, K, *count) as the matrices (groups, K / groups, N · positions)."""
    return xp.swapaxes(y, 0, 1).reshape(groups, y.shape[1] // groups, -1)


@op(
    formula="y[n,k,p] = Σ_{c,r} x[n, c, p·stride + r·dilation - pad] w[k,c,r] + b[k]",
    linear=("x", "w", "b"),
    upcast=True,
    autocast="half",
)
def conv_fwd(
    xp: Any,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Any:
    """Cross-correlation of images with filters, in any number of dimensions.

    The op below :func:`conv1d`, :func:`conv2d` and :func:`conv3d`, which check
    the arguments; here every static argument has one entry per spatial axis.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
        One to three spatial axes.
    w : Tensor, (K, C / groups, R, S)
    b : Tensor, (K,), optional
    stride, dilation : tuple of int
    pad : tuple of (before, after)
        Zeros around each spatial axis.
    groups : int

    Returns
    -------
    Tensor, (N, K, P, Q)

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.ones((1, 1, 3, 3))
    >>> mt.conv_fwd(x, mt.ones((1, 1, 2, 2)), stride=(1, 1), pad=((0, 0), (0, 0)),
    ...             dilation=(1, 1), groups=1).shape
    (1, 1, 2, 2)
    """
    size = w.shape[2:]
    count = [
        conv_output_length(*row)
        for row in zip(x.shape[2:], size, stride, pad, dilation, strict=True)
    ]
    filters = w.reshape(groups, w.shape[0] // groups, -1)
    out = xp.empty((x.shape[0], w.shape[0], *count), dtype=xp.result_type(x, w))
    for piece in _pieces(x.shape[0], w[0].size * groups * out[:1, 0].size):
        columns = _columns(xp, x[piece], size, count, stride, pad, dilation)
        y = xp.matmul(filters, columns.reshape(groups, filters.shape[2], -1))
        out[piece] = xp.swapaxes(y.reshape(w.shape[0], -1, *count), 0, 1)
    return out if b is None else xp.add(out, b.reshape(-1, *[1] * len(size)))


@conv_fwd.vjp("x")
def conv_fwd_dx(g, w, x_shape, stride, pad, dilation, groups):
    """dL/dx = conv_dgrad(g, w)"""
    return conv_dgrad(
        g, w, size=x_shape[2:], stride=stride, pad=pad, dilation=dilation, groups=groups
    )


@conv_fwd.vjp("w")
def conv_fwd_dw(g, x, w_shape, stride, pad, dilation, groups):
    """dL/dw = conv_wgrad(x, g)"""
    return conv_wgrad(
        x, g, size=w_shape[2:], stride=stride, pad=pad, dilation=dilation, groups=groups
    )


@conv_fwd.vjp("b")
def conv_fwd_db(g):
    """dL/db = Σ g over images and positions"""
    return g.sum(axis=(0, *range(2, g.ndim)))


@op(
    formula="dx[n,c,q] = Σ_{k,r: q = p·stride + r·dilation - pad} dy[n,k,p] w[k,c,r]",
    linear=("dy", "w"),
    upcast=True,
    autocast="half",
)
def conv_dgrad(
    xp: Any,
    dy: Any,
    w: Any,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Any:
    """The adjoint of :func:`conv_fwd` in x: its input gradient, the transposed convolution.

    Parameters
    ----------
    dy : Tensor, (N, K, P, Q)
    w : Tensor, (K, C / groups, R, S)
    size : tuple of int
        Spatial shape (H, W) of the result; a strided convolution maps several
        to the same (P, Q).
    stride, pad, dilation, groups
        Those of the convolution.

    Returns
    -------
    Tensor, (N, C, H, W)

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.conv_dgrad(mt.ones((1, 1, 2, 2)), mt.ones((1, 1, 2, 2)), size=(3, 3), stride=(1, 1),
    ...               pad=((0, 0), (0, 0)), dilation=(1, 1), groups=1)
    Tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    kernel, count = w.shape[2:], dy.shape[2:]
    filters = xp.swapaxes(w.reshape(groups, w.shape[0] // groups, -1), 1, 2)
    channels = w.shape[1] * groups
    out = xp.empty((dy.shape[0], channels, *size), dtype=xp.result_type(dy, w))
    for piece in _pieces(dy.shape[0], w[0].size * groups * dy[:1, 0].size):
        columns = xp.matmul(filters, _rows(xp, dy[piece], groups))
        columns = columns.reshape(channels, -1, piece.stop - piece.start, *count)
        out[piece] = _fold(xp, columns, kernel, size, stride, pad, dilation)
    return out


@conv_dgrad.vjp("dy")
def conv_dgrad_ddy(g, w, stride, pad, dilation, groups):
    """dL/ddy = conv_fwd(g, w)"""
    return conv_fwd(g, w, stride=stride, pad=pad, dilation=dilation, groups=groups)


@conv_dgrad.vjp("w")
def conv_dgrad_dw(g, dy, w_shape, stride, pad, dilation, groups):
    """dL/dw = conv_wgrad(g, dy)"""
    return conv_wgrad(
        g, dy, size=w_shape[2:], stride=stride, pad=pad, dilation=dilation, groups=groups
    )


@op(
    formula="dw[k,c,r] = Σ_{n,p} x[n, c, p·stride + r·dilation - pad] dy[n,k,p]",
    linear=("x", "dy"),
    upcast=True,
    autocast="half",
)
def conv_wgrad(
    xp: Any,
    x: Any,
    dy: Any,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Any:
    """The adjoint of :func:`conv_fwd` in w: the gradient towards the filters.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
    dy : Tensor, (N, K, P, Q)
    size : tuple of int
        Spatial shape (R, S) of the filters.
    stride, pad, dilation, groups
        Those of the convolution.

    Returns
    -------
    Tensor, (K, C / groups, R, S)

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.conv_wgrad(mt.ones((4, 1, 3, 3)), mt.ones((4, 1, 2, 2)), size=(2, 2), stride=(1, 1),
    ...               pad=((0, 0), (0, 0)), dilation=(1, 1), groups=1)
    Tensor([[[[16., 16.],
              [16., 16.]]]])
    """
    count = dy.shape[2:]
    depth = x.shape[1] // groups
    taps = len(list(offsets(size)))
    out = xp.zeros((groups, dy.shape[1] // groups, depth * taps), dtype=xp.result_type(x, dy))
    for piece in _pieces(x.shape[0], x.shape[1] * taps * dy[:1, 0].size):
        columns = _columns(xp, x[piece], size, count, stride, pad, dilation)
        columns = columns.reshape(groups, depth * taps, -1)
        out += xp.matmul(_rows(xp, dy[piece], groups), xp.swapaxes(columns, 1, 2))
    return out.reshape(dy.shape[1], depth, *size)


@conv_wgrad.vjp("x")
def conv_wgrad_dx(g, dy, x_shape, stride, pad, dilation, groups):
    """dL/dx = conv_dgrad(dy, g)"""
    return conv_dgrad(
        dy, g, size=x_shape[2:], stride=stride, pad=pad, dilation=dilation, groups=groups
    )


@conv_wgrad.vjp("dy")
def conv_wgrad_ddy(g, x, stride, pad, dilation, groups):
    """dL/ddy = conv_fwd(x, g)"""
    return conv_fwd(x, g, stride=stride, pad=pad, dilation=dilation, groups=groups)


_FILTERS = {
    "needs": {
        "k04_winograd": needs_filters,
        "k05_depthwise": one_channel_filters,
        "k07_phases": phases_need_filters,
    },
    "prefers": {
        "k04_winograd": pays_with_filters,
        "k05_depthwise": few_filters,
        "k06_pointwise": pointwise_filters,
    },
}
_SIZE = {
    "needs": {
        "k04_winograd": needs_size,
        "k05_depthwise": one_channel_images,
        "k07_phases": phases_need_size,
    },
    "prefers": {
        "k04_winograd": pays_with_size,
        "k05_depthwise": few_gradients,
        "k06_pointwise": pointwise_size,
    },
}
for _op, _call, _rungs, _phases, _in_volumes in (
    (conv_fwd, conv_fwd_native, _FILTERS, phases_pay_forward, by_filters),
    (conv_dgrad, conv_dgrad_native, _FILTERS, phases_pay_backward, by_filters),
    (conv_wgrad, conv_wgrad_native, _SIZE, phases_pay_with_size, by_images),
):
    _prefers = {**_rungs["prefers"], "k07_phases": _phases}
    attach(
        _op,
        "conv2d",
        _call,
        supports=supports_conv,
        needs={name: _in_volumes(ask) for name, ask in _rungs["needs"].items()},
        prefers={name: _in_volumes(ask) for name, ask in _prefers.items()},
    )
for _op, _call, _supports, _order in (
    (conv_fwd, conv_fwd_device, conv_fwd_supports, conv_fwd_order),
    (conv_dgrad, conv_dgrad_device, conv_dgrad_supports, conv_dgrad_order),
    (conv_wgrad, conv_wgrad_device, conv_wgrad_supports, conv_wgrad_order),
):
    attach_device(_op, "conv", _call, supports=_supports, order=_order)


# (x, w, stride, pad, dilation, groups) of the calls that all three ops are tested on
_CASES = (
    ((2, 2, 5, 4), (3, 2, 2, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), 1, "plain"),
    ((2, 1, 6, 7), (2, 1, 3, 2), (2, 3), ((1, 2), (0, 1)), (1, 1), 1, "stride, uneven pad"),
    ((1, 4, 7, 5), (2, 2, 2, 2), (2, 1), ((1, 1), (0, 0)), (3, 2), 2, "dilation, groups"),
    ((1, 2, 6, 5), (3, 2, 3, 3), (1, 1), ((1, 1), (1, 0)), (1, 1), 1, "3 x 3"),
    ((1, 2, 6, 5), (3, 2, 3, 3), (2, 2), ((1, 1), (1, 0)), (1, 1), 1, "3 x 3, stride 2"),
    ((2, 3, 6), (2, 3, 6), (1,), ((0, 0),), (1,), 1, "1-d, kernel = input"),
    ((1, 2, 3, 4, 3), (2, 1, 2, 2, 1), (1, 2, 1), ((1, 0), (0, 0), (0, 0)), (1, 1, 1), 2, "3-d"),
)


def _result_shape(x: Any, w: Any, stride: Any, pad: Any, dilation: Any) -> tuple[int, ...]:
    """(N, K, *count) of one of the cases."""
    rows = zip(x[2:], w[2:], stride, pad, dilation, strict=True)
    return (x[0], w[0], *[conv_output_length(*row) for row in rows])


@conv_fwd.samples
def _(make):
    for x, w, stride, pad, dilation, groups, note in _CASES:
        static = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
        yield Sample.of(make(*x), make(*w), note=note, **static)
        yield Sample.of(make(*x), make(*w), make(w[0]), note=f"{note}, bias", **static)


@conv_dgrad.samples
def _(make):
    for x, w, stride, pad, dilation, groups, note in _CASES:
        y = _result_shape(x, w, stride, pad, dilation)
        yield Sample.of(
            make(*y),
            make(*w),
            size=x[2:],
            stride=stride,
            pad=pad,
            dilation=dilation,
            groups=groups,
            note=note,
        )


@conv_wgrad.samples
def _(make):
    for x, w, stride, pad, dilation, groups, note in _CASES:
        y = _result_shape(x, w, stride, pad, dilation)
        yield Sample.of(
            make(*x),
            make(*y),
            size=w[2:],
            stride=stride,
            pad=pad,
            dilation=dilation,
            groups=groups,
            note=note,
        )
