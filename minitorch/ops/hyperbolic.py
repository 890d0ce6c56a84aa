"""Hyperbolic functions and their inverses."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op
from minitorch.ops.arithmetic import multiply, subtract
from minitorch.ops.complex_limits import standard_tanh
from minitorch.ops.power import sqrt

__all__ = ["acosh", "asinh", "atanh", "cosh", "sinh", "tanh"]


@op(formula="y = sinh x", quiet=True, autocast="float32")
def sinh(xp, x):
    """The hyperbolic sine.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor(0.0, requires_grad=True)
    >>> mt.sinh(x), mt.grad(mt.sinh(x), x)
    (Tensor(0., grad_fn=sinh), Tensor(1.))
    """
    return xp.sinh(x)


@sinh.vjp("x")
def sinh_dx(g, x):
    """dL/dx = g cosh x"""
    return g * cosh(x)


@op(formula="y = cosh x", quiet=True, autocast="float32")
def cosh(xp, x):
    """The hyperbolic cosine.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor(0.0, requires_grad=True)
    >>> mt.cosh(x), mt.grad(mt.cosh(x), x)
    (Tensor(1., grad_fn=cosh), Tensor(0.))
    """
    return xp.cosh(x)


@cosh.vjp("x")
def cosh_dx(g, x):
    """dL/dx = g sinh x"""
    return g * sinh(x)


@op(formula="y = tanh x")
def tanh(xp, x):
    """The hyperbolic tangent: an S-shaped curve from -1 to 1.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, 100.0], requires_grad=True)
    >>> y = mt.tanh(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([0., 1.], grad_fn=tanh), Tensor([1., 0.]))
    """
    out = xp.tanh(x)
    return standard_tanh(xp, x, out) if out.dtype.kind == "c" else out


@tanh.vjp("x")
def tanh_dx(g, out):
    """dL/dx = g (1 - y²)"""
    return multiply(g, subtract(1, multiply(out, out)))


@op(formula="y = arsinh x")
def asinh(xp, x):
    """The inverse of the hyperbolic sine.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor(0.0, requires_grad=True)
    >>> mt.asinh(x), mt.grad(mt.asinh(x), x)
    (Tensor(0., grad_fn=asinh), Tensor(1.))
    """
    return xp.arcsinh(x)


@asinh.vjp("x")
def asinh_dx(g, x):
    """dL/dx = g / √(x² + 1)"""
    return g / sqrt(x * x + 1)


@op(formula="y = arcosh x", quiet=True)
def acosh(xp, x):
    """The inverse of the hyperbolic cosine on [1, ∞); NaN below.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Notes
    -----
    The gradient is infinite at 1.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor(1.0, requires_grad=True)
    >>> mt.acosh(x), mt.grad(mt.acosh(x), x)
    (Tensor(0., grad_fn=acosh), Tensor(inf))
    """
    return xp.arccosh(x)


@acosh.vjp("x")
def acosh_dx(g, x):
    """dL/dx = g / √((x - 1)(x + 1))"""
    return g / sqrt((x - 1) * (x + 1))


@op(formula="y = artanh x", quiet=True)
def atanh(xp, x):
    """The inverse of the hyperbolic tangent; infinite at -1 and 1, NaN beyond.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, 1.0], requires_grad=True)
    >>> y = mt.atanh(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([ 0., inf], grad_fn=atanh), Tensor([ 1., inf]))
    """
    return xp.arctanh(x)


@atanh.vjp("x")
def atanh_dx(g, x):
    """dL/dx = g / ((1 - x)(1 + x))"""
    return g / ((1 - x) * (1 + x))


@sinh.samples
@cosh.samples
@tanh.samples
@asinh.samples
def _(make):
    yield Sample.of(make(3, 4))


@atanh.samples
def _(make):
    yield Sample.of(make(3, 4, low=-0.8, high=0.8))


@acosh.samples
def _(make):
    yield Sample.of(make(3, 4, low=1.2, high=3.0))
