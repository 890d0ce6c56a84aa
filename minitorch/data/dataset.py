"""Labelled images: checked once, split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

__all__ = ["Dataset", "check_inputs", "check_labels"]

Array = numpy.ndarray


def check_inputs(x: Any, name: str = "x") -> Array:
    """``x`` as an array of finite real numbers with at least one example.

    Parameters
    ----------
    x : array_like, shape (n, ...)
    name : str
        What to call it in error messages.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError
        For objects, text, complex numbers or ragged lists.
    ValueError
        If it is empty, has no axis of examples, or holds NaN or infinity.
    """
    try:
        array = numpy.asarray(x)
    except ValueError as error:
        raise TypeError(f"{name}: cannot make an array of this data: {error}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected real numbers, found dtype {array.dtype}")
    if array.ndim == 0 or array.size == 0:
        raise ValueError(f"{name}: expected at least one example, found shape {array.shape}")
    if array.dtype.kind == "f":
        bad = ~numpy.isfinite(array.reshape(len(array), -1)).all(axis=1)
        if bad.any():
            raise ValueError(
                f"{name}: {int(bad.sum())} of {len(array)} examples hold NaN or infinity, "
                f"the first at index {int(bad.argmax())}"
            )
    return array


def check_labels(y: Any, classes: int, count: int | None = None, name: str = "y") -> Array:
    """``y`` as int64 labels 0 .. classes - 1.

    Parameters
    ----------
    y : array_like of int, shape (n,)
    classes : int
    count : int, optional
        The number of examples they belong to.
    name : str
        What to call them in error messages.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)

    Raises
    ------
    TypeError
        If they are no integers.
    ValueError
        If they are not one per example, or out of range.
    """
    try:
        array = numpy.asarray(y)
    except ValueError as error:
        raise TypeError(f"{name}: cannot make an array of these labels: {error}") from None
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: labels are integers, found dtype {array.dtype}")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name}: expected one label per example, found shape {array.shape}")
    if count is not None and len(array) != count:
        raise ValueError(f"{name}: {count} examples need {count} labels, found {len(array)}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= classes:
        index = int(((array < 0) | (array >= classes)).argmax())
        raise ValueError(
            f"{name}: labels of {classes} classes are 0 to {classes - 1}, found "
            f"{int(array[index])} at index {index}"
        )
    return array.astype(numpy.int64)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (or vectors) and their labels; checked when it is made.

    Parameters
    ----------
    x : array_like, shape (n, ...)
        Real, finite.
    y : array_like of int, shape (n,)
        0 .. classes - 1.
    classes : int
    name : str
        For messages and plots.
    class_names : sequence of str
        One per class, or none at all.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_inputs` and :func:`check_labels` say.

    Examples
    --------
    >>> import numpy as np
    >>> data = Dataset(np.zeros((5, 1, 8, 8)), [0, 1, 2, 0, 1], classes=3)
    >>> len(data), data.x.shape, data.counts()
    (5, (5, 1, 8, 8), [2, 2, 1])
    """

    x: Array
    y: Array
    classes: int
    name: str = "data"
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        x = check_inputs(self.x, f"{self.name}.x")
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", check_labels(self.y, self.classes, len(x), f"{self.name}.y"))
        object.__setattr__(self, "class_names", tuple(self.class_names))
        if len(self.class_names) not in (0, self.classes):
            raise ValueError(
                f"{self.name}: {self.classes} classes need as many names or none, found "
                f"{len(self.class_names)}"
            )

    def __len__(self) -> int:
        return len(self.x)

    def counts(self) -> list[int]:
        """How many examples there are of each class."""
        return [int(n) for n in numpy.bincount(self.y, minlength=self.classes)]

    def take(self, index: Any, name: str | None = None) -> Dataset:
        """The examples at ``index``: a slice, integers or a mask."""
        name = name or self.name
        return Dataset(self.x[index], self.y[index], self.classes, name, self.class_names)

    def example(self, index: int) -> Array:
        """One image: a copy, which a transform may spoil."""
        image: Array = self.x[index].copy()
        return image

    def origin(self, index: int) -> str:
        """What to call an example in messages."""
        return f"example {index} of {self.name}"

    def split(self, held_out: int) -> tuple[Dataset, Dataset]:
        """The first examples, and the last ``held_out`` of them for validation.

        Parameters
        ----------
        held_out : int
            1 .. len - 1.

        Returns
        -------
        (Dataset, Dataset)
        """
        if not 0 < held_out < len(self):
            raise ValueError(
                f"split: can hold out 1 to {len(self) - 1} of {len(self)} examples, not {held_out}"
            )
        cut = len(self) - held_out
        return self.take(slice(cut), self.name), self.take(slice(cut, None), "validation")
