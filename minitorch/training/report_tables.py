"""What a confusion matrix says in words: the worst classes, the pairs that are confused most."""

from __future__ import annotations

import numpy

__all__ = ["class_rows", "confused_pairs"]

Array = numpy.ndarray


def confused_pairs(confusion: Array, most: int) -> list[tuple[int, int, int, float]]:
    """The pairs of classes that are confused most often.

    Parameters
    ----------
    confusion : numpy.ndarray of int, shape (classes, classes)
        Rows are the true classes.
    most : int
        How many are given at most.

    Returns
    -------
    list of (true, predicted, how often, share of the true class)
        The most frequent first.

    Examples
    --------
    >>> confused_pairs(numpy.array([[8, 2], [0, 5]]), 3)
    [(0, 1, 2, 0.2)]
    """
    mistakes = confusion.copy()
    numpy.fill_diagonal(mistakes, 0)
    order = numpy.argsort(-mistakes, axis=None, kind="stable")[:most]
    places = [divmod(int(place), len(confusion)) for place in order]
    return [
        (true, predicted, count, count / int(confusion[true].sum()))
        for true, predicted in places
        if (count := int(mistakes[true, predicted]))
    ]


def class_rows(confusion: Array) -> list[tuple[int, int, int, int, int]]:
    """How each class does, the one with the least share of right answers first.

    Parameters
    ----------
    confusion : numpy.ndarray of int, shape (classes, classes)
        Rows are the true classes.

    Returns
    -------
    list of (class, examples, right, most often taken for, how often)
        Classes without examples come last.

    Examples
    --------
    >>> class_rows(numpy.array([[5, 0], [2, 8]]))
    [(1, 10, 8, 0, 2), (0, 5, 5, 1, 0)]
    """
    examples, right = confusion.sum(axis=1), numpy.diag(confusion)
    mistakes = confusion.copy()
    numpy.fill_diagonal(mistakes, -1)  # so that a class is never taken for itself
    taken = mistakes.argmax(axis=1)
    often = numpy.maximum(mistakes.max(axis=1), 0)
    shares = numpy.where(examples > 0, right / examples.clip(1), 2.0)
    return [
        (int(i), int(examples[i]), int(right[i]), int(taken[i]), int(often[i]))
        for i in numpy.argsort(shares, kind="stable")
    ]
