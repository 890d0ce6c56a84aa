"""Piecewise linear functions: absolute value, sign, extremes, clip.

Where two pieces meet there is no derivative, and one is chosen: abs has
gradient 0 at 0; maximum and minimum split the gradient evenly between equal
inputs; clip passes the whole gradient on at its bounds. Theano (and so Lasagne)
decided a tie of maximum or minimum differently: the first input got it all.
"""

from __future__ import annotations

from minitorch.autograd.op import Sample, op
from minitorch.ops.arithmetic import multiply
from minitorch.ops.compare import greater, greater_equal, less, less_equal, where
from minitorch.ops.logic import logical_and, logical_or

__all__ = [
    "abs",
    "clip",
    "copysign",
    "exceeds",
    "maximum",
    "minimum",
    "sign",
    "signbit",
]


@op(name="abs", formula="y = |x|")
def abs_(xp, x):
    """The absolute value of each element; its gradient at 0 is 0.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor of x's shape, real

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    >>> y = mt.abs(x)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([2., 0., 3.], grad_fn=abs), Tensor([-1.,  0.,  1.]))
    """
    return xp.abs(x)


@abs_.vjp("x")
def abs_dx(g, x):
    """dL/dx = g · sign x"""
    return multiply(g, sign(x))


@op(formula="y = sign x", constant=True)
def sign(xp, x):
    """-1, 0 or 1 (x / |x| for complex numbers); constant for gradients.

    Parameters
    ----------
    x : Tensor, numeric

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.sign(mt.asarray([-2.0, 0.0, 3.0]))
    Tensor([-1.,  0.,  1.])
    """
    return xp.sign(x)


@op(formula="y = 1 where the sign bit of x is set else 0", constant=True)
def signbit(xp, x):
    """Whether the sign bit is set: True for negative numbers and for -0.0.

    Parameters
    ----------
    x : Tensor, floating-point

    Returns
    -------
    Tensor of x's shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.signbit(mt.asarray([-2.0, -0.0, 0.0]))
    Tensor([ True,  True, False])
    """
    return xp.signbit(x)


@op(formula="y = |x1| with the sign of x2", constant=("x2",))
def copysign(xp, x1, x2):
    """The magnitude of ``x1`` with the sign of ``x2``; constant in ``x2``.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, floating-point

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Notes
    -----
    Like abs, it has gradient 0 where x1 is 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([1.0, -2.0], requires_grad=True)
    >>> y = mt.copysign(x1, -1.0)
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([-1., -2.], grad_fn=copysign), Tensor([-1.,  1.]))
    """
    return xp.copysign(x1, x2)


@copysign.vjp("x1")
def copysign_dx1(g, x1, x2):
    """dL/dx1 = g · sign x1 · (sign of x2)"""
    return g * (sign(x1) * copysign(sign(x1), x2))


@op(formula="y = 1 where x1 > x2, 1/2 where x1 = x2, else 0", constant=True)
def exceeds(xp, x1, x2, *, dtype):
    """1 where ``x1`` exceeds ``x2``, 1/2 where they are equal, 0 elsewhere (and at NaN).

    The share of ``x1`` in the gradient of ``maximum``; constant for gradients.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, real
    dtype : dtype
        Of the result.

    Returns
    -------
    Tensor of the broadcast shape

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.exceeds(mt.asarray([1, 2, 3]), 2, dtype=mt.float32)
    Tensor([0. , 0.5, 1. ])
    """
    return xp.add(x1 >= x2, x1 > x2, dtype=dtype) * 0.5


@op(formula="y = max(x1, x2)")
def maximum(xp, x1, x2):
    """The larger of two arrays, element by element; NaN where either is NaN.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, real

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Notes
    -----
    The gradient goes to the larger one, half of it to each of two equals, and
    nowhere where one is NaN.

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.maximum(x1, 2.0)
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([2., 2., 3.], grad_fn=maximum), Tensor([0. , 0.5, 1. ]))
    """
    return xp.maximum(x1, x2)


@maximum.vjp("x1")
def maximum_dx1(g, x1, x2):
    """dL/dx1 = g where x1 > x2, g / 2 where they are equal, else 0"""
    return multiply(g, exceeds(x1, x2, dtype=g.dtype))


@maximum.vjp("x2")
def maximum_dx2(g, x1, x2):
    """dL/dx2 = g where x2 > x1, g / 2 where they are equal, else 0"""
    return multiply(g, exceeds(x2, x1, dtype=g.dtype))


@op(formula="y = min(x1, x2)")
def minimum(xp, x1, x2):
    """The smaller of two arrays, element by element; NaN where either is NaN.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, real

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Notes
    -----
    The gradient goes to the smaller one, half of it to each of two equals, and
    nowhere where one is NaN.

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.minimum(x1, 2.0)
    >>> y, mt.grad(y.sum(), x1)
    (Tensor([1., 2., 2.], grad_fn=minimum), Tensor([1. , 0.5, 0. ]))
    """
    return xp.minimum(x1, x2)


@minimum.vjp("x1")
def minimum_dx1(g, x1, x2):
    """dL/dx1 = g where x1 < x2, g / 2 where they are equal, else 0"""
    return multiply(g, exceeds(x2, x1, dtype=g.dtype))


@minimum.vjp("x2")
def minimum_dx2(g, x1, x2):
    """dL/dx2 = g where x2 < x1, g / 2 where they are equal, else 0"""
    return multiply(g, exceeds(x1, x2, dtype=g.dtype))


@op(formula="y = min(max(x, lower), upper)")
def clip(xp, x, min=None, max=None):
    """Elements limited to [min, max]; either bound may be left out.

    Parameters
    ----------
    x : Tensor, real
    min, max : Tensor or scalar, broadcastable with ``x``, optional
        Bounds. Where the lower is above the upper, the upper wins.

    Returns
    -------
    Tensor of the broadcast shape and x's dtype

    Notes
    -----
    At a bound the gradient goes to ``x``, whole; beyond it, to the bound.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([-2.0, -1.0, 0.5, 3.0], requires_grad=True)
    >>> y = mt.clip(x, -1.0, 1.0)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([-1. , -1. ,  0.5,  1. ], grad_fn=clip), Tensor([0., 1., 1., 0.]))
    """
    out = xp.positive(x) if min is None else xp.maximum(x, min)
    if max is not None:
        out = xp.minimum(out, max)
    return out if out.dtype == x.dtype else out.astype(x.dtype)


def _inside(x, lower, upper):
    """Where ``x`` lies within the bounds that there are, as a bool tensor or True."""
    if lower is None or upper is None:
        above = True if lower is None else greater_equal(x, lower)
        return above if upper is None else less_equal(x, upper)
    return logical_and(greater_equal(x, lower), less_equal(x, upper))


@clip.vjp("x")
def clip_dx(g, x, min, max):
    """dL/dx = g where min ≤ x ≤ max, else 0"""
    return where(_inside(x, min, max), g, 0)


@clip.vjp("min")
def clip_dmin(g, x, min, max):
    """dL/dmin = g where x < min ≤ max, else 0"""
    return where(logical_and(less(x, min), _inside(min, None, max)), g, 0)


@clip.vjp("max")
def clip_dmax(g, x, min, max):
    """dL/dmax = g where max < x or max < min, else 0"""
    beyond = greater(x, max)
    return where(beyond if min is None else logical_or(beyond, greater(min, max)), g, 0)


@abs_.samples
def _(make):
    yield Sample.of(make(3, 4, away=(0.0,)))


@sign.samples
@signbit.samples
def _(make):
    yield Sample.of(make(3, 4, low=-4.0, high=4.0))


@copysign.samples
def _(make):
    yield Sample.of(make(3, 4, away=(0.0,)), make(4))
    yield Sample.of(make(3, away=(0.0,)), -1.0, note="scalar")


@exceeds.samples
def _(make):
    yield Sample.of(make.ints(3, 4, high=3), make.ints(4, high=3), dtype="float64")


@maximum.samples
@minimum.samples
def _(make):
    yield Sample.of(*make.distinct(2, 3, 4))
    yield Sample.of(make(3, 4, away=(0.1,)), 0.1, note="scalar")
    yield Sample.of(make(3, 1, low=0.0), make(4, high=-0.1), note="broadcast")


@clip.samples
def _(make):
    x = make(3, 4, low=-2.0, high=2.0, away=(-1.0, 1.0))
    yield Sample.of(x, -1.0, 1.0)
    yield Sample.of(x, max=1.0, note="upper bound only")
    yield Sample.of(
        make(3, 4, low=-3.0, high=3.0, away=(-1.0, 1.0), gap=0.3),
        make(4, low=-1.2, high=-0.8),
        make(3, 1, low=0.8, high=1.2),
        note="tensor bounds",
    )
    yield Sample.of(make(3), 1.5, -1.5, note="bounds crossed")


abs = abs_
