"""Receptive fields against the support of gradients; patches against a slow search."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, look
from minitorch.data import Dataset, Standardiser
from minitorch.look.patches import cut
from minitorch.look.receptive import Field, receptive_field
from minitorch.nonlinearities import rectify
from minitorch.training import Classifier

POSITIVE = {"W": init.Uniform((0.1, 1)), "b": None, "nonlinearity": None}
MEAN = {"mode": "average_inc_pad"}


def conv(net, size, **how):
    return layers.Conv2DLayer(net, 2, size, **{**POSITIVE, **how})


def inception(net):
    net = conv(net, 3, stride=2)
    one, two = conv(net, 1), conv(net, 5, pad=2)
    three = conv(layers.Pool2DLayer(net, 3, 1, 1, **MEAN), 3, pad="same")
    return layers.ConcatLayer([one, two, three])


def residual(net):
    net = layers.BatchNormLayer(conv(net, (3, 5), pad=(1, 2)))
    return layers.NonlinearityLayer(layers.ElemwiseSumLayer([net, conv(net, 3, pad=1)]), rectify)


NETWORKS = {
    "plain": lambda net: conv(layers.Pool2DLayer(conv(net, 5), 2, **MEAN), 3),
    "strides": lambda net: conv(conv(net, (3, 4), stride=(2, 3), pad=(1, 0)), 2, stride=2),
    "full": lambda net: conv(conv(net, 3, pad="full"), 3, pad="same"),
    "dilated": lambda net: layers.DilatedConv2DLayer(net, 2, 3, dilation=(2, 3), **POSITIVE),
    "borders": lambda net: conv(layers.PadLayer(net, ((0, 1), (2, 1))), 3, stride=2),
    "overlapping": lambda net: conv(layers.Pool2DLayer(net, 3, 2, 1, **MEAN), 1),
    "inception": inception,
    "residual": residual,
}  # fmt: skip


@pytest.mark.parametrize("kind", NETWORKS)
def test_fields_are_where_the_gradient_is(kind):
    mt.random.seed(0)
    net = NETWORKS[kind](layers.InputLayer((None, 1, 17, 19)))
    down, across = receptive_field(net, net)
    x = mt.asarray(np.random.default_rng(0).uniform(1, 2, (1, 1, 17, 19))).requires_grad_()
    maps = layers.get_output(net, x, deterministic=True)
    for i, j in {(0, 0), (1, 2), (maps.shape[2] - 1, maps.shape[3] - 1)}:
        (g,) = mt.grad(mt.sum(maps[0, :, i, j]), [x], retain_graph=True)
        rows, columns = np.nonzero(g.numpy()[0, 0])
        for seen, field, k, length in [(rows, down, i, 17), (columns, across, j, 19)]:
            first = field.start + field.step * k
            assert seen.min() == max(0, first)
            assert seen.max() == min(length, first + field.size) - 1


def test_fields_that_are_everything():
    data = layers.InputLayer((None, 1, 12, 12))
    net = conv(data, 3)
    for last in (
        layers.DenseLayer(net, 2),
        layers.GlobalPoolLayer(net),
        layers.Upscale2DLayer(net, 2),
        layers.TransposedConv2DLayer(net, 2, 3),
        layers.ElemwiseSumLayer([net, conv(data, 5)], cropping=[None, None, "lower", "lower"]),
        layers.SliceLayer(net, slice(0, 4)),
    ):
        assert receptive_field(last, last) is None
    assert receptive_field(net, data) == (Field(), Field())
    with pytest.raises(ValueError, match="is no layer of the network"):
        receptive_field(data, net)


@pytest.mark.parametrize("layer", ["conv1", "pool1", "conv2"])
def test_patches_by_a_slow_search(lenet, digits, layer):
    some = digits.take(slice(0, 60))
    found = look.top_patches(lenet, some, layer, [5, 2], count=4)
    subject = look.Subject(lenet)
    one = subject.layer(layer)
    down, across = receptive_field(subject.network, one)
    maps = np.stack([look.activations(lenet, image, layer) for image in some.x])
    for row, unit in enumerate(found.units):
        strongest = maps[:, unit].max(axis=(1, 2))
        order = sorted(range(60), key=lambda i: (-strongest[i], i))[:4]
        np.testing.assert_allclose(found.values[row], strongest[order], rtol=1e-4)
        for k, example in enumerate(found.examples[row]):
            i, j = found.places[row, k]
            assert maps[example, unit, i, j] == pytest.approx(strongest[example], rel=1e-4)
            top, left = down.start + down.step * i, across.start + across.step * j
            part = np.s_[:, top : top + down.size, left : left + across.size]
            x = lenet.prepare(some.x[example])
            np.testing.assert_array_equal(found.patches[row, k], x[part])
            whole = look.deconvnet(lenet, some.x[example], unit, layer)
            np.testing.assert_array_equal(found.back[row, k], whole[part])
            outside = whole.copy()
            outside[part] = 0
            assert np.abs(outside).max() <= 1e-5 * np.abs(whole).max()  # it sees no more


def test_a_patch_alone_is_as_exciting(lenet, digits):
    """With the border of LeNet's convolutions, valid ones, the patch is all there is."""
    found = look.top_patches(lenet, digits, "conv2", [3], count=1)
    subject, x = look.Subject(lenet), np.zeros((1, 1, 20, 20), np.float32)
    size = found.patches.shape[-1]
    x[0, :, :size, :size] = found.patches[0, 0]
    maps = subject.values(x, subject.layer("conv2"))[subject.layer("conv2")].numpy()
    assert maps[0, 3, 0, 0] == pytest.approx(found.values[0, 0], rel=1e-4)


def test_fields_larger_than_the_image_give_the_image():
    mt.random.seed(0)
    net = layers.InputLayer((None, 1, 6, 9))
    net = layers.Conv2DLayer(net, 3, (5, 3), pad=2, name="conv")
    net = layers.Conv2DLayer(net, 3, (3, 3), pad=1, name="deep")
    made = Classifier(layers.DenseLayer(net, 2), (), Standardiser([100], [50]))
    x = np.random.default_rng(0).integers(0, 256, (3, 1, 6, 9), np.uint8)
    data = Dataset(x, np.zeros(3, int), 2, "three")
    found = look.top_patches(made, data, "deep", [0], count=9)
    assert found.patches.shape == (1, 3, 1, 6, 5)
    first = look.top_patches(made, data, "conv", [0])
    for k, example in enumerate(first.examples[0]):
        expected = np.pad(made.prepare(x[example]), [(0, 0), (2, 2), (2, 2)])
        i, j = first.places[0, k]
        np.testing.assert_array_equal(first.patches[0, k], expected[:, i : i + 5, j : j + 3])


def test_parts_beyond_the_borders():
    x = np.arange(12.0).reshape(1, 3, 4)
    np.testing.assert_array_equal(cut(x, [(1, 2), (2, 2)]), x[:, 1:3, 2:4])
    np.testing.assert_array_equal(cut(x, [(-1, 2), (3, 3)]), [[[0, 0, 0], [3, 0, 0]]])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"layer": "dense"}, "expected maps"),
        ({"layer": "conv3"}, "did you mean 'conv1'|did you mean"),
        ({"units": [16]}, "has 16 channels"),
        ({"units": []}, "it takes images, units and a count"),
        ({"count": 0}, "it takes images, units and a count"),
    ],
)
def test_bad_input(lenet, digits, how, message):
    with pytest.raises(ValueError, match=message):
        look.top_patches(lenet, digits, **{"layer": "conv2", **how})
