"""Trigonometric functions and their inverses; angles are in radians."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op
from minitorch.ops.compare import equal, where
from minitorch.ops.power import sqrt

__all__ = [
    "acos",
    "asin",
    "atan",
    "atan2",
    "cos",
    "sin",
    "tan",
]


@op(formula="y = sin x", quiet=True)
def sin(xp, x):
    """The sine of angles in radians.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, -0.0], requires_grad=True)
    >>> y = mt.sin(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([ 0., -0.], grad_fn=sin), Tensor([1., 1.]))
    """
    return xp.sin(x)


@sin.vjp("x")
def sin_dx(g, x):
    """dL/dx = g cos x"""
    return g * cos(x)


@op(formula="y = cos x", quiet=True)
def cos(xp, x):
    """The cosine of angles in radians.

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
    >>> mt.cos(x), mt.grad(mt.cos(x), x)
    (Tensor(1., grad_fn=cos), Tensor(-0.))
    """
    return xp.cos(x)


@cos.vjp("x")
def cos_dx(g, x):
    """dL/dx = -g sin x"""
    return -(g * sin(x))


@op(formula="y = tan x", quiet=True)
def tan(xp, x):
    """The tangent of angles in radians.

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
    >>> mt.tan(x), mt.grad(mt.tan(x), x)
    (Tensor(0., grad_fn=tan), Tensor(1.))
    """
    return xp.tan(x)


@tan.vjp("x")
def tan_dx(g, out):
    """dL/dx = g (1 + y²)"""
    return g * (1 + out * out)


@op(formula="y = arcsin x", quiet=True)
def asin(xp, x):
    """The angle in [-π/2, π/2] with sine ``x``; NaN outside [-1, 1].

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Notes
    -----
    The gradient is infinite at -1 and 1.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor(0.0, requires_grad=True)
    >>> mt.asin(x), mt.grad(mt.asin(x), x)
    (Tensor(0., grad_fn=asin), Tensor(1.))
    """
    return xp.arcsin(x)


@asin.vjp("x")
def asin_dx(g, x):
    """dL/dx = g / √((1 - x)(1 + x))"""
    return g / sqrt((1 - x) * (1 + x))


@op(formula="y = arccos x", quiet=True)
def acos(xp, x):
    """The angle in [0, π] with cosine ``x``; NaN outside [-1, 1].

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Notes
    -----
    The gradient is infinite at -1 and 1.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 0.0], requires_grad=True)
    >>> y = mt.acos(x)
    >>> y[0], mt.grad(y.sum(), x)
    (Tensor(0., grad_fn=getitem), Tensor([-inf,  -1.]))
    """
    return xp.arccos(x)


@acos.vjp("x")
def acos_dx(g, x):
    """dL/dx = -g / √((1 - x)(1 + x))"""
    return -(g / sqrt((1 - x) * (1 + x)))


@op(formula="y = arctan x")
def atan(xp, x):
    """The angle in [-π/2, π/2] with tangent ``x``.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, floating-point

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([0.0, 0.0], requires_grad=True)
    >>> y = mt.atan(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([0., 0.], grad_fn=atan), Tensor([1., 1.]))
    """
    return xp.arctan(x)


@atan.vjp("x")
def atan_dx(g, x):
    """dL/dx = g / (1 + x²)"""
    return g / (1 + x * x)


@op(formula="y = the angle of the point (x2, x1)")
def atan2(xp, x1, x2):
    """The angle in [-π, π] of the point with ordinate ``x1`` and abscissa ``x2``.

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
    >>> x1 = mt.tensor([0.0, 0.0], requires_grad=True)
    >>> y = mt.atan2(x1, mt.asarray([2.0, 0.0]))
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([0., 0.], grad_fn=atan2), Tensor([0.5, 0. ]))
    """
    return xp.arctan2(x1, x2)


@atan2.vjp("x1")
def atan2_dx1(g, x1, x2):
    """dL/dx1 = g · x2 / (x1² + x2²)"""
    return g * (x2 / _square_norm(x1, x2))


@atan2.vjp("x2")
def atan2_dx2(g, x1, x2):
    """dL/dx2 = -g · x1 / (x1² + x2²)"""
    return -(g * (x1 / _square_norm(x1, x2)))


def _square_norm(x1, x2):
    """x1² + x2², and 1 at the origin, so that dividing 0 by it gives 0."""
    norm = x1 * x1 + x2 * x2
    return where(equal(norm, 0), 1, norm)


@sin.samples
@cos.samples
@tan.samples
@atan.samples
def _(make):
    yield Sample.of(make(3, 4))


@asin.samples
@acos.samples
def _(make):
    yield Sample.of(make(3, 4, low=-0.8, high=0.8))


@atan2.samples
def _(make):
    yield Sample.of(make(3, 4, away=(0.0,), gap=0.2), make(4, away=(0.0,), gap=0.2))
    yield Sample.of(make(3), 0.5, note="scalar")
