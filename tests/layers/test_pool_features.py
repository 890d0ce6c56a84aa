"""Upscaling, feature pooling, global and pyramid pooling: oracles, gradients, errors."""

import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.layers import (
    FeaturePoolLayer,
    FeatureWTALayer,
    GlobalPoolLayer,
    InputLayer,
    ResizeLayer,
    SpatialPyramidPoolingLayer,
    Upscale1DLayer,
    Upscale2DLayer,
    Upscale3DLayer,
    get_output,
    get_output_shape,
)

UPSCALE = {1: Upscale1DLayer, 2: Upscale2DLayer, 3: Upscale3DLayer}


def distinct(*shape):
    count = math.prod(shape)
    return np.random.default_rng(0).permutation(count).reshape(shape) * 0.1 + 0.05


# -- resizing -----------------------------------------------------------------------


def test_resizing_to_the_image_that_was_pooled(check_gradients):
    image = InputLayer((None, 2, None, None))
    pooled = layers.MaxPool2DLayer(image, 4, ignore_border=False)
    layer = ResizeLayer(pooled, image, name="r")
    x = distinct(2, 2, 9, 7)
    small = get_output(pooled, x)
    out = get_output(layer, x)
    assert small.shape == (2, 2, 3, 2) and out.shape == x.shape
    np.testing.assert_array_equal(out.numpy(), mt.resize_bilinear(small, size=(9, 7)).numpy())
    assert layer.output_shape == (None, 2, None, None) and repr(layer) == "ResizeLayer(name='r')"
    assert get_output_shape(layer, (1, 2, 9, 7)) == (1, 2, 9, 7)
    same = ResizeLayer(image, image)
    np.testing.assert_array_equal(get_output(same, x).numpy(), x)
    with pytest.raises(ValueError, match=re.escape("rows, columns), got (1, 2, 3) and (1, 2, 3")):
        ResizeLayer((1, 2, 3), (1, 2, 3, 4))
    check_gradients(
        ResizeLayer((1, 2, 2, 3), (1, 1, 5, 4)), distinct(1, 2, 2, 3), np.ones((1, 1, 5, 4))
    )


# -- upscaling ----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["repeat", "dilate"])
@pytest.mark.parametrize("factor", [1, 2, (3, 1, 2)])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_upscaling(n, factor, mode):
    factor = factor[:n] if isinstance(factor, tuple) else factor
    x = distinct(2, 3, *(4, 3, 2)[:n])
    layer = UPSCALE[n](InputLayer((None, 3, *x.shape[2:])), factor, mode)
    factors = layer.scale_factor
    expected = np.zeros((2, 3, *[m * k for m, k in zip(x.shape[2:], factors, strict=True)]))
    for place in np.ndindex(expected.shape[2:]):
        source = tuple(p // k for p, k in zip(place, factors, strict=True))
        if mode == "repeat" or all(p % k == 0 for p, k in zip(place, factors, strict=True)):
            expected[(..., *place)] = x[(..., *source)]
    assert layer.output_shape == (None, *expected.shape[1:])
    np.testing.assert_array_equal(get_output(layer, x).numpy(), expected)


@pytest.mark.parametrize("mode", ["repeat", "dilate"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_gradients_of_upscaling(check_gradients, n, mode):
    shape = (1, 2, *(3, 2, 2)[:n])
    check_gradients(UPSCALE[n](shape, (2, 3, 1)[:n], mode), distinct(*shape))


def test_upscaling_open_lengths_and_repr():
    layer = Upscale2DLayer((None, 3, None, 4), (2, 3), mode="dilate")
    assert layer.output_shape == (None, 3, None, 12)
    assert repr(layer) == "Upscale2DLayer(scale_factor=(2, 3), mode=dilate)"
    assert repr(Upscale1DLayer((1, 1, 2), 2)) == "Upscale1DLayer(scale_factor=(2,))"


@pytest.mark.parametrize(
    ("settings", "kind", "text"),
    [
        ({"scale_factor": 0}, ValueError, "Scale factor must be >= 1, not (0, 0)"),
        ({"scale_factor": (1, -2)}, ValueError, "Scale factor must be >= 1, not (1, -2)"),
        ({"scale_factor": 1.5}, TypeError, "iterable of int, got 1.5"),
        ({"scale_factor": (1, 2, 3)}, ValueError, "iterable with length 2"),
        ({"scale_factor": 2, "mode": "x"}, ValueError, "either 'repeat' or 'dilate', not x"),
    ],
)
def test_wrong_upscaling(settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        Upscale2DLayer((1, 2, 3, 4), **settings)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_upscaling_another_rank(n):
    text = f"Tried to create a {n}D upscaling layer with input shape (2, 3). Expected {n + 2}"
    with pytest.raises(ValueError, match=re.escape(text)):
        UPSCALE[n](InputLayer((2, 3)), 2)
    with pytest.raises(ValueError, match=re.escape(text)):
        get_output_shape(UPSCALE[n](InputLayer((2, 3, *[4] * n)), 2), (2, 3))


# -- groups of features ---------------------------------------------------------------


def groups_of(x, size, axis):
    """Lists of the members of every group, each an array without the axis' other elements."""
    for first in range(0, x.shape[axis], size):
        yield first // size, [np.take(x, first + k, axis=axis) for k in range(size)]


@pytest.mark.parametrize(("axis", "size"), [(1, 2), (1, 6), (0, 2), (-1, 2), (2, 1), (-3, 3)])
def test_feature_pooling(axis, size):
    x = distinct(4, 6, 2, 4)
    layer = FeaturePoolLayer(InputLayer(x.shape), size, axis=axis)
    expected = np.stack([np.maximum.reduce(m) for _, m in groups_of(x, size, axis)], axis=axis)
    assert layer.output_shape == expected.shape
    np.testing.assert_array_equal(get_output(layer, x).numpy(), expected)
    layer = FeaturePoolLayer(InputLayer(x.shape), size, axis, pool_function=mt.sum)
    expected = np.stack([sum(m) for _, m in groups_of(x, size, axis)], axis=axis)
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(("axis", "size"), [(1, 2), (1, 6), (0, 2), (-1, 2), (2, 1), (-3, 3)])
def test_the_winner_takes_all(axis, size):
    x = distinct(4, 6, 2, 4) - 5
    layer = FeatureWTALayer(InputLayer(x.shape), size, axis=axis)
    lines = []
    for _, members in groups_of(x, size, axis):
        top = np.maximum.reduce(members)
        lines += [np.where(m == top, m, 0) for m in members]
    expected = np.stack(lines, axis=axis)
    assert layer.output_shape == x.shape
    np.testing.assert_array_equal(get_output(layer, x).numpy(), expected)


def test_of_equal_features_the_first_wins():
    x = mt.tensor([[2.0, 2.0, 1.0, 0.0]], requires_grad=True)
    out = get_output(FeatureWTALayer((None, 4), 4), {None: x})
    assert out.tolist() == [[2, 0, 0, 0]]
    out.sum().backward()
    assert x.grad.tolist() == [[1, 0, 0, 0]]


@pytest.mark.parametrize("cls", [FeaturePoolLayer, FeatureWTALayer])
@pytest.mark.parametrize("axis", [1, -1])
def test_gradients_of_feature_pooling(check_gradients, cls, axis):
    check_gradients(cls((2, 4, 2), 2, axis=axis), distinct(2, 4, 2))


@pytest.mark.parametrize("cls", [FeaturePoolLayer, FeatureWTALayer])
def test_feature_pooling_open_lengths(cls):
    layer = cls(InputLayer((None, None, 4)), 3)
    assert layer.output_shape == (None, None, 4)
    assert get_output(layer, distinct(2, 6, 4)).shape == layer.get_output_shape_for((2, 6, 4))
    with pytest.raises(ValueError, match=r"feature maps \(4\) is not a multiple of the"):
        get_output(layer, distinct(2, 4, 4))


def test_repr_of_feature_pooling():
    assert repr(FeaturePoolLayer((2, 4), 2)) == "FeaturePoolLayer(pool_size=2)"
    assert repr(FeaturePoolLayer((2, 4), 2, 0, mt.mean)) == (
        "FeaturePoolLayer(pool_size=2, axis=0, pool_function=mean)"
    )
    assert repr(FeatureWTALayer((2, 4), 2, name="w")) == "FeatureWTALayer(pool_size=2, name='w')"


@pytest.mark.parametrize(
    ("cls", "settings", "kind", "text"),
    [
        (FeaturePoolLayer, {"pool_size": 4}, ValueError,
         "Number of input feature maps (6) is not a multiple of the pool size (pool_size=4). Use"),
        (FeatureWTALayer, {"pool_size": 4}, ValueError,
         "maps (6) is not a multiple of the region size (pool_size=4)"),
        (FeaturePoolLayer, {"pool_size": 2, "axis": 2}, ValueError,
         "an input of 2 axes has no axis=2. Use an axis from 0 to 1"),
        (FeatureWTALayer, {"pool_size": 0}, ValueError, "pool_size must be at least 1, got 0"),
        (FeatureWTALayer, {"pool_size": 2.0}, TypeError, "iterable of int, got 2.0"),
        (FeatureWTALayer, {"pool_size": 2, "axis": None}, TypeError, "iterable of int, got None"),
    ],
)  # fmt: skip
def test_wrong_feature_pooling(cls, settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        cls((None, 6), **settings)


# -- whole images -----------------------------------------------------------------------


@pytest.mark.parametrize(("function", "oracle"), [(mt.mean, np.mean), (mt.max, np.max)])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 2)])
def test_global_pooling(shape, function, oracle):
    layer = GlobalPoolLayer(InputLayer((None, 3, *[None] * (len(shape) - 2))), function)
    x = distinct(*shape)
    assert layer.output_shape == (None, 3)
    np.testing.assert_allclose(
        get_output(layer, x).numpy(), oracle(x.reshape(2, 3, -1), axis=2), rtol=1e-12
    )


def test_global_pooling_defaults_and_gradients(check_gradients):
    layer = GlobalPoolLayer((2, 2, 3, 2))
    assert layer.pool_function is mt.mean and repr(layer) == "GlobalPoolLayer(pool_function=mean)"
    check_gradients(layer, distinct(2, 2, 3, 2))


def test_global_pooling_needs_something_to_pool():
    with pytest.raises(ValueError, match="at least one more axis to pool over, got"):
        GlobalPoolLayer((2, 3))


MODES = ["max", "average_inc_pad", "average_exc_pad"]


def regions(x, dims, mode):
    """The regions of the paper, in exact integer arithmetic."""
    out = []
    for p in dims:
        for i in range(p):
            for j in range(p):
                (a, b), (c, d) = (
                    (math.floor(k * n / p), math.ceil((k + 1) * n / p))
                    for k, n in zip((i, j), x.shape[2:], strict=True)
                )
                part = x[:, :, a:b, c:d].reshape(*x.shape[:2], -1)
                out.append(part.max(axis=2) if mode == "max" else part.mean(axis=2))
    return np.stack(out, axis=2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(4, 8), (7, 5), (1, 3), (12, 12)])
def test_pyramids(size, mode):
    x = distinct(2, 3, *size)
    layer = SpatialPyramidPoolingLayer(
        InputLayer((None, 3, None, None)), [4, 2, 1], mode, implementation="kaiming"
    )
    expected = regions(x, [4, 2, 1], mode)
    assert layer.output_shape == (None, 3, 21)
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(4, 8), (12, 12), (9, 5)])
def test_fast_pyramids(size, mode):
    """Where the grid divides the image both ways are one; else windows overlap from the start."""
    dims = [2, 1] if size == (9, 5) else [4, 2, 1]
    x = distinct(2, 3, *size)
    layer = SpatialPyramidPoolingLayer(InputLayer((None, 3, *size)), dims, mode)
    out = get_output(layer, x).numpy()
    if size == (9, 5):
        rows, columns = [slice(0, 5), slice(4, 9)], [slice(0, 3), slice(2, 5)]
        reduce = np.max if mode == "max" else np.mean
        parts = [reduce(x[:, :, r, c], axis=(2, 3)) for r in rows for c in columns]
        expected = np.stack([*parts, reduce(x, axis=(2, 3))], axis=2)
    else:
        expected = regions(x, dims, mode)
    assert layer.output_shape == (None, 3, sum(p * p for p in dims))
    np.testing.assert_allclose(out, expected, rtol=1e-12)


@pytest.mark.parametrize("implementation", ["fast", "kaiming"])
@pytest.mark.parametrize("mode", MODES[:2])
def test_gradients_of_pyramids(check_gradients, mode, implementation):
    layer = SpatialPyramidPoolingLayer((1, 2, 4, 2), [2, 1], mode, implementation)
    check_gradients(layer, distinct(1, 2, 4, 2))


def test_images_that_cannot_be_cut():
    text = "implementation='fast' cannot cut the length 6 into 4 windows of one size (input (None,"
    with pytest.raises(ValueError, match=re.escape(text)):
        SpatialPyramidPoolingLayer((None, 3, 4, 6))
    layer = SpatialPyramidPoolingLayer(InputLayer((None, 3, None, None)))
    with pytest.raises(ValueError, match="the length 3 into 4 windows"):
        get_output(layer, distinct(1, 3, 3, 8))


@pytest.mark.parametrize(
    ("shape", "settings", "text"),
    [
        ((1, 2, 3), {}, "Tried to create a SPP layer with input shape (1, 2, 3). Expected 4 input"),
        ((1, 2, 8, 8), {"mode": "sum"}, "or 'average_exc_pad'. Got 'sum'"),
        ((1, 2, 8, 8), {"implementation": "slow"}, "'fast' or 'kaiming', got 'slow'"),
        ((1, 2, 8, 8), {"pool_dims": [2, 0]}, "one or more integers from 1 on, got [2, 0]"),
        ((1, 2, 8, 8), {"pool_dims": []}, "one or more integers from 1 on, got []"),
    ],
)
def test_wrong_pyramids(shape, settings, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        SpatialPyramidPoolingLayer(shape, **settings)
    with pytest.raises(TypeError, match="iterable of int, got"):
        SpatialPyramidPoolingLayer((1, 2, 8, 8), [1.5])


def test_one_grid_and_repr():
    layer = SpatialPyramidPoolingLayer((1, 2, 6, 6), 3, implementation="kaiming")
    assert layer.output_shape == (1, 2, 9)
    assert repr(layer) == "SpatialPyramidPoolingLayer(pool_dims=[3], implementation=kaiming)"
    assert layers.pool.GlobalPoolLayer is GlobalPoolLayer
