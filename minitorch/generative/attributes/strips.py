"""Swap strips: an image, its reconstruction, and each attribute switched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy

from minitorch.data.attributes import Attribute, AttributeImages
from minitorch.generative.attributes.editor import Editor
from minitorch.generative.pixels import bytes_to_signed, signed_to_pixels
from minitorch.training.plots.figures import INK, SOFT, Sheet

__all__ = ["edit_labels", "plot_strips", "strip_titles", "swap_strips", "true_strips"]

Array = numpy.ndarray
_SIDE, _GAP = 0.62, 0.02  # inches


def _edits(attributes: Sequence[Attribute]) -> list[tuple[int, int | None]]:
    """A column for each value; of a yes-or-no attribute one, which switches it."""
    edits: list[tuple[int, int | None]] = []
    for place, attribute in enumerate(attributes):
        switch = attribute.values == ("no", "yes")
        edits += [(place, None)] if switch else [(place, v) for v in range(len(attribute.values))]
    return edits


def edit_labels(label: Array, attributes: Sequence[Attribute]) -> Array:
    """What an image has, and what each edit of its strip is to have.

    Parameters
    ----------
    label : numpy.ndarray of int, shape (attributes,)
    attributes : sequence of Attribute

    Returns
    -------
    numpy.ndarray of int, shape (1 + edits, attributes)

    Examples
    --------
    >>> two = [Attribute("a"), Attribute("b", ("x", "y", "z"))]
    >>> edit_labels(numpy.array([1, 2]), two).tolist()
    [[1, 2], [0, 2], [1, 0], [1, 1], [1, 2]]
    """
    rows = [label.copy()]
    for place, value in _edits(attributes):
        row = label.copy()
        row[place] = 1 - row[place] if value is None else value
        rows.append(row)
    return numpy.stack(rows)


def strip_titles(attributes: Sequence[Attribute]) -> list[str]:
    """What to write above the columns of strips.

    Examples
    --------
    >>> strip_titles([Attribute("male"), Attribute("skin", ("light", "dark"))])
    ['image', 'same', 'male\\nor not', 'skin\\nlight', 'skin\\ndark']
    """
    edits = []
    for place, value in _edits(attributes):
        attribute = attributes[place]
        edits.append(f"{attribute.name}\n{'or not' if value is None else attribute.values[value]}")
    return ["image", "same", *edits]


def swap_strips(editor: Editor, data: AttributeImages) -> Array:
    """Each image, its reconstruction and its edits.

    Parameters
    ----------
    editor : Editor
    data : AttributeImages

    Returns
    -------
    numpy.ndarray of float32, shape (n, 2 + edits, channels, rows, columns)
        From -1 to 1.
    """
    images = bytes_to_signed(data.x)
    labels = numpy.stack([edit_labels(label, data.attributes) for label in data.labels])
    count = labels.shape[1]
    flat = numpy.repeat(images, count, axis=0)
    made = editor(flat, labels.reshape(len(flat), -1)).reshape(len(data), count, *images.shape[1:])
    return numpy.concatenate([images[:, None], made], axis=1)


def true_strips(data: AttributeImages, indices: Sequence[int]) -> Array:
    """The true counterparts in the places of the edits; grey where there is none.

    Returns
    -------
    numpy.ndarray of float32, shape (len(indices), 2 + edits, channels, rows, columns)
    """
    edits = _edits(data.attributes)
    strips = numpy.zeros((len(indices), 2 + len(edits), *data.x.shape[1:]), numpy.float32)
    for strip, index in zip(strips, indices, strict=True):
        for column, (place, value) in enumerate(edits, 2):
            wanted = 1 - data.labels[index, place] if value is None else value
            found = data.counterpart(index, place, int(wanted))
            if found is not None:
                strip[column] = bytes_to_signed(data.x[found])
    return strips


def plot_strips(
    path: str | Path,
    strips: Array,
    titles: Sequence[str],
    title: str,
    truth: Array | None = None,
) -> Path:
    """Strips with titles, each above its true one if there are some.

    Parameters
    ----------
    path : str or Path
    strips, truth : numpy.ndarray, shape (n, columns, channels, rows, columns)
    titles : sequence of str
        Of the columns.
    title : str

    Returns
    -------
    Path
    """
    shown = [(strips, 0.0)] if truth is None else [(strips, 0.0), (truth, _SIDE + _GAP)]
    height, columns = (_SIDE + _GAP) * len(shown), strips.shape[1]
    page = Sheet(0.2 + columns * (_SIDE + _GAP), 0.9 + len(strips) * (height + 0.06), title)
    for column, text in enumerate(titles):
        middle = 0.1 + column * (_SIDE + _GAP) + _SIDE / 2
        page.text(middle, 0.8, text, fontsize=7, color=INK, ha="center", va="bottom")
    for images, lower in shown:
        for number, row in enumerate(images):
            top = 0.85 + number * (height + 0.06) + lower
            for column, image in enumerate(row):
                left = 0.1 + column * (_SIDE + _GAP)
                if not lower or column > 1:
                    pixels = signed_to_pixels(image).transpose(1, 2, 0)
                    pixels = numpy.broadcast_to(pixels, (*pixels.shape[:2], 3))
                    page.image(pixels, left, top, _SIDE)
                elif column == 1:
                    middle = top + _SIDE / 2
                    page.text(left + _SIDE, middle, "true:", fontsize=7, color=SOFT, ha="right")
    return page.save(path)
