"""Transposed and dilated convolutions: against loops, as adjoints, gradients, errors."""

import itertools
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers
from minitorch.layers import (
    Conv2DLayer,
    Conv3DLayer,
    DilatedConv2DLayer,
    InputLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
    get_output,
    get_output_shape,
)
from minitorch.nonlinearities import rectify, tanh

LAYERS = {2: TransposedConv2DLayer, 3: TransposedConv3DLayer}
FORWARD = {2: Conv2DLayer, 3: Conv3DLayer}


def stamps(x, w, stride, crop, size, flip, groups):
    """Every pixel stamps its filters on a canvas, which is then cut down to ``size``."""
    n = w.ndim - 2
    if not flip:  # cross-correlating the spread-out input turns the stamps round
        w = np.flip(w, axis=tuple(range(2, n + 2)))
    canvas = np.zeros((x.shape[0], w.shape[1] * groups, *[60] * n))
    depth = w.shape[0] // groups
    for image, c, *place in np.ndindex(x.shape):
        at = [slice(p * s, p * s + f) for p, s, f in zip(place, stride, w.shape[2:], strict=True)]
        first = c // depth * w.shape[1]
        spot = (image, slice(first, first + w.shape[1]), *at)
        canvas[spot] += x[(image, c, *place)] * w[c]
    return canvas[(..., *[slice(d, d + m) for d, m in zip(crop, size, strict=True)])]


GRID = [
    {"filter_size": 3},
    {"filter_size": (2, 3, 1), "stride": (1, 2, 1), "flip_filters": True},
    {"filter_size": 3, "stride": 2, "crop": 1},
    {"filter_size": 3, "stride": 2, "crop": "same", "output_size": (8, 9, 6)},
    {"filter_size": (3, 1, 3), "crop": (2, 0, 1)},
    {"filter_size": 2, "crop": "full"},
    {"filter_size": 2, "stride": 3, "crop": "valid", "num_groups": 2},
]


@pytest.mark.parametrize("settings", GRID, ids=str)
@pytest.mark.parametrize("n", [2, 3])
def test_shapes_and_output(n, settings):
    cut = {k: v[:n] if isinstance(v, tuple) else v for k, v in settings.items()}
    shape = (2, 4, *(4, 5, 3)[:n])
    mt.random.seed(1)
    layer = LAYERS[n](InputLayer(shape), 6, b=init.Normal(1.0), nonlinearity=None, **cut)
    size, crop = layer.filter_size, layer.crop
    if isinstance(crop, str):
        crop = {"same": [f // 2 for f in size], "full": [f - 1 for f in size]}[crop]
    least = [
        (m - 1) * s + f - 2 * c
        for m, s, f, c in zip(shape[2:], layer.stride, size, crop, strict=True)
    ]
    expected_shape = layer.output_size or tuple(least)
    assert layer.output_shape == (2, 6, *expected_shape)
    assert layer.W.shape == layer.get_W_shape() == (4, 6 // layer.num_groups, *size)
    x = np.random.default_rng(0).normal(size=shape)
    w, b = layer.W.get_value().astype(float), layer.b.get_value().astype(float)
    flip, groups = layer.flip_filters, layer.num_groups
    expected = stamps(x, w, layer.stride, crop, expected_shape, flip, groups)
    expected = expected + b.reshape(-1, *[1] * n)
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("n", [2, 3])
def test_it_is_the_adjoint_of_a_convolution(n, flip):
    """<conv x, y> = <x, back y> for the same W and the other flip_filters."""
    rng = np.random.default_rng(0)
    size = (7, 8, 5)[:n]
    settings = {"stride": 2, "b": None, "nonlinearity": None}
    conv = FORWARD[n]((2, 3, *size), 4, 3, pad=1, flip_filters=flip, **settings)
    back = LAYERS[n](
        conv, 3, 3, crop=1, W=conv.W, flip_filters=not flip, output_size=size, **settings
    )
    assert back.output_shape == conv.input_shape
    x, y = rng.normal(size=conv.input_shape), rng.normal(size=conv.output_shape)
    forth = get_output(conv, {None: x}).numpy()
    returned = get_output(back, {conv: y}).numpy()
    assert (forth * y).sum() == pytest.approx((x * returned).sum(), rel=1e-12)


def test_open_lengths_defaults_and_names():
    layer = TransposedConv2DLayer(InputLayer((None, 3, None, 5)), 2, 3, stride=2, name="t")
    assert layer.output_shape == (None, 2, None, 11)
    assert get_output_shape(layer, (4, 3, 2, 5)) == (4, 2, 5, 11)
    assert get_output(layer, np.ones((4, 3, 2, 5))).shape == (4, 2, 5, 11)
    assert layer.nonlinearity is rectify and not layer.flip_filters and layer.crop == (0, 0)
    assert [p.name for p in layer.get_params()] == ["t.W", "t.b"]
    assert layer.get_params(regularizable=True) == [layer.W]
    fixed = TransposedConv2DLayer((None, 3, None, 5), 2, 3, stride=2, output_size=12)
    assert fixed.output_shape == (None, 2, 12, 12)
    assert layers.Deconv2DLayer is TransposedConv2DLayer
    assert layers.Deconv3DLayer is TransposedConv3DLayer
    assert layers.conv.Deconv2DLayer is TransposedConv2DLayer


def test_repr():
    layer = TransposedConv2DLayer((2, 3, 4, 4), 2, 3, stride=2, crop=1, output_size=8, name="t")
    assert repr(layer) == (
        "TransposedConv2DLayer(num_filters=2, filter_size=(3, 3), stride=(2, 2), crop=(1, 1), "
        "nonlinearity=rectify, output_size=(8, 8), name='t')"
    )
    assert repr(
        TransposedConv2DLayer((2, 3, 4, 4), 2, 3, flip_filters=True, nonlinearity=None)
    ) == (
        "TransposedConv2DLayer(num_filters=2, filter_size=(3, 3), flip_filters=True, "
        "nonlinearity=linear)"
    )
    assert repr(DilatedConv2DLayer((2, 3, 4, 4), 2, 2, 3)) == (
        "DilatedConv2DLayer(num_filters=2, filter_size=(2, 2), nonlinearity=rectify, "
        "dilation=(3, 3))"
    )


@pytest.mark.parametrize("n", [2, 3])
def test_untied_biases(n):
    layer = LAYERS[n]((2, 1, *[3] * n), 2, 2, untie_biases=True, b=init.Normal(1.0))
    assert layer.b.shape == (2, *[4] * n)
    zero = get_output(layer, {None: np.zeros(layer.input_shape)}).numpy()
    np.testing.assert_allclose(zero[1], np.maximum(layer.b.get_value(), 0), rtol=1e-6)
    with pytest.raises(ValueError, match="untie_biases needs fixed spatial lengths"):
        LAYERS[n]((2, 1, *[None] * n), 2, 3, untie_biases=True)


@pytest.mark.parametrize(
    ("n", "shape", "settings"),
    [
        (2, (2, 2, 2, 3), {"filter_size": 3, "stride": 2, "crop": 1}),
        (2, (1, 2, 2, 2), {"filter_size": 2, "num_groups": 2, "flip_filters": True}),
        (2, (1, 1, 2, 2), {"filter_size": 2, "untie_biases": True, "stride": 2, "output_size": 5}),
        (3, (1, 1, 2, 2, 2), {"filter_size": 2}),
    ],
)
def test_gradients(check_gradients, n, shape, settings):
    layer = LAYERS[n](shape, 2, nonlinearity=tanh, **settings)
    check_gradients(layer, np.random.default_rng(0).normal(size=shape))


@pytest.mark.parametrize(
    ("settings", "kind", "text"),
    [
        ({"crop": "some"}, ValueError, "crop must be 'valid', 'full', 'same' or integers"),
        ({"filter_size": 2, "crop": "same"}, NotImplementedError, "`same` padding requires odd"),
        ({"crop": 3}, ValueError, "Use a smaller crop, or an output_size of that range"),
        ({"stride": 2, "output_size": 11}, ValueError, "the output can be (9, 9) to (10, 10) long"),
        ({"stride": 2, "output_size": (9, 8)}, ValueError, "(9, 8) was asked for. Use a smaller"),
        ({"output_size": (6, 6, 6)}, ValueError, "iterable with length 2, got (6, 6, 6)"),
        ({"output_size": 6.0}, TypeError, "iterable of int, got 6.0"),
        ({"num_groups": 2}, ValueError, "num_groups (here: 2) must evenly divide num_filters"),
        ({"W": np.ones((2, 1, 3, 3))}, ValueError, "has shape (2, 1, 3, 3), should be (1, 2, 3, 3"),
    ],
)
def test_wrong_settings(settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        TransposedConv2DLayer((None, 1, 4, 4), 2, **{"filter_size": 3, **settings})


def test_other_shapes_that_do_not_fit():
    layer = TransposedConv2DLayer(InputLayer((None, 3, None, 5)), 2, 3, name="t")
    with pytest.raises(ValueError, match="x has 4 channels, w expects 3") as caught:
        get_output_shape(layer, (1, 4, 5, 5))
    assert "crop" not in str(caught.value)
    with pytest.raises(ValueError, match="Tried to create a 3D convolution layer with input"):
        TransposedConv3DLayer((None, 3, 5, 5), 2, 3)


# -- dilation -----------------------------------------------------------------------


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("size", "dilation"), [(3, 2), ((2, 3), (3, 1)), (1, 4), ((3, 2), 1)])
def test_dilation(size, dilation, groups):
    shape = (2, 4, 8, 7)
    layer = DilatedConv2DLayer(
        InputLayer(shape), 2, size, dilation, b=init.Normal(1.0), nonlinearity=None,
        num_groups=groups,
    )  # fmt: skip
    (fh, fw), (dh, dw) = layer.filter_size, layer.dilation
    assert layer.W.shape == (4 // groups, 2, fh, fw)
    x = np.random.default_rng(0).normal(size=shape)
    w, b = layer.W.get_value().astype(float), layer.b.get_value().astype(float)
    expected = np.zeros((2, 2, 8 - (fh - 1) * dh, 7 - (fw - 1) * dw))
    for k, p, q in np.ndindex(expected.shape[1:]):
        for c, i, j in itertools.product(range(4 // groups), range(fh), range(fw)):
            seen = x[:, c + k * groups // 2 * (4 // groups), p + i * dh, q + j * dw]
            expected[:, k, p, q] += seen * w[c, k, i, j]
        expected[:, k, p, q] += b[k]
    assert layer.output_shape == expected.shape
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-10, atol=1e-10)


def test_dilation_with_open_lengths_and_untied_biases():
    assert DilatedConv2DLayer((None, 3, None, 9), 2, 3, 2).output_shape == (None, 2, None, 5)
    assert DilatedConv2DLayer((1, 3, 9, 9), 2, 3, pad="valid").output_shape == (1, 2, 7, 7)
    layer = DilatedConv2DLayer((1, 3, 6, 9), 2, 3, 2, untie_biases=True, pad=(0, 0))
    assert layer.b.shape == (2, 2, 5) and layer.stride == (1, 1)


def test_gradients_of_a_dilated_convolution(check_gradients):
    layer = DilatedConv2DLayer((1, 2, 5, 4), 2, 2, (2, 1), nonlinearity=tanh)
    check_gradients(layer, np.random.default_rng(0).normal(size=(1, 2, 5, 4)))


@pytest.mark.parametrize(
    ("settings", "kind", "text"),
    [
        ({"pad": 1}, NotImplementedError, "requires pad=0 / (0,0) / 'valid', but got 1. For a"),
        ({"pad": "same"}, NotImplementedError, "but got 'same'. For a padded dilated convolution"),
        ({"flip_filters": True}, NotImplementedError, "requires flip_filters=False."),
        ({"dilation": 4}, ValueError, "the window covers (9, 9) positions, more than the input"),
        ({"dilation": 0}, ValueError, "dilation must be at least 1"),
        ({"dilation": 1.5}, TypeError, "iterable of int, got 1.5"),
    ],
)
def test_wrong_dilations(settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        DilatedConv2DLayer((None, 1, 6, 6), 2, 3, **settings)


# -- another function ----------------------------------------------------------------


def test_the_convolution_can_be_another():
    calls = []

    def convolution(x, w, b, **options):
        calls.append(options)
        return mt.conv2d(x, w, b, **options)

    layer = Conv2DLayer((1, 1, 4, 4), 2, 3, pad=1, convolution=convolution)
    twin = Conv2DLayer((1, 1, 4, 4), 2, 3, pad=1, W=layer.W)
    x = np.random.default_rng(0).normal(size=(1, 1, 4, 4))
    a, b = get_output([layer, twin], {None: x})
    np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert calls == [{"stride": (1, 1), "pad": (1, 1), "groups": 1, "flip_filters": True}]
