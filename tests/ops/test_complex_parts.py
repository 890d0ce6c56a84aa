"""Complex numbers are constants; on real arrays the ops are copies and zeros."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt


def test_parts_of_complex_numbers():
    x = mt.asarray(np.array([1 + 2j, -3 - 4j]))
    assert mt.real(x).tolist() == [1.0, -3.0]
    assert mt.imag(x).tolist() == [2.0, -4.0]
    assert mt.conj(x).tolist() == [1 - 2j, -3 + 4j]
    assert mt.abs(x).tolist() == [np.sqrt(5.0), 5.0]
    assert mt.real(x).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
@pytest.mark.parametrize("name", ["real", "imag", "conj"])
def test_results_own_their_memory(name, dtype):
    x = mt.asarray(np.ones(3, dtype))
    out = getattr(mt, name)(x)
    assert not np.shares_memory(out.numpy(), x.numpy())
    assert out.numpy().flags.writeable


def test_real_arrays_are_differentiable():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    (mt.real(x) + mt.conj(x)).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    assert not mt.imag(x).requires_grad and mt.imag(x).tolist() == [0.0, 0.0]


def test_products_with_complex_constants_carry_no_gradient():
    x = mt.tensor([1.0], requires_grad=True)
    assert not mt.multiply(x, 1j).requires_grad
