"""The small networks of the training steps, in minitorch's layers: LSTM, ResNet-20, DCGAN.

The MLP, LeNet and ResNet-20 are minitorch.models' own. Filters are not turned round, as other
libraries have them, and batch normalisation has PyTorch's epsilon.
"""

from __future__ import annotations

from typing import Any

from benchmarks.cpu.workloads import NOISE, Size
from minitorch import init
from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    EmbeddingLayer,
    InputLayer,
    LSTMLayer,
    ReshapeLayer,
    TransposedConv2DLayer,
    batch_norm,
)
from minitorch.models import build
from minitorch.nonlinearities import LeakyRectify, rectify, sigmoid, softmax, tanh

__all__ = ["SMALL", "discriminator", "generator", "lstm", "resnet20"]

NORM = {"epsilon": 1e-5, "alpha": 0.1}
# The scale with which residual branches start, so that fifty layers do not blow up differences in
# rounding.
SMALL = 0.25


def lstm(size: Size) -> Any:
    """A model of text, character by character: two LSTM layers, a softmax at every step."""
    net: Any = InputLayer((size.batch, size.side))
    net = EmbeddingLayer(net, size.classes, size.width)
    for _ in range(2):
        net = LSTMLayer(net, size.width, peepholes=False)
    return DenseLayer(ReshapeLayer(net, (-1, size.width)), size.classes, nonlinearity=softmax)


def resnet20(size: Size) -> Any:
    """He et al. 2015, section 4.2: three stages of three blocks, short cuts without weights."""
    return build(
        "resnet20", num_classes=size.classes, input_shape=(3, size.side, size.side),
        width=size.width, residual_gamma=SMALL,
    )  # fmt: skip


def generator(size: Size) -> Any:
    """Radford et al. 2016: 100 numbers, then images of 4, 8, 16, 32 and 64 pixels a side."""
    net: Any = InputLayer((None, NOISE, 1, 1))
    for number, factor in enumerate((8, 4, 2, 1)):
        net = batch_norm(_stamps(net, factor * size.width, first=not number), **NORM)
    return _stamps(net, 3, nonlinearity=tanh)


def _stamps(net: Any, filters: int, first: bool = False, nonlinearity: Any = rectify) -> Any:
    """A transposed convolution that doubles the image, or makes one of a single pixel."""
    stride, crop = (1, 0) if first else (2, 1)
    return TransposedConv2DLayer(
        net, filters, 4, stride=stride, crop=crop, W=init.Normal(0.02), b=None,
        nonlinearity=nonlinearity, flip_filters=True,
    )  # fmt: skip


def discriminator(size: Size) -> Any:
    """The same backwards, with leaky rectifiers: the probability that an image is real."""
    net: Any = InputLayer((None, 3, size.side, size.side))
    for factor in (1, 2, 4, 8):
        net = Conv2DLayer(
            net, factor * size.width, 4, stride=2, pad=1, W=init.Normal(0.02), b=None,
            nonlinearity=LeakyRectify(0.2), flip_filters=False,
        )  # fmt: skip
        net = net if factor == 1 else batch_norm(net, **NORM)
    return Conv2DLayer(
        net, 1, 4, W=init.Normal(0.02), b=None, nonlinearity=sigmoid, flip_filters=False
    )
