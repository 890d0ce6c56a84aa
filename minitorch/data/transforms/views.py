"""Several crops of one test image, whose predictions are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from minitorch.data.resample import centre_crop, checked, resize, resize_short

__all__ = ["MultiScale", "TenCrop", "googlenet_views"]

Array = numpy.ndarray


def _five(image: Array, size: int) -> list[Array]:
    """The four corners and the centre."""
    if min(image.shape[-2:]) < size:
        raise ValueError(
            f"TenCrop: cannot cut {size} x {size} out of {image.shape[-2]} x {image.shape[-1]}; "
            f"scale the image up first"
        )
    corners = [
        image[..., rows, columns]
        for rows in (slice(size), slice(-size, None))
        for columns in (slice(size), slice(-size, None))
    ]
    return [*corners, centre_crop(image, size)]


def _with_reflections(views: Sequence[Array]) -> Array:
    """All views, and then all of them reflected."""
    stacked = numpy.stack(views)
    return numpy.concatenate([stacked, stacked[..., ::-1]])


@dataclass(frozen=True)
class TenCrop:
    """AlexNet's test: the four corners and the centre, and their reflections.

    Parameters
    ----------
    size : int

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, 2012, 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> TenCrop(24)(np.zeros((3, 28, 28), np.uint8)).shape
    (10, 3, 24, 24)
    """

    size: int

    def __call__(self, image: Array, rng: object = None) -> Array:
        """The views of an image (channels, rows, columns): shape (10, channels, size, size)."""
        return _with_reflections(_five(checked(image, "TenCrop"), self.size))


@dataclass(frozen=True)
class MultiScale:
    """Ten crops at each of several scales, as VGG's multi-crop test has them.

    Parameters
    ----------
    scales : sequence of int
        Pixels of the shorter side.
    size : int
        Of the crops.
    """

    scales: tuple[int, ...]
    size: int

    def __call__(self, image: Array, rng: object = None) -> Array:
        """The views of an image: shape (10 scales, channels, size, size)."""
        image = checked(image, "MultiScale")
        ten = TenCrop(self.size)
        return numpy.concatenate([ten(resize_short(image, scale)) for scale in self.scales])


def googlenet_views(
    image: Array, scales: Sequence[int] = (256, 288, 320, 352), size: int = 224
) -> Array:
    """GoogLeNet's 144 crops.

    At each scale of the shorter side the left, middle and right square (or upper, middle and
    lower one); of each square the corners, the centre and the whole scaled to ``size``; and the
    reflections of all.

    Parameters
    ----------
    image : numpy.ndarray, shape (channels, rows, columns)
    scales : sequence of int
    size : int

    Returns
    -------
    numpy.ndarray, shape (36 scales, channels, size, size)

    References
    ----------
    C. Szegedy and others, "Going deeper with convolutions", 2014, 7.
    """
    image = checked(image, "googlenet_views")
    views = []
    for scale in scales:
        scaled = resize_short(image, scale)
        rows, columns = scaled.shape[-2:]
        for third in range(3):
            top, left = third * (rows - scale) // 2, third * (columns - scale) // 2
            square = scaled[..., top : top + scale, left : left + scale]
            views += [*_five(square, size), resize(square, (size, size))]
    return _with_reflections(views)
