"""Powers and roots, above all at zero."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt


def leaf(value):
    return mt.tensor(np.asarray(value, np.float64), requires_grad=True)


@pytest.mark.parametrize("shapes", [((), ()), ((0,), (0,)), ((3, 1), (4,))], ids=str)
def test_pow_agrees_with_python(shapes):
    rng = np.random.default_rng(4)
    a, b = rng.uniform(0.1, 3, shapes[0]), rng.uniform(-2, 3, shapes[1])
    x, e = leaf(a), leaf(b)
    y = mt.pow(x, e)
    expected = [float(p) ** float(q) for p, q in np.broadcast(a, b)]
    np.testing.assert_allclose(y.numpy().ravel(), expected, rtol=1e-14)
    dx, de = mt.grad(y.sum(), [x, e])
    grid_a, grid_b = np.broadcast_arrays(a, b)
    whole_dx = grid_b * np.exp((grid_b - 1) * np.log(grid_a))
    whole_de = np.exp(grid_b * np.log(grid_a)) * np.log(grid_a)
    np.testing.assert_allclose(
        mt.sum_to(mt.asarray(whole_dx), a.shape).numpy(), dx.numpy(), rtol=1e-12
    )
    np.testing.assert_allclose(
        mt.sum_to(mt.asarray(whole_de), b.shape).numpy(), de.numpy(), rtol=1e-12
    )


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 2.0, 0.0, 1.0])
@pytest.mark.parametrize("as_tensor", [False, True])
def test_derivatives_of_powers_at_zero(exponent, as_tensor):
    x = leaf([0.0, -2.0])
    y = mt.pow(x, mt.asarray(float(exponent)) if as_tensor else exponent)
    first = mt.grad(y.sum(), x, create_graph=True)
    n = float(exponent)
    slope = [n * v ** (n - 1) if n > 1 else n for v in (0.0, -2.0)]
    assert first.tolist() == slope
    if first.requires_grad:
        second = mt.grad(first.sum(), x, allow_unused=True)
        bend = [n * (n - 1) * v ** (n - 2) if n > 2 else n * (n - 1) for v in (0.0, -2.0)]
        assert [abs(v) for v in second.tolist()] == [abs(v) for v in bend]


def test_pow_at_base_zero_towards_the_exponent():
    x = mt.asarray(np.zeros(4))
    e = leaf([0.0, 0.5, 2.0, -1.0])
    y = mt.pow(x, e)
    assert y.tolist() == [1.0, 0.0, 0.0, math.inf]
    assert mt.grad(y.sum(), e).tolist() == [0.0, 0.0, 0.0, -math.inf]


@pytest.mark.parametrize("base", [2, 2.0, 0, 1])
def test_scalar_base(base):
    e = leaf([1.0, 3.0])
    y = mt.pow(base, e)
    slope = [0.0 if base == 0 else math.log(base) * base**v for v in (1.0, 3.0)]
    np.testing.assert_allclose(mt.grad(y.sum(), e).numpy(), slope, rtol=1e-14)


def test_negative_base_has_no_derivative_towards_the_exponent():
    e = leaf(2.0)
    y = mt.pow(mt.asarray(np.float64(-3.0)), e)
    assert y.item() == 9.0 and math.isnan(mt.grad(y, e).item())


def test_pow_of_integers():
    x = mt.asarray([2, -3])
    assert mt.pow(x, 2).tolist() == [4, 9] and mt.pow(x, 2).dtype == np.int64
    assert mt.pow(x, 0.0).dtype == np.float64
    with pytest.raises(ValueError, match="negative"):
        mt.pow(x, -1)


def test_pow_copies_for_exponent_one():
    x = mt.asarray(np.float64([1.0, 2.0]))
    assert not np.shares_memory(mt.pow(x, 1).numpy(), x.numpy())


def test_power_keeps_float32():
    x = mt.asarray(np.float32([2.0]))
    assert mt.pow(x, 2).dtype == mt.pow(x, 0.5).dtype == np.float32
    assert mt.square(x).dtype == mt.sqrt(x).dtype == np.float32


def test_sqrt_and_square():
    x = leaf([4.0, 0.25, 0.0])
    assert mt.sqrt(x).tolist() == [2.0, 0.5, 0.0]
    assert mt.grad(mt.sqrt(x).sum(), x).tolist() == [0.25, 1.0, math.inf]
    assert mt.grad(mt.square(x).sum(), x).tolist() == [8.0, 0.5, 0.0]
    assert math.isnan(mt.sqrt(mt.asarray(-1.0)).item())


def test_hypot():
    a, b = leaf([3.0, 0.0, 1e200]), leaf([4.0, 0.0, 1e200])
    y = mt.hypot(a, b)
    np.testing.assert_allclose(y.numpy(), [5.0, 0.0, math.sqrt(2) * 1e200], rtol=1e-15)
    da, db = mt.grad(y.sum(), [a, b])
    np.testing.assert_allclose(da.numpy(), [0.6, 0.0, math.sqrt(0.5)], rtol=1e-15)
    np.testing.assert_allclose(db.numpy(), [0.8, 0.0, math.sqrt(0.5)], rtol=1e-15)
