"""Arithmetic: sums, differences, products, quotients and what is left of them.

The rules of the first five run in nearly every backward pass, so they call the
ops by name; elsewhere rules are written with the operators.
"""

from __future__ import annotations

from minitorch.autograd.op import Sample, op

__all__ = [
    "add",
    "divide",
    "floor_divide",
    "multiply",
    "negative",
    "positive",
    "reciprocal",
    "remainder",
    "subtract",
]


@op(formula="y = x1 + x2", linear=("x1", "x2"))
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
    >>> x1 = mt.tensor([[1.0], [2.0]], requires_grad=True)
    >>> y = mt.add(x1, mt.asarray([10.0, 20.0, 30.0]))
    >>> y.shape, mt.grad(y.sum(), x1)
    ((2, 3), Tensor([[3.],
            [3.]]))
    """
    return xp.add(x1, x2)


@add.vjp("x1", "x2")
def add_dx(g):
    """dL/dx1 = dL/dx2 = g"""
    return g


@op(formula="y = x1 - x2", linear=("x1", "x2"))
def subtract(xp, x1, x2):
    """Difference of two arrays, broadcast against each other.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> x2 = mt.tensor([1.0, 2.0], requires_grad=True)
    >>> y = mt.subtract(5, x2)
    >>> y, mt.grad(y.sum(), x2)
    (Tensor([4., 3.], grad_fn=subtract), Tensor([-1., -1.]))
    """
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
    """The negative of each element.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, -2.0], requires_grad=True)
    >>> y = mt.negative(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([-1.,  2.], grad_fn=negative), Tensor([-1., -1.]))
    """
    return xp.negative(x)


@negative.vjp("x")
def negative_dx(g):
    """dL/dx = -g"""
    return negative(g)


@op(formula="y = x1 · x2", linear=("x1", "x2"))
def multiply(xp, x1, x2):
    """Product of two arrays, element by element and broadcast.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([1.0, 2.0], requires_grad=True)
    >>> y = mt.multiply(x1, mt.asarray([10.0, 20.0]))
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([10., 40.], grad_fn=multiply), Tensor([10., 20.]))
    """
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
    """Quotient of two arrays; division by zero gives an infinity or NaN, not an error.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x2 = mt.tensor([2.0, 4.0], requires_grad=True)
    >>> y = mt.divide(1, x2)
    >>> y, mt.grad(y.sum(), x2)
    (Tensor([0.5 , 0.25], grad_fn=divide), Tensor([-0.25  , -0.0625]))
    """
    return xp.divide(x1, x2)


@divide.vjp("x1")
def divide_dx1(g, x2):
    """dL/dx1 = g / x2"""
    return divide(g, x2)


@divide.vjp("x2")
def divide_dx2(g, out, x2):
    """dL/dx2 = -g · y / x2"""
    return negative(multiply(g, divide(out, x2)))


@op(formula="y = x", linear=("x",))
def positive(xp, x):
    """A copy of the array: ``+x``.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor like ``x``, with memory of its own

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, -2.0], requires_grad=True)
    >>> y = mt.positive(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([ 1., -2.], grad_fn=positive), Tensor([1., 1.]))
    """
    return xp.positive(x)


@positive.vjp("x")
def positive_dx(g):
    """dL/dx = g"""
    return g


@op(formula="y = 1 / x", quiet=True)
def reciprocal(xp, x):
    """One over each element, infinite where it is zero.

    Parameters
    ----------
    x : Tensor, floating-point

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([2.0, 4.0], requires_grad=True)
    >>> y = mt.reciprocal(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([0.5 , 0.25], grad_fn=reciprocal), Tensor([-0.25  , -0.0625]))
    """
    return xp.reciprocal(x)


@reciprocal.vjp("x")
def reciprocal_dx(g, out):
    """dL/dx = -g · y²"""
    return -(g * (out * out))


@op(formula="y = ⌊x1 / x2⌋", constant=True, quiet=True)
def floor_divide(xp, x1, x2):
    """Quotient rounded towards minus infinity; constant for gradients.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Notes
    -----
    With infinities it follows the Array API standard, not NumPy: inf // 2 is inf
    (NumPy: NaN), -1 // inf is -0 (NumPy: -1).

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.floor_divide(mt.asarray([7, -7]), 2)
    Tensor([ 3, -4])
    """
    out = xp.floor_divide(x1, x2)
    if out.dtype.kind != "f":
        return out
    # With an infinity the rounded quotient, as the standard has it; NumPy gives NaN or -1.
    infinite = xp.isinf(x1) | xp.isinf(x2)
    return xp.where(infinite, xp.floor(xp.true_divide(x1, x2)), out)


@op(formula="y = x1 - ⌊x1 / x2⌋ · x2", quiet=True)
def remainder(xp, x1, x2):
    """What a floored division leaves; it has the sign of ``x2``.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Notes
    -----
    Between its jumps (where x2 divides x1) the quotient is constant, so the
    derivatives are 1 and minus that quotient; at a jump the same is used.

    Examples
    --------
    >>> import minitorch as mt
    >>> x2 = mt.tensor(3.0, requires_grad=True)
    >>> y = mt.remainder(mt.asarray([7.0, -7.0]), x2)
    >>> y, mt.grad(y.sum(), x2)
    (Tensor([1., 2.], grad_fn=remainder), Tensor(1.))
    """
    return xp.remainder(x1, x2)


@remainder.vjp("x1")
def remainder_dx1(g):
    """dL/dx1 = g"""
    return g


@remainder.vjp("x2")
def remainder_dx2(g, x1, x2):
    """dL/dx2 = -g · ⌊x1 / x2⌋"""
    return -(g * floor_divide(x1, x2))


@add.samples
@subtract.samples
@multiply.samples
def _(make):
    yield Sample.of(make(3, 4), make(3, 4))
    yield Sample.of(make(3, 1), make(4), note="broadcast")
    yield Sample.of(make(), make(2, 1, 3), note="0-d")
    yield Sample.of(make(0, 2), make(1, 2), note="empty")
    yield Sample.of(make(3), 2.5, note="scalar")


@divide.samples
def _(make):
    yield Sample.of(make(3, 4), make.positive(3, 4))
    yield Sample.of(make(3, 1), make(4, away=(0.0,), gap=0.3), note="broadcast")
    yield Sample.of(2.0, make.positive(3), note="scalar over array")


@negative.samples
@positive.samples
def _(make):
    yield Sample.of(make(3, 4))
    yield Sample.of(make(), note="0-d")


@reciprocal.samples
def _(make):
    yield Sample.of(make.positive(3, 4))
    yield Sample.of(make(5, away=(0.0,), gap=0.3), note="both signs")


@floor_divide.samples
def _(make):
    yield Sample.of(make(3, 4, low=-5.0, high=5.0), make.positive(4))
    yield Sample.of(make.ints(5, low=-9, high=9), 4, note="integers")


@remainder.samples
def _(make):
    quotient = make.ints(3, 4, low=-3, high=4)
    divisor = make.positive(4)
    fraction = make(3, 4, low=0.2, high=0.8)
    yield Sample.of((quotient + fraction) * divisor, divisor, note="away from jumps")
    yield Sample.of(make(3, low=0.1, high=0.9), -1.0, note="scalar")
