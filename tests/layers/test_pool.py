"""Pooling layers: shapes over a grid, output against loops, gradients, errors."""

import itertools
import math
import re

import numpy as np
import pytest

from minitorch import layers
from minitorch.layers import (
    InputLayer,
    MaxPool1DLayer,
    MaxPool2DLayer,
    MaxPool3DLayer,
    Pool1DLayer,
    Pool2DLayer,
    Pool3DLayer,
    get_output,
)
from minitorch.layers.pool import MODES

LAYERS = {1: Pool1DLayer, 2: Pool2DLayer, 3: Pool3DLayer}
MAXIMA = {1: MaxPool1DLayer, 2: MaxPool2DLayer, 3: MaxPool3DLayer}


def length(n, size, stride, pad, ignore_border):
    if ignore_border:
        return math.ceil((n + 2 * pad - size + 1) / stride)
    if stride >= size:
        return math.ceil(n / stride)
    return max(0, math.ceil((n - size) / stride)) + 1


def oracle(x, size, stride, pad, ignore_border, mode):
    """One window at a time, in any number of dimensions."""
    rows = list(zip(x.shape[2:], size, stride, pad, strict=True))
    count = [length(*row, ignore_border) for row in rows]
    out = np.zeros((*x.shape[:2], *count))
    for image, channel, *place in np.ndindex(out.shape):
        starts = [p * s - d for p, (_, _, s, d) in zip(place, rows, strict=True)]
        spans = [
            range(max(a, 0), min(a + f, n)) for a, (n, f, _, _) in zip(starts, rows, strict=True)
        ]
        seen = [x[(image, channel, *at)] for at in itertools.product(*spans)]
        # Of a window over the border, only what lies in the padded image counts.
        whole = math.prod(
            min(a + f, n + d) - a for a, (n, f, _, d) in zip(starts, rows, strict=True)
        )
        out[(image, channel, *place)] = {
            "max": lambda seen=seen: max(seen),
            "sum": lambda seen=seen: sum(seen),
            "average_exc_pad": lambda seen=seen: sum(seen) / len(seen),
            "average_inc_pad": lambda seen=seen, whole=whole: sum(seen) / whole,
        }[mode]()
    return out


GRID = [
    {"pool_size": 2},
    {"pool_size": 3, "stride": 2},
    {"pool_size": 3, "stride": 2, "ignore_border": False},
    {"pool_size": 2, "stride": 3, "ignore_border": False},
    {"pool_size": (3, 2, 2), "stride": (1, 2, 2), "pad": (1, 0, 1)},
    {"pool_size": 3, "pad": 2},
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("settings", GRID, ids=str)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_shapes_and_output(n, settings, mode):
    cut = {k: v[:n] if isinstance(v, tuple) else v for k, v in settings.items()}
    shape = (1, 2, *(6, 5, 4)[:n])
    layer = LAYERS[n](InputLayer(shape), mode=mode, **cut)
    x = np.random.default_rng(0).permutation(math.prod(shape)).reshape(shape).astype(float)
    expected = oracle(x, layer.pool_size, layer.stride, layer.pad, layer.ignore_border, mode)
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-12)
    assert layer.output_shape == expected.shape
    if mode == "max":
        twin = MAXIMA[n](InputLayer(shape), **cut)
        np.testing.assert_array_equal(get_output(twin, x).numpy(), expected)
        assert isinstance(twin, LAYERS[n]) and twin.mode == "max"


def test_borders():
    """3/2 on 8: the last column counts only without ignore_border."""
    assert Pool1DLayer((None, 1, 8), 3, 2).output_shape == (None, 1, 3)
    assert Pool1DLayer((None, 1, 8), 3, 2, ignore_border=False).output_shape == (None, 1, 4)


def test_open_lengths_and_defaults():
    layer = MaxPool2DLayer(InputLayer((None, None, 7, None)), 2)
    assert layer.output_shape == (None, None, 3, None)
    assert layer.stride == layer.pool_size == (2, 2) and layer.pad == (0, 0)
    assert layer.ignore_border and layer.get_params() == []
    assert layer.get_output_shape_for((8, 3, 9, 5)) == (8, 3, 4, 2)


def test_padding_never_wins():
    x = -np.ones((1, 1, 2, 2))
    out = get_output(MaxPool2DLayer((1, 1, 2, 2), 2, pad=1, stride=1), {None: x}).numpy()
    np.testing.assert_array_equal(out, -np.ones((1, 1, 3, 3)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_gradients(check_gradients, n, mode):
    shape = (1, 2, *(5, 4, 3)[:n])
    distinct = np.random.default_rng(0).permutation(math.prod(shape)).reshape(shape) * 0.1
    check_gradients(LAYERS[n](shape, 2, stride=1, pad=1, mode=mode), distinct)


@pytest.mark.parametrize(
    ("n", "shape", "change"),
    [
        (2, (None, 3, 8), "Use Pool1DLayer for this input"),
        (1, (None, 3, 8, 8), "Use Pool2DLayer for this input"),
        (2, (None, 8), "Add the missing axes"),
    ],
)
def test_wrong_rank(n, shape, change):
    text = (
        f"Tried to create a {n}D pooling layer with input shape {shape!r}. Expected {n + 2} input "
        f"dimensions (batchsize, channels, {n} spatial dimensions). {change}"
    )
    with pytest.raises(ValueError, match=re.escape(text)):
        MAXIMA[n](InputLayer(shape), 2)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {"pool_size": 5},
            "The smallest changes that fit: pool_size=(4, 4), or ignore_border=False",
        ),
        ({"pool_size": (2, 9)}, "pool_size=(2, 4), or"),
        ({"pool_size": 2, "pad": 2}, "smaller than the window (2, 2)"),
        ({"pool_size": 2, "pad": 2}, "Use pad=(1, 1)"),
        ({"pool_size": 2, "pad": 1, "ignore_border": False}, "Use pad=0, or ignore_border=True"),
        ({"pool_size": 2, "stride": 0}, "Use a pool_size and stride of at least 1"),
        ({"pool_size": 0}, "Use a pool_size and stride of at least 1"),
        ({"pool_size": 2, "pad": -1}, "a pad of at least 0"),
        ({"pool_size": (2, 2, 2)}, "iterable with length 2"),
    ],
)
def test_windows_that_do_not_fit(settings, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        Pool2DLayer((None, 3, 4, 4), **settings)


@pytest.mark.parametrize(
    ("shape", "text"),
    [((2, 3, 8), "x must have 4 axes"), ((2, 3, 1, 8), "pool_size=(1, 2), or ignore_border=False")],
)
def test_other_shapes_that_do_not_fit(shape, text):
    layer = Pool2DLayer(InputLayer((None, 3, None, 8)), 2)
    with pytest.raises(ValueError, match=re.escape(text)):
        layers.get_output_shape(layer, shape)


def test_sizes_are_integers():
    with pytest.raises(TypeError, match="iterable of int, got 2.5"):
        MaxPool2DLayer((None, 3, 4, 4), 2.5)


def test_wrong_mode():
    text = "mode must be one of 'max', 'average_inc_pad', 'average_exc_pad', 'sum', got 'mean'"
    with pytest.raises(ValueError, match=re.escape(text)):
        Pool2DLayer((None, 3, 4, 4), 2, mode="mean")


def test_all_names_are_exported():
    assert {"MaxPool2DLayer", "Pool2DLayer", "Pool1DLayer", "MaxPool3DLayer"} <= set(dir(layers))
