"""Residual networks: those for ImageNet, of 18 to 152 layers, and those for CIFAR."""

from __future__ import annotations

from functools import partial
from typing import Any

from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    GlobalPoolLayer,
    InputLayer,
    Layer,
    MaxPool2DLayer,
)
from minitorch.models.entry import Model
from minitorch.models.parts import HE, conv_norm
from minitorch.models.residual import basic, bottleneck, normed, preactivated
from minitorch.nonlinearities import softmax

__all__ = ["ENTRIES", "STAGES", "build_cifar_resnet", "build_resnet"]

# Blocks of the four stages, by depth; bottlenecks from 50 on.
STAGES = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


def build_resnet(
    depth: int = 50,
    num_classes: int = 1000,
    input_shape: tuple[int | None, ...] = (3, 224, 224),
    shortcut: str = "B",
    strided: int = 2,
    width: int = 64,
    residual_gamma: float = 1.0,
) -> Layer:
    """The networks for ImageNet.

    Parameters
    ----------
    depth : 18, 34, 50, 101 or 152
        Layers with weights, those of projections not counted.
    num_classes : int
    input_shape : tuple of (int or None), (channels, rows, columns)
    shortcut : "A", "B" or "C"
        Zero-padded, projected where the shape changes, or projected everywhere.
    strided : int
        Which convolution of a bottleneck has the stride: 1, the paper's; 2, the 3 x 3 one, as
        in torchvision and its weights.
    width : int
        Filters of the first convolution; the rest is in proportion.
    residual_gamma : float
        The scale of each branch's last normalisation at the start; 0 makes every block the
        identity then (Goyal et al.).

    Returns
    -------
    Layer
        The output layer fc, of shape (None, num_classes); its outputs are probabilities.

    Raises
    ------
    ValueError
        For another depth or short cut.

    Notes
    -----
    ========  ==========  ========================  =========================  ========
    stage     image       18, 34: filters           50, 101, 152: filters      blocks
    ========  ==========  ========================  =========================  ========
    conv1     112 x 112   64 of 7 x 7, stride 2     64 of 7 x 7, stride 2
    maxpool   56 x 56     3 x 3, stride 2           3 x 3, stride 2
    layer1    56 x 56     64 3 x 3, twice           64 1 x 1, 64 3 x 3, 256    2, 3; 3, 3, 3
    layer2    28 x 28     128 3 x 3, twice          128, 128 3 x 3, 512        2, 4; 4, 4, 8
    layer3    14 x 14     256 3 x 3, twice          256, 256 3 x 3, 1024       2, 6; 6, 23, 36
    layer4    7 x 7       512 3 x 3, twice          512, 512 3 x 3, 2048       2, 3; 3, 3, 3
    ========  ==========  ========================  =========================  ========

    then the mean of each map, and fc. Parameters that are trained: 11,689,512; 21,797,672;
    25,557,032; 44,549,160; 60,192,808. Convolutions have no bias, and begin by He's rule;
    batch normalisation follows each, with PyTorch's epsilon of 1e-5 and momentum of 0.1.
    Layers are called as in torchvision (``layer1.0.conv1``); ``layer1.0`` is a block's output.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun: Deep residual learning for image recognition, 2015.
    P. Goyal et al.: Accurate, large minibatch SGD: training ImageNet in 1 hour, 2017.

    Examples
    --------
    >>> from minitorch import layers
    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     network = build_resnet(50)
    >>> layers.count_params(network, trainable=True), layers.summary(network).multiply_adds
    (25557032, 4089184256)
    """
    if depth not in STAGES:
        raise ValueError(
            f"build_resnet: depth is one of {', '.join(map(str, STAGES))}, not {depth}"
        )
    block = basic if depth < 50 else partial(bottleneck, strided=strided)
    net: Any = InputLayer((None, *input_shape), name="input")
    net = conv_norm(net, width, 7, "conv1", "bn1", "relu", stride=2)
    net = MaxPool2DLayer(net, 3, stride=2, pad=1, name="maxpool")
    for stage, blocks in enumerate(STAGES[depth], start=1):
        for number in range(blocks):
            stride = 2 if stage > 1 and number == 0 else 1
            net = block(
                net, width << (stage - 1), stride, f"layer{stage}.{number}", option=shortcut,
                gamma=residual_gamma,
            )  # fmt: skip
    net = GlobalPoolLayer(net, name="avgpool")
    return DenseLayer(net, num_classes, nonlinearity=softmax, name="fc")


def build_cifar_resnet(
    depth: int = 20,
    num_classes: int = 10,
    input_shape: tuple[int | None, ...] = (3, 32, 32),
    shortcut: str = "A",
    preactivation: bool = False,
    width: int = 16,
    residual_gamma: float = 1.0,
) -> Layer:
    """The networks for CIFAR-10, 6n + 2 layers deep, without weights in the short cuts.

    Parameters
    ----------
    depth : int
        20, 32, 44, 56, 110, or another 6n + 2.
    num_classes : int
    input_shape : tuple of (int or None), (channels, rows, columns)
    shortcut : "A", "B" or "C"
        Zero-padded as in the paper, projected where the shape changes, or everywhere.
    preactivation : bool
        Normalise and rectify in front of each convolution, once more before the mean, and leave
        the sums as they are: the lecture's TFLearn code.
    width, residual_gamma
        As for :func:`build_resnet`. With short cuts of option "A" leave the scale at 1: at 0
        the channels that these fill with zeros stay 0, as a rectifier passes no gradient there.

    Returns
    -------
    Layer
        The output layer fc, of shape (None, num_classes); its outputs are probabilities.

    Raises
    ------
    ValueError
        For a depth that is not 6n + 2, another short cut, or ``residual_gamma`` with
        ``preactivation``.

    Notes
    -----
    ========  =========  =====================  =====================
    stage     image      filters                parameters, n blocks
    ========  =========  =====================  =====================
    conv1     32 x 32    16 of 3 x 3            432 + 32
    layer1    32 x 32    16 3 x 3, twice        4,672 n
    layer2    16 x 16    32 3 x 3, twice        18,560 n - 4,608
    layer3    8 x 8      64 3 x 3, twice        73,984 n - 18,432
    fc        -          10 units               650
    ========  =========  =====================  =====================

    So 97,216 n - 21,926: 269,722 for n = 3 (the paper's 0.27M), 464,154, 658,586, 853,018 and
    1,727,962 (n = 18). Convolutions begin by He's rule, which TFLearn calls variance scaling; the
    lecture adds an L2 penalty of 1e-4. What is 1 x 1 average pooling with a stride there takes
    every second pixel, as a slice does here.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun: Deep residual learning for image recognition, 2015,
    section 4.2. The same: Identity mappings in deep residual networks, 2016.

    Examples
    --------
    >>> from minitorch import layers
    >>> layers.count_params(build_cifar_resnet(20), trainable=True)
    269722
    """
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(
            f"build_cifar_resnet: depth is 6n + 2 (20, 32, 44, 56, 110, ...), not {depth}"
        )
    if preactivation and residual_gamma != 1:
        raise ValueError(
            "build_cifar_resnet: pre-activated branches end in a convolution, so there is no "
            "residual_gamma to set; leave it at 1"
        )
    net: Any = InputLayer((None, *input_shape), name="input")
    if preactivation:
        block: Any = preactivated
        net = Conv2DLayer(
            net, width, 3, pad=1, W=HE, b=None, nonlinearity=None, flip_filters=False, name="conv1"
        )
    else:
        block = partial(basic, gamma=residual_gamma)
        net = conv_norm(net, width, 3, "conv1", "bn1", "relu")
    for stage in range(3):
        for number in range((depth - 2) // 6):
            stride = 2 if stage and not number else 1
            name = f"layer{stage + 1}.{number}"
            net = block(net, width << stage, stride, name, option=shortcut)
    if preactivation:
        net = normed(net, "bn", "relu")
    net = GlobalPoolLayer(net, name="avgpool")
    return DenseLayer(net, num_classes, nonlinearity=softmax, name="fc")


_HE = "K. He, X. Zhang, S. Ren, J. Sun: {}"
_DEEP = _HE.format("Deep residual learning for image recognition, 2015")
_IDENTITY = _HE.format("Identity mappings in deep residual networks, 2016; as in TFLearn")
_FILES = {
    18: "resnet18-f37072fd.pth",
    34: "resnet34-b627a593.pth",
    50: "resnet50-0676ba61.pth",
    101: "resnet101-63fe2227.pth",
    152: "resnet152-394f9c45.pth",
}

ENTRIES = (
    *[
        Model(
            f"resnet{depth}", partial(build_resnet, depth), (3, 224, 224), _DEEP,
            f"torchvision {_FILES[depth]}",
        )
        for depth in STAGES
    ],
    *[
        Model(f"resnet{depth}", partial(build_cifar_resnet, depth), (3, 32, 32), _DEEP)
        for depth in (20, 32, 44, 56, 110)
    ],
    Model(
        "preresnet32", partial(build_cifar_resnet, 32, preactivation=True), (3, 32, 32), _IDENTITY
    ),
)  # fmt: skip
