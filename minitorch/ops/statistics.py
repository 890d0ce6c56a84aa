"""Variance and standard deviation."""

from __future__ import annotations

import math

from minitorch.autograd.op import Sample, op
from minitorch.ops.compare import equal, where
from minitorch.ops.reduce import mean, reduced_count, spread

__all__ = ["std", "var"]


def _freedom(shape, axis, correction):
    """Degrees of freedom: elements less the correction, NaN when none is left."""
    left = reduced_count(shape, axis) - correction
    return left if left > 0 else math.nan


def _variance(x, axis, correction, keepdims):
    """The mean squared distance from the mean, on plain arrays."""
    center = x.sum(axis=axis, keepdims=True) / reduced_count(x.shape, axis)
    distance = x - center
    return (distance * distance).sum(axis=axis, keepdims=keepdims) / _freedom(
        x.shape, axis, correction
    )


@op(formula="y = Σ (x - mean x)² / (n - correction)", quiet=True, upcast=True)
def var(xp, x, *, axis=None, correction=0.0, keepdims=False):
    """The variance over some axes; NaN where no degree of freedom is left.

    Parameters
    ----------
    x : Tensor, floating-point
    axis : int or tuple of int, optional
        Default: all.
    correction : int or float
        Subtracted from the number of elements: 0 for the variance of these
        very elements, 1 to estimate that of what they were drawn from.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of x's dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 3.0], [2.0, 2.0]], requires_grad=True)
    >>> y = mt.var(x, axis=1)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 0.], grad_fn=var), Tensor([[-1.,  1.],
            [ 0.,  0.]]))
    """
    return _variance(x, axis, correction, keepdims)


@var.vjp("x")
def var_dx(g, x, axis, correction, keepdims):
    """dL/dx = g · 2 (x - mean x) / (n - correction)"""
    g = spread(g * (2 / _freedom(x.shape, axis, correction)), x.shape, axis, keepdims)
    return g * (x - mean(x, axis=axis, keepdims=True))


@op(formula="y = √(Σ (x - mean x)² / (n - correction))", quiet=True, upcast=True)
def std(xp, x, *, axis=None, correction=0.0, keepdims=False):
    """The standard deviation: the square root of the variance.

    Parameters
    ----------
    x : Tensor, floating-point
    axis : int or tuple of int, optional
        Default: all.
    correction : int or float
        See :func:`var`.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of x's dtype

    Notes
    -----
    Where all elements are equal there is no derivative; the gradient is 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 3.0], [2.0, 2.0]], requires_grad=True)
    >>> y = mt.std(x, axis=1)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 0.], grad_fn=std), Tensor([[-0.5,  0.5],
            [ 0. ,  0. ]]))
    """
    return xp.sqrt(_variance(x, axis, correction, keepdims))


@std.vjp("x")
def std_dx(g, x, out, axis, correction, keepdims):
    """dL/dx = g · (x - mean x) / ((n - correction) y)"""
    safe = where(equal(out, 0), 1, out) * _freedom(x.shape, axis, correction)
    return spread(g / safe, x.shape, axis, keepdims) * (x - mean(x, axis=axis, keepdims=True))


@var.samples
@std.samples
def _(make):
    yield Sample.of(make.distinct(3, 4))
    yield Sample.of(make.distinct(2, 3, 4), axis=1, correction=1, note="one axis")
    yield Sample.of(make.distinct(2, 3, 4), axis=(0, -1), keepdims=True, note="axes kept")
