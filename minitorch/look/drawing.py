"""Figures of what the methods found: panels with captions, in the plots' colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy

from minitorch.training.plots.figures import SOFT, Sheet, grid_places, rows_of, shorten

__all__ = [
    "Panel",
    "activation_panels",
    "as_bytes",
    "filter_panels",
    "heat",
    "panels",
    "signed",
    "tiles",
]

Array = numpy.ndarray
_MOST = 256  # maps on one sheet


class Panel(NamedTuple):
    """One picture of a figure.

    Attributes
    ----------
    pixels : numpy.ndarray
        Bytes (rows, columns, 3) or (rows, columns), or numbers of shape (rows, columns).
    caption : str
    how : dict
        What ``imshow`` shall do: ``cmap``, ``vmin``, ``vmax``.
    """

    pixels: Array
    caption: str = ""
    how: Mapping[str, Any] = MappingProxyType({})


def panels(shown: Sequence[Panel], title: str, side: float = 2.6, columns: int = 0) -> Sheet:
    """A figure of panels, row by row.

    Parameters
    ----------
    shown : sequence of Panel
    title : str
    side : float
        Of a panel, in inches.
    columns : int
        Default: four, or as many as there are.

    Returns
    -------
    Sheet
        ``.figure`` is matplotlib's, ``.save(path)`` writes a PNG.

    Examples
    --------
    >>> import numpy
    >>> sheet = panels([Panel(numpy.zeros((4, 4)), "nothing")], "A figure")
    >>> bool(sheet.figure.get_figwidth() > 2.6)
    True
    """
    columns = columns or min(4, len(shown))
    gap, foot = 0.04 * side + 0.04, 0.22 if any(panel.caption for panel in shown) else 0.0
    across, down = side + gap, side + gap + foot
    width = max(3.0, columns * across + gap + 0.1)
    sheet = Sheet(width, rows_of(len(shown), columns) * down + 0.5, title)
    for panel, (row, column) in zip(shown, grid_places(len(shown), columns), strict=True):
        left, top = 0.1 + column * across, 0.42 + row * down
        how = dict(panel.how)
        if panel.pixels.ndim == 2:
            how = {"cmap": "gray", **how}
            if panel.pixels.dtype == numpy.uint8:
                how = {"vmin": 0, "vmax": 255, **how}
        sheet.image(panel.pixels, left, top, side, **how)
        caption = shorten(panel.caption, side, 8)
        sheet.text(left, top + side + 0.03, caption, fontsize=8, color=SOFT, va="top")
    return sheet


def signed(gradient: Array, caption: str = "", order: str = "RGB", reached: float = 0.999) -> Panel:
    """A gradient (channels, rows, columns) about grey, or of one channel in blue and red.

    The colours end where a share ``reached`` of all values does, so that one pixel does not rule.
    """
    bound = float(numpy.quantile(numpy.abs(gradient), reached)) or 1.0
    if len(gradient) == 3:
        gradient = gradient[::-1] if order == "BGR" else gradient
        pixels = (127.5 + 127.5 * gradient / bound).clip(0, 255).astype(numpy.uint8)
        return Panel(pixels.transpose(1, 2, 0), caption)
    strongest = gradient[numpy.abs(gradient).sum(axis=(1, 2)).argmax()]
    return Panel(strongest, caption, {"cmap": "RdBu_r", "vmin": -bound, "vmax": bound})


def as_bytes(panel: Panel) -> Array:
    """A panel's pixels in its colours, uint8, shape (rows, columns, 3)."""
    if panel.pixels.dtype == numpy.uint8:
        return panel.pixels
    from matplotlib import colormaps

    low, high = panel.how["vmin"], panel.how["vmax"]
    colours = colormaps[panel.how["cmap"]]((panel.pixels - low) / (high - low))
    return numpy.rint(255 * colours[..., :3]).astype(numpy.uint8)


def heat(picture: Array, values: Array, strength: float = 0.6) -> Array:
    """A picture with numbers laid over it: from blue, the least, to red, the greatest.

    Parameters
    ----------
    picture : numpy.ndarray of uint8, shape (rows, columns, 3) or (rows, columns)
    values : numpy.ndarray, shape (rows, columns)
    strength : float
        How much of the result is colour, 0 to 1.

    Returns
    -------
    numpy.ndarray of uint8, shape (rows, columns, 3)
    """
    from matplotlib import colormaps

    low, high = float(values.min()), float(values.max())
    colours = colormaps["jet"]((values - low) / ((high - low) or 1.0))[..., :3] * 255
    grey = picture[..., None].repeat(3, -1) if picture.ndim == 2 else picture
    mixed = (1 - strength) * grey + strength * colours
    return numpy.rint(mixed).clip(0, 255).astype(numpy.uint8)


def tiles(pictures: Sequence[Array], columns: int = 3) -> Array:
    """Pictures of one size side by side, with white lines of a pixel between them.

    Parameters
    ----------
    pictures : sequence of numpy.ndarray of uint8, shape (rows, columns) or (rows, columns, 3)
    columns : int

    Returns
    -------
    numpy.ndarray of uint8
        One picture; places for which there are none are white.
    """
    rows, width = rows_of(len(pictures), columns), min(columns, len(pictures))
    height, length, *colours = pictures[0].shape
    shape = (rows * (height + 1) - 1, width * (length + 1) - 1, *colours)
    out = numpy.full(shape, 255, numpy.uint8)
    for i, one in enumerate(pictures):
        top, left = (i // columns) * (height + 1), (i % columns) * (length + 1)
        out[top : top + height, left : left + length] = one
    return out


def filter_panels(filters: Array, most: int = _MOST) -> list[Panel]:
    """The first layer's filters, each on a scale of its own."""
    return [signed(one) for one in filters[:most]]


def activation_panels(maps: Array, most: int = _MOST) -> list[Panel]:
    """A sheet of maps (channels, rows, columns), all on one scale; units become one strip."""
    if maps.ndim == 1:
        return [Panel(maps[None].repeat(max(1, len(maps) // 8), 0), "", {"cmap": "viridis"})]
    how = {"cmap": "gray", "vmin": float(maps.min()), "vmax": float(maps.max()) or 1.0}
    return [Panel(one, "", how) for one in maps[:most]]
