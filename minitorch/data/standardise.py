"""Standardising: zero mean and unit variance per channel or per pixel, and back."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy

from minitorch.data.dataset import check_inputs

__all__ = ["Standardiser"]

Array = numpy.ndarray
_CHUNK = 4096  # examples that are converted to float64 at a time


def _moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Mean and standard deviation over axes, in float64 but never all of x at once."""
    chunks = [slice(i, i + _CHUNK) for i in range(0, len(x), _CHUNK)]
    count = math.prod(x.shape[axis] for axis in axes)
    mean = sum(x[c].sum(axis=axes, dtype=numpy.float64) for c in chunks) / count
    centre = mean.reshape(mean.shape + (1,) * (x.ndim - 1 - mean.ndim))
    squares = sum(numpy.square(x[c] - centre).sum(axis=axes) for c in chunks)
    return mean, numpy.sqrt(squares / count)


class Standardiser:
    """Zero mean and unit variance, with the training set's figures.

    Parameters
    ----------
    mean, std : array_like, shape (channels,) or the shape of an example
        What never varies has std 0; it is only shifted.

    Notes
    -----
    apply(x) = (x - mean) / std;  undo(z) = z * std + mean. Channels are axis 1;
    vectors have one channel per feature, labels of a regression likewise.

    Per pixel, a place that hardly ever varies (a margin) has a tiny std, and the few examples
    that have something there get huge values; ``scale=False`` is the cure.

    ``Standardiser(mean, std)`` of the lists ``mean.tolist()`` and ``std.tolist()``, which a
    model's file keeps, is the same one again.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> s = Standardiser.fit(x)
    >>> s.apply(x)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> s.undo(s.apply(x))
    array([[ 1., 10.],
           [ 3., 30.]], dtype=float32)

    AlexNet subtracts the mean image, and scales nothing:

    >>> s = Standardiser.fit(np.arange(24.0).reshape(2, 3, 2, 2), per="pixel", scale=False)
    >>> s.mean.shape, bool((s.std == 1).all())
    ((3, 2, 2), True)
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean = numpy.atleast_1d(numpy.asarray(mean, numpy.float64))
        self.std = numpy.atleast_1d(numpy.asarray(std, numpy.float64))
        if self.mean.shape != self.std.shape:
            raise ValueError(
                f"Standardiser: mean {self.mean.shape} and std {self.std.shape} need one value "
                f"per channel each, or one per pixel each"
            )
        if not (numpy.isfinite(self.mean).all() and numpy.isfinite(self.std).all()):
            raise ValueError("Standardiser: mean and std must be finite")
        if (self.std < 0).any():
            raise ValueError("Standardiser: std must not be negative")

    @classmethod
    def fit(
        cls, x: Any, per: Literal["channel", "pixel"] = "channel", scale: bool = True
    ) -> Standardiser:
        """The figures of examples, computed in float64.

        Parameters
        ----------
        x : array_like, shape (n, channels, ...)
        per : {"channel", "pixel"}
            One mean and std per channel, or one per channel and place.
        scale : bool
            Without it std is 1: the mean is subtracted, and nothing else done.
        """
        x = check_inputs(x)
        if x.ndim < 2:
            raise ValueError(f"Standardiser: expected shape (n, channels, ...), found {x.shape}")
        if per not in ("channel", "pixel"):
            raise ValueError(f'Standardiser: per is "channel" or "pixel", not {per!r}')
        axes = (0, *range(2, x.ndim)) if per == "channel" else (0,)
        mean, std = _moments(x, axes)
        return cls(mean, std if scale else numpy.ones_like(std))

    def _shaped(self, x: Array) -> tuple[Array, Array]:
        """Scale and mean in float32, shaped to broadcast against ``x``."""
        shape = self.mean.shape
        if self.mean.ndim == 1:
            shape = (*shape, *[1] * (x.ndim - 2))
            if x.ndim < 2 or x.shape[1] != len(self.mean):
                raise ValueError(
                    f"Standardiser: fitted on {len(self.mean)} channels, x has shape {x.shape}"
                )
        elif x.shape[1:] != shape:
            raise ValueError(
                f"Standardiser: fitted per pixel on examples of shape {shape}, x has shape "
                f"{x.shape}"
            )
        std = numpy.where(self.std == 0, 1.0, self.std)
        return (
            std.astype(numpy.float32).reshape(shape),
            self.mean.astype(numpy.float32).reshape(shape),
        )

    def apply(self, x: Any) -> Array:
        """``(x - mean) / std`` as float32, of x's shape."""
        x = check_inputs(x)
        std, mean = self._shaped(x)
        out = x.astype(numpy.float32)
        out -= mean
        out /= std
        return out

    def undo(self, z: Any) -> Array:
        """``z * std + mean`` as float32: back to the original units."""
        z = check_inputs(z, "z")
        std, mean = self._shaped(z)
        out = z.astype(numpy.float32)
        out *= std
        out += mean
        return out

    def picture(self, z: Any) -> Array:
        """``undo``, rounded to bytes 0 to 255: what can be shown of a standardised image."""
        return numpy.rint(self.undo(z)).clip(0, 255).astype(numpy.uint8)
