"""GoogLeNet: inception modules, naive and with reductions, and two auxiliary heads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minitorch import init
from minitorch.layers import (
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    Layer,
    LocalResponseNormalization2DLayer,
    MaxPool2DLayer,
    Pool2DLayer,
)
from minitorch.models.entry import Model
from minitorch.models.parts import conv_norm
from minitorch.nonlinearities import softmax

__all__ = ["ENTRIES", "MODULES", "build_googlenet", "inception", "inception_naive"]

# Table 1 of the paper: 1 x 1; 3 x 3 reduce, 3 x 3; 5 x 5 reduce, 5 x 5; pool projection.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}

Conv = Callable[..., Layer]


def build_googlenet(
    num_classes: int = 1000,
    input_shape: tuple[int, int, int] = (3, 224, 224),
    aux: bool = False,
    reduction: bool = True,
    batch_norm: bool = False,
    dropout: float = 0.4,
) -> Any:
    """The network that won ILSVRC 2014.

    Parameters
    ----------
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        With ``aux`` at least 79 x 79.
    aux : bool
        Build the two auxiliary heads on 4a and 4d as well, which help to train: their losses
        are added times 0.3.
    reduction : bool
        False makes all modules naive ones, whose maps grow from module to module.
    batch_norm : bool
        torchvision's version, for its weights: every convolution normalised and without a bias,
        no response normalisation, 3 x 3 where the paper has 5 x 5, and pool4 of 2 x 2.
    dropout : float
        The probability to drop a unit before the last layer; 0 leaves the layer out, and those
        of the heads (0.7) as well.

    Returns
    -------
    Layer, or with ``aux`` a list of three
        The output layer fc, of shape (None, num_classes), then aux1.fc2 and aux2.fc2; their
        outputs are probabilities.

    Raises
    ------
    ValueError
        For images that are too small.

    Notes
    -----
    =======  =======  ======  ==========================================  =====================
    module   image    1 x 1   3 x 3 (reduced to), 5 x 5 (to), projection  maps, naive ones
    =======  =======  ======  ==========================================  =====================
    3a       28 x 28  64      128 (96), 32 (16), 32                       256, 416
    3b       28 x 28  128     192 (128), 96 (32), 64                      480, 832
    4a       14 x 14  192     208 (96), 48 (16), 64                       512, 1280
    4b       14 x 14  160     224 (112), 64 (24), 64                      512, 1728
    4c       14 x 14  128     256 (128), 64 (24), 64                      512, 2176
    4d       14 x 14  112     288 (144), 64 (32), 64                      528, 2640
    4e       14 x 14  256     320 (160), 128 (32), 128                    832, 3344
    5a       7 x 7    256     320 (160), 128 (32), 128                    832, 4048
    5b       7 x 7    384     384 (192), 128 (48), 128                    1024, 4944
    =======  =======  ======  ==========================================  =====================

    Before them conv1 (64 of 7 x 7, stride 2), pool1, conv2 (64 of 1 x 1), conv3 (192 of 3 x 3)
    and pool2; behind them the mean of each map and fc. Poolings are 3 x 3 maxima with a stride
    of 2, and a last window may reach over the border. Names are torchvision's
    (``inception3a.branch2.0`` is what reduces for the 3 x 3 filters).

    The paper leaves open how weights begin, and what the response normalisation's constants are.
    They are those of Caffe's bvlc_googlenet: Glorot's uniform rule, biases of 0.2, and
    x / (1 + 2e-5 · Σ x²)^0.75.

    References
    ----------
    C. Szegedy, W. Liu, Y. Jia et al.: Going deeper with convolutions, 2014.

    Examples
    --------
    >>> from minitorch import layers
    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     counts = [layers.count_params(build_googlenet(aux=aux)) for aux in (False, True)]
    >>> counts
    [6998552, 13378280]
    """
    conv = _normed if batch_norm else _biased
    net: Any = InputLayer((None, *input_shape), name="input")
    net = _pooled(conv(net, 64, 7, "conv1", stride=2), "maxpool1")
    net = net if batch_norm else _response(net, "norm1")
    net = conv(conv(net, 64, 1, "conv2"), 192, 3, "conv3")
    net = net if batch_norm else _response(net, "norm2")
    net = _pooled(net, "maxpool2")
    heads = []
    for name, filters in MODULES.items():
        if name in ("4a", "5a"):
            size = 2 if batch_norm and name == "5a" else 3
            net = _pooled(net, f"maxpool{3 if name == '4a' else 4}", size)
        if reduction:
            net = inception(net, filters, f"inception{name}", conv, 3 if batch_norm else 5)
        else:
            net = inception_naive(net, filters[0], filters[2], filters[4], f"inception{name}", conv)
        if aux and name in ("4a", "4d"):
            heads.append(_head(net, num_classes, f"aux{len(heads) + 1}", conv, dropout > 0))
    net = GlobalPoolLayer(net, name="avgpool")
    if dropout > 0:
        net = DropoutLayer(net, p=dropout, name="dropout")
    net = DenseLayer(net, num_classes, nonlinearity=softmax, name="fc")
    return [net, *heads] if aux else net


def inception(
    net: Any, filters: tuple[int, ...], name: str, conv: Conv | None = None, large: int = 5
) -> Layer:
    """Filters of three sizes and a pooling side by side, on fewer maps than there are.

    Parameters
    ----------
    net : Layer
    filters : tuple of six int
        As a row of :data:`MODULES`.
    name : str
    conv : callable, optional
        From a layer, filters, size and name to a convolution with its nonlinearity.
    large : int
        The size of the largest filters.

    Returns
    -------
    Layer

    Examples
    --------
    >>> inception((None, 192, 28, 28), MODULES["3a"], "3a").output_shape
    (None, 256, 28, 28)
    """
    conv = conv or _biased
    ones, reduced3, threes, reduced5, fives, projected = filters
    pool = MaxPool2DLayer(net, 3, stride=1, pad=1, name=f"{name}.pool")
    branches = [
        conv(net, ones, 1, f"{name}.branch1"),
        conv(conv(net, reduced3, 1, f"{name}.branch2.0"), threes, 3, f"{name}.branch2.1"),
        conv(conv(net, reduced5, 1, f"{name}.branch3.0"), fives, large, f"{name}.branch3.1"),
        conv(pool, projected, 1, f"{name}.branch4.1"),
    ]
    return ConcatLayer(branches, name=name)


def inception_naive(
    net: Any, ones: int, threes: int, fives: int, name: str, conv: Conv | None = None
) -> Layer:
    """Filters of three sizes and a pooling side by side, all on the maps that there are.

    The pooling passes all maps on, so that there are always more of them, and the 5 x 5
    filters cost accordingly.

    Parameters
    ----------
    net : Layer
    ones, threes, fives : int
        Filters of 1 x 1, 3 x 3 and 5 x 5.
    name : str
    conv : callable, optional
        As for :func:`inception`.

    Returns
    -------
    Layer

    Examples
    --------
    >>> inception_naive((None, 192, 28, 28), 64, 128, 32, "3a").output_shape
    (None, 416, 28, 28)
    """
    conv = conv or _biased
    sizes = enumerate(zip((ones, threes, fives), (1, 3, 5), strict=True), start=1)
    branches = [conv(net, count, size, f"{name}.branch{i}") for i, (count, size) in sizes]
    pool = MaxPool2DLayer(net, 3, stride=1, pad=1, name=f"{name}.pool")
    return ConcatLayer([*branches, pool], name=name)


def _head(net: Any, num_classes: int, name: str, conv: Conv, drop: bool) -> Layer:
    """An auxiliary classifier: 5 x 5 means, 128 of 1 x 1, 1024 units, the classes."""
    net = Pool2DLayer(net, 5, stride=3, mode="average_exc_pad", name=f"{name}.pool")
    net = conv(net, 128, 1, f"{name}.conv")
    net = DenseLayer(net, 1024, name=f"{name}.fc1")
    if drop:
        net = DropoutLayer(net, p=0.7, name=f"{name}.dropout")
    return DenseLayer(net, num_classes, nonlinearity=softmax, name=f"{name}.fc2")


def _biased(net: Any, filters: int, size: int, name: str, stride: int = 1) -> Layer:
    return Conv2DLayer(
        net, filters, size, stride=stride, pad=size // 2, b=init.Constant(0.2),
        flip_filters=False, name=name,
    )  # fmt: skip


def _normed(net: Any, filters: int, size: int, name: str, stride: int = 1) -> Layer:
    names = (f"{name}.conv", f"{name}.bn", name)
    W = init.GlorotUniform()
    return conv_norm(net, filters, size, *names, stride=stride, W=W, epsilon=1e-3)


def _response(net: Any, name: str) -> Layer:
    return LocalResponseNormalization2DLayer(net, alpha=1e-4 / 5, k=1, beta=0.75, n=5, name=name)


def _pooled(net: Any, name: str, size: int = 3) -> Layer:
    return MaxPool2DLayer(net, size, stride=2, ignore_border=False, name=name)


PAPER = "C. Szegedy, W. Liu, Y. Jia et al.: Going deeper with convolutions, 2014"
ENTRIES = (
    Model(
        "googlenet",
        build_googlenet,
        (3, 224, 224),
        PAPER,
        "Caffe bvlc_googlenet.caffemodel; Lasagne/Recipes blvc_googlenet.pkl",
    ),
    Model(
        "googlenet_bn",
        partial(build_googlenet, batch_norm=True, dropout=0.2),
        (3, 224, 224),
        f"{PAPER}; with batch normalisation, as in torchvision",
        "torchvision googlenet-1378be20.pth (its auxiliary heads are not trained)",
    ),
)
