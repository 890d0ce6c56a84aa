"""The error function against the C library's, number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt

GRID = np.concatenate(
    [np.linspace(-6, 6, 3001), np.linspace(-27, 27, 1501), 10.0 ** np.arange(-300, 0, 7)]
)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_double_precision(name):
    out = getattr(mt, name)(mt.asarray(GRID)).numpy()
    expected = np.array([getattr(math, name)(v) for v in GRID])
    normal = np.abs(expected) > 1e-300
    np.testing.assert_allclose(out[normal], expected[normal], rtol=1.2e-15)
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-307)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_single_precision(name):
    x = GRID.astype(np.float32)
    out = getattr(mt, name)(mt.asarray(x)).numpy()
    assert out.dtype == np.float32
    expected = np.array([getattr(math, name)(float(v)) for v in x])
    normal = np.abs(expected) > 1e-37
    np.testing.assert_allclose(out[normal], expected[normal], rtol=5e-7)


def test_the_two_pieces_meet():
    edge = np.nextafter(0.5, [0.0, 1.0])
    for name in ("erf", "erfc"):
        below, above = getattr(mt, name)(mt.asarray(edge)).tolist()
        assert abs(below - above) < 4e-16


def test_special_values():
    x = mt.asarray(np.array([math.inf, -math.inf, 0.0, -0.0, math.nan]))
    erf, erfc = mt.erf(x).numpy(), mt.erfc(x).numpy()
    np.testing.assert_array_equal(erf, [1.0, -1.0, 0.0, -0.0, math.nan])
    np.testing.assert_array_equal(np.signbit(erf[:4]), [False, True, False, True])
    np.testing.assert_array_equal(erfc, [0.0, 2.0, 1.0, 1.0, math.nan])


def test_kinds():
    assert mt.erf(mt.asarray(np.float16([1.0]))).dtype == np.float16
    assert mt.erf(mt.asarray([1, 2])).dtype == np.float64
    assert mt.erf(mt.asarray(np.zeros((0, 2)))).shape == (0, 2)
    with pytest.raises(TypeError, match="complex128"):
        mt.erf(mt.asarray(np.array([1j])))


def test_slope_and_bend():
    data = np.linspace(-3, 3, 13)
    x = mt.tensor(data, requires_grad=True)
    slope = mt.grad(mt.erf(x).sum(), x, create_graph=True)
    bell = 2 / math.sqrt(math.pi) * np.exp(-(data**2))
    np.testing.assert_allclose(slope.numpy(), bell, rtol=1e-13)
    np.testing.assert_allclose(mt.grad(slope.sum(), x).numpy(), -2 * data * bell, rtol=1e-13)
    np.testing.assert_allclose(mt.grad(mt.erfc(x).sum(), x).numpy(), -bell, rtol=1e-13)
