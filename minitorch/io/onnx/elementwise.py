"""ONNX operators that work on each element by itself."""

from __future__ import annotations

import functools
import math
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.io.onnx.registry import Node, operator

__all__: list[str] = []

_ALIKE = {
    "Abs": ops.abs, "Acos": ops.acos, "Acosh": ops.acosh, "Asin": ops.asin, "Asinh": ops.asinh,
    "Atan": ops.atan, "Atanh": ops.atanh, "BitwiseNot": ops.bitwise_invert, "Ceil": ops.ceil,
    "Cos": ops.cos, "Cosh": ops.cosh, "Erf": ops.erf, "Exp": ops.exp, "Floor": ops.floor,
    "IsNaN": ops.isnan, "Log": ops.log, "Neg": ops.negative, "Not": ops.logical_not,
    "Reciprocal": ops.reciprocal, "Relu": ops.relu, "Round": ops.round, "Sigmoid": ops.sigmoid,
    "Sign": ops.sign, "Sin": ops.sin, "Sinh": ops.sinh, "Softplus": ops.softplus,
    "Sqrt": ops.sqrt, "Tan": ops.tan, "Tanh": ops.tanh,
}  # fmt: skip

_PAIRS = {
    "And": ops.logical_and, "Or": ops.logical_or, "Xor": ops.logical_xor, "Equal": ops.equal,
    "Greater": ops.greater, "GreaterOrEqual": ops.greater_equal, "Less": ops.less,
    "LessOrEqual": ops.less_equal, "BitwiseAnd": ops.bitwise_and, "BitwiseOr": ops.bitwise_or,
    "BitwiseXor": ops.bitwise_xor,
}  # fmt: skip

_ARITHMETIC = {"Add": ops.add, "Sub": ops.subtract, "Mul": ops.multiply}

_FOLDS = {"Sum": ops.add, "Max": ops.maximum, "Min": ops.minimum}


def _unary(function: Any) -> Any:
    return described(lambda node, x: function(x), function)


def _binary(function: Any) -> Any:
    return described(lambda node, a, b: function(a, aligned(node, a, b)), function)


def _folded(function: Any) -> Any:
    return described(lambda node, *inputs: functools.reduce(function, inputs), function)


def described(made: Any, function: Any) -> Any:
    """A function that was made of an op, with that op's name for the table of operators."""
    name = getattr(function, "name", None) or function.__name__
    made.__doc__ = f"minitorch.{name}"
    return made


def aligned(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """b, which before operator set 7 was laid against a from an axis on."""
    if node.version >= 7 or not node.get("broadcast") or node.get("axis") is None:
        return b
    return ops.reshape(b, b.shape + (1,) * (a.ndim - node.get("axis") % a.ndim - b.ndim))


for _name, _function in _ALIKE.items():
    operator(_name)(_unary(_function))
for _name, _function in _PAIRS.items():
    operator(_name)(_binary(_function))
for _name, _function in _ARITHMETIC.items():
    operator(_name, weights=(0, 1))(_binary(_function))
for _name, _function in _FOLDS.items():
    operator(_name)(_folded(_function))


@operator("Mean")
def mean(node: Node, *inputs: Tensor) -> Tensor:
    """The mean of several tensors."""
    return functools.reduce(ops.add, inputs) / len(inputs)


@operator("Div", weights=(0, 1))
def divide(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """Quotients; of integers, rounded towards zero."""
    b = aligned(node, a, b)
    if a.dtype.kind not in "iu":
        return a / b
    down = ops.floor_divide(a, b)
    if a.dtype.kind == "u":
        return down
    up = ops.logical_and(ops.remainder(a, b) != 0, (a < 0) != (b < 0))
    return down + ops.astype(up, a.dtype)


@operator("Mod")
def modulo(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """The rest, with the sign of b, or with fmod that of a."""
    rest = ops.remainder(a, b)
    if not node.get("fmod") or a.dtype.kind == "u":
        return rest
    other = ops.logical_and(rest != 0, (rest < 0) != (a < 0))
    return ops.where(other, rest - b, rest)


@operator("Pow")
def power(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """a to the power of b, in a's dtype."""
    b = aligned(node, a, b)
    if a.dtype.kind == "f":
        return ops.pow(a, ops.astype(b, a.dtype))
    if b.dtype.kind == "f":
        return ops.astype(ops.pow(ops.astype(a, b.dtype), b), a.dtype)
    return ops.astype(ops.pow(a, b), a.dtype)


@operator("BitShift")
def bit_shift(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """Bits moved to one side."""
    left = node.get("direction") == "LEFT"
    return ops.bitwise_left_shift(a, b) if left else ops.bitwise_right_shift(a, b)


@operator("Where")
def where(node: Node, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """a where the condition holds, else b."""
    return ops.where(condition, a, b)


@operator("IsInf")
def is_inf(node: Node, x: Tensor) -> Tensor:
    """Whether an element is infinite, of the signs that are asked for."""
    found = ops.isinf(x)
    if not node.get("detect_negative", 1):
        found = ops.logical_and(found, x > 0)
    if not node.get("detect_positive", 1):
        found = ops.logical_and(found, x < 0)
    return found


# -- activations ------------------------------------------------------------------------


def _bent(x: Tensor, below: Tensor) -> Tensor:
    return ops.where(x > 0, x, below)


def exponential_below(x: Tensor, alpha: float, scale: float = 1.0) -> Tensor:
    """x above 0, alpha (e^(x / scale) - 1) below."""
    return _bent(x, alpha * ops.expm1(ops.minimum(x, 0.0) / scale))


@operator("LeakyRelu")
def leaky_relu(node: Node, x: Tensor) -> Tensor:
    """x above 0, alpha x below."""
    return _bent(x, node.get("alpha", 0.01) * x)


@operator("PRelu", weights=(1,))
def prelu(node: Node, x: Tensor, slope: Tensor) -> Tensor:
    """x above 0, slope x below; before operator set 7 a slope per channel."""
    if node.version < 7 and slope.ndim == 1 and slope.shape[0] > 1:
        slope = ops.reshape(slope, slope.shape + (1,) * (x.ndim - 2))
    return _bent(x, slope * x)


@operator("Elu")
def elu(node: Node, x: Tensor) -> Tensor:
    """x above 0, alpha (e^x - 1) below."""
    return exponential_below(x, node.get("alpha", 1.0))


@operator("Celu")
def celu(node: Node, x: Tensor) -> Tensor:
    """x above 0, alpha (e^(x / alpha) - 1) below."""
    alpha = node.get("alpha", 1.0)
    return exponential_below(x, alpha, alpha)


@operator("Selu")
def selu(node: Node, x: Tensor) -> Tensor:
    """Elu, scaled so that means and variances keep still."""
    alpha = node.get("alpha", 1.67326319217681884765625)
    return node.get("gamma", 1.05070102214813232421875) * exponential_below(x, alpha)


@operator("HardSigmoid")
def hard_sigmoid(node: Node, x: Tensor) -> Tensor:
    """alpha x + beta within 0 and 1."""
    return ops.clip(node.get("alpha", 0.2) * x + node.get("beta", 0.5), 0.0, 1.0)


@operator("HardSwish")
def hard_swish(node: Node, x: Tensor) -> Tensor:
    """x times its hard sigmoid of slope 1 / 6."""
    return x * ops.clip(x / 6 + 0.5, 0.0, 1.0)


@operator("Swish")
def swish(node: Node, x: Tensor) -> Tensor:
    """x times the sigmoid of alpha x."""
    return x * ops.sigmoid(node.get("alpha", 1.0) * x)


@operator("Mish")
def mish(node: Node, x: Tensor) -> Tensor:
    """x times the tanh of its softplus."""
    return x * ops.tanh(ops.softplus(x))


@operator("Gelu")
def gelu(node: Node, x: Tensor) -> Tensor:
    """x times the normal distribution's integral, or Hendrycks' approximation of that."""
    if node.get("approximate", "none") == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        return 0.5 * x * (1 + ops.tanh(inner))
    return 0.5 * x * (1 + ops.erf(x / math.sqrt(2)))


@operator("Softsign")
def softsign(node: Node, x: Tensor) -> Tensor:
    """x / (1 + |x|)"""
    return x / (1 + ops.abs(x))


@operator("ThresholdedRelu")
def thresholded_relu(node: Node, x: Tensor) -> Tensor:
    """x above alpha, else 0."""
    return ops.where(x > node.get("alpha", 1.0), x, ops.zeros_like(x))


@operator("Shrink")
def shrink(node: Node, x: Tensor) -> Tensor:
    """x moved towards 0 by bias, and 0 within lambd."""
    bias, limit = node.get("bias", 0.0), node.get("lambd", 0.5)
    inner = ops.where(x > limit, x - bias, ops.zeros_like(x))
    return ops.astype(ops.where(x < -limit, x + bias, inner), x.dtype)


@operator("Clip")
def clip(node: Node, x: Tensor, low: Any = None, high: Any = None) -> Tensor:
    """x within bounds, which were attributes before operator set 11."""
    low = node.get("min") if low is None else low
    high = node.get("max") if high is None else high
    return x if low is None and high is None else ops.clip(x, low, high)


def flattened(node: Node, x: Tensor, function: Any) -> Tensor:
    """Before operator set 13 the axes from ``axis`` on are taken as one."""
    if node.version >= 13:
        return function(x, axis=node.get("axis", -1))
    axis = node.get("axis", 1) % max(x.ndim, 1)
    rows = math.prod(x.shape[:axis])
    return ops.reshape(function(ops.reshape(x, (rows, -1)), axis=1), x.shape)


@operator("Softmax")
def softmax(node: Node, x: Tensor) -> Tensor:
    """e^x in proportion to its sum."""
    return flattened(node, x, ops.softmax)


@operator("LogSoftmax")
def log_softmax(node: Node, x: Tensor) -> Tensor:
    """The logarithm of softmax."""
    return flattened(node, x, ops.log_softmax)


@operator("Hardmax")
def hardmax(node: Node, x: Tensor) -> Tensor:
    """1 at the first of the largest, else 0."""

    def first_largest(x: Tensor, axis: int) -> Tensor:
        place = ops.expand_dims(ops.argmax(x, axis=axis), axis=axis)
        shape = [1] * x.ndim
        shape[axis] = -1
        return ops.astype(ops.reshape(ops.arange(x.shape[axis]), shape) == place, x.dtype)

    return flattened(node, x, first_largest)
