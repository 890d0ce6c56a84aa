"""Indexing: getitem and its adjoint scatter_add, and assignment to a part."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.create import asarray
from minitorch.autograd.inplace import is_recorded, overwrite, write
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_of
from minitorch.ops.index import Index, add_at

__all__ = ["getitem", "scatter_add", "setitem"]


@op(formula="y = x[index]", linear=("x",), view=True)
def getitem(xp, x, *, index):
    """The part of x that an index selects: integers, slices, None, ..., arrays, masks.

    Parameters
    ----------
    x : Tensor
    index : int, slice, None, Ellipsis, integer or boolean array, or a tuple of them
        ``x[index]`` keeps its own copy of arrays in it; this function, called
        by name, does not: leave them alone until backward is done.

    Returns
    -------
    Tensor
        A view for integers and slices, a copy for arrays and masks. Where an
        array index names an element twice, its gradients add up.

    Raises
    ------
    IndexError
        If the index is out of bounds or no index.
    RuntimeError
        If an array of the index is on a device that x is not on; arrays in host memory go
        to x's device by themselves.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x[[0, 0, 2]].sum().backward()
    >>> x.grad
    Tensor([2., 0., 1.])
    """
    return x[Index.of(index).on(xp)]


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


@op(formula="y = 0, then y[index] += values", linear=("values",), upcast=True)
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

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.scatter_add(mt.asarray([1.0, 2.0, 4.0]), [0, 2, 0], (3,))
    Tensor([5., 0., 2.])
    """
    out = xp.zeros(shape, dtype=values.dtype)
    where = Index.of(index)
    if where.once:
        out[where.on(xp)] = values
    elif xp is numpy:
        add_at(out, where.on(xp), values)
    else:
        xp.add.at(out, where.on(xp), values)
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
    out[Index.of(index).on(xp)] = value
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


# Kinds of numbers, each of which holds those before it.
_RANKS = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


def _as_value(value: Any, x: Tensor) -> Tensor:
    """What is to be written; numbers without a dtype take x's where it can hold their kind."""
    if isinstance(value, Tensor):
        return value
    given = asarray(value)
    if hasattr(value, "dtype") or _RANKS[given.dtype.kind] > _RANKS[x.dtype.kind]:
        return given if given.ndim else given.to_device(x.device)
    return asarray(value, dtype=x.dtype, device=x.device)


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value`` in place, with its gradients.

    Parameters
    ----------
    x : Tensor
    index : as for getitem
        No element may be named twice where a gradient is recorded: which
        value stays is not defined.
    value : Tensor, array or number, broadcastable to ``x[index]``

    Raises
    ------
    RuntimeError
        If x is a leaf that requires a gradient, while recording, or the value is an array
        on another device.
    TypeError
        If the value's dtype cannot be cast to x's (float into int, say).
    ValueError
        If the value does not broadcast to ``x[index]``.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.zeros(3)
    >>> x[1:] = mt.asarray([1.0, 2.0])
    >>> x
    Tensor([0., 1., 2.])
    """
    value = _as_value(value, x)
    if not is_recorded(x, value):
        overwrite(x, Index.of(index).on(backend_of(x.data).xp), value)
        return
    where = Index.of(index, copy=True)
    if where.basic:
        write(getitem(x, index=where), value)
    else:
        write(x, _setitem(x, value.astype(x.dtype), index=where))
