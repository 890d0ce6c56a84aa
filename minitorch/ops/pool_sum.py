"""Sum and average pooling in one, two and three dimensions, with their adjoints.

A sum over a box is a sum along each axis in turn, so the cost grows with the
sum of the window's sides and not with their product.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.ops.pool import cases, cover, window_count
from minitorch.ops.pool_device import attach_pool
from minitorch.ops.pool_sum_native import attach_native_sum

__all__ = ["avg_pool", "avg_unpool", "sum_pool", "sum_unpool"]


def _along(axis: int, start: int, count: int, stride: int) -> tuple[slice, ...]:
    """Index that picks every ``stride``-th element of one axis."""
    return (*[slice(None)] * axis, slice(start, start + stride * (count - 1) + 1, stride))


def _gather(xp: Any, x: Any, window: Any, stride: Any, pad: Any, ignore_border: bool) -> Any:
    """The sum of every window."""
    count = window_count(x.shape[2:], window, stride, pad, ignore_border)
    reach = cover(x.shape[2:], window, stride, pad, count)
    if any(map(any, reach)):
        x = xp.pad(x, ((0, 0), (0, 0), *reach))
    for axis, (f, s, p) in enumerate(zip(window, stride, count, strict=True), start=2):
        total = x[_along(axis, 0, p, s)].copy()
        for k in range(1, f):
            total += x[_along(axis, k, p, s)]
        x = total
    return x


def _scatter(xp: Any, y: Any, size: Any, window: Any, stride: Any, pad: Any) -> Any:
    """The adjoint of :func:`_gather`: give every element of a window its value."""
    count = y.shape[2:]
    reach = cover(size, window, stride, pad, count)
    rows = zip(size, reach, window, stride, count, strict=True)
    for axis, (n, (before, after), f, s, p) in enumerate(rows, start=2):
        wide = xp.zeros((*y.shape[:axis], before + n + after, *y.shape[axis + 1 :]), dtype=y.dtype)
        for k in range(f):
            wide[_along(axis, k, p, s)] += y
        y = wide[(*[slice(None)] * axis, slice(before, before + n))]
    return xp.ascontiguousarray(y)


def _elements(
    xp: Any,
    size: Any,
    window: Any,
    stride: Any,
    pad: Any,
    ignore_border: bool,
    count_padding: bool,
    dtype: Any,
) -> Any:
    """How many elements each window averages, (*count)."""
    total = xp.ones((), dtype=dtype)
    count = window_count(size, window, stride, pad, ignore_border)
    for n, f, s, (before, after), p in zip(size, window, stride, pad, count, strict=True):
        low, high = (-before, n + after) if count_padding else (0, n)
        start = s * xp.arange(p) - before
        here = xp.minimum(start + f, high) - xp.maximum(start, low)
        total = total[..., None] * here.astype(dtype)
    return total


@op(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad]", linear=("x",), upcast=True)
def sum_pool(
    xp: Any,
    x: Any,
    *,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    ignore_border: bool,
) -> Any:
    """The sum of every window, in any number of dimensions.

    The op below :func:`sum_pool1d`, :func:`sum_pool2d` and :func:`sum_pool3d`,
    which check the arguments; here every static argument has one entry per
    spatial axis.

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

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 2.0, 3.0]]], requires_grad=True)
    >>> y = mt.sum_pool(x, window=(2,), stride=(1,), pad=((0, 0),), ignore_border=True)
    >>> y.detach()
    Tensor([[[3., 5.]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[1., 2., 1.]]])
    """
    return _gather(xp, x, window, stride, pad, ignore_border)


@sum_pool.vjp("x")
def sum_pool_dx(g, x_shape, window, stride, pad, ignore_border):
    """dL/dx = for every element, the sum of g over the windows that it is in"""
    return sum_unpool(
        g, size=x_shape[2:], window=window, stride=stride, pad=pad, ignore_border=ignore_border
    )


@op(formula="x[n,c,q] = Σ_p y[n,c,p] over the windows p that q is in", linear=("y",), upcast=True)
def sum_unpool(
    xp: Any,
    y: Any,
    *,
    size: tuple[int, ...],
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    ignore_border: bool,
) -> Any:
    """The adjoint of :func:`sum_pool`: every element of a window gets the window's value.

    Parameters
    ----------
    y : Tensor, (N, C, P, Q)
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
    >>> y = mt.asarray([[[1.0, 10.0]]])
    >>> mt.sum_unpool(y, size=(3,), window=(2,), stride=(1,), pad=((0, 0),), ignore_border=True)
    Tensor([[[ 1., 11., 10.]]])
    """
    return _scatter(xp, y, size, window, stride, pad)


@sum_unpool.vjp("y")
def sum_unpool_dy(g, window, stride, pad, ignore_border):
    """dL/dy = the sum of g over each window"""
    return sum_pool(g, window=window, stride=stride, pad=pad, ignore_border=ignore_border)


@op(formula="y[n,c,p] = Σ_r x[n, c, p·stride + r - pad] / elements(p)", linear=("x",), upcast=True)
def avg_pool(
    xp: Any,
    x: Any,
    *,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    ignore_border: bool,
    count_padding: bool,
) -> Any:
    """The mean of every window, in any number of dimensions.

    The op below :func:`avg_pool1d`, :func:`avg_pool2d` and :func:`avg_pool3d`,
    which check the arguments; here every static argument has one entry per
    spatial axis.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
        One to three spatial axes.
    window, stride : tuple of int
    pad : tuple of (before, after)
    ignore_border : bool
        Whether windows that reach beyond the padded input are left out.
    count_padding : bool
        Whether the zeros of the padding count as elements. What lies beyond
        the padding never does.

    Returns
    -------
    Tensor, (N, C, P, Q)

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 2.0, 3.0]]], requires_grad=True)
    >>> y = mt.avg_pool(x, window=(2,), stride=(2,), pad=((1, 0),), ignore_border=True,
    ...                 count_padding=False)
    >>> y.detach()
    Tensor([[[1. , 2.5]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[1. , 0.5, 0.5]]])
    """
    total = _gather(xp, x, window, stride, pad, ignore_border)
    return total / _elements(
        xp, x.shape[2:], window, stride, pad, ignore_border, count_padding, total.dtype
    )


@avg_pool.vjp("x")
def avg_pool_dx(g, x_shape, window, stride, pad, ignore_border, count_padding):
    """dL/dx = for every element, the sum of g / elements over the windows that it is in"""
    return avg_unpool(
        g,
        size=x_shape[2:],
        window=window,
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
        count_padding=count_padding,
    )


@op(
    formula="x[n,c,q] = Σ_p y[n,c,p] / elements(p) over the windows p that q is in",
    linear=("y",),
    upcast=True,
)
def avg_unpool(
    xp: Any,
    y: Any,
    *,
    size: tuple[int, ...],
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    ignore_border: bool,
    count_padding: bool,
) -> Any:
    """The adjoint of :func:`avg_pool`: a window's value, shared out among its elements.

    Parameters
    ----------
    y : Tensor, (N, C, P, Q)
    size : tuple of int
        Spatial shape (H, W) of the result.
    window, stride, pad, ignore_border, count_padding
        Those of the pooling.

    Returns
    -------
    Tensor, (N, C, H, W)

    Examples
    --------
    >>> import minitorch as mt
    >>> y = mt.asarray([[[1.0, 10.0]]])
    >>> mt.avg_unpool(y, size=(3,), window=(2,), stride=(1,), pad=((0, 0),), ignore_border=True,
    ...               count_padding=False)
    Tensor([[[0.5, 5.5, 5. ]]])
    """
    shares = y / _elements(xp, size, window, stride, pad, ignore_border, count_padding, y.dtype)
    return _scatter(xp, shares, size, window, stride, pad)


@avg_unpool.vjp("y")
def avg_unpool_dy(g, window, stride, pad, ignore_border, count_padding):
    """dL/dy = the mean of g over each window"""
    return avg_pool(
        g,
        window=window,
        stride=stride,
        pad=pad,
        ignore_border=ignore_border,
        count_padding=count_padding,
    )


for _op, _pass in (
    (sum_pool, "sum"),
    (sum_unpool, "unsum"),
    (avg_pool, "sum"),
    (avg_unpool, "unsum"),
):
    attach_native_sum(_op, back=_pass == "unsum")
    attach_pool(_op, _pass)


@sum_pool.samples
def _(make: Any) -> Any:
    for x, _, static, note in cases(make):
        yield Sample.of(make(*x), note=note, **static)


@sum_unpool.samples
def _(make: Any) -> Any:
    for x, y, static, note in cases(make):
        yield Sample.of(make(*y), size=x[2:], note=note, **static)


@avg_pool.samples
def _(make: Any) -> Any:
    for x, _, static, note in cases(make):
        yield Sample.of(make(*x), count_padding=False, note=note, **static)
        yield Sample.of(make(*x), count_padding=True, note=f"{note}, count padding", **static)


@avg_unpool.samples
def _(make: Any) -> Any:
    for x, y, static, note in cases(make):
        yield Sample.of(make(*y), size=x[2:], count_padding=False, note=note, **static)
        yield Sample.of(make(*y), size=x[2:], count_padding=True, note=note, **static)
