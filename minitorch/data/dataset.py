"""Labelled images: checked once, standardised, split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

__all__ = ["Dataset", "Standardiser", "check_inputs", "check_labels"]

Array = numpy.ndarray
_CHUNK = 4096  # examples that are converted to float64 at a time


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

    def __post_init__(self) -> None:
        x = check_inputs(self.x, f"{self.name}.x")
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", check_labels(self.y, self.classes, len(x), f"{self.name}.y"))

    def __len__(self) -> int:
        return len(self.x)

    def counts(self) -> list[int]:
        """How many examples there are of each class."""
        return [int(n) for n in numpy.bincount(self.y, minlength=self.classes)]

    def take(self, index: Any, name: str | None = None) -> Dataset:
        """The examples at ``index``: a slice, integers or a mask."""
        return Dataset(self.x[index], self.y[index], self.classes, name or self.name)

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


def _moments(x: Array) -> tuple[Array, Array]:
    """Mean and standard deviation per channel, in float64 but never all of x at once."""
    axes = (0, *range(2, x.ndim))
    chunks = [slice(i, i + _CHUNK) for i in range(0, len(x), _CHUNK)]
    count = x.size // x.shape[1]
    mean = sum(x[c].sum(axis=axes, dtype=numpy.float64) for c in chunks) / count
    centre = mean.reshape(-1, *[1] * (x.ndim - 2))
    squares = sum(numpy.square(x[c] - centre).sum(axis=axes) for c in chunks)
    return mean, numpy.sqrt(squares / count)


class Standardiser:
    """Zero mean and unit variance per channel, with the training set's figures.

    Parameters
    ----------
    mean, std : array_like, shape (channels,)
        A channel that never varies has std 0; it is only shifted.

    Notes
    -----
    apply(x) = (x - mean) / std;  undo(z) = z * std + mean. Channels are axis 1;
    vectors have one channel per feature, labels of a regression likewise.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> s = Standardiser.fit(x)
    >>> s.apply(x)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> s.undo(s.apply(x))
    array([[ 1., 10.],
           [ 3., 30.]], dtype=float32)
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean = numpy.atleast_1d(numpy.asarray(mean, numpy.float64))
        self.std = numpy.atleast_1d(numpy.asarray(std, numpy.float64))
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            raise ValueError(
                f"Standardiser: mean {self.mean.shape} and std {self.std.shape} need one value "
                f"per channel each"
            )
        if not (numpy.isfinite(self.mean).all() and numpy.isfinite(self.std).all()):
            raise ValueError("Standardiser: mean and std must be finite")
        if (self.std < 0).any():
            raise ValueError("Standardiser: std must not be negative")

    @classmethod
    def fit(cls, x: Any) -> Standardiser:
        """The figures of ``x``, shape (n, channels, ...), computed in float64."""
        x = check_inputs(x)
        if x.ndim < 2:
            raise ValueError(f"Standardiser: expected shape (n, channels, ...), found {x.shape}")
        return cls(*_moments(x))

    def _shaped(self, x: Array) -> tuple[Array, Array]:
        """Scale and mean in float32, shaped to broadcast against ``x``."""
        if x.ndim < 2 or x.shape[1] != len(self.mean):
            raise ValueError(
                f"Standardiser: fitted on {len(self.mean)} channels, x has shape {x.shape}"
            )
        shape = (-1, *[1] * (x.ndim - 2))
        std = numpy.where(self.std == 0, 1.0, self.std)
        return (
            std.astype(numpy.float32).reshape(shape),
            self.mean.astype(numpy.float32).reshape(shape),
        )

    def apply(self, x: Any) -> Array:
        """``(x - mean) / std`` as float32, of x's shape."""
        x = check_inputs(x)
        std, mean = self._shaped(x)
        out = x.astype(numpy.float32)
        out -= mean
        out /= std
        return out

    def undo(self, z: Any) -> Array:
        """``z * std + mean`` as float32: back to the original units."""
        z = check_inputs(z, "z")
        std, mean = self._shaped(z)
        out = z.astype(numpy.float32)
        out *= std
        out += mean
        return out
