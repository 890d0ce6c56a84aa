"""ONNX operators that sum, or choose, over axes."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.io.onnx.registry import Node, operator

__all__: list[str] = []


def _extreme(function: Any, nothing: str) -> Any:
    """The largest or smallest; over nothing, what any number beats."""

    def reduced(x: Tensor, axis: Any, keepdims: bool) -> Tensor:
        if x.dtype.kind == "b":
            return ops.astype(reduced(ops.astype(x, "uint8"), axis, keepdims), "bool")
        if 0 in x.shape:
            limits = numpy.finfo(x.dtype) if x.dtype.kind == "f" else numpy.iinfo(x.dtype)
            bound = getattr(limits, nothing)
            if x.dtype.kind == "f":
                bound = numpy.copysign(numpy.inf, bound)
            shape = numpy.sum(numpy.zeros(x.shape), axis=axis, keepdims=keepdims).shape
            return ops.full(shape, bound, dtype=x.dtype)
        found: Tensor = function(x, axis=axis, keepdims=keepdims)
        return found

    return reduced


def _sum(x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    return ops.sum(x, axis=axis, keepdims=keepdims, dtype=x.dtype)


_REDUCTIONS = {
    "ReduceSum": _sum,
    "ReduceMean": lambda x, axis, keepdims: ops.mean(x, axis=axis, keepdims=keepdims),
    "ReduceMax": _extreme(ops.max, "min"),
    "ReduceMin": _extreme(ops.min, "max"),
    "ReduceProd": lambda x, axis, keepdims: ops.prod(
        x, axis=axis, keepdims=keepdims, dtype=x.dtype
    ),
    "ReduceL1": lambda x, axis, keepdims: _sum(ops.abs(x), axis, keepdims),
    "ReduceL2": lambda x, axis, keepdims: ops.sqrt(_sum(x * x, axis, keepdims)),
    "ReduceSumSquare": lambda x, axis, keepdims: _sum(x * x, axis, keepdims),
    "ReduceLogSum": lambda x, axis, keepdims: ops.log(_sum(x, axis, keepdims)),
    "ReduceLogSumExp": lambda x, axis, keepdims: ops.logsumexp(x, axis=axis, keepdims=keepdims)
    if 0 not in x.shape
    else ops.log(_sum(x, axis, keepdims)),
}  # fmt: skip


def _over_axes(function: Any) -> Any:
    """Axes were an attribute first, and an input later; none are all, or none at all."""

    def reduced(node: Node, x: Tensor, axes: Any = None) -> Tensor:
        chosen = node.setting("axes", axes)
        if not chosen:
            if node.get("noop_with_empty_axes"):
                return x if function not in _ALONE else function(x, (), True)
            chosen = None
        found: Tensor = function(
            x, None if chosen is None else tuple(chosen), bool(node.get("keepdims", 1))
        )
        return found

    return reduced


_WORDS = {
    "ReduceSum": "the sum",
    "ReduceMean": "the mean",
    "ReduceMax": "the largest",
    "ReduceMin": "the smallest",
    "ReduceProd": "the product",
    "ReduceL1": "the sum of magnitudes",
    "ReduceL2": "the root of the sum of squares",
    "ReduceSumSquare": "the sum of squares",
    "ReduceLogSum": "the logarithm of the sum",
    "ReduceLogSumExp": "the logarithm of the sum of exponentials",
}

# Over no axes these still are not their input.
_ALONE = {
    _REDUCTIONS[name]
    for name in ("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp")
}

for _name, _function in _REDUCTIONS.items():
    _made = _over_axes(_function)
    _made.__doc__ = f"{_WORDS[_name]} over axes"
    operator(_name)(_made)


def _place(node: Node, x: Tensor, function: Any) -> Tensor:
    axis = node.get("axis", 0)
    last = node.get("select_last_index", 0)
    found = function(ops.flip(x, axis=axis) if last else x, axis=axis)
    if last:
        found = x.shape[axis] - 1 - found
    found = ops.astype(found, "int64")
    return ops.expand_dims(found, axis=axis) if node.get("keepdims", 1) else found


@operator("ArgMax")
def argmax(node: Node, x: Tensor) -> Tensor:
    """Where the largest is, the first or the last of equals."""
    return _place(node, x, ops.argmax)


@operator("ArgMin")
def argmin(node: Node, x: Tensor) -> Tensor:
    """Where the smallest is, the first or the last of equals."""
    return _place(node, x, ops.argmin)


@operator("CumSum")
def cumulative_sum(node: Node, x: Tensor, axis: Tensor) -> Tensor:
    """Running sums."""
    return _running(node, x, axis, ops.cumulative_sum)


@operator("CumProd")
def cumulative_product(node: Node, x: Tensor, axis: Tensor) -> Tensor:
    """Running products."""
    return _running(node, x, axis, ops.cumulative_prod)


def _running(node: Node, x: Tensor, axis: Tensor, function: Any) -> Tensor:
    at = int(axis.item()) % x.ndim
    back = node.get("reverse", 0)
    x = ops.flip(x, axis=at) if back else x
    found = function(x, axis=at, dtype=x.dtype, include_initial=bool(node.get("exclusive")))
    if node.get("exclusive"):
        keep = (slice(None),) * at + (slice(0, x.shape[at]),)
        found = found[keep]
    out: Tensor = ops.flip(found, axis=at) if back else found
    return out


@operator("LpNormalization")
def lp_normalization(node: Node, x: Tensor) -> Tensor:
    """x divided by its norm along an axis; 0 stays 0."""
    axis = node.get("axis", -1)
    first = node.get("p", 2) == 1
    total = _sum(ops.abs(x) if first else x * x, axis, True)
    total = ops.where(total == 0, ops.ones_like(total), total)  # before the root: it has a slope
    return x / (total if first else ops.sqrt(total))
