"""Images between their pixels: scaling with a triangle or a cubic filter, warping bilinearly.

Our own code and not Pillow's, which knows bytes in three channels or one: here floats and any
number of channels go the same way, the sums have a fixed order whatever the machine's threads,
and the formulas can be read. Tests hold it to slow loops and to Pillow's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy

__all__ = ["centre_crop", "checked", "like", "resize", "resize_short", "warp"]

Array = numpy.ndarray
Fill = float | Sequence[float]


def checked(image: Any, name: str) -> Array:
    """An image, or a stack of them: bytes or floats of shape (..., channels, rows, columns)."""
    if not isinstance(image, numpy.ndarray):
        raise TypeError(f"{name}: expected an array, found {type(image).__name__}")
    if image.dtype.kind != "f" and image.dtype != numpy.uint8:
        raise TypeError(f"{name}: images are uint8 or floats, not {image.dtype}")
    if image.ndim < 3 or 0 in image.shape:
        raise ValueError(
            f"{name}: expected shape (..., channels, rows, columns), found {image.shape}"
        )
    return image


def like(values: Array, image: Array) -> Array:
    """``values`` in the image's dtype; bytes are rounded and kept within 0 to 255."""
    if values.dtype != image.dtype and image.dtype == numpy.uint8:
        values = numpy.minimum(numpy.maximum(numpy.rint(values), 0), 255)
    return values.astype(image.dtype, copy=False)


def _triangle(x: Array) -> Array:
    return (1 - x).clip(0)


def _cubic(x: Array) -> Array:
    """Keys's cubic with a = -1/2, of distances."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return numpy.where(x < 1, near, numpy.where(x < 2, far, 0.0))


# How far each reaches, in pixels, and its weights.
FILTERS: dict[str, tuple[int, Callable[[Array], Array]]] = {
    "triangle": (1, _triangle),
    "cubic": (2, _cubic),
}


def _taps(count: int, wanted: int, name: str) -> tuple[Array, Array]:
    """Which of ``count`` pixels make each of ``wanted``, and with what weights: (wanted, taps)."""
    radius, curve = FILTERS[name]
    scale = count / wanted
    width = max(scale, 1.0)  # shrinking widens the filter, so that no pixel is passed over
    reach = radius * width
    centre = (numpy.arange(wanted) + 0.5) * scale
    # The pixels whose middles lie within reach: an open interval, so no more than its length.
    first = numpy.floor(centre - reach - 0.5).astype(int) + 1
    index = first[:, None] + numpy.arange(math.ceil(2 * reach))
    weight = curve(numpy.abs(index + 0.5 - centre[:, None]) / width)
    weight *= (index >= 0) & (index < count)
    weight /= weight.sum(axis=1, keepdims=True)
    return index.clip(0, count - 1), weight.astype(numpy.float32)


def resize(image: Array, size: tuple[int, int], filter: str = "triangle") -> Array:
    """An image scaled to (rows, columns).

    Parameters
    ----------
    image : numpy.ndarray, shape (..., channels, rows, columns)
        uint8 or float.
    size : (int, int)
    filter : {"triangle", "cubic"}
        Cubic keeps edges sharper, and overshoots at them.

    Returns
    -------
    numpy.ndarray
        Of the image's dtype.

    Notes
    -----
    Output pixel i of n lies at c = (i + 1/2) s in the input, s = N / n, and is the mean of the
    pixels j with weights max(0, 1 - |j + 1/2 - c| / max(s, 1)): bilinear where it grows, the mean
    over a triangle of s pixels to each side where it shrinks. Rows first, then columns.

    The cubic filter is, at the distance x = |j + 1/2 - c| / max(s, 1), 3/2 x³ - 5/2 x² + 1 below
    1, and -1/2 x³ + 5/2 x² - 4x + 2 from 1 to 2; weights are divided by their sum. Pillow
    calls the two BILINEAR and BICUBIC.

    References
    ----------
    R. Keys, "Cubic convolution interpolation for digital image processing", 1981.
    """
    image = checked(image, "resize")
    if filter not in FILTERS:
        raise ValueError(f"resize: the filter is {' or '.join(FILTERS)}, not {filter!r}")
    if min(size) < 1:
        raise ValueError(f"resize: the size is at least 1 x 1, not {size[0]} x {size[1]}")
    out = image
    if size[0] != image.shape[-2]:
        out = _rows_scaled(out, size[0], filter)
    if size[1] != image.shape[-1]:
        # On its side, as whole rows are quicker to gather than single pixels.
        aside = numpy.ascontiguousarray(out.swapaxes(-1, -2))
        out = numpy.ascontiguousarray(_rows_scaled(aside, size[1], filter).swapaxes(-1, -2))
    return like(out, image)


def _rows_scaled(image: Array, wanted: int, filter: str) -> Array:
    """An image with another number of rows, in float32 at least."""
    index, weight = _taps(image.shape[-2], wanted, filter)
    total = image.take(index[:, 0], -2) * weight[:, :1]
    for tap in range(1, index.shape[1]):
        total += image.take(index[:, tap], -2) * weight[:, tap : tap + 1]
    return total


def resize_short(image: Array, size: int, filter: str = "triangle") -> Array:
    """An image scaled so that its shorter side has ``size`` pixels."""
    rows, columns = image.shape[-2:]
    scale = size / min(rows, columns)
    wanted = (max(size, round(rows * scale)), max(size, round(columns * scale)))
    return resize(image, wanted, filter)


def centre_crop(image: Array, size: int | tuple[int, int]) -> Array:
    """The middle of an image."""
    rows, columns = (size, size) if isinstance(size, int) else size
    top, left = image.shape[-2] - rows, image.shape[-1] - columns
    if top < 0 or left < 0:
        raise ValueError(
            f"centre_crop: cannot cut {rows} x {columns} out of {image.shape[-2]} x "
            f"{image.shape[-1]}; scale the image up first"
        )
    top, left = top // 2, left // 2
    return image[..., top : top + rows, left : left + columns]


def bordered(image: Array, width: int, fill: Fill) -> Array:
    """An image with ``width`` pixels of ``fill`` (one value, or one per channel) round it."""
    shape = (*image.shape[:-2], image.shape[-2] + 2 * width, image.shape[-1] + 2 * width)
    out = numpy.empty(shape, image.dtype)
    out[...] = numpy.asarray(fill).reshape(-1, 1, 1)
    if width == 0:
        return image
    out[..., width:-width, width:-width] = image
    return out


def warp(image: Array, matrix: Any, fill: Fill = 0.0) -> Array:
    """An image seen through a linear map about its middle.

    Parameters
    ----------
    image : numpy.ndarray, shape (..., channels, rows, columns)
        uint8 or float.
    matrix : array_like, shape (2, 2)
        Takes (down, right) from the middle of the output to where the value is in the
        input.
    fill : float or one per channel
        What lies outside.

    Returns
    -------
    numpy.ndarray
        Of the image's shape and dtype, bilinear between pixels.
    """
    image = checked(image, "warp")
    rows, columns = image.shape[-2:]
    down = numpy.arange(rows)[:, None] - (rows - 1) / 2
    right = numpy.arange(columns) - (columns - 1) / 2
    (a, b), (c, d) = numpy.asarray(matrix, numpy.float64)
    # A border of one pixel, and coordinates kept within it: outside everything is `fill`.
    row = _within(a * down + b * right + (rows + 1) / 2, rows + 1)
    column = _within(c * down + d * right + (columns + 1) / 2, columns + 1)
    top = numpy.minimum(row.astype(numpy.intp), rows)
    left = numpy.minimum(column.astype(numpy.intp), columns)
    lower, righter = (row - top).astype(numpy.float32), (column - left).astype(numpy.float32)
    flat = bordered(image, 1, fill).reshape(*image.shape[:-2], -1)
    place = top * (columns + 2) + left

    def between(place: Array) -> Array:
        """What lies between the pixels at ``place`` and those to their right."""
        pixels = flat.take(place, -1)
        return pixels + righter * (flat.take(place + 1, -1) - pixels.astype(righter.dtype))

    upper_row = between(place)
    lower_row = between(place + columns + 2)
    lower_row -= upper_row
    lower_row *= lower
    lower_row += upper_row
    return like(lower_row, image)


def _within(coordinate: Array, most: int) -> Array:
    """Kept between 0 and ``most``."""
    return numpy.minimum(numpy.maximum(coordinate, 0), most)
