"""Ways through the noise: between two points, and sums of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

__all__ = ["arithmetic", "between", "rescaled"]

Array = numpy.ndarray


def between(start: Array, end: Array, steps: int) -> Array:
    """Noise from one vector to another, on the arc that keeps its length.

    Parameters
    ----------
    start, end : numpy.ndarray, shape (latent,)
    steps : int
        How many, both ends included; at least 2.

    Returns
    -------
    numpy.ndarray, shape (steps, latent)

    Raises
    ------
    ValueError
        For fewer than 2 steps, or vectors of different lengths.

    Notes
    -----
    Normal noise of many dimensions lies near a sphere, and the middle of a straight line lies
    inside, where a generator was never trained. With the angle θ between the two the arc is
    (sin((1-t)θ) a + sin(tθ) b) / sin θ; for θ near 0 or π, where that is none, a straight line.

    References
    ----------
    T. White, "Sampling generative networks", 2016.

    Examples
    --------
    >>> between(numpy.array([1.0, 0.0]), numpy.array([0.0, 1.0]), 3).round(3).tolist()
    [[1.0, 0.0], [0.707, 0.707], [0.0, 1.0]]
    """
    if steps < 2 or start.shape != end.shape or start.ndim != 1:
        raise ValueError(
            f"between: expected two vectors of one length and 2 or more steps, found "
            f"{start.shape}, {end.shape} and {steps}"
        )
    t = numpy.linspace(0, 1, steps)[:, None]
    lengths = float(numpy.linalg.norm(start) * numpy.linalg.norm(end))
    cosine = float(start @ end) / lengths if lengths else 1.0
    angle = numpy.arccos(numpy.clip(cosine, -1, 1))
    if numpy.sin(angle) < 1e-4:
        shares = 1 - t, t
    else:
        shares = (
            numpy.sin((1 - t) * angle) / numpy.sin(angle),
            numpy.sin(t * angle) / numpy.sin(angle),
        )
    way: Array = shares[0] * start + shares[1] * end
    return way.astype(start.dtype)


def arithmetic(terms: Sequence[tuple[int, Array]]) -> Array:
    """The sum of signed means of noise: smiling woman - woman + man.

    Parameters
    ----------
    terms : sequence of (sign, numpy.ndarray of shape (n, latent))
        1 or -1, and noise of a few samples that have something in common; the paper takes three
        of each, as sums of single ones are unstable.

    Returns
    -------
    numpy.ndarray, shape (latent,)

    References
    ----------
    A. Radford, L. Metz and S. Chintala, "Unsupervised representation learning with deep
    convolutional generative adversarial networks", 2015, 6.3.2.

    Examples
    --------
    >>> a, b, c = numpy.eye(3)[:, None]
    >>> arithmetic([(1, a), (-1, b), (1, c)]).tolist()
    [1.0, -1.0, 1.0]
    """
    found: Array = numpy.sum([sign * group.mean(axis=0) for sign, group in terms], axis=0)
    return found


def rescaled(z: Array) -> Array:
    """Noise of the length that normal noise has, the square root of its number; 0 stays 0.

    Examples
    --------
    >>> rescaled(numpy.array([0.3, 0.3, 0.3, 0.3])).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    length = float(numpy.linalg.norm(z))
    return z * (numpy.sqrt(z.size) / length) if length else z
