"""Shapes: reshape, permute, broadcast; the same elements seen another way.

These move nothing and compute nothing, so they are linear, and views where
that is possible. Each rule is the adjoint: where the forward copies an element
the backward sums.
"""

from __future__ import annotations

import math
from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.reduce import sum_to

__all__ = [
    "broadcast_to",
    "expand_dims",
    "flatten",
    "moveaxis",
    "permute_dims",
    "reshape",
    "squeeze",
]


def checked_axis(axis: Any, ndim: int, what: str) -> int:
    """A non-negative axis; IndexError (as NumPy raises) when there is no such axis."""
    if not hasattr(axis, "__index__"):
        raise TypeError(f"{what}: an axis is an int, not {axis!r}")
    position = axis.__index__()
    if not -ndim <= position < ndim:
        raise IndexError(f"{what}: axis {position} is out of bounds for {ndim} dimensions")
    return int(position % ndim)


def _axes(axes: Any, ndim: int, what: str) -> tuple[int, ...]:
    given = tuple(axes) if isinstance(axes, tuple | list) else (axes,)
    found = tuple(checked_axis(a, ndim, what) for a in given)
    if len(set(found)) != len(found):
        raise ValueError(f"{what}: repeated axis in {given}")
    return found


@op(formula="y[k] = x[k], counted in row-major order", linear=("x",), view=True)
def reshape(xp, x, *, shape, copy=None):
    """The same elements in another shape.

    Parameters
    ----------
    x : Tensor
    shape : tuple of int
        One entry may be -1: what is left.
    copy : bool, optional
        True: never share memory. False: raise where a copy is needed.

    Returns
    -------
    Tensor of shape ``shape``, a view where that is possible

    Raises
    ------
    ValueError
        If the numbers of elements differ, or ``copy=False`` cannot be held.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.arange(6.0, dtype=mt.float32).requires_grad_()
    >>> mt.reshape(x, (2, -1)).shape
    (2, 3)
    >>> (mt.reshape(x, (2, 3)) * mt.asarray([1.0, 2.0, 3.0])).sum().backward()
    >>> x.grad
    Tensor([1., 2., 3., 1., 2., 3.])
    """
    try:
        out = xp.reshape(x, shape)
    except ValueError:
        raise ValueError(
            f"reshape: the {x.size} elements of x {x.shape} do not fill the shape {shape}"
        ) from None
    if copy is False and out.size and not xp.may_share_memory(out, x):
        raise ValueError(f"reshape: {x.shape} to {shape} needs a copy, but copy=False")
    return out.copy() if copy else out


@reshape.vjp("x")
def reshape_dx(g, x_shape):
    """dL/dx = g in x's shape"""
    return reshape(g, shape=x_shape)


@reshape.samples
def _(make):
    yield Sample.of(make(2, 6), shape=(3, 4))
    yield Sample.of(make(2, 3, 2), shape=(-1,))


def flatten(x: Tensor, start_axis: int = 0) -> Tensor:
    """``x`` with all axes from ``start_axis`` on made one.

    Parameters
    ----------
    x : Tensor
    start_axis : int

    Returns
    -------
    Tensor of shape ``x.shape[:start_axis] + (-1,)``

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.flatten(mt.ones((2, 3, 4)), 1).shape
    (2, 12)
    """
    kept = x.shape[:start_axis]
    return reshape(x, shape=(*kept, math.prod(x.shape[start_axis:])))


@op(formula="y[i_axes] = x[i]", linear=("x",), view=True)
def permute_dims(xp, x, *, axes):
    """The axes in another order.

    Parameters
    ----------
    x : Tensor
    axes : tuple of int
        Axis k of the result is axis ``axes[k]`` of x.

    Returns
    -------
    Tensor, a view

    Raises
    ------
    ValueError
        If ``axes`` is no permutation of x's axes.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.permute_dims(mt.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    try:
        return xp.transpose(x, axes)
    except ValueError:
        raise ValueError(
            f"permute_dims: {tuple(axes)} does not name each axis of x {x.shape} once"
        ) from None


@permute_dims.vjp("x")
def permute_dims_dx(g, axes):
    """dL/dx = g with the axes put back"""
    count = len(axes)
    back = [0] * count
    for k, a in enumerate(axes):
        back[a % count] = k
    return permute_dims(g, axes=tuple(back))


@permute_dims.samples
def _(make):
    yield Sample.of(make(2, 3, 4), axes=(2, 0, 1))
    yield Sample.of(make(2, 3), axes=(-1, 0))


def moveaxis(
    x: Tensor, source: int | tuple[int, ...], destination: int | tuple[int, ...], /
) -> Tensor:
    """Move axes to new positions; the others keep their order.

    Parameters
    ----------
    x : Tensor
    source, destination : int or tuple of int
        As many of one as of the other.

    Returns
    -------
    Tensor, a view

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.moveaxis(mt.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    origin = _axes(source, x.ndim, "moveaxis")
    target = _axes(destination, x.ndim, "moveaxis")
    if len(origin) != len(target):
        raise ValueError(f"moveaxis: {len(origin)} sources but {len(target)} destinations")
    order = [a for a in range(x.ndim) if a not in origin]
    for place, a in sorted(zip(target, origin, strict=True)):
        order.insert(place, a)
    return permute_dims(x, axes=tuple(order))


@op(formula="y = x, repeated along new or unit axes", linear=("x",), view=True)
def broadcast_to(xp, x, *, shape):
    """x repeated along unit axes and new leading axes, without a copy.

    Parameters
    ----------
    x : Tensor
    shape : tuple of int

    Returns
    -------
    Tensor of shape ``shape``, a read-only view

    Raises
    ------
    ValueError
        If x does not broadcast to ``shape``.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0], requires_grad=True)
    >>> y = mt.broadcast_to(x, (3, 2))
    >>> y.shape, mt.grad(y.sum(), x)
    ((3, 2), Tensor([3., 3.]))
    """
    try:
        return xp.broadcast_to(x, shape)
    except ValueError:
        raise ValueError(
            f"broadcast_to: x {x.shape} does not broadcast to {shape}; only axes of length 1 repeat"
        ) from None


@broadcast_to.vjp("x")
def broadcast_to_dx(g, x_shape):
    """dL/dx = g summed over the repeated axes"""
    return sum_to(g, shape=x_shape)


@broadcast_to.samples
def _(make):
    yield Sample.of(make(3, 1), shape=(2, 3, 4))
    yield Sample.of(make(), shape=(3,))


@op(formula="y = x with a unit axis", linear=("x",), view=True)
def expand_dims(xp, x, *, axis):
    """Insert an axis of length 1.

    Parameters
    ----------
    x : Tensor
    axis : int
        Its position in the result.

    Returns
    -------
    Tensor, a view

    Raises
    ------
    IndexError
        If the result has no such axis.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0], requires_grad=True)
    >>> y = mt.expand_dims(x, axis=-1)
    >>> y.shape, mt.grad(y.sum(), x)
    ((2, 1), Tensor([1., 1.]))
    """
    position = checked_axis(axis, x.ndim + 1, "expand_dims")
    return x.reshape((*x.shape[:position], 1, *x.shape[position:]))


@expand_dims.vjp("x")
def expand_dims_dx(g, x_shape):
    """dL/dx = g without the axis"""
    return reshape(g, shape=x_shape)


@expand_dims.samples
def _(make):
    yield Sample.of(make(2, 3), axis=1)
    yield Sample.of(make(2, 3), axis=-1)


@op(formula="y = x without unit axes", linear=("x",), view=True)
def squeeze(xp, x, *, axis):
    """Remove axes of length 1.

    Parameters
    ----------
    x : Tensor
    axis : int or tuple of int

    Returns
    -------
    Tensor, a view

    Raises
    ------
    ValueError
        If such an axis is longer than 1.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0]], requires_grad=True)
    >>> y = mt.squeeze(x, axis=0)
    >>> y.shape, mt.grad(y.sum(), x)
    ((2,), Tensor([[1., 1.]]))
    """
    gone = _axes(axis, x.ndim, "squeeze")
    for a in gone:
        if x.shape[a] != 1:
            raise ValueError(f"squeeze: axis {a} of {x.shape} is {x.shape[a]} long, not 1")
    return x.reshape(tuple(n for a, n in enumerate(x.shape) if a not in gone))


@squeeze.vjp("x")
def squeeze_dx(g, x_shape):
    """dL/dx = g with the axes put back"""
    return reshape(g, shape=x_shape)


@squeeze.samples
def _(make):
    yield Sample.of(make(1, 3, 1), axis=(0, 2))
    yield Sample.of(make(2, 1), axis=-1)
