"""Elements chosen by a tensor of integers: take, take_along_axis, gather and scatter."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_of
from minitorch.ops.indexing import scatter_add

__all__ = ["gather", "scatter", "take", "take_along_axis"]


@op(formula="y[.., k, ..] = x[.., indices[k], ..]", constant=("indices",), linear=("x",))
def take(xp, x, indices, *, axis=None):
    """Slices of x along an axis, chosen by a list of integers.

    Parameters
    ----------
    x : Tensor
    indices : integer Tensor
    axis : int, optional
        May be left out for a 1-D tensor.

    Returns
    -------
    Tensor of shape ``x.shape[:axis] + indices.shape + x.shape[axis + 1:]``

    Raises
    ------
    IndexError
        If an index is out of bounds.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> mt.take(x, mt.asarray([2, 0, 2])).sum().backward()
    >>> x.grad
    Tensor([1., 0., 2.])
    """
    if axis is None and x.ndim > 1:
        raise ValueError(f"take: an axis is needed for {x.ndim} dimensions")
    return xp.take(x, indices, axis=0 if axis is None else axis)


@take.vjp("x")
def take_dx(g, x_shape, indices, axis):
    """dL/dx = g added up at the indices"""
    where = 0 if axis is None else axis % len(x_shape)
    return scatter_add(g, index=(*(slice(None),) * where, indices), shape=x_shape)


@take.samples
def _(make):
    yield Sample.of(make(4, 5), make.ints(3, low=0, high=5), axis=1)
    yield Sample.of(make(6), make.ints(2, 2, low=0, high=6))


@op(
    formula="y[.., k, ..] = x[.., indices[.., k, ..], ..]",
    constant=("indices",),
    linear=("x",),
)
def take_along_axis(xp, x, indices, *, axis=-1):
    """Per line along an axis, the elements that the same line of ``indices`` names.

    Parameters
    ----------
    x : Tensor
    indices : integer Tensor
        Of x's rank; it and x broadcast against each other but along ``axis``.
    axis : int

    Returns
    -------
    Tensor of the indices' (broadcast) shape

    Raises
    ------
    ValueError
        If the ranks differ.
    IndexError
        If an index is out of bounds.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> mt.take_along_axis(x, mt.asarray([[1], [0]]), axis=1)
    Tensor([[2.],
            [3.]])
    """
    return xp.take_along_axis(x, indices, axis=axis)


def _lines(xp: Any, shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The full index of an array of ``shape`` that take_along_axis stands for."""
    if indices.ndim != len(shape):
        raise ValueError(f"scatter: indices of shape {indices.shape} in an array of shape {shape}")
    ones = [1] * len(shape)
    grids = [xp.arange(n).reshape([*ones[:a], n, *ones[a + 1 :]]) for a, n in enumerate(shape)]
    grids[axis] = indices
    return tuple(grids)


@take_along_axis.vjp("x")
def take_along_axis_dx(g, x_shape, indices, axis):
    """dL/dx = g added up at the indices"""
    index = _lines(backend_of(g.data).xp, x_shape, indices.data, axis)
    return scatter_add(g, index=index, shape=x_shape)


@take_along_axis.samples
def _(make):
    yield Sample.of(make(3, 5), make.ints(3, 2, low=0, high=5), axis=1)
    yield Sample.of(make(3, 5), make.ints(4, 5, low=0, high=3), axis=0)
    yield Sample.of(make(1, 5), make.ints(3, 2, low=0, high=5), axis=1, note="x broadcast")
    yield Sample.of(make(3, 5), make.ints(1, 2, low=0, high=5), note="indices broadcast")


def gather(x: Tensor, indices: Any, axis: int = -1) -> Tensor:
    """Another name of :func:`take_along_axis`, as others call it.

    Parameters
    ----------
    x : Tensor
    indices : integer Tensor
        Of x's rank.
    axis : int

    Returns
    -------
    Tensor of the indices' (broadcast) shape

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.gather(mt.asarray([[1.0, 2.0], [3.0, 4.0]]), mt.asarray([[1], [0]])).tolist()
    [[2.0], [3.0]]
    """
    return take_along_axis(x, indices, axis=axis)


@op(
    formula="y = x, with y[indices] += values along the axis",
    constant=("indices",),
    linear=("x", "values"),
    upcast=True,
)
def scatter(xp, x, indices, values, *, axis=-1):
    """x with values added at the places that ``indices`` name along an axis.

    Parameters
    ----------
    x : Tensor
    indices : integer Tensor
        Of x's rank; elements named twice get both values.
    values : Tensor
        Broadcastable to the indices' shape.
    axis : int

    Returns
    -------
    Tensor of x's shape

    Raises
    ------
    ValueError
        If the rank of ``indices`` is not x's.
    IndexError
        If an index is out of bounds.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.scatter(mt.zeros(3), mt.asarray([0, 0, 2]), mt.ones(3))
    Tensor([2., 0., 1.])
    """
    out = x.copy()
    xp.add.at(out, _lines(xp, x.shape, indices, axis), values)
    return out


@scatter.vjp("x")
def scatter_dx(g):
    """dL/dx = g"""
    return g


@scatter.vjp("values")
def scatter_dvalues(g, indices, axis):
    """dL/dvalues = g at the indices"""
    return take_along_axis(g, indices, axis=axis)


@scatter.samples
def _(make):
    yield Sample.of(make(3, 5), make.ints(3, 2, low=0, high=5), make(3, 2), axis=1)
    yield Sample.of(make(3, 5), make.ints(4, 1, low=0, high=3), make(4, 5), axis=0)
