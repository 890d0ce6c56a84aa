"""Generators and discriminators: dense ones, and DCGAN's convolutions; with classes or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch import init
from minitorch.layers import (
    BatchNormLayer,
    ConcatLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    Layer,
    NonlinearityLayer,
    ReshapeLayer,
    TransposedConv2DLayer,
)
from minitorch.nonlinearities import LeakyRectify, rectify, tanh

__all__ = [
    "build_conv_discriminator",
    "build_conv_generator",
    "build_mlp_discriminator",
    "build_mlp_generator",
]

# The paper's: weights of standard deviation 0.02, slopes of 0.2 below zero.
SMALL = init.Normal(0.02)
NEAR_ONE = init.Normal(0.02, 1.0)
LEAKY = LeakyRectify(0.2)


def build_mlp_generator(
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 0,
    hidden: Sequence[int] = (256, 512),
) -> Layer:
    """Images from noise by dense layers.

    Parameters
    ----------
    latent : int
        Length of the noise vectors.
    image_shape : tuple of int, (channels, rows, columns)
    classes : int
        With some, there is a second input ``label`` of shape (None, classes): rows of one-hot
        labels, which the noise is joined with.
    hidden : sequence of int
        Units of the hidden layers.

    Returns
    -------
    Layer
        Of shape (None, *image_shape), with pixels from -1 to 1; its input is called ``latent``.

    References
    ----------
    I. Goodfellow and others, "Generative adversarial nets", 2014; M. Mirza and S. Osindero,
    "Conditional generative adversarial nets", 2014, for classes.

    Examples
    --------
    >>> from minitorch import layers
    >>> net = build_mlp_generator()
    >>> net.output_shape, layers.count_params(net)
    ((None, 1, 28, 28), 559632)
    """
    net = _latent(latent, classes)
    for number, units in enumerate(hidden, start=1):
        net = DenseLayer(net, units, nonlinearity=rectify, name=f"dense{number}")
    net = DenseLayer(net, _size(image_shape), nonlinearity=tanh, name="pixels")
    return ReshapeLayer(net, ([0], *image_shape), name="image")


def build_mlp_discriminator(
    image_shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 0,
    hidden: Sequence[int] = (512, 256),
    dropout: float = 0.3,
    norm: bool = True,
) -> Layer:
    """How real an image is, by dense layers.

    Parameters
    ----------
    image_shape, classes
        As for :func:`build_mlp_generator`; one-hot labels are joined with the pixels.
    hidden : sequence of int
    dropout : float
        The probability to drop a hidden unit, as in the paper's discriminators; 0: none are.
    norm : bool
        False leaves dropout out as well: a critic under a gradient penalty is to be a function.

    Returns
    -------
    Layer
        Of shape (None, 1): the logit of being real. Its input is called ``image``.

    References
    ----------
    I. Goodfellow and others, "Generative adversarial nets", 2014. Its units are maxout; these are
    leaky rectifiers, as in most versions since.

    Examples
    --------
    >>> build_mlp_discriminator(classes=10).output_shape
    (None, 1)
    """
    net: Layer = InputLayer((None, *image_shape), name="image")
    if classes:
        flat = ReshapeLayer(net, ([0], _size(image_shape)), name="flat")
        net = ConcatLayer([flat, InputLayer((None, classes), name="label")], name="joined")
    for number, units in enumerate(hidden, start=1):
        net = DenseLayer(net, units, nonlinearity=LEAKY, name=f"dense{number}")
        if norm and dropout > 0:
            net = DropoutLayer(net, p=dropout, name=f"dropout{number}")
    return DenseLayer(net, 1, nonlinearity=None, name="logit")


def build_conv_generator(
    latent: int = 100,
    image_shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 0,
    width: int = 64,
) -> Layer:
    """DCGAN's generator: noise, projected and reshaped, doubled by transposed convolutions.

    Parameters
    ----------
    latent, image_shape, classes
        As for :func:`build_mlp_generator`. Images are square, of 4, 5, 6 or 7 pixels times a
        power of 2.
    width : int
        Filters of the last hidden layer; each one before it has twice as many.

    Returns
    -------
    Layer
        Of shape (None, *image_shape), with pixels from -1 to 1.

    Raises
    ------
    ValueError
        For images that no doubling leads to.

    Notes
    -----
    For 28 x 28 pixels and a width of 64:

    ========  =====================================  ==================
    layer     what                                   output shape
    ========  =====================================  ==================
    project   dense, normalised, rectified           (None, 128, 7, 7)
    up1       4 x 4, stride 2, normalised, rectified (None, 64, 14, 14)
    pixels    4 x 4, stride 2, tanh                  (None, 1, 28, 28)
    ========  =====================================  ==================

    For 64 x 64 it begins with 512 maps of 4 x 4 and doubles four times. The paper draws
    filters of 5 x 5; of 4 x 4 ones every pixel gets as many stamps as its neighbours.

    References
    ----------
    A. Radford, L. Metz and S. Chintala, "Unsupervised representation learning with deep
    convolutional generative adversarial networks", 2015.

    Examples
    --------
    >>> build_conv_generator().output_shape
    (None, 1, 28, 28)
    >>> build_conv_generator(image_shape=(3, 64, 64), width=8).output_shape
    (None, 3, 64, 64)
    """
    side, doublings = _doublings(image_shape, "build_conv_generator")
    filters = width * 2 ** (doublings - 1)
    net = _latent(latent, classes)
    net = DenseLayer(net, filters * side * side, W=SMALL, b=None, nonlinearity=None, name="project")
    net = ReshapeLayer(net, ([0], filters, side, side), name="maps")
    net = _normalised(net, "project", rectify)
    for number in range(1, doublings):
        filters //= 2
        net = TransposedConv2DLayer(
            net, filters, 4, stride=2, crop=1, W=SMALL, b=None, nonlinearity=None,
            name=f"up{number}",
        )  # fmt: skip
        net = _normalised(net, f"up{number}", rectify)
    return TransposedConv2DLayer(
        net, image_shape[0], 4, stride=2, crop=1, W=SMALL, nonlinearity=tanh, name="pixels"
    )


def build_conv_discriminator(
    image_shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 0,
    width: int = 64,
    norm: bool = True,
) -> Layer:
    """DCGAN's discriminator: convolutions with a stride of 2, each with twice the filters.

    Parameters
    ----------
    image_shape, classes
        As for :func:`build_conv_generator`; labels become one more channel, by a dense layer.
    width : int
        Filters of the first layer.
    norm : bool
        Whether layers after the first are batch-normalised. Not where a gradient penalty is
        taken: it is of each example alone, which a normalised batch has none of.

    Returns
    -------
    Layer
        Of shape (None, 1): the logit of being real; for a critic, its value.

    Raises
    ------
    ValueError
        As for the generator.

    References
    ----------
    As for :func:`build_conv_generator`; I. Gulrajani and others, "Improved training of Wasserstein
    GANs", 2017, 4, for ``norm=False``.

    Examples
    --------
    >>> build_conv_discriminator(classes=10).output_shape
    (None, 1)
    """
    _, halvings = _doublings(image_shape, "build_conv_discriminator")
    net: Layer = InputLayer((None, *image_shape), name="image")
    if classes:
        label = InputLayer((None, classes), name="label")
        rows, columns = image_shape[1:]
        plane: Layer = DenseLayer(label, rows * columns, W=SMALL, nonlinearity=None, name="plane")
        plane = ReshapeLayer(plane, ([0], 1, rows, columns), name="plane.map")
        net = ConcatLayer([net, plane], name="joined")
    for number in range(halvings):
        bare = number == 0 or not norm  # the paper: no normalisation next to the image
        bias: dict[str, Any] = {} if bare else {"b": None}
        net = Conv2DLayer(
            net, width * 2**number, 4, stride=2, pad=1, W=SMALL, flip_filters=False,
            nonlinearity=LEAKY if bare else None, name=f"down{number + 1}",
            **bias,
        )  # fmt: skip
        if not bare:
            net = _normalised(net, f"down{number + 1}", LEAKY)
    return DenseLayer(net, 1, W=SMALL, nonlinearity=None, name="logit")


def _latent(latent: int, classes: int) -> Any:
    """The noise, joined with the labels if there are some."""
    if latent < 1:
        raise ValueError(f"a generator needs at least 1 number of noise, not {latent}")
    net: Layer = InputLayer((None, latent), name="latent")
    if not classes:
        return net
    return ConcatLayer([net, InputLayer((None, classes), name="label")], name="latent.label")


def _normalised(net: Any, name: str, nonlinearity: Any) -> Any:
    """Batch normalisation as the paper's code has it, and the nonlinearity."""
    net = BatchNormLayer(net, epsilon=1e-5, gamma=NEAR_ONE, name=f"{name}.bn")
    return NonlinearityLayer(net, nonlinearity, name=f"{name}.out")


def _size(shape: tuple[int, ...]) -> int:
    """Numbers of an image."""
    count = 1
    for length in shape:
        count *= length
    return count


def _doublings(image_shape: tuple[int, int, int], name: str) -> tuple[int, int]:
    """Side of the smallest maps, and how often it is doubled to the image's."""
    rows, columns = image_shape[1:]
    side, count = rows, 0
    while side > 7 and side % 2 == 0:
        side, count = side // 2, count + 1
    if rows != columns or not 4 <= side <= 7 or count == 0:
        raise ValueError(
            f"{name}: images are square with sides of 4, 5, 6 or 7 times 2, 4, 8, ... (28, 32, "
            f"64), not {rows} x {columns}; --size scales them"
        )
    return side, count
