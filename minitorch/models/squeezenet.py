"""SqueezeNet: AlexNet's accuracy with fifty times fewer parameters."""

from __future__ import annotations

from functools import partial
from typing import Any

from minitorch import init
from minitorch.layers import (
    ConcatLayer,
    Conv2DLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    Layer,
    MaxPool2DLayer,
    NonlinearityLayer,
)
from minitorch.models.entry import Model
from minitorch.nonlinearities import softmax

__all__ = ["ENTRIES", "build_squeezenet", "fire"]

# Per version: filters of conv1 and their size, the layers that a pooling follows.
VERSIONS = {"1.0": (96, 7, (1, 4, 8)), "1.1": (64, 3, (1, 3, 5))}


def build_squeezenet(
    version: str = "1.0",
    num_classes: int = 1000,
    input_shape: tuple[int, int, int] = (3, 224, 224),
    dropout: float = 0.5,
) -> Layer:
    """Fire modules, and no dense layer.

    Parameters
    ----------
    version : "1.0" or "1.1"
        The paper's, or the authors' later one with 2.4 times less work.
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        torchvision's 224 by default; conv1's 111 places of the paper's table need 227.
    dropout : float
        The probability to drop a feature before conv10; 0 leaves the layer out.

    Returns
    -------
    Layer
        The softmax of conv10's means, of shape (None, num_classes).

    Raises
    ------
    ValueError
        For another version.

    Notes
    -----
    ============  ==========================================  ==========
    layer         what (1.0)                                  parameters
    ============  ==========================================  ==========
    conv1         96 filters 7 x 7, stride 2                      14,208
    fire2         16 squeezed, 64 + 64 expanded                   11,920
    fire3         16, 64 + 64                                     12,432
    fire4         32, 128 + 128                                   45,344
    fire5         32, 128 + 128                                   49,440
    fire6         48, 192 + 192                                  104,880
    fire7         48, 192 + 192                                  111,024
    fire8         64, 256 + 256                                  188,992
    fire9         64, 256 + 256                                  197,184
    conv10        1000 filters 1 x 1, rectified                  513,000
    all                                                        1,248,424
    ============  ==========================================  ==========

    3 x 3 maxima with a stride of 2 follow conv1, fire4 and fire8 (1.1, with 64 filters 3 x 3 in
    conv1: conv1, fire3, fire5); a last window may reach over the border. torchvision calls
    the layers features.0, features.3, ... in the same order; its classifier.1 is conv10. Weights
    begin by Glorot's uniform rule, conv10's as normal numbers of 0.01: the authors' Caffe files.

    References
    ----------
    F. Iandola, S. Han, M. Moskewicz, K. Ashraf, W. Dally and K. Keutzer: SqueezeNet:
    AlexNet-level accuracy with 50x fewer parameters and < 0.5 MB model size, 2016.

    Examples
    --------
    >>> from minitorch import layers
    >>> [layers.count_params(build_squeezenet(version)) for version in ("1.0", "1.1")]
    [1248424, 1235496]
    """
    if version not in VERSIONS:
        raise ValueError(f"build_squeezenet: version is '1.0' or '1.1', not {version!r}")
    filters, size, pooled = VERSIONS[version]
    net: Layer = InputLayer((None, *input_shape), name="input")
    net = Conv2DLayer(net, filters, size, stride=2, flip_filters=False, name="conv1")
    for number in range(1, 10):
        if number > 1:
            net = fire(net, 16 * (number // 2), f"fire{number}")
        if number in pooled:
            net = MaxPool2DLayer(net, 3, stride=2, ignore_border=False, name=f"pool{number}")
    if dropout > 0:
        net = DropoutLayer(net, p=dropout, name="drop9")
    net = Conv2DLayer(net, num_classes, 1, W=init.Normal(0.01), flip_filters=False, name="conv10")
    net = GlobalPoolLayer(net, name="pool10")
    return NonlinearityLayer(net, softmax, name="prob")


def fire(net: Any, squeezed: int, name: str) -> Layer:
    """1 x 1 filters that squeeze, then four times as many of 1 x 1 and of 3 x 3 side by side."""
    net = Conv2DLayer(net, squeezed, 1, flip_filters=False, name=f"{name}.squeeze")
    ones = Conv2DLayer(net, 4 * squeezed, 1, flip_filters=False, name=f"{name}.expand1x1")
    threes = Conv2DLayer(net, 4 * squeezed, 3, pad=1, flip_filters=False, name=f"{name}.expand3x3")
    return ConcatLayer([ones, threes], name=name)


def _entry(name: str, version: str, weights: str) -> Model:
    paper = (
        "F. Iandola, S. Han, M. Moskewicz, K. Ashraf, W. Dally, K. Keutzer: SqueezeNet: "
        "AlexNet-level accuracy with 50x fewer parameters and < 0.5 MB model size, 2016"
    )
    return Model(name, partial(build_squeezenet, version), (3, 224, 224), paper, weights)


ENTRIES = (
    _entry("squeezenet1_0", "1.0", "torchvision squeezenet1_0-b66bff10.pth"),
    _entry("squeezenet1_1", "1.1", "torchvision squeezenet1_1-b8a52dc0.pth"),
)
