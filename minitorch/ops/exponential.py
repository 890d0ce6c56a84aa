"""Exponentials and logarithms."""

from __future__ import annotations

import math

from minitorch.autograd.op import Sample, op
from minitorch.ops.arithmetic import divide, multiply, subtract
from minitorch.ops.compare import equal, where
from minitorch.ops.complex_limits import standard_expm1

__all__ = ["exp", "expm1", "log", "log1p", "log2", "log10", "logaddexp"]


@op(formula="y = e^x", quiet=True, autocast="float32")
def exp(xp, x):
    """The exponential of each element; infinite where it overflows.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, float("-inf")], requires_grad=True)
    >>> y = mt.exp(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 0.], grad_fn=exp), Tensor([1., 0.]))
    """
    return xp.exp(x)


@exp.vjp("x")
def exp_dx(g, out):
    """dL/dx = g · y"""
    return multiply(g, out)


@op(formula="y = e^x - 1", quiet=True, autocast="float32")
def expm1(xp, x):
    """The exponential minus one, exact for small ``x`` too.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, 1e-30], requires_grad=True)
    >>> y = mt.expm1(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([0.e+00, 1.e-30], grad_fn=expm1), Tensor([1., 1.]))
    """
    out = xp.expm1(x)
    return standard_expm1(xp, x, out) if out.dtype.kind == "c" else out


@expm1.vjp("x")
def expm1_dx(g, out):
    """dL/dx = g (y + 1)"""
    return g * (out + 1)


@op(formula="y = ln x", quiet=True, autocast="float32")
def log(xp, x):
    """The natural logarithm; minus infinity at 0, NaN below.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 0.0], requires_grad=True)
    >>> y = mt.log(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([  0., -inf], grad_fn=log), Tensor([ 1., inf]))
    """
    return xp.log(x)


@log.vjp("x")
def log_dx(g, x):
    """dL/dx = g / x"""
    return divide(g, x)


@op(formula="y = ln(1 + x)", quiet=True, autocast="float32")
def log1p(xp, x):
    """The logarithm of one plus ``x``, exact for small ``x`` too.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, 1e-30], requires_grad=True)
    >>> y = mt.log1p(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([0.e+00, 1.e-30], grad_fn=log1p), Tensor([1., 1.]))
    """
    return xp.log1p(x)


@log1p.vjp("x")
def log1p_dx(g, x):
    """dL/dx = g / (1 + x)"""
    return g / (x + 1)


@op(formula="y = log₂ x", quiet=True, autocast="float32")
def log2(xp, x):
    """The logarithm to base 2; minus infinity at 0, NaN below.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 8.0], requires_grad=True)
    >>> y = mt.log2(x)
    >>> y, mt.grad(y.sum(), x).shape
    (Tensor([0., 3.], grad_fn=log2), (2,))
    """
    return xp.log2(x)


@log2.vjp("x")
def log2_dx(g, x):
    """dL/dx = g / (x ln 2)"""
    return g / (x * math.log(2))


@op(formula="y = log₁₀ x", quiet=True, autocast="float32")
def log10(xp, x):
    """The logarithm to base 10; minus infinity at 0, NaN below.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 100.0], requires_grad=True)
    >>> y = mt.log10(x)
    >>> y, mt.grad(y.sum(), x).shape
    (Tensor([0., 2.], grad_fn=log10), (2,))
    """
    return xp.log10(x)


@log10.vjp("x")
def log10_dx(g, x):
    """dL/dx = g / (x ln 10)"""
    return g / (x * math.log(10))


@op(formula="y = ln(e^x1 + e^x2)", quiet=True, upcast=True)
def logaddexp(xp, x1, x2):
    """The logarithm of a sum of exponentials, which may themselves overflow.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, floating-point

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Notes
    -----
    Computed as ``max(x1, x2) + log1p(exp(-|x1 - x2|))``. Where both inputs are
    minus infinity the gradient is 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([1000.0, 0.0], requires_grad=True)
    >>> y = mt.logaddexp(x1, mt.asarray([0.0, 1000.0]))
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([1000., 1000.], grad_fn=logaddexp), Tensor([1., 0.]))
    """
    return xp.logaddexp(x1, x2)


@logaddexp.vjp("x1")
def logaddexp_dx1(g, x1, out):
    """dL/dx1 = g · e^(x1 - y)"""
    return multiply(g, share(x1, out))


@logaddexp.vjp("x2")
def logaddexp_dx2(g, x2, out):
    """dL/dx2 = g · e^(x2 - y)"""
    return multiply(g, share(x2, out))


def share(x, total):
    """e^(x - total), and 0 where the total is the logarithm of 0."""
    return exp(subtract(x, where(equal(total, -math.inf), 0, total)))


@exp.samples
@expm1.samples
def _(make):
    yield Sample.of(make(3, 4))
    yield Sample.of(make(), note="0-d")


@log.samples
@log2.samples
@log10.samples
def _(make):
    yield Sample.of(make.positive(3, 4))


@log1p.samples
def _(make):
    yield Sample.of(make(3, 4, low=-0.5, high=2.0))


@logaddexp.samples
def _(make):
    yield Sample.of(make(3, 1, low=-3.0, high=3.0), make(4), note="broadcast")
    yield Sample.of(make(3) + 800.0, 801.0, note="the exponentials overflow")
