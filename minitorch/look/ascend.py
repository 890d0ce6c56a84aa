"""Images made from nothing by climbing: what a class, or a channel, would like to see."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy

from minitorch import asarray, ops, updates
from minitorch.data.batches import stream
from minitorch.look.passes import Uphill
from minitorch.look.spectrum import Spectrum, View
from minitorch.look.subject import Subject, Values, normalised, upsampled
from minitorch.parameter import Parameter

__all__ = ["Ascent", "fool", "maximise"]

Array = numpy.ndarray
_ENOUGH = 128  # pixels along each axis


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
    steps: int = 256,
    rate: float = 0.12,
    falloff: float = 1.15,
    zoom: tuple[float, float] = (0.6, 1.4),
    margin: float = 0.3,
    size: tuple[int, int] | None = None,
    image: Array | None = None,
    seed: int = 0,
) -> Ascent:
    """An image that raises a class's logit, or the mean of a channel, however it is held.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    target : int or str
        A class, or with ``layer`` a channel (unit) of it.
    layer : str, optional
    steps : int
    rate : float
        Adam's first, for the coefficients of :class:`minitorch.look.spectrum.Spectrum`; it falls to
        0 in a straight line, so that the last steps take noise away.
    falloff : float
        How much weaker high frequencies are: 0 is noise to the eye, more is smoother.
    zoom : tuple of float
        Each step sees the image, from another place, enlarged by a factor between these.
    margin : float
        The image that climbs is larger than the network's input by this share; the views move about
        in it, and its middle is the result.
    size : tuple of int, optional
        Rows and columns of the result; by default the input's, or if the network takes images of
        other sizes at most 128: what is seen at once is one thing then, and steps are quick.
    image : numpy.ndarray, shape (channels, rows, columns), optional
        Where to begin; by default grey with a little noise.
    seed : int

    Returns
    -------
    Ascent

    Raises
    ------
    ValueError
        For an unknown class, layer or channel; for settings out of range; for a size that the
        network does not take.

    Notes
    -----
    A bare climb of pixels ends in noise that the network takes for anything. Two things make it an
    image: it is written in cosines and in photographs' colours, so that what is smooth is changed
    first; and it must please in whatever size and place it is seen. While the gradient is nothing
    but zeros, as that of a unit that is not active, rectifiers let what would wake it through.

    References
    ----------
    D. Erhan, Y. Bengio, A. Courville, P. Vincent: Visualizing higher-layer features of a deep
    network, 2009. K. Simonyan, A. Vedaldi, A. Zisserman: Deep inside convolutional networks, 2013.
    C. Olah, A. Mordvintsev, L. Schubert: Feature visualization, Distill 2017.
    """
    if min(steps, rate, falloff, margin) < 0 or not 0 < zoom[0] <= zoom[1]:
        raise ValueError(
            "maximise: steps, rate, falloff and margin are at least 0, and zoom goes from a number "
            "above 0 to one that is not less"
        )
    subject, rng = Subject(classifier), stream(seed)
    uphill = Uphill(subject, subject.score(target, layer), subject.stop_of(layer))
    canvas = _Canvas(subject, _size(subject, layer, size), margin, falloff)
    noise = 0.1 * rng.standard_normal(canvas.spectrum.shape).astype(numpy.float32)
    z, scores = Parameter(noise if image is None else canvas.beginning(image)), []
    for step in range(steps):
        factor = math.exp(rng.uniform(math.log(zoom[0]), math.log(zoom[1])))
        view = canvas.view(factor, tuple(rng.uniform(0, 1, 2)))
        pixels = canvas.spectrum.pixels(z.get_value())
        gradient, value = uphill(canvas.seen(view, pixels))
        scores.append(value)
        down = normalised(-canvas.back(view, gradient[0], pixels))
        updates.adam([asarray(down)], [z], rate * (1 - step / steps)).apply()
    x = canvas.seen(canvas.view(), canvas.spectrum.pixels(z.get_value()))
    return Ascent(x, [*scores, uphill(x)[1]])


class _Canvas:
    """An image that is larger than what the network is shown of it."""

    def __init__(
        self, subject: Subject, size: tuple[int, ...], margin: float, falloff: float
    ) -> None:
        self._subject, self._size = subject, size
        self._span = subject.highest - subject.lowest
        self._around = [round(n * margin / 2) for n in size]
        wide = [n + 2 * m for n, m in zip(size, self._around, strict=True)]
        self.spectrum = Spectrum((subject.prepare.input_shape[0], *wide), falloff)

    def view(self, zoom: float = 1.0, place: tuple[float, ...] = (0.5, 0.5)) -> View:
        return View(self.spectrum.shape, self._size, zoom, place)

    def seen(self, view: View, pixels: Array) -> Array:
        """What the network is given: a view as a batch of one, prepared; grey beyond the border."""
        prepared = self._subject.lowest + self._span * (view(pixels - 0.5) + 0.5)
        return numpy.ascontiguousarray(prepared[None], numpy.float32)

    def back(self, view: View, gradient: Array, pixels: Array) -> Array:
        """The gradient for the coefficients."""
        return self.spectrum.back(view.back(self._span * gradient), pixels)

    def beginning(self, image: Array) -> Array:
        """The coefficients of an image in the middle of what stands on its border."""
        x = self._subject.prepared(image)
        pixels = upsampled((x - self._subject.lowest) / self._span, (self._size[0], self._size[1]))
        wide = numpy.pad(pixels[0], [(0, 0), *((n, n) for n in self._around)], mode="edge")
        return self.spectrum.coefficients(wide)


def _size(subject: Subject, layer: str | None, asked: tuple[int, int] | None) -> tuple[int, ...]:
    """Rows and columns that are climbed in, which the network takes."""
    usual = subject.prepare.input_shape[1:]
    if asked is not None and (len(asked) != 2 or min(asked) < 1):
        raise ValueError(f"maximise: the size is (rows, columns), each at least 1, not {asked}")
    size = tuple(min(n, _ENOUGH) for n in usual) if asked is None else tuple(asked)
    if size == usual:
        return usual
    try:
        x = subject.in_its_size(numpy.zeros((subject.prepare.input_shape[0], *size), numpy.uint8))
        subject.values(x, subject.stop_of(layer))
    except ValueError as error:
        if asked is None:
            return usual
        raise ValueError(
            f"maximise: the network does not take images of {size[0]} x {size[1]} ({error}); leave "
            f"the size to it"
        ) from None
    return size


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
    uphill, scores = Uphill(subject, surety), []
    while True:
        gradient, surest = uphill(x)
        scores.append(math.exp(surest))
        if scores[-1] >= confidence or len(scores) > steps:
            return Ascent(x, scores)
        x = x + rate * grey * normalised(gradient)
        x = x.clip(subject.lowest, subject.highest).astype(numpy.float32)
