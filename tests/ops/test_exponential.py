"""Exponentials and logarithms: values, limits, and the stable sums of exponentials."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt

FUNCTIONS = [
    ("exp", math.exp, math.exp, (-3, 3)),
    ("expm1", math.expm1, math.exp, (-3, 3)),
    ("log", math.log, lambda v: 1 / v, (0.1, 5)),
    ("log1p", math.log1p, lambda v: 1 / (1 + v), (-0.9, 5)),
    ("log2", math.log2, lambda v: 1 / (v * math.log(2)), (0.1, 5)),
    ("log10", math.log10, lambda v: 1 / (v * math.log(10)), (0.1, 5)),
]


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 3)], ids=str)
@pytest.mark.parametrize(("name", "oracle", "slope", "limits"), FUNCTIONS)
def test_values_and_slopes(name, oracle, slope, limits, shape):
    data = np.random.default_rng(2).uniform(*limits, shape)
    x = mt.tensor(data, requires_grad=True)
    y = getattr(mt, name)(x)
    dx = mt.grad(y.sum(), x)
    assert y.shape == dx.shape == shape
    np.testing.assert_allclose(y.numpy().ravel(), [oracle(v) for v in data.ravel()], rtol=1e-14)
    np.testing.assert_allclose(dx.numpy().ravel(), [slope(v) for v in data.ravel()], rtol=1e-13)


@pytest.mark.parametrize("name", [row[0] for row in FUNCTIONS])
def test_dtypes(name):
    for dtype in (np.float16, np.float32, np.float64):
        assert getattr(mt, name)(mt.asarray(np.array([0.5], dtype))).dtype == dtype


def test_limits_are_quiet():
    assert mt.exp(mt.asarray([-math.inf, 1000.0, math.inf])).tolist() == [0.0, math.inf, math.inf]
    assert mt.log(mt.asarray([0.0, math.inf])).tolist() == [-math.inf, math.inf]
    assert math.isnan(mt.log(mt.asarray(-1.0)).item())
    assert mt.log1p(mt.asarray(-1.0)).item() == -math.inf


def test_small_arguments_keep_their_digits():
    x = mt.asarray(np.float64([1e-20, -1e-20]))
    assert mt.expm1(x).tolist() == [1e-20, -1e-20]
    assert mt.log1p(x).tolist() == [1e-20, -1e-20]


def test_logaddexp_does_not_overflow():
    a = mt.tensor(np.float64([1000.0, -1000.0, 0.0]), requires_grad=True)
    b = mt.tensor(np.float64([1000.0, -1000.0, 5.0]), requires_grad=True)
    y = mt.logaddexp(a, b)
    np.testing.assert_allclose(
        y.numpy(), [1000 + math.log(2), -1000 + math.log(2), math.log(1 + math.exp(5))]
    )
    da, db = mt.grad(y.sum(), [a, b])
    share = 1 / (1 + math.exp(5))
    np.testing.assert_allclose(da.numpy(), [0.5, 0.5, share], rtol=1e-12)
    np.testing.assert_allclose(db.numpy(), [0.5, 0.5, 1 - share], rtol=1e-12)


def test_logaddexp_of_log_zero():
    a = mt.tensor([-math.inf, -math.inf], requires_grad=True)
    b = mt.tensor([-math.inf, 1.0], requires_grad=True)
    y = mt.logaddexp(a, b)
    assert y.tolist() == [-math.inf, 1.0]
    da, db = mt.grad(y.sum(), [a, b])
    assert da.tolist() == [0.0, 0.0] and db.tolist() == [0.0, 1.0]
