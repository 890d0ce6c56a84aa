"""GoogLeNet and Inception-v3: the papers' tables module by module, heads, names, a step."""

import pytest

from minitorch import layers
from minitorch.models import build_googlenet, build_inception_v3, inception, inception_naive
from minitorch.models.googlenet import MODULES

# Szegedy et al. 2014, table 1: millions of operations and maps that come out. It has 54 for 5a,
# where its own numbers of filters give 51.
OPERATIONS = {"3a": 128, "3b": 304, "4a": 73, "4b": 88, "4c": 100, "4d": 119, "4e": 170,
              "5a": 51, "5b": 71}  # fmt: skip
OUTPUTS = {"3a": 256, "3b": 480, "4a": 512, "4b": 512, "4c": 512, "4d": 528, "4e": 832,
           "5a": 832, "5b": 1024}  # fmt: skip


def by_module(network, figure):
    """A figure of a summary's lines, added up over each inception module."""
    totals = dict.fromkeys(MODULES, 0)
    for line in layers.summary(network).lines:
        name = line.name.partition(".")[0].removeprefix("inception")
        if name in totals:
            totals[name] += getattr(line, figure)
    return totals


def test_googlenets_modules_are_the_papers(blank):
    network = blank("googlenet")
    channels, expected = 192, {}
    for name, (ones, r3, threes, r5, fives, pool) in MODULES.items():
        expected[name] = (
            channels * (ones + r3 + r5 + pool) + 9 * r3 * threes + 25 * r5 * fives
            + ones + r3 + threes + r5 + fives + pool
        )  # fmt: skip
        channels = ones + threes + fives + pool
        assert channels == OUTPUTS[name]
    assert by_module(network, "parameters") == expected
    work = by_module(network, "multiply_adds")
    for name, millions in OPERATIONS.items():
        assert abs(work[name] / 1e6 - millions) < 0.7, name
    shapes = {x.name: x.output_shape[1:] for x in layers.get_all_layers(network)}
    for name, count in OUTPUTS.items():
        assert shapes[f"inception{name}"] == (count, *[{"3": 28, "4": 14, "5": 7}[name[0]]] * 2)


def test_googlenets_figures(blank):
    whole = layers.summary(blank("googlenet"))
    assert whole.parameters == 6_998_552  # Caffe's bvlc_googlenet
    assert 1.5e9 < whole.multiply_adds < 1.6e9  # "1.5 billion multiply-adds at inference"
    heads = blank("googlenet", aux=True)
    assert [one.name for one in heads] == ["fc", "aux1.fc2", "aux2.fc2"]
    #  per head: 1 x 1 to 128 maps, 4 x 4 x 128 to 1024, 1024 to 1000
    dense = 2048 * 1024 + 1024 + 1024 * 1000 + 1000
    extra = (512 + 1) * 128 + (528 + 1) * 128 + 2 * dense
    assert layers.count_params(heads) == 6_998_552 + extra == 13_378_280
    normed = blank("googlenet_bn")
    assert layers.count_params(normed, trainable=True) == 6_624_904  # torchvision's
    assert round(layers.summary(normed).multiply_adds / 1e9, 2) == 1.50  # torchvision's
    both = blank("googlenet_bn", aux=True)
    assert layers.count_params(both, trainable=True) == 13_004_888  # the same with its heads


def test_naive_modules_grow(blank):
    naive = blank("googlenet", reduction=False)
    maps, expected = 192, {}
    for name, (ones, _, threes, _, fives, _) in MODULES.items():
        maps = expected[name] = maps + ones + threes + fives
    found = {x.name: x.output_shape[1] for x in layers.get_all_layers(naive)}
    assert {name: found[f"inception{name}"] for name in MODULES} == expected
    assert expected["5b"] == 4944
    reduced = layers.summary(blank("googlenet")).multiply_adds
    assert layers.summary(naive).multiply_adds > 5 * reduced


def test_a_module_by_itself():
    net = inception((None, 192, None, None), MODULES["3a"], "m")
    assert net.output_shape == (None, 256, None, None)
    assert [x.output_shape[1] for x in net.input_layers] == [64, 128, 32, 32]
    assert layers.count_params(inception_naive((None, 8, 6, 6), 1, 2, 3, "n")) == (
        8 * 1 + 1 + 8 * 9 * 2 + 2 + 8 * 25 * 3 + 3
    )


@pytest.mark.parametrize("options", [{}, {"batch_norm": True}])
def test_googlenet_trains(trains, options):
    trains(build_googlenet(3, (3, 48, 48), **options), (3, 48, 48), 3)


def test_googlenets_heads_are_on_4a_and_4d(blank):
    heads = blank("googlenet", aux=True, num_classes=3)
    below = [{x.name for x in layers.get_all_layers(one)} for one in heads[1:]]
    assert "inception4a" in below[0] and "inception4b" not in below[0]
    assert "inception4d" in below[1] and "inception4e" not in below[1]
    named = {x.name: x for x in layers.get_all_layers(heads)}
    assert named["aux1.pool"].output_shape == (None, 512, 4, 4)  # as the paper says
    assert named["aux2.pool"].output_shape == (None, 528, 4, 4)
    assert named["aux1.dropout"].p == 0.7 and named["dropout"].p == 0.4


def test_inception_v3s_figures(blank):
    network = blank("inception_v3")
    assert layers.count_params(network, trainable=True) == 23_834_568
    assert round(layers.summary(network).multiply_adds / 1e9, 2) == 5.71  # torchvision's
    heads = blank("inception_v3", aux=True)
    assert layers.count_params(heads, trainable=True) == 27_161_264  # torchvision's
    shapes = {x.name: x.output_shape[1:] for x in layers.get_all_layers(network)}
    # Szegedy et al. 2015, table 1: what goes into each stage.
    for name, shape in [
        ("Conv2d_1a_3x3", (32, 149, 149)), ("Conv2d_2a_3x3", (32, 147, 147)),
        ("Conv2d_2b_3x3", (64, 147, 147)), ("maxpool1", (64, 73, 73)),
        ("Conv2d_4a_3x3", (192, 71, 71)), ("Mixed_5d", (288, 35, 35)), ("Mixed_6a", (768, 17, 17)),
        ("Mixed_6e", (768, 17, 17)), ("Mixed_7a", (1280, 8, 8)), ("Mixed_7c", (2048, 8, 8)),
    ]:  # fmt: skip
        assert shapes[name] == shape


def test_inception_v3s_names_are_torchvisions(blank):
    """A module of every kind, by its keys in torchvision's file."""
    named = {x.name for x in layers.get_all_layers(blank("inception_v3", aux=True))}
    kinds = {
        "Mixed_5b": "1x1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 _pool",
        "Mixed_6a": "3x3 3x3dbl_1 3x3dbl_2 3x3dbl_3",
        "Mixed_6e": "1x1 7x7_1 7x7_2 7x7_3 7x7dbl_1 7x7dbl_2 7x7dbl_3 7x7dbl_4 7x7dbl_5 _pool",
        "Mixed_7a": "3x3_1 3x3_2 7x7x3_1 7x7x3_2 7x7x3_3 7x7x3_4",
        "Mixed_7c": "1x1 3x3_1 3x3_2a 3x3_2b 3x3dbl_1 3x3dbl_2 3x3dbl_3a 3x3dbl_3b _pool",
    }
    for module, branches in kinds.items():
        expected = {f"{module}.branch{b}.{x}" for b in branches.split() for x in ("conv", "bn")}
        found = {n for n in named if n and n.startswith(module) and n.endswith((".conv", ".bn"))}
        assert found == expected
    assert {"AuxLogits.conv0.conv", "AuxLogits.conv1.bn", "AuxLogits.fc", "fc"} <= named


def test_inception_v3_trains(trains):
    trains(build_inception_v3(3, (3, 75, 75)), (3, 75, 75), 3)
