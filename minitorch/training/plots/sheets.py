"""Sheets of images: those that were misclassified, and examples of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.data.preview import as_bytes
from minitorch.training.plots.figures import (
    BLUE,
    GRID,
    INK,
    RED,
    SOFT,
    Sheet,
    grid_places,
    new_figure,
    rows_of,
    save_figure,
    shorten,
)

__all__ = ["displayable", "plot_examples", "plot_misclassified"]

Array = numpy.ndarray


def displayable(images: Array, standardiser: Any = None) -> Array:
    """Images as bytes in red, green and blue, as they can be looked at.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, channels, rows, columns)
        Bytes, or numbers up to 1, 16 or 255. Those below zero, of images that are still
        standardised, are stretched from the least number to the greatest. Of
        other than 3 channels the first is shown; where its margins are dark, as those of
        digits, light and dark are exchanged, so that they are ink on paper.
    standardiser : Standardiser, optional
        What was applied to the images; it is undone.

    Returns
    -------
    numpy.ndarray of uint8, shape (n, rows, columns, 3)

    Raises
    ------
    ValueError
        For an array of other than 4 axes.
    """
    if images.ndim != 4:
        raise ValueError(
            f"displayable: expected images (n, channels, rows, columns), found {images.shape}"
        )
    if not len(images):
        return numpy.zeros((0, *images.shape[2:], 3), numpy.uint8)
    if standardiser is not None:
        images = standardiser.undo(images)
    least, greatest = float(images.min()), float(images.max())
    if least < -0.02 * max(greatest, 1.0):
        images = (images - least) / ((greatest - least) or 1.0)
    pixels = as_bytes(images)
    if pixels.shape[1] != 3:
        pixels = pixels[:, :1]
        margins = [pixels[:, 0, 0], pixels[:, 0, -1], pixels[:, 0, :, 0], pixels[:, 0, :, -1]]
        if numpy.median(numpy.concatenate([m.ravel() for m in margins])) < 128:
            pixels = 255 - pixels
        pixels = pixels.repeat(3, axis=1)
    return pixels.transpose(0, 2, 3, 1)


def plot_misclassified(
    path: str | Path,
    images: Array,
    result: Any,
    names: Sequence[str],
    title: str,
    most: int = 100,
    standardiser: Any = None,
) -> Path:
    """A sheet of misclassified images, the most confident mistakes first.

    Under each stand the predicted label (red) and the true one (blue).

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    images : numpy.ndarray, shape (n, channels, rows, columns)
        See :func:`displayable`.
    result : Evaluation
    names : sequence of str
        Of the classes. Long ones stand one below the other, with the confidence, and
        are cut where they do not fit.
    title : str
    most : int
        How many are shown.
    standardiser : Standardiser, optional
        For images that are standardised.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        For another number of names than of classes, or of images than of labels.
    """
    classes = result.probabilities.shape[1]
    if len(names) != classes or len(images) != len(result.y):
        raise ValueError(
            f"plot_misclassified: {classes} classes and {len(result.y)} labels need as many names "
            f"and images, not {len(names)} and {len(images)}"
        )
    wrong = result.wrong
    confidence = result.probabilities[wrong, result.predicted[wrong]]
    order = numpy.argsort(-confidence, kind="stable")[:most]
    wrong, confidence = wrong[order], confidence[order]
    short = max(len(name) for name in names) <= 2
    columns, across, down = (10, 0.82, 1.04) if short else (7, 1.24, 1.54)
    height = down * rows_of(len(wrong), columns) + 0.8
    sheet = Sheet(columns * across + 0.15, height, title)
    pixels = displayable(images[wrong], standardiser)
    for i, (row, column) in enumerate(grid_places(len(wrong), columns)):
        left, top = 0.12 + across * column, 0.42 + down * row
        side = across - 0.12
        sheet.image(pixels[i], left, top, side)
        labels = names[result.predicted[wrong[i]]], names[result.y[wrong[i]]]
        _caption(sheet, left, top + side, side, labels, confidence[i] if not short else None)
    key = "under each: predicted (red), true (blue)" if len(wrong) else "there is none"
    sheet.text(0.12, height - 0.12, key, fontsize=9, color=SOFT, va="bottom")
    return sheet.save(path)


def _caption(
    sheet: Sheet,
    left: float,
    top: float,
    side: float,
    labels: tuple[str, str],
    confidence: float | None,
) -> None:
    """The predicted and the true label below an image: side by side, or with the confidence."""
    if confidence is None:
        how = {"va": "top", "fontsize": 10}
        sheet.text(left + 0.42 * side, top + 0.04, labels[0], ha="right", color=RED, **how)
        sheet.text(left + 0.58 * side, top + 0.04, labels[1], ha="left", color=BLUE, **how)
        return
    how = {"va": "top", "fontsize": 7}
    percent = f"{100 * confidence:.0f}%"
    first = shorten(labels[0], side - 0.3, 7)
    sheet.text(left, top + 0.03, first, color=RED, **how)
    sheet.text(left + side, top + 0.03, percent, ha="right", color=SOFT, **how)
    sheet.text(left, top + 0.15, shorten(labels[1], side, 7), color=BLUE, **how)


def plot_examples(
    path: str | Path,
    blocks: Sequence[tuple[str, Array]],
    names: Sequence[str],
    title: str,
    note: str = "",
) -> Path:
    """A sheet of images, a row per class, in blocks side by side.

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    blocks : sequence of (str, array of uint8, shape (rows, columns, channels, height, width))
        What each is called, and its images, 1 or 3 channels.
    names : sequence of str
        Of the rows.
    title, note : str
        Above and below.

    Returns
    -------
    Path
    """
    parts, heads, left = [], [], 0.0
    for head, images in blocks:
        tiles = _tiled(images)
        if parts:
            gap = numpy.full((len(tiles), max(8, images.shape[-1] // 3), 3), 255, numpy.uint8)
            parts.append(gap)
            left += gap.shape[1]
        parts.append(tiles)
        heads.append((left + tiles.shape[1] / 2, head))
        left += tiles.shape[1]
    sheet = numpy.concatenate(parts, axis=1)
    height = len(sheet) / len(names)
    width_in = 0.62 * left / height  # a tile is 0.62 inches high
    figure = new_figure(width_in + 1.8, 0.62 * len(names) + 1.2)
    axes = figure.add_subplot()
    axes.imshow(sheet, interpolation="nearest")
    axes.set_yticks(
        [height * (row + 0.5) for row in range(len(names))], names, color=INK, parse_math=False
    )
    axes.set_xticks([x for x, _ in heads], [head for _, head in heads], color=INK)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=9)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK, parse_math=False)
    figure.supxlabel(note, x=0.01, ha="left", fontsize=8, color=SOFT, parse_math=False)
    return save_figure(figure, path)


def _tiled(images: Array) -> Array:
    """Images in a grid with grey lines between them: (height, width, 3)."""
    rows, columns, _, height, width = images.shape
    edge = max(1, width // 24)
    size = (rows * (height + edge) + edge, columns * (width + edge) + edge, 3)
    out = numpy.full(size, int(GRID[1:3], 16), numpy.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = row * (height + edge) + edge, column * (width + edge) + edge
            tile = images[row, column].transpose(1, 2, 0)  # one channel is spread over three
            out[top : top + height, left : left + width] = tile
    return out
