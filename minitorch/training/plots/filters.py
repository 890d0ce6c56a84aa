"""What the first layer looks for: its filters as images."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy

from minitorch import layers
from minitorch.training.plots.figures import Sheet, grid_places, rows_of

__all__ = ["filter_images", "first_filters", "plot_filters"]

Array = numpy.ndarray


def filter_images(weights: Array, image_shape: tuple[int, ...], flipped: bool = True) -> Array:
    """The first layer's filters as images, the way round that they match the input.

    Parameters
    ----------
    weights : numpy.ndarray
        Of a convolution, (filters, channels, rows, columns), or of a dense
        layer, (inputs, units).
    image_shape : tuple
        (channels, rows, columns) of the input.
    flipped : bool
        Whether the layer convolves; False for one with ``flip_filters=False``, which correlates.

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
        return weights[:, :, ::-1, ::-1] if flipped else weights
    if weights.ndim != 2 or len(weights) != math.prod(image_shape):
        raise ValueError(
            f"filter_images: expected weights (filters, channels, rows, columns) or "
            f"({math.prod(image_shape)}, units), found {weights.shape}"
        )
    return weights.T.reshape(-1, *image_shape)


def first_filters(network: Any) -> Array | None:
    """The filters of the layer that sees the images, as images.

    Parameters
    ----------
    network : Layer
        The output layer. What stands between the images and the filters without
        weights of its own (noise, padding, dropout) is passed by.

    Returns
    -------
    numpy.ndarray, shape (filters, channels, rows, columns), or None
        None where no layer with weights ``W`` has images as its input.

    Examples
    --------
    >>> from minitorch.models import build_mlp
    >>> first_filters(build_mlp((5,), input_shape=(1, 8, 8))).shape
    (5, 1, 8, 8)
    """
    every = layers.get_all_layers(network)
    shapes = [layer.output_shape[1:] for layer in every if isinstance(layer, layers.InputLayer)]
    images = [shape for shape in shapes if len(shape) == 3 and None not in shape]
    weighted = next((layer for layer in every if getattr(layer, "W", None) is not None), None)
    if weighted is None or not images:
        return None
    W = weighted.W
    value = W.get_value() if hasattr(W, "get_value") else W.numpy()
    flipped = bool(getattr(weighted, "flip_filters", True))
    try:
        return filter_images(value, images[0], flipped)
    except ValueError:  # of another kind: recurrent, embedding, volumes
        return None


def plot_filters(path: str | Path, filters: Array, title: str, most: int = 64) -> Path:
    """A sheet of filters, each on a scale of its own.

    Those of three channels are shown in colour, grey is zero. Of others one channel is shown,
    the one of the largest norm: blue is negative, red positive, white zero.

    Parameters
    ----------
    path : str or Path
        Of the PNG.
    filters : numpy.ndarray, shape (n, channels, rows, columns)
    title : str
    most : int
        How many are shown; those of the largest norm, in their order.

    Returns
    -------
    Path
    """
    norms = numpy.abs(filters).reshape(len(filters), -1).sum(axis=1)
    chosen = numpy.sort(numpy.argsort(-norms, kind="stable")[:most])
    columns = max(1, min(len(chosen), 10 if len(chosen) <= 40 else 16))
    cell = 0.8 if columns <= 10 else 0.62
    width = max(cell * columns + 0.2, 4.0)
    sheet = Sheet(width, cell * rows_of(len(chosen), columns) + 0.5, title)
    places = grid_places(len(chosen), columns)
    for index, (row, column) in zip(chosen, places, strict=True):
        pixels, how = _shown(filters[index])
        sheet.image(pixels, 0.12 + cell * column, 0.42 + cell * row, 0.9 * cell, **how)
    return sheet.save(path)


def _shown(image: Array) -> tuple[Array, dict[str, Any]]:
    """One filter's pixels, and how to colour them."""
    bound = float(numpy.abs(image).max(initial=0)) or 1.0
    if len(image) == 3:
        return (0.5 + 0.5 * image / bound).transpose(1, 2, 0).clip(0, 1), {}
    strongest = image[numpy.abs(image).sum(axis=(1, 2)).argmax()]
    bound = float(numpy.abs(strongest).max(initial=0)) or 1.0
    return strongest, {"cmap": "RdBu_r", "vmin": -bound, "vmax": bound}
