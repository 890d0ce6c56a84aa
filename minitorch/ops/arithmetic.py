"""Arithmetic: sums, products, quotients, powers, and what rounds or compares values.

Kinks and ties: abs has gradient 0 at 0 (as sign has), maximum and minimum split
the gradient evenly between equal inputs, clip passes it on at its bounds.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.compare import equal, greater, less, where

__all__ = [
    "abs", "add", "divide", "maximum", "minimum", "multiply", "negative", "pow", "sign", "sqrt",
    "square", "subtract",
]


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


@op(formula="y = x1 / x2", linear=("x1",), quiet=True)
def divide(xp, x1, x2):
    """Quotient of two arrays."""
    return xp.divide(x1, x2)


@divide.vjp("x1")
def divide_dx1(g, x2):
    """dL/dx1 = g / x2"""
    return divide(g, x2)


@divide.vjp("x2")
def divide_dx2(g, out, x2):
    """dL/dx2 = -g · y / x2"""
    return negative(multiply(g, divide(out, x2)))


@op(formula="y = x²")
def square(xp, x):
    """The square of each element."""
    return xp.multiply(x, x)


@square.vjp("x")
def square_dx(g, x):
    """dL/dx = 2 g x"""
    return multiply(g, multiply(x, 2))


@op(formula="y = √x", quiet=True)
def sqrt(xp, x):
    """The square root of each element."""
    return xp.sqrt(x)


@sqrt.vjp("x")
def sqrt_dx(g, out):
    """dL/dx = g / (2 y)"""
    return divide(multiply(g, 0.5), out)


@op(formula="y = sign x", constant=True)
def sign(xp, x):
    """The sign of each element."""
    return xp.sign(x)


@op(name="abs", formula="y = |x|")
def abs_(xp, x):
    """The absolute value of each element."""
    return xp.abs(x)


@abs_.vjp("x")
def abs_dx(g, x):
    """dL/dx = g · sign x"""
    return multiply(g, sign(x))


@op(name="pow", formula="y = x1 ^ x2", quiet=True)
def pow_(xp, x1, x2):
    """x1 to the power of x2."""
    return xp.power(x1, x2)


@pow_.vjp("x1")
def pow_dx1(g, x1, x2):
    """dL/dx1 = g · x2 · x1^(x2 - 1)"""
    if not isinstance(x2, Tensor):
        if x2 == 2:
            return multiply(g, multiply(x1, 2))
        return multiply(g, multiply(pow_(x1, x2 - 1), x2)) if x2 else None
    exponent = where(equal(x2, 0), 1, subtract(x2, 1))
    return multiply(g, multiply(pow_(x1, exponent), x2))


@pow_.vjp("x2")
def pow_dx2(g, x1, x2, out):
    """dL/dx2 = g · y · ln x1"""
    from minitorch.ops.exponential import log

    return multiply(g, multiply(out, log(where(equal(x1, 0), 1, x1))))


@op(formula="y = max(x1, x2)")
def maximum(xp, x1, x2):
    """The larger of two arrays, element by element."""
    return xp.maximum(x1, x2)


@maximum.vjp("x1")
def maximum_dx1(g, x1, x2):
    """dL/dx1 = g where x1 > x2, g / 2 where they are equal, else 0"""
    return where(equal(x1, x2), multiply(g, 0.5), where(greater(x1, x2), g, 0))


@maximum.vjp("x2")
def maximum_dx2(g, x1, x2):
    """dL/dx2 = g where x2 > x1, g / 2 where they are equal, else 0"""
    return where(equal(x1, x2), multiply(g, 0.5), where(less(x1, x2), g, 0))


@op(formula="y = min(x1, x2)")
def minimum(xp, x1, x2):
    """The smaller of two arrays, element by element."""
    return xp.minimum(x1, x2)


@minimum.vjp("x1")
def minimum_dx1(g, x1, x2):
    """dL/dx1 = g where x1 < x2, g / 2 where they are equal, else 0"""
    return where(equal(x1, x2), multiply(g, 0.5), where(less(x1, x2), g, 0))


@minimum.vjp("x2")
def minimum_dx2(g, x1, x2):
    """dL/dx2 = g where x2 < x1, g / 2 where they are equal, else 0"""
    return where(equal(x1, x2), multiply(g, 0.5), where(greater(x1, x2), g, 0))


abs, pow = abs_, pow_
