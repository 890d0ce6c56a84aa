"""The functions of ``theano.tensor.nnet`` in the tensor world; they compute at once."""

from __future__ import annotations

from typing import Any

from minitorch import nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.compat.theano.functions import asarray, plain

__all__ = ["NNET"]


def relu(x: Any, alpha: float = 0) -> Tensor:
    """max(0, x), or alpha · x where x is negative."""
    return nonlinearities.LeakyRectify(alpha)(asarray(x)) if alpha else ops.relu(asarray(x))


def softmax(x: Any) -> Tensor:
    """A distribution per row of a matrix; a vector is one row."""
    values = asarray(x)
    return ops.softmax(values if values.ndim > 1 else values.reshape((1, -1)), axis=-1)


def logsoftmax(x: Any) -> Tensor:
    """The logarithm of a softmax per row."""
    return ops.log_softmax(asarray(x), axis=-1)


def elu(x: Any, alpha: float = 1) -> Tensor:
    """x where it is positive, alpha · (exp(x) - 1) elsewhere."""
    return ops.elu(asarray(x), alpha=alpha)


def binary_crossentropy(output: Any, target: Any) -> Tensor:
    """-t ln p - (1 - t) ln(1 - p), element by element."""
    return ops.binary_crossentropy(asarray(output), asarray(target))


def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Tensor:
    """-ln p[label], or -Σ t ln p; one loss per row."""
    return ops.categorical_crossentropy(asarray(coding_dist), asarray(true_dist))


def conv2d(
    input: Any,
    filters: Any,
    input_shape: Any = None,
    filter_shape: Any = None,
    border_mode: Any = "valid",
    subsample: Any = (1, 1),
    filter_flip: bool = True,
) -> Tensor:
    """Convolution of images (batch, channels, rows, columns); the shapes are hints, not needed."""
    x, w = asarray(input), asarray(filters)
    named = {"valid": (0, 0), "full": (w.shape[2] - 1, w.shape[3] - 1)}
    named["half"] = (w.shape[2] // 2, w.shape[3] // 2)
    pad = named[border_mode] if isinstance(border_mode, str) else border_mode
    return ops.conv2d(x, w, stride=subsample, pad=pad, flip_filters=filter_flip)


NNET: dict[str, Any] = {
    "sigmoid": plain("sigmoid"),
    "softplus": plain("softplus"),
    "relu": relu,
    "elu": elu,
    "softmax": softmax,
    "logsoftmax": logsoftmax,
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "conv2d": conv2d,
}
