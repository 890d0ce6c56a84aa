"""Transforms that move pixels: translation, reflection, scale, rotation, crops."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy

from minitorch.data.resample import Fill, bordered, centre_crop, checked, resize, resize_short, warp

__all__ = [
    "Crop",
    "RandomResizedCrop",
    "Reflect",
    "ResizeShort",
    "Rotate",
    "Scale",
    "Translate",
]

Array = numpy.ndarray
Rng = numpy.random.Generator


@dataclass(frozen=True)
class Translate:
    """Moved by whole pixels, up to ``most`` each way, down and across.

    Parameters
    ----------
    most : int
    fill : float or one per channel
        What comes in from outside.
    """

    most: int
    fill: Fill = 0.0

    def __post_init__(self) -> None:
        if self.most < 0:
            raise ValueError(f"Translate: most is at least 0, not {self.most}")

    def __call__(self, image: Array, rng: Rng) -> Array:
        image = checked(image, "Translate")
        down, right = rng.integers(0, 2 * self.most + 1, 2)
        rows, columns = image.shape[-2:]
        around = bordered(image, self.most, self.fill)
        return around[..., down : down + rows, right : right + columns]


@dataclass(frozen=True)
class Reflect:
    """Left and right exchanged, with probability ``p``."""

    p: float = 0.5

    def __call__(self, image: Array, rng: Rng) -> Array:
        image = checked(image, "Reflect")
        return image[..., ::-1] if rng.random() < self.p else image


@dataclass(frozen=True)
class Scale:
    """Magnified about the middle by a factor from ``low`` to ``high``; the size stays.

    The factor's logarithm is uniform, so halving and doubling are as likely.

    Parameters
    ----------
    low, high : float
        Positive; 1 leaves an image as it is.
    fill : float or one per channel
        What comes in from outside.
    """

    low: float = 0.8
    high: float = 1.25
    fill: Fill = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise ValueError(f"Scale: 0 < low <= high, found {self.low:g} and {self.high:g}")

    def __call__(self, image: Array, rng: Rng) -> Array:
        factor = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return warp(image, [[1 / factor, 0], [0, 1 / factor]], self.fill)


@dataclass(frozen=True)
class Rotate:
    """Turned about the middle by up to ``most`` degrees either way; the size stays.

    Parameters
    ----------
    most : float
        In degrees; positive angles turn counterclockwise.
    fill : float or one per channel
        What comes in from outside.
    """

    most: float
    fill: Fill = 0.0

    def __call__(self, image: Array, rng: Rng) -> Array:
        return self.by(image, rng.uniform(-self.most, self.most))

    def by(self, image: Array, degrees: float) -> Array:
        """Turned by that angle."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        # Rows count downwards: what is counterclockwise to the eye.
        return warp(image, [[cos, sin], [-sin, cos]], self.fill)


@dataclass(frozen=True)
class Crop:
    """A piece of ``size`` x ``size`` pixels.

    Parameters
    ----------
    size : int
    where : {"random", "centre"}
    pad : int
        Pixels of ``fill`` put round the image first. ``Crop(32, pad=4)`` is what residual
        networks are trained with on CIFAR-10.
    fill : float or one per channel

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", 2015, 4.2.
    """

    size: int
    where: str = "random"
    pad: int = 0
    fill: Fill = 0.0

    def __post_init__(self) -> None:
        if self.where not in ("random", "centre"):
            raise ValueError(f'Crop: where is "random" or "centre", not {self.where!r}')
        if self.size < 1 or self.pad < 0:
            raise ValueError(f"Crop: size >= 1 and pad >= 0, found {self.size} and {self.pad}")

    def __call__(self, image: Array, rng: Rng) -> Array:
        image = bordered(checked(image, "Crop"), self.pad, self.fill)
        rows, columns = (n - self.size + 1 for n in image.shape[-2:])
        if rows < 1 or columns < 1:
            raise ValueError(
                f"Crop: cannot cut {self.size} x {self.size} out of {image.shape[-2]} x "
                f"{image.shape[-1]}; put ResizeShort before it"
            )
        if self.where == "centre":
            return centre_crop(image, self.size)
        top, left = rng.integers(0, rows), rng.integers(0, columns)
        return image[..., top : top + self.size, left : left + self.size]


@dataclass(frozen=True)
class ResizeShort:
    """Scaled so that the shorter side has ``size`` pixels, or ``size`` to ``most`` at random.

    ``ResizeShort(256, 512)`` before ``Crop(224)`` is VGG's scale jittering.

    References
    ----------
    K. Simonyan, A. Zisserman, "Very deep convolutional networks", 2014, 3.1.
    """

    size: int
    most: int | None = None

    def __post_init__(self) -> None:
        if self.size < 1 or (self.most is not None and self.most < self.size):
            raise ValueError(f"ResizeShort: 1 <= size <= most, found {self.size} and {self.most}")

    def __call__(self, image: Array, rng: Rng) -> Array:
        most = self.size if self.most is None else self.most
        return resize_short(checked(image, "ResizeShort"), int(rng.integers(self.size, most + 1)))


@dataclass(frozen=True)
class RandomResizedCrop:
    """A piece of random area and shape, scaled to ``size`` x ``size``: GoogLeNet's.

    Parameters
    ----------
    size : int
    area : (float, float)
        Of the piece, as shares of the image's; uniform.
    ratio : (float, float)
        Width over height; its logarithm is uniform.

    Notes
    -----
    A piece that is drawn wider or higher than the image is drawn again, ten times at most; then
    it is the largest one in the middle whose shape is allowed.

    References
    ----------
    C. Szegedy and others, "Going deeper with convolutions", 2014, 6.
    """

    size: int
    area: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)

    def __post_init__(self) -> None:
        if self.size < 1 or not (
            0 < self.area[0] <= self.area[1] <= 1 and 0 < self.ratio[0] <= self.ratio[1]
        ):
            raise ValueError(
                f"RandomResizedCrop: size >= 1, 0 < area <= 1 and 0 < ratio, each from low to "
                f"high; found {self.size}, {self.area} and {self.ratio}"
            )

    def __call__(self, image: Array, rng: Rng) -> Array:
        image = checked(image, "RandomResizedCrop")
        top, left, rows, columns = self.box(image.shape[-2], image.shape[-1], rng)
        piece = image[..., top : top + rows, left : left + columns]
        return resize(piece, (self.size, self.size))

    def box(self, height: int, width: int, rng: Rng) -> tuple[int, int, int, int]:
        """Top, left, rows and columns of the piece."""
        low, high = (math.log(r) for r in self.ratio)
        for _ in range(10):
            area = height * width * rng.uniform(*self.area)
            ratio = math.exp(rng.uniform(low, high))
            rows, columns = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
            if 0 < rows <= height and 0 < columns <= width:
                top = int(rng.integers(0, height - rows + 1))
                return top, int(rng.integers(0, width - columns + 1)), rows, columns
        ratio = min(max(width / height, self.ratio[0]), self.ratio[1])
        rows = min(height, max(1, round(width / ratio)))
        columns = min(width, max(1, round(height * ratio)))
        return (height - rows) // 2, (width - columns) // 2, rows, columns
