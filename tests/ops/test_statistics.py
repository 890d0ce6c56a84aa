"""Variance and standard deviation against Python's statistics module."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(("correction", "name"), [(0, "pvariance"), (1, "variance")])
def test_against_the_statistics_module(axis, correction, name):
    x = np.random.default_rng(8).normal(3, 2, (4, 5))
    rows = np.moveaxis(x, axis, -1)
    expected = np.array([getattr(statistics, name)(row.tolist()) for row in rows])
    var = mt.var(mt.asarray(x), axis=axis, correction=correction)
    std = mt.std(mt.asarray(x), axis=axis, correction=correction, keepdims=True)
    np.testing.assert_allclose(var.numpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(std.numpy().ravel(), np.sqrt(expected), rtol=1e-13)
    assert std.ndim == 2


def test_all_axes_and_fractional_correction():
    x = np.arange(6.0).reshape(2, 3)
    spread = ((x - x.mean()) ** 2).sum()
    assert mt.var(mt.asarray(x)).item() == pytest.approx(spread / 6)
    assert mt.var(mt.asarray(x), axis=(0, 1), correction=0.5).item() == pytest.approx(spread / 5.5)


@pytest.mark.parametrize("name", ["var", "std"])
def test_no_degree_of_freedom(name):
    function = getattr(mt, name)
    assert math.isnan(function(mt.asarray([1.0]), correction=1).item())
    assert math.isnan(function(mt.asarray([1.0, 2.0]), correction=3).item())
    assert np.isnan(function(mt.asarray(np.zeros((0, 2))), axis=0).numpy()).all()
    assert function(mt.asarray([5.0])).item() == 0.0


def test_no_cancellation_for_a_large_mean():
    x = np.float64([1e9 + 1, 1e9 + 2, 1e9 + 3])
    assert mt.var(mt.asarray(x)).item() == pytest.approx(2 / 3, rel=1e-12)


def test_halves_do_not_overflow():
    x = mt.asarray(np.float16([-400.0, 400.0] * 50))
    assert mt.std(x).item() == 400.0 and mt.std(x).dtype == np.float16


@pytest.mark.parametrize("correction", [0, 1])
def test_gradients(correction):
    data = np.random.default_rng(9).normal(size=(3, 4))
    x = mt.tensor(data, requires_grad=True)
    centered = data - data.mean(axis=1, keepdims=True)
    free = 4 - correction
    dx = mt.grad(mt.var(x, axis=1, correction=correction).sum(), x)
    np.testing.assert_allclose(dx.numpy(), 2 * centered / free, rtol=1e-12)
    sigma = np.sqrt((centered**2).sum(axis=1, keepdims=True) / free)
    dx = mt.grad(mt.std(x, axis=1, correction=correction).sum(), x)
    np.testing.assert_allclose(dx.numpy(), centered / (free * sigma), rtol=1e-12)


def test_std_of_equals_has_gradient_zero():
    x = mt.tensor([[2.0, 2.0], [1.0, 3.0]], requires_grad=True)
    assert mt.grad(mt.std(x, axis=1).sum(), x).tolist() == [[0.0, 0.0], [-0.5, 0.5]]
