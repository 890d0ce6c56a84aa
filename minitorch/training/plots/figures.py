"""What all pictures share: colours, figures, sheets that are laid out in inches, PNG files."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from minitorch.io.files import atomic_write

__all__ = [
    "BLUE",
    "DPI",
    "GRID",
    "INK",
    "ORANGE",
    "RED",
    "SOFT",
    "Sheet",
    "new_figure",
    "png_size",
    "save_figure",
    "shorten",
    "thinned",
]

Array = numpy.ndarray
INK, SOFT, GRID = "#222222", "#777777", "#dddddd"
BLUE, ORANGE, RED = "#1f6fb4", "#d9822b", "#c0392b"
DPI = 150
_CHARACTER = 0.57  # the width of a usual one, in heights of the font


def new_figure(width: float, height: float, layout: str | None = "constrained") -> Any:
    """An empty figure of so many inches, or the advice what to install."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError(
            "the pictures need the package 'matplotlib'; run: pip install matplotlib"
        ) from None
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Any, path: str | Path) -> Path:
    """Write a figure as PNG, atomically."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Names of classes may be in any script; what the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from")
        figure.savefig(buffer, format="png")
    return atomic_write(path, buffer.getvalue())


def thinned(points: Sequence[tuple[int, float]], most: int = 400) -> tuple[Any, Any]:
    """At most so many points, each the mean of a few that follow each other: places, values."""
    table = numpy.array(points, float).reshape(-1, 2)
    parts = numpy.array_split(table, min(most, max(1, len(table))))
    means = numpy.array([part.mean(axis=0) for part in parts if len(part)]).reshape(-1, 2)
    return means[:, 0], means[:, 1]


def shorten(text: str, inches: float, points: float) -> str:
    """Text that fits about so many inches in a font of so many points."""
    most = max(2, int(inches * 72 / (points * _CHARACTER)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


class Sheet:
    """A figure on which things are placed in inches from the top left corner.

    A hundred subplots and their layout would take seconds; this is one.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self.figure = new_figure(width, height, layout=None)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
        self.axes.set_axis_off()
        room = width - 0.2
        self.text(0.1, 0.1, shorten(title, room, 11), fontsize=11, color=INK, va="top")

    def image(self, pixels: Array, left: float, top: float, side: float, **how: Any) -> None:
        """An image in a frame, as large as fits a square."""
        from matplotlib.patches import Rectangle

        rows, columns = pixels.shape[:2]
        scale = side / max(rows, columns)
        height, width = rows * scale, columns * scale
        x, y = left + (side - width) / 2, top + (side - height) / 2
        if max(rows, columns) <= side * DPI:  # else matplotlib averages pixels
            how["interpolation"] = "nearest"
        extent = (x, x + width, y + height, y)
        self.axes.imshow(pixels, extent=extent, aspect="auto", **how)
        # A thin frame, so that white images have an edge.
        frame = Rectangle((x, y), width, height, fill=False, edgecolor=GRID, linewidth=1)
        self.axes.add_patch(frame)

    def text(self, x: float, y: float, text: str, **how: Any) -> None:
        """Text as it is, also with dollar signs."""
        self.axes.text(x, y, text, parse_math=False, **how)

    def save(self, path: str | Path) -> Path:
        """Write the sheet as PNG, atomically."""
        return save_figure(self.figure, path)


def grid_places(count: int, columns: int) -> list[tuple[int, int]]:
    """Row and column of each of so many cells."""
    return [divmod(index, columns) for index in range(count)]


def rows_of(count: int, columns: int) -> int:
    """How many rows so many cells fill, at least one."""
    return max(1, math.ceil(count / columns))


def png_size(content: bytes, name: str) -> tuple[int, int]:
    """Width and height of a PNG file's content; ValueError if it is none or is cut off."""
    head, tail = content[:24], content[-8:]
    whole = head[:8] == b"\x89PNG\r\n\x1a\n" and head[12:16] == b"IHDR" and tail[:4] == b"IEND"
    if not whole:
        raise ValueError(f"{name}: not a whole PNG file")
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
