"""Shapes: reshape, permute, broadcast, join, split, flip, roll, repeat, pad.

All of these move elements and compute nothing, so they are linear; each rule
is the adjoint: where the forward copies an element the backward sums, where it
drops one the backward pads with zeros.
"""

from __future__ import annotations

import math
from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.reduce import sum_to

__all__ = [
    "broadcast_to",
    "concat",
    "crop",
    "expand_dims",
    "flatten",
    "flip",
    "moveaxis",
    "pad",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "split",
    "squeeze",
    "stack",
    "tile",
    "unstack",
]


def _axis(axis: Any, ndim: int, what: str) -> int:
    """A non-negative axis; IndexError (as NumPy raises) when there is no such axis."""
    position = axis.__index__()
    if not -ndim <= position < ndim:
        raise IndexError(f"{what}: axis {position} is out of bounds for {ndim} dimensions")
    return int(position % ndim)


def _axes(axes: Any, ndim: int, what: str) -> tuple[int, ...]:
    given = tuple(axes) if isinstance(axes, tuple | list) else (axes,)
    found = tuple(_axis(a, ndim, what) for a in given)
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
    out = xp.reshape(x, shape)
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
    return xp.transpose(x, axes)


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
    """
    return xp.broadcast_to(x, shape)


@broadcast_to.vjp("x")
def broadcast_to_dx(g, x_shape):
    """dL/dx = g summed over the repeated axes"""
    return sum_to(g, shape=x_shape)


@broadcast_to.samples
def _(make):
    yield Sample.of(make(3, 1), shape=(2, 3, 4))
    yield Sample.of(make(), shape=(3,))


@op(formula="y = x with a unit axis", linear=("x",), view=True)
def expand_dims(xp, x, *, axis=0):
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
    """
    position = _axis(axis, x.ndim + 1, "expand_dims")
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
    return xp.concatenate(arrays, axis=axis)


@_concat.vjp("arrays")
def concat_darrays(g, arrays_shape, axis):
    """Each array gets its part of g."""
    from minitorch.ops.indexing import getitem

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
    """
    items = _sequence(arrays, "stack")
    if len({item.shape for item in items}) > 1:
        raise ValueError(f"stack: shapes differ: {[item.shape for item in items]}")
    return _concat(*[expand_dims(item, axis=axis) for item in items], axis=axis)


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
        If the axis cannot be cut into that many equal parts.
    """
    from minitorch.ops.indexing import getitem

    where = _axis(axis, x.ndim, "split")
    length = x.shape[where]
    if isinstance(sections, int):
        if sections < 1 or length % sections:
            raise ValueError(f"split: {length} elements cannot be cut into {sections} equal parts")
        size = length // sections
        sections = tuple(range(size, length, size)) if size else (0,) * (sections - 1)
    cuts = (0, *sections, length)
    lead = (slice(None),) * where
    return tuple(
        getitem(x, index=(*lead, slice(a, b))) for a, b in zip(cuts, cuts[1:], strict=False)
    )


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
    from minitorch.ops.indexing import scatter_add

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


def tile(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor:
    """Lay copies of ``x`` side by side, ``repetitions[k]`` of them along axis k.

    Parameters
    ----------
    x : Tensor
    repetitions : tuple of int

    Returns
    -------
    Tensor
    """
    count = max(x.ndim, len(repetitions))
    times = (1,) * (count - len(repetitions)) + tuple(repetitions)
    lengths = (1,) * (count - x.ndim) + x.shape
    pairs = list(zip(times, lengths, strict=True))
    spread = reshape(x, shape=tuple(n for _, length in pairs for n in (1, length)))
    spread = broadcast_to(spread, shape=tuple(n for pair in pairs for n in pair))
    return reshape(spread, shape=tuple(t * length for t, length in pairs), copy=True)


def _widths(width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """``(before, after)`` of every axis, from an int, a pair or one entry per axis."""
    if isinstance(width, int):
        return ((width, width),) * ndim
    if len(width) == 2 and all(isinstance(w, int) for w in width) and ndim != 2:
        return (tuple(width),) * ndim
    if len(width) != ndim:
        raise ValueError(f"pad: {len(width)} widths for {ndim} axes")
    return tuple((w, w) if isinstance(w, int) else tuple(w) for w in width)


@op(formula="y = x with a border", linear=())
def pad(xp, x, *, width, value=0.0):
    """Surround x with a constant.

    Parameters
    ----------
    x : Tensor
    width : int, or one int or (before, after) per axis
        Lengths of the border, not negative.
    value : number
        What it is filled with.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For negative widths or a wrong number of them.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.pad(mt.ones((2, 2)), ((1, 0), (0, 2))).shape
    (3, 4)
    """
    widths = _widths(width, x.ndim)
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"pad: negative width in {width}; use crop")
    return xp.pad(x, widths, constant_values=value)


@pad.vjp("x")
def pad_dx(g, x_shape, width):
    """dL/dx = g without the border"""
    return crop(g, width=_widths(width, len(x_shape)))


@pad.samples
def _(make):
    yield Sample.of(make(2, 3), width=((1, 0), (2, 1)))
    yield Sample.of(make(2, 3), width=1, value=3.0)


@op(formula="y = x without its border", linear=("x",), view=True)
def crop(xp, x, *, width):
    """Take a border away; the adjoint of :func:`pad`.

    Parameters
    ----------
    x : Tensor
    width : int, or one int or (before, after) per axis

    Returns
    -------
    Tensor, a view
    """
    widths = _widths(width, x.ndim)
    ends = zip(widths, x.shape, strict=True)
    return x[(*(slice(a, n - b) for (a, b), n in ends), ...)]


@crop.vjp("x")
def crop_dx(g, x_shape, width):
    """dL/dx = g with a border of zeros"""
    return pad(g, width=_widths(width, len(x_shape)))


@crop.samples
def _(make):
    yield Sample.of(make(4, 5), width=((1, 0), (2, 1)))


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices of ``x`` along an axis, which goes.

    Parameters
    ----------
    x : Tensor
    axis : int

    Returns
    -------
    tuple of Tensor, views
    """
    from minitorch.ops.indexing import getitem

    lead = (slice(None),) * _axis(axis, x.ndim, "unstack")
    return tuple(getitem(x, index=(*lead, i)) for i in range(x.shape[axis]))
