"""Nonlinearities under Lasagne's names: functions (or objects) from tensor to tensor.

Lasagne inherited from Theano a derivative of 1/2 for ``rectify`` at 0; here it
is 0, and the leaky ones have their leakiness there (see the ops).
"""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor

__all__ = [
    "SELU",
    "LeakyRectify",
    "ScaledTanH",
    "ScaledTanh",
    "elu",
    "identity",
    "leaky_rectify",
    "linear",
    "rectify",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
    "very_leaky_rectify",
]


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), from 0 to 1."""
    return ops.sigmoid(x)


def softmax(x: Tensor) -> Tensor:
    """Each row's exponentials, divided by their sum: a distribution per row.

    Parameters
    ----------
    x : Tensor of shape (batch, classes)

    Raises
    ------
    ValueError
        For another rank; ``minitorch.softmax`` takes an axis.

    Notes
    -----
    The result remembers its logits, so that a cross-entropy of it is exact.
    """
    if x.ndim != 2:
        raise ValueError(
            f"softmax: takes matrices (batch, classes), x has shape {x.shape}; flatten it first, or "
            f"use minitorch.softmax with an axis"
        )
    return ops.softmax(x, axis=1)


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent, from -1 to 1."""
    result: Tensor = ops.tanh(x)
    return result


class ScaledTanH:
    """scale_out · tanh(scale_in · x).

    LeCun's choice of 2/3 and 1.7159 maps ±1 to ±1.

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller: Efficient backprop, 1998.
    """

    def __init__(self, scale_in: float = 1, scale_out: float = 1) -> None:
        self.scale_in = scale_in
        self.scale_out = scale_out

    def __call__(self, x: Tensor) -> Tensor:
        return ops.tanh(x * self.scale_in) * self.scale_out

    def __repr__(self) -> str:
        return f"ScaledTanH(scale_in={self.scale_in}, scale_out={self.scale_out})"


ScaledTanh = ScaledTanH


def rectify(x: Tensor) -> Tensor:
    """max(0, x)."""
    result: Tensor = ops.relu(x)
    return result


class LeakyRectify:
    """x where it is positive, leakiness · x elsewhere."""

    def __init__(self, leakiness: float = 0.01) -> None:
        self.leakiness = leakiness

    def __call__(self, x: Tensor) -> Tensor:
        result: Tensor = ops.leaky_relu(x, leakiness=self.leakiness)
        return result

    def __repr__(self) -> str:
        return f"LeakyRectify(leakiness={self.leakiness})"


leaky_rectify = LeakyRectify()
leaky_rectify.__doc__ = "LeakyRectify with a leakiness of 0.01."
very_leaky_rectify = LeakyRectify(1.0 / 3.0)
very_leaky_rectify.__doc__ = "LeakyRectify with a leakiness of 1/3."


def elu(x: Tensor) -> Tensor:
    """x where it is positive, exp(x) - 1 elsewhere."""
    result: Tensor = ops.elu(x)
    return result


class SELU:
    """scale · (x where it is positive, scale_neg · (exp(x) - 1) elsewhere)."""

    def __init__(self, scale: float = 1, scale_neg: float = 1) -> None:
        self.scale = scale
        self.scale_neg = scale_neg

    def __call__(self, x: Tensor) -> Tensor:
        negative = ops.expm1(ops.minimum(x, 0.0)) * self.scale_neg
        return ops.where(x > 0, x, negative) * self.scale

    def __repr__(self) -> str:
        return f"SELU(scale={self.scale}, scale_neg={self.scale_neg})"


selu = SELU(scale=1.0507009873554805, scale_neg=1.6732632423543772)
selu.__doc__ = """SELU with the constants that keep mean 0 and variance 1 from layer to layer.

References
----------
G. Klambauer, T. Unterthiner, A. Mayr and S. Hochreiter: Self-normalizing neural networks, 2017.
"""


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)), a smooth rectifier."""
    result: Tensor = ops.softplus(x)
    return result


def linear(x: Any) -> Any:
    """x itself."""
    return x


identity = linear
