"""ONNX's Resize and Upsample: along each axis a matrix of weights, or a choice of elements."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.io.onnx.registry import Node, axes_of, constant, integers, operator

__all__: list[str] = []


@dataclass
class Axis:
    """One axis: its length before and after, the scale, and for a crop where it lies (0 to 1)."""

    place: int
    before: int
    after: int
    scale: float
    crop: tuple[float, float] = (0.0, 1.0)

    def sources(self, mode: str) -> Any:
        """Where in the input each element of the result lies."""
        out, n, last = numpy.arange(self.after), self.before, self.after - 1
        half = (out + 0.5) / self.scale - 0.5
        if mode == "half_pixel":
            return half
        if mode == "pytorch_half_pixel":
            return half if self.after > 1 else numpy.zeros(1)
        if mode == "half_pixel_symmetric":
            return n / 2 * (1 - self.after / (self.scale * n)) + half
        if mode == "asymmetric":
            return out / self.scale
        if mode == "tf_half_pixel_for_nn":
            return (out + 0.5) / self.scale
        if mode == "align_corners":
            whole = self.scale * n - 1  # of the length before it is rounded down
            return out * ((n - 1) / whole if last else 0.0)
        start, end = self.crop  # tf_crop_and_resize
        if not last:
            return numpy.array([0.5 * (start + end) * (n - 1)])
        return start * (n - 1) + out * (end - start) * (n - 1) / last


def _nearest(places: Any, mode: str) -> Any:
    """The element that a place is rounded to."""
    if mode == "floor":
        return numpy.floor(places)
    if mode == "ceil":
        return numpy.ceil(places)
    if mode == "round_prefer_ceil":
        return numpy.floor(places + 0.5)
    return numpy.ceil(places - 0.5)


def _linear(distance: Any, a: float) -> Any:
    return numpy.maximum(0, 1 - numpy.abs(distance))


def _cubic(distance: Any, a: float) -> Any:
    """Keys' kernel: through the points, and smooth."""
    d = numpy.abs(distance)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return numpy.where(d <= 1, near, numpy.where(d < 2, far, 0))


def _matrix(node: Node, axis: Axis, places: Any) -> Any:
    """The weights of the input's elements in each of the result's, (after, before)."""
    kernel, reach = {"linear": (_linear, 1), "cubic": (_cubic, 2)}[node.get("mode")]
    shrink = min(axis.scale, 1.0) if node.get("antialias") else 1.0
    wide = math.ceil(reach / shrink) + 1
    taps = numpy.floor(places)[:, None] + numpy.arange(-wide, wide + 1)
    weights = kernel((taps - places[:, None]) * shrink, node.get("cubic_coeff_a", -0.75))
    if node.get("exclude_outside"):
        weights = numpy.where((taps < 0) | (taps >= axis.before), 0, weights)
    weights = weights / weights.sum(axis=1, keepdims=True)
    matrix = numpy.zeros((axis.after, axis.before))
    rows = numpy.broadcast_to(numpy.arange(axis.after)[:, None], taps.shape)
    columns = numpy.clip(taps, 0, axis.before - 1).astype(int)
    numpy.add.at(matrix, (rows, columns), weights)
    return matrix


def _resized(node: Node, x: Tensor, axes: list[Axis], transform: str, rounding: str) -> Tensor:
    """One axis after the other."""
    outside = numpy.zeros([1] * x.ndim, bool)
    for axis in axes:
        places = axis.sources(transform)
        if transform == "tf_crop_and_resize":
            beyond = (places < 0) | (places > axis.before - 1)
            outside = outside | beyond.reshape(
                [-1 if i == axis.place else 1 for i in range(x.ndim)]
            )
        if node.get("mode", "nearest") == "nearest":
            chosen = numpy.clip(_nearest(places, rounding), 0, axis.before - 1).astype(int)
            x = x[(*(slice(None),) * axis.place, chosen)]
        else:
            weights = constant(_matrix(node, axis, places), x)
            x = ops.moveaxis(ops.tensordot(x, weights, axes=([axis.place], [1])), -1, axis.place)
    if outside.any():
        fill = constant(node.get("extrapolation_value", 0.0), x)
        x = ops.where(asarray(outside), fill, x)
    return x


def _axes(node: Node, x: Tensor, scales: Any, sizes: Any, roi: Any) -> list[Axis]:
    """Lengths and scales, from scales or from sizes."""
    chosen = axes_of(node.get("axes", range(x.ndim)), x.ndim)
    before = [x.shape[axis] for axis in chosen]
    if sizes is not None:
        after = integers(sizes)
        factors = [m / n for m, n in zip(after, before, strict=True)]
        policy = node.get("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            one = min(factors) if policy == "not_larger" else max(factors)
            factors = [one] * len(after)
            after = [math.floor(one * n + 0.5) for n in before]
    else:
        factors = [float(s) for s in scales.numpy().ravel()]
        after = [math.floor(n * s) for n, s in zip(before, factors, strict=True)]
    crops = [(0.0, 1.0)] * len(chosen)
    if roi is not None and roi.size:
        flat = roi.numpy().astype(float).tolist()
        crops = list(zip(flat[: len(chosen)], flat[len(chosen) :], strict=True))
    rows = zip(chosen, before, after, factors, crops, strict=True)
    return [one for row in rows if (one := Axis(*row)).scale != 1 or one.crop != (0.0, 1.0)]


@operator("Resize", since=11)
def resize(node: Node, x: Tensor, roi: Any = None, scales: Any = None, sizes: Any = None) -> Tensor:
    """Another size: the nearest elements, or interpolated ones."""
    scales = None if scales is None or not scales.size else scales
    axes = _axes(node, x, scales, sizes, roi)
    transform = node.get("coordinate_transformation_mode", "half_pixel")
    return _resized(node, x, axes, transform, node.get("nearest_mode", "round_prefer_floor"))


@operator("Resize", since=10, until=11)
@operator("Upsample")
def upsample(node: Node, x: Tensor, scales: Any = None) -> Tensor:
    """Another size, the first elements in place; scales were an attribute first."""
    given = constant(node.get("scales"), x) if scales is None else scales
    return _resized(node, x, _axes(node, x, given, None, None), "asymmetric", "floor")
