"""Residual networks: published figures, short cuts, names, pre-activation, a step."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.models import build_cifar_resnet, build_resnet
from minitorch.models.residual import bottleneck, shortcut
from minitorch.parameter import without_values


@pytest.mark.parametrize(
    ("name", "weights", "giga", "papers"),  # torchvision's documentation; the paper's table 1
    [
        ("resnet18", 11_689_512, 1.81, 1.8),
        ("resnet34", 21_797_672, 3.66, 3.6),
        ("resnet50", 25_557_032, 4.09, 3.8),
        ("resnet101", 44_549_160, 7.80, 7.6),
        ("resnet152", 60_192_808, 11.51, 11.3),
    ],
)
def test_imagenets_figures(blank, name, weights, giga, papers):
    network = blank(name)
    assert layers.count_params(network, trainable=True) == weights
    assert round(layers.summary(network).multiply_adds / 1e9, 2) == giga
    first = layers.summary(blank(name, strided=1)).multiply_adds / 1e9
    assert abs(first - papers) < 0.02 * papers
    shapes = {x.name: x.output_shape[1:] for x in layers.get_all_layers(network)}
    assert [shapes[x][1] for x in ("relu", "maxpool", "layer2.0", "layer3.0", "layer4.0")] == [
        112, 56, 28, 14, 7
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("depth", "weights", "millions"),  # the paper's table 6
    [(20, 269_722, 0.27), (32, 464_154, 0.46), (44, 658_586, 0.66), (56, 853_018, 0.85),
     (110, 1_727_962, 1.7)],
)  # fmt: skip
def test_cifars_figures(blank, depth, weights, millions):
    found = layers.count_params(blank(f"resnet{depth}"), trainable=True)
    n = (depth - 2) // 6
    by_hand = 3 * 9 * 16 + 32 + 650
    for stage, maps in enumerate((16, 32, 64)):
        by_hand += 2 * n * (9 * maps * maps + 2 * maps)
        by_hand -= 9 * maps * maps // 2 if stage else 0  # half as many maps go in
    assert found == by_hand == weights
    assert abs(found / 1e6 - millions) < 0.03


def test_short_cuts_change_the_parameters_as_they_should():
    counted = {}
    for option in "ABC":
        with without_values():
            network = build_cifar_resnet(20, shortcut=option)
        counted[option] = layers.count_params(network, trainable=True)
    projections = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    assert counted["A"] == 269_722 and counted["B"] == counted["A"] + projections == 272_474
    same = 3 * (16 * 16 + 32) + 2 * (32 * 32 + 64) + 2 * (64 * 64 + 128)
    assert counted["C"] == counted["B"] + same
    work = {}
    for option in "AB":
        with without_values():
            work[option] = layers.summary(build_resnet(34, shortcut=option)).multiply_adds
    assert work["A"] < work["B"]


def test_a_padded_short_cut_is_every_second_pixel_between_zeros():
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 6)).astype(np.float32)
    net = shortcut(layers.InputLayer((None, 3, 5, 6)), 8, 2, "A", "b")
    out = layers.get_output(net, mt.asarray(x)).numpy()
    expected = np.zeros((2, 8, 3, 3), np.float32)
    expected[:, 2:5] = x[:, :, ::2, ::2]
    np.testing.assert_array_equal(out, expected)
    pooled = layers.Pool2DLayer((None, 3, 5, 6), 1, stride=2, mode="average_inc_pad")
    lecture = layers.get_output(pooled, {None: mt.asarray(x)}).numpy()
    np.testing.assert_array_equal(out[:, 2:5], lecture)  # TFLearn's 1 x 1 average pooling
    entrance = layers.InputLayer((None, 3, 5, 6))
    assert shortcut(entrance, 3, 1, "A", "b") is entrance
    assert shortcut(entrance, 3, 1, "B", "b") is entrance
    assert shortcut(entrance, 3, 1, "C", "b") is not entrance


def test_a_block_that_starts_at_gamma_zero_is_the_identity():
    net = bottleneck(layers.InputLayer((None, 8, 4, 4)), 2, 1, "b", gamma=0.0)
    x = np.random.default_rng(0).random((2, 8, 4, 4)).astype(np.float32)
    np.testing.assert_array_equal(layers.get_output(net, mt.asarray(x)).numpy(), x)


def torchvision_keys(depth):
    """The convolutions and normalisations of torchvision's state dictionary, by its scheme."""
    blocks = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}[depth]
    keys = {"conv1", "bn1", "fc"}
    for stage, count in enumerate(blocks, start=1):
        for block in range(count):
            inner = range(1, 3 if depth == 18 else 4)
            keys |= {f"layer{stage}.{block}.{k}{i}" for k in ("conv", "bn") for i in inner}
            if block == 0 and (stage > 1 or depth == 50):
                keys |= {f"layer{stage}.{block}.downsample.{i}" for i in (0, 1)}
    return keys


@pytest.mark.parametrize("depth", [18, 50])
def test_names_are_torchvisions(blank, counts, depth):
    assert set(counts(blank(f"resnet{depth}"))) == torchvision_keys(depth)


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize("option", ["A", "B"])
def test_imagenets_train(trains, depth, option):
    network = build_resnet(depth, 3, (3, 33, 33), shortcut=option, width=4)
    trains(network, (3, 33, 33), 3)


@pytest.mark.parametrize("preactivation", [False, True])
@pytest.mark.parametrize("option", ["A", "B"])
def test_cifars_train(trains, preactivation, option):
    network = build_cifar_resnet(
        8, 3, (3, 9, 9), shortcut=option, preactivation=preactivation, width=4
    )
    trains(network, (3, 9, 9), 3)


def test_preactivation_leaves_the_sums_alone(blank):
    network = blank("preresnet32")
    found = layers.get_all_layers(network)
    kinds = {one.name: type(one) for one in found}
    assert kinds["layer1.0"] is layers.ElemwiseSumLayer
    order = [one.name for one in found if one.name and one.name.startswith("layer1.0.")]
    assert order == [f"layer1.0.{k}{i}" for i in (1, 2) for k in ("bn", "relu", "conv")]
    assert [one.name for one in found][-4:] == ["bn", "relu", "avgpool", "fc"]


def test_wrong_settings():
    with pytest.raises(ValueError, match="depth is one of 18, 34, 50, 101, 152, not 19"):
        build_resnet(19)
    with pytest.raises(ValueError, match=r"depth is 6n \+ 2 .*, not 21"):
        build_cifar_resnet(21)
    with pytest.raises(ValueError, match="a short cut is 'A'.*not 'D'"):
        build_cifar_resnet(20, shortcut="D")
    with pytest.raises(ValueError, match="no residual_gamma to set; leave it at 1"):
        build_cifar_resnet(20, preactivation=True, residual_gamma=0)
