"""How layers that normalise, merge, or change single elements and shapes are written."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import layers
from minitorch.io.onnx.export import Writer, exporter
from minitorch.io.onnx.export_common import activated, number, refuse, spread

__all__: list[str] = []

_MERGES = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "maximum": "Max",
    "minimum": "Min",
}  # fmt: skip


# -- normalisations ---------------------------------------------------------------------------


@exporter(layers.BatchNormLayer)
def batch_norm(w: Writer, layer: Any, x: str) -> str:
    """By the averages; the variance is 1 / inv_std² - epsilon."""
    rank = len(layer.input_shape)
    if layer.axes == tuple(axis for axis in range(rank) if axis != 1):
        size = layer.mean.shape
        wide = layer.inv_std.numpy().astype("float64") ** -2.0 - layer.epsilon
        epsilon = float(layer.epsilon) if (wide >= 0).all() else 0.0
        var = wide if epsilon else wide + layer.epsilon
        label = layer.inv_std.name or ""
        inputs = [
            w.parameter(layer, "gamma") if layer.gamma is not None else w.constant(
                numpy.ones(size, "float32")),
            w.parameter(layer, "beta") if layer.beta is not None else w.constant(
                numpy.zeros(size, "float32")),
            w.parameter(layer, "mean"),
            w.constant(var, label.replace("inv_std", "var"), "float32"),
        ]  # fmt: skip
        return w.add("BatchNormalization", x, *inputs, epsilon=epsilon)
    steps = (("mean", "Sub"), ("inv_std", "Mul"), ("gamma", "Mul"), ("beta", "Add"))
    for attribute, kind in steps:
        if getattr(layer, attribute) is not None:
            change = spread(layer, attribute, layer.axes, rank)
            x = w.add(kind, x, w.parameter(layer, attribute, change))
    return x


@exporter(layers.LocalResponseNormalization2DLayer)
def response_norm(w: Writer, layer: Any, x: str) -> str:
    """ONNX divides alpha by the number of channels."""
    return w.add(
        "LRN", x, size=layer.n, alpha=float(layer.alpha * layer.n), beta=float(layer.beta),
        bias=float(layer.k),
    )  # fmt: skip


@exporter(layers.StandardizationLayer)
def standardization(w: Writer, layer: Any, x: str) -> str:
    """Mean 0 and variance 1 over some axes."""
    return _standardised(w, layer, x, list(layer.axes))


@exporter(layers.ConditionalInstanceNormLayer)
def conditional_norm(w: Writer, layer: Any, x: str, condition: str) -> str:
    """Mean 0 and variance 1 over the pixels, then the scale and shift of the condition."""
    rank = len(layer.input_shapes[0])
    pixels = list(range(2, rank))
    x = _standardised(w, layer, x, pixels)
    for attribute, kind in (("gamma", "Mul"), ("beta", "Add")):
        mixed = w.add("MatMul", condition, w.parameter(layer, attribute))
        x = w.add(kind, x, w.add("Unsqueeze", mixed, w.integers(pixels)))
    return x


def _standardised(w: Writer, layer: Any, x: str, axes: list[int]) -> str:
    centred = w.add("Sub", x, w.add("ReduceMean", x, axes=axes, keepdims=1))
    var = w.add("ReduceMean", w.add("Mul", centred, centred), axes=axes, keepdims=1)
    std = w.add("Sqrt", w.add("Add", var, number(w, layer.epsilon)))
    return w.add("Div", centred, std)


# -- element by element -----------------------------------------------------------------------


@exporter(layers.NonlinearityLayer)
def nonlinearity(w: Writer, layer: Any, x: str) -> str:
    """A function."""
    return activated(w, layer, x)


@exporter(layers.DropoutLayer, layers.GaussianNoiseLayer)
def noise(w: Writer, layer: Any, x: str) -> str:
    """Nothing, at the end of training."""
    return x


@exporter(layers.BiasLayer)
def bias(w: Writer, layer: Any, x: str) -> str:
    """Added, and shared along axes."""
    if layer.b is None:
        return x
    change = spread(layer, "b", layer.shared_axes, len(layer.input_shape))
    return w.add("Add", x, w.parameter(layer, "b", change))


@exporter(layers.ScaleLayer)
def scale(w: Writer, layer: Any, x: str) -> str:
    """Multiplied, and shared along axes."""
    change = spread(layer, "scales", layer.shared_axes, len(layer.input_shape))
    return w.add("Mul", x, w.parameter(layer, "scales", change))


@exporter(layers.ParametricRectifierLayer)
def prelu(w: Writer, layer: Any, x: str) -> str:
    """A slope that was learned, shared along axes."""
    change = spread(layer, "alpha", layer.shared_axes, len(layer.input_shape))
    return w.add("PRelu", x, w.parameter(layer, "alpha", change))


@exporter(layers.RandomizedRectifierLayer)
def rrelu(w: Writer, layer: Any, x: str) -> str:
    """The mean of the slopes."""
    return w.add("LeakyRelu", x, alpha=(float(layer.lower) + float(layer.upper)) / 2)


# -- several inputs, shapes -----------------------------------------------------------------------


@exporter(layers.ConcatLayer)
def concat(w: Writer, layer: Any, *inputs: str) -> str:
    """One behind the other."""
    _no_cropping(layer)
    return w.add("Concat", *inputs, axis=layer.axis)


@exporter(layers.ElemwiseSumLayer)
def elementwise_sum(w: Writer, layer: Any, *inputs: str) -> str:
    """A weighted sum."""
    _no_cropping(layer)
    parts = [
        x if c == 1 else w.add("Mul", x, number(w, c))
        for x, c in zip(inputs, layer.coeffs, strict=True)
    ]
    return w.add("Sum", *parts)


@exporter(layers.ElemwiseMergeLayer)
def elementwise_merge(w: Writer, layer: Any, *inputs: str) -> str:
    """A function of two, from left to right."""
    _no_cropping(layer)
    name = getattr(layer.merge_function, "name", None) or layer.merge_function.__name__
    if name not in _MERGES:
        raise refuse(layer, f"the function {name} has no operator")
    out = inputs[0]
    for other in inputs[1:]:
        out = w.add(_MERGES[name], out, other)
    return out


def _no_cropping(layer: Any) -> None:
    if layer.cropping is not None and any(mode is not None for mode in layer.cropping):
        raise refuse(layer, "cropping")


@exporter(layers.FlattenLayer)
def flatten(w: Writer, layer: Any, x: str) -> str:
    """Trailing axes as one."""
    return w.add("Reshape", x, w.integers([0] * (layer.outdim - 1) + [-1]))


@exporter(layers.ReshapeLayer)
def reshape(w: Writer, layer: Any, x: str) -> str:
    """Another shape; an axis that is copied stays where it is, or has a known length."""
    lengths = []
    for place, entry in enumerate(layer.shape):
        if isinstance(entry, list):
            length = layer.input_shape[entry[0]]
            if length is None and entry[0] != place:
                raise refuse(layer, f"axis {entry[0]} of an unknown length at place {place}")
            entry = 0 if length is None else length
        lengths.append(int(entry))
    return w.add("Reshape", x, w.integers(lengths))


@exporter(layers.DimshuffleLayer)
def dimshuffle(w: Writer, layer: Any, x: str) -> str:
    """Axes in another order, some of length 1 left out or new."""
    kept = [entry for entry in layer.pattern if entry != "x"]
    dropped = [axis for axis in range(len(layer.input_shape)) if axis not in kept]
    if dropped:
        x = w.add("Squeeze", x, w.integers(dropped))
    order = [sorted(kept).index(axis) for axis in kept]
    if order != sorted(order):
        x = w.add("Transpose", x, perm=order)
    new = [place for place, entry in enumerate(layer.pattern) if entry == "x"]
    return w.add("Unsqueeze", x, w.integers(new)) if new else x


@exporter(layers.PadLayer)
def pad(w: Writer, layer: Any, x: str) -> str:
    """A border of one value, or one that goes on as the input does."""
    if layer.mode == "symmetric" or layer.mode == "wrap":  # ONNX has wrap from set 19 on
        raise refuse(layer, f"mode={layer.mode!r}")
    pairs = [(0, 0)] * layer.batch_ndim + list(layer.width)
    pads = [a for a, _ in pairs] + [b for _, b in pairs]
    inputs = [x, w.integers(pads)]
    inputs += [number(w, layer.val)] if layer.mode == "constant" else []
    return w.add("Pad", *inputs, mode=layer.mode)


@exporter(layers.SliceLayer)
def slice_(w: Writer, layer: Any, x: str) -> str:
    """One element of an axis, or some."""
    chosen = layer.slice
    if not isinstance(chosen, slice):
        return w.add("Gather", x, w.constant(int(chosen), dtype="int64"), axis=layer.axis)
    step = 1 if chosen.step is None else int(chosen.step)
    far = 2**31 - 1
    start = (0 if step > 0 else far) if chosen.start is None else chosen.start
    stop = (far if step > 0 else -far) if chosen.stop is None else chosen.stop
    parts = [w.integers([int(n)]) for n in (start, stop, layer.axis, step)]
    return w.add("Slice", x, *parts)
