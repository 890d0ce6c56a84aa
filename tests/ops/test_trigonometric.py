"""Trigonometric functions against Python's math, one number at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt

# name, oracle, its derivative in another form than the rule's, where to look
FUNCTIONS = [
    ("sin", math.sin, math.cos, (-4, 4)),
    ("cos", math.cos, lambda v: math.sin(-v), (-4, 4)),
    ("tan", math.tan, lambda v: math.cos(v) ** -2, (-1.4, 1.4)),
    ("asin", math.asin, lambda v: 1 / math.cos(math.asin(v)), (-0.99, 0.99)),
    ("acos", math.acos, lambda v: -1 / math.sin(math.acos(v)), (-0.99, 0.99)),
    ("atan", math.atan, lambda v: math.cos(math.atan(v)) ** 2, (-4, 4)),
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
        assert getattr(mt, name)(mt.asarray(np.array([0.5], dtype))).dtype == dtype


@pytest.mark.parametrize("name", ["asin", "acos"])
def test_outside_the_domain_is_nan_and_quiet(name):
    assert math.isnan(getattr(mt, name)(mt.asarray(-2.0)).item())


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_infinity_has_no_angle(name):
    assert math.isnan(getattr(mt, name)(mt.asarray(math.inf)).item())


def test_atan2_goes_all_the_way_round():
    angles = np.linspace(-3.1, 3.1, 13)
    y = mt.tensor(2 * np.sin(angles), requires_grad=True)
    x = mt.tensor(2 * np.cos(angles), requires_grad=True)
    out = mt.atan2(y, x)
    np.testing.assert_allclose(out.numpy(), angles, rtol=1e-14)
    dy, dx = mt.grad(out.sum(), [y, x])
    np.testing.assert_allclose(dy.numpy(), np.cos(angles) / 2, atol=1e-15)
    np.testing.assert_allclose(dx.numpy(), -np.sin(angles) / 2, atol=1e-15)


def test_atan2_at_the_origin():
    y, x = (mt.tensor(np.float64([v, 0.0]), requires_grad=True) for v in (-0.0, -1.0))
    out = mt.atan2(y, x)
    assert out.tolist() == [-math.pi, 0.0]
    dy, dx = mt.grad(out.sum(), [y, x])
    assert dy.tolist() == [-1.0, 0.0] and dx.tolist() == [0.0, 0.0]
