"""Receptive fields: which pixels a unit of a layer sees, computed from the layers."""

from __future__ import annotations

from typing import Any, NamedTuple

from minitorch import layers

__all__ = ["Field", "receptive_field"]

# Each place of what these give depends on the same place of what they are given.
_PLACEWISE = (
    layers.BatchNormLayer,
    layers.DropoutLayer,
    layers.GaussianNoiseLayer,
    layers.LocalResponseNormalization2DLayer,
    layers.NINLayer,
    layers.NonlinearityLayer,
    layers.BiasLayer,
    layers.ScaleLayer,
    layers.ParametricRectifierLayer,
    layers.RandomizedRectifierLayer,
)
_MERGES = (layers.ConcatLayer, layers.ElemwiseMergeLayer)
_CONVOLUTIONS = (layers.Conv2DLayer, layers.DilatedConv2DLayer)


class Field(NamedTuple):
    """What the units of a layer see along one axis: unit i from start + i step, size pixels.

    Attributes
    ----------
    start : int
        Of unit 0; below 0 where padding stands.
    step, size : int
        In pixels of the input.
    """

    start: int = 0
    step: int = 1
    size: int = 1

    def behind(self, size: int, step: int, pad: int) -> Field:
        """The field of a window of so many of these units."""
        wide = self.size + (size - 1) * self.step
        return Field(self.start - pad * self.step, self.step * step, wide)


Fields = tuple[Field, Field] | None  # None: the whole input


def receptive_field(network: Any, layer: Any) -> Fields:
    """The fields of a layer's units, along rows and along columns.

    Parameters
    ----------
    network : Layer
        With one input of images; ``layer`` is it, or lies below it.
    layer : Layer

    Returns
    -------
    tuple of Field, or None
        None if units see all of the input: behind a dense layer, global pooling, or another layer
        that brings places together in ways that are not known here.

    Notes
    -----
    A window of k units, stride s, padding p over units (start, step, size) gives the units
    (start - p step, s step, size + (k - 1) step). Layers that merge several have the hull of their
    fields.

    References
    ----------
    A. Araujo, W. Norris, J. Sim: Computing receptive fields of convolutional neural networks,
    Distill 2019.

    Examples
    --------
    >>> from minitorch.models import build
    >>> net = build("lenet")
    >>> conv2 = next(one for one in layers.get_all_layers(net) if one.name == "conv2")
    >>> receptive_field(net, conv2)[0]
    Field(start=0, step=2, size=14)
    """
    if layer not in layers.get_all_layers(network):
        raise ValueError(f"look: {layer!r} is no layer of the network")
    found: dict[Any, Fields] = {}
    for one in layers.get_all_layers(layer):
        if isinstance(one, layers.InputLayer):
            found[one] = (Field(), Field())
        else:
            below = [found[source] for source in one.sources()]
            known = [fields for fields in below if fields is not None]
            found[one] = _seen_by(one, known) if len(known) == len(below) else None
    return found[layer]


def _seen_by(one: Any, below: list[tuple[Field, Field]]) -> Fields:
    """The fields of a layer's units, of those of the layers below it."""
    if isinstance(one, _PLACEWISE) or _pools_channels(one):
        return below[0]
    if isinstance(one, _MERGES):
        return _hull(below) if not any(getattr(one, "cropping", None) or ()) else None
    windows = _windows(one)
    if windows is None:
        return None
    first, second = (field.behind(*window) for field, window in zip(below[0], windows, strict=True))
    return first, second


def _pools_channels(one: Any) -> bool:
    kinds = (layers.FeaturePoolLayer, layers.FeatureWTALayer)
    return isinstance(one, kinds) and one.axis == 1


def _hull(below: list[tuple[Field, Field]]) -> Fields:
    """What any of several units at one place sees; None if their steps differ."""
    axes = []
    for fields in zip(*below, strict=True):
        if len({field.step for field in fields}) != 1:
            return None
        start = min(field.start for field in fields)
        size = max(field.start + field.size for field in fields) - start
        axes.append(Field(start, fields[0].step, size))
    return axes[0], axes[1]


def _windows(one: Any) -> list[tuple[int, int, int]] | None:
    """(size, stride, padding) of a layer's window along both axes, None if it has none."""
    if isinstance(one, layers.PadLayer):
        if one.mode != "constant" or one.batch_ndim != 2 or len(one.width) != 2:
            return None
        return [(1, 1, before) for before, _ in one.width]
    if isinstance(one, _CONVOLUTIONS):
        dilation = getattr(one, "dilation", (1, 1))
        sizes = [(k - 1) * d + 1 for k, d in zip(one.filter_size, dilation, strict=True)]
        pads = {"same": [(k - 1) // 2 for k in sizes], "full": [k - 1 for k in sizes]}
        pad = pads[one.pad] if isinstance(one.pad, str) else one.pad
        return list(zip(sizes, one.stride, pad, strict=True))
    if isinstance(one, layers.Pool2DLayer):
        return list(zip(one.pool_size, one.stride, one.pad, strict=True))
    return None
