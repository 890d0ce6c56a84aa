"""Merging layers and cropping: against NumPy, open lengths, gradients, errors."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.layers import (
    ConcatLayer,
    ElemwiseMergeLayer,
    ElemwiseSumLayer,
    InputLayer,
    autocrop,
    autocrop_array_shapes,
    get_output,
    get_output_shape,
)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# -- cropping -------------------------------------------------------------------------

SHAPES = [(1, 2, 3, 4), (5, 4, 4, 2), (7, 1, 8, 9)]


@pytest.mark.parametrize(
    ("cropping", "expected"),
    [
        (None, SHAPES),
        ([], SHAPES),
        ([None] * 4, SHAPES),
        (["lower"], [(1, 2, 3, 4), (1, 4, 4, 2), (1, 1, 8, 9)]),
        ([None, "upper", "center"], [(1, 1, 3, 4), (5, 1, 3, 2), (7, 1, 3, 9)]),
        (["lower", "upper", "center", "lower"], [(1, 1, 3, 2)] * 3),
        (["lower"] * 9, [(1, 1, 3, 2)] * 3),
    ],
)
def test_cropped_shapes(cropping, expected):
    assert autocrop_array_shapes(SHAPES, cropping) == expected
    arrays = [mt.asarray(numbers(*shape)) for shape in SHAPES]
    assert [one.shape for one in autocrop(arrays, cropping)] == expected


def test_what_is_cropped():
    a, b = np.arange(7), np.arange(4)
    for mode, kept in [("lower", a[:4]), ("upper", a[3:]), ("center", a[1:5]), (None, a)]:
        first, second = autocrop([mt.asarray(a), mt.asarray(b)], [mode])
        np.testing.assert_array_equal(first.numpy(), kept)
        np.testing.assert_array_equal(second.numpy(), b)


def test_cropping_open_lengths():
    shapes = [(None, 2, None), (3, 4, 5)]
    assert autocrop_array_shapes(shapes, ["lower", "upper"]) == [(None, 2, None), (None, 2, 5)]
    assert autocrop_array_shapes([(), ()], ["lower"]) == [(), ()]


@pytest.mark.parametrize(
    ("shapes", "cropping", "text"),
    [
        ([(1, 2), (1, 2, 3)], ["lower"], "Got 2 inputs of dimensionalities [2, 3]."),
        ([(1, 2), (1, 2)], ["middle"], "Unknown crop mode 'middle'; use None, 'lower'"),
        ([(1, 2), (1, 2)], "lower", "cropping is a list with a mode per axis, got 'lower'"),
    ],
)
def test_wrong_cropping(shapes, cropping, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        autocrop_array_shapes(shapes, cropping)
    with pytest.raises(ValueError, match=re.escape(text)):
        autocrop([mt.ones(shape) for shape in shapes], cropping)
    for make in (ConcatLayer, ElemwiseSumLayer):
        with pytest.raises(ValueError, match=re.escape(text.rstrip("."))):
            make([InputLayer(shape) for shape in shapes], cropping=cropping)


# -- concatenation ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shapes", "axis"),
    [
        ([(2, 3), (2, 1)], 1),
        ([(2, 3, 4), (5, 3, 4), (1, 3, 4)], 0),
        ([(2, 3, 4), (2, 3, 1)], -1),
        ([(2, 3)], 1),
    ],
)
def test_concatenation(shapes, axis):
    ends = [InputLayer(shape) for shape in shapes]
    layer = ConcatLayer(ends, axis)
    data = [numbers(*shape, seed=i) for i, shape in enumerate(shapes)]
    expected = np.concatenate(data, axis=axis)
    assert layer.output_shape == expected.shape
    out = get_output(layer, dict(zip(ends, data, strict=True)))
    np.testing.assert_array_equal(out.numpy(), expected)


def test_concatenation_of_open_lengths():
    layer = ConcatLayer([(None, 3, None), (4, None, 5)])
    assert layer.axis == 1 and layer.output_shape == (4, None, 5)
    assert ConcatLayer([(None, 3, None), (None, 2, None)]).output_shape == (None, 5, None)
    assert layer.get_output_shape_for([(4, 3, 5), (4, 1, 5)]) == (4, 4, 5)


@pytest.mark.parametrize("axis", [1, -3])
def test_the_concatenated_axis_is_never_cropped(axis):
    a, b = InputLayer((2, 3, 5, 4)), InputLayer((2, 2, 3, 6))
    layer = ConcatLayer([a, b], axis, cropping=["lower", "lower", "center", "upper"])
    x, y = numbers(2, 3, 5, 4), numbers(2, 2, 3, 6)
    expected = np.concatenate([x[:, :, 1:4], y[..., 2:]], axis=1)
    assert layer.output_shape == expected.shape
    np.testing.assert_array_equal(get_output(layer, {a: x, b: y}).numpy(), expected)
    assert repr(layer) == f"ConcatLayer(axis={axis}, cropping=['lower', None, 'center', 'upper'])"


@pytest.mark.parametrize(
    ("shapes", "axis", "text"),
    [
        ([(2, 3), (3, 3)], 1,
         "Mismatch: input shapes must be the same except in the concatenation axis, axis=1; they "
         "are (2, 3), (3, 3). Crop the others with `cropping`"),
        ([(2, 3), (2, 3, 4)], 1, "they are (2, 3), (2, 3, 4)"),
        ([(2, 3), (2, 3)], 2, "inputs of 2 axes have no axis=2. Use an axis from 0 to 1"),
    ],
)  # fmt: skip
def test_wrong_concatenation(shapes, axis, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        ConcatLayer([InputLayer(shape) for shape in shapes], axis)


@pytest.mark.parametrize("make", [ConcatLayer, ElemwiseSumLayer])
def test_nothing_to_merge(make):
    with pytest.raises(ValueError, match=f"{make.__name__}: needs at least one incoming layer"):
        make([])


# -- element by element --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "oracle"),
    [(mt.multiply, np.multiply), (mt.maximum, np.maximum), (mt.subtract, np.subtract)],
)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_merging(function, oracle, count):
    ends = [InputLayer((None, 3)) for _ in range(count)]
    data = [numbers(2, 3, seed=i) for i in range(count)]
    layer = ElemwiseMergeLayer(ends, function)
    expected = data[0]
    for other in data[1:]:
        expected = oracle(expected, other)
    assert layer.output_shape == (None, 3)
    out = get_output(layer, dict(zip(ends, data, strict=True)))
    np.testing.assert_array_equal(out.numpy(), expected)


@pytest.mark.parametrize(
    ("coeffs", "weights"),
    [(1, [1, 1, 1]), (2, [2, 2, 2]), ([1, -1, 0.5], [1, -1, 0.5]), ((0, 1, 2), [0, 1, 2])],
)
def test_sums(coeffs, weights):
    ends = [InputLayer((None, 3)) for _ in range(3)]
    data = [numbers(2, 3, seed=i) for i in range(3)]
    layer = ElemwiseSumLayer(ends, coeffs)
    expected = sum(w * x for w, x in zip(weights, data, strict=True))
    out = get_output(layer, dict(zip(ends, data, strict=True)))
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-12)
    assert layer.coeffs == weights


def test_a_coefficient_can_be_learnt():
    a, b = InputLayer((None, 2)), InputLayer((None, 2))
    alpha = mt.tensor(1.0, requires_grad=True)
    out = get_output(ElemwiseSumLayer([a, b], [alpha, 1]), {a: [[1.0, 2.0]], b: [[3.0, 4.0]]})
    out.sum().backward()
    assert alpha.grad.item() == 3


def test_cropped_sums():
    a, b = InputLayer((None, 2, 5)), InputLayer((None, 2, 4))
    layer = ElemwiseSumLayer([a, b], cropping=[None, None, "upper"])
    x, y = numbers(1, 2, 5), numbers(1, 2, 4)
    np.testing.assert_allclose(get_output(layer, {a: x, b: y}).numpy(), x[..., 1:] + y, rtol=1e-12)
    assert layer.output_shape == (None, 2, 4)
    assert repr(layer) == "ElemwiseSumLayer(coeffs=[1, 1], cropping=[None, None, 'upper'])"
    assert repr(ElemwiseMergeLayer([a], mt.add)) == "ElemwiseMergeLayer(merge_function=add)"


def test_open_lengths_agree():
    layer = ElemwiseSumLayer([(None, 3, None), (2, None, None)])
    assert layer.output_shape == (2, 3, None)
    with pytest.raises(ValueError, match="not all input shapes are the same"):
        layer.get_output_shape_for([(2, 3, 4), (2, 3, 5)])


@pytest.mark.parametrize(
    ("shapes", "settings", "text"),
    [
        ([(2, 3), (2, 4)], {}, "Mismatch: not all input shapes are the same; they are (2, 3), (2, "
                               "4). Crop them with `cropping`"),
        ([(2, 3), (2, 3, 1)], {}, "not all input shapes are the same; they are (2, 3), (2, 3, 1)"),
        ([(2, 3), (2, 3)], {"coeffs": [1]}, "Mismatch: got 1 coeffs for 2 incomings"),
    ],
)  # fmt: skip
def test_wrong_sums(shapes, settings, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        ElemwiseSumLayer([InputLayer(shape) for shape in shapes], **settings)


@pytest.mark.parametrize(
    "layer",
    [
        ConcatLayer([(2, 3, 2), (2, 2, 3)], cropping=["lower", None, "center"]),
        ElemwiseMergeLayer([(2, 3), (2, 2), (2, 4)], mt.multiply, cropping=[None, "center"]),
        ElemwiseSumLayer([(2, 3), (2, 3)], [2, 1]),
    ],
    ids=lambda one: type(one).__name__,
)
def test_gradients(check_gradients, layer):
    check_gradients(layer, *[numbers(*s, seed=i) for i, s in enumerate(layer.input_shapes)])


def test_names_and_other_shapes():
    assert layers.concat is ConcatLayer and layers.merge.concat is ConcatLayer
    a, b = InputLayer((None, 3)), InputLayer((None, 3))
    assert get_output_shape(ConcatLayer([a, b]), {a: (2, 3), b: (2, 4)}) == (2, 7)
