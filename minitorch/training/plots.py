"""Pictures of a run: learning curve, first-layer filters, misclassified digits.

matplotlib is imported when the first picture is drawn, and only its
object-oriented half, so no window system is needed and no global state changes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.io.files import atomic_write

__all__ = [
    "filter_images",
    "plot_examples",
    "plot_filters",
    "plot_learning_curve",
    "plot_misclassified",
]

Array = numpy.ndarray
INK, SOFT, GRID = "#222222", "#777777", "#dddddd"
BLUE, ORANGE, RED = "#1f6fb4", "#d9822b", "#c0392b"


def _figure(width: float, height: float) -> Any:
    """An empty figure, or the advice what to install."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "the pictures need the package 'matplotlib'; run: pip install matplotlib"
        ) from None
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, path: str | Path) -> Path:
    """Write a figure as PNG, atomically."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return atomic_write(path, buffer.getvalue())


def plot_learning_curve(
    path: str | Path, history: Sequence[Any], title: str, against: str = "test"
) -> Path:
    """Training and test error by epoch, on a logarithmic scale.

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    history : sequence of Epoch
        At least one.
    title : str
    against : str
        What the measured data are called.

    Returns
    -------
    Path
    """
    if not history:
        raise ValueError("plot_learning_curve: there is no epoch to plot")
    figure = _figure(7, 4.2)
    axes = figure.add_subplot()
    epochs = [e.number for e in history]
    lines = (
        ("training (mean over the epoch)", [e.train_error for e in history], ORANGE),
        (against, [e.test_error for e in history], BLUE),
    )
    # An error of 0 has no place on a logarithmic scale: draw it as a third of the least other.
    floor = min([v for _, values, _ in lines for v in values if v > 0], default=0.01) / 3
    for label, values, colour in lines:
        shown = [100 * max(v, floor) for v in values]
        axes.plot(epochs, shown, "-o", color=colour, label=label, linewidth=2, markersize=4)
    last = history[-1]
    axes.annotate(
        f"{100 * last.test_error:.2f}%",
        (last.number, 100 * max(last.test_error, floor)),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=BLUE,
        fontweight="bold",
    )
    _dress_curve(axes, title)
    return _save(figure, path)


def _dress_curve(axes: Any, title: str) -> None:
    """Axes, grid, legend and ticks of the learning curve."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}%"))
    axes.yaxis.set_minor_locator(LogLocator(subs=()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.08)
    axes.set_xlim(left=0.5)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("epoch", color=INK)
    axes.set_ylabel("error", color=INK)
    axes.set_title(title, loc="left", color=INK, fontsize=12)
    axes.legend(frameon=False, labelcolor=INK)


def filter_images(weights: Array, image_shape: tuple[int, ...]) -> Array:
    """The first layer's filters as images, the way round that they match the input.

    Parameters
    ----------
    weights : numpy.ndarray
        Of a convolution, (filters, channels, rows, columns), or of a dense
        layer, (inputs, units).
    image_shape : tuple
        (channels, rows, columns) of the input.

    Returns
    -------
    numpy.ndarray, shape (filters, channels, rows, columns)

    Raises
    ------
    ValueError
        For weights of another rank, or that do not fit the image.

    Notes
    -----
    The layers convolve, which turns a filter by 180 degrees; turned back, it is
    the pattern it responds to.
    """
    if weights.ndim == 4:
        return weights[:, :, ::-1, ::-1]
    if weights.ndim != 2 or len(weights) != math.prod(image_shape):
        raise ValueError(
            f"filter_images: expected weights (filters, channels, rows, columns) or "
            f"({math.prod(image_shape)}, units), found {weights.shape}"
        )
    return weights.T.reshape(-1, *image_shape)


def plot_filters(path: str | Path, filters: Array, title: str, most: int = 64) -> Path:
    """A sheet of filters, one channel each; blue is negative, red positive, white zero.

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    filters : numpy.ndarray, shape (n, channels, rows, columns)
        Their first channel is shown.
    title : str
    most : int
        How many are shown; those of the largest norm, in their order.

    Returns
    -------
    Path
    """
    norms = numpy.abs(filters).reshape(len(filters), -1).sum(axis=1)
    chosen = numpy.sort(numpy.argsort(-norms, kind="stable")[:most])
    columns = min(len(chosen), 10 if len(chosen) <= 40 else 16)
    rows = math.ceil(len(chosen) / columns)
    cell = 0.8 if columns <= 10 else 0.62
    figure = _figure(cell * columns + 0.4, cell * rows + 0.6)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, index in zip(grid, chosen, strict=False):
        image = filters[index, 0]
        bound = float(numpy.abs(image).max()) or 1.0
        axes.imshow(image, cmap="RdBu_r", vmin=-bound, vmax=bound, interpolation="nearest")
        axes.add_patch(_frame(image.shape))
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    return _save(figure, path)


def _frame(shape: tuple[int, ...]) -> Any:
    """A thin frame round an image, so that white ones have an edge."""
    from matplotlib.patches import Rectangle

    rows, columns = shape
    return Rectangle(
        (-0.5, -0.5), columns, rows, fill=False, edgecolor=GRID, linewidth=1, clip_on=False
    )


def plot_misclassified(
    path: str | Path,
    images: Array,
    result: Any,
    names: Sequence[str],
    title: str,
    most: int = 100,
) -> Path:
    """A sheet of misclassified images, the most confident mistakes first.

    Under each stand the predicted label (red) and the true one (blue).

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    images : numpy.ndarray, shape (n, channels, rows, columns)
        Before standardising; the first channel is shown.
    result : Evaluation
    names : sequence of str
        Of the classes.
    title : str
    most : int
        How many are shown.

    Returns
    -------
    Path
    """
    wrong = result.wrong
    confidence = result.probabilities[wrong, result.predicted[wrong]]
    wrong = wrong[numpy.argsort(-confidence, kind="stable")[:most]]
    columns = 10
    rows = max(1, math.ceil(len(wrong) / columns))
    figure = _figure(0.82 * columns + 0.2, 1.08 * rows + 0.7)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, index in zip(grid, wrong, strict=False):
        axes.imshow(images[index, 0], cmap="gray_r", interpolation="nearest")
        axes.add_patch(_frame(images[index, 0].shape))
        predicted, true = names[result.predicted[index]], names[result.y[index]]
        below = {"transform": axes.transAxes, "va": "top", "fontsize": 10}
        axes.text(0.42, -0.04, predicted, ha="right", color=RED, **below)
        axes.text(0.58, -0.04, true, ha="left", color=BLUE, **below)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    key = "under each: predicted (red), true (blue)" if len(wrong) else "there is none"
    figure.supxlabel(key, x=0.01, ha="left", fontsize=9, color=SOFT)
    return _save(figure, path)


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
    figure = _figure(width_in + 1.8, 0.62 * len(names) + 1.2)
    axes = figure.add_subplot()
    axes.imshow(sheet, interpolation="nearest")
    axes.set_yticks([height * (row + 0.5) for row in range(len(names))], names, color=INK)
    axes.set_xticks([x for x, _ in heads], [head for _, head in heads], color=INK)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=9)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    figure.supxlabel(note, x=0.01, ha="left", fontsize=8, color=SOFT)
    return _save(figure, path)


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
