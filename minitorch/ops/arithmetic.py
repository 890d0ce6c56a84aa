"""Arithmetic: sums, products, quotients, powers, and what rounds or compares values.

Kinks and ties: abs has gradient 0 at 0 (as sign has), maximum and minimum split
the gradient evenly between equal inputs, clip passes it on at its bounds.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op

__all__ = ["add", "multiply", "negative", "subtract"]


@op(formula="y = x1 + x2", linear=("x1",))
def add(xp, x1, x2):
    """Sum of two arrays, broadcast against each other.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.add(mt.asarray([1.0, 2.0]), 1)
    Tensor([2., 3.])
    """
    return xp.add(x1, x2)


@add.vjp("x1", "x2")
def add_dx(g):
    """dL/dx1 = dL/dx2 = g"""
    return g


@add.samples
def _(make):
    yield Sample.of(make(3, 4), make(3, 4))
    yield Sample.of(make(3, 1), make(4), note="broadcast")


@op(formula="y = x1 - x2")
def subtract(xp, x1, x2):
    """Difference of two arrays, broadcast against each other."""
    return xp.subtract(x1, x2)


@subtract.vjp("x1")
def subtract_dx1(g):
    """dL/dx1 = g"""
    return g


@subtract.vjp("x2")
def subtract_dx2(g):
    """dL/dx2 = -g"""
    return negative(g)


@op(formula="y = -x", linear=("x",))
def negative(xp, x):
    """The negative of each element."""
    return xp.negative(x)


@negative.vjp("x")
def negative_dx(g):
    """dL/dx = -g"""
    return negative(g)


@op(formula="y = x1 · x2", linear=("x1", "x2"))
def multiply(xp, x1, x2):
    """Product of two arrays, broadcast against each other."""
    return xp.multiply(x1, x2)


@multiply.vjp("x1")
def multiply_dx1(g, x2):
    """dL/dx1 = g · x2"""
    return multiply(g, x2)


@multiply.vjp("x2")
def multiply_dx2(g, x1):
    """dL/dx2 = g · x1"""
    return multiply(g, x1)
