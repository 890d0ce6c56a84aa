"""LeNet-5, with the maps that see only some of the maps below, and with trained subsampling."""

from __future__ import annotations

from typing import Any

from minitorch import init
from minitorch.layers import (
    BiasLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    InputLayer,
    Layer,
    NonlinearityLayer,
    Pool2DLayer,
    ScaleLayer,
    SliceLayer,
)
from minitorch.models.entry import Model
from minitorch.nonlinearities import ScaledTanH, softmax

__all__ = ["CONNECTIONS", "ENTRIES", "build_lenet5"]

# Table I of the paper: which maps of S2 each of C3's sixteen maps sees.
CONNECTIONS = (
    *[tuple((first + i) % 6 for i in range(3)) for first in range(6)],
    *[tuple((first + i) % 6 for i in range(4)) for first in range(6)],
    *[(first, first + 1, (first + 3) % 6, (first + 4) % 6) for first in range(3)],
    tuple(range(6)),
)  # fmt: skip

SQUASH = ScaledTanH(scale_in=2 / 3, scale_out=1.7159)


def build_lenet5(
    num_classes: int = 10,
    input_shape: tuple[int, int, int] = (1, 32, 32),
    all_connected: bool = False,
) -> Layer:
    """LeNet-5 for images of 32 x 32, digits of 20 x 20 in their middle.

    Parameters
    ----------
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        At least 32 x 32.
    all_connected : bool
        Every map of C3 sees all maps of S2, as in most later versions.

    Returns
    -------
    Layer
        The output layer, of shape (None, num_classes); its outputs are probabilities.

    Raises
    ------
    ValueError
        For images that are too small.

    Notes
    -----
    ======  ==============================  =================  ==========
    layer   what                            output shape       parameters
    ======  ==============================  =================  ==========
    C1      6 filters 5 x 5                 (None, 6, 28, 28)         156
    S2      2 x 2 sums · a + b, squashed    (None, 6, 14, 14)          12
    C3      16 filters 5 x 5, by Table I    (None, 16, 10, 10)      1,516
    S4      2 x 2 sums · a + b, squashed    (None, 16, 5, 5)           32
    C5      120 filters 5 x 5               (None, 120, 1, 1)      48,120
    F6      84 units                        (None, 84)             10,164
    output  10 softmax units                (None, 10)                850
    ======  ==============================  =================  ==========

    Up to F6 these are the paper's 60,000. Its last layer compares F6 with drawings of the
    digits (radial basis functions, not trained); here it is a softmax. The squashing is
    1.7159 tanh(2x/3), and weights begin uniform in ± 2.4 / fan-in (appendix A). Filters are
    turned round, as in this library's other small networks.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner: Gradient-based learning applied to document
    recognition, 1998.

    Examples
    --------
    >>> from minitorch import layers
    >>> layers.count_params(build_lenet5()) - 850
    60000
    >>> layers.count_params(build_lenet5(all_connected=True)) - 850
    60900
    """
    if min(input_shape[1:]) < 32:
        raise ValueError(
            f"build_lenet5: its convolutions need images of at least 32 x 32, found input_shape "
            f"{input_shape}; pad the digits with 2 zeros on each side"
        )
    net: Layer = InputLayer((None, *input_shape), name="input")
    net = _subsampled(_conv(net, 6, "C1"), "S2")
    net = _conv(net, 16, "C3") if all_connected else _partly_connected(net, "C3")
    net = _conv(_subsampled(net, "S4"), 120, "C5")
    net = _dense(net, 84, SQUASH, "F6")
    return _dense(net, num_classes, softmax, "output")


def _conv(net: Any, filters: int, name: str) -> Layer:
    W = init.Uniform(2.4 / (25 * net.output_shape[1]))
    return Conv2DLayer(net, filters, 5, W=W, nonlinearity=SQUASH, name=name)


def _dense(net: Any, units: int, nonlinearity: Any, name: str) -> Layer:
    fan_in = 1
    for length in net.output_shape[1:]:
        fan_in *= length
    W = init.Uniform(2.4 / fan_in)
    return DenseLayer(net, units, W=W, nonlinearity=nonlinearity, name=name)


def _partly_connected(net: Any, name: str) -> Layer:
    """A convolution per map, of the maps that it sees."""
    maps = [SliceLayer(net, slice(i, i + 1), axis=1) for i in range(6)]
    seen = [ConcatLayer([maps[i] for i in row]) for row in CONNECTIONS]
    parts = [_conv(one, 1, f"{name}.{i}") for i, one in enumerate(seen)]
    return ConcatLayer(parts, name=name)


def _subsampled(net: Any, name: str) -> Layer:
    """Sums of 2 x 2, times a trained number, plus a trained number, squashed."""
    net = Pool2DLayer(net, 2, mode="sum")
    net = ScaleLayer(net, init.Constant(0.25), name=f"{name}.scale")
    net = BiasLayer(net, name=f"{name}.bias")
    return NonlinearityLayer(net, SQUASH, name=name)


ENTRIES = (
    Model(
        "lenet5",
        build_lenet5,
        (1, 32, 32),
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document "
        "recognition, 1998",
    ),
)
