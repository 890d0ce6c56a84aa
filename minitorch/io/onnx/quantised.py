"""ONNX's steps into small integers and out of them; what lies between is computed in floats."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.io.onnx.registry import Node, operator
from minitorch.io.onnx.shapes import dtype_of

__all__: list[str] = []


def _along(node: Node, values: Tensor, x: Tensor) -> Tensor:
    """Scales and zeros of the whole tensor, or one for each place of an axis."""
    if node.get("block_size"):
        raise node.refuse("blocks with scales of their own")
    if values.size == 1:
        return ops.reshape(values, ())
    axis = node.get("axis", 1) % x.ndim
    return ops.reshape(values, tuple(-1 if i == axis else 1 for i in range(x.ndim)))


@operator("DequantizeLinear")
def dequantize(node: Node, x: Tensor, scale: Tensor, zero: Any = None) -> Tensor:
    """(x - zero) scale"""
    wide = ops.astype(x, scale.dtype)
    if zero is not None:
        wide = wide - ops.astype(_along(node, zero, x), scale.dtype)
    return wide * _along(node, scale, x)


@operator("QuantizeLinear")
def quantize(node: Node, x: Tensor, scale: Tensor, zero: Any = None) -> Tensor:
    """x / scale + zero, rounded to even, within what the integers hold; constant for gradients."""
    given = None if zero is None else str(zero.dtype)
    dtype = given or dtype_of(node, node.get("output_dtype") or 2)
    limits = numpy.iinfo(dtype)
    steps = ops.round(x / ops.astype(_along(node, scale, x), x.dtype))
    if zero is not None:
        steps = steps + ops.astype(_along(node, zero, x), x.dtype)
    return ops.astype(ops.clip(steps, float(limits.min), float(limits.max)), dtype)
