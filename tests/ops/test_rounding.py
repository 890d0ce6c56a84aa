"""Rounding: halves, signs of zero, integers, and no gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt

VALUES = [-2.5, -1.5, -0.5, -0.0, 0.0, 0.5, 1.5, 2.5, 3.7, -3.7]
ROUNDERS = [("floor", math.floor), ("ceil", math.ceil), ("trunc", math.trunc), ("round", round)]


@pytest.mark.parametrize(("name", "oracle"), ROUNDERS)
def test_values(name, oracle):
    out = getattr(mt, name)(mt.asarray(VALUES))
    assert out.dtype == np.float32
    assert out.tolist() == [oracle(v) for v in VALUES]


@pytest.mark.parametrize("name", [name for name, _ in ROUNDERS])
def test_special_values_pass(name):
    out = getattr(mt, name)(mt.asarray([math.inf, -math.inf, math.nan, -0.0])).numpy()
    assert out[0] == math.inf and out[1] == -math.inf and np.isnan(out[2]) and np.signbit(out[3])


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64])
@pytest.mark.parametrize("name", [name for name, _ in ROUNDERS])
def test_integers_are_copied(name, dtype):
    x = mt.asarray(np.array([1, 2, 3], dtype))
    out = getattr(mt, name)(x)
    assert out.dtype == dtype and out.tolist() == [1, 2, 3]
    assert not np.shares_memory(out.numpy(), x.numpy())


@pytest.mark.parametrize("name", [name for name, _ in ROUNDERS])
def test_no_gradient(name):
    assert not getattr(mt, name)(mt.tensor([1.5], requires_grad=True)).requires_grad


def test_nextafter():
    x = np.array([1.0, 1.0, 0.0, 1.0])
    to = np.array([2.0, 0.0, 1.0, 1.0])
    out = mt.nextafter(mt.asarray(x), mt.asarray(to)).tolist()
    assert out == [math.nextafter(a, b) for a, b in zip(x, to, strict=True)]
