"""SqueezeNet and EfficientNet-lite0: published figures, padding, names, a step."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.models import build_efficientnet_lite0, build_squeezenet
from minitorch.models.efficientnet import same_pad
from minitorch.parameter import without_values


@pytest.mark.parametrize(
    ("name", "weights", "giga", "authors"),  # torchvision's; GFLOPS by the authors' README
    [("squeezenet1_0", 1_248_424, 0.82, 1.72), ("squeezenet1_1", 1_235_496, 0.35, 0.72)],
)
def test_squeezenets_figures(blank, name, weights, giga, authors):
    network = blank(name)
    assert layers.count_params(network) == weights
    assert round(layers.summary(network).multiply_adds / 1e9, 2) == giga
    wider = layers.summary(blank(name, input_shape=(3, 227, 227))).multiply_adds
    assert abs(2 * wider / 1e9 - authors) < 0.06  # theirs count products and sums


def test_squeezenets_modules_are_the_papers(blank, counts):
    found = counts(blank("squeezenet1_0"))
    fires = [(96, 16), (128, 16), (128, 32), (256, 32), (256, 48), (384, 48), (384, 64), (512, 64)]
    for number, (channels, squeezed) in enumerate(fires, start=2):
        expand = 4 * squeezed
        assert found[f"fire{number}.squeeze"] == channels * squeezed + squeezed
        assert found[f"fire{number}.expand1x1"] == squeezed * expand + expand
        assert found[f"fire{number}.expand3x3"] == 9 * squeezed * expand + expand
    network = blank("squeezenet1_0", input_shape=(3, 227, 227))
    sides = {x.name: x.output_shape[2:] for x in layers.get_all_layers(network)}
    assert [sides[x] for x in ("conv1", "pool1", "pool4", "pool8", "conv10")] == [
        (111, 111), (55, 55), (27, 27), (13, 13), (13, 13)
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_squeezenet_trains(trains, version):
    network = build_squeezenet(version, 3, (3, 40, 40))
    trains(network, (3, 40, 40), 3)


def test_versions():
    with pytest.raises(ValueError, match=r"version is '1.0' or '1.1', not '1.2'"):
        build_squeezenet("1.2")


def test_efficientnets_figures(blank):
    network = blank("efficientnet_lite0")
    assert layers.count_params(network, trainable=True) == 4_652_008  # the weights' file
    # The authors publish 407 million, 6% more; what they count besides, they do not say.
    assert layers.summary(network).multiply_adds == 385_187_552
    statistics = layers.get_all_params(network, batch_norm_stat=True)
    # With the statistics and a count per normalisation: the 4,694,073 values in that file.
    assert 4_652_008 + sum(p.size for p in statistics) + len(statistics) // 2 == 4_694_073


def test_efficientnets_names_are_the_files(blank, counts):
    found = set(counts(blank("efficientnet_lite0")))
    expected = {"conv_stem", "bn0", "conv_head", "bn1", "fc"}
    for i in range(16):
        kinds = ["depthwise_conv", "project_conv", "bn1", "bn2"]
        kinds += ["expand_conv", "bn0"] if i else []
        expected |= {f"blocks.{i}.{kind}" for kind in kinds}
    assert found == expected


@pytest.mark.parametrize("length", [6, 7, 8, 9])
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (5, 2), (1, 1), (1, 2)])
def test_same_padding_is_tensorflows(length, size, stride):
    """So many windows as strides begin, and never more zeros before than behind."""
    before, after = same_pad(length, size, stride)
    windows = (length + before + after - size) // stride + 1
    assert windows == -(-length // stride)
    assert 0 <= after - before <= 1
    if before + after:  # and not a zero too many
        assert (length + before + after - 1 - size) // stride + 1 < windows


def test_padding_needs_lengths():
    assert same_pad(None, 5, 1) == (2, 2)
    with pytest.raises(ValueError, match="give input_shape numbers"):
        build_efficientnet_lite0(input_shape=(3, None, None))


def test_efficientnet_trains(trains):
    network = build_efficientnet_lite0(3, (3, 32, 31), drop_connect=0)
    trains(network, (3, 32, 31), 3)


def test_branches_are_left_out_for_whole_images():
    with without_values():
        network = build_efficientnet_lite0(input_shape=(3, 32, 32))
    drops = [x for x in layers.get_all_layers(network) if (x.name or "").endswith("drop_connect")]
    places = (2, 4, 6, 7, 9, 10, 12, 13, 14)  # blocks that keep the shape
    assert [x.p for x in drops] == pytest.approx([0.2 * i / 16 for i in places])
    mt.random.seed(0)
    layer = layers.DropoutLayer((None, 4, 3, 3), p=0.5, shared_axes=drops[0].shared_axes)
    out = layers.get_output(layer, {None: mt.ones((32, 4, 3, 3))}).numpy()
    assert {tuple(np.unique(one)) for one in out} == {(0.0,), (2.0,)}
