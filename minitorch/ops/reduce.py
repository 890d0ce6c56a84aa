"""Reductions: sums, means, extremes, and sum_to, the adjoint of broadcasting."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.ops.arithmetic import divide, multiply
from minitorch.ops.compare import equal

__all__ = ["max", "mean", "min", "sum", "sum_to"]


def _kept(shape, axis):
    """``shape`` with the reduced axes kept as length 1."""
    if axis is None:
        return (1,) * len(shape)
    axes = {a % len(shape) for a in ((axis,) if isinstance(axis, int) else axis)}
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def _spread(t, shape, axis, keepdims):
    """A reduction's result, or a gradient towards it, back to the shape of the input."""
    if axis is not None and not keepdims:
        t = t.reshape(_kept(shape, axis))
    return t.broadcast_to(shape)


def _count(shape, axis):
    """How many elements are reduced into one."""
    count = 1
    for length, kept in zip(shape, _kept(shape, axis), strict=True):
        count *= length // kept if kept else 1
    return count


@op(name="sum", formula="y = Σ x", linear=("x",))
def sum_(xp, x, *, axis=None, dtype=None, keepdims=False):
    """The sum over some axes."""
    return xp.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)


@sum_.vjp("x")
def sum_dx(g, x_shape, axis, keepdims):
    """dL/dx = g, spread over the summed axes"""
    return _spread(g, x_shape, axis, keepdims)


@op(formula="y = Σ x / n", linear=("x",), quiet=True, upcast=True)
def mean(xp, x, *, axis=None, keepdims=False):
    """The mean over some axes."""
    return xp.mean(x, axis=axis, keepdims=keepdims)


@mean.vjp("x")
def mean_dx(g, x_shape, axis, keepdims):
    """dL/dx = g / n, spread over the averaged axes"""
    return _spread(divide(g, _count(x_shape, axis)), x_shape, axis, keepdims)


@op(name="max", formula="y = max x")
def max_(xp, x, *, axis=None, keepdims=False):
    """The largest element over some axes."""
    return xp.max(x, axis=axis, keepdims=keepdims)


@op(name="min", formula="y = min x")
def min_(xp, x, *, axis=None, keepdims=False):
    """The smallest element over some axes."""
    return xp.min(x, axis=axis, keepdims=keepdims)


@max_.vjp("x")
def max_dx(g, x, out, axis, keepdims):
    """dL/dx = g where x is the extreme, split evenly between equals"""
    hit = equal(x, _spread(out.detach(), x.shape, axis, keepdims))
    share = divide(g, sum_(hit, axis=axis, dtype=g.dtype, keepdims=keepdims))
    return multiply(_spread(share, x.shape, axis, keepdims), hit)


min_.vjp("x")(max_dx)


@op(formula="y = Σ x over the axes that broadcasting from `shape` made", linear=("x",))
def sum_to(xp, x, *, shape):
    """Sum over the broadcast axes: the adjoint of ``broadcast_to``."""
    extra = x.ndim - len(shape)
    if extra < 0 or any(m != n and n != 1 for m, n in zip(x.shape[extra:], shape, strict=True)):
        raise ValueError(f"sum_to: {x.shape} cannot come from broadcasting {shape}")
    axes = tuple(range(extra)) + tuple(
        i for i, n in enumerate(shape, start=extra) if n == 1 != x.shape[i]
    )
    return xp.sum(x, axis=axes).reshape(shape)


@sum_to.vjp("x")
def sum_to_dx(g, x_shape):
    """dL/dx = g, broadcast"""
    return g.broadcast_to(x_shape)


max, min, sum = max_, min_, sum_
