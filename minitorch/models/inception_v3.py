"""Inception-v3: convolutions taken apart into smaller and one-sided ones."""

from __future__ import annotations

from typing import Any

from minitorch import init
from minitorch.layers import (
    ConcatLayer,
    DenseLayer,
    DropoutLayer,
    GlobalPoolLayer,
    InputLayer,
    Layer,
    MaxPool2DLayer,
    Pool2DLayer,
)
from minitorch.models.entry import Model
from minitorch.models.parts import conv_norm
from minitorch.nonlinearities import softmax

__all__ = ["ENTRIES", "build_inception_v3"]

# The convolutions of a branch in a word each: size, filters, "/2" for a stride of 2 without
# padding. A list is a fork, "mean" and "max" are poolings.
_A = {
    "branch1x1": "1x1:64",
    "branch5x5": "1x1:48 5x5:64",
    "branch3x3dbl": "1x1:64 3x3:96 3x3:96",
    "branch_pool": "mean 1x1:{pool}",
}
_B = {
    "branch3x3": "3x3:384/2",
    "branch3x3dbl": "1x1:64 3x3:96 3x3:96/2",
    "branch_pool": "max",
}
_C = {
    "branch1x1": "1x1:192",
    "branch7x7": "1x1:{c} 1x7:{c} 7x1:192",
    "branch7x7dbl": "1x1:{c} 7x1:{c} 1x7:{c} 7x1:{c} 1x7:192",
    "branch_pool": "mean 1x1:192",
}
_D = {
    "branch3x3": "1x1:192 3x3:320/2",
    "branch7x7x3": "1x1:192 1x7:192 7x1:192 3x3:192/2",
    "branch_pool": "max",
}
_E = {
    "branch1x1": "1x1:320",
    "branch3x3": "1x1:384 1x3:384|3x1:384",
    "branch3x3dbl": "1x1:448 3x3:384 1x3:384|3x1:384",
    "branch_pool": "mean 1x1:192",
}
MODULES: tuple[tuple[str, dict[str, str], dict[str, int]], ...] = (
    ("Mixed_5b", _A, {"pool": 32}),
    ("Mixed_5c", _A, {"pool": 64}),
    ("Mixed_5d", _A, {"pool": 64}),
    ("Mixed_6a", _B, {}),
    ("Mixed_6b", _C, {"c": 128}),
    ("Mixed_6c", _C, {"c": 160}),
    ("Mixed_6d", _C, {"c": 160}),
    ("Mixed_6e", _C, {"c": 192}),
    ("Mixed_7a", _D, {}),
    ("Mixed_7b", _E, {}),
    ("Mixed_7c", _E, {}),
)


def build_inception_v3(
    num_classes: int = 1000,
    input_shape: tuple[int, int, int] = (3, 299, 299),
    aux: bool = False,
    dropout: float = 0.5,
) -> Any:
    """The network that graded diabetic retinopathy as well as ophthalmologists do.

    Parameters
    ----------
    num_classes : int
    input_shape : tuple of int, (channels, rows, columns)
        At least 75 x 75; with ``aux`` 299 x 299 or more.
    aux : bool
        Build the auxiliary head on Mixed_6e as well.
    dropout : float
        The probability to drop a unit before the last layer; 0 leaves the layer out.

    Returns
    -------
    Layer, or with ``aux`` a list of two
        The output layer fc, of shape (None, num_classes), then AuxLogits.fc; their outputs are
        probabilities.

    Raises
    ------
    ValueError
        For images that are too small.

    Notes
    -----
    ==================  ====================================================  =============
    layer               what                                                  output
    ==================  ====================================================  =============
    Conv2d_1a, 2a, 2b   32 of 3 x 3 (stride 2), 32, 64                        64, 147 x 147
    maxpool1            3 x 3, stride 2                                       64, 73 x 73
    Conv2d_3b, 4a       80 of 1 x 1, 192 of 3 x 3                             192, 71 x 71
    maxpool2            3 x 3, stride 2                                       192, 35 x 35
    Mixed_5b to 5d      1 x 1; 5 x 5; 3 x 3 twice; means                      288, 35 x 35
    Mixed_6a            halves: 3 x 3; 3 x 3 twice; maxima                    768, 17 x 17
    Mixed_6b to 6e      1 x 1; 1 x 7, 7 x 1; the same twice; means            768, 17 x 17
    Mixed_7a            halves: 3 x 3; 1 x 7, 7 x 1, 3 x 3; maxima            1280, 8 x 8
    Mixed_7b, 7c        1 x 1; 1 x 3 beside 3 x 1; 3 x 3, the same; means     2048, 8 x 8
    ==================  ====================================================  =============

    Trained parameters: 23,834,568, with the head 27,161,264. Convolutions have no bias and are
    normalised with an epsilon of 1e-3. Names, and means that count the padding, are
    torchvision's; weights begin as there: normal with a standard deviation of 0.1 (0.01 and
    0.001 in the head).

    References
    ----------
    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna: Rethinking the Inception
    architecture for computer vision, 2015.
    V. Gulshan et al.: Development and validation of a deep learning algorithm for detection of
    diabetic retinopathy in retinal fundus photographs, 2016.

    Examples
    --------
    >>> from minitorch import layers
    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     network = build_inception_v3()
    >>> layers.count_params(network, trainable=True), layers.summary(network).multiply_adds
    (23834568, 5713216096)
    """
    net: Any = InputLayer((None, *input_shape), name="input")
    net = _conv(net, 32, (3, 3), "Conv2d_1a_3x3", stride=2, pad=0)
    net = _conv(net, 32, (3, 3), "Conv2d_2a_3x3", pad=0)
    net = _conv(net, 64, (3, 3), "Conv2d_2b_3x3")
    net = MaxPool2DLayer(net, 3, stride=2, name="maxpool1")
    net = _conv(net, 80, (1, 1), "Conv2d_3b_1x1")
    net = _conv(net, 192, (3, 3), "Conv2d_4a_3x3", pad=0)
    net = MaxPool2DLayer(net, 3, stride=2, name="maxpool2")
    heads = []
    for name, branches, numbers in MODULES:
        net = _module(net, name, branches, numbers)
        if aux and name == "Mixed_6e":
            heads.append(_head(net, num_classes))
    net = GlobalPoolLayer(net, name="avgpool")
    if dropout > 0:
        net = DropoutLayer(net, p=dropout, name="dropout")
    net = DenseLayer(net, num_classes, W=init.Normal(0.1), nonlinearity=softmax, name="fc")
    return [net, *heads] if aux else net


def _module(net: Any, name: str, branches: dict[str, str], numbers: dict[str, int]) -> Layer:
    """The branches side by side."""
    parts = []
    for branch, words in branches.items():
        parts += _branch(net, f"{name}.{branch}", words.format(**numbers).split())
    return ConcatLayer(parts, name=name)


def _branch(net: Any, name: str, words: list[str]) -> list[Any]:
    """Pooling and convolutions one behind the other; the last may be two beside each other."""
    if words[0] == "max":
        return [MaxPool2DLayer(net, 3, stride=2, name=name)]
    if words[0] == "mean":
        net = Pool2DLayer(net, 3, stride=1, pad=1, mode="average_inc_pad", name=f"{name}.mean")
        words = words[1:]
    ends = [net]
    for number, word in enumerate(words, start=1):
        own = name if len(words) == 1 else f"{name}_{number}"
        sides = word.split("|")
        letters = "ab" if len(sides) > 1 else [""]
        ends = [_word(ends[0], f"{own}{x}", one) for x, one in zip(letters, sides, strict=True)]
    return ends


def _word(net: Any, name: str, word: str) -> Layer:
    """One convolution, such as ``1x7:192`` or ``3x3:384/2``."""
    size, _, rest = word.partition(":")
    filters, _, stride = rest.partition("/")
    rows, columns = size.split("x")
    settings = {"stride": int(stride), "pad": 0} if stride else {}
    return _conv(net, int(filters), (int(rows), int(columns)), name, **settings)


def _head(net: Any, num_classes: int) -> Layer:
    """The auxiliary classifier."""
    net = Pool2DLayer(net, 5, stride=3, mode="average_exc_pad", name="AuxLogits.pool")
    net = _conv(net, 128, (1, 1), "AuxLogits.conv0")
    net = _conv(net, 768, (5, 5), "AuxLogits.conv1", pad=0, W=init.Normal(0.01))
    net = GlobalPoolLayer(net, name="AuxLogits.avgpool")
    W = init.Normal(0.001)
    return DenseLayer(net, num_classes, W=W, nonlinearity=softmax, name="AuxLogits.fc")


def _conv(net: Any, filters: int, size: tuple[int, int], name: str, **settings: Any) -> Layer:
    """A convolution that keeps the image unless ``pad`` says otherwise, normalised, rectified."""
    settings = {"pad": (size[0] // 2, size[1] // 2), "W": init.Normal(0.1), **settings}
    return conv_norm(
        net, filters, size, f"{name}.conv", f"{name}.bn", name, epsilon=1e-3, **settings
    )


ENTRIES = (
    Model(
        "inception_v3",
        build_inception_v3,
        (3, 299, 299),
        "C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna: Rethinking the Inception "
        "architecture for computer vision, 2015",
        "torchvision inception_v3_google-0cc3c7bd.pth",
    ),
)
