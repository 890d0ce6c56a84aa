"""Pictures on their way into the optimisation and out of it: sizes, levels, beginnings."""

from __future__ import annotations

import numpy

from minitorch.data.resample import resize

__all__ = ["LEAST", "as_bytes", "beginning", "levels", "long_side", "sized"]

Array = numpy.ndarray
LEAST = 16  # pixels of a shorter side: VGG's last stage then sees one place


def sized(image: Array, size: int | None, what: str, usual: int | None = None) -> Array:
    """A picture whose longer side has ``size`` pixels, as floats.

    Parameters
    ----------
    image : numpy.ndarray, shape (3, rows, columns)
        Bytes, or floats from 0 to 255.
    size : int, optional
        By default its own, or ``usual`` if that is smaller.
    what : str
        What an error calls it.
    usual : int, optional

    Returns
    -------
    numpy.ndarray of float32, shape (1, 3, rows', columns')

    Raises
    ------
    ValueError
        If it is no picture in three colours, or a side would have fewer than 16 pixels.

    Examples
    --------
    >>> sized(numpy.zeros((3, 300, 200), numpy.uint8), 60, "the content").shape
    (1, 3, 60, 40)
    """
    if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape:
        raise ValueError(f"{what} has the shape {image.shape}, expected (3, rows, columns)")
    rows, columns = image.shape[1:]
    longest = max(rows, columns)
    wanted = size or min(longest, usual or longest)
    scale = wanted / longest
    shape = (max(1, round(rows * scale)), max(1, round(columns * scale)))
    if min(shape) < LEAST:
        scaled = "" if shape == (rows, columns) else f", scaled from {columns} x {rows}"
        raise ValueError(
            f"{what} has {shape[1]} x {shape[0]} pixels{scaled}; each side needs {LEAST} at least, "
            f"which a larger size gives"
        )
    return resize(image[None].astype(numpy.float32), shape)


def long_side(image: Array) -> int:
    """The longer side's pixels."""
    return max(image.shape[-2:])


def levels(image: Array, scales: int) -> list[Array]:
    """A picture in halves of halves, the smallest first; none with a side below 32 pixels.

    Examples
    --------
    >>> [x.shape[2:] for x in levels(numpy.zeros((1, 3, 90, 100), "f4"), 3)]
    [(45, 50), (90, 100)]
    """
    found = [image]
    rows, columns = image.shape[2:]
    for halved in range(1, scales):
        shape = (round(rows / 2**halved), round(columns / 2**halved))
        if min(shape) < 2 * LEAST:
            break
        found.append(resize(image, shape))
    return found[::-1]


def beginning(start: str, content: Array, seed: int) -> Array:
    """Where the optimisation begins: the content, or white noise round its mean."""
    if start == "content":
        return content.copy()
    noise = numpy.random.default_rng(seed).normal(0, 30, content.shape)
    return (noise + content.mean()).clip(0, 255).astype(numpy.float32)


def as_bytes(image: Array) -> Array:
    """Floats of shape (1, 3, rows, columns) as bytes of shape (3, rows, columns)."""
    return numpy.rint(image[0]).clip(0, 255).astype(numpy.uint8)
