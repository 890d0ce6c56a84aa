"""Rounding, which is constant for gradients: flat between its jumps."""

from __future__ import annotations

from minitorch.autograd.op import Sample, op

__all__ = ["ceil", "floor", "nextafter", "round", "trunc"]


def _rounded(xp, function, x):
    """``function(x)``, or a copy of an integer array, which is round already."""
    return xp.array(x) if xp.result_type(x).kind in "biu" else function(x)


@op(formula="y = ⌊x⌋", constant=True)
def floor(xp, x):
    """The nearest integer towards minus infinity; constant for gradients.

    Parameters
    ----------
    x : Tensor, real

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.floor(mt.asarray([1.5, -1.5]))
    Tensor([ 1., -2.])
    """
    return _rounded(xp, xp.floor, x)


@op(formula="y = ⌈x⌉", constant=True)
def ceil(xp, x):
    """The nearest integer towards infinity; constant for gradients.

    Parameters
    ----------
    x : Tensor, real

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.ceil(mt.asarray([1.5, -1.5]))
    Tensor([ 2., -1.])
    """
    return _rounded(xp, xp.ceil, x)


@op(formula="y = sign x · ⌊|x|⌋", constant=True)
def trunc(xp, x):
    """The nearest integer towards zero; constant for gradients.

    Parameters
    ----------
    x : Tensor, real

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.trunc(mt.asarray([1.5, -1.5]))
    Tensor([ 1., -1.])
    """
    return _rounded(xp, xp.trunc, x)


@op(name="round", formula="y = the integer nearest to x, halves to even", constant=True)
def round_(xp, x):
    """The nearest integer, halves to the even one; constant for gradients.

    Parameters
    ----------
    x : Tensor, numeric

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.round(mt.asarray([0.5, 1.5, 1.6]))
    Tensor([0., 2., 2.])
    """
    return _rounded(xp, xp.round, x)


@op(formula="y = the number next to x1 on the way to x2", constant=True)
def nextafter(xp, x1, x2):
    """The next floating-point number after ``x1`` towards ``x2``; constant for gradients.

    Parameters
    ----------
    x1, x2 : Tensor or scalar, broadcastable, floating-point

    Returns
    -------
    Tensor of the broadcast shape and the promoted dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> (mt.nextafter(mt.asarray(1.0), 2.0) - 1.0).item() == 2.0**-23
    True
    """
    return xp.nextafter(x1, x2)


@floor.samples
@ceil.samples
@trunc.samples
@round_.samples
def _(make):
    yield Sample.of(make(3, 4, low=-4.0, high=4.0))
    yield Sample.of(make.ints(3), note="integers")


@nextafter.samples
def _(make):
    yield Sample.of(make(3, 4), make(4))


round = round_
