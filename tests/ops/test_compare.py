"""Comparisons and where, against loops over Python numbers."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import minitorch as mt

SPECIAL = [-math.inf, -1.0, -0.0, 0.0, 1.0, math.inf, math.nan]
COMPARISONS = [
    ("equal", operator.eq),
    ("not_equal", operator.ne),
    ("less", operator.lt),
    ("less_equal", operator.le),
    ("greater", operator.gt),
    ("greater_equal", operator.ge),
]


@pytest.mark.parametrize(("name", "oracle"), COMPARISONS)
def test_comparisons_of_special_values(name, oracle):
    x = np.array(SPECIAL)
    out = getattr(mt, name)(mt.asarray(x[:, None]), mt.asarray(x))
    assert out.dtype == np.bool_
    assert out.tolist() == [[oracle(a, b) for b in SPECIAL] for a in SPECIAL]


@pytest.mark.parametrize("name", [name for name, _ in COMPARISONS])
def test_comparisons_carry_no_gradient(name):
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    assert not getattr(mt, name)(x, 1.0).requires_grad


@pytest.mark.parametrize(
    ("name", "oracle"),
    [("isnan", math.isnan), ("isinf", math.isinf), ("isfinite", math.isfinite)],
)
def test_special_values_are_recognised(name, oracle):
    assert getattr(mt, name)(mt.asarray(SPECIAL)).tolist() == [oracle(v) for v in SPECIAL]
    assert getattr(mt, name)(mt.asarray([1, 2])).tolist() == [oracle(1), oracle(2)]


@pytest.mark.parametrize(
    "shapes", [((), (), ()), ((3,), (), (2, 1)), ((0,), (1,), ()), ((2, 1), (3,), (3,))]
)
def test_where_selects(shapes):
    rng = np.random.default_rng(1)
    condition = rng.integers(0, 2, shapes[0]) > 0
    a, b = rng.normal(size=shapes[1]), rng.normal(size=shapes[2])
    out = mt.where(mt.asarray(condition), mt.asarray(a), mt.asarray(b))
    expected = [p if c else q for c, p, q in np.broadcast(condition, a, b)]
    assert out.shape == np.broadcast_shapes(*shapes)
    assert out.numpy().ravel().tolist() == expected


def test_where_sends_the_gradient_to_the_selected_side():
    a = mt.tensor(np.float64([1.0, 2.0, 3.0]), requires_grad=True)
    b = mt.tensor(np.float64(5.0), requires_grad=True)
    y = mt.where(mt.asarray([True, False, False]), a, b)
    da, db = mt.grad(y, [a, b], mt.asarray(np.float64([10.0, 20.0, 30.0])))
    assert da.tolist() == [10.0, 0.0, 0.0] and db.item() == 50.0


def test_where_keeps_the_dtype_of_arrays_beside_scalars():
    x = mt.asarray(np.float32([1.0]))
    assert mt.where(x > 0, x, 0).dtype == np.float32
    assert mt.where(x > 0, x, 0.0).dtype == np.float32


def test_where_does_not_let_the_other_side_through():
    x = mt.tensor(np.float64([0.0, 4.0]), requires_grad=True)
    safe = mt.where(x > 0, x, 1.0)
    y = mt.where(x > 0, mt.sqrt(safe), 0.0)
    assert mt.grad(y.sum(), x).tolist() == [0.0, 0.25]


def test_where_between_python_floats_has_the_default_dtype():
    mask = mt.asarray([True, False])
    assert mt.where(mask, 1.0, 0).dtype == mt.where(mask, 1, 0.0).dtype == np.float32
    assert mt.where(mask, 1, 0).dtype == np.int64
