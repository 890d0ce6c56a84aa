"""Between bytes and the numbers from -1 to 1 that generators make."""

from __future__ import annotations

import dataclasses

import numpy

from minitorch.data.dataset import Dataset

__all__ = ["bytes_to_signed", "pixels_to_signed", "signed_to_pixels"]

Array = numpy.ndarray


def pixels_to_signed(data: Dataset) -> Dataset:
    """A dataset of bytes, 0 to 255, as float32 from -1 to 1.

    Raises
    ------
    ValueError
        If its examples are no images in bytes.

    Examples
    --------
    >>> from minitorch.data import toy_digits
    >>> x = pixels_to_signed(toy_digits(10, size=14, noise=0)).x
    >>> x.dtype, float(x.min())
    (dtype('float32'), -1.0)
    """
    if data.x.dtype != numpy.uint8 or data.x.ndim != 4:
        raise ValueError(
            f"{data.name}: generators learn from images in bytes, (n, channels, rows, columns); "
            f"these are {data.x.dtype} {data.x.shape}"
        )
    return dataclasses.replace(data, x=bytes_to_signed(data.x))


def bytes_to_signed(x: Array) -> Array:
    """Bytes, 0 to 255, as float32 from -1 to 1."""
    return x / numpy.float32(127.5) - numpy.float32(1)


def signed_to_pixels(images: Array) -> Array:
    """Numbers from -1 to 1 as bytes; what is beyond is clipped.

    Examples
    --------
    >>> signed_to_pixels(numpy.array([-1.0, 0.0, 1.2]))
    array([  0, 128, 255], dtype=uint8)
    """
    return ((images + 1) * 127.5).round().clip(0, 255).astype(numpy.uint8)
