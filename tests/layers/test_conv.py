"""Convolutional layers: shapes over a grid, output against loops, gradients, errors."""

import itertools
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init
from minitorch.layers import (
    BaseConvLayer,
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    InputLayer,
    count_params,
    get_output,
    get_output_shape,
)
from minitorch.nonlinearities import rectify, tanh

LAYERS = {1: Conv1DLayer, 2: Conv2DLayer, 3: Conv3DLayer}


def oracle(x, w, b, stride, pad, flip, groups):
    """One output element at a time, in any number of dimensions."""
    n = w.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in pad]])
    if flip:
        w = np.flip(w, axis=tuple(range(2, n + 2)))
    count = [(x.shape[i + 2] - w.shape[i + 2]) // stride[i] + 1 for i in range(n)]
    out = np.zeros((x.shape[0], w.shape[0], *count))
    per = w.shape[0] // groups
    for image, k, *place in np.ndindex(out.shape):
        first = k // per * w.shape[1]
        at = [slice(p * s, p * s + f) for p, s, f in zip(place, stride, w.shape[2:], strict=True)]
        seen = x[(image, slice(first, first + w.shape[1]), *at)]
        out[(image, k, *place)] = (seen * w[k]).sum() + b[k]
    return out


def build(n, x_shape, **settings):
    mt.random.seed(4)
    return LAYERS[n](InputLayer(x_shape), b=init.Normal(1.0), nonlinearity=None, **settings)


def lengths(n, *first):
    """n entries, starting with the given ones, then over again."""
    return tuple(itertools.islice(itertools.cycle(first), n))


GRID = [
    {"filter_size": 3},
    {"filter_size": (2, 3, 1), "stride": (1, 2, 1)},
    {"filter_size": 3, "stride": 2, "pad": 1},
    {"filter_size": (3, 1, 3), "pad": (2, 0, 1), "flip_filters": False},
    {"filter_size": 3, "pad": "same"},
    {"filter_size": (2, 3, 2), "pad": "full", "stride": 3},
    {"filter_size": 2, "pad": "valid", "num_groups": 2},
    {"filter_size": 3, "pad": "same", "num_groups": 2, "flip_filters": False, "stride": 2},
]


@pytest.mark.parametrize("settings", GRID, ids=str)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_shapes_and_output(n, settings):
    cut = {k: v[:n] if isinstance(v, tuple) else v for k, v in settings.items()}
    shape = (2, 4, *lengths(n, 5, 6))
    layer = build(n, shape, num_filters=6, **cut)
    size = layer.filter_size
    pad = layer.pad
    if isinstance(pad, str):
        pad = {"same": [f // 2 for f in size], "full": [f - 1 for f in size]}[pad]
    x = np.random.default_rng(0).normal(size=shape)
    w, b = layer.W.get_value().astype(float), layer.b.get_value().astype(float)
    expected = oracle(x, w, b, layer.stride, pad, layer.flip_filters, layer.num_groups)
    out = get_output(layer, x).numpy()
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-10)
    assert layer.output_shape == expected.shape
    assert layer.W.shape == layer.get_W_shape() == (6, 4 // layer.num_groups, *size)
    assert layer.b.shape == (6,)


@pytest.mark.parametrize(
    ("length", "size", "stride", "pad", "expected"),
    [
        (28, 5, 1, 0, 24),
        (28, 5, 1, "valid", 24),
        (28, 5, 1, "full", 32),
        (28, 5, 1, "same", 28),
        (28, 5, 2, "same", 14),
        (7, 2, 3, 0, 2),
        (8, 2, 3, 0, 3),
        (8, 8, 1, 0, 1),
        (3, 5, 1, 1, 1),
        (None, 5, 2, 3, None),
    ],
)
def test_output_lengths(length, size, stride, pad, expected):
    layer = Conv1DLayer((None, 3, length), 2, size, stride=stride, pad=pad)
    assert layer.output_shape == (None, 2, expected)


def test_open_lengths():
    layer = Conv2DLayer(InputLayer((None, 3, None, 10)), 4, 3, pad=1, stride=2)
    assert layer.output_shape == (None, 4, None, 5)
    assert get_output_shape(layer, (2, 3, 7, 10)) == (2, 4, 4, 5)
    assert get_output(layer, np.ones((2, 3, 7, 10), np.float32)).shape == (2, 4, 4, 5)


def test_flipping_is_the_difference_to_cross_correlation():
    w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 1
    for flip, expected in [(True, w[0, 0]), (False, w[0, 0, ::-1, ::-1])]:
        layer = Conv2DLayer((1, 1, 3, 3), 1, 2, W=w, flip_filters=flip, nonlinearity=None)
        np.testing.assert_array_equal(get_output(layer, {None: x}).numpy()[0, 0], expected)


def test_defaults():
    layer = Conv2DLayer((None, 3, 9, 9), 4, (3, 2), name="c")
    assert layer.nonlinearity is rectify
    assert layer.stride == (1, 1) and layer.pad == (0, 0) and layer.flip_filters
    assert (layer.num_filters, layer.filter_size, layer.num_groups) == (4, (3, 2), 1)
    assert [p.name for p in layer.get_params()] == ["c.W", "c.b"]
    assert layer.get_params(regularizable=True) == [layer.W]
    assert count_params(layer) == 4 * 3 * 6 + 4


def test_the_base_class_takes_its_rank_from_the_input():
    for n in (1, 2, 3):
        layer = BaseConvLayer((2, 1, *[5] * n), 2, 3)
        assert layer.n == n and layer.output_shape == (2, 2, *[3] * n)
    assert BaseConvLayer((2, 1, 5, 5), 2, 3, n=2).n == 2


def test_nonlinearity_and_no_bias():
    layer = Conv1DLayer((None, 1, 3), 1, 1, W=-np.ones((1, 1, 1)), b=None)
    assert layer.b is None and layer.get_params() == [layer.W]
    out = get_output(layer, {None: np.array([[[-1.0, 2.0, -3.0]]])})
    np.testing.assert_array_equal(out.numpy(), [[[1, 0, 3]]])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_untied_biases(n):
    x = np.random.default_rng(0).normal(size=(2, 1, *[4] * n))
    layer = build(n, x.shape, num_filters=2, filter_size=3, untie_biases=True)
    assert layer.b.shape == (2, *[2] * n)
    b = layer.b.get_value().astype(float)
    w = layer.W.get_value().astype(float)
    expected = oracle(x, w, np.zeros(2), [1] * n, [0] * n, True, 1) + b
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-10)
    with pytest.raises(ValueError, match="untie_biases needs fixed spatial lengths"):
        LAYERS[n]((2, 1, *[None] * n), 2, 3, untie_biases=True)


@pytest.mark.parametrize(
    ("n", "shape", "settings"),
    [
        (1, (2, 2, 5), {"filter_size": 3, "stride": 2, "pad": 1}),
        (2, (2, 2, 4, 5), {"filter_size": (3, 2), "pad": "full"}),
        (2, (1, 2, 4, 4), {"filter_size": 3, "pad": "same", "num_groups": 2}),
        (2, (1, 1, 4, 4), {"filter_size": 2, "untie_biases": True, "flip_filters": False}),
        (3, (1, 1, 3, 3, 3), {"filter_size": 2}),
    ],
)
def test_gradients(check_gradients, n, shape, settings):
    layer = LAYERS[n](shape, 2, nonlinearity=tanh, **settings)
    check_gradients(layer, np.random.default_rng(0).normal(size=shape))


# -- what does not fit ------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "shape", "change"),
    [
        (2, (None, 28, 28), "Give the input a channels axis: (None, 1, 28, 28)"),
        (1, (None, 28), "Give the input a channels axis: (None, 1, 28)"),
        (1, (None, 1, 28, 28), "Use Conv2DLayer for this input"),
        (3, (None, 1, 8), "Use Conv1DLayer for this input"),
        (2, (None,), "Give the input those axes"),
        (2, (1, 2, 3, 4, 5, 6, 7), "Give the input those axes"),
    ],
)
def test_wrong_rank(n, shape, change):
    meaning = {1: "length", 2: "rows, columns", 3: "depth, rows, columns"}[n]
    text = (
        f"Tried to create a {n}D convolution layer with input shape {shape!r}. Expected {n + 2} "
        f"input dimensions (batchsize, channels, {meaning}). {change}"
    )
    with pytest.raises(ValueError, match=re.escape(text)):
        LAYERS[n](InputLayer(shape), 2, 3)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((2, 3, 8, 8), "x has 3 channels, w expects 1"),
        ((1, 8, 8), "x must have 4 axes"),
        ((2, 1, 2, 8), "The smallest changes that fit: filter_size=(2, 3), or pad=(1, 0)"),
    ],
)
def test_other_shapes_that_do_not_fit(shape, text):
    layer = Conv2DLayer(InputLayer((None, 1, None, 8)), 2, 3, name="c")
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        get_output_shape(layer, shape)
    first = str(caught.value).splitlines()[0]
    assert first.startswith("Conv2DLayer 'c': ") and first.count("Conv2DLayer") == 1
    assert ("smallest" in first) == ("smallest" in text)


def test_channels_are_fixed():
    with pytest.raises(ValueError, match="needs a fixed number of channels"):
        Conv2DLayer((None, None, 8, 8), 2, 3)


@pytest.mark.parametrize(
    ("channels", "filters", "groups", "text"),
    [
        (4, 6, 4, "num_groups (here: 4) must evenly divide num_filters (here: 6) and the number of "
         "input channels (here: 4). Use num_filters=8, or num_groups=1"),
        (6, 4, 4, "(here: 6). Use another num_groups, such as 1"),
        (4, 4, 0, "num_groups (here: 0) must be positive"),
        (4, 4, -2, "num_groups (here: -2) must be positive"),
    ],
)  # fmt: skip
def test_groups_that_do_not_divide(channels, filters, groups, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        Conv2DLayer((None, channels, 8, 8), filters, 3, num_groups=groups)


@pytest.mark.parametrize(
    ("shape", "size", "pad", "change"),
    [
        ((None, 1, 4, 4), 5, 0, "filter_size=(4, 4), or pad=(1, 1)"),
        ((None, 1, 4, 9), (5, 3), 0, "filter_size=(4, 3), or pad=(1, 0)"),
        ((None, 1, 3, 3), 8, 1, "filter_size=(5, 5), or pad=(3, 3)"),
        ((None, 1, None, 2), 3, 0, "filter_size=(3, 2), or pad=(0, 1)"),
    ],
)
def test_a_window_that_is_too_large(shape, size, pad, change):
    with pytest.raises(ValueError) as caught:
        Conv2DLayer(InputLayer(shape), 2, size, pad=pad)
    assert f"The smallest changes that fit: {change}\n" in str(caught.value)
    sizes, pads = re.findall(r"=(\(\d+, \d+\))", change)
    parse = lambda text: tuple(int(v) for v in re.findall(r"\d+", text))
    assert 1 in Conv2DLayer(shape, 2, parse(sizes), pad=pad).output_shape[2:]
    assert set(Conv2DLayer(shape, 2, size, pad=parse(pads)).output_shape[2:]) & {1, 2}


def test_even_filters_have_no_same():
    with pytest.raises(NotImplementedError, match="`same` padding requires odd filter size."):
        Conv2DLayer((None, 1, 8, 8), 2, (3, 4), pad="same")


@pytest.mark.parametrize(
    ("settings", "kind", "text"),
    [
        (
            {"pad": "some"},
            ValueError,
            "pad must be 'valid', 'full', 'same' or integers, got 'some'",
        ),
        ({"pad": 1.5}, TypeError, "iterable of int, got 1.5"),
        ({"pad": -1}, ValueError, "Use a stride of at least 1 and a pad of at least 0"),
        ({"stride": 0}, ValueError, "Use a stride of at least 1 and a pad of at least 0"),
        ({"stride": (1, 2, 3)}, ValueError, "iterable with length 2, got (1, 2, 3)"),
        ({"filter_size": (3,)}, ValueError, "iterable with length 2, got (3,)"),
        ({"filter_size": "3"}, TypeError, "iterable of int, got 3"),
        ({"filter_size": 0}, ValueError, "num_filters and filter_size must be positive"),
        ({"num_filters": 0}, ValueError, "num_filters and filter_size must be positive"),
        ({"num_filters": 2.0}, TypeError, "iterable of int, got 2.0"),
        ({"W": np.ones((2, 1, 3, 2))}, ValueError, "array has shape (2, 1, 3, 2), should be (2, 1"),
        ({"b": np.ones(3)}, ValueError, "array has shape (3,), should be (2,)"),
    ],
)
def test_wrong_settings(settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        Conv2DLayer((None, 1, 8, 8), **{"num_filters": 2, "filter_size": 3, **settings})


def test_numpy_integers_will_do():
    layer = Conv2DLayer((None, 1, 8, 8), np.int64(2), np.array([3, 3]), stride=np.int32(2))
    assert layer.output_shape == (None, 2, 3, 3)
    assert all(type(v) is int for v in (*layer.filter_size, *layer.stride, layer.num_filters))


def test_data_with_other_channels_name_both():
    layer = Conv2DLayer((None, 3, 8, 8), 2, 3, name="c")
    with pytest.raises(ValueError, match="x has 4 channels, w expects 3") as caught:
        get_output(layer, {None: np.ones((1, 4, 8, 8))})
    assert "name='c'" in caught.value.__notes__[0]
