"""Residual blocks: basic, bottleneck, pre-activated; identity, padded and projected short cuts."""

from __future__ import annotations

from typing import Any

from minitorch.layers import (
    BatchNormLayer,
    Conv2DLayer,
    ElemwiseSumLayer,
    Layer,
    NonlinearityLayer,
    PadLayer,
    SliceLayer,
)
from minitorch.models.parts import HE, conv_norm
from minitorch.nonlinearities import rectify

__all__ = ["basic", "bottleneck", "normed", "preactivated", "shortcut"]

OPTIONS = ("A", "B", "C")  # the paper's names for short cuts


def shortcut(net: Any, filters: int, stride: int, option: str, name: str) -> Layer:
    """What is added to a branch: the input, in the shape that the branch gives.

    Parameters
    ----------
    net : Layer
    filters, stride : int
        Of the block.
    option : "A", "B" or "C"
        Where the shape changes, A takes every ``stride``-th pixel and pads the channels with
        zeros, half on each side; B projects by a 1 x 1 convolution, normalised. C projects
        everywhere.
    name : str
        The block's.

    Returns
    -------
    Layer
        The input itself where the shape is the same (but for C).

    Raises
    ------
    ValueError
        For another option.

    Examples
    --------
    >>> shortcut((None, 16, 32, 32), 32, 2, "A", "block").output_shape
    (None, 32, 16, 16)
    """
    if option not in OPTIONS:
        raise ValueError(f"a short cut is 'A' (zeros), 'B' or 'C' (projections), not {option!r}")
    channels = net[1] if isinstance(net, tuple) else net.output_shape[1]
    changes = stride > 1 or channels != filters
    if option == "C" or (option == "B" and changes):
        return conv_norm(
            net, filters, 1, f"{name}.downsample.0", f"{name}.downsample.1", stride=stride,
            nonlinearity=None,
        )  # fmt: skip
    if stride > 1:
        for axis in (2, 3):
            net = SliceLayer(net, slice(None, None, stride), axis=axis)
    if channels != filters:
        before = (filters - channels) // 2
        width = [(before, filters - channels - before), 0, 0]
        net = PadLayer(net, width, batch_ndim=1, name=f"{name}.pad")
    result: Layer = net
    return result


def basic(
    net: Any, filters: int, stride: int, name: str, *, option: str = "B", gamma: float = 1.0
) -> Layer:
    """3 x 3, 3 x 3, plus the short cut, rectified.

    Parameters
    ----------
    net : Layer
    filters, stride : int
        The stride is the first convolution's.
    name : str
        Of the block, and of its last layer.
    option : str
        See :func:`shortcut`.
    gamma : float
        The scale of the last normalisation at the start.

    Returns
    -------
    Layer
    """
    inner = conv_norm(
        net, filters, 3, f"{name}.conv1", f"{name}.bn1", f"{name}.relu1", stride=stride
    )
    inner = conv_norm(
        inner, filters, 3, f"{name}.conv2", f"{name}.bn2", gamma=gamma, nonlinearity=None
    )
    return _joined(inner, shortcut(net, filters, stride, option, name), name)


def bottleneck(
    net: Any,
    filters: int,
    stride: int,
    name: str,
    *,
    option: str = "B",
    gamma: float = 1.0,
    strided: int = 2,
) -> Layer:
    """1 x 1, 3 x 3, 1 x 1 with four times the filters, plus the short cut, rectified.

    Parameters are those of :func:`basic`, and ``strided``: which of the convolutions has the
    stride, 1 (the paper's) or 2 (torchvision's).
    """
    strides = (stride, 1) if strided == 1 else (1, stride)
    inner = net
    for number, (size, own) in enumerate(zip((1, 3), strides, strict=True), start=1):
        names = [f"{name}.{kind}{number}" for kind in ("conv", "bn", "relu")]
        inner = conv_norm(inner, filters, size, *names, stride=own)
    inner = conv_norm(
        inner, 4 * filters, 1, f"{name}.conv3", f"{name}.bn3", gamma=gamma, nonlinearity=None
    )
    return _joined(inner, shortcut(net, 4 * filters, stride, option, name), name)


def _joined(inner: Any, identity: Any, name: str) -> Layer:
    return NonlinearityLayer(ElemwiseSumLayer([inner, identity], name=f"{name}.add"), name=name)


def preactivated(net: Any, filters: int, stride: int, name: str, *, option: str = "A") -> Layer:
    """Normalised, rectified, 3 x 3, twice over; plus the short cut, and nothing behind it.

    Parameters are those of :func:`basic`, without ``gamma``: the last layer of the branch is a
    convolution.
    """
    inner = net
    for number, own in ((1, stride), (2, 1)):
        inner = Conv2DLayer(
            normed(inner, f"{name}.bn{number}", f"{name}.relu{number}"), filters, 3, stride=own,
            pad=1, W=HE, b=None, nonlinearity=None, flip_filters=False, name=f"{name}.conv{number}",
        )  # fmt: skip
    return ElemwiseSumLayer([inner, shortcut(net, filters, stride, option, name)], name=name)


def normed(net: Any, bn: str, out: str) -> Layer:
    """Batch normalisation and a rectifier."""
    net = BatchNormLayer(net, epsilon=1e-5, name=bn)
    return NonlinearityLayer(net, rectify, name=out)
