"""Hyperbolic functions against Python's math, one number at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt

# name, oracle, its derivative in another form than the rule's, where to look
FUNCTIONS = [
    ("sinh", math.sinh, lambda v: (math.exp(v) + math.exp(-v)) / 2, (-3, 3)),
    ("cosh", math.cosh, lambda v: (math.exp(v) - math.exp(-v)) / 2, (-3, 3)),
    ("tanh", math.tanh, lambda v: math.cosh(v) ** -2, (-3, 3)),
    ("asinh", math.asinh, lambda v: 1 / math.cosh(math.asinh(v)), (-3, 3)),
    ("acosh", math.acosh, lambda v: 1 / math.sinh(math.acosh(v)), (1.1, 4)),
    ("atanh", math.atanh, lambda v: math.cosh(math.atanh(v)) ** 2, (-0.99, 0.99)),
]


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)], ids=str)
@pytest.mark.parametrize(("name", "oracle", "slope", "limits"), FUNCTIONS)
def test_values_and_slopes(name, oracle, slope, limits, shape):
    data = np.random.default_rng(3).uniform(*limits, shape)
    x = mt.tensor(data, requires_grad=True)
    y = getattr(mt, name)(x)
    dx = mt.grad(y.sum(), x)
    assert y.shape == dx.shape == shape
    np.testing.assert_allclose(y.numpy().ravel(), [oracle(v) for v in data.ravel()], rtol=1e-13)
    np.testing.assert_allclose(dx.numpy().ravel(), [slope(v) for v in data.ravel()], rtol=1e-11)


@pytest.mark.parametrize("name", [row[0] for row in FUNCTIONS])
def test_dtypes(name):
    for dtype in (np.float16, np.float32, np.float64):
        value = 1.5 if name == "acosh" else 0.5
        assert getattr(mt, name)(mt.asarray(np.array([value], dtype))).dtype == dtype


@pytest.mark.parametrize("name", ["atanh", "acosh"])
def test_outside_the_domain_is_nan_and_quiet(name):
    assert math.isnan(getattr(mt, name)(mt.asarray(-2.0)).item())


def test_far_out():
    x = mt.tensor([-1000.0, 1000.0], requires_grad=True)
    assert mt.tanh(x).tolist() == [-1.0, 1.0]
    assert mt.grad(mt.tanh(x).sum(), x).tolist() == [0.0, 0.0]
    assert mt.sinh(x).tolist() == [-math.inf, math.inf]
    assert mt.cosh(x).tolist() == [math.inf, math.inf]
    assert mt.atanh(mt.asarray([-1.0, 1.0])).tolist() == [-math.inf, math.inf]
