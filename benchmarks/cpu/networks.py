"""The small networks of the training steps, in minitorch's layers: LSTM, ResNet-20, DCGAN.

The MLP and LeNet are minitorch.models' own. Filters are not turned round, as other libraries
have them, and batch normalisation has PyTorch's epsilon.
"""

from __future__ import annotations

from typing import Any

from benchmarks.cpu.workloads import NOISE, Size
from minitorch import init
from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    ElemwiseSumLayer,
    EmbeddingLayer,
    GlobalPoolLayer,
    InputLayer,
    LSTMLayer,
    NonlinearityLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
    TransposedConv2DLayer,
    batch_norm,
)
from minitorch.nonlinearities import LeakyRectify, rectify, sigmoid, softmax, tanh

__all__ = ["conv_norm", "discriminator", "generator", "lstm", "resnet20"]

NORM = {"epsilon": 1e-5, "alpha": 0.1}
HE = init.HeNormal(gain="relu")


def conv_norm(
    net: Any, filters: int, size: int, stride: int = 1, *, last: bool = False, plain: bool = False
) -> Any:
    """A convolution that keeps the image (or takes every ``stride``-th place), normalised.

    ``plain`` leaves out the rectifier. ``last`` is a residual branch's last one, which starts
    small, so that fifty layers do not blow up differences in rounding.
    """
    conv = Conv2DLayer(
        net, filters, size, stride=stride, pad=size // 2, W=HE,
        nonlinearity=None if plain or last else rectify, flip_filters=False,
    )  # fmt: skip
    return batch_norm(conv, gamma=init.Constant(0.25 if last else 1.0), **NORM)


def lstm(size: Size) -> Any:
    """A model of text, character by character: two LSTM layers, a softmax at every step."""
    net: Any = InputLayer((size.batch, size.side))
    net = EmbeddingLayer(net, size.classes, size.width)
    for _ in range(2):
        net = LSTMLayer(net, size.width, peepholes=False)
    return DenseLayer(ReshapeLayer(net, (-1, size.width)), size.classes, nonlinearity=softmax)


def resnet20(size: Size) -> Any:
    """He et al. 2015, table 6: three stages of three blocks, short cuts without weights.

    ======  ===========  =======  ======
    stage   blocks       filters  image
    ======  ===========  =======  ======
    first   -            16       32 x 32
    1       3 x (3, 3)   16       32 x 32
    2       3 x (3, 3)   32       16 x 16
    3       3 x (3, 3)   64       8 x 8
    ======  ===========  =======  ======
    """
    net = conv_norm(InputLayer((None, 3, size.side, size.side)), size.width, 3)
    for stage in range(3):
        for block in range(3):
            net = _basic_block(net, size.width << stage, 2 if stage and not block else 1)
    return DenseLayer(GlobalPoolLayer(net), size.classes, nonlinearity=softmax)


def _basic_block(net: Any, filters: int, stride: int) -> Any:
    """Two 3 x 3 convolutions; the short cut takes every other pixel and pads channels with 0."""
    inner = conv_norm(conv_norm(net, filters, 3, stride), filters, 3, last=True)
    if stride > 1:
        rows = SliceLayer(net, slice(None, None, stride), axis=2)
        net = SliceLayer(rows, slice(None, None, stride), axis=3)
        net = PadLayer(net, [filters // 4, 0, 0], batch_ndim=1)
    return NonlinearityLayer(ElemwiseSumLayer([inner, net]), rectify)


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
