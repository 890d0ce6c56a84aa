"""ONNX operators with matrices, and those that normalise."""

from __future__ import annotations

import math
from typing import Any

from minitorch import linalg, ops, random
from minitorch.autograd import Tensor, no_grad
from minitorch.io.onnx.registry import Node, operator
from minitorch.parameter import Parameter

__all__: list[str] = []


@operator("MatMul", weights=(0, 1))
def matmul(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """Products of matrices."""
    return ops.matmul(a, b)


@operator("Gemm", weights=(1, 2))
def gemm(node: Node, a: Tensor, b: Tensor, c: Any = None) -> Tensor:
    """alpha a b + beta c, of matrices that are transposed if need be."""
    a = ops.matrix_transpose(a) if node.get("transA") else a
    b = ops.matrix_transpose(b) if node.get("transB") else b
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    out = ops.matmul(a, b)
    out = out if alpha == 1 else out * alpha
    if c is None:
        return out
    return out + (c if beta == 1 else c * beta)


@operator("Einsum")
def einsum(node: Node, *inputs: Tensor) -> Tensor:
    """Sums of products, as the equation says."""
    return ops.einsum(node.get("equation"), *inputs)


@operator("Det")
def det(node: Node, x: Tensor) -> Tensor:
    """Determinants."""
    return linalg.det(x)


@operator("BatchNormalization", weights=(1, 2), averages=(3, 4))
def batch_normalization(
    node: Node, x: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, var: Tensor
) -> Any:
    """By the averages; in training by the batch, which is taken into them."""
    if node.version < 9 and not node.get("spatial", 1):
        raise node.refuse("spatial=0")
    axes = tuple(axis for axis in range(x.ndim) if axis != 1)
    epsilon = node.get("epsilon", 1e-5)
    asked = node.get("training_mode", 0) == 1
    if not (asked or node.training):
        inv_std = (var + epsilon) ** -0.5
        return ops.batch_norm_inference(x, mean, inv_std, scale, shift, axes=axes)
    y, _, _ = ops.batch_norm(x, scale, shift, axes=axes, epsilon=epsilon)
    keep = node.get("momentum", 0.9)
    with no_grad():
        batch = ops.mean(x, axis=axes), ops.var(x, axis=axes)
        after = [old * keep + new * (1 - keep) for old, new in zip((mean, var), batch, strict=True)]
    if not asked:
        for param, value in zip((mean, var), after, strict=True):
            if isinstance(param, Parameter):
                param.set_value(value)
        return y
    return (y, *after)


def _standard(x: Tensor, axes: Any, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """x with mean 0 and variance 1 over some axes; the mean; 1 / deviation."""
    mean = ops.mean(x, axis=axes, keepdims=True)
    inv_std = (ops.var(x, axis=axes, keepdims=True) + epsilon) ** -0.5
    return (x - mean) * inv_std, mean, inv_std


def _per_channel(values: Tensor, rank: int) -> Tensor:
    return ops.reshape(values, values.shape + (1,) * (rank - 2))


@operator("InstanceNormalization", weights=(1, 2))
def instance_normalization(node: Node, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Each channel of each image by itself."""
    y, _, _ = _standard(x, tuple(range(2, x.ndim)), node.get("epsilon", 1e-5))
    return y * _per_channel(scale, x.ndim) + _per_channel(shift, x.ndim)


@operator("GroupNormalization", weights=(1, 2))
def group_normalization(node: Node, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Groups of channels; scales are per group before operator set 21."""
    count = node.get("num_groups")
    parts = ops.reshape(x, (x.shape[0], count, -1))
    y, _, _ = _standard(parts, 2, node.get("epsilon", 1e-5))
    if node.version < 21:
        y = y * ops.reshape(scale, (-1, 1)) + ops.reshape(shift, (-1, 1))
        return ops.reshape(y, x.shape)
    y = ops.reshape(y, x.shape)
    return y * _per_channel(scale, x.ndim) + _per_channel(shift, x.ndim)


@operator("LayerNormalization", weights=(1, 2))
def layer_normalization(node: Node, x: Tensor, scale: Tensor, shift: Any = None) -> Any:
    """The axes from one on; also their mean and 1 / deviation."""
    axes = tuple(range(node.get("axis", -1) % x.ndim, x.ndim))
    y, mean, inv_std = _standard(x, axes, node.get("epsilon", 1e-5))
    y = y * scale
    return (y if shift is None else y + shift), mean, inv_std


@operator("RMSNormalization", weights=(1,))
def rms_normalization(node: Node, x: Tensor, scale: Tensor) -> Tensor:
    """The axes from one on divided by the root of their mean square."""
    axes = tuple(range(node.get("axis", -1) % x.ndim, x.ndim))
    square = ops.mean(x * x, axis=axes, keepdims=True)
    return x * (square + node.get("epsilon", 1e-5)) ** -0.5 * scale


@operator("MeanVarianceNormalization")
def mean_variance_normalization(node: Node, x: Tensor) -> Tensor:
    """Mean 0 and variance 1 over some axes, by default per channel."""
    axes = tuple(node.get("axes", (0, 2, 3)))
    return (x - ops.mean(x, axis=axes, keepdims=True)) / (
        ops.sqrt(ops.var(x, axis=axes, keepdims=True)) + 1e-9
    )


@operator("LRN")
def local_response_normalization(node: Node, x: Tensor) -> Tensor:
    """Divided by what the neighbouring channels do; alpha is divided by their number."""
    count = node.get("size")
    alpha, beta = node.get("alpha", 1e-4), node.get("beta", 0.75)
    if count % 2:
        return ops.local_response_norm(
            x, alpha=alpha / count, k=node.get("bias", 1.0), beta=beta, n=count
        )
    squares = ops.pad(x * x, [(0, 0), ((count - 1) // 2, count // 2)] + [(0, 0)] * (x.ndim - 2))
    channels = x.shape[1]
    total: Any = 0
    for i in range(count):
        total = total + squares[:, i : i + channels]
    return x / (node.get("bias", 1.0) + alpha / count * total) ** beta


@operator("Dropout", varies=True)
def dropout(node: Node, x: Tensor, ratio: Any = None, training: Any = None) -> Any:
    """x; in training, with elements at random left out. Also which were kept."""
    p = node.get("ratio", 0.5) if ratio is None else ratio.item()
    on = node.training or (training is not None and bool(training.item()))
    if not on or p == 0:
        return x, ops.ones(x.shape, dtype="bool")
    rng = ops.CounterRNG(random.draw_seed())
    mask = ops.dropout(ops.ones(x.shape, dtype=x.dtype), p=p, **rng.take(math.ceil(x.size / 8)))
    return x * mask, mask != 0
