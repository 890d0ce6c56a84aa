"""What holds for every network of the registry, and how work is counted."""

import inspect
import itertools

import numpy as np
import pytest

from minitorch import layers
from minitorch.models import MODELS
from minitorch.parameter import without_values


def shapes_of(network):
    return [one.output_shape for one in layers.get_all_layers(network)]


def classifies(name):
    return "num_classes" in inspect.signature(MODELS[name].builder).parameters


@pytest.mark.parametrize("name", MODELS)
def test_every_network_has_its_settings(name, blank):
    entry = MODELS[name]
    network = blank(name)
    entrance, *others = [x for x in layers.get_all_layers(network) if not x.sources()]
    assert entrance.output_shape == (None, *entry.input_shape)
    assert [x.name for x in others] == ["style_weights"] * ("style" in name)
    if classifies(name):
        assert network.output_shape == (None, 1000 if entry.input_shape[1] > 200 else 10)
        assert blank(name, num_classes=21).output_shape == (None, 21)
    else:
        assert network.output_shape[2:] == entry.input_shape[1:]
    assert entry.name == name and entry.paper
    figures = entry.figures()
    assert figures["layers"] == len(shapes_of(network))
    assert figures["parameters"] == layers.count_params(network, trainable=True)
    assert figures["multiply_adds"] == layers.summary(network).multiply_adds > 0


@pytest.mark.parametrize("name", MODELS)
def test_layers_with_parameters_have_names_of_their_own(name, blank, counts):
    network = blank(name)
    assert sum(counts(network).values()) == MODELS[name].figures()["parameters"]
    named = [p.name for p in layers.get_all_params(network)]
    assert len(set(named)) == len(named) and all(named)


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_drawn_for_figures(name):
    with without_values():
        params = layers.get_all_params(MODELS[name].build())
    assert all(
        p.requires_grad == ("inv_std" not in p.name and "mean" not in p.name) for p in params
    )
    drawn = [p for p in params if p.ndim > 1]
    assert drawn and not any(  # zeros, or a constant that they begin as
        np.ptp(p.get_value(borrow=True).flat[:: max(1, p.size // 8)]) for p in drawn
    )


@pytest.mark.parametrize(
    ("name", "side", "options"),  # what the docstrings say
    [
        ("alexnet", 67, {}), ("vgg19", 32, {}), ("googlenet", 79, {"aux": True}),
        ("inception_v3", 75, {}), ("inception_v3", 299, {"aux": True}), ("keras_cnn", 6, {}),
    ],
)  # fmt: skip
def test_images_that_are_too_small(name, side, options, blank):
    channels = MODELS[name].input_shape[0]
    blank(name, input_shape=(channels, side, side), **options)
    with pytest.raises(ValueError, match=r"the layers above it:"):
        blank(name, input_shape=(channels, side - 1, side - 1), **options)


def slow_count(layer):
    """Products of one image's convolution or dense layer, counted one by one."""
    count = 0
    if isinstance(layer, layers.DenseLayer):
        for _ in itertools.product(range(layer.W.shape[0]), range(layer.num_units)):
            count += 1
    elif isinstance(layer, layers.Conv2DLayer):
        channels, filters = layer.input_shape[1], layer.num_filters
        per_group = channels // layer.num_groups
        places = itertools.product(range(layer.output_shape[2]), range(layer.output_shape[3]))
        for _, f in itertools.product(places, range(filters)):
            group = f // (filters // layer.num_groups)
            for c in range(group * per_group, (group + 1) * per_group):
                assert c < channels
                count += np.ones(layer.filter_size, int).sum()
    return count


def test_work_is_what_a_slow_count_gives():
    net = layers.InputLayer((None, 4, 9, 7))
    net = layers.Conv2DLayer(net, 6, 3, stride=2, pad=1, num_groups=2)
    net = layers.batch_norm(layers.Conv2DLayer(net, 6, (1, 3), pad=(0, 1), num_groups=6))
    net = layers.MaxPool2DLayer(net, 2)
    net = layers.DenseLayer(layers.dropout(net), 5)
    by_hand = [slow_count(one) for one in layers.get_all_layers(net)]
    found = layers.summary(net)
    assert [line.multiply_adds for line in found.lines] == by_hand
    assert found.multiply_adds == sum(by_hand) > 0


def test_work_is_per_image_for_any_batch(blank):
    network = blank("lenet")
    one = layers.summary(network).multiply_adds
    assert layers.summary(network, (7, 1, 28, 28)).multiply_adds == 7 * one
