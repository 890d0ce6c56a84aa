"""The confusion matrix as a picture, for two classes or for a thousand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.training.plots.figures import INK, SOFT, new_figure, save_figure, shorten

__all__ = ["plot_confusion"]

Array = numpy.ndarray
_MOST_COUNTS = 30  # classes up to which the counts are written into the cells
_MOST_LABELS = 60  # classes up to which each has its name at the axes
_MOST_CELLS = 200  # classes up to which each pair has a cell of its own
_LABEL_INCHES = 1.5


def plot_confusion(path: str | Path, confusion: Any, names: Sequence[str], title: str) -> Path:
    """Which classes (rows) were taken for which (columns).

    Colours show shares of a row's examples. Right answers, on the diagonal, are blue, and mistakes
    red on a scale of their own, which ends at the worst one and rises like a square root: so
    the mistakes of a good classifier are seen too.

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    confusion : array_like of int, shape (classes, classes)
        Rows are the true classes.
    names : sequence of str
        Of the classes.
    title : str

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the matrix is not square, has negative counts, or there are not as many names.

    Notes
    -----
    Up to 30 classes the counts stand in the cells and each class's share of right answers
    at the right; up to 60 each class has its name. Of more than 200 classes a cell is a
    block of them: it has the colour of its worst pair, and right answers have none.
    """
    counts = numpy.asarray(confusion)
    classes = len(counts)
    if counts.shape != (classes, classes) or classes == 0 or len(names) != classes:
        raise ValueError(
            f"plot_confusion: expected a square matrix and as many names, found shape "
            f"{counts.shape} and {len(names)} names"
        )
    if counts.min() < 0:
        raise ValueError("plot_confusion: counts must not be negative")
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    side = min(max(0.45 * classes, 3.0), 8.0)
    names_side = _names_side(names)
    figure = new_figure(side + names_side + 1.6, side + names_side + 0.6)
    axes = figure.add_subplot()
    block = math.ceil(classes / _MOST_CELLS)
    worst = _draw_cells(axes, shares, block)
    _label(axes, names, side, block)
    if classes <= _MOST_COUNTS:
        _write_counts(axes, counts, shares, worst, 72 * side / classes)
    _colour_bar(figure, axes, worst)
    axes.set_xlabel("predicted", color=INK)
    axes.set_ylabel("true" if block == 1 else f"true, {block} classes to a cell", color=INK)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK, parse_math=False)
    return save_figure(figure, path)


def _names_side(names: Sequence[str]) -> float:
    """How many inches the names take beside the matrix."""
    longest = max(len(name) for name in names)
    return min(_LABEL_INCHES, 0.2 + 0.08 * longest) if len(names) <= _MOST_LABELS else 0.7


def _draw_cells(axes: Any, shares: Array, block: int) -> float:
    """Colour the cells; returns the largest share of a mistake, where red ends."""
    from matplotlib import colormaps

    mistakes = shares.copy()
    numpy.fill_diagonal(mistakes, 0)
    worst = float(mistakes.max()) or 1.0
    if block > 1:
        cells = math.ceil(len(shares) / block)
        padded = numpy.zeros((cells * block, cells * block))
        padded[: len(shares), : len(shares)] = mistakes
        mistakes = padded.reshape(cells, block, cells, block).max(axis=(1, 3))
    colours = colormaps["Reds"](numpy.sqrt(mistakes / worst))[..., :3]
    colours[mistakes == 0] = 1.0
    if block == 1:
        on = numpy.flatnonzero(shares.any(axis=1))  # classes without examples stay white
        colours[on, on] = colormaps["Blues"](0.1 + 0.65 * shares[on, on])[:, :3]
    end = len(mistakes) * block - 0.5
    axes.imshow(colours, interpolation="nearest", extent=(-0.5, end, end, -0.5))
    return worst


def _label(axes: Any, names: Sequence[str], side: float, block: int) -> None:
    """Names at both axes, or numbers where there are too many."""
    classes = len(names)
    axes.tick_params(length=0, colors=INK)
    for edge in axes.spines.values():
        edge.set_color(SOFT)
    if classes > _MOST_LABELS:  # then matplotlib numbers them
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        return
    points = min(9.0, 0.8 * 72 * side / classes)
    short = [shorten(name, _LABEL_INCHES - 0.1, points) for name in names]
    upright = max(len(name) for name in short) * points * 0.6 > 68 * side / classes
    how = {"fontsize": points, "parse_math": False}
    axes.set_yticks(range(classes), short, **how)
    axes.set_xticks(range(classes), short, rotation=90 if upright else 0, **how)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)


def _write_counts(
    axes: Any, counts: Array, shares: Array, worst: float, cell_points: float
) -> None:
    """The counts in their cells, and each class's share of right answers."""
    whole = len(str(counts.max())) * 5 < cell_points
    texts = {n: _count(n, whole) for n in map(int, numpy.unique(counts))}
    longest = max(map(len, texts.values()))
    points = min(9.0, 0.9 * cell_points / (0.64 * longest), 0.6 * cell_points)
    for (row, column), count in numpy.ndenumerate(counts):
        if count == 0:
            continue
        share = shares[row, column]
        dark = share > 0.75 if row == column else math.sqrt(share / worst) > 0.6
        colour = "white" if dark else INK
        how = {"ha": "center", "va": "center", "fontsize": points, "color": colour}
        axes.text(column, row, texts[int(count)], **how)
    for row in range(len(counts)):
        right = f"{100 * shares[row, row]:.1f}%" if counts[row].sum() else "none"
        how = {"va": "center", "fontsize": min(8.0, cell_points * 0.6), "color": SOFT}
        axes.text(len(counts) - 0.4, row, right, **how)
    how = {"va": "bottom", "fontsize": 8.0, "color": SOFT}
    axes.text(len(counts) - 0.4, -0.6, "right", **how)


def _count(number: int, whole: bool) -> str:
    """A count, in thousands where it is large and does not fit its cell."""
    return str(number) if whole or number < 10_000 else f"{number / 1000:.0f}k"


def _colour_bar(figure: Any, axes: Any, worst: float) -> None:
    """The scale of the mistakes."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import PowerNorm
    from matplotlib.ticker import FuncFormatter

    scale = ScalarMappable(PowerNorm(0.5, 0, worst), "Reds")
    pad = 0.09 if len(axes.texts) else 0.02
    bar = figure.colorbar(scale, ax=axes, shrink=0.6, aspect=30, pad=pad)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.3g}%"))
    bar.set_label("mistakes, share of the true class", color=SOFT, fontsize=8)
    bar.ax.tick_params(labelsize=8, colors=SOFT)
    bar.outline.set_visible(False)
