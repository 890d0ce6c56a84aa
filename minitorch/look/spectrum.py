"""Images written as sums of cosines, of which a climb is smoother than of pixels."""

from __future__ import annotations

import math

import numpy

__all__ = ["Spectrum", "View", "cosines", "falling"]

Array = numpy.ndarray
# The root of the colours' covariance in photographs of ImageNet, the greatest column's norm 1:
# grey, blue to yellow, green to purple (Olah and others, its columns by strength).
_COLOURS = numpy.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
_EDGE = 1 / 512  # pixels that a spectrum is made of are so far from 0 and 1


def cosines(length: int) -> Array:
    """The orthonormal cosine transform of one axis (DCT-II): row k has frequency k / 2 length.

    Examples
    --------
    >>> d = cosines(5)
    >>> bool(numpy.allclose(d @ d.T, numpy.eye(5), atol=1e-6))
    True
    """
    k, i = numpy.arange(length)[:, None], numpy.arange(length)[None]
    out = math.sqrt(2 / length) * numpy.cos(math.pi * (i + 0.5) * k / length)
    out[0] /= math.sqrt(2)
    return out.astype(numpy.float32)


def falling(rows: int, columns: int, falloff: float) -> Array:
    """What the cosines of an image are scaled by: 1 / frequency^falloff, of mean square 1."""
    down, across = numpy.arange(rows) / rows, numpy.arange(columns) / columns
    frequency = numpy.hypot(down[:, None], across[None])
    scale = numpy.maximum(frequency, 1 / max(rows, columns)) ** -falloff
    return (scale / math.sqrt(numpy.square(scale).mean())).astype(numpy.float32)


class Spectrum:
    """Pixels 0 to 1 of coefficients, and gradients back to these.

    Parameters
    ----------
    shape : tuple of int
        (channels, rows, columns).
    falloff : float
        Frequency f has the scale 1 / f^falloff. Photographs have about 1; more is smoother, 0 is
        white noise.

    Notes
    -----
    pixels = sigmoid(C D' (S z) D): the coefficients z are scaled by S, made pixels by a matrix of
    cosines per axis, and coloured by C. So a step of one length in every coefficient is large in
    the low frequencies, and in the colours that photographs have. All is linear but the sigmoid,
    and the gradient goes back by the transposed matrices.

    References
    ----------
    C. Olah, A. Mordvintsev, L. Schubert: Feature visualization, Distill 2017; "preconditioning and
    parameterization", there by Fourier's transform.
    """

    def __init__(self, shape: tuple[int, ...], falloff: float = 1.0) -> None:
        channels, rows, columns = self.shape = shape
        self._down, self._across = cosines(rows), cosines(columns)
        self._scale = falling(rows, columns, falloff)
        mixing = _COLOURS / math.hypot(*_COLOURS[:, 0]) if channels == 3 else numpy.eye(channels)
        self._mixing = mixing.astype(numpy.float32)

    def pixels(self, z: Array) -> Array:
        """The image of coefficients, both (channels, rows, columns)."""
        plain = self._down.T @ (self._scale * z) @ self._across
        out: Array = 1 / (1 + numpy.exp(-numpy.tensordot(self._mixing, plain, 1)))
        return out

    def back(self, gradient: Array, pixels: Array) -> Array:
        """The gradient for coefficients, of that for the pixels."""
        plain = numpy.tensordot(self._mixing.T, gradient * pixels * (1 - pixels), 1)
        out: Array = self._scale * (self._down @ plain @ self._across.T)
        return out

    def coefficients(self, pixels: Array) -> Array:
        """Those whose image this is, but for pixels that are black or white to the last level."""
        held = pixels.clip(_EDGE, 1 - _EDGE)
        plain = numpy.tensordot(numpy.linalg.inv(self._mixing), numpy.log(held / (1 - held)), 1)
        out: Array = (self._down @ plain @ self._across.T) / self._scale
        return out.astype(numpy.float32)


class View:
    """A part of an image, enlarged or made smaller: bilinear, as a matrix per axis.

    Beyond the image's border stands 0.

    Parameters
    ----------
    shape : tuple of int
        (channels, rows, columns) of the image.
    size : tuple of int
        Rows and columns of the view.
    zoom : float
        How many pixels of the view one of the image has.
    place : tuple of float
        Where in the room that is left the view begins, 0 to 1 along each axis.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        size: tuple[int, ...],
        zoom: float = 1.0,
        place: tuple[float, ...] = (0.5, 0.5),
    ) -> None:
        self._down, self._across = (
            _tents(shape[axis + 1], size[axis], zoom, place[axis]) for axis in range(2)
        )

    def __call__(self, pixels: Array) -> Array:
        """The view, (channels, *size)."""
        out: Array = self._down @ pixels @ self._across.T
        return out

    def back(self, gradient: Array) -> Array:
        """The gradient for the image, of that for the view."""
        out: Array = self._down.T @ gradient @ self._across
        return out


def _tents(length: int, wanted: int, zoom: float, place: float) -> Array:
    """What each of the wanted pixels takes of each there is."""
    room = (length - 1) - (wanted - 1) / zoom
    at = room * place + numpy.arange(wanted) / zoom
    distance = numpy.abs(at[:, None] - numpy.arange(length))
    return numpy.maximum(1 - distance, 0).astype(numpy.float32)
