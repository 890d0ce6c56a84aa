"""Sorting and searching. Positions are constant for gradients; sorted values are not."""

from __future__ import annotations

from minitorch.autograd.op import Sample, composite, op
from minitorch.ops.gathering import take_along_axis

__all__ = ["argmax", "argmin", "argsort", "argwhere", "nonzero", "searchsorted", "sort"]


def _order(xp, x, axis, descending, stable):
    """The positions in sorted order."""
    if not x.ndim:
        raise ValueError("argsort: x is 0-d, it has no axis to sort along")
    kind = "stable" if stable else None
    if not descending:
        return xp.argsort(x, axis=axis, kind=kind)
    # Twice the other way round, so that equals stay in their order.
    backwards = xp.flip(xp.argsort(xp.flip(x, axis=axis), axis=axis, kind=kind), axis=axis)
    return x.shape[axis] - 1 - backwards


@op(formula="y = x in rising order")
def sort(xp, x, *, axis=-1, descending=False, stable=True):
    """The elements in order along an axis.

    Parameters
    ----------
    x : Tensor, real, at least 1-d
    axis : int
    descending : bool
        Largest first. NaNs come last, or first if descending.
    stable : bool
        Equals keep their order (which is seen only in 0.0 and -0.0).

    Returns
    -------
    Tensor like ``x``

    Raises
    ------
    ValueError
        For an axis that ``x`` does not have.

    Notes
    -----
    The gradient of each sorted element goes to where it came from; equals are
    told apart by their position.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> y = mt.sort(x)
    >>> y, mt.grad(y, x, mt.asarray([10.0, 20.0, 30.0]))
    (Tensor([1., 2., 3.], grad_fn=sort), Tensor([30., 10., 20.]))
    """
    out = xp.sort(x, axis=axis, kind="stable" if stable else None)
    return xp.flip(out, axis=axis).copy() if descending else out


@sort.vjp("x")
def sort_dx(g, x, axis, descending):
    """dL/dx = g, each element back at its old place"""
    order = argsort(x, axis=axis, descending=descending)
    return take_along_axis(g, argsort(order, axis=axis), axis=axis)


@op(formula="y = the order that sorts x", constant=True)
def argsort(xp, x, *, axis=-1, descending=False, stable=True):
    """The positions of the elements in sorted order along an axis.

    Parameters
    ----------
    x : Tensor, real, at least 1-d
    axis : int
    descending : bool
        Largest first. NaNs come last, or first if descending.
    stable : bool
        Equals keep their order.

    Returns
    -------
    Tensor of x's shape and the default integer dtype

    Raises
    ------
    ValueError
        For an axis that ``x`` does not have.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.argsort(mt.asarray([3, 1, 2, 1]), descending=True)
    Tensor([0, 2, 1, 3])
    """
    return _order(xp, x, axis, descending, stable)


@op(formula="y = the position of max x", constant=True)
def argmax(xp, x, *, axis=None, keepdims=False):
    """The position of the largest element, the first of equals.

    Parameters
    ----------
    x : Tensor, real
    axis : int, optional
        Default: the position in the flattened array.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of the default integer dtype

    Raises
    ------
    ValueError
        If there is nothing to choose from.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.argmax(mt.asarray([[1, 3, 3], [2, 1, 0]]), axis=1)
    Tensor([1, 0])
    """
    return xp.argmax(x, axis=axis, keepdims=keepdims)


@op(formula="y = the position of min x", constant=True)
def argmin(xp, x, *, axis=None, keepdims=False):
    """The position of the smallest element, the first of equals.

    Parameters
    ----------
    x : Tensor, real
    axis : int, optional
        Default: the position in the flattened array.
    keepdims : bool
        Keep the reduced axes, as length 1.

    Returns
    -------
    Tensor of the default integer dtype

    Raises
    ------
    ValueError
        If there is nothing to choose from.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.argmin(mt.asarray([[1, 3, 1], [2, 1, 0]]), axis=1)
    Tensor([0, 2])
    """
    return xp.argmin(x, axis=axis, keepdims=keepdims)


@op(formula="y = the index of every x ≠ 0, a row each", constant=True)
def argwhere(xp, x):
    """The indices of the elements that are not zero, one row each.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor (elements found, x.ndim), integer, in the order of the elements

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.argwhere(mt.asarray([[0, 5], [6, 0]]))
    Tensor([[0, 1],
            [1, 0]])
    """
    return xp.argwhere(x)


@composite(formula="y = the indices of every x ≠ 0, axis by axis")
def nonzero(x):
    """The indices of the elements that are not zero, one tensor per axis.

    Parameters
    ----------
    x : Tensor, at least 1-d

    Returns
    -------
    tuple of Tensor (elements found,), as many as ``x`` has axes

    Raises
    ------
    ValueError
        For 0-d ``x``.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.nonzero(mt.asarray([[0, 5], [6, 0]]))
    (Tensor([0, 1]), Tensor([1, 0]))
    """
    if not x.ndim:
        raise ValueError("nonzero: x is 0-d, it needs an axis; use x != 0")
    indices = argwhere(x)
    return tuple([indices[:, axis] for axis in range(x.ndim)])


@op(formula="y = how many of x1 lie before x2", constant=True)
def searchsorted(xp, x1, x2, sorter=None, *, side="left"):
    """Where the elements of ``x2`` would go in the sorted ``x1``.

    Parameters
    ----------
    x1 : Tensor (n,), real, sorted (by ``sorter``, if given)
    x2 : Tensor, real
    side : "left" or "right"
        Whether before or behind equal elements.
    sorter : Tensor (n,), integer, optional
        The positions that sort ``x1``, as :func:`argsort` gives them.

    Returns
    -------
    Tensor of x2's shape and the default integer dtype, from 0 to n

    Raises
    ------
    ValueError
        For an unknown side or ``x1`` that is not 1-d.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.searchsorted(mt.asarray([1, 2, 2, 3]), mt.asarray([2, 9]), side="right")
    Tensor([3, 4])
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is {side!r}, known: 'left', 'right'")
    if x1.ndim != 1:
        raise ValueError(f"searchsorted: x1 must be 1-d, it has shape {x1.shape}")
    return xp.searchsorted(x1, x2, side=side, sorter=sorter)


@sort.samples
def _(make):
    yield Sample.of(make.distinct(3, 4))
    yield Sample.of(make.distinct(2, 4, 3), axis=1, descending=True, note="descending")


@argsort.samples
def _(make):
    yield Sample.of(make.distinct(3, 4))
    yield Sample.of(make.ints(4, 3, high=3), axis=0, descending=True, note="equals")


@argmax.samples
@argmin.samples
def _(make):
    yield Sample.of(make.distinct(3, 4))
    yield Sample.of(make.ints(2, 3, 4, high=3), axis=1, keepdims=True, note="equals")


@argwhere.samples
@nonzero.samples
def _(make):
    yield Sample.of(make.ints(3, 4, high=2))


@searchsorted.samples
def _(make):
    yield Sample.of(make.ints(5, high=3).cumsum(), make.ints(2, 3))
