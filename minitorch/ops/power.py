"""Powers and roots."""

from __future__ import annotations

import math

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.arithmetic import divide, multiply
from minitorch.ops.compare import equal, where
from minitorch.ops.exponential import log
from minitorch.ops.logic import logical_and

__all__ = ["hypot", "pow", "sqrt", "square"]


@op(formula="y = x²", autocast="float32")
def square(xp, x):
    """The square of each element.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, -3.0], requires_grad=True)
    >>> y = mt.square(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 9.], grad_fn=square), Tensor([ 2., -6.]))
    """
    return xp.square(x)


@square.vjp("x")
def square_dx(g, x):
    """dL/dx = 2 g x"""
    return multiply(g, multiply(x, 2))


@op(formula="y = √x", quiet=True)
def sqrt(xp, x):
    """The square root; NaN for negative elements.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Notes
    -----
    The gradient at 0 is infinite, and NaN once it meets a zero gradient
    (0 · ∞), as in ``sqrt(square(x).sum())`` at 0. :func:`hypot`,
    :func:`std` and :func:`minitorch.linalg.vector_norm` have gradient 0 there;
    else add a small constant under the root.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([4.0, 0.0], requires_grad=True)
    >>> y = mt.sqrt(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([2., 0.], grad_fn=sqrt), Tensor([0.25,  inf]))
    """
    return xp.sqrt(x)


@sqrt.vjp("x")
def sqrt_dx(g, out):
    """dL/dx = g / (2 y)"""
    return divide(multiply(g, 0.5), out)


@op(name="pow", formula="y = x1 ^ x2", quiet=True, autocast="float32")
def pow_(xp, x1, x2):
    """``x1`` to the power of ``x2``, broadcast against each other.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, numeric

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Raises
    ------
    ValueError
        For an integer to a negative integer power.

    Notes
    -----
    0^0 is 1. The gradient towards the base is 0 for exponent 0, at every base.
    The gradient towards the exponent at base 0 is 0 for exponents that are not
    negative, the limit of y ln x1; at a negative base it is NaN.

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([0.0, 1.0, -2.0], requires_grad=True)
    >>> y = mt.pow(x1, 3)
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([ 0.,  1., -8.], grad_fn=pow), Tensor([ 0.,  3., 12.]))
    """
    return x1**x2


@pow_.vjp("x1")
def pow_dx1(g, x1, x2):
    """dL/dx1 = g · x2 · x1^(x2 - 1)"""
    if isinstance(x2, Tensor):
        # x^0 has derivative 0 at every x, where 0 · x^(-1) would be NaN at 0.
        return g * (x2 * pow_(x1, where(equal(x2, 0), 1, x2 - 1)))
    if x2 == 2:
        return multiply(g, multiply(x1, 2))
    return multiply(g, multiply(pow_(x1, x2 - 1), x2) if x2 else 0)


@pow_.vjp("x2")
def pow_dx2(g, x1, x2, out):
    """dL/dx2 = g · y · ln x1, and 0 where x1 = 0 and x2 ≥ 0"""
    if not isinstance(x1, Tensor) and x1 > 0:
        return multiply(g, multiply(out, math.log(x1)))
    zero = equal(x1, 0) if isinstance(x1, Tensor) else x1 == 0
    flat = logical_and(zero, x2 >= 0)
    return g * (out * log(where(flat, 1.0, x1)))


@op(formula="y = √(x1² + x2²)", quiet=True, autocast="float32")
def hypot(xp, x1, x2):
    """The length of the hypotenuse, without overflow or underflow on the way.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, floating-point

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Notes
    -----
    At the origin, where there is no derivative, the gradient is 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([3.0, 0.0], requires_grad=True)
    >>> y = mt.hypot(x1, mt.asarray([4.0, 0.0]))
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([5., 0.], grad_fn=hypot), Tensor([0.6, 0. ]))
    """
    return xp.hypot(x1, x2)


@hypot.vjp("x1")
def hypot_dx1(g, x1, out):
    """dL/dx1 = g · x1 / y"""
    return g * (x1 / where(equal(out, 0), 1, out))


@hypot.vjp("x2")
def hypot_dx2(g, x2, out):
    """dL/dx2 = g · x2 / y"""
    return g * (x2 / where(equal(out, 0), 1, out))


@square.samples
def _(make):
    yield Sample.of(make(3, 4))


@sqrt.samples
def _(make):
    yield Sample.of(make.positive(3, 4))


@pow_.samples
def _(make):
    yield Sample.of(make.positive(3, 1), make(4, low=-2.0, high=3.0), note="broadcast")
    yield Sample.of(make(3, 4, away=(0.0,), gap=0.2), 3, note="integer power")
    yield Sample.of(make.positive(3), -1.5, note="scalar power")
    yield Sample.of(make(3), 2, note="square")
    yield Sample.of(2.0, make(3), note="scalar base")


@hypot.samples
def _(make):
    yield Sample.of(make(3, 4, away=(0.0,), gap=0.3), make(4))


pow = pow_
