"""Images read at places between their pixels."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd import asarray
from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.gathering import take_along_axis
from minitorch.ops.matmul import matmul
from minitorch.ops.piecewise import clip, minimum
from minitorch.ops.rounding import floor

__all__ = ["grid_sample", "resize_bilinear"]

BORDERS = ("nearest", "mirror", "wrap")


def _pixel(place: Tensor, length: int, border: str) -> Tensor:
    """The pixel that stands for a place on an endless image, as an integer."""
    if border == "nearest":
        place = clip(place, 0, length - 1)
    elif border == "wrap":
        place = place % length
    else:
        period = max(2 * (length - 1), 1)
        place = minimum(place % period, -place % period)
    return place.astype("int64")


def _check(x: Any, grid: Any, border: str) -> None:
    if len(x.shape) != 4 or len(grid.shape) != 4 or grid.shape[3] != 2:
        raise ValueError(
            f"grid_sample: x must be (batch, channels, rows, columns) and grid (batch, rows, "
            f"columns, 2), got {tuple(x.shape)} and {tuple(grid.shape)}"
        )
    if x.shape[0] != grid.shape[0]:
        raise ValueError(
            f"grid_sample: x has {x.shape[0]} images, grid is for {grid.shape[0]} "
            f"(x {tuple(x.shape)}, grid {tuple(grid.shape)})"
        )
    if 0 in x.shape[2:]:
        raise ValueError(f"grid_sample: x {tuple(x.shape)} has no pixels")
    if border not in BORDERS:
        raise ValueError(f"border_mode must be one of {str(BORDERS)[1:-1]}, got {border!r}")


@composite(formula="y[n,c,p] = Σ_q x[n,c,q] Π_axis max(0, 1 - |place(grid[n,p]) - q|)")
def grid_sample(x: Tensor, grid: Tensor, *, border: str = "nearest") -> Tensor:
    """Read images at the places of a grid, between pixels by bilinear interpolation.

    Parameters
    ----------
    x : Tensor, (N, C, H, W)
    grid : floating-point Tensor, (N, P, Q, 2)
        For every pixel of the result where to read: across and down, -1 being
        the middle of the first pixel and 1 that of the last.
    border : {"nearest", "mirror", "wrap"}
        How the image goes on beyond its pixels: its outermost ones again, it
        mirrored at them, or it from its other end.

    Returns
    -------
    Tensor, (N, C, P, Q)

    Raises
    ------
    ValueError
        For shapes that do not fit, an image without pixels, or another border.

    Notes
    -----
    With u = (grid + 1) / 2 · (length - 1) and its fraction f = u - ⌊u⌋ along each axis, the
    result is the mean of the four pixels around u, weighted by f and 1 - f. It is
    differentiable in both inputs; where u is an integer the gradient towards the
    grid is that from the right. Corners are aligned, as PyTorch calls it.

    References
    ----------
    Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial transformer networks, 2015.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[[0.0, 10.0, 20.0]]]], requires_grad=True)
    >>> grid = mt.asarray([[[[-0.5, 0.0], [1.0, 0.0]]]])
    >>> y = mt.grid_sample(x, grid)
    >>> y.detach()
    Tensor([[[[ 5., 20.]]]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[[[0.5, 0.5, 1. ]]]])
    """
    _check(x, grid, border)
    batch, channels, rows, columns = x.shape
    pixels = x.reshape((batch, channels, rows * columns))
    places = []
    for axis, length in ((1, rows), (0, columns)):
        u = (grid[..., axis].reshape((batch, 1, -1)) + 1) * ((length - 1) / 2)
        first = floor(u.detach())
        f = u - first
        places.append(
            [(_pixel(first, length, border), 1 - f), (_pixel(first + 1, length, border), f)]
        )
    out: Any = 0
    for row, down in places[0]:
        for column, across in places[1]:
            value = take_along_axis(pixels, row * columns + column, axis=2)
            out = out + value * (down * across)
    result: Tensor = out.reshape((batch, channels, *grid.shape[1:3]))
    return result


@grid_sample.samples
def _(make: Any) -> Any:
    # Away from pixels, where the slope jumps: u is a multiple of 1 at a grid of multiples of 2/3
    # for 4 pixels.
    kinks = (-4 / 3, -1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 2 / 3, 1.0, 4 / 3)
    yield Sample.of(make(2, 2, 4, 4), make(2, 2, 3, 2, away=kinks))
    for border in BORDERS[1:]:
        yield Sample.of(
            make(1, 1, 4, 4), make(1, 2, 2, 2, low=-2, high=2, away=kinks), border=border
        )


def _between(length: int, size: int) -> numpy.ndarray:
    """Each new pixel as a mean of two old ones: (size, length), rows with the sum 1."""
    u = (numpy.arange(size) + 0.5) * (length / size) - 0.5
    u = numpy.clip(u, 0, length - 1)
    first = numpy.minimum(u.astype(int), max(length - 2, 0))
    rows, f = numpy.arange(size), u - first
    weights = numpy.zeros((size, length))
    weights[rows, first] = 1 - f
    weights[rows, numpy.minimum(first + 1, length - 1)] += f
    return weights


@composite(formula="y[p,q] = Σ_ij max(0, 1 - |u(p) - i|) max(0, 1 - |u(q) - j|) x[i,j]")
def resize_bilinear(x: Tensor, *, size: tuple[int, int]) -> Tensor:
    """Bring images to another size by bilinear interpolation.

    Parameters
    ----------
    x : floating-point Tensor, (..., H, W)
    size : (int, int)
        Rows and columns of the result.

    Returns
    -------
    Tensor, (..., *size)

    Raises
    ------
    ValueError
        For less than two axes, an image without pixels, or a size that is not positive.
    TypeError
        For integers.

    Notes
    -----
    Pixels are squares, and the two images cover the same area: pixel p of the result is read
    at u(p) = (p + 1/2) H / size - 1/2, beyond the outermost pixels at these. So do
    TensorFlow's ``tf.image.resize``, and PyTorch's ``interpolate`` with
    ``align_corners=False``. Nothing is averaged where the result is smaller (no antialiasing).
    Both axes are products with a matrix that has two numbers in each row; the gradient is the
    product with the transposed ones.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[0.0, 4.0]], requires_grad=True)
    >>> y = mt.resize_bilinear(x, size=(1, 4))
    >>> y.detach(), mt.grad(y[0, 0] + y[0, 1], x)
    (Tensor([[0., 1., 3., 4.]]), Tensor([[1.75, 0.25]]))
    """
    if x.dtype.kind != "f":
        raise TypeError(f"resize_bilinear: x must be floating-point, got {x.dtype}")
    if x.ndim < 2 or 0 in x.shape[-2:] or len(size) != 2 or min(size) < 1:
        raise ValueError(
            f"resize_bilinear: x must be (..., rows, columns) with pixels, and size two positive "
            f"integers, got {tuple(x.shape)} and {size}"
        )
    down, across = (
        asarray(_between(n, m).astype(x.dtype), device=x.device)
        for n, m in zip(x.shape[-2:], size, strict=True)
    )
    result: Tensor = matmul(matmul(down, x), across.T)
    return result


@resize_bilinear.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 3, 2, 3), size=(5, 4))
    yield Sample.of(make(4, 3), size=(2, 3))
