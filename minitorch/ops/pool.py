"""Max pooling in one, two and three dimensions.

``max_pool`` finds the place of the largest element in every window; with the
places fixed, what is left is linear, and its two ops are each other's adjoints:
``max_pool_at`` takes the elements at these places, ``max_unpool`` puts them there.
"""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.backend.native import attach
from minitorch.ops.pool_device import attach_pool
from minitorch.ops.pool_native import (
    max_pool_native,
    max_unpool_native,
    supports_max_pool,
    supports_max_unpool,
)
from minitorch.ops.pool_shape import pool_output_length
from minitorch.ops.windows import offsets, window_slices

__all__ = ["max_pool", "max_pool_at", "max_unpool"]


def window_count(length: Any, window: Any, stride: Any, pad: Any, ignore_border: bool) -> list[Any]:
    """Number of windows along each spatial axis."""
    return [
        pool_output_length(*row, ignore_border)
        for row in zip(length, window, stride, pad, strict=True)
    ]


def cover(length: Any, window: Any, stride: Any, pad: Any, count: Any) -> list[tuple[int, int]]:
    """What to put (before, after) each axis so that every window lies inside; after may be
    more than the padding when ``ignore_border`` is False."""
    return [
        (before, max(after, (p - 1) * s + f - n - before))
        for n, f, s, (before, after), p in zip(length, window, stride, pad, count, strict=True)
    ]


def _first_inside(xp: Any, window: Any, stride: Any, pad: Any, count: Any, dtype: Any) -> Any:
    """Per window, the flat offset of its first element that is no padding, (1, 1, *count)."""
    flat = xp.zeros((1, 1, *count), dtype=dtype)
    for axis, (f, s, (before, _), p) in enumerate(zip(window, stride, pad, count, strict=True)):
        first = xp.maximum(before - s * xp.arange(p), 0).astype(dtype)
        flat = flat * f + first.reshape([-1 if i == axis + 2 else 1 for i in range(len(count) + 2)])
    return flat


@op(formula="y[n,c,p] = max_r x[n, c, p·stride + r - pad]", aux=("index",))
def max_pool(
    xp: Any,
    x: Any,
    *,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    ignore_border: bool,
) -> Any:
    """The largest element of every window, in any number of dimensions.

    The op below :func:`max_pool1d`, :func:`max_pool2d` and :func:`max_pool3d`,
    which check their arguments; here every static argument has one entry per
    spatial axis. Of equals the first in the window (row-major) wins and gets
    the whole gradient. A NaN in a window is its maximum. Padding never wins,
    not even against -inf.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
        One to three spatial axes.
    window, stride : tuple of int
    pad : tuple of (before, after)
    ignore_border : bool
        Whether windows that reach beyond the padded input are left out.

    Returns
    -------
    Tensor, (N, C, P, Q)

    Notes
    -----
    The body also returns the index that the gradient needs, of the output's shape:
    the flat row-major offset of the maximum inside its window, r · S + s for a window
    (R, S); uint8 for windows of at most 255 elements, int32 beyond.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[4.0, 5.0, 7.0, 6.0]]], requires_grad=True)
    >>> y = mt.max_pool(x, window=(2,), stride=(2,), pad=((0, 0),), ignore_border=True)
    >>> y.detach()
    Tensor([[[5., 7.]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[0., 1., 1., 0.]]])
    """
    length = x.shape[2:]
    count = window_count(length, window, stride, pad, ignore_border)
    reach = cover(length, window, stride, pad, count)
    taps = list(offsets(window))
    dtype = xp.uint8 if len(taps) <= 255 else xp.int32
    lowest = -xp.inf if x.dtype.kind == "f" else xp.iinfo(x.dtype).min
    if any(map(any, reach)):
        x = xp.pad(x, ((0, 0), (0, 0), *reach), constant_values=lowest)
    out = xp.full((*x.shape[:2], *count), lowest, dtype=x.dtype)
    index = xp.zeros(out.shape, dtype=dtype)
    index += _first_inside(xp, window, stride, pad, count, dtype)
    for i, tap in enumerate(taps):
        seen = x[window_slices(tap, count, stride)]
        # Not (seen <= out) is true for a NaN that is seen; a NaN already found stays.
        better = ~(seen <= out) & (out == out)
        out = xp.maximum(out, seen)
        # Taps are tried in order, so a better one has the larger number; taking the
        # larger is many times faster than a selection by a random mask.
        index = xp.maximum(index, better * dtype(i))
    return out, index


@max_pool.vjp("x")
def max_pool_dx(g, index, x_shape, window, stride, pad, ignore_border):
    """dL/dx = g, put back where each maximum was found"""
    return max_unpool(
        g,
        index,
        size=x_shape[2:],
        window=window,
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


@op(
    formula="x[n, c, p·stride + index[n,c,p] - pad] += y[n,c,p]",
    constant=("index",),
    linear=("y",),
    upcast=True,
)
def max_unpool(
    xp: Any,
    y: Any,
    index: Any,
    *,
    size: tuple[int, ...],
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    ignore_border: bool,
) -> Any:
    """Put every element at its place in its window, adding where windows overlap.

    Parameters
    ----------
    y : Tensor, (N, C, P, Q)
    index : integer Tensor, (N, C, P, Q)
        Flat offsets inside the windows, as :func:`max_pool` finds them.
    size : tuple of int
        Spatial shape (H, W) of the result.
    window, stride, pad, ignore_border
        Those of the pooling.

    Returns
    -------
    Tensor, (N, C, H, W)

    Examples
    --------
    >>> import minitorch as mt
    >>> y, index = mt.asarray([[[5.0, 7.0]]]), mt.asarray([[[1, 0]]])
    >>> settings = {"window": (2,), "stride": (2,), "pad": ((0, 0),), "ignore_border": True}
    >>> mt.max_unpool(y, index, size=(4,), **settings)
    Tensor([[[0., 5., 7., 0.]]])
    """
    count = y.shape[2:]
    reach = cover(size, window, stride, pad, count)
    padded = [n + before + after for n, (before, after) in zip(size, reach, strict=True)]
    x = xp.zeros((*y.shape[:2], *padded), dtype=y.dtype)
    for i, tap in enumerate(offsets(window)):
        x[window_slices(tap, count, stride)] += xp.where(index == i, y, 0)
    inside = [slice(before, before + n) for n, (before, _) in zip(size, reach, strict=True)]
    return xp.ascontiguousarray(x[(slice(None), slice(None), *inside)])


@max_unpool.vjp("y")
def max_unpool_dy(g, index, window, stride, pad, ignore_border):
    """dL/dy = g at the places that y went to"""
    return max_pool_at(g, index, window=window, stride=stride, pad=pad, ignore_border=ignore_border)


attach(max_pool, "pool2d", max_pool_native, supports=supports_max_pool)
attach(max_unpool, "pool2d", max_unpool_native, supports=supports_max_unpool)
attach_pool(max_pool, "max")
attach_pool(max_unpool, "unmax")


@op(formula="y[n,c,p] = x[n, c, p·stride + index[n,c,p] - pad]", constant=("index",), linear=("x",))
def max_pool_at(
    xp: Any,
    x: Any,
    index: Any,
    *,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    ignore_border: bool,
) -> Any:
    """The element at a given place of every window: max pooling with its choice fixed.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
    index : integer Tensor, (N, C, P, Q)
        Flat offsets inside the windows, as :func:`max_pool` finds them.
    window, stride, pad, ignore_border
        Those of the pooling.

    Returns
    -------
    Tensor, (N, C, P, Q)

    Examples
    --------
    >>> import minitorch as mt
    >>> x, index = mt.asarray([[[4.0, 5.0, 7.0, 6.0]]]), mt.asarray([[[1, 0]]])
    >>> settings = {"window": (2,), "stride": (2,), "pad": ((0, 0),), "ignore_border": True}
    >>> mt.max_pool_at(x, index, **settings)
    Tensor([[[5., 7.]]])
    """
    count = index.shape[2:]
    reach = cover(x.shape[2:], window, stride, pad, count)
    if any(map(any, reach)):
        x = xp.pad(x, ((0, 0), (0, 0), *reach))
    out = xp.zeros(index.shape, dtype=x.dtype)
    for i, tap in enumerate(offsets(window)):
        out = xp.where(index == i, x[window_slices(tap, count, stride)], out)
    return out


@max_pool_at.vjp("x")
def max_pool_at_dx(g, index, x_shape, window, stride, pad, ignore_border):
    """dL/dx = g, put back where it was taken"""
    return max_unpool(
        g,
        index,
        size=x_shape[2:],
        window=window,
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
    )


attach_pool(max_pool_at, "at")


# (x, window, stride, pad, ignore_border) of the calls that the pooling ops are tested on
CASES = (
    ((2, 2, 4, 6), (2, 3), (2, 3), ((0, 0), (0, 0)), True, "no overlap"),
    ((1, 2, 6, 5), (3, 3), (2, 1), ((1, 0), (1, 2)), True, "overlap, uneven pad"),
    ((1, 1, 6, 7), (2, 2), (3, 4), ((0, 0), (0, 0)), True, "gaps"),
    ((1, 2, 8, 5), (3, 2), (2, 2), ((0, 0), (0, 0)), False, "over the border"),
    ((2, 1, 6), (6,), (1,), ((0, 0),), True, "1-d, window = input"),
    ((1, 1, 3, 4, 3), (2, 2, 2), (1, 2, 1), ((1, 1), (0, 0), (0, 0)), True, "3-d"),
)


def cases(make: Any) -> Any:
    """(x's shape, result's shape, static arguments, note) of every case."""
    for x, window, stride, pad, ignore_border, note in CASES:
        count = window_count(x[2:], window, stride, pad, ignore_border)
        static = {"window": window, "stride": stride, "pad": pad, "ignore_border": ignore_border}
        yield x, (*x[:2], *count), static, note


def _places(make: Any, x: Any, static: Any) -> Any:
    """Offsets that point inside the image: those of the maxima of some image."""
    return max_pool.source(numpy, make.distinct(*x), **static)[1]


@max_pool.samples
def _(make):
    for x, _, static, note in cases(make):
        yield Sample.of(make.distinct(*x), note=note, **static)


@max_unpool.samples
def _(make):
    for x, y, static, note in cases(make):
        yield Sample.of(make(*y), _places(make, x, static), size=x[2:], note=note, **static)


@max_pool_at.samples
def _(make):
    for x, _, static, note in cases(make):
        yield Sample.of(make(*x), _places(make, x, static), note=note, **static)
