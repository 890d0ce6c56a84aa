"""Lasagne's names for layers on GPU libraries: the ordinary layers, with those defaults."""

import re

import numpy as np
import pytest

from minitorch import init, layers
from minitorch.layers import (
    Conv2DLayer,
    Conv3DLayer,
    InputLayer,
    MaxPool2DLayer,
    NINLayer,
    corrmm,
    cuda_convnet,
    dnn,
    get_output,
)
from minitorch.layers.cuda_convnet import (
    Conv2DCCLayer,
    MaxPool2DCCLayer,
    NINLayer_c01b,
    bc01_to_c01b,
    c01b_to_bc01,
)
from minitorch.nonlinearities import tanh

ALIASES = {
    "Pool2DDNNLayer": "Pool2DLayer",
    "MaxPool2DDNNLayer": "MaxPool2DLayer",
    "Pool3DDNNLayer": "Pool3DLayer",
    "MaxPool3DDNNLayer": "MaxPool3DLayer",
    "SpatialPyramidPoolingDNNLayer": "SpatialPyramidPoolingLayer",
    "BatchNormDNNLayer": "BatchNormLayer",
    "batch_norm_dnn": "batch_norm",
}


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize(("name", "plain"), ALIASES.items())
def test_aliases(name, plain):
    assert getattr(dnn, name) is getattr(layers, plain)
    assert name in dnn.__all__ and not hasattr(layers, name)


CONVOLUTIONS = [
    (dnn.Conv2DDNNLayer, Conv2DLayer),
    (dnn.Conv3DDNNLayer, Conv3DLayer),
    (corrmm.Conv2DMMLayer, Conv2DLayer),
    (Conv2DCCLayer, Conv2DLayer),
]


@pytest.mark.parametrize("flip", [None, True])
@pytest.mark.parametrize(("cls", "plain"), CONVOLUTIONS)
def test_convolutions(cls, plain, flip):
    shape = (2, 4, *[5] * plain.axes)
    given = {} if flip is None else {"flip_filters": flip}
    layer = cls(InputLayer(shape), 6, 3, 2, 1, b=init.Normal(1.0), num_groups=2, **given)
    twin = plain(
        layer.input_layer, 6, 3, 2, 1, W=layer.W, b=layer.b, num_groups=2, flip_filters=bool(flip)
    )
    a, b = get_output([layer, twin], numbers(*shape))
    np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert isinstance(layer, plain) and ("flip_filters" in repr(layer)) == bool(flip)


def test_max_pooling_keeps_the_border():
    layer = MaxPool2DCCLayer(InputLayer((1, 2, 8, 8)), 3, 2)
    twin = MaxPool2DLayer(layer.input_layer, 3, 2, ignore_border=False)
    a, b = get_output([layer, twin], numbers(1, 2, 8, 8))
    np.testing.assert_array_equal(a.numpy(), b.numpy())
    with pytest.raises(NotImplementedError, match="does not support ignore_border=True"):
        MaxPool2DCCLayer((1, 2, 8, 8), 3, 2, ignore_border=True)


@pytest.mark.parametrize("make", [lambda s, **k: Conv2DCCLayer(s, 2, 3, **k),
                                  lambda s, **k: MaxPool2DCCLayer(s, 2, **k)])  # fmt: skip
def test_the_other_layout_is_shuffled(make):
    with pytest.raises(NotImplementedError, match="dimshuffle=True; put c01b_to_bc01 before it"):
        make((2, 3, 8, 8), dimshuffle=False)


def test_shuffling():
    x = numbers(2, 3, 4, 5)
    there = bc01_to_c01b(InputLayer((None, 3, 4, 5)))
    back = c01b_to_bc01(there)
    assert there.output_shape == (3, 4, 5, None) and back.output_shape == (None, 3, 4, 5)
    a, b = get_output([there, back], x)
    np.testing.assert_array_equal(a.numpy(), x.transpose(1, 2, 3, 0))
    np.testing.assert_array_equal(b.numpy(), x)
    assert repr(there) == "ShuffleBC01ToC01BLayer()"
    assert cuda_convnet.ShuffleC01BToBC01Layer is c01b_to_bc01


@pytest.mark.parametrize("untie", [False, True])
def test_nin_in_the_other_layout(untie, check_gradients):
    shape = (3, 2, 4, 2)
    layer = NINLayer_c01b(shape, 5, untie_biases=untie, b=init.Normal(1.0), nonlinearity=tanh)
    twin = NINLayer(
        (2, 3, 2, 4), 5, untie_biases=untie, W=layer.W.get_value().T, b=layer.b, nonlinearity=tanh
    )
    x = numbers(*shape)
    out = get_output(layer, {None: x}).numpy()
    expected = get_output(twin, {None: x.transpose(3, 0, 1, 2)}).numpy().transpose(1, 2, 3, 0)
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-7)
    assert layer.output_shape == out.shape and layer.b.shape == twin.b.shape
    check_gradients(layer, x)


def test_nin_in_the_other_layout_settings():
    layer = NINLayer_c01b((3, 2, None), 5, b=None, nonlinearity=None)
    assert layer.output_shape == (5, 2, None) and layer.get_params() == [layer.W]
    assert repr(layer) == "NINLayer_c01b(num_units=5, nonlinearity=linear)"
    assert "untie_biases=True" in repr(NINLayer_c01b((3, 2, None), 5, True))
    assert get_output(layer, {None: numbers(3, 2, 7)}).shape == (5, 2, 7)
    for shape, untie in [((None, 2, 3), False), ((3, None, 2), True), ((3,), False)]:
        with pytest.raises(ValueError, match=re.escape(f"got {shape!r}")):
            NINLayer_c01b(shape, 5, untie_biases=untie)
    with pytest.raises(TypeError, match=r"iterable of int, got 1\.5"):
        NINLayer_c01b((3, 2), 1.5)
