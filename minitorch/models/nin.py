"""Network in Network: 1 x 1 convolutions between the others, and no dense layer."""

from __future__ import annotations

from minitorch import init
from minitorch.layers import (
    Conv2DLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    Layer,
    NonlinearityLayer,
    Pool2DLayer,
)
from minitorch.models.entry import Model
from minitorch.nonlinearities import softmax

__all__ = ["ENTRIES", "build_nin"]


def build_nin(
    num_classes: int = 10,
    input_shape: tuple[int, int, int] = (3, 32, 32),
    dropout: float = 0.5,
) -> Layer:
    """The network for CIFAR-10.

    Parameters
    ----------
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
    dropout : float
        The probability to drop a feature after the first two poolings; 0 leaves these out.

    Returns
    -------
    Layer
        The softmax of the last convolution's means, of shape (None, num_classes).

    Notes
    -----
    A convolution and two of 1 x 1 (a small perceptron at every place) make a block; the last
    block has a map per class, whose mean is the class's score.

    ======  ====================================================  ==========
    block   layers                                                parameters
    ======  ====================================================  ==========
    1       conv1 192C5, cccp1 160C1, cccp2 96C1, 3 x 3 maxima        60,928
    2       conv2 192C5, cccp3 192C1, cccp4 192C1, 3 x 3 means       535,104
    3       conv3 192C3, cccp5 192C1, cccp6 10C1, global mean        370,954
    all                                                              966,986
    ======  ====================================================  ==========

    The paper leaves the sizes of filters open. They, the names and the initial weights
    (normal, 0.05) are those of the configuration for Caffe that its authors published.
    Poolings have a stride of 2, and a last window may reach over the border.

    References
    ----------
    M. Lin, Q. Chen and S. Yan: Network in network, 2013.

    Examples
    --------
    >>> from minitorch import layers
    >>> layers.count_params(build_nin())
    966986
    """
    W = init.Normal(0.05)
    net: Layer = InputLayer((None, *input_shape), name="input")
    blocks = ((192, 5, 160, 96), (192, 5, 192, 192), (192, 3, 192, num_classes))
    for number, (filters, size, *mixed) in enumerate(blocks, start=1):
        net = Conv2DLayer(
            net, filters, size, pad=size // 2, W=W, flip_filters=False, name=f"conv{number}"
        )
        for place, maps in enumerate(mixed, start=2 * number - 1):
            net = Conv2DLayer(net, maps, 1, W=W, flip_filters=False, name=f"cccp{place}")
        if number < len(blocks):
            mode = "max" if number == 1 else "average_exc_pad"
            net = Pool2DLayer(
                net, 3, stride=2, ignore_border=False, mode=mode, name=f"pool{number}"
            )
            if dropout > 0:
                net = DropoutLayer(net, p=dropout, name=f"drop{number}")
    net = GlobalPoolLayer(net, name="pool3")
    return NonlinearityLayer(net, softmax, name="prob")


ENTRIES = (
    Model(
        "nin",
        build_nin,
        (3, 32, 32),
        "M. Lin, Q. Chen, S. Yan: Network in network, 2013",
        "Caffe cifar10_nin.caffemodel; Lasagne/Recipes cifar10/model.pkl",
    ),
)
