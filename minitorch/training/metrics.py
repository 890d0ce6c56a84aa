"""How good a classifier is: predictions, error, loss, confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy

from minitorch import asarray, layers, no_grad
from minitorch.data.dataset import Dataset, check_labels

__all__ = ["Evaluation", "confusion_matrix", "evaluate", "predict", "predict_views"]

Array = numpy.ndarray


def predict(network: Any, x: Array, batch_size: int = 500) -> Array:
    """The network's outputs, without dropout and without recording a graph.

    Parameters
    ----------
    network : Layer
        The output layer.
    x : numpy.ndarray, shape (n, ...)
    batch_size : int
        How many are computed at a time; it changes the memory needed, and the
        last bits of the result at most.

    Returns
    -------
    numpy.ndarray, shape (n, ...)
    """
    parts = []
    device = layers.get_device(network)
    with no_grad():
        for start in range(0, len(x), batch_size):
            batch = asarray(x[start : start + batch_size], device=device)
            parts.append(layers.get_output(network, batch, deterministic=True).numpy())
    return numpy.concatenate(parts)


def predict_views(
    network: Any,
    images: Iterable[Array],
    views: Callable[[Array], Array],
    standardise: Callable[[Array], Array] = lambda x: x,
    batch_size: int = 500,
) -> Array:
    """The network's outputs, averaged over several views of each image.

    Parameters
    ----------
    network : Layer
        The output layer, of probabilities.
    images : iterable of numpy.ndarray, shape (channels, rows, columns)
    views : callable
        An image's views, shape (views, ...): ``TenCrop(224)`` of
        :mod:`minitorch.data.transforms`, ``MultiScale``, ``googlenet_views``.
    standardise : callable
        Applied to the views, e.g. a Standardiser's ``apply``.
    batch_size : int
        How many views of an image are computed at a time.

    Returns
    -------
    numpy.ndarray, shape (n, ...)

    Examples
    --------
    >>> from minitorch.data.transforms import TenCrop
    >>> from minitorch.models import build_mlp
    >>> network = build_mlp((3,), input_shape=(1, 6, 6))
    >>> predict_views(network, numpy.ones((5, 1, 8, 8), numpy.float32), TenCrop(6)).shape
    (5, 10)
    """
    return numpy.stack(
        [predict(network, standardise(views(x)), batch_size).mean(axis=0) for x in images]
    )


def confusion_matrix(true: Any, predicted: Any, classes: int) -> Array:
    """How often each true class (row) was taken for each class (column).

    Parameters
    ----------
    true, predicted : array_like of int, shape (n,)
    classes : int

    Returns
    -------
    numpy.ndarray of int64, shape (classes, classes)

    Raises
    ------
    TypeError, ValueError
        For labels that are no integers, out of range, or of different number.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], classes=3)
    array([[1, 1, 0],
           [0, 1, 0],
           [0, 0, 1]])
    """
    true = check_labels(true, classes, name="true")
    predicted = check_labels(predicted, classes, len(true), name="predicted")
    pairs = numpy.bincount(true * classes + predicted, minlength=classes * classes)
    return pairs.reshape(classes, classes)


class Evaluation:
    """What a classifier's probabilities are worth on labelled data.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (n, classes)
    y : numpy.ndarray of int, shape (n,)

    Attributes
    ----------
    predicted : numpy.ndarray of int, shape (n,)
    wrong : numpy.ndarray of int
        Indices of the examples that were misclassified.
    error : float
        Share of those, 0 to 1.
    classes : int
    confusion : numpy.ndarray, shape (classes, classes)
        Rows are the true classes.

    Examples
    --------
    >>> import numpy as np
    >>> result = Evaluation(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]))
    >>> result.error, result.wrong.tolist(), round(result.loss, 4)
    (0.5, [1], 0.8574)
    >>> result.top_error(2)
    0.0
    """

    def __init__(self, probabilities: Array, y: Array) -> None:
        self.classes = classes = probabilities.shape[1]
        self.probabilities = probabilities
        self.y = check_labels(y, classes, len(probabilities))
        self.predicted = probabilities.argmax(axis=1)
        self.wrong = numpy.flatnonzero(self.predicted != self.y)
        self.error = len(self.wrong) / len(self.y)
        self.confusion = confusion_matrix(self.y, self.predicted, classes)

    def top_error(self, k: int) -> float:
        """Share of the examples whose class is none of the k most probable; 0 to 1.

        Of classes that are equally probable the first counts as the more probable one, as in
        ``predicted``.
        """
        if k < 1:
            raise ValueError(f"top_error: k is at least 1, not {k}")
        best = numpy.argsort(-self.probabilities, axis=1, kind="stable")[:, :k]
        found = (best == self.y[:, None]).any(axis=1)
        return float((~found).mean())

    def most_confused(self, k: int = 10) -> list[tuple[int, int, int]]:
        """The k commonest mistakes: (true class, predicted class, how often)."""
        mistakes = self.confusion.copy()
        numpy.fill_diagonal(mistakes, 0)
        order = numpy.argsort(-mistakes, axis=None, kind="stable")[:k]
        pairs = [divmod(int(at), self.classes) for at in order]
        return [(t, p, int(mistakes[t, p])) for t, p in pairs if mistakes[t, p]]

    @property
    def loss(self) -> float:
        """The mean cross-entropy in nats; a probability of 0 counts as the least positive one."""
        of_truth = self.probabilities[numpy.arange(len(self.y)), self.y].astype(numpy.float64)
        least = float(numpy.finfo(self.probabilities.dtype).tiny)
        return float(-numpy.log(of_truth.clip(least)).mean())


def evaluate(network: Any, data: Dataset) -> Evaluation:
    """Run a classifier on a dataset."""
    return Evaluation(predict(network, data.x), data.y)
