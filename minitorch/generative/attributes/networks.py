"""An encoder with a decoder that is told what to show, and a discriminator that also names it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch import init
from minitorch.data.attributes import Attribute
from minitorch.layers import (
    ConcatLayer,
    ConditionalInstanceNormLayer,
    Conv2DLayer,
    DenseLayer,
    GaussianNoiseLayer,
    InputLayer,
    Layer,
    NonlinearityLayer,
    TransposedConv2DLayer,
)
from minitorch.nonlinearities import LeakyRectify, rectify

__all__ = ["build_attribute_discriminator", "build_editor"]

_LEAKY = LeakyRectify(0.2)
_HE = init.HeNormal(gain="relu")
_MOST = 8  # times the width: deeper maps have no more


def build_editor(
    image_shape: tuple[int, int, int],
    attributes: Sequence[Attribute],
    width: int = 16,
    levels: int = 4,
) -> Layer:
    """Images from images and the attributes that they are to have.

    Parameters
    ----------
    image_shape : tuple of int, (channels, rows, columns)
        Rows and columns are divisible by 2 to the ``levels``.
    attributes : sequence of Attribute
    width : int
        Filters of the first layer; each deeper one has twice as many, up to 8 times.
    levels : int
        How often the encoder halves the image.

    Returns
    -------
    Layer
        Of shape (None, *image_shape); pixels are to be from -1 to 1, and may be beyond. Its inputs
        are called ``image`` and ``label``; a label is the one-hot rows of all attributes, side by
        side.

    Raises
    ------
    ValueError
        For sides that cannot be halved so often.

    Notes
    -----
    The decoder has beside its own maps those of the encoder, at each level up to the image itself
    (as in a U-net), so that what an edit is to leave need not squeeze through the smallest maps. It
    is told the attributes at each level: they scale and shift its maps, once these are
    normalised. AttGAN hands one level over, and joins the attributes with the maps as planes.

    There is no tanh at the end, which could give back no image as it was: white is 1, of which
    tanh falls short. :class:`Editor` cuts off what is beyond instead, in training too, or
    pixels that are whiter than white would pass for attributes.

    The image is made anew. A network that adds its change to the image instead, or mixes the two by
    a mask, keeps more sooner, and finds changes that pass for an attribute and are hardly seen.

    References
    ----------
    Z. He, W. Zuo, M. Kan, S. Shan and X. Chen, "AttGAN: facial attribute editing by only changing
    what you want", 2017; O. Ronneberger, P. Fischer and T. Brox, "U-net: convolutional networks
    for biomedical image segmentation", 2015; V. Dumoulin, J. Shlens and M. Kudlur, "A learned
    representation for artistic style", 2017, for the scales and shifts.

    Examples
    --------
    >>> from minitorch.data import Attribute
    >>> build_editor((3, 64, 64), [Attribute("smiling"), Attribute("male")]).output_shape
    (None, 3, 64, 64)
    """
    _check(image_shape, levels, "build_editor")
    label = InputLayer((None, _values(attributes)), name="label")
    net: Any = InputLayer((None, *image_shape), name="image")
    filters = [width * min(2**level, _MOST) for level in range(levels)]
    skips = [net]  # of each level what the decoder is to have beside its own maps
    for level, count in enumerate(filters):
        net = _down(net, count, level)
        skips.append(net)
    for level in range(levels - 1, -1, -1):
        name, count = f"up{level}", filters[max(level - 1, 0)]
        net = TransposedConv2DLayer(
            net, count, 4, stride=2, crop=1, W=_HE, b=None, nonlinearity=None, name=name
        )
        net = ConditionalInstanceNormLayer(
            net, label, gamma=init.Constant(1 / len(attributes)), name=f"{name}.told"
        )
        net = NonlinearityLayer(net, rectify, name=f"{name}.out")
        net = ConcatLayer([net, skips[level]], name=f"{name}.joined")
    return Conv2DLayer(
        net, image_shape[0], 3, pad=1, flip_filters=False, nonlinearity=None, name="pixels"
    )


def build_attribute_discriminator(
    image_shape: tuple[int, int, int],
    attributes: Sequence[Attribute],
    width: int = 16,
    levels: int = 4,
    noise: float = 0.0,
) -> list[Layer]:
    """How real an image is, and what attributes it has.

    Parameters
    ----------
    image_shape, attributes, width, levels
        As for :func:`build_editor`.
    noise : float
        Standard deviation of the noise that is added to images in training. Without it an editor
        finds faint patterns that pass for an attribute; with it an edit has to be seen.

    Returns
    -------
    list of Layer
        The critic's value, of shape (None, 1), and the logits of all attributes' values, side by
        side. The two share all layers but their own; the input is called ``image``.

    Raises
    ------
    ValueError
        As for the editor.

    References
    ----------
    C. Sønderby and others, "Amortised MAP inference for image super-resolution", 2016, for the
    noise.

    Examples
    --------
    >>> from minitorch.data import Attribute
    >>> heads = build_attribute_discriminator((3, 32, 32), [Attribute("a"), Attribute("b")])
    >>> [head.output_shape for head in heads]
    [(None, 1), (None, 4)]
    """
    _check(image_shape, levels, "build_attribute_discriminator")
    net: Any = InputLayer((None, *image_shape), name="image")
    if noise:
        net = GaussianNoiseLayer(net, noise, name="noise")
    for level in range(levels):
        net = _down(net, width * min(2**level, _MOST), level)
    return [
        DenseLayer(net, 1, nonlinearity=None, name="real"),
        DenseLayer(net, _values(attributes), nonlinearity=None, name="attributes"),
    ]


def _down(net: Any, filters: int, level: int) -> Layer:
    """A convolution that halves the maps; a gradient penalty allows it no normalisation."""
    return Conv2DLayer(
        net, filters, 4, stride=2, pad=1, W=_HE, flip_filters=False, nonlinearity=_LEAKY,
        name=f"down{level + 1}",
    )  # fmt: skip


def _values(attributes: Sequence[Attribute]) -> int:
    """How many values all attributes have together."""
    return sum(len(attribute.values) for attribute in attributes)


def _check(image_shape: tuple[int, int, int], levels: int, name: str) -> None:
    least = 2**levels
    if any(side < least or side % least for side in image_shape[1:]):
        rows, columns = image_shape[1:]
        raise ValueError(
            f"{name}: {levels} halvings need sides that {least} divides, not {rows} x {columns}; "
            f"give another --size or fewer --levels"
        )
