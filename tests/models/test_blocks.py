"""One block of every kind of network, through ``gradcheck``: the image and all parameters."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers
from minitorch.models import (
    alexnet,
    build_hed,
    build_nin,
    efficientnet,
    fast_style,
    inception,
    inception_naive,
    inception_v3,
    squeezenet,
    truncate,
    vgg_body,
)
from minitorch.models.residual import basic, bottleneck, preactivated
from minitorch.parameter import Parameter
from minitorch.testing import gradcheck

ONES = (1, 1, 1, 1, 1, 1)


def alexnets(net):
    """A normalised, pooled layer, and one of two towers behind it."""
    net = layers.MaxPool2DLayer(alexnet._normed(net, "norm"), 3, stride=2, name="pool")
    return alexnet._conv(net, 4, 3, "conv", b=1.0, pad=1, num_groups=2)


def painted(net):
    """A strided convolution in a style, and a residual block."""
    style = layers.InputLayer((None, 2), name="style_weights")
    how = {"W": init.Normal(0.01)}
    net = fast_style._conv(net, style, 3, 3, "contract", stride=2, **how)
    inner = fast_style._conv(net, style, 3, 3, "res.0", **how)
    inner = fast_style._conv(inner, style, 3, 3, "res.1", nonlinearity=None, **how)
    return layers.ElemwiseSumLayer([net, inner])


def module_of_v3(net):
    """Pooling, a strided branch, and two sides at a branch's end."""
    branches = {"a": "1x1:2 3x1:2|1x3:1", "b": "mean 1x1:1", "c": "1x1:1 3x3:2"}
    return inception_v3._module(net, "m", branches, {})


# Of an image's channels, rows and columns, and the network on it.
BLOCKS = {
    "VGG": ((2, 6, 6), lambda x: truncate(vgg_body("B", (2, None, None), 2), "pool1")),
    "VGG, response norm": (
        (2, 6, 6), lambda x: truncate(vgg_body("A-LRN", (2, None, None), 3), "pool1")),
    "AlexNet": ((4, 7, 7), alexnets),
    "NIN": ((3, 8, 8), lambda x: truncate(build_nin(input_shape=(3, 8, 8)), "pool1")),
    "inception": ((2, 5, 5), lambda x: inception(x, ONES, "m")),
    "inception, naive": ((2, 5, 5), lambda x: inception_naive(x, 1, 2, 1, "m")),
    "inception-v3": ((2, 5, 5), module_of_v3),
    "residual": ((3, 5, 5), lambda x: basic(x, 3, 1, "b")),
    "residual, padded": ((2, 5, 5), lambda x: basic(x, 5, 2, "b", option="A")),
    "residual, projected": ((2, 5, 5), lambda x: basic(x, 3, 2, "b", option="B")),
    "bottleneck": ((8, 4, 4), lambda x: bottleneck(x, 2, 1, "b")),
    "bottleneck, projected": ((3, 5, 5), lambda x: bottleneck(x, 2, 2, "b")),
    "bottleneck, strided first": ((3, 5, 5), lambda x: bottleneck(x, 2, 2, "b", strided=1)),
    "pre-activated": ((3, 5, 5), lambda x: preactivated(x, 3, 1, "b")),
    "pre-activated, padded": ((2, 5, 5), lambda x: preactivated(x, 4, 2, "b")),
    "fire": ((3, 4, 4), lambda x: squeezenet.fire(x, 2, "f")),
    "MBConv": ((3, 5, 5), lambda x: efficientnet._block(x, 3, 3, 1, 6, "m", 0)),
    "MBConv, strided": ((2, 5, 6), lambda x: efficientnet._block(x, 3, 5, 2, 6, "m", 0)),
    "HED": ((2, 9, 7), lambda x: build_hed((2, None, None), width=1)),
    "a style's": ((2, 6, 6), painted),
}  # fmt: skip


def parameters(network):
    """Where trained parameters are held: layers and names of attributes."""
    return [
        (layer, name)
        for layer in layers.get_all_layers(network)
        for name, value in vars(layer).items()
        if isinstance(value, Parameter) and value.requires_grad
    ]


@pytest.mark.parametrize("kind", BLOCKS)
def test_gradients_of_a_block(kind, doubles):
    mt.random.seed(0)
    image, make = BLOCKS[kind]
    network = make(layers.InputLayer((None, *image), name="input"))
    entries = [one for one in layers.get_all_layers(network) if not one.sources()]
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(2, *image))]
    data += [rng.normal(size=(2, *one.output_shape[1:])) for one in entries[1:]]
    held = parameters(network)
    values = [rng.normal(size=getattr(layer, name).shape) / 2 for layer, name in held]

    def function(*arrays):
        for (layer, name), value in zip(held, arrays[len(data) :], strict=True):
            setattr(layer, name, value)
        return layers.get_output(network, dict(zip(entries, arrays, strict=False)))

    assert len(held) == len(layers.get_all_params(network, trainable=True)) > 1
    gradcheck(function, [*data, *values])
