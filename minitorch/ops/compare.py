"""Comparisons, tests for the special numbers, and ``where``, which selects by them.

Comparisons give bool tensors and are constant for gradients.
"""

from __future__ import annotations

from minitorch.autograd.op import Sample, op
from minitorch.backend.arrays import get_default_dtype

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "not_equal",
    "where",
]


@op(formula="y = x1 == x2", constant=True)
def equal(xp, x1, x2):
    """Whether elements are equal; NaN equals nothing.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.equal(mt.asarray([1, 2, 3]), 2)
    Tensor([False,  True, False])
    """
    return xp.equal(x1, x2)


@op(formula="y = x1 != x2", constant=True)
def not_equal(xp, x1, x2):
    """Whether elements differ; NaN differs from itself.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.not_equal(mt.asarray([1, 2, 3]), 2)
    Tensor([ True, False,  True])
    """
    return xp.not_equal(x1, x2)


@op(formula="y = x1 < x2", constant=True)
def less(xp, x1, x2):
    """Whether elements of ``x1`` are less than those of ``x2``.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, real

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.less(mt.asarray([1, 2, 3]), 2)
    Tensor([ True, False, False])
    """
    return xp.less(x1, x2)


@op(formula="y = x1 <= x2", constant=True)
def less_equal(xp, x1, x2):
    """Whether elements of ``x1`` are at most those of ``x2``.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, real

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.less_equal(mt.asarray([1, 2, 3]), 2)
    Tensor([ True,  True, False])
    """
    return xp.less_equal(x1, x2)


@op(formula="y = x1 > x2", constant=True)
def greater(xp, x1, x2):
    """Whether elements of ``x1`` are greater than those of ``x2``.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, real

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.greater(mt.asarray([1, 2, 3]), 2)
    Tensor([False, False,  True])
    """
    return xp.greater(x1, x2)


@op(formula="y = x1 >= x2", constant=True)
def greater_equal(xp, x1, x2):
    """Whether elements of ``x1`` are at least those of ``x2``.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, real

    Returns
    -------
    Tensor of the broadcast shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.greater_equal(mt.asarray([1, 2, 3]), 2)
    Tensor([False,  True,  True])
    """
    return xp.greater_equal(x1, x2)


@op(formula="y = x is neither infinite nor NaN", constant=True)
def isfinite(xp, x):
    """Whether elements are neither infinite nor NaN.

    Parameters
    ----------
    x : Tensor, numeric

    Returns
    -------
    Tensor of x's shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.isfinite(mt.asarray([1.0, float("inf"), float("nan")]))
    Tensor([ True, False, False])
    """
    return xp.isfinite(x)


@op(formula="y = |x| is infinite", constant=True)
def isinf(xp, x):
    """Whether elements are infinite, of either sign.

    Parameters
    ----------
    x : Tensor, numeric

    Returns
    -------
    Tensor of x's shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.isinf(mt.asarray([1.0, float("-inf"), float("nan")]))
    Tensor([False,  True, False])
    """
    return xp.isinf(x)


@op(formula="y = x is NaN", constant=True)
def isnan(xp, x):
    """Whether elements are NaN ("not a number").

    Parameters
    ----------
    x : Tensor, numeric

    Returns
    -------
    Tensor of x's shape, bool

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.isnan(mt.asarray([1.0, float("inf"), float("nan")]))
    Tensor([False, False,  True])
    """
    return xp.isnan(x)


@op(
    formula="y = x1 where the condition holds, else x2",
    constant=("condition",),
    linear=("x1", "x2"),
)
def where(xp, condition, x1, x2):
    """Elements of ``x1`` where the condition holds, of ``x2`` elsewhere.

    Parameters
    ----------
    condition : Tensor, bool
    x1, x2 : Tensor or scalar, all three broadcastable

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype of ``x1`` and ``x2``

    Notes
    -----
    The side that is not selected gets gradient 0, but ``where`` cannot undo a
    NaN that arises *inside* it: the gradient of ``where(x > 0, sqrt(x), 0)`` at
    0 is 0 · ∞. Make the argument safe instead: ``sqrt(where(x > 0, x, 1))``.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, -2.0, 3.0], requires_grad=True)
    >>> y = mt.where(x > 0, x, 0)
    >>> y, mt.grad(y.sum(), x)
    (Tensor([1., 0., 3.], grad_fn=where), Tensor([1., 0., 1.]))
    """
    if x1.__class__ is float and x2.__class__ in (float, int):
        # Between two Python numbers nothing but the default says which dtype is meant.
        x1 = xp.asarray(x1, dtype=get_default_dtype())
    elif x2.__class__ is float and x1.__class__ is int:
        x2 = xp.asarray(x2, dtype=get_default_dtype())
    return xp.where(condition, x1, x2)


@where.vjp("x1")
def where_dx1(g, condition):
    """dL/dx1 = g where the condition holds, else 0"""
    return where(condition, g, 0)


@where.vjp("x2")
def where_dx2(g, condition):
    """dL/dx2 = 0 where the condition holds, else g"""
    return where(condition, 0, g)


@equal.samples
@not_equal.samples
@less.samples
@less_equal.samples
@greater.samples
@greater_equal.samples
def _(make):
    yield Sample.of(make.ints(3, 4, high=3), make.ints(3, 4, high=3))
    yield Sample.of(make(3, 1), make(4), note="broadcast")


@isfinite.samples
@isinf.samples
@isnan.samples
def _(make):
    yield Sample.of(make(3, 4))


@where.samples
def _(make):
    yield Sample.of(make.bools(3, 4), make(3, 4), make(3, 4))
    yield Sample.of(make.bools(4), make(3, 1), make(), note="broadcast")
    yield Sample.of(make.bools(3), make(3), 0.0, note="scalar")
