"""The networks for photographs: VGG-16, VGG-19 up to conv5_1, ResNet-50."""

from __future__ import annotations

from typing import Any

from benchmarks.cpu.networks import HE, conv_norm
from benchmarks.cpu.workloads import Size
from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    ElemwiseSumLayer,
    GlobalPoolLayer,
    InputLayer,
    MaxPool2DLayer,
    NonlinearityLayer,
)
from minitorch.nonlinearities import rectify, softmax

__all__ = ["resnet50", "vgg16", "vgg19_features"]

VGG_FILTERS = (1, 2, 4, 8, 8)  # of the five stages, in units of 64
# Where Gatys et al. look: five layers for the style, then one for the content.
LOOKED_AT = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", "conv4_2")


def _vgg_stages(size: Size, depths: tuple[int, ...]) -> tuple[Any, dict[str, Any]]:
    """Stages of 3 x 3 convolutions with pooling between: the last layer, and all by name."""
    net: Any = InputLayer((None, 3, size.side, size.side))
    named = {}
    for stage, (depth, factor) in enumerate(zip(depths, VGG_FILTERS, strict=True), start=1):
        if stage > 1:
            net = MaxPool2DLayer(net, 2)
        for number in range(1, depth + 1):
            net = Conv2DLayer(net, factor * size.width, 3, pad=1, W=HE, flip_filters=False)
            named[f"conv{stage}_{number}"] = net
    return net, named


def vgg16(size: Size) -> Any:
    """Simonyan and Zisserman 2015, column D, without dropout: two libraries' noise differs."""
    net, _ = _vgg_stages(size, (2, 2, 3, 3, 3))
    net = MaxPool2DLayer(net, 2)
    for _ in range(2):
        net = DenseLayer(net, 64 * size.width, W=HE)
    return DenseLayer(net, size.classes, nonlinearity=softmax)


def vgg19_features(size: Size) -> list[Any]:
    """VGG-19's layers that Gatys et al. 2016 look at, its weights not to be trained."""
    net, named = _vgg_stages(size, (2, 2, 4, 4, 1))
    for param in net.get_params():
        param.requires_grad = False
    for layer in named.values():
        for param in layer.get_params():
            param.requires_grad = False
    return [named[name] for name in LOOKED_AT]


def resnet50(size: Size) -> Any:
    """He et al. 2015, table 1, the stride in the 3 x 3 convolution.

    ======  =====================  =======
    stage   blocks                 image
    ======  =====================  =======
    first   7 x 7, 64, stride 2    112 x 112, then 56 x 56 by 3 x 3 maxima
    1       3 x (64, 64, 256)      56 x 56
    2       4 x (128, 128, 512)    28 x 28
    3       6 x (256, 256, 1024)   14 x 14
    4       3 x (512, 512, 2048)   7 x 7
    ======  =====================  =======
    """
    net = conv_norm(InputLayer((None, 3, size.side, size.side)), size.width, 7, 2)
    net = MaxPool2DLayer(net, 3, stride=2, pad=1, ignore_border=True)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            net = _bottleneck(net, size.width << stage, 2 if stage and not block else 1, not block)
    return DenseLayer(GlobalPoolLayer(net), size.classes, nonlinearity=softmax)


def _bottleneck(net: Any, filters: int, stride: int, project: bool) -> Any:
    """1 x 1, 3 x 3, 1 x 1; the short cut is projected where the shape changes."""
    inner = conv_norm(conv_norm(net, filters, 1), filters, 3, stride)
    inner = conv_norm(inner, 4 * filters, 1, last=True)
    if project:
        net = conv_norm(net, 4 * filters, 1, stride, plain=True)
    return NonlinearityLayer(ElemwiseSumLayer([inner, net]), rectify)
