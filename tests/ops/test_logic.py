"""Logic and bits, against Python's operators."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import minitorch as mt

BOOLS = [True, True, False, False], [True, False, True, False]
INTS = [12, -12, 5, 0, 127], [3, 2, 0, 1, 6]


@pytest.mark.parametrize(
    ("name", "oracle"),
    [("logical_and", operator.and_), ("logical_or", operator.or_), ("logical_xor", operator.xor)],
)
def test_truth_tables(name, oracle):
    out = getattr(mt, name)(mt.asarray(BOOLS[0]), mt.asarray(BOOLS[1]))
    assert out.dtype == np.bool_
    assert out.tolist() == [oracle(a, b) for a, b in zip(*BOOLS, strict=True)]


def test_logical_not():
    assert mt.logical_not(mt.asarray([True, False])).tolist() == [False, True]


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64])
@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("bitwise_and", operator.and_),
        ("bitwise_or", operator.or_),
        ("bitwise_xor", operator.xor),
        ("bitwise_right_shift", operator.rshift),
        ("bitwise_left_shift", operator.lshift),
    ],
)
def test_bits(name, oracle, dtype):
    a, b = (np.array(values, dtype) for values in INTS)
    out = getattr(mt, name)(mt.asarray(a), mt.asarray(b))
    expected = np.array([oracle(int(p), int(q)) for p, q in zip(a, b, strict=True)]).astype(dtype)
    assert out.dtype == dtype and out.tolist() == expected.tolist()


def test_invert():
    assert mt.bitwise_invert(mt.asarray([0, 5, -1])).tolist() == [~0, ~5, 0]
    assert mt.bitwise_invert(mt.asarray([True, False])).tolist() == [False, True]


def test_bits_of_floats_raise():
    with pytest.raises(TypeError):
        mt.bitwise_and(mt.asarray([1.0]), 1)
