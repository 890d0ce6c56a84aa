"""Where an image can be covered without the classifier's noticing, and where not."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from minitorch.look.passes import Answers
from minitorch.look.subject import Subject

__all__ = ["Occlusion", "occlusion"]

Array = numpy.ndarray
_BATCH = 32  # copies of the image at a time, at most


class Occlusion(NamedTuple):
    """A class's probability with a square on the image, by the square's place.

    Attributes
    ----------
    target : int
        The class.
    whole : float
        Its probability without a square.
    probabilities : numpy.ndarray, shape (places down, places across)
    predicted : numpy.ndarray of int, of the same shape
        The most probable class.
    tops, lefts : numpy.ndarray of int
        Where the squares begin, in pixels of the input.
    size : int
        Of a square.
    shape : tuple of int
        (rows, columns) of the input.
    """

    target: int
    whole: float
    probabilities: Array
    predicted: Array
    tops: Array
    lefts: Array
    size: int
    shape: tuple[int, int]

    @property
    def drop(self) -> Array:
        """How much probability covering a pixel costs: the mean of all squares on it."""
        total, count = numpy.zeros(self.shape), numpy.zeros(self.shape)
        for i, top in enumerate(self.tops):
            for j, left in enumerate(self.lefts):
                place = numpy.s_[top : top + self.size, left : left + self.size]
                total[place] += self.whole - self.probabilities[i, j]
                count[place] += 1
        return total / numpy.maximum(count, 1)


def occlusion(
    classifier: Any,
    image: Array,
    target: int | str | None = None,
    *,
    size: int | None = None,
    stride: int | None = None,
    level: float | None = None,
) -> Occlusion:
    """Cover the image with a square at each place, and ask the classifier.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    image : numpy.ndarray, shape (channels, rows, columns)
        Of any size; bytes, or floats up to 255.
    target : int or str, optional
        The class, by number or name; by default the most probable one.
    size : int, optional
        Of the square, in pixels of the input; by default a fifth of its shorter side.
    stride : int, optional
        From one place to the next; by default a third of the size. The last place in each
        direction ends with the image.
    level : float, optional
        The square's grey, 0 to 255; by default the mean that the preprocessing subtracts.

    Returns
    -------
    Occlusion

    Raises
    ------
    ValueError
        For a square that is larger than the image, or lengths below 1.

    References
    ----------
    M. Zeiler, R. Fergus: Visualizing and understanding convolutional networks, 2013; section 4.2.
    """
    subject = Subject(classifier)
    x = subject.prepared(image)
    rows, columns = x.shape[2:]
    size = max(1, min(rows, columns) // 5) if size is None else size
    stride = max(1, size // 3) if stride is None else stride
    if not 1 <= size <= min(rows, columns) or stride < 1:
        raise ValueError(
            f"occlusion: a square of {size} with stride {stride} does not fit an input of "
            f"{rows} x {columns}"
        )
    span = subject.highest - subject.lowest
    fill = numpy.zeros(1) if level is None else subject.lowest + span * (level / 255)
    fill = numpy.broadcast_to(fill, x.shape[1:])
    tops, lefts = _places(rows, size, stride), _places(columns, size, stride)
    p = subject.probabilities(x)[0]
    number = int(p.argmax()) if target is None else subject.class_of(target)
    places = [(top, left) for top in tops for left in lefts]
    answers, parts = Answers(subject, min(_BATCH, len(places))), []
    for start in range(0, len(places), answers.size):
        here = places[start : start + answers.size]
        batch = numpy.repeat(x, len(here), axis=0)
        for one, (top, left) in zip(batch, here, strict=True):
            square = numpy.s_[:, top : top + size, left : left + size]
            one[square] = fill[square]
        parts.append(answers(batch))
    found = numpy.concatenate(parts).reshape(len(tops), len(lefts), -1)
    return Occlusion(
        number, float(p[number]), found[..., number], found.argmax(axis=2), tops, lefts, size,
        (rows, columns),
    )  # fmt: skip


def _places(length: int, size: int, stride: int) -> Array:
    """Where squares begin, from one border to the other."""
    return numpy.unique(numpy.append(numpy.arange(0, length - size, stride), length - size))
