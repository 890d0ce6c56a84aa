"""What several networks are made of: a convolution, normalised, and its nonlinearity."""

from __future__ import annotations

from typing import Any

from minitorch import init
from minitorch.layers import BatchNormLayer, Conv2DLayer, Layer, NonlinearityLayer
from minitorch.nonlinearities import rectify

__all__ = ["HE", "conv_norm"]

# He's rule for rectifiers: standard deviation sqrt(2 / fan-in).
HE = init.HeNormal(gain="relu")


def conv_norm(
    net: Any,
    filters: int,
    size: Any,
    conv: str,
    bn: str,
    out: str | None = None,
    *,
    stride: int = 1,
    pad: Any = None,
    groups: int = 1,
    W: Any = HE,
    gamma: float = 1.0,
    nonlinearity: Any = rectify,
    epsilon: float = 1e-5,
    alpha: float = 0.1,
) -> Layer:
    """A convolution without bias, batch normalisation, and a nonlinearity if there is one.

    Parameters
    ----------
    net : Layer
    filters : int
    size : int or (int, int)
    conv, bn, out : str
        The layers' names.
    stride : int
    pad : int or (int, int), optional
        Default, for a single size: size // 2, which keeps the image for a stride of 1.
    groups : int
    W : callable
    gamma : float
        The scale that training starts from.
    nonlinearity : callable or None
    epsilon, alpha : float
        As for :class:`~minitorch.layers.BatchNormLayer`; the defaults are PyTorch's.

    Returns
    -------
    Layer

    Examples
    --------
    >>> conv_norm((None, 3, 8, 8), 16, 3, "conv", "bn", "out", stride=2)
    NonlinearityLayer(nonlinearity=rectify, name='out')
    """
    pad = size // 2 if pad is None else pad
    net = Conv2DLayer(
        net, filters, size, stride=stride, pad=pad, W=W, b=None, nonlinearity=None,
        flip_filters=False, num_groups=groups, name=conv,
    )  # fmt: skip
    net = BatchNormLayer(net, epsilon=epsilon, alpha=alpha, gamma=init.Constant(gamma), name=bn)
    return net if nonlinearity is None else NonlinearityLayer(net, nonlinearity, name=out)
