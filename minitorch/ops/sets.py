"""Set functions: the distinct values of an array. Constant for gradients.

Every NaN is a value of its own, for it equals nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from minitorch.autograd.op import Sample, composite, op
from minitorch.autograd.tensor import Tensor

__all__ = ["unique", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """What :func:`unique_all` returns."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What :func:`unique_counts` returns."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What :func:`unique_inverse` returns."""

    values: Tensor
    inverse_indices: Tensor


@op(
    formula="values, first positions, places among the values, counts",
    constant=True,
    outputs=("values", "indices", "inverse_indices", "counts"),
)
def unique(xp, x):
    """The sorted distinct values and how they relate to ``x``, as a plain tuple.

    The four functions of the standard, ``unique_all`` and so on, are its faces.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    values : Tensor (n,)
    indices : Tensor (n,)
        Where each value first occurs in the flattened ``x``.
    inverse_indices : Tensor of x's shape
        Which value each element is.
    counts : Tensor (n,)
        How often each value occurs.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.unique(mt.asarray([3, 1, 3]))
    (Tensor([1, 3]), Tensor([1, 0]), Tensor([1, 0, 1]), Tensor([1, 2]))
    """
    values, indices, inverse, counts = xp.unique(
        x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    return values, indices, inverse.reshape(x.shape), counts


@composite(formula="values, first positions, places among the values, counts")
def unique_all(x):
    """The distinct values, where they first occur, which each element is, and counts.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    named tuple (values, indices, inverse_indices, counts)
        See :func:`unique`.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.unique_all(mt.asarray([3, 1, 3])).indices
    Tensor([1, 0])
    """
    return UniqueAll(*unique(x))


@composite(formula="distinct values and their counts")
def unique_counts(x):
    """The distinct values and how often each occurs.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    named tuple (values, counts) of Tensor (n,)

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.unique_counts(mt.asarray([3, 1, 3]))
    UniqueCounts(values=Tensor([1, 3]), counts=Tensor([1, 2]))
    """
    values, _, _, counts = unique(x)
    return UniqueCounts(values, counts)


@composite(formula="distinct values and which of them each element is")
def unique_inverse(x):
    """The distinct values and which of them each element is.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    named tuple (values, inverse_indices)
        ``values[inverse_indices]`` is ``x``.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.unique_inverse(mt.asarray([3, 1, 3]))
    UniqueInverse(values=Tensor([1, 3]), inverse_indices=Tensor([1, 0, 1]))
    """
    values, _, inverse, _ = unique(x)
    return UniqueInverse(values, inverse)


@op(formula="the distinct values of x, sorted", constant=True)
def unique_values(xp, x):
    """The distinct values, sorted.

    Parameters
    ----------
    x : Tensor

    Returns
    -------
    Tensor (n,) of x's dtype

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.unique_values(mt.asarray([3, 1, 3]))
    Tensor([1, 3])
    """
    return xp.unique(x, equal_nan=False)


@unique.samples
@unique_all.samples
@unique_counts.samples
@unique_inverse.samples
@unique_values.samples
def _(make):
    yield Sample.of(make.ints(3, 4, high=4))
