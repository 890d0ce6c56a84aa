"""Images made from nothing by climbing: what a class, or a channel, would like to see."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy

from minitorch import ops
from minitorch.data.batches import stream
from minitorch.look.rectifiers import waking
from minitorch.look.subject import Score, Subject, Values, normalised

__all__ = ["Ascent", "fool", "maximise"]

Array = numpy.ndarray


class Ascent(NamedTuple):
    """Where a climb has led.

    Attributes
    ----------
    x : numpy.ndarray, shape (1, channels, rows, columns)
        As the network takes it; ``Subject.picture`` shows it.
    scores : list of float
        What was to become large, before the first step and after each.
    """

    x: Array
    scores: list[float]


def maximise(
    classifier: Any,
    target: int | str,
    layer: str | None = None,
    *,
    steps: int = 100,
    rate: float = 4.0,
    decay: float = 0.01,
    blur: float = 0.5,
    jitter: int = 2,
    image: Array | None = None,
    seed: int = 0,
) -> Ascent:
    """An image that raises a class's logit, or the mean of a channel, as far as it goes.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    target : int or str
        A class, or with ``layer`` a channel (unit) of it.
    layer : str, optional
    steps : int
    rate : float
        Of a step, in levels of grey: the root of the mean square of its changes.
    decay : float
        Each step takes this share off the prepared image: Simonyan's penalty, the square of its
        length.
    blur : float
        Standard deviation in pixels of the Gaussian that smooths the image after every fourth step;
        0 for none.
    jitter : int
        Each step sees the image moved by up to so many pixels.
    image : numpy.ndarray, shape (channels, rows, columns), optional
        Where to begin; by default the mean image with a little noise.
    seed : int

    Returns
    -------
    Ascent

    Raises
    ------
    ValueError
        For an unknown class, layer or channel; for settings below 0.

    Notes
    -----
    x <- (1 - decay) x + rate g / rms(g), g = d score / d x; no pixel leaves 0 to 255. Without
    decay, blur and jitter the score rises furthest, and the image is noise to the eye. While the
    gradient is nothing but zeros, as that of a unit that is not active, rectifiers let what would
    wake them through.

    References
    ----------
    D. Erhan, Y. Bengio, A. Courville, P. Vincent: Visualizing higher-layer features of a deep
    network, 2009. K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks, 2013.
    J. Yosinski, J. Clune, A. Nguyen, T. Fuchs, H. Lipson: Understanding neural networks through
    deep visualization, 2015 (the blur).
    """
    if min(steps, rate, decay, blur, jitter) < 0:
        raise ValueError("maximise: steps, rate, decay, blur and jitter are at least 0")
    subject, rng = Subject(classifier), stream(seed)
    score, stop = subject.score(target, layer), subject.stop_of(layer)
    grey = (subject.highest - subject.lowest) / 255  # one level of it
    if image is None:
        shape = (1, *subject.prepare.input_shape)
        x = (8 * grey * rng.standard_normal(shape)).clip(subject.lowest, subject.highest)
    else:
        x = subject.prepared(image)
    x, scores = x.astype(numpy.float32), []
    for step in range(steps):
        shift = tuple(rng.integers(-jitter, jitter + 1, 2))
        moved = numpy.roll(x, shift, (2, 3))
        gradient, value = uphill(subject, moved, score, stop)
        scores.append(value)
        gradient = numpy.roll(gradient, (-shift[0], -shift[1]), (2, 3))
        x = (1 - decay) * x + rate * grey * normalised(gradient)
        if blur and step % 4 == 3:
            x = blurred(x, blur)
        x = x.clip(subject.lowest, subject.highest).astype(numpy.float32)
    scores.append(subject.gradient(x, score, stop)[1])
    return Ascent(x, scores)


def fool(
    classifier: Any,
    target: int | str,
    image: Array | None = None,
    *,
    confidence: float = 0.99,
    steps: int = 200,
    rate: float = 0.5,
) -> Ascent:
    """A picture that is taken for a class and does not look like it.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    target : int or str
        The class.
    image : numpy.ndarray, shape (channels, rows, columns), optional
        Where to begin: a photograph of something else, which hardly changes; by default the mean
        image.
    confidence : float
        The probability at which it stops.
    steps : int
        At most so many.
    rate : float
        Of a step, in levels of grey: the root of the mean square of its changes.

    Returns
    -------
    Ascent
        With the class's probabilities as scores. The last is below ``confidence`` if the steps
        were too few.

    Raises
    ------
    ValueError
        For an unknown class, a confidence that is no probability.

    Notes
    -----
    It climbs the logarithm of the class's probability.

    References
    ----------
    A. Nguyen, J. Yosinski, J. Clune: Deep neural networks are easily fooled: high confidence
    predictions for unrecognizable images, 2014; by gradient ascent. C. Szegedy and others:
    Intriguing properties of neural networks, 2013; from a photograph.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"fool: the confidence is a probability below 1, not {confidence}")
    subject = Subject(classifier)
    number = subject.class_of(target)

    def surety(values: Values) -> Any:
        return ops.sum(ops.log_softmax(subject.logits(values), axis=1)[:, number])

    if image is None:
        x = numpy.zeros((1, *subject.prepare.input_shape), numpy.float32)
        x = x.clip(subject.lowest, subject.highest).astype(numpy.float32)
    else:
        x = subject.prepared(image)
    grey = (subject.highest - subject.lowest) / 255
    scores = [float(subject.probabilities(x)[0, number])]
    while scores[-1] < confidence and len(scores) <= steps:
        gradient = subject.gradient(x, surety)[0]
        x = x + rate * grey * normalised(gradient)
        x = x.clip(subject.lowest, subject.highest).astype(numpy.float32)
        scores.append(float(subject.probabilities(x)[0, number]))
    return Ascent(x, scores)


def uphill(subject: Subject, x: Array, score: Score, stop: Any) -> tuple[Array, float]:
    """The gradient and the score; where it is zero everywhere, past the rectifiers that sleep."""
    gradient, value = subject.gradient(x, score, stop)
    if not gradient.any():
        gradient, value = subject.gradient(x, score, stop, waking)
    return gradient, value


def blurred(x: Array, sigma: float) -> Array:
    """Smoothed along rows and columns by a Gaussian; beyond the border is what stands on it."""
    radius = max(1, math.ceil(3 * sigma))
    weights = numpy.exp(-0.5 * (numpy.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in (2, 3):
        width = [(0, 0)] * x.ndim
        width[axis] = (radius, radius)
        wide = numpy.pad(x, width, mode="edge")
        length = x.shape[axis]
        parts = [wide.take(range(i, i + length), axis) * w for i, w in enumerate(weights)]
        x = sum(parts[1:], parts[0])
    return x
