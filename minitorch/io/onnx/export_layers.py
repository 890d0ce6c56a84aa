"""How layers with windows or matrices are written: dense, convolutions, poolings."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch import layers
from minitorch.io.onnx.export import Writer, exporter
from minitorch.io.onnx.export_common import activated, number, refuse

__all__: list[str] = []


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
    raise refuse(layer, "ONNX has no filters of each place's own")


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
            raise refuse(layer, "output_size of an image whose size is not known")
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
        raise refuse(layer, "sums of windows that reach over the border")
    out = w.add("AveragePool", x, count_include_pad=int(not inside), **settings)
    if layer.mode == "sum":
        out = w.add("Mul", out, number(w, math.prod(layer.pool_size)))
    return out


@exporter(layers.GlobalPoolLayer)
def global_pool(w: Writer, layer: Any, x: str) -> str:
    """The mean, the largest or the sum of each feature."""
    name = getattr(layer.pool_function, "name", None) or layer.pool_function.__name__
    if name not in ("mean", "max", "sum"):
        raise refuse(layer, f"the function {name} has no operator")
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
        raise refuse(layer, f"the function {name} has no operator")
    axis, rank = layer.axis % len(layer.input_shape), len(layer.input_shape)
    groups = layer.input_shape[axis] // layer.pool_size
    shape = [0] * axis + [groups, layer.pool_size] + list(layer.input_shape[axis + 1 :])
    if shape.count(None) > 1:
        raise refuse(layer, "several lengths behind the axis are not known")
    parts = w.add("Reshape", x, w.integers([-1 if n is None else n for n in shape]))
    assert rank == len(layer.output_shape)
    kind = {"mean": "ReduceMean", "max": "ReduceMax"}[name]
    return w.add(kind, parts, axes=[axis + 1], keepdims=0)


@exporter(layers.Upscale1DLayer, layers.Upscale2DLayer, layers.Upscale3DLayer)
def upscale(w: Writer, layer: Any, x: str) -> str:
    """Every element several times."""
    if layer.mode != "repeat":
        raise refuse(layer, f"mode={layer.mode!r}")
    scales = w.constant([1.0, 1.0, *layer.scale_factor], dtype="float32")
    return w.add(
        "Resize", x, "", scales, mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip


@exporter(layers.ResizeLayer)
def resize(w: Writer, layer: Any, x: str, like: str) -> str:
    """Bilinear, to a size that is read off when the file runs."""
    outer = w.add("Shape", x, start=0, end=2)
    size = w.add("Shape", like, start=2, end=4)
    return w.add(
        "Resize", x, "", "", w.add("Concat", outer, size, axis=0), mode="linear",
        coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
