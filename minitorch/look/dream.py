"""DeepDream: a photograph, with more of whatever a layer sees in it, at several sizes."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import layers, ops
from minitorch.data.batches import stream
from minitorch.look.ascend import Ascent
from minitorch.look.passes import Uphill
from minitorch.look.spectrum import cosines, falling
from minitorch.look.subject import Score, Subject, upsampled

__all__ = ["deep_dream"]

Array = numpy.ndarray
_SMALLEST = 8  # pixels of an octave's shorter side


def deep_dream(
    classifier: Any,
    image: Array,
    layer: str | None = None,
    channel: int | None = None,
    *,
    octaves: int = 4,
    scale: float = 1.4,
    steps: int = 10,
    rate: float = 1.5,
    jitter: int = 32,
    falloff: float = 0.5,
    seed: int = 0,
) -> Ascent:
    """Climb from a photograph, first on a small copy of it, then on larger and larger ones.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    image : numpy.ndarray, shape (channels, rows, columns)
        In the size that the result shall have; bytes, or floats up to 255.
    layer : str, optional
        A layer of maps; by default one a little above the middle. Low ones give strokes, high
        ones things.
    channel : int, optional
        By default all of the layer: whatever it sees is made stronger.
    octaves : int
        How many sizes; those whose shorter side would be below 8 pixels are left out.
    scale : float
        From one octave to the next.
    steps : int
        Per octave.
    rate : float
        Of a step, in levels of grey: the mean of its changes' absolute values.
    jitter : int
        Each step sees the image moved by up to so many pixels, at most half of it.
    falloff : float
        A step's frequencies f are scaled by 1 / f^falloff: 0 changes single pixels most, more is
        smoother.
    seed : int

    Returns
    -------
    Ascent
        The image in its size, and the score before each step.

    Raises
    ------
    ValueError
        For a layer without maps or behind one of fixed lengths, an unknown channel, an image that
        is too small, settings out of range; where each pixel of an input has a mean of its own.

    Notes
    -----
    The score is half the mean of the layer's squares, whose gradient at the layer is its own
    values, or the channel's mean. What the small octaves changed is enlarged and added to the
    photograph of the next size, so that details of the photograph are not lost.

    References
    ----------
    A. Mordvintsev, C. Olah, M. Tyka: Inceptionism: going deeper into neural networks, 2015.
    """
    if octaves < 1 or scale <= 1 or steps < 0 or min(rate, jitter, falloff) < 0:
        raise ValueError(
            "deep_dream: octaves are at least 1, the scale is above 1, and steps, rate, jitter and "
            "falloff are at least 0"
        )
    subject, rng = Subject(classifier), stream(seed)
    one = subject.layer(subject.maps_layer(layer) if layer else _usual(subject))
    score = _score(subject, one, channel)
    whole = subject.in_its_size(image)
    grey = (subject.highest - subject.lowest) / 255
    detail, scores = numpy.zeros_like(whole[..., :1, :1]), []
    for size in _sizes(whole.shape[2:], octaves, scale):
        uphill = Uphill(subject, score, one)  # whose memory goes with the size
        down, across, weights = *(cosines(n) for n in size), falling(*size, falloff)
        base = upsampled(whole, size)
        x = base + upsampled(detail, size)
        for _ in range(steps):
            most = [min(jitter, length // 2) for length in size]
            shift = [int(rng.integers(-most[i], most[i] + 1)) for i in range(2)]
            moved = numpy.roll(x, shift, (2, 3))
            gradient, value = uphill(moved)
            gradient = numpy.roll(gradient, [-n for n in shift], (2, 3))
            scores.append(value)
            gradient = down.T @ (weights * (down @ gradient @ across.T)) @ across
            x = x + rate * grey * gradient / (numpy.abs(gradient).mean() + 1e-30)
            x = x.clip(subject.lowest, subject.highest).astype(numpy.float32)
        detail = x - base
    return Ascent(x, scores)


def _score(subject: Subject, one: Any, channel: int | None) -> Score:
    """Half the mean square of a layer, or a channel's mean."""
    if channel is None:
        return lambda values: ops.mean(values[one] * values[one]) * 0.5
    name = next(name for name, layer in subject.layers.items() if layer is one)
    number = subject.channel_of(name, channel)
    return lambda values: ops.mean(values[one][:, number])


def _usual(subject: Subject) -> str:
    """The one that has five eighths of the layers of maps below it."""
    last = subject.layer(subject.maps_layer())
    every = [one for one in layers.get_all_layers(last) if not isinstance(one, layers.InputLayer)]
    chosen = every[5 * len(every) // 8]
    return next(name for name, one in subject.layers.items() if one is chosen)


def _sizes(size: tuple[int, ...], octaves: int, scale: float) -> list[tuple[int, int]]:
    """Rows and columns of each octave, the smallest first, the image's own last."""
    if min(size) < _SMALLEST:
        raise ValueError(
            f"deep_dream: an image of {size[0]} x {size[1]} is too small, a side is at least "
            f"{_SMALLEST} pixels"
        )
    every = [
        (round(size[0] / scale**power), round(size[1] / scale**power))
        for power in reversed(range(octaves))
    ]
    return [one for one in every if min(one) >= _SMALLEST]
