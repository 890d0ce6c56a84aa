"""A dataset's labels in the numbers of a classifier's classes."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

import numpy

__all__ = ["numbers_of"]


def numbers_of(
    names: Sequence[str], count: int, class_names: Sequence[str], num_classes: int
) -> numpy.ndarray:
    """Which class of a classifier each class of a dataset is.

    Parameters
    ----------
    names : sequence of str
        The dataset's names, or none.
    count : int
        Its number of classes.
    class_names : sequence of str
        The classifier's names, or none.
    num_classes : int

    Returns
    -------
    numpy.ndarray of int, shape (count,)
        By the names, if all of the dataset's are the classifier's; else names that are whole
        numbers are taken to be the classifier's numbers; else, if one side has no names, the
        numbers are the same, and so must their count be.

    Raises
    ------
    ValueError
        If none of that fits; a name that is not known is given with close ones.

    Examples
    --------
    >>> numbers_of(["dog", "cat"], 2, ["cat", "cow", "dog"], 3)
    array([2, 0])
    >>> numbers_of(["243", "609"], 2, [], 1000)
    array([243, 609])
    """
    seen = Counter(class_names)
    if names and class_names and all(seen[name] == 1 for name in names):
        place = {name: number for number, name in enumerate(class_names)}
        return numpy.array([place[name] for name in names])
    if names and all(name.isdecimal() and int(name) < num_classes for name in names):
        return numpy.array([int(name) for name in names])
    if names and class_names:
        odd = next(name for name in names if seen[name] != 1)
        if seen[odd]:
            raise ValueError(
                f"the classifier has {seen[odd]} classes called {odd!r}; label with the numbers"
            )
        close = difflib.get_close_matches(odd, class_names, n=1)
        more = " ..." if len(class_names) > 8 else ""  # there may be a thousand
        known = f"its classes are {', '.join(class_names[:8])}{more}"
        hint = f"did you mean {close[0]!r}?" if close else known
        raise ValueError(f"the data have a class {odd!r}, which the classifier lacks; {hint}")
    if count != num_classes:
        raise ValueError(
            f"the data have {count} classes, the classifier {num_classes}, and no names say which "
            f"are which"
        )
    return numpy.arange(count)
