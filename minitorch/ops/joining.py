"""Joining and moving: concat, stack, split, repeat, tile, flip, roll.

All of these only move elements, so they are linear; where the forward repeats
an element the backward sums.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.indexing import getitem, scatter_add
from minitorch.ops.shape import broadcast_to, checked_axis, reshape

__all__ = [
    "concat",
    "flip",
    "repeat",
    "roll",
    "split",
    "stack",
    "tile",
    "unstack",
]


@op(formula="y = x in reverse along the axes", linear=("x",), view=True)
def flip(xp, x, *, axis=None):
    """Reverse the order along one, several or all axes.

    Parameters
    ----------
    x : Tensor
    axis : int, tuple of int or None

    Returns
    -------
    Tensor of x's shape, a view

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.flip(x)
    >>> y, mt.grad((y * mt.asarray([10.0, 20.0, 30.0])).sum(), x)
    (Tensor([3., 2., 1.], grad_fn=flip), Tensor([30., 20., 10.]))
    """
    return xp.flip(x, axis)


@flip.vjp("x")
def flip_dx(g, axis):
    """dL/dx = g flipped back"""
    return flip(g, axis=axis)


@flip.samples
def _(make):
    yield Sample.of(make(3, 4))
    yield Sample.of(make(3, 4), axis=1)


@op(formula="y[i] = x[(i - shift) mod n]", linear=("x",))
def roll(xp, x, *, shift, axis=None):
    """Shift along axes; what falls off one end comes in at the other.

    Parameters
    ----------
    x : Tensor
    shift : int or tuple of int
    axis : int, tuple of int or None
        None: as if flattened.

    Returns
    -------
    Tensor of x's shape

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.roll(x, 1)
    >>> y, mt.grad((y * mt.asarray([10.0, 20.0, 30.0])).sum(), x)
    (Tensor([3., 1., 2.], grad_fn=roll), Tensor([20., 30., 10.]))
    """
    return xp.roll(x, shift, axis)


@roll.vjp("x")
def roll_dx(g, shift, axis):
    """dL/dx = g rolled back"""
    back = tuple(-s for s in shift) if isinstance(shift, tuple | list) else -shift
    return roll(g, shift=back, axis=axis)


@roll.samples
def _(make):
    yield Sample.of(make(3, 4), shift=2)
    yield Sample.of(make(3, 4), shift=(1, -1), axis=(0, 1))


@op(name="concat", formula="y = arrays side by side", linear=("arrays",))
def _concat(xp, *arrays, axis=0):
    """The op behind :func:`concat`."""
    if axis is None:
        return xp.concatenate([a.reshape(-1) for a in arrays], axis=0)
    try:
        return xp.concatenate(arrays, axis=axis)
    except ValueError:
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise ValueError(
            f"concat: shapes {shapes} do not fit along axis {axis}; all others must be equal"
        ) from None


@_concat.vjp("arrays")
def concat_darrays(g, arrays_shape, axis):
    """Each array gets its part of g."""
    parts, start = [], 0
    for shape in arrays_shape:
        length = math.prod(shape) if axis is None else shape[axis]
        where = 0 if axis is None else axis % len(shape)
        index = (*(slice(None),) * where, slice(start, start + length))
        part = getitem(g, index=index)
        parts.append(reshape(part, shape=shape) if axis is None else part)
        start += length
    return parts


@_concat.samples
def _(make):
    yield Sample.of(make(2, 3), make(1, 3))
    yield Sample.of(make(2, 3), make(2, 1), axis=-1)
    yield Sample.of(make(2, 3), make(4), axis=None)


def _sequence(arrays: Any, what: str) -> tuple[Any, ...]:
    items = tuple(arrays)
    if not items:
        raise ValueError(f"{what}: needs at least one array")
    return items


def concat(arrays: Any, /, *, axis: int | None = 0) -> Tensor:
    """Join arrays along an axis they have.

    Parameters
    ----------
    arrays : sequence of Tensor
        Equal shapes but along ``axis``.
    axis : int or None
        None: flatten each first.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For no arrays, or shapes that do not fit.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.concat([mt.ones((2, 3)), mt.zeros((1, 3))]).shape
    (3, 3)
    """
    return _concat(*_sequence(arrays, "concat"), axis=axis)


@op(name="stack", formula="y[k] = arrays[k]", linear=("arrays",))
def _stack(xp, *arrays, axis=0):
    """The op behind :func:`stack`."""
    shapes = [getattr(a, "shape", ()) for a in arrays]
    if len(set(shapes)) > 1:
        raise ValueError(f"stack: shapes differ: {', '.join(map(str, shapes))}")
    return xp.stack(arrays, axis=axis)


@_stack.vjp("arrays")
def stack_darrays(g, arrays_shape, axis):
    """Each array gets its slice of g."""
    lead = (slice(None),) * (axis % g.ndim)
    return [getitem(g, index=(*lead, k)) for k in range(len(arrays_shape))]


@_stack.samples
def _(make):
    yield Sample.of(make(2, 3), make(2, 3))
    yield Sample.of(make(2, 3), make(2, 3), make(2, 3), axis=-2)


def stack(arrays: Any, /, *, axis: int = 0) -> Tensor:
    """Join arrays of one shape along a new axis.

    Parameters
    ----------
    arrays : sequence of Tensor
    axis : int
        Position of the new axis in the result.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For no arrays, or differing shapes.

    Examples
    --------
    >>> import minitorch as mt
    >>> a, b = mt.ones(3).requires_grad_(), mt.zeros(3)
    >>> y = mt.stack([a, b], axis=1)
    >>> y.shape, mt.grad(y.sum(), a)
    ((3, 2), Tensor([1., 1., 1.]))
    """
    return _stack(*_sequence(arrays, "stack"), axis=axis)


def split(x: Tensor, sections: int | tuple[int, ...], axis: int = 0) -> tuple[Tensor, ...]:
    """Cut ``x`` along an axis, into equal parts or at the given indices.

    Parameters
    ----------
    x : Tensor
    sections : int or tuple of int
        A number of equal parts, or the indices before which to cut.
    axis : int

    Returns
    -------
    tuple of Tensor, views

    Raises
    ------
    ValueError
        If the axis cannot be cut into that many equal parts, or at those indices.

    Examples
    --------
    >>> import minitorch as mt
    >>> [part.shape for part in mt.split(mt.ones((6, 2)), 3)]
    [(2, 2), (2, 2), (2, 2)]
    """
    where = checked_axis(axis, x.ndim, "split")
    length = x.shape[where]
    if isinstance(sections, int):
        if sections < 1 or length % sections:
            raise ValueError(f"split: {length} elements cannot be cut into {sections} equal parts")
        size = length // sections
        sections = tuple(range(size, length, size)) if size else (0,) * (sections - 1)
    cuts = (0, *sections, length)
    if any(a > b or a < 0 for a, b in pairwise(cuts)):
        raise ValueError(f"split: the indices {tuple(sections)} do not ascend from 0 to {length}")
    lead = (slice(None),) * where
    return tuple(getitem(x, index=(*lead, slice(a, b))) for a, b in pairwise(cuts))


@op(formula="y = each element of x repeated", constant=("repeats",), linear=("x",))
def repeat(xp, x, repeats, *, axis=None):
    """Repeat each element, along an axis or of the flattened array.

    Parameters
    ----------
    x : Tensor
    repeats : int or integer Tensor
        How often; one number, or one per element of the axis.
    axis : int or None

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.repeat(mt.asarray([1.0, 2.0]), 2)
    Tensor([1., 1., 2., 2.])
    """
    return xp.repeat(x, repeats.tolist() if hasattr(repeats, "tolist") else repeats, axis=axis)


@repeat.vjp("x")
def repeat_dx(g, x_shape, repeats, axis):
    """dL/dx[i] = sum of g over the copies of x[i]"""
    length = math.prod(x_shape) if axis is None else x_shape[axis]
    where = 0 if axis is None else axis % len(x_shape)
    counts = repeats.tolist() if isinstance(repeats, Tensor) else repeats
    if isinstance(counts, int):
        counts = [counts] * length
    elif len(counts) == 1:
        counts = counts * length
    source = [i for i, n in enumerate(counts) for _ in range(n)]
    shape = (length,) if axis is None else x_shape
    index = (*(slice(None),) * where, source)
    return reshape(scatter_add(g, index=index, shape=shape), shape=x_shape)


@repeat.samples
def _(make):
    yield Sample.of(make(2, 3), 2)
    yield Sample.of(make(2, 3), make.ints(3, low=0, high=3), axis=1)


def tile(x: Tensor, repetitions: int | tuple[int, ...], /) -> Tensor:
    """Lay copies of ``x`` side by side, ``repetitions[k]`` of them along axis k.

    Parameters
    ----------
    x : Tensor
    repetitions : int or tuple of int

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.tile(mt.asarray([1.0, 2.0]), 2)
    Tensor([1., 2., 1., 2.])
    """
    if isinstance(repetitions, int):
        repetitions = (repetitions,)
    count = max(x.ndim, len(repetitions))
    times = (1,) * (count - len(repetitions)) + tuple(repetitions)
    lengths = (1,) * (count - x.ndim) + x.shape
    pairs = list(zip(times, lengths, strict=True))
    spread = reshape(x, shape=tuple(n for _, length in pairs for n in (1, length)))
    spread = broadcast_to(spread, shape=tuple(n for pair in pairs for n in pair))
    return reshape(spread, shape=tuple(t * length for t, length in pairs), copy=True)


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of ``x`` along an axis, which goes.

    Parameters
    ----------
    x : Tensor
    axis : int

    Returns
    -------
    tuple of Tensor, views

    Examples
    --------
    >>> import minitorch as mt
    >>> first, second = mt.unstack(mt.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    >>> first
    Tensor([1., 3.])
    """
    lead = (slice(None),) * checked_axis(axis, x.ndim, "unstack")
    return tuple(getitem(x, index=(*lead, i)) for i in range(x.shape[axis]))
