"""Images with attributes: what each shows, in several respects, and which show the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy

from minitorch.data.dataset import check_inputs, check_labels
from minitorch.data.errors import DataError
from minitorch.utils import did_you_mean

__all__ = ["Attribute", "AttributeImages", "find_attribute", "one_hot_rows"]

Array = numpy.ndarray


@dataclass(frozen=True)
class Attribute:
    """One respect in which images differ.

    Parameters
    ----------
    name : str
    values : tuple of str
        At least two; of a yes-or-no attribute ("no", "yes").
    """

    name: str
    values: tuple[str, ...] = ("no", "yes")

    def __post_init__(self) -> None:
        if len(self.values) < 2 or len(set(self.values)) < len(self.values):
            raise DataError(
                f"{self.name}: an attribute has two or more different values, not {self.values}"
            )

    def number(self, value: str) -> int:
        """Which of the values; DataError with close names if it is none."""
        if value not in self.values:
            hint = did_you_mean(value, self.values)
            raise DataError(f"{self.name} is never {value!r}; {hint}")
        return self.values.index(value)


def find_attribute(attributes: Sequence[Attribute], name: str) -> int:
    """The place of an attribute; DataError with close names if there is none.

    Examples
    --------
    >>> find_attribute([Attribute("Smiling"), Attribute("Male")], "Smilling")
    Traceback (most recent call last):
    minitorch.data.errors.DataError: no attribute named 'Smilling'; did you mean 'Smiling'?
    """
    names = [attribute.name for attribute in attributes]
    if name not in names:
        raise DataError(f"no attribute named {name!r}; {did_you_mean(name, names)}")
    return names.index(name)


def one_hot_rows(labels: Array, attributes: Sequence[Attribute]) -> Array:
    """Each attribute's one-hot row, one after the other.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (n, attributes)
    attributes : sequence of Attribute

    Returns
    -------
    numpy.ndarray of float32, shape (n, values of all attributes)

    Examples
    --------
    >>> one_hot_rows(numpy.array([[1, 2]]), [Attribute("a"), Attribute("b", ("x", "y", "z"))])
    array([[0., 1., 0., 0., 1.]], dtype=float32)
    """
    parts = [
        numpy.eye(len(attribute.values), dtype=numpy.float32)[column]
        for column, attribute in zip(labels.T, attributes, strict=True)
    ]
    return numpy.concatenate(parts, axis=1)


@dataclass(frozen=True, eq=False)
class AttributeImages:
    """Images and the value of each of their attributes; checked when they are made.

    Parameters
    ----------
    x : array_like of uint8, shape (n, channels, rows, columns)
    labels : array_like of int, shape (n, attributes)
        Each image's value of each attribute, by number.
    attributes : sequence of Attribute
    drawings : sequence of str
        What each image shows whatever its attributes are: images of one drawing that differ in one
        attribute are a pair. Default: each is a drawing of its own.
    name : str
        For messages.

    Raises
    ------
    DataError
        If they do not fit together.

    Examples
    --------
    >>> colour = Attribute("colour", ("red", "blue"))
    >>> x = numpy.zeros((2, 3, 4, 4), numpy.uint8)
    >>> data = AttributeImages(x, [[0], [1]], [colour], ["square", "square"])
    >>> int(data.counterpart(0, 0, 1))
    1
    """

    x: Array
    labels: Array
    attributes: tuple[Attribute, ...]
    drawings: tuple[str, ...] = ()
    name: str = "data"
    _places: dict[Any, int] = field(init=False, repr=False, compare=False)  # by drawing and labels

    def __post_init__(self) -> None:
        x, attributes = check_inputs(self.x, f"{self.name}.x"), tuple(self.attributes)
        if x.dtype != numpy.uint8 or x.ndim != 4:
            raise DataError(
                f"{self.name}: expected images in bytes, (n, channels, rows, columns), found "
                f"{x.dtype} {x.shape}"
            )
        labels = numpy.asarray(self.labels)
        if not attributes or labels.shape != (len(x), len(attributes)):
            raise DataError(
                f"{self.name}: {len(x)} images with {len(attributes)} attributes need labels of "
                f"shape {(len(x), len(attributes))}, found {labels.shape}"
            )
        for column, attribute in zip(labels.T, attributes, strict=True):
            check_labels(column, len(attribute.values), len(x), f"{self.name}.{attribute.name}")
        drawings = tuple(self.drawings) or tuple(str(number) for number in range(len(x)))
        if len(drawings) != len(x):
            raise DataError(f"{self.name}: {len(x)} images, {len(drawings)} drawings")
        for name, value in (("x", x), ("labels", labels.astype(numpy.int64)),
                            ("attributes", attributes), ("drawings", drawings)):  # fmt: skip
            object.__setattr__(self, name, value)
        rows = zip(drawings, map(tuple, self.labels.tolist()), strict=True)
        object.__setattr__(self, "_places", {row: i for i, row in enumerate(rows)})

    def __len__(self) -> int:
        return len(self.x)

    def counts(self, name: str) -> dict[str, int]:
        """How many images have each value of an attribute."""
        place = find_attribute(self.attributes, name)
        values = self.attributes[place].values
        found = numpy.bincount(self.labels[:, place], minlength=len(values))
        return dict(zip(values, found.tolist(), strict=True))

    def take(self, index: Any, name: str | None = None) -> AttributeImages:
        """The images at ``index``: a slice, integers or a mask."""
        chosen = numpy.arange(len(self))[index]
        drawings = tuple(self.drawings[i] for i in chosen)
        return replace(
            self, x=self.x[chosen], labels=self.labels[chosen], drawings=drawings,
            name=name or self.name,
        )  # fmt: skip

    def counterpart(self, index: int, attribute: int, value: int) -> int | None:
        """The image of the same drawing that differs in that attribute alone, None if none does.

        Parameters
        ----------
        index : int
        attribute, value : int
            The attribute's place, and the number of the value that it is to have.
        """
        wanted = self.labels[index].tolist()
        wanted[attribute] = value
        return self._places.get((self.drawings[index], tuple(wanted)))

    def about(self, names: Sequence[str]) -> AttributeImages:
        """The same images, of which only some attributes are told.

        What distinguishes images in the others goes to the drawings, so that pairs stay pairs.

        Raises
        ------
        DataError
            For a name that no attribute has, with close ones.
        """
        places = [find_attribute(self.attributes, name) for name in names]
        rest = [i for i in range(len(self.attributes)) if i not in places]
        drawings = tuple(
            " ".join([drawing, *(self.attributes[i].values[row[i]] for i in rest)])
            for drawing, row in zip(self.drawings, self.labels, strict=True)
        )
        chosen = tuple(self.attributes[i] for i in places)
        return replace(self, labels=self.labels[:, places], attributes=chosen, drawings=drawings)
