"""Images that were changed by a few levels of grey so that the classifier errs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy

from minitorch import ops
from minitorch.data.batches import stream
from minitorch.look.passes import Uphill
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
    *,
    toward: Sequence[int] | None = None,
    steps: int = 1,
    rate: float | None = None,
    seed: int | None = None,
) -> Adversarial:
    """The fast gradient sign method: every pixel a small step in the worst direction, or several.

    Parameters
    ----------
    classifier : minitorch.training.Classifier
    images : iterable of numpy.ndarray, shape (channels, rows, columns)
        Of any sizes; bytes, or floats up to 255.
    labels : sequence of int, optional
        The true classes; by default those that the classifier finds.
    epsilon : float
        How far a pixel may go, in levels of grey (of 255). Goodfellow's 0.007 is 1.8.
    toward : sequence of int, optional
        Argue for these classes, one per image, in place of against the labels.
    steps : int
        With more than one it is the basic iterative method.
    rate : float, optional
        Of a step, in levels of grey; by default 2.5 epsilon / steps, at most epsilon.
    seed : int, optional
        Begin at random within epsilon: with several steps projected gradient descent.

    Returns
    -------
    Adversarial

    Raises
    ------
    ValueError
        For an epsilon or a rate below 0, fewer than one step, no images, a label that is no class,
        another number of labels.

    Notes
    -----
    x' = x + epsilon sign(d J / d x), with the cross-entropy J of the label; no pixel leaves 0 to
    255. Of all changes of no pixel by more than epsilon it raises J most to the first order.
    Several steps are of length ``rate``, and after each, pixels go back to within epsilon of x.
    Toward a class y, J is minus the cross-entropy of y.

    References
    ----------
    I. Goodfellow, J. Shlens, C. Szegedy: Explaining and harnessing adversarial examples, 2014.
    A. Kurakin, I. Goodfellow, S. Bengio: Adversarial examples in the physical world, 2016.
    A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu: Towards deep learning models resistant
    to adversarial attacks, 2017.
    """
    subject = Subject(classifier)
    if epsilon < 0 or steps < 1 or (rate is not None and rate < 0):
        raise ValueError(
            f"fgsm: epsilon and rate are levels of grey, at least 0, and steps at least 1, not "
            f"{epsilon}, {rate} and {steps}"
        )
    prepared = [subject.prepared(image) for image in images]
    if not prepared:
        raise ValueError("fgsm: there are no images")
    x = numpy.concatenate(prepared)
    before = subject.probabilities(x)
    given = before.argmax(axis=1) if labels is None else labels
    y = _labels(subject, given, len(x))
    aims = y if toward is None else _labels(subject, toward, len(x))
    sign = 1 if toward is None else -1
    rows = numpy.arange(len(x))

    def worse(values: Values) -> Any:
        log_p = ops.log_softmax(subject.logits(values), axis=1)
        return ops.sum(log_p[rows, aims]) * -sign

    level = (subject.highest - subject.lowest) / 255
    least = numpy.maximum(x - epsilon * level, subject.lowest)
    most = numpy.minimum(x + epsilon * level, subject.highest)
    step = min(epsilon, 2.5 * epsilon / steps) if rate is None else rate
    changed, uphill = x, Uphill(subject, worse)
    if seed is not None:
        changed = x + epsilon * level * stream(seed).uniform(-1, 1, x.shape)
    for _ in range(steps):
        changed = changed.clip(least, most).astype(x.dtype)
        changed = changed + step * level * numpy.sign(uphill(changed)[0])
    changed = changed.clip(least, most).astype(x.dtype)
    return Adversarial(changed, y, before, subject.probabilities(changed))


def _labels(subject: Subject, labels: Any, count: int) -> Array:
    """Checked: one class per image."""
    y = numpy.asarray(labels)
    if y.shape != (count,):
        raise ValueError(f"fgsm: {count} images have labels of shape {y.shape}")
    for label in y:
        subject.class_of(int(label))
    return y
