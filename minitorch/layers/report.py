"""What a network consists of: shapes, parameters, memory and work, layer by layer."""

from __future__ import annotations

import functools
import html
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from minitorch.autograd import get_default_dtype
from minitorch.layers.base import Layer, MergeLayer
from minitorch.layers.conv import BaseConvLayer
from minitorch.layers.dense import DenseLayer, NINLayer
from minitorch.layers.embedding import EmbeddingLayer
from minitorch.layers.helper import get_all_layers, get_output_shape
from minitorch.layers.normalization import ConditionalInstanceNormLayer
from minitorch.layers.recurrent import CustomRecurrentLayer
from minitorch.layers.recurrent_base import GatedLayer
from minitorch.layers.special import InverseLayer

__all__ = ["Summary", "summary"]

_COLUMNS = ("layer", "name", "output shape", "parameters", "memory", "multiply-adds")


class Line(NamedTuple):
    """One layer of a summary; None where a length is not known."""

    layer: str
    name: str
    output_shape: tuple[int | None, ...]
    parameters: int
    memory: int | None
    multiply_adds: int | None


class Summary:
    """A table of layers with totals; it prints as text, and as HTML in notebooks.

    Attributes
    ----------
    lines : list of Line
        Per layer: kind, name, output_shape, parameters, memory (bytes), multiply_adds.
    parameters : int
    memory, multiply_adds : int or None
        Totals; None if that of a layer is not known.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = list(lines)
        self.parameters = sum(line.parameters for line in lines)
        self.memory = _total([line.memory for line in lines])
        self.multiply_adds = _total([line.multiply_adds for line in lines])

    def _cells(self) -> list[tuple[str, ...]]:
        rows = [
            (line.layer, line.name, str(line.output_shape), *_figures(*line[3:]))
            for line in self.lines
        ]
        figures = _figures(self.parameters, self.memory, self.multiply_adds)
        return [*rows, ("total", "", "", *figures)]

    def __str__(self) -> str:
        rows = [_COLUMNS, *self._cells()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
        lines = [
            "  ".join(
                cell.ljust(width) if i < 3 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The table for notebooks."""

        def row(cells: Sequence[str], tag: str) -> str:
            styles = ["left"] * 3 + ["right"] * 3
            return "".join(
                f'<{tag} style="text-align: {side}">{html.escape(cell)}</{tag}>'
                for cell, side in zip(cells, styles, strict=True)
            )

        *body, last = [row(cells, "td") for cells in self._cells()]
        rows = "".join(f"<tr>{cells}</tr>" for cells in body)
        return (
            f"<table><thead><tr>{row(_COLUMNS, 'th')}</tr></thead><tbody>{rows}</tbody>"
            f"<tfoot><tr>{last}</tr></tfoot></table>"
        )


def _total(numbers: Sequence[int | None]) -> int | None:
    """The sum, None if one is not known."""
    known = [n for n in numbers if n is not None]
    return sum(known) if len(known) == len(numbers) else None


def _figures(parameters: int, memory: int | None, work: int | None) -> tuple[str, str, str]:
    """Numbers as they are read best; a question mark for what is not known."""
    shown = "?" if work is None else f"{work:,}"
    return f"{parameters:,}", "?" if memory is None else _bytes(memory), shown


def _bytes(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    size, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.1f} {unit}"


def summary(network: Any, input_shapes: Any = None) -> Summary:
    """The layers of a network with their output shapes, parameters, memory and work.

    Parameters
    ----------
    network : Layer or list of Layer
    input_shapes : tuple, dict or None
        As for :func:`get_output_shape`. Without it, figures are for a batch of one, and
        those that depend on another unknown length are not known.

    Returns
    -------
    Summary

    Notes
    -----
    Memory is that of a layer's parameters and of its output, as if every output had
    memory of its own. Multiply-adds are those of matrix products and convolutions; what
    is done element by element (biases, nonlinearities, pooling, normalisation) counts 0.
    They are not known for an InverseLayer, nor for layers with weights of kinds that
    :func:`multiply_adds` was not told about:
    ``minitorch.layers.report.multiply_adds.register`` does that. Shared parameters count
    where they first occur.

    Examples
    --------
    >>> from minitorch import layers
    >>> net = layers.DenseLayer(layers.InputLayer((None, 8), name="in"), 4, name="out")
    >>> layers.summary(net)
    layer       name  output shape  parameters  memory  multiply-adds
    -----------------------------------------------------------------
    InputLayer  in    (None, 8)              0    32 B              0
    DenseLayer  out   (None, 4)             36   160 B             32
    -----------------------------------------------------------------
    total                                   36   192 B             32
    """
    found = get_all_layers(network)
    shapes = dict(zip(found, get_output_shape(found, input_shapes), strict=True))
    seen: set[Any] = set()
    lines = []
    for layer in found:
        new = [p for p in layer.get_params() if p not in seen]
        seen.update(new)
        shape = shapes[layer]
        size = _size(shape)
        held = sum(p.size * p.dtype.itemsize for p in new)
        itemsize = get_default_dtype().itemsize
        lines.append(
            Line(
                type(layer).__name__,
                layer.name or "",
                shape,
                sum(p.size for p in new),
                None if size is None else held + size * itemsize,
                multiply_adds(layer, _inputs_of(layer, shapes), shape),
            )
        )
    return Summary(lines)


def _inputs_of(layer: Any, shapes: dict[Any, Any]) -> list[Any]:
    """The shapes that go into a layer."""
    own = layer.input_shapes if isinstance(layer, MergeLayer) else [layer.input_shape]
    below = layer.sources() or [None]
    return [shapes.get(source, s) for source, s in zip(below, own, strict=True)]


def _size(shape: Sequence[int | None]) -> int | None:
    """Number of elements; an unknown batch is one."""
    lengths = [1 if i == 0 and n is None else n for i, n in enumerate(shape)]
    return None if None in lengths else math.prod(n for n in lengths if n is not None)


def _times(size: int | None, factor: Any) -> int | None:
    return None if size is None or factor is None else size * int(factor)


@functools.singledispatch
def multiply_adds(layer: Layer, input_shapes: list[Any], output_shape: Any) -> int | None:
    """Multiplications with an addition that a layer's products take; by kind of layer.

    Parameters
    ----------
    layer : Layer
    input_shapes : list of tuple
    output_shape : tuple

    Returns
    -------
    int, or None if that is not known
    """
    weights = [p for p in layer.get_params(trainable=True) if p.ndim > 1]
    return None if weights else 0


@multiply_adds.register(DenseLayer)
@multiply_adds.register(NINLayer)
def _(layer: Any, input_shapes: list[Any], output_shape: Any) -> int | None:
    """Every element of the output is a product with one column of W."""
    return _times(_size(output_shape), layer.W.shape[0])


@multiply_adds.register
def _(
    layer: ConditionalInstanceNormLayer, input_shapes: list[Any], output_shape: Any
) -> int | None:
    """The condition times two matrices, once for each image."""
    return _times(_size(input_shapes[1][:1]), 2 * math.prod(layer.gamma.shape))


@multiply_adds.register
def _(layer: EmbeddingLayer, input_shapes: list[Any], output_shape: Any) -> int | None:
    """Rows are looked up, nothing is multiplied."""
    return 0


@multiply_adds.register
def _(layer: InverseLayer, input_shapes: list[Any], output_shape: Any) -> int | None:
    """It runs the backward of another layer, of whatever kind."""
    return None


@multiply_adds.register
def _(layer: BaseConvLayer, input_shapes: list[Any], output_shape: Any) -> int | None:
    """Every filter tap once for every place where the filter is put down."""
    if len(layer.W.shape) != len(output_shape):  # locally connected: a filter for each place
        return _times(_size(output_shape[:1]), math.prod(layer.W.shape))
    # A transposed convolution (it has crop in place of pad) goes over its input's places.
    places = input_shapes[0] if hasattr(layer, "crop") else output_shape
    return _times(_size((places[0], *places[2:])), math.prod(layer.W.shape))


@multiply_adds.register
def _(layer: GatedLayer, input_shapes: list[Any], output_shape: Any) -> int | None:
    """Input and state times the weights of every gate, at every step."""
    per_step = (layer.num_inputs + layer.num_units) * layer.num_units * len(layer.gates)
    return _times(_size(input_shapes[0][:2]), per_step)


@multiply_adds.register
def _(layer: CustomRecurrentLayer, input_shapes: list[Any], output_shape: Any) -> int | None:
    """What the two networks take, at every step."""
    steps = _size(input_shapes[0][:2])
    totals = [_network_work(network) for network in layer.networks_inside().values()]
    return _times(steps, _total(totals))


def _network_work(network: Layer) -> int | None:
    """The work of a network for one element of the batch, whatever its batch is set to."""
    entries = [one for one in get_all_layers(network) if not one.sources()]
    one_each = {entry: (1, *entry.output_shape[1:]) for entry in entries}
    return summary(network, one_each).multiply_adds
