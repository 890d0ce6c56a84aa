"""Indexing: getitem and its adjoint scatter_add, setitem, take, gather and scatter."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.create import asarray
from minitorch.autograd.inplace import write
from minitorch.autograd.mode import mode
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import to_numpy

__all__ = [
    "gather",
    "getitem",
    "scatter",
    "scatter_add",
    "setitem",
    "take",
    "take_along_axis",
]


def _plain_index(index: Any) -> tuple[Any, ...]:
    """An index as a tuple of what the array modules know: tensors become arrays."""
    entries = index if isinstance(index, tuple) else (index,)
    return tuple([_plain_entry(entry) for entry in entries])


def _plain_entry(entry: Any) -> Any:
    if entry.__class__ in (int, slice) or entry is None or entry is Ellipsis:
        return entry
    if isinstance(entry, Tensor):
        entry = entry.data
    if isinstance(entry, list):
        entry = numpy.asarray(entry if entry else numpy.zeros(0, numpy.int64))
    kind = getattr(getattr(entry, "dtype", None), "kind", None)
    if kind is not None and kind not in "iub":
        raise IndexError(f"an index is made of integers, booleans or slices, not {entry.dtype}")
    if kind is None and not isinstance(entry, bool) and hasattr(entry, "__index__"):
        return entry.__index__()
    if kind is None and not isinstance(entry, bool):
        raise IndexError(f"an index is made of integers, booleans or slices, not {entry!r}")
    if kind in ("i", "u") and entry.shape == ():
        return int(entry)
    return entry


def _is_basic(index: tuple[Any, ...]) -> bool:
    """Whether indexing by it gives a view (no arrays, no booleans)."""
    return all(entry.__class__ in (int, slice) or entry in (None, Ellipsis) for entry in index
               if not hasattr(entry, "dtype")) and not any(
        hasattr(entry, "dtype") or isinstance(entry, bool) for entry in index
    )  # fmt: skip


def _with_ellipsis(index: tuple[Any, ...]) -> tuple[Any, ...]:
    # With an Ellipsis a full index gives a 0-d view, without one a scalar.
    return index if any(entry is Ellipsis for entry in index) else (*index, Ellipsis)


@op(formula="y = x[index]", linear=("x",), view=True)
def getitem(xp, x, *, index):
    """The part of x that an index selects: integers, slices, None, ..., arrays, masks.

    Parameters
    ----------
    x : Tensor
    index : int, slice, None, Ellipsis, integer or boolean array, or a tuple of them

    Returns
    -------
    Tensor
        A view for integers and slices, a copy for arrays and masks. Where an
        array index names an element twice, its gradients add up.

    Raises
    ------
    IndexError
        If the index is out of bounds or no index.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    Tensor([2., 0., 1.])
    """
    return x[_with_ellipsis(_plain_index(index))]


@getitem.vjp("x")
def getitem_dx(g, x_shape, index):
    """dL/dx = zeros, with g added at the index"""
    return scatter_add(g, index=index, shape=x_shape)


@getitem.samples
def _(make):
    yield Sample.of(make(4, 5), index=(slice(1, 4, 2), slice(None, None, -1)))
    yield Sample.of(make(4, 5), index=(2, None, Ellipsis))
    yield Sample.of(make(4, 5), index=([0, 2, 0], [1, 1, 1]), note="repeated")
    yield Sample.of(make(4, 5), index=make.bools(4, 5), note="mask")


@op(formula="y = 0, then y[index] += values", linear=("values",))
def scatter_add(xp, values, *, index, shape):
    """Zeros of ``shape`` with values added at an index: the adjoint of getitem.

    Parameters
    ----------
    values : Tensor
        Of the shape of ``zeros(shape)[index]``.
    index : as for getitem
    shape : tuple of int

    Returns
    -------
    Tensor of shape ``shape``
    """
    out = xp.zeros(shape, dtype=values.dtype)
    plain = _with_ellipsis(_plain_index(index))
    if _is_basic(plain):
        out[plain] = values  # every element is named once
    elif hasattr(xp.add, "at"):
        xp.add.at(out, plain, values)
    else:
        xp.scatter_add(out, plain, values)
    return out


@scatter_add.vjp("values")
def scatter_add_dvalues(g, index):
    """dL/dvalues = g[index]"""
    return getitem(g, index=index)


@scatter_add.samples
def _(make):
    yield Sample.of(make(2, 5), index=(slice(0, 4, 2),), shape=(4, 5))
    yield Sample.of(make(3), index=([0, 2, 0], [1, 1, 1]), shape=(4, 5))


@op(name="setitem", formula="y = x, with y[index] = value", linear=("x", "value"))
def _setitem(xp, x, value, *, index):
    """x with what an index selects replaced: out of place (see :func:`setitem`)."""
    out = x.copy()
    out[_with_ellipsis(_plain_index(index))] = value
    return out


@_setitem.vjp("x")
def setitem_dx(g, index):
    """dL/dx = g, with zeros at the index"""
    return _setitem(g, 0.0, index=index)


@_setitem.vjp("value")
def setitem_dvalue(g, index):
    """dL/dvalue = g[index]"""
    return getitem(g, index=index)


@_setitem.samples
def _(make):
    yield Sample.of(make(4, 5), make(2, 5), index=(slice(0, 4, 2),))
    yield Sample.of(make(4, 5), make(), index=(make.bools(4, 5),))
    yield Sample.of(make(4, 5), make(2), index=([0, 3], [1, 2]))


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value`` in place, with its gradients.

    Parameters
    ----------
    x : Tensor
    index : as for getitem
        If an array names an element twice, which value stays is not defined.
    value : Tensor or number, broadcastable to ``x[index]``

    Raises
    ------
    RuntimeError
        If x is a leaf that requires a gradient, while recording.
    """
    plain = _plain_index(index)
    if not isinstance(value, Tensor):
        value = asarray(value, dtype=x.dtype) if not hasattr(value, "dtype") else asarray(value)
    if _is_basic(plain):
        write(getitem(x, index=plain), value)
    elif mode.grad and (x.requires_grad or value.requires_grad):
        write(x, _setitem(x, value.astype(x.dtype), index=plain))
    else:
        write(x, Tensor(_setitem.body(numpy_like(x), x.data, value.data, index=plain)))


def numpy_like(x: Tensor) -> Any:
    """The array module of a tensor."""
    from minitorch.backend.arrays import backend_of

    return backend_of(x.data).xp


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
        Of x's rank; broadcast against x but along ``axis``.
    axis : int

    Returns
    -------
    Tensor of the indices' (broadcast) shape
    """
    return xp.take_along_axis(x, indices, axis=axis)


def _along(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The full index that take_along_axis stands for."""
    found = to_numpy(indices.data if isinstance(indices, Tensor) else indices)
    where = axis % len(shape)
    lead = [n if a != where else found.shape[a] for a, n in enumerate(shape)]
    lead = [
        max(n, m) if a != where else n
        for a, (n, m) in enumerate(zip(lead, found.shape, strict=True))
    ]
    grids = list(numpy.ogrid[tuple(slice(n) for n in lead)])
    grids[where] = numpy.broadcast_to(found, lead)
    return tuple(grids)


@take_along_axis.vjp("x")
def take_along_axis_dx(g, x_shape, indices, axis):
    """dL/dx = g added up at the indices"""
    return scatter_add(g, index=_along(x_shape, indices, axis), shape=x_shape)


@take_along_axis.samples
def _(make):
    yield Sample.of(make(3, 5), make.ints(3, 2, low=0, high=5), axis=1)
    yield Sample.of(make(3, 5), make.ints(4, 5, low=0, high=3), axis=0)


def gather(x: Tensor, indices: Any, axis: int = -1) -> Tensor:
    """Another name of :func:`take_along_axis`, as others call it."""
    return take_along_axis(x, indices, axis=axis)


@op(
    formula="y = x, with y[indices] += values along the axis",
    constant=("indices",),
    linear=("x", "values"),
)
def scatter(xp, x, indices, values, *, axis=-1):
    """x with values added at the places that ``indices`` name along an axis.

    Parameters
    ----------
    x : Tensor
    indices : integer Tensor
        Of the shape of ``values``; elements named twice get both values.
    values : Tensor
    axis : int

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.scatter(mt.zeros(3), mt.asarray([0, 0, 2]), mt.ones(3))
    Tensor([2., 0., 1.])
    """
    out = x.copy()
    index = tuple(xp.asarray(part) for part in _along(x.shape, indices, axis))
    if hasattr(xp.add, "at"):
        xp.add.at(out, index, values)
    else:
        xp.scatter_add(out, index, values)
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
