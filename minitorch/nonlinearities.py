"""Nonlinearities under Lasagne's names: functions (or objects) from tensor to tensor.

Lasagne inherited from Theano a derivative of 1/2 for ``rectify`` at 0, and the mean of
both slopes for the leaky ones; here ``rectify`` has 0 there, a leaky one its leakiness,
``elu`` 1 and ``selu`` what comes from below.
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
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
    "very_leaky_rectify",
]


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), from 0 to 1.

    The result remembers its logits, so that a binary cross-entropy of it is exact.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.nonlinearities.sigmoid(mt.asarray([0.0]))
    Tensor([0.5])
    """
    return ops.sigmoid(x)


def relu6(x: Tensor) -> Tensor:
    """min(max(x, 0), 6): a rectifier whose range suits fixed-point numbers.

    The slope at 0 and at 6 is 1, as that of ``clip``.

    References
    ----------
    A. Krizhevsky: Convolutional deep belief networks on CIFAR-10, 2010.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.nonlinearities.relu6(mt.asarray([-1.0, 2.0, 9.0]))
    Tensor([0., 2., 6.])
    """
    return ops.clip(x, 0.0, 6.0)


def softmax(x: Tensor) -> Tensor:
    """Each row's exponentials, divided by their sum: a distribution per row.

    Parameters
    ----------
    x : Tensor of shape (batch, classes)

    Returns
    -------
    Tensor, as x

    Raises
    ------
    ValueError
        For another rank; ``minitorch.softmax`` takes an axis.

    Notes
    -----
    The result remembers its logits, so that a cross-entropy of it is exact.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.nonlinearities.softmax(mt.asarray([[0.0, 0.0]]))
    Tensor([[0.5, 0.5]])
    """
    if x.ndim != 2:
        raise ValueError(
            f"softmax: takes matrices (batch, classes), x has shape {x.shape}; flatten it first, "
            f"or use minitorch.softmax with an axis"
        )
    return ops.softmax(x, axis=1)


def tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent, from -1 to 1."""
    result: Tensor = ops.tanh(x)
    return result


class ScaledTanH:
    """scale_out · tanh(scale_in · x).

    LeCun's choice of 2/3 and 1.7159 maps ±1 to ±1.

    Parameters
    ----------
    scale_in, scale_out : float

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller: Efficient backprop, 1998.

    Examples
    --------
    >>> import minitorch as mt
    >>> lecun = mt.nonlinearities.ScaledTanH(2 / 3, 1.7159)
    >>> mt.round(lecun(mt.asarray([-1.0, 0.0, 1.0])))
    Tensor([-1.,  0.,  1.])
    """

    def __init__(self, scale_in: float = 1, scale_out: float = 1) -> None:
        self.scale_in = scale_in
        self.scale_out = scale_out

    def __call__(self, x: Tensor) -> Tensor:
        return ops.scaled_tanh(x, scale_in=self.scale_in, scale_out=self.scale_out)

    def __repr__(self) -> str:
        return f"ScaledTanH(scale_in={self.scale_in}, scale_out={self.scale_out})"


ScaledTanh = ScaledTanH


def rectify(x: Tensor) -> Tensor:
    """max(0, x), of slope 0 at 0."""
    result: Tensor = ops.relu(x)
    return result


class LeakyRectify:
    """x where it is positive, leakiness · x elsewhere.

    Parameters
    ----------
    leakiness : float
        The slope for x <= 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.nonlinearities.LeakyRectify(0.5)(mt.asarray([-2.0, 2.0]))
    Tensor([-1.,  2.])
    """

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
    """x where it is positive, exp(x) - 1 elsewhere; of slope 1 at 0.

    References
    ----------
    D.-A. Clevert, T. Unterthiner and S. Hochreiter: Fast and accurate deep network
    learning by exponential linear units, 2015.
    """
    result: Tensor = ops.elu(x)
    return result


class SELU:
    """scale · (x where it is positive, scale_neg · (exp(x) - 1) elsewhere).

    Parameters
    ----------
    scale, scale_neg : float

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.nonlinearities.SELU(scale=2)(mt.asarray([-100.0, 3.0]))
    Tensor([-2.,  6.])
    """

    def __init__(self, scale: float = 1, scale_neg: float = 1) -> None:
        self.scale = scale
        self.scale_neg = scale_neg

    def __call__(self, x: Tensor) -> Tensor:
        return ops.selu(x, scale=self.scale, scale_neg=self.scale_neg)

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
