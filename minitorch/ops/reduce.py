"""Reductions: sums, means, extremes, and ``sum_to``.

A reduction takes ``axis`` (an int, a tuple, or None for all) and ``keepdims``.
Its gradient goes the other way: spread over the axes that it took away. The
extremes give it to the elements that attain them, split evenly between equals.
"""

from __future__ import annotations

import math

from minitorch.autograd.op import Sample, op
from minitorch.backend.arrays import HALVES
from minitorch.backend.native import attach
from minitorch.ops.arithmetic import divide, multiply
from minitorch.ops.compare import equal
from minitorch.ops.exponential import share
from minitorch.ops.reduce_native import (
    long_enough,
    mean_native,
    sum_native,
    sum_to_native,
    supports_mean,
    supports_sum,
    supports_sum_to,
)

__all__ = ["logsumexp", "max", "mean", "min", "sum", "sum_to"]


def kept_shape(shape, axis):
    """``shape`` with the reduced axes kept, as length 1."""
    if axis is None:
        return (1,) * len(shape)
    axes = {a % len(shape) for a in ((axis,) if isinstance(axis, int) else axis)}
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def spread(t, shape, axis, keepdims):
    """The result of a reduction, or a gradient towards it, over the shape that was reduced."""
    if axis is not None and not keepdims:
        t = t.reshape(kept_shape(shape, axis))
    return t.broadcast_to(shape)


def reduced_count(shape, axis):
    """How many elements are reduced into one."""
    if axis is None:
        return math.prod(shape)
    axes = (axis,) if isinstance(axis, int) else axis
    return math.prod([shape[a] for a in axes])


def accumulate(xp, function, x, dtype, **options):
    """``function(dtype=, **options)``, in float32 where the result has 16 bits."""
    wanted = x.dtype if dtype is None else xp.dtype(dtype)
    if wanted in HALVES:
        return function(dtype=xp.float32, **options).astype(wanted)
    return function(dtype=dtype, **options)


@op(name="sum", formula="y = Σ x", linear=("x",), autocast="float32")
def sum_(xp, x, *, axis=None, dtype=None, keepdims=False):
    """The sum over some axes; 0 over none.

    Parameters
    ----------
    x : Tensor, numeric
    axis : int or tuple of int, optional
        Default: all.
    dtype : dtype, optional
        Of the result. Default: x's; the default integer for smaller ones and bools.
    keepdims : bool
        Keep the summed axes, as length 1.

    Returns
    -------
    Tensor

    Notes
    -----
    float16 is summed in float32.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = mt.sum(x, axis=0)
    >>> y, mt.grad(y, x, mt.asarray([1.0, 10.0]))
    (Tensor([4., 6.], grad_fn=sum), Tensor([[ 1., 10.],
            [ 1., 10.]]))
    """
    if dtype is None and x.dtype not in HALVES:
        return x.sum(axis=axis, keepdims=keepdims)
    return accumulate(xp, x.sum, x, dtype, axis=axis, keepdims=keepdims)


@sum_.vjp("x")
def sum_dx(g, x_shape, axis, keepdims):
    """dL/dx = g, spread over the summed axes"""
    return spread(g, x_shape, axis, keepdims)


@op(formula="y = Σ x / n", linear=("x",), quiet=True, upcast=True)
def mean(xp, x, *, axis=None, keepdims=False):
    """The mean over some axes; NaN over none.

    Parameters
    ----------
    x : Tensor, floating-point
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the averaged axes, as length 1.

    Returns
    -------
    Tensor of x's dtype (float64 for integers)

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = mt.mean(x, axis=1)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1.5, 3.5], grad_fn=mean), Tensor([[0.5, 0.5],
            [0.5, 0.5]]))
    """
    return x.sum(axis=axis, keepdims=keepdims) / reduced_count(x.shape, axis)


@mean.vjp("x")
def mean_dx(g, x_shape, axis, keepdims):
    """dL/dx = g / n, spread over the averaged axes"""
    return spread(divide(g, reduced_count(x_shape, axis)), x_shape, axis, keepdims)


@op(name="max", formula="y = max x")
def max_(xp, x, *, axis=None, keepdims=False):
    """The largest element over some axes; NaN if there is one.

    Parameters
    ----------
    x : Tensor, real
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of x's dtype

    Raises
    ------
    ValueError
        If there is nothing to choose from.

    Notes
    -----
    Equal largest elements share the gradient evenly.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 3.0]], requires_grad=True)
    >>> y = mt.max(x, axis=1)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([2., 3.], grad_fn=max), Tensor([[0. , 1. ],
            [0.5, 0.5]]))
    """
    return x.max(axis=axis, keepdims=keepdims)


@max_.vjp("x")
def max_dx(g, x, out, axis, keepdims):
    """dL/dx = g where x is the largest, split evenly between equals"""
    return _split(g, x, out, axis, keepdims)


@op(name="min", formula="y = min x")
def min_(xp, x, *, axis=None, keepdims=False):
    """The smallest element over some axes; NaN if there is one.

    Parameters
    ----------
    x : Tensor, real
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of x's dtype

    Raises
    ------
    ValueError
        If there is nothing to choose from.

    Notes
    -----
    Equal smallest elements share the gradient evenly.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [3.0, 3.0]], requires_grad=True)
    >>> y = mt.min(x, axis=1)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 3.], grad_fn=min), Tensor([[1. , 0. ],
            [0.5, 0.5]]))
    """
    return x.min(axis=axis, keepdims=keepdims)


@min_.vjp("x")
def min_dx(g, x, out, axis, keepdims):
    """dL/dx = g where x is the smallest, split evenly between equals"""
    return _split(g, x, out, axis, keepdims)


def _split(g, x, out, axis, keepdims):
    """g where x equals its extreme, evenly between all that do."""
    hit = equal(x, spread(out.detach(), x.shape, axis, keepdims))
    even = divide(g, sum_(hit, axis=axis, dtype=g.dtype, keepdims=keepdims))
    return multiply(spread(even, x.shape, axis, keepdims), hit)


@op(formula="y = ln Σ e^x", quiet=True, upcast=True)
def logsumexp(xp, x, *, axis=None, keepdims=False):
    """The logarithm of the sum of exponentials, which may themselves overflow.

    Parameters
    ----------
    x : Tensor, floating-point
    axis : int or tuple of int, optional
        Default: all.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of x's dtype; minus infinity over no elements

    Notes
    -----
    ``max + ln Σ e^(x - max)``: no exponent is positive and one of them is 0. The
    gradient is the softmax; where all elements are minus infinity it is 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1000.0, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> y = mt.logsumexp(x, axis=1)
    >>> y.shape, mt.grad(y.sum(), x)
    ((2,), Tensor([[1. , 0. ],
            [0.5, 0.5]]))
    """
    if reduced_count(x.shape, axis) == 0:
        return xp.log(xp.exp(x).sum(axis=axis, keepdims=keepdims))
    top = x.max(axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)
    total = xp.log(xp.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return total if keepdims else xp.squeeze(total, axis=axis)


@logsumexp.vjp("x")
def logsumexp_dx(g, x, out, axis, keepdims):
    """dL/dx = g · e^(x - y)"""
    out = spread(out, x.shape, axis, keepdims)
    return multiply(spread(g, x.shape, axis, keepdims), share(x, out))


@op(
    formula="y = Σ x over the axes along which `shape` is broadcast",
    linear=("x",),
    autocast="float32",
)
def sum_to(xp, x, *, shape):
    """Sum down to ``shape``: the adjoint of ``broadcast_to``.

    The engine calls it wherever a rule's gradient is larger than its input.

    Parameters
    ----------
    x : Tensor
    shape : tuple of int
        A shape that broadcasts to that of ``x``.

    Returns
    -------
    Tensor of that shape

    Raises
    ------
    ValueError
        If it does not broadcast to that of ``x``.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.sum_to(mt.ones((4, 2, 3)), shape=(2, 1))
    Tensor([[12.],
            [12.]])
    """
    have = x.shape
    axis = len(have) - len(shape)
    axes = list(range(axis))
    for n in shape:
        if axis < 0 or (n != have[axis] and n != 1):
            raise ValueError(f"sum_to: shape {tuple(shape)} does not broadcast to x's, {have}")
        if n != have[axis]:
            axes.append(axis)
        axis += 1
    if x.dtype in HALVES:
        return accumulate(xp, x.sum, x, None, axis=tuple(axes)).reshape(shape)
    return x.sum(axis=tuple(axes), dtype=x.dtype).reshape(shape)


@sum_to.vjp("x")
def sum_to_dx(g, x_shape):
    """dL/dx = g, broadcast"""
    return g.broadcast_to(x_shape)


attach(sum_, "reduce", sum_native, supports=supports_sum, prefers={"k01_pieces": long_enough})
attach(mean, "reduce", mean_native, supports=supports_mean, prefers={"k01_pieces": long_enough})
attach(
    sum_to, "reduce", sum_to_native, supports=supports_sum_to, prefers={"k01_pieces": long_enough}
)


@sum_.samples
@mean.samples
@logsumexp.samples
def _(make):
    yield Sample.of(make(3, 4))
    yield Sample.of(make(2, 3, 4), axis=1, note="one axis")
    yield Sample.of(make(2, 3, 4), axis=(0, -1), keepdims=True, note="axes kept")
    yield Sample.of(make(), note="0-d")
    yield Sample.of(make(3, 2), axis=(), note="no axis")


@max_.samples
@min_.samples
def _(make):
    yield Sample.of(make.distinct(3, 4))
    yield Sample.of(make.distinct(2, 3, 4), axis=1, note="one axis")
    yield Sample.of(make.distinct(2, 3, 4), axis=(0, -1), keepdims=True, note="axes kept")
    yield Sample.of(make(), note="0-d")


@sum_to.samples
def _(make):
    yield Sample.of(make(2, 3, 4), shape=(3, 1))
    yield Sample.of(make(2, 3), shape=(), note="to 0-d")
    yield Sample.of(make(2, 3), shape=(2, 3), note="nothing to sum")


max, min, sum = max_, min_, sum_
