"""AlexNet, with the two towers of its two GPUs as groups of filters."""

from __future__ import annotations

from typing import Any

from minitorch import init
from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    Layer,
    LocalResponseNormalization2DLayer,
    MaxPool2DLayer,
)
from minitorch.models.entry import Model
from minitorch.nonlinearities import rectify, softmax

__all__ = ["ENTRIES", "build_alexnet"]

W = init.Normal(0.01)
LRN = {"k": 2, "n": 5, "alpha": 1e-4, "beta": 0.75}


def build_alexnet(
    num_classes: int = 1000,
    input_shape: tuple[int, int, int] = (3, 227, 227),
    dropout: float = 0.5,
    towers: int = 2,
) -> Layer:
    """The network that won ILSVRC 2012.

    Parameters
    ----------
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        At least 67 x 67. The paper says 224 x 224; only 227 gives its 55 x 55 places.
    dropout : float
        The probability to drop a unit of fc6 and fc7; 0 leaves these layers out.
    towers : int
        Groups of filters in conv2, conv4 and conv5, that see their own half of the maps
        below; 1 connects all.

    Returns
    -------
    Layer
        The output layer fc8, of shape (None, num_classes); its outputs are probabilities.

    Notes
    -----
    ======  ============================================  ==================  ==========
    layer   what                                          output shape        parameters
    ======  ============================================  ==================  ==========
    conv1   96 filters 11 x 11, stride 4                  (None, 96, 55, 55)      34,944
    norm1   response normalisation over 5 maps            (None, 96, 55, 55)           0
    pool1   3 x 3 maxima, stride 2                        (None, 96, 27, 27)           0
    conv2   256 filters 5 x 5, pad 2, two groups          (None, 256, 27, 27)    307,456
    norm2   as norm1                                      (None, 256, 27, 27)          0
    pool2   as pool1                                      (None, 256, 13, 13)          0
    conv3   384 filters 3 x 3, pad 1                      (None, 384, 13, 13)    885,120
    conv4   384 filters 3 x 3, pad 1, two groups          (None, 384, 13, 13)    663,936
    conv5   256 filters 3 x 3, pad 1, two groups          (None, 256, 13, 13)    442,624
    pool5   as pool1                                      (None, 256, 6, 6)            0
    fc6     4096 units, dropout                           (None, 4096)        37,752,832
    fc7     4096 units, dropout                           (None, 4096)        16,781,312
    fc8     1000 softmax units                            (None, 1000)         4,097,000
    all                                                                       60,965,224
    ======  ============================================  ==================  ==========

    All layers but the last are rectified. Weights begin normally distributed with a standard
    deviation of 0.01, biases as 1 in conv2, conv4, conv5, fc6 and fc7 and as 0 in the others
    (section 5). Response normalisation is x / (2 + 1e-4 · Σ x²)^0.75, the sum going over five
    neighbouring maps (section 3.3). torchvision's alexnet is a later network, of one tower with
    fewer filters.

    References
    ----------
    A. Krizhevsky, I. Sutskever and G. Hinton: ImageNet classification with deep convolutional
    neural networks, 2012.

    Examples
    --------
    >>> from minitorch import layers
    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     network = build_alexnet()
    >>> layers.count_params(network), layers.summary(network).multiply_adds
    (60965224, 724406816)
    """
    net: Layer = InputLayer((None, *input_shape), name="input")
    net = _conv(net, 96, 11, "conv1", stride=4)
    net = MaxPool2DLayer(_normed(net, "norm1"), 3, stride=2, name="pool1")
    net = _conv(net, 256, 5, "conv2", b=1.0, pad=2, num_groups=towers)
    net = MaxPool2DLayer(_normed(net, "norm2"), 3, stride=2, name="pool2")
    net = _conv(net, 384, 3, "conv3", pad=1)
    net = _conv(net, 384, 3, "conv4", b=1.0, pad=1, num_groups=towers)
    net = _conv(net, 256, 3, "conv5", b=1.0, pad=1, num_groups=towers)
    net = MaxPool2DLayer(net, 3, stride=2, name="pool5")
    for number in (6, 7):
        net = DenseLayer(net, 4096, W=W, b=init.Constant(1.0), name=f"fc{number}")
        if dropout > 0:
            net = DropoutLayer(net, p=dropout, name=f"drop{number}")
    return DenseLayer(net, num_classes, W=W, nonlinearity=softmax, name="fc8")


def _conv(net: Any, filters: int, size: int, name: str, b: float = 0.0, **settings: Any) -> Layer:
    return Conv2DLayer(
        net, filters, size, W=W, b=init.Constant(b), nonlinearity=rectify, flip_filters=False,
        name=name, **settings,
    )  # fmt: skip


def _normed(net: Any, name: str) -> Layer:
    return LocalResponseNormalization2DLayer(net, name=name, **LRN)


ENTRIES = (
    Model(
        "alexnet",
        build_alexnet,
        (3, 227, 227),
        "A. Krizhevsky, I. Sutskever, G. Hinton: ImageNet classification with deep convolutional "
        "neural networks, 2012",
        "Caffe bvlc_alexnet.caffemodel",
    ),
)
