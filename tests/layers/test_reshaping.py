"""Reshaping, shuffled axes, borders and parts: NumPy as the oracle, open lengths, errors."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.layers import (
    DimshuffleLayer,
    InputLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
    get_output,
    get_output_shape,
)


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


def check(layer, expected, x):
    """The promised shape, known lengths or not, and the output."""
    assert layer.output_shape == expected.shape
    np.testing.assert_array_equal(get_output(layer, {None: x}).numpy(), expected)


# -- reshaping ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "wanted", "expected"),
    [
        ((16, 3, 5), (-1, 3, 5), (16, 3, 5)),
        ((2, 3, 4), (4, 3, 2), (4, 3, 2)),
        ((2, 3, 4), (6, -1), (6, 4)),
        ((2, 3, 4), ([0], -1), (2, 12)),
        ((2, 3, 4), ([2], [0], [1]), (4, 2, 3)),
        ((2, 3, 4), (1, -1, [1]), (1, 8, 3)),
        ((2, 2, 3), ([0], [0], -1), (2, 2, 3)),
        ((6,), (-1,), (6,)),
        ((1, 1), (), ()),
    ],
)
def test_reshaping(shape, wanted, expected):
    x = numbers(*shape)
    check(ReshapeLayer(shape, wanted), x.reshape(expected), x)


@pytest.mark.parametrize(
    ("shape", "wanted", "expected"),
    [
        ((None, 3, 4), ([0], -1), (None, 12)),
        ((None, 3, 4), ([0], 2, -1), (None, 2, 6)),
        ((None, 3, 4), (-1, 4), (None, 4)),
        ((None, None, 4), ([1], [0], -1), (None, None, 4)),
        ((None, None, 4), ([1], -1), (None, None)),
        ((None, 3), (7, 3), (7, 3)),
        ((None, 2), ([0], [0], -1), (None, None, None)),
    ],
)
def test_reshaping_open_lengths(shape, wanted, expected):
    layer = ReshapeLayer(InputLayer(shape), wanted)
    assert layer.output_shape == expected
    if shape == (None, 2):  # twice the same unknown length: fits a batch of 1 or 2
        assert get_output(layer, numbers(2, 2)).shape == (2, 2, 1)
        return
    full = tuple(n or 7 for n in shape)
    x = numbers(*full)
    promised = get_output_shape(layer, full)
    np.testing.assert_array_equal(get_output(layer, x).numpy(), x.reshape(promised))


def test_an_empty_batch_is_reshaped():
    assert get_output(ReshapeLayer((None, 6), ([0], 2, -1)), {None: np.ones((0, 6))}).shape == (
        0,
        2,
        3,
    )


def test_a_length_can_be_a_tensor():
    rows = mt.asarray(2)
    layer = ReshapeLayer(InputLayer((None, 6)), (rows, -1))
    assert layer.output_shape == (None, None)
    assert get_output(layer, numbers(3, 6)).shape == (2, 9)
    rows[...] = 6
    assert get_output(layer, numbers(3, 6)).shape == (6, 3)
    assert ReshapeLayer((4, 6), (rows, 4)).output_shape == (None, 4)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ((0, 3), "`shape` integers must be positive or -1, got 0"),
        ((-2, 3), "`shape` integers must be positive or -1, got -2"),
        (([], 3), "`shape` input references must be single-element lists of int >= 0, got []"),
        (([0, 1], 3), "single-element lists of int >= 0, got [0, 1]"),
        (([-1], 3), "single-element lists of int >= 0, got [-1]"),
        (([0.5], 3), "single-element lists of int >= 0, got [0.5]"),
        (("x", 3), "`shape` must be a tuple of int and/or [int], got 'x' in it"),
        ((1.5, 3), "`shape` must be a tuple of int and/or [int], got 1.5 in it"),
        ((-1, 3, -1), "`shape` cannot contain multiple -1, got (-1, 3, -1)"),
        (([5], 3), "specification contains [5], but input shape has 3 dimensions only"),
        ((4, 5), "(2, 3, 4) cannot be reshaped to specification (4, 5). The total size mismatches"),
        ((-1, 5), "(2, 3, 4) cannot be reshaped to specification (-1, 5). The total size"),
        (([0], [0], -1, 5), "The total size mismatches"),
        ((mt.asarray([2]), 3), "must be an integer scalar, got int64 of shape (1,)"),
        ((mt.asarray(2.0), 3), "must be an integer scalar, got float32 of shape ()"),
    ],
)
def test_shapes_that_are_none(wanted, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        ReshapeLayer((2, 3, 4), wanted)


def test_the_data_may_not_fill_the_shape():
    layer = ReshapeLayer(InputLayer((None, 3)), (-1, 6), name="r")
    with pytest.raises(ValueError, match=r"ReshapeLayer 'r': \(3, 3\) cannot be reshaped"):
        get_output(layer, numbers(3, 3))


# -- axes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        ((2, 3, 4), (2, 0, 1)),
        ((2, 1, 3), (0, 2)),
        ((2, 1, 3), (2, "x", 0)),
        ((2, 3), ("x", 1, "x", 0)),
        ((1, 1), ()),
        ((), ("x",)),
    ],
)
def test_shuffling_axes(shape, pattern):
    x = numbers(*shape)
    kept = [p for p in pattern if p != "x"]
    dropped = [a for a in range(len(shape)) if a not in kept]
    expected = x.transpose(*kept, *dropped).reshape([shape[p] for p in kept])
    for place, p in enumerate(pattern):
        if p == "x":
            expected = np.expand_dims(expected, place)
    check(DimshuffleLayer(shape, pattern), expected, x)


def test_dropping_an_open_axis():
    layer = DimshuffleLayer(InputLayer((None, 3, None)), (1, 0))
    assert layer.output_shape == (3, None)
    assert get_output(layer, numbers(2, 3, 1)).shape == (3, 2)
    with pytest.raises(ValueError, match="attempted to collapse dimension 2 of size 5"):
        get_output(layer, numbers(2, 3, 5))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ((0, 0, 1), "pattern contains dimension 0 more than once"),
        ((0, "y"), "pattern should only contain dimension indices or 'x', not 'y'"),
        ((0, 1.0), "pattern should only contain dimension indices or 'x', not 1.0"),
        ((0, 1, 2, 3), "pattern contains 3, but input shape has 3 dimensions only"),
        ((0, 1, -1), "pattern contains -1, but input shape has 3 dimensions only"),
        ((0, 1), "pattern attempted to collapse dimension 2 of size 4; dimensions with size != 1/"),
    ],
)
def test_wrong_patterns(pattern, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        DimshuffleLayer((2, 3, 4), pattern)


# -- borders ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "full", "settings"),
    [
        (1, ((0, 0), (0, 0), (1, 1), (1, 1)), {}),
        ((1, 2), ((0, 0), (0, 0), (1, 1), (2, 2)), {"val": 3}),
        (((1, 0), (0, 2)), ((0, 0), (0, 0), (1, 0), (0, 2)), {"val": -0.5}),
        ((0, (2, 1)), ((0, 0), (0, 0), (0, 0), (2, 1)), {}),
        (2, ((0, 0), (2, 2), (2, 2), (2, 2)), {"batch_ndim": 1}),
        (((0, 1),) * 4, ((0, 1),) * 4, {"batch_ndim": 0}),
        ((), ((0, 0),) * 4, {"batch_ndim": 4}),
    ],
)
def test_borders(width, full, settings):
    x = numbers(2, 3, 4, 5)
    layer = PadLayer(x.shape, width, **settings)
    check(layer, np.pad(x, full, constant_values=settings.get("val", 0)), x)


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap"])
def test_borders_that_go_on(mode):
    x = numbers(2, 3, 4, 5)
    layer = PadLayer(x.shape, ((1, 2), (0, 3)), mode=mode)
    check(layer, np.pad(x, ((0, 0), (0, 0), (1, 2), (0, 3)), mode=mode), x)
    assert repr(layer) == f"PadLayer(width=((1, 2), (0, 3)), mode={mode})"


def test_borders_of_open_lengths():
    layer = PadLayer((None, 3, None, 5), 2)
    assert layer.output_shape == (None, 3, None, 9)
    with pytest.raises(ValueError, match=re.escape("pads the last 2 of 4 axes, got (1, 3, 5)")):
        get_output_shape(PadLayer(InputLayer((None, 3, None, 5)), 2), (1, 3, 5))


@pytest.mark.parametrize(
    ("width", "settings", "kind", "text"),
    [
        (-1, {}, ValueError, "PadLayer: a width must not be negative, got -1"),
        ((1, (0, -1)), {}, ValueError, "a width must not be negative"),
        ((1, 2, 3), {}, ValueError, "iterable with length 2, got (1, 2, 3)"),
        ((1, (1, 2, 3)), {}, ValueError, "iterable with length 2, got (1, 2, 3)"),
        (1.5, {}, TypeError, "iterable of int, got 1.5"),
        (1, {"mode": "mirror"}, ValueError, "mode is 'constant', 'edge', 'reflect', 'symmetric'"),
        (1, {"batch_ndim": 5}, ValueError, "input of 4 axes does not have batch_ndim=5 leading"),
        (1, {"batch_ndim": -1}, ValueError, "does not have batch_ndim=-1 leading ones"),
    ],
)
def test_wrong_borders(width, settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        PadLayer((2, 3, 4, 5), width, **settings)


# -- parts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("indices", "axis"),
    [
        (0, -1),
        (-1, 1),
        (2, 1),
        (-3, -2),
        (slice(1, None), 1),
        (slice(None, None, -2), 2),
        (slice(-3, -1), -1),
        (slice(1, 2), 0),
    ],
)
def test_parts(indices, axis):
    x = numbers(2, 3, 4)
    index = [slice(None)] * 3
    index[axis] = indices
    check(SliceLayer(x.shape, indices, axis), x[tuple(index)], x)


def test_parts_of_open_lengths():
    assert SliceLayer((None, 3, None), 0).output_shape == (None, 3)
    assert SliceLayer((None, 3, None), slice(2), axis=0).output_shape == (None, 3, None)
    layer = SliceLayer(InputLayer((None, 3)), 4, axis=0)
    assert layer.output_shape == (3,) and get_output(layer, numbers(5, 3)).shape == (3,)
    with pytest.raises(ValueError, match=r"4 selects nothing of axis 0 of \(2, 3\)"):
        get_output(layer, numbers(2, 3))


@pytest.mark.parametrize(
    ("indices", "axis", "kind", "text"),
    [
        (4, -1, ValueError, "4 selects nothing of axis -1 of (2, 3, 4). Use indices from 0 to 3"),
        (-5, -1, ValueError, "-5 selects nothing of axis -1 of (2, 3, 4)"),
        (slice(4, None), 2, ValueError, "selects nothing of axis 2 of (2, 3, 4)"),
        (0, 3, ValueError, "an input of 3 axes has no axis=3. Use an axis from 0 to 2"),
        (1.5, 0, TypeError, "indices must be an integer or a slice, got 1.5"),
    ],
)
def test_wrong_parts(indices, axis, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        SliceLayer((2, 3, 4), indices, axis)


# -- all of them --------------------------------------------------------------------------

EACH = [
    ReshapeLayer((2, 3, 2), ([0], -1, 1)),
    DimshuffleLayer((2, 1, 3), (2, "x", 0)),
    PadLayer((2, 1, 3), ((1, 2),), val=2.0),
    SliceLayer((2, 3, 4), slice(None, None, 2), axis=1),
    SliceLayer((2, 3, 4), 1),
]


@pytest.mark.parametrize("layer", EACH, ids=lambda one: type(one).__name__)
def test_gradients(check_gradients, layer):
    check_gradients(layer, numbers(*layer.input_shape))


@pytest.mark.parametrize(
    ("layer", "shown"),
    [
        (layers.FlattenLayer((2, 3), 1), "FlattenLayer(outdim=1)"),
        (EACH[0], "ReshapeLayer(shape=([0], -1, 1))"),
        (EACH[1], "DimshuffleLayer(pattern=(2, 'x', 0))"),
        (EACH[2], "PadLayer(width=((1, 2),), val=2.0)"),
        (PadLayer((1, 2), 1, batch_ndim=1), "PadLayer(width=((1, 1),), batch_ndim=1)"),
        (EACH[4], "SliceLayer(indices=1, axis=-1)"),
    ],
)
def test_repr(layer, shown):
    assert repr(layer) == shown


def test_short_names():
    assert layers.reshape is ReshapeLayer and layers.dimshuffle is DimshuffleLayer
    assert layers.pad is PadLayer and layers.shape.pad is PadLayer
