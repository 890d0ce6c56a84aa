"""Reductions against slow loops: every axis, empty arrays, dtypes, ties."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

import minitorch as mt

AXES = [None, 0, 1, -1, (0,), (0, 2), (-1, 1), (0, 1, 2), ()]


def slow(function, x, axis, keepdims):
    """``function(list of numbers)`` over some axes, one result at a time."""
    every = tuple(range(x.ndim))
    axes = every if axis is None else {a % x.ndim for a in np.atleast_1d(np.array(axis, int))}
    kept = [a for a in every if a not in axes]
    shape = tuple(1 if a in axes else x.shape[a] for a in every)
    out = np.empty(tuple(x.shape[a] for a in kept), object)
    for index in product(*(range(x.shape[a]) for a in kept)):
        where = [slice(None)] * x.ndim
        for a, i in zip(kept, index, strict=True):
            where[a] = i
        out[index] = function(x[tuple(where)].ravel().tolist())
    return out.reshape(shape) if keepdims else out


REDUCTIONS = [
    ("sum", math.fsum),
    ("mean", lambda values: math.fsum(values) / len(values)),
    ("max", max),
    ("min", min),
    ("logsumexp", lambda values: math.log(math.fsum(map(math.exp, values)))),
]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize(("name", "oracle"), REDUCTIONS)
def test_against_loops(name, oracle, axis, keepdims):
    x = np.random.default_rng(5).integers(-2, 3, (2, 3, 4)).astype(np.float64)
    out = getattr(mt, name)(mt.asarray(x), axis=axis, keepdims=keepdims)
    expected = slow(oracle, x, axis, keepdims)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out.numpy().astype(float), expected.astype(float), rtol=1e-14)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "logsumexp"])
def test_results_own_their_memory(name):
    for x, axis in ((np.ones((2, 1)), 1), (np.ones((2, 3)), ()), (np.ones(()), None)):
        t = mt.asarray(x)
        assert not np.shares_memory(getattr(mt, name)(t, axis=axis).numpy(), x)


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "logsumexp"])
def test_gradients_against_differences(name, axis, keepdims):
    rng = np.random.default_rng(6)
    data = rng.permutation(24).reshape(2, 3, 4) * 0.1
    x = mt.tensor(data, requires_grad=True)
    y = getattr(mt, name)(x, axis=axis, keepdims=keepdims)
    weights = rng.normal(size=y.shape)
    dx = mt.grad(y, x, mt.asarray(weights)).numpy()
    step = 1e-5
    for index in np.ndindex(data.shape):
        moved = []
        for sign in (1, -1):
            shifted = data.copy()
            shifted[index] += sign * step
            z = getattr(mt, name)(mt.asarray(shifted), axis=axis, keepdims=keepdims)
            moved.append((z.numpy() * weights).sum())
        assert abs((moved[0] - moved[1]) / (2 * step) - dx[index]) < 1e-8


def test_over_nothing():
    x = mt.asarray(np.zeros((0, 3), np.float32))
    assert mt.sum(x).item() == 0.0 and mt.sum(x, axis=0).tolist() == [0.0] * 3
    assert math.isnan(mt.mean(x).item()) and mt.mean(x, axis=1).shape == (0,)
    assert mt.logsumexp(x, axis=0).tolist() == [-math.inf] * 3
    assert mt.max(x, axis=1).shape == (0,)
    for name in ("max", "min"):
        with pytest.raises(ValueError, match="zero-size"):
            getattr(mt, name)(x)


def test_gradients_of_empty_arrays_are_empty():
    x = mt.tensor(np.zeros((0, 3)), requires_grad=True)
    for name in ("sum", "mean", "logsumexp"):
        assert mt.grad(getattr(mt, name)(x, axis=0).sum(), x).shape == (0, 3)


@pytest.mark.parametrize(
    ("dtype", "total"),
    [
        (np.bool_, np.int64),
        (np.int8, np.int64),
        (np.int32, np.int64),
        (np.uint8, np.uint64),
        (np.uint64, np.uint64),
        (np.float16, np.float16),
        (np.float32, np.float32),
        (np.complex64, np.complex64),
    ],
)
def test_dtypes_of_sums(dtype, total):
    x = mt.asarray(np.ones((2, 3), dtype))
    assert mt.sum(x).dtype == total and mt.sum(x).item() == 6
    assert mt.sum(x, axis=0).dtype == total
    if dtype != np.complex64:
        assert mt.sum(x, dtype=np.float64).dtype == np.float64


def test_halves_are_summed_in_single_precision():
    x = mt.tensor(np.full(5000, 1.0, np.float16), requires_grad=True)
    assert mt.sum(x).item() == 5000.0 and mt.sum(x).dtype == np.float16
    assert mt.sum(mt.asarray(np.ones((5000, 2), np.float16)), axis=0).tolist() == [5000.0] * 2
    assert mt.sum_to(mt.asarray(np.ones((5000, 2), np.float16)), (2,)).tolist() == [5000.0] * 2
    assert mt.sum(x, dtype=np.float32).dtype == np.float32
    assert mt.mean(x).item() == 1.0 and mt.mean(x).dtype == np.float16
    assert mt.grad(mt.mean(x), x).dtype == np.float16


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)], ids=str)
def test_ties_share_the_gradient(name, axis):
    x = mt.tensor(np.float64([[1, 2, 2], [1, 2, 0], [1, 2, 2]]), requires_grad=True)
    dx = mt.grad(getattr(mt, name)(x, axis=axis).sum(), x).numpy()
    flat = x.numpy() == getattr(np, name)(x.numpy(), axis=axis, keepdims=True)
    expected = flat / flat.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(dx, expected)


def test_extremes_pass_nan_on():
    x = mt.asarray([1.0, math.nan])
    assert math.isnan(mt.max(x).item()) and math.isnan(mt.min(x).item())


def test_logsumexp_at_its_limits():
    x = mt.tensor(
        np.float64([[1000.0, 1000.0], [-math.inf, -math.inf], [-math.inf, 3.0]]), requires_grad=True
    )
    y = mt.logsumexp(x, axis=1)
    np.testing.assert_allclose(y.numpy(), [1000 + math.log(2), -math.inf, 3.0])
    dx = mt.grad(y.sum(), x).numpy()
    np.testing.assert_allclose(dx, [[0.5, 0.5], [0.0, 0.0], [0.0, 1.0]], rtol=1e-12)
    assert mt.logsumexp(mt.asarray([math.inf, 1.0])).item() == math.inf


@pytest.mark.parametrize(
    ("shape", "target"),
    [
        ((4, 2, 3), (2, 1)),
        ((2, 3), (2, 3)),
        ((2, 3), ()),
        ((2, 3), (1, 1)),
        ((0, 3), (1, 3)),
        ((5,), (1,)),
    ],
)
def test_sum_to_is_the_adjoint_of_broadcasting(shape, target):
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=shape), rng.normal(size=target)
    out = mt.sum_to(mt.asarray(x), shape=target)
    assert out.shape == target
    left, right = (out.numpy() * y).sum(), (x * np.broadcast_to(y, shape)).sum()
    assert abs(left - right) <= 1e-12 * max(1.0, abs(left))


@pytest.mark.parametrize("target", [(4,), (2,), (1, 2, 3), (3, 1), (2, 0)])
def test_sum_to_shapes_that_do_not_broadcast(target):
    with pytest.raises(ValueError, match="sum_to: shape"):
        mt.sum_to(mt.asarray(np.ones((2, 3))), shape=target)


def test_axis_out_of_range():
    with pytest.raises(ValueError, match="out of bounds"):
        mt.sum(mt.asarray([1.0]), axis=1)
