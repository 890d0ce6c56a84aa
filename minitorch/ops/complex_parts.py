"""Complex numbers, which are constants here: no gradient flows through them.

On real arrays these are defined too, as copies and zeros, so that code for both
kinds of numbers can be differentiated for the real kind.
"""

from __future__ import annotations

from minitorch.autograd.op import Sample, op

__all__ = ["conj", "imag", "real"]


@op(formula="y = Re x", linear=("x",))
def real(xp, x):
    """The real part, in memory of its own (also for real arrays).

    Parameters
    ----------
    x : Tensor, complex (a constant) or real

    Returns
    -------
    Tensor of x's shape, real

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.real(mt.asarray([1.0 + 2.0j]))
    Tensor([1.])
    """
    return xp.array(xp.real(x))


@real.vjp("x")
def real_dx(g):
    """dL/dx = g"""
    return g


@op(formula="y = Im x", constant=True)
def imag(xp, x):
    """The imaginary part; zero, and constant for gradients, for real arrays.

    Parameters
    ----------
    x : Tensor, complex (a constant) or real

    Returns
    -------
    Tensor of x's shape, real

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.imag(mt.asarray([1.0 + 2.0j]))
    Tensor([2.])
    """
    return xp.array(xp.imag(x))


@op(formula="y = x*", linear=("x",))
def conj(xp, x):
    """The complex conjugate; a copy for real arrays.

    Parameters
    ----------
    x : Tensor, complex (a constant) or real

    Returns
    -------
    Tensor like ``x``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.conj(mt.asarray([1.0 + 2.0j]))
    Tensor([1.-2.j], dtype=complex64)
    """
    return xp.conj(x)


@conj.vjp("x")
def conj_dx(g):
    """dL/dx = g, x being real where a gradient flows"""
    return g


@real.samples
@imag.samples
@conj.samples
def _(make):
    yield Sample.of(make(3, 4))
    yield Sample.of(make(), note="0-d")
