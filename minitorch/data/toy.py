"""Digits drawn by program: for tests, doctests and machines without a network."""

from __future__ import annotations

import numpy

from minitorch.data.batches import stream
from minitorch.data.dataset import Dataset

__all__ = ["toy_digits"]

# Segments of a pocket calculator: top, upper left, upper right, middle, lower left, lower
# right, bottom, as (row, column, height, width) in cells of a 7 x 5 grid.
_SEGMENTS = (
    (0, 0, 1, 5),
    (0, 0, 4, 1),
    (0, 4, 4, 1),
    (3, 0, 1, 5),
    (3, 0, 4, 1),
    (3, 4, 4, 1),
    (6, 0, 1, 5),
)
_LIT = ("1110111", "0010010", "1011101", "1011011", "0111010")
_LIT += ("1101011", "1101111", "1010010", "1111111", "1111011")


def _glyph(digit: int) -> numpy.ndarray:
    """One digit, 14 x 10 pixels, 0 or 1."""
    grid = numpy.zeros((7, 5))
    for lit, (row, column, height, width) in zip(_LIT[digit], _SEGMENTS, strict=True):
        if lit == "1":
            grid[row : row + height, column : column + width] = 1
    return grid.repeat(2, axis=0).repeat(2, axis=1)


def toy_digits(count: int, seed: int = 0, size: int = 28, noise: float = 40.0) -> Dataset:
    """Pocket-calculator digits at random places, with noise, in MNIST's format.

    Parameters
    ----------
    count : int
        How many; the classes take turns.
    seed : int
    size : int
        Rows and columns, at least 14.
    noise : float
        Standard deviation of the noise, in grey levels of 255.

    Returns
    -------
    Dataset
        ``x`` uint8 of shape (count, 1, size, size), ``y`` the digit.

    Raises
    ------
    ValueError
        For no digits, or images too small for them.

    Examples
    --------
    >>> data = toy_digits(20, size=16)
    >>> data.x.shape, data.x.dtype, data.counts()
    ((20, 1, 16, 16), dtype('uint8'), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    if count < 1 or size < 14:
        raise ValueError(
            f"toy_digits: needs a count of at least 1 and a size of at least 14, not {count} and "
            f"{size}"
        )
    rng = stream(seed)
    labels = rng.permutation(numpy.arange(count) % 10)
    glyphs = numpy.stack([_glyph(d) for d in range(10)])
    images = numpy.zeros((count, size, size))
    for image, label in zip(images, labels, strict=True):
        row, column = rng.integers(0, size - 13), rng.integers(0, size - 9)
        image[row : row + 14, column : column + 10] = glyphs[label] * rng.uniform(160, 255)
    images += rng.normal(0, noise, images.shape) * (noise > 0)
    pixels = images.clip(0, 255).round().astype(numpy.uint8)
    return Dataset(pixels[:, None], labels, classes=10, name="toy digits")
