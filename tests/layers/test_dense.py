"""DenseLayer: shapes over a grid, output against loops, gradients, errors."""

import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init
from minitorch.layers import DenseLayer, InputLayer, get_all_params, get_output
from minitorch.nonlinearities import identity, rectify, tanh


def oracle(x, w, b, leading):
    """Every output element, one sum at a time."""
    kept = x.shape[:leading] if leading >= 0 else x.shape[: x.ndim + leading]
    rows = x.reshape(-1, w.shape[0])
    out = np.zeros((len(rows), w.shape[1]))
    for i, row in enumerate(rows):
        for k in range(w.shape[1]):
            out[i, k] = math.fsum(row * w[:, k]) + b[k]
    return out.reshape(*kept, w.shape[1])


CASES = [
    ((5, 3), 1, (3, 4), (5, 4)),
    ((5, 3, 2), 1, (6, 4), (5, 4)),
    ((5, 3, 2), 2, (2, 4), (5, 3, 4)),
    ((5, 3, 2), -1, (2, 4), (5, 3, 4)),
    ((5, 3, 2), -2, (6, 4), (5, 4)),
    ((5, 3, 2), 0, (30, 4), (4,)),
    ((5, 3, 2), -3, (30, 4), (4,)),
    ((2, 1, 3, 2), 3, (2, 4), (2, 1, 3, 4)),
    ((3,), 0, (3, 4), (4,)),
]


@pytest.mark.parametrize(("shape", "leading", "weights", "expected"), CASES)
def test_shapes_and_output(shape, leading, weights, expected):
    mt.random.seed(1)
    layer = DenseLayer(
        InputLayer(shape), 4, b=init.Normal(), nonlinearity=None, num_leading_axes=leading
    )
    assert layer.W.shape == weights and layer.b.shape == (4,)
    assert layer.output_shape == expected
    x = np.random.default_rng(0).normal(size=shape)
    out = get_output(layer, x).numpy()
    expected = oracle(
        x, layer.W.get_value().astype(float), layer.b.get_value().astype(float), leading
    )
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "leading", "expected"),
    [
        ((None, 3, 2), 1, (None, 4)),
        ((None, None, 2), 2, (None, None, 4)),
        ((None, None, 2), -1, (None, None, 4)),
        ((None, 3), 1, (None, 4)),
    ],
)
def test_open_lengths(shape, leading, expected):
    layer = DenseLayer(InputLayer(shape), 4, num_leading_axes=leading)
    assert layer.output_shape == expected
    full = tuple(n or 5 for n in shape)
    out = get_output(layer, np.ones(full, np.float32))
    assert out.shape == layer.get_output_shape_for(full)


def test_defaults():
    mt.random.seed(0)
    layer = DenseLayer((None, 300), 200, name="d")
    assert layer.nonlinearity is rectify
    assert (layer.b.get_value() == 0).all()
    assert abs(layer.W.get_value()).max() <= math.sqrt(6 / 500) * (1 + 1e-6)
    assert [p.name for p in layer.get_params()] == ["d.W", "d.b"]
    assert layer.get_params(regularizable=True) == [layer.W]
    assert layer.W.dtype == layer.b.dtype == np.float32


@pytest.mark.parametrize(
    ("nonlinearity", "exact"),
    [
        (None, lambda v: v),
        (identity, lambda v: v),
        (tanh, np.tanh),
        (rectify, lambda v: np.maximum(v, 0)),
    ],
)
def test_nonlinearity(nonlinearity, exact):
    w = np.array([[1.0, -2.0]])
    layer = DenseLayer((None, 1), 2, W=w, nonlinearity=nonlinearity)
    out = get_output(layer, {None: np.array([[3.0], [-1.0]])}).numpy()
    np.testing.assert_allclose(out, exact(np.array([[3.0, -6.0], [-1.0, 2.0]])), rtol=1e-15)


def test_no_bias():
    layer = DenseLayer((None, 3), 4, b=None)
    assert layer.b is None and get_all_params(layer) == [layer.W]
    assert get_output(layer, {None: np.zeros((2, 3))}).shape == (2, 4)


@pytest.mark.parametrize(
    ("leading", "b"), [(1, init.Constant(0)), (2, None), (-1, init.Constant(0))]
)
def test_gradients(check_gradients, leading, b):
    layer = DenseLayer((2, 3, 2), 3, b=b, nonlinearity=tanh, num_leading_axes=leading)
    check_gradients(layer, np.random.default_rng(0).normal(size=(2, 3, 2)))


@pytest.mark.parametrize(
    ("shape", "leading", "text"),
    [
        ((None, 3), 2, "Got num_leading_axes=2 for a 2-dimensional input, leaving no trailing axes "
         "for the dot product. Use num_leading_axes=1 at most"),
        ((None, 3), -3, "requesting more trailing axes than there are input dimensions. Use "
         "num_leading_axes=-2 at least"),
        ((None, None, 3), 1, "A DenseLayer requires a fixed input shape (except for the leading "
         "axes). Got (None, None, 3) for num_leading_axes=1"),
        ((None, 3), 0, "A DenseLayer requires a fixed input shape"),
    ],
)  # fmt: skip
def test_axes_that_do_not_fit(shape, leading, text):
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        DenseLayer(InputLayer(shape, name="x"), 4, num_leading_axes=leading)
    assert "the layers above it:\n    InputLayer  x  (None, " in str(caught.value)


@pytest.mark.parametrize("units", [2.0, "3", (3, 4)])
def test_units_are_an_integer(units):
    with pytest.raises((TypeError, ValueError), match="expected a single value or an iterable"):
        DenseLayer((None, 3), units)


@pytest.mark.parametrize("units", [0, -1])
def test_units_are_positive(units):
    with pytest.raises(ValueError, match="Cannot create param with a non-positive shape"):
        DenseLayer((None, 3), units)


def test_weights_have_the_shape():
    with pytest.raises(ValueError, match=re.escape("parameter d.W: the provided numpy array has")):
        DenseLayer((None, 3), 4, W=np.ones((4, 3)), name="d")
    other = DenseLayer((None, 5), 4, name="other")
    with pytest.raises(ValueError, match=re.escape("has shape (5, 4), should be (3, 4)")):
        DenseLayer((None, 3), 4, W=other.W)


def test_data_that_do_not_fit_name_the_layer():
    layer = DenseLayer((None, 3), 4, name="d")
    with pytest.raises(ValueError, match="matmul") as caught:
        get_output(layer, {None: np.ones((2, 5))})
    assert "DenseLayer(num_units=4, nonlinearity=rectify, name='d')" in caught.value.__notes__[0]
