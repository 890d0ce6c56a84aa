"""Sorting and searching against Python's sorted, loops and bisect."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

import numpy as np
import pytest

import minitorch as mt


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sort_and_argsort_are_stable(axis, descending):
    x = np.random.default_rng(15).integers(0, 4, (6, 7)).astype(np.float64)
    values = mt.sort(mt.asarray(x), axis=axis, descending=descending).numpy()
    order = mt.argsort(mt.asarray(x), axis=axis, descending=descending).numpy()
    assert order.dtype == np.int64
    for row, found, places in zip(
        *(np.moveaxis(v, axis, -1).tolist() for v in (x, values, order)), strict=True
    ):
        assert found == sorted(row, reverse=descending)
        assert places == sorted(range(len(row)), key=row.__getitem__, reverse=descending)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("stable", [False, True])
def test_argsort_sorts(descending, stable):
    x = np.random.default_rng(16).normal(size=50)
    t = mt.asarray(x)
    order = mt.argsort(t, descending=descending, stable=stable).numpy()
    assert x[order].tolist() == mt.sort(t, descending=descending, stable=stable).tolist()


def test_sort_copies_and_leaves_x_alone():
    x = mt.asarray([3.0, 1.0, 2.0])
    out = mt.sort(x, descending=True)
    assert x.tolist() == [3.0, 1.0, 2.0] and out.tolist() == [3.0, 2.0, 1.0]
    assert not np.shares_memory(out.numpy(), x.numpy())


def test_nan_sorts_last():
    x = mt.asarray([math.nan, 2.0, 1.0])
    assert mt.sort(x).tolist()[:2] == [1.0, 2.0]
    assert mt.argsort(x).tolist() == [2, 1, 0]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
def test_gradient_goes_back_to_the_old_places(axis, descending):
    rng = np.random.default_rng(17)
    data = rng.permutation(12).astype(float).reshape(3, 4)
    x = mt.tensor(data, requires_grad=True)
    y = mt.sort(x, axis=axis, descending=descending)
    g = rng.normal(size=y.shape)
    dx = mt.grad(y, x, mt.asarray(g)).numpy()
    for index in np.ndindex(3, 4):
        assert dx[index] == g[y.numpy() == data[index]].item()


def test_gradient_of_ties_reaches_each_once():
    x = mt.tensor(np.float64([2.0, 1.0, 2.0, 1.0]), requires_grad=True)
    dx = mt.grad(mt.sort(x), x, mt.asarray(np.float64([1.0, 2.0, 3.0, 4.0])))
    assert dx.tolist() == [3.0, 1.0, 4.0, 2.0]


def test_sort_edges():
    assert mt.sort(mt.asarray(np.zeros((0,)))).shape == (0,)
    assert mt.sort(mt.asarray([2, 1])).dtype == np.int64
    for name in ("sort", "argsort"):
        with pytest.raises(ValueError, match="axis"):
            getattr(mt, name)(mt.asarray(1.0))


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_positions_of_extremes_are_the_first(axis, keepdims):
    x = np.random.default_rng(18).integers(0, 3, (4, 5))
    for name, best in (("argmax", max), ("argmin", min)):
        out = getattr(mt, name)(mt.asarray(x), axis=axis, keepdims=keepdims)
        rows = [x.ravel().tolist()] if axis is None else np.moveaxis(x, axis, -1).tolist()
        assert out.numpy().ravel().tolist() == [row.index(best(row)) for row in rows]
        assert out.dtype == np.int64
        assert out.ndim == (2 if keepdims else 0 if axis is None else 1)


def test_extremes_of_nothing_raise():
    for name in ("argmax", "argmin"):
        with pytest.raises(ValueError, match="empty"):
            getattr(mt, name)(mt.asarray(np.zeros(0)))


@pytest.mark.parametrize("shape", [(0,), (5,), (3, 4), (2, 3, 2)], ids=str)
def test_nonzero(shape):
    x = np.random.default_rng(19).integers(0, 2, shape)
    found = [index for index in np.ndindex(shape) if x[index]]
    assert mt.argwhere(mt.asarray(x)).tolist() == [list(index) for index in found]
    axes = mt.nonzero(mt.asarray(x))
    assert isinstance(axes, tuple) and len(axes) == len(shape)
    assert [tuple(row) for row in zip(*(a.tolist() for a in axes), strict=True)] == found


def test_nonzero_needs_an_axis():
    with pytest.raises(ValueError, match="0-d"):
        mt.nonzero(mt.asarray(1.0))


@pytest.mark.parametrize(("side", "oracle"), [("left", bisect_left), ("right", bisect_right)])
def test_searchsorted(side, oracle):
    rng = np.random.default_rng(20)
    keys = np.sort(rng.integers(0, 9, 12))
    x = rng.integers(-1, 10, (3, 4))
    out = mt.searchsorted(mt.asarray(keys), mt.asarray(x), side=side)
    assert out.dtype == np.int64
    assert out.tolist() == [[oracle(keys.tolist(), v) for v in row] for row in x.tolist()]


def test_searchsorted_with_a_sorter():
    keys = np.array([5, 1, 3])
    t = mt.asarray(keys)
    out = mt.searchsorted(t, mt.asarray([0, 3, 9]), sorter=mt.argsort(t))
    assert out.tolist() == [0, 1, 3]


def test_searchsorted_bad_input():
    with pytest.raises(ValueError, match="known: 'left', 'right'"):
        mt.searchsorted(mt.asarray([1]), mt.asarray([1]), side="middle")
    with pytest.raises(ValueError, match="1-d"):
        mt.searchsorted(mt.asarray([[1]]), mt.asarray([1]))
