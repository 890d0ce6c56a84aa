"""Infinities and NaNs where the Array API standard and NumPy differ."""

import math

import numpy as np
import pytest

import minitorch as mt

INF, NAN = math.inf, math.nan


def parts(x):
    return [complex(v).real for v in x.tolist()], [complex(v).imag for v in x.tolist()]


@pytest.mark.parametrize("dtype", [mt.complex64, mt.complex128])
def test_expm1(dtype):
    x = [
        complex(INF, 0),
        complex(-INF, INF),
        complex(-INF, NAN),
        complex(INF, NAN),
        complex(NAN, 0),
    ]
    found = mt.expm1(mt.asarray(x, dtype=dtype))
    assert found.dtype == dtype
    real, imag = parts(found)
    np.testing.assert_array_equal(real, [INF, -1, -1, INF, NAN])
    np.testing.assert_array_equal(imag, [0, 0, 0, NAN, 0])
    usual = np.array([1 + 2j, -3j, 0.5 + 0j], dtype)
    np.testing.assert_allclose(mt.expm1(mt.asarray(usual)).numpy(), np.expm1(usual), rtol=1e-6)


@pytest.mark.parametrize("dtype", [mt.complex64, mt.complex128])
def test_tanh(dtype):
    x = mt.asarray([complex(INF, 2), complex(-INF, 1), complex(INF, 0)], dtype=dtype)
    found = mt.tanh(x)
    assert found.dtype == dtype
    assert parts(found) == ([1, -1, 1], [0, 0, 0])
    usual = np.array([1 + 2j, -3j, 0.5 + 0j], dtype)
    np.testing.assert_allclose(mt.tanh(mt.asarray(usual)).numpy(), np.tanh(usual), rtol=1e-6)


def test_floor_division_with_infinities():
    x1 = mt.asarray([INF, -INF, 1.0, -1.0, -1.0, 7.0, -7.0, INF])
    x2 = mt.asarray([2.0, 2.0, -INF, INF, -INF, 2.0, 2.0, INF])
    found = (x1 // x2).numpy()
    np.testing.assert_array_equal(found, [INF, -INF, 0, 0, 0, 3, -4, NAN])
    np.testing.assert_array_equal(np.signbit(found[2:5]), [True, True, False])
    assert (mt.asarray(7) // mt.asarray(2)).dtype == mt.int64
    assert (1.0 // mt.asarray([0.1], dtype=mt.float64)).item() == 9  # not floor(1 / 0.1)
