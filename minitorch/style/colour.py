"""Keeping a photograph's colours while it takes a painting's strokes."""

from __future__ import annotations

import numpy

__all__ = ["COLOURS", "luminance", "matched_colours", "matched_luminance", "with_luminance"]

Array = numpy.ndarray
COLOURS = ("style", "histogram", "luminance")
# Rows Y, I, Q of NTSC; only that Y is the first matters here.
_YIQ = numpy.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def matched_colours(style: Array, content: Array) -> Array:
    """The style's picture with the mean colour and the covariance of colours of another.

    Parameters
    ----------
    style, content : numpy.ndarray of float, shape (1, 3, rows, columns)
        RGB from 0 to 255; what comes out may lie outside.

    Returns
    -------
    numpy.ndarray of float32, of the style's shape

    Notes
    -----
    x' = A (x - m_S) + m_C with A = C^(1/2) S^(-1/2), of the covariances C and S of the two, by
    their eigenvectors: then A S Aᵀ = C. Colours that the style does not have in some direction
    (a grey picture) are left as they are there.

    References
    ----------
    L. Gatys, M. Bethge, A. Hertzmann, E. Shechtman: Preserving color in neural artistic style
    transfer, 2016, section 3 (image analogies).

    Examples
    --------
    >>> rng = numpy.random.default_rng(0)
    >>> one, two = rng.uniform(0, 255, (1, 3, 8, 9)), rng.uniform(9, 90, (1, 3, 7, 7))
    >>> found = matched_colours(one, two)
    >>> bool(numpy.allclose(found.mean((0, 2, 3)), two.mean((0, 2, 3)), rtol=1e-5))
    True
    """
    x, mean, root = _moments(style)
    _, wanted, other = _moments(content)
    matrix = other @ numpy.linalg.pinv(root, rcond=1e-4, hermitian=True)
    out = matrix @ (x - mean) + wanted
    return out.reshape(style.shape).astype(numpy.float32)


def _moments(image: Array) -> tuple[Array, Array, Array]:
    """Pixels as columns, their mean, and the root of their covariance."""
    x = image.reshape(3, -1).astype(numpy.float64)
    mean = x.mean(axis=1, keepdims=True)
    values, vectors = numpy.linalg.eigh((x - mean) @ (x - mean).T / x.shape[1])
    return x, mean, vectors * numpy.sqrt(values.clip(0)) @ vectors.T


def luminance(image: Array) -> Array:
    """The luminance Y of NTSC in three equal channels, which a network can take."""
    y = numpy.tensordot(_YIQ[0], image[0], axes=1)
    return numpy.repeat(y[None, None], 3, axis=1).astype(numpy.float32)


def matched_luminance(style: Array, content: Array) -> Array:
    """The luminance of a style's picture, with the mean and the deviation of another's.

    Notes
    -----
    Y' = σ_C / σ_S (Y - μ_S) + μ_C, section 5 of the paper.
    """
    y, other = luminance(style).astype(numpy.float64), luminance(content)
    deviation = y.std()
    scale = other.std() / deviation if deviation > 1e-3 else 1.0
    return (scale * (y - y.mean()) + other.mean()).astype(numpy.float32)


def with_luminance(image: Array, colours: Array) -> Array:
    """The luminance of one picture and the colours, I and Q of NTSC, of another.

    Parameters
    ----------
    image, colours : numpy.ndarray, shape (1, 3, rows, columns)

    Returns
    -------
    numpy.ndarray of float32, of the same shape
    """
    change = luminance(image)[:, :1] - luminance(colours)[:, :1]
    return (colours + change).astype(numpy.float32)  # R, G and B of (Y, 0, 0) are all Y
