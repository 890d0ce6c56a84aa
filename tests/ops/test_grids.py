"""Grids and triangles, against NumPy."""

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_meshgrid(indexing):
    lines = [np.arange(3.0), np.arange(2.0), np.arange(4.0)]
    for count in (1, 2, 3):
        found = mt.meshgrid(*[mt.asarray(v) for v in lines[:count]], indexing=indexing)
        for a, b in zip(found, np.meshgrid(*lines[:count], indexing=indexing), strict=True):
            np.testing.assert_array_equal(a.numpy(), b)
    with pytest.raises(ValueError, match="'xy' or 'ij'"):
        mt.meshgrid(mt.zeros(1), indexing="yx")


@pytest.mark.parametrize("k", [-1, 0, 2])
def test_triangles(k):
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(mt.tril(mt.asarray(x), k=k).numpy(), np.tril(x, k))
    np.testing.assert_array_equal(mt.triu(mt.asarray(x), k=k).numpy(), np.triu(x, k))
