"""Images that were changed by a few levels of grey so that the classifier errs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy

from minitorch import ops
from minitorch.look.subject import Subject, Values

__all__ = ["Adversarial", "fgsm"]

Array = numpy.ndarray


class Adversarial(NamedTuple):
    """What was made of images, and what the classifier says of both.

    Attributes
    ----------
    x : numpy.ndarray, shape (n, channels, rows, columns)
        The changed images, as the network takes them; ``Subject.picture`` shows them.
    labels : numpy.ndarray of int, shape (n,)
        The classes that were argued against.
    before, after : numpy.ndarray, shape (n, classes)
        Probabilities.
    """

    x: Array
    labels: Array
    before: Array
    after: Array

    @property
    def flipped(self) -> Array:
        """Which images are another class now, shape (n,)."""
        return self.before.argmax(axis=1) != self.after.argmax(axis=1)


def fgsm(
    classifier: Any,
    images: Iterable[Array],
    labels: Sequence[int] | None = None,
    epsilon: float = 4.0,
) -> Adversarial:
    """The fast gradient sign method: every pixel a small step in the worst direction.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    images : iterable of numpy.ndarray, shape (channels, rows, columns)
        Of any sizes; bytes, or floats up to 255.
    labels : sequence of int, optional
        The true classes; by default those that the classifier finds.
    epsilon : float
        The step, in levels of grey (of 255). Goodfellow's 0.007 is 1.8.

    Returns
    -------
    Adversarial

    Raises
    ------
    ValueError
        For an epsilon below 0, no images, a label that is no class, another number of labels.

    Notes
    -----
    x' = x + epsilon sign(d J / d x), with the cross-entropy J of the label; no pixel leaves 0 to
    255. Of all changes of no pixel by more than epsilon it raises J most to the first order.

    References
    ----------
    I. Goodfellow, J. Shlens, C. Szegedy: Explaining and harnessing adversarial examples, 2014.
    """
    subject = Subject(classifier)
    if epsilon < 0:
        raise ValueError(f"fgsm: epsilon is a step in levels of grey, at least 0, not {epsilon}")
    prepared = [subject.prepared(image) for image in images]
    if not prepared:
        raise ValueError("fgsm: there are no images")
    x = numpy.concatenate(prepared)
    before = subject.probabilities(x)
    y = before.argmax(axis=1) if labels is None else numpy.asarray(labels)
    if y.shape != (len(x),):
        raise ValueError(f"fgsm: {len(x)} images have labels of shape {y.shape}")
    for label in y:
        subject.class_of(int(label))
    rows = numpy.arange(len(x))

    def cross_entropy(values: Values) -> Any:
        return -ops.sum(ops.log_softmax(subject.logits(values), axis=1)[rows, y])

    sign = numpy.sign(subject.gradient(x, cross_entropy)[0])
    step = epsilon / 255 * (subject.highest - subject.lowest)
    changed = (x + step * sign).clip(subject.lowest, subject.highest).astype(x.dtype)
    return Adversarial(changed, y, before, subject.probabilities(changed))
