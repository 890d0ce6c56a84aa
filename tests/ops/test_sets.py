"""Distinct values, against Python's sets and counters."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4)], ids=str)
def test_against_counter(shape):
    x = np.random.default_rng(21).integers(0, 4, shape)
    flat = x.ravel().tolist()
    counts = Counter(flat)
    values = sorted(counts)
    out = mt.unique_all(mt.asarray(x))
    assert out.values.tolist() == values
    assert out.indices.tolist() == [flat.index(v) for v in values]
    assert out.inverse_indices.shape == shape
    assert [values[i] for i in out.inverse_indices.numpy().ravel()] == flat
    assert out.counts.tolist() == [counts[v] for v in values]


def test_the_parts_agree_with_the_whole():
    x = mt.asarray([3, 1, 3, 2])
    whole = mt.unique_all(x)
    assert whole._fields == ("values", "indices", "inverse_indices", "counts")
    counts, inverse = mt.unique_counts(x), mt.unique_inverse(x)
    assert counts._fields == ("values", "counts")
    assert inverse._fields == ("values", "inverse_indices")
    assert counts.counts.tolist() == whole.counts.tolist() == [1, 1, 2]
    assert inverse.inverse_indices.tolist() == whole.inverse_indices.tolist() == [2, 0, 2, 1]
    assert mt.unique_values(x).tolist() == whole.values.tolist() == [1, 2, 3]


def test_every_nan_is_a_value_of_its_own():
    x = mt.asarray([math.nan, 1.0, math.nan])
    assert mt.unique_values(x).shape == (3,)
    assert mt.unique_counts(x).counts.tolist() == [1, 1, 1]


def test_dtypes_and_gradients():
    x = mt.tensor(np.float32([2.0, 1.0]), requires_grad=True)
    out = mt.unique_all(x)
    assert out.values.dtype == np.float32 and out.counts.dtype == np.int64
    assert not out.values.requires_grad
