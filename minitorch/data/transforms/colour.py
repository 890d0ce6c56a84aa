"""Transforms that change values: AlexNet's lighting, colour jitter, erasing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch.data.dataset import check_inputs
from minitorch.data.resample import Fill, checked, like

__all__ = ["ColourJitter", "Erase", "Lighting"]

Array = numpy.ndarray
Rng = numpy.random.Generator
# How bright red, green and blue look: ITU-R BT.601.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Lighting:
    """AlexNet's change of intensity and colour of the light.

    Parameters
    ----------
    values : tuple of float
        The principal variances of the training pixels' colours, of :meth:`fit`.
    vectors : tuple of tuple of float
        Their directions, one a row.
    sigma : float
        Standard deviation of the random factors.

    Notes
    -----
    To every pixel the same sum_k alpha_k sqrt(values_k) vectors_k is added, alpha_k ~ N(0, sigma)
    drawn once per image: a colour whose covariance is sigma^2 times that of the pixels, whatever
    their units. The paper writes values_k where the root stands here; a variance is
    no intensity, and for pixels of 0 to 255 that would drown the image.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional
    neural networks", 2012, 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).integers(0, 256, (50, 3, 8, 8), np.uint8)
    >>> Lighting.fit(x)(x[0], np.random.default_rng(1)).shape
    (3, 8, 8)
    """

    values: tuple[float, ...]
    vectors: tuple[tuple[float, ...], ...]
    sigma: float = 0.1

    @classmethod
    def fit(cls, x: Any, sigma: float = 0.1) -> Lighting:
        """The figures of images, shape (n, channels, rows, columns), computed in float64."""
        x = check_inputs(x)
        if x.ndim != 4:
            raise ValueError(f"Lighting: expected (n, channels, rows, columns), found {x.shape}")
        channels = x.shape[1]
        total, products = numpy.zeros(channels), numpy.zeros((channels, channels))
        shift = x[0].mean(axis=(1, 2), dtype=numpy.float64)  # near the mean, so nothing cancels
        for start in range(0, len(x), 256):
            pixels = numpy.moveaxis(x[start : start + 256], 1, 0).reshape(channels, -1)
            pixels = pixels - shift[:, None]
            total += pixels.sum(axis=1)
            products += pixels @ pixels.T
        count = x.size // channels
        mean = total / count
        values, columns = numpy.linalg.eigh(products / count - numpy.outer(mean, mean))
        order = values.argsort()[::-1]
        rows = columns.T[order]
        # Eigenvectors have no sign of their own: the largest entry is made positive.
        rows = (
            rows * numpy.sign(rows[numpy.arange(channels), numpy.abs(rows).argmax(axis=1)])[:, None]
        )
        return cls(tuple(values[order].clip(0).tolist()), tuple(map(tuple, rows.tolist())), sigma)

    def __call__(self, image: Array, rng: Rng) -> Array:
        image = checked(image, "Lighting")
        if image.shape[-3] != len(self.values):
            raise ValueError(
                f"Lighting: fitted on {len(self.values)} channels, the image has {image.shape}"
            )
        factors = rng.normal(0, self.sigma, len(self.values)) * numpy.sqrt(self.values)
        change = (factors[:, None] * numpy.array(self.vectors)).sum(axis=0)
        return like(image + change.astype(numpy.float32)[:, None, None], image)


@dataclass(frozen=True)
class ColourJitter:
    """Brightness, contrast and saturation changed, in random order.

    Parameters
    ----------
    brightness, contrast, saturation : float
        Each factor is uniform in [1 - a, 1 + a], but not negative.

    Notes
    -----
    Brightness mixes the image with black, contrast with its mean grey, saturation with its own
    grey version: out = f image + (1 - f) other. Bytes are rounded once, at the end. Saturation
    leaves grey images alone.

    References
    ----------
    A. Howard, "Some improvements on deep convolutional neural network based image
    classification", 2013.
    """

    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4

    def __post_init__(self) -> None:
        if min(self.brightness, self.contrast, self.saturation) < 0:
            raise ValueError("ColourJitter: brightness, contrast and saturation are at least 0")

    def __call__(self, image: Array, rng: Rng) -> Array:
        image = checked(image, "ColourJitter")
        if image.shape[-3] not in (1, 3):
            raise ValueError(f"ColourJitter: images have 1 or 3 channels, found {image.shape}")
        spans = (self.brightness, self.contrast, self.saturation)
        factors = [rng.uniform(max(0.0, 1 - a), 1 + a) for a in spans]
        out = image.astype(numpy.float32)
        for kind in rng.permutation(3):
            factor = numpy.float32(factors[kind])
            other: Any = 0
            if kind == 1:  # the mean of the grey image is the grey of the means
                other = (1 - factor) * _grey(out.mean(axis=(-2, -1), keepdims=True))
            elif kind == 2:
                other = (1 - factor) * _grey(out)
            out *= factor
            out += other
        return like(out, image)


def _grey(image: Array) -> Array:
    """How bright each pixel looks, shape (..., 1, rows, columns)."""
    if image.shape[-3] == 1:
        return image
    red, green, blue = (image[..., i : i + 1, :, :] * numpy.float32(_LUMA[i]) for i in range(3))
    return red + green + blue


@dataclass(frozen=True)
class Erase:
    """A rectangle overwritten, with probability ``p``.

    Parameters
    ----------
    p : float
    area : (float, float)
        Of the rectangle, as shares of the image's; uniform.
    ratio : (float, float)
        Height over width; its logarithm is uniform.
    fill : float or one per channel

    References
    ----------
    Z. Zhong and others, "Random erasing data augmentation", 2017.
    """

    p: float = 0.5
    area: tuple[float, float] = (0.02, 0.4)
    ratio: tuple[float, float] = (0.3, 1 / 0.3)
    fill: Fill = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.area[0] <= self.area[1] <= 1 and 0 < self.ratio[0] <= self.ratio[1]):
            raise ValueError(
                f"Erase: 0 < area <= 1 and 0 < ratio, each from low to high; found {self.area} "
                f"and {self.ratio}"
            )

    def __call__(self, image: Array, rng: Rng) -> Array:
        image = checked(image, "Erase")
        if rng.random() >= self.p:
            return image
        height, width = image.shape[-2:]
        for _ in range(100):
            area = height * width * rng.uniform(*self.area)
            ratio = math.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
            rows, columns = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < rows <= height and 0 < columns <= width:
                top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
                out = image.copy()
                place = out[..., top : top + rows, left : left + columns]
                place[...] = numpy.asarray(self.fill).reshape(-1, 1, 1)
                return out
        return image
