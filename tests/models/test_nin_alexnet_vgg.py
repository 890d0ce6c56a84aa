"""Network in Network, AlexNet and VGG: the papers' tables, constants and a step."""

import numpy as np
import pytest

from minitorch import init, layers
from minitorch.models import build_alexnet, build_nin, build_vgg, vgg_body
from minitorch.nonlinearities import softmax
from minitorch.parameter import without_values


def shapes(network):
    return {layer.name: layer.output_shape[1:] for layer in layers.get_all_layers(network)}


def test_nins_parameters(counts):
    assert list(counts(build_nin()).values()) == [
        5 * 5 * 3 * 192 + 192, 192 * 160 + 160, 160 * 96 + 96,
        5 * 5 * 96 * 192 + 192, 192 * 192 + 192, 192 * 192 + 192,
        3 * 3 * 192 * 192 + 192, 192 * 192 + 192, 192 * 10 + 10,
    ]  # fmt: skip
    assert [s[1:] for s in shapes(build_nin()).values()][-6:] == [
        (8, 8), (8, 8), (8, 8), (8, 8), (), ()
    ]  # fmt: skip


def test_nin_trains(trains):
    trains(build_nin(num_classes=3, input_shape=(3, 8, 8)), (3, 8, 8), 3)


# Krizhevsky et al. 2012, figure 2 and section 3.5: half of the maps for each of the two towers.
ALEXNET = {
    "conv1": 2 * (11 * 11 * 3 * 48 + 48),
    "conv2": 2 * (5 * 5 * 48 * 128 + 128),
    "conv3": 2 * (3 * 3 * 256 * 192 + 192),
    "conv4": 2 * (3 * 3 * 192 * 192 + 192),
    "conv5": 2 * (3 * 3 * 192 * 128 + 128),
    "fc6": 2 * (6 * 6 * 256 * 2048 + 2048),
    "fc7": 2 * (4096 * 2048 + 2048),
    "fc8": 4096 * 1000 + 1000,
}


def test_alexnets_parameters_and_work(blank, counts):
    network = blank("alexnet")
    assert counts(network) == ALEXNET
    assert sum(ALEXNET.values()) == 60_965_224  # the paper's 60 million; Caffe's bvlc_alexnet
    work = {line.name: line.multiply_adds for line in layers.summary(network).lines}
    places = {"conv1": 55, "conv2": 27, "conv3": 13, "conv4": 13, "conv5": 13}
    for name, side in places.items():
        maps = {"conv1": 96, "conv3": 384, "conv4": 384}.get(name, 256)
        assert work[name] == (ALEXNET[name] - maps) * side * side
    assert sum(work.values()) == 724_406_816  # 0.72 G, as published for the grouped network
    neurons = sum(np.prod(shapes(network)[name]) for name in ALEXNET)
    assert 650_000 < neurons < 660_000  # the abstract's 650,000


def test_alexnets_constants():
    with without_values():
        network = build_alexnet()
    named = {layer.name: layer for layer in layers.get_all_layers(network)}
    for name, expected in [("conv1", 0), ("conv2", 1), ("conv3", 0), ("conv4", 1), ("conv5", 1),
                           ("fc6", 1), ("fc7", 1), ("fc8", 0)]:  # fmt: skip
        assert (named[name].b.get_value() == expected).all(), name
    order = [name for name in named if name and name[:4] in ("conv", "norm", "pool")]
    assert order == ["conv1", "norm1", "pool1", "conv2", "norm2", "pool2", "conv3", "conv4",
                     "conv5", "pool5"]  # fmt: skip
    norm = named["norm1"]
    assert (norm.k, norm.n, norm.alpha, norm.beta) == (2, 5, 1e-4, 0.75)
    assert named["drop6"].p == named["drop7"].p == 0.5
    with without_values():
        assert layers.count_params(build_alexnet(towers=1)) == 62_378_344  # known for one tower


def test_alexnets_body_trains(trains):
    with without_values():
        named = {x.name: x for x in layers.get_all_layers(build_alexnet(input_shape=(3, 67, 67)))}
    rng = np.random.default_rng(0)
    body = named["pool5"]
    for p in layers.get_all_params(body):
        if p.ndim > 1:
            p.set_value(rng.normal(scale=0.05, size=p.shape))
    trains(layers.DenseLayer(body, 3, W=init.Normal(0.1), nonlinearity=softmax), (3, 67, 67), 3)


# The lecture's table of VGG-19.
VGG19 = {
    "conv1_1": 1_792, "conv1_2": 36_928,
    "conv2_1": 73_856, "conv2_2": 147_584,
    "conv3_1": 295_168, "conv3_2": 590_080, "conv3_3": 590_080, "conv3_4": 590_080,
    "conv4_1": 1_180_160, "conv4_2": 2_359_808, "conv4_3": 2_359_808, "conv4_4": 2_359_808,
    "conv5_1": 2_359_808, "conv5_2": 2_359_808, "conv5_3": 2_359_808, "conv5_4": 2_359_808,
    "fc6": 102_764_544, "fc7": 16_781_312, "fc8": 4_097_000,
}  # fmt: skip


def test_vgg19_is_the_lectures(blank, counts):
    assert counts(blank("vgg19")) == VGG19
    sides = {name: shape[1] for name, shape in shapes(blank("vgg19")).items() if len(shape) == 3}
    assert [sides[f"pool{i}"] for i in range(1, 6)] == [112, 56, 28, 14, 7]


@pytest.mark.parametrize(
    ("name", "weights", "giga"),  # torchvision's documentation; the paper's millions for C
    [
        ("vgg11", 132_863_336, 7.61),
        ("vgg11_lrn", 132_863_336, 7.61),
        ("vgg13", 133_047_848, 11.31),
        ("vgg16", 138_357_544, 15.47),
        ("vgg19", 143_667_240, 19.63),
        ("vgg16_c", 134e6, None),
    ],
)
def test_vggs_figures(blank, name, weights, giga):
    found = layers.summary(blank(name))
    assert found.parameters == weights or (giga is None and abs(found.parameters - weights) < 5e5)
    assert giga is None or round(found.multiply_adds / 1e9, 2) == giga


def test_columns_differ_where_the_paper_says(blank, counts):
    c, d = counts(blank("vgg16_c")), counts(blank("vgg16"))
    assert {name for name in d if d[name] != c[name]} == {"conv3_3", "conv4_3", "conv5_3"}
    assert c["conv5_3"] == 512 * 512 + 512
    order = list(shapes(blank("vgg11_lrn")))
    assert order[1:4] == ["conv1_1", "norm1", "pool1"]
    with pytest.raises(ValueError, match="no column 'F'; there are A, A-LRN, B, C, D, E"):
        build_vgg("F")
    with pytest.raises(ValueError, match="window.*larger than the input"):
        build_vgg("A", input_shape=(3, 16, 16), width=1)


def test_vgg_trains(trains):
    network = build_vgg("A-LRN", 3, (3, 32, 32), width=2)
    trains(network, (3, 32, 32), 3)


def test_vggs_body_takes_images_of_any_size():
    body = vgg_body("E", width=1)
    assert layers.get_output_shape(body, (1, 3, 450, 845)) == (1, 8, 14, 26)
