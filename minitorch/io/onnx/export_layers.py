"""How each kind of layer is written as ONNX's operators."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch import layers, nonlinearities
from minitorch.io.onnx.export import Writer, exporter

__all__ = ["activated"]

_PLAIN = {
    "rectify": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "elu": "Elu",
    "softplus": "Softplus",
    "relu": "Relu",
}
_MERGES = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "maximum": "Max",
    "minimum": "Min",
}  # fmt: skip


def _refuse(layer: Any, what: str) -> NotImplementedError:
    return NotImplementedError(f"save_onnx: {layer!r} cannot be written: {what}")


def _number(w: Writer, value: float) -> str:
    return w.constant(value, dtype="float32")


def activated(w: Writer, layer: Any, x: str) -> str:
    """A layer's nonlinearity."""
    f = layer.nonlinearity
    name = getattr(f, "__name__", None) or getattr(f, "name", "")
    if name in ("linear", "identity"):
        return x
    if name in _PLAIN:
        return w.add(_PLAIN[name], x)
    if name == "softmax":
        return w.add("Softmax", x, axis=1)
    if name == "relu6":
        return w.add("Clip", x, _number(w, 0), _number(w, 6))
    if isinstance(f, nonlinearities.LeakyRectify):
        return w.add("LeakyRelu", x, alpha=float(f.leakiness))
    if isinstance(f, nonlinearities.SELU):
        return w.add("Selu", x, gamma=float(f.scale), alpha=float(f.scale_neg))
    if isinstance(f, nonlinearities.ScaledTanH):
        inner = w.add("Tanh", w.add("Mul", x, _number(w, f.scale_in)))
        return w.add("Mul", inner, _number(w, f.scale_out))
    raise _refuse(layer, f"the nonlinearity {name or f!r} has no operator")


def _spread(layer: Any, attribute: str, shared: Any, rank: int) -> Any:
    """A change of shape that gives a parameter axes of length 1 where it is shared."""
    kept = iter(getattr(layer, attribute).shape)
    shape = [1 if axis in shared else next(kept) for axis in range(rank)]
    return lambda value: value.reshape(shape)


# -- dense ------------------------------------------------------------------------------


@exporter(layers.DenseLayer)
def dense(w: Writer, layer: Any, x: str) -> str:
    """A matrix product; with one leading axis, Gemm."""
    rank = len(layer.input_shape)
    leading = layer.num_leading_axes % rank
    if leading == 1:
        x = w.add("Flatten", x, axis=1) if rank > 2 else x
        inputs = [x, w.parameter(layer, "W")]
        inputs += [w.parameter(layer, "b")] if layer.b is not None else []
        return activated(w, layer, w.add("Gemm", *inputs))
    if rank - leading > 1:
        x = w.add("Reshape", x, w.integers([0] * leading + [-1]))
    out = w.add("MatMul", x, w.parameter(layer, "W"))
    if layer.b is not None:
        out = w.add("Add", out, w.parameter(layer, "b"))
    return activated(w, layer, out)


@exporter(layers.NINLayer)
def nin(w: Writer, layer: Any, x: str) -> str:
    """A convolution with 1 x 1 filters."""
    places = len(layer.input_shape) - 2
    if not places:
        out = w.add("MatMul", x, w.parameter(layer, "W"))
        return activated(w, layer, _biased(w, layer, out, 0))
    turned = w.parameter(layer, "W", lambda v: v.T.reshape(*v.T.shape, *[1] * places))
    return activated(w, layer, _biased(w, layer, w.add("Conv", x, turned), places))


def _biased(w: Writer, layer: Any, x: str, places: int) -> str:
    """A bias per feature, or per feature and place."""
    if layer.b is None:
        return x
    if getattr(layer, "untie_biases", False):
        return w.add("Add", x, w.parameter(layer, "b"))
    return w.add("Add", x, w.parameter(layer, "b", lambda v: v.reshape(-1, *[1] * places)))


@exporter(layers.EmbeddingLayer)
def embedding(w: Writer, layer: Any, x: str) -> str:
    """Rows of a matrix by index."""
    return w.add("Gather", w.parameter(layer, "W"), w.add("Cast", x, to=7), axis=0)


# -- convolutions --------------------------------------------------------------------------


def _turned(value: Any) -> Any:
    return numpy.flip(value, tuple(range(2, value.ndim)))


def _pads(layer: Any) -> list[int]:
    """Zeros before and after, which are the same, along each axis."""
    if layer.pad == "same":
        one = [size // 2 for size in layer.filter_size]
    elif layer.pad == "full":
        one = [size - 1 for size in layer.filter_size]
    else:
        one = list(layer.pad)
    return one + one


def _with_bias(w: Writer, layer: Any, kind: str, inputs: list[str], settings: Any) -> str:
    tied = layer.b is not None and not layer.untie_biases
    if tied:
        inputs.append(w.parameter(layer, "b"))
    out = w.add(kind, *inputs, **settings)
    if layer.b is not None and not tied:
        out = w.add("Add", out, w.parameter(layer, "b"))
    return activated(w, layer, out)


@exporter(layers.Conv1DLayer, layers.Conv2DLayer, layers.Conv3DLayer)
def conv(w: Writer, layer: Any, x: str) -> str:
    """A correlation, with the filters turned if the layer turns them."""
    filters = w.parameter(layer, "W", _turned if layer.flip_filters else None)
    settings = {
        "kernel_shape": list(layer.filter_size),
        "strides": list(layer.stride),
        "pads": _pads(layer),
        "group": layer.num_groups,
    }
    return _with_bias(w, layer, "Conv", [x, filters], settings)


@exporter(layers.LocallyConnected2DLayer)
def local(w: Writer, layer: Any, x: str) -> str:
    """No operator has filters of each place's own."""
    raise _refuse(layer, "ONNX has no filters of each place's own")


@exporter(layers.TransposedConv2DLayer, layers.TransposedConv3DLayer)
def transposed_conv(w: Writer, layer: Any, x: str) -> str:
    """The adjoint of a correlation; what the stride leaves open is added behind."""
    filters = w.parameter(layer, "W", None if layer.flip_filters else _turned)
    pads = _pads(layer)
    extra = [0] * layer.n
    if layer.output_size is not None:
        sizes = layer.output_shape[2:]
        rows = zip(sizes, layer.input_shape[2:], layer.filter_size, layer.stride, pads[: layer.n],
                   strict=True)  # fmt: skip
        if None in layer.input_shape[2:]:
            raise _refuse(layer, "output_size of an image whose size is not known")
        extra = [m - ((n - 1) * s + f - 2 * p) for m, n, f, s, p in rows]
    settings = {
        "kernel_shape": list(layer.filter_size),
        "strides": list(layer.stride),
        "pads": pads,
        "output_padding": extra,
        "group": layer.num_groups,
    }
    return _with_bias(w, layer, "ConvTranspose", [x, filters], settings)


@exporter(layers.DilatedConv2DLayer)
def dilated_conv(w: Writer, layer: Any, x: str) -> str:
    """A correlation with holes; channels and filters are swapped in the weights."""
    filters = w.parameter(layer, "W", lambda v: numpy.swapaxes(v, 0, 1))
    settings = {
        "kernel_shape": list(layer.filter_size),
        "dilations": list(layer.dilation),
        "group": layer.num_groups,
    }
    return _with_bias(w, layer, "Conv", [x, filters], settings)


# -- poolings --------------------------------------------------------------------------------


@exporter(layers.Pool1DLayer, layers.Pool2DLayer, layers.Pool3DLayer)
def pool(w: Writer, layer: Any, x: str) -> str:
    """The largest, the mean or the sum of windows."""
    settings = {
        "kernel_shape": list(layer.pool_size),
        "strides": list(layer.stride),
        "pads": list(layer.pad) * 2,
        "ceil_mode": int(not layer.ignore_border),
    }
    if layer.mode == "max":
        return w.add("MaxPool", x, **settings)
    inside = layer.mode == "average_exc_pad"
    if layer.mode == "sum" and not layer.ignore_border:
        raise _refuse(layer, "sums of windows that reach over the border")
    out = w.add("AveragePool", x, count_include_pad=int(not inside), **settings)
    if layer.mode == "sum":
        out = w.add("Mul", out, _number(w, math.prod(layer.pool_size)))
    return out


@exporter(layers.GlobalPoolLayer)
def global_pool(w: Writer, layer: Any, x: str) -> str:
    """The mean, the largest or the sum of each feature."""
    name = getattr(layer.pool_function, "name", None) or layer.pool_function.__name__
    if name not in ("mean", "max", "sum"):
        raise _refuse(layer, f"the function {name} has no operator")
    places = list(range(2, len(layer.input_shape)))
    if name == "sum":
        return w.add("ReduceSum", x, w.integers(places), keepdims=0)
    kind = "GlobalAveragePool" if name == "mean" else "GlobalMaxPool"
    return w.add("Flatten", w.add(kind, x), axis=1)


@exporter(layers.FeaturePoolLayer)
def feature_pool(w: Writer, layer: Any, x: str) -> str:
    """The largest, or another function, of groups of features."""
    name = getattr(layer.pool_function, "name", None) or layer.pool_function.__name__
    if name not in ("mean", "max"):
        raise _refuse(layer, f"the function {name} has no operator")
    axis, rank = layer.axis % len(layer.input_shape), len(layer.input_shape)
    groups = layer.input_shape[axis] // layer.pool_size
    shape = [0] * axis + [groups, layer.pool_size] + list(layer.input_shape[axis + 1 :])
    if shape.count(None) > 1:
        raise _refuse(layer, "several lengths behind the axis are not known")
    parts = w.add("Reshape", x, w.integers([-1 if n is None else n for n in shape]))
    assert rank == len(layer.output_shape)
    kind = {"mean": "ReduceMean", "max": "ReduceMax"}[name]
    return w.add(kind, parts, axes=[axis + 1], keepdims=0)


@exporter(layers.Upscale1DLayer, layers.Upscale2DLayer, layers.Upscale3DLayer)
def upscale(w: Writer, layer: Any, x: str) -> str:
    """Every element several times."""
    if layer.mode != "repeat":
        raise _refuse(layer, f"mode={layer.mode!r}")
    scales = w.constant([1.0, 1.0, *layer.scale_factor], dtype="float32")
    return w.add(
        "Resize", x, "", scales, mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip


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
            change = _spread(layer, attribute, layer.axes, rank)
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
    axes = list(layer.axes)
    centred = w.add("Sub", x, w.add("ReduceMean", x, axes=axes, keepdims=1))
    var = w.add("ReduceMean", w.add("Mul", centred, centred), axes=axes, keepdims=1)
    std = w.add("Sqrt", w.add("Add", var, _number(w, layer.epsilon)))
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
    change = _spread(layer, "b", layer.shared_axes, len(layer.input_shape))
    return w.add("Add", x, w.parameter(layer, "b", change))


@exporter(layers.ScaleLayer)
def scale(w: Writer, layer: Any, x: str) -> str:
    """Multiplied, and shared along axes."""
    change = _spread(layer, "scales", layer.shared_axes, len(layer.input_shape))
    return w.add("Mul", x, w.parameter(layer, "scales", change))


@exporter(layers.ParametricRectifierLayer)
def prelu(w: Writer, layer: Any, x: str) -> str:
    """A slope that was learned, shared along axes."""
    change = _spread(layer, "alpha", layer.shared_axes, len(layer.input_shape))
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
        x if c == 1 else w.add("Mul", x, _number(w, c))
        for x, c in zip(inputs, layer.coeffs, strict=True)
    ]
    return w.add("Sum", *parts)


@exporter(layers.ElemwiseMergeLayer)
def elementwise_merge(w: Writer, layer: Any, *inputs: str) -> str:
    """A function of two, from left to right."""
    _no_cropping(layer)
    name = getattr(layer.merge_function, "name", None) or layer.merge_function.__name__
    if name not in _MERGES:
        raise _refuse(layer, f"the function {name} has no operator")
    out = inputs[0]
    for other in inputs[1:]:
        out = w.add(_MERGES[name], out, other)
    return out


def _no_cropping(layer: Any) -> None:
    if layer.cropping is not None and any(mode is not None for mode in layer.cropping):
        raise _refuse(layer, "cropping")


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
                raise _refuse(layer, f"axis {entry[0]} of an unknown length at place {place}")
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
    """A border of one value."""
    pairs = [(0, 0)] * layer.batch_ndim + list(layer.width)
    pads = [a for a, _ in pairs] + [b for _, b in pairs]
    return w.add("Pad", x, w.integers(pads), _number(w, layer.val))


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
