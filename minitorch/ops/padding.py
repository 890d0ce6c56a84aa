"""Borders: pad puts one round a tensor, crop takes it away; each is the other's adjoint."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_of
from minitorch.ops.gathering import take

__all__ = ["crop", "pad"]

# What numpy.pad calls the ways to continue a tensor beyond its ends.
MODES = ("edge", "reflect", "symmetric", "wrap")


def border_widths(width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """``(before, after)`` of every axis, from an int, a pair or one entry per axis."""
    if isinstance(width, int):
        width = ((width, width),) * ndim
    elif len(width) == 2 and all(isinstance(w, int) for w in width) and ndim != 2:
        width = (width,) * ndim
    if len(width) != ndim:
        raise ValueError(f"pad: {len(width)} widths for {ndim} axes")
    widths = tuple((w, w) if isinstance(w, int) else tuple(w) for w in width)
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"negative width in {width}: pad adds a border, crop takes it away")
    return widths


@op(name="pad", formula="y = x with a border", linear=("x",))
def _pad(xp, x, *, width, value=0.0):
    """The op behind :func:`pad` with a constant border."""
    widths = border_widths(width, x.ndim)
    return xp.pad(x, widths, constant_values=value) if widths else x.copy()


@_pad.vjp("x")
def pad_dx(g, x_shape, width):
    """dL/dx = g without the border"""
    return crop(g, width=border_widths(width, len(x_shape)))


@_pad.samples
def _(make):
    yield Sample.of(make(2, 3), width=((1, 0), (2, 1)))
    yield Sample.of(make(2, 3), width=1, value=3.0)


def pad(x: Tensor, /, width: Any, *, mode: str = "constant", value: float = 0.0) -> Tensor:
    """Surround x with a border.

    Parameters
    ----------
    x : Tensor
    width : int, or one int or (before, after) per axis
        Lengths of the border, not negative. One pair serves all axes.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        A constant, the outermost element again, the tensor mirrored at its
        outermost elements or beyond them, or from its other end.
    value : number
        The constant.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        For another mode, negative widths or a wrong number of them, and for
        an axis without elements to continue.

    Notes
    -----
    The gradient of an element is the sum over its copies.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.pad(mt.ones((2, 2)), ((1, 0), (0, 2))).shape
    (3, 4)
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.pad(x, (2, 1), mode="reflect")
    >>> y, mt.grad(y.sum(), x)
    (Tensor([3., 2., 1., 2., 3., 2.], grad_fn=take), Tensor([1., 3., 2.]))
    """
    if mode == "constant":
        return _pad(x, width=width, value=value)
    if mode not in MODES:
        raise ValueError(f"pad: mode is 'constant', {str(MODES)[1:-1]}, not {mode!r}")
    xp = backend_of(x.data).xp
    for axis, (before, after) in enumerate(border_widths(width, x.ndim)):
        length = x.shape[axis]
        if not before and not after:
            continue
        if not length:
            raise ValueError(f"pad: axis {axis} of {x.shape} has no elements for mode={mode!r}")
        source = numpy.pad(numpy.arange(length), (before, after), mode=mode)  # type: ignore[call-overload]
        x = take(x, Tensor(xp.asarray(source)), axis=axis)
    return x


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

    Raises
    ------
    ValueError
        If the border is wider than x, for negative widths or a wrong number of them.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = mt.crop(x, (0, 1))
    >>> y.shape, mt.grad(y.sum(), x)
    ((2,), Tensor([1., 1., 0.]))
    """
    widths = border_widths(width, x.ndim)
    if any(a + b > n for (a, b), n in zip(widths, x.shape, strict=True)):
        raise ValueError(f"crop: a border of {width} is wider than x {x.shape}")
    ends = zip(widths, x.shape, strict=True)
    return x[(*(slice(a, n - b) for (a, b), n in ends), ...)]


@crop.vjp("x")
def crop_dx(g, x_shape, width):
    """dL/dx = g with a border of zeros"""
    return pad(g, width=border_widths(width, len(x_shape)))


@crop.samples
def _(make):
    yield Sample.of(make(4, 5), width=((1, 0), (2, 1)))
