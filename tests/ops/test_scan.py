"""Running sums and products: zeros among the factors, first and second order."""

from __future__ import annotations

from itertools import accumulate
from math import prod
from operator import add, mul

import numpy as np
import pytest

import minitorch as mt

RUNNING = [("cumulative_sum", add, 0), ("cumulative_prod", mul, 1)]


def products_of_others(values, chosen=()):
    """The product of all values but the chosen ones, by a loop."""
    return prod(v for i, v in enumerate(values) if i not in chosen)


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(("name", "step", "first"), RUNNING)
def test_running_values(name, step, first, axis, initial):
    x = np.random.default_rng(10).normal(size=(3, 4))
    out = getattr(mt, name)(mt.asarray(x), axis=axis, include_initial=initial).numpy()
    rows = np.moveaxis(x, axis, -1).tolist()
    expected = [list(accumulate([first, *row], step))[0 if initial else 1 :] for row in rows]
    np.testing.assert_allclose(np.moveaxis(out, axis, -1), expected, rtol=1e-14)


@pytest.mark.parametrize(("name", "step", "first"), RUNNING)
def test_running_dtypes_and_edges(name, step, first):
    function = getattr(mt, name)
    for dtype, total in ((np.int8, np.int64), (np.uint8, np.uint64), (np.float16, np.float16)):
        assert function(mt.asarray(np.ones(3, dtype))).dtype == total
    assert function(mt.asarray(np.ones(3, np.int8)), dtype=np.float64).dtype == np.float64
    assert function(mt.asarray(np.ones((2, 0))), axis=1).shape == (2, 0)
    out = function(mt.asarray(np.ones((2, 0))), axis=1, include_initial=True)
    assert out.tolist() == [[first]] * 2
    assert function(mt.asarray([2.0])).tolist() == [2.0]


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_running_ops_need_an_axis(name):
    function = getattr(mt, name)
    with pytest.raises(ValueError, match="needs an axis"):
        function(mt.asarray(np.ones((2, 2))))
    with pytest.raises(ValueError, match="needs an axis"):
        function(mt.asarray(1.0))
    with pytest.raises(ValueError, match="out of range"):
        function(mt.asarray([1.0]), axis=1)


def test_halves_run_in_single_precision():
    x = mt.asarray(np.full(4096, 0.5, np.float16))
    assert mt.cumulative_sum(x)[-1].item() == 2048.0


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("values", [[2.0, 3.0, 5.0], [2.0, 0.0, 5.0, 3.0], [0.0, 2.0, 0.0, 4.0]])
def test_gradient_of_running_products(values, initial):
    x = mt.tensor(np.float64(values), requires_grad=True)
    y = mt.cumulative_prod(x, include_initial=initial)
    weights = np.arange(1.0, y.size + 1)
    dx = mt.grad(y, x, mt.asarray(weights)).numpy()
    n = len(values)
    tail = weights[1:] if initial else weights
    expected = [
        sum(tail[j] * products_of_others(values[: j + 1], (i,)) for j in range(i, n))
        for i in range(n)
    ]
    np.testing.assert_allclose(dx, expected, rtol=1e-14)


@pytest.mark.parametrize("values", [[2.0, 3.0, 5.0], [0.0, 3.0, 5.0], [0.0, 0.0, 5.0], [0.0] * 3])
def test_product_with_zeros_twice_differentiable(values):
    x = mt.tensor(np.float64(values), requires_grad=True)
    y = mt.prod(x)
    assert y.item() == prod(values)
    dx = mt.grad(y, x, create_graph=True)
    assert dx.tolist() == [products_of_others(values, (i,)) for i in range(3)]
    for i in range(3):
        row = mt.grad(dx[i], x, retain_graph=True).tolist()
        assert row == [0.0 if j == i else products_of_others(values, (i, j)) for j in range(3)]


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0), (), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_product_over_axes(axis, keepdims):
    rng = np.random.default_rng(11)
    data = rng.uniform(0.5, 2, (2, 3, 4)) * rng.choice([-1, 1], (2, 3, 4))
    x = mt.tensor(data, requires_grad=True)
    y = mt.prod(x, axis=axis, keepdims=keepdims)
    sorted_axis = axis if not isinstance(axis, tuple) else tuple(sorted(axis))
    whole = np.exp(np.log(np.abs(data)).sum(axis=sorted_axis, keepdims=True))
    whole *= (-1.0) ** (data < 0).sum(axis=sorted_axis, keepdims=True)
    np.testing.assert_allclose(y.numpy().ravel(), whole.ravel(), rtol=1e-12)
    dx = mt.grad(y.sum(), x)
    np.testing.assert_allclose(dx.numpy(), whole / data, rtol=1e-12)


def test_product_edges():
    empty = mt.tensor(np.zeros((0, 3)), requires_grad=True)
    assert mt.prod(empty, axis=0).tolist() == [1.0] * 3
    assert mt.grad(mt.prod(empty, axis=0).sum(), empty).shape == (0, 3)
    scalar = mt.tensor(3.0, requires_grad=True)
    assert mt.grad(mt.prod(scalar), scalar).item() == 1.0
    assert mt.prod(mt.asarray(np.array([2, 3], np.int8))).dtype == np.int64
    assert mt.prod(mt.asarray(np.array([2, 3], np.float16))).dtype == np.float16


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 8, 9, 33])
@pytest.mark.parametrize("reverse", [False, True])
def test_recurrence_against_the_loop(length, reverse):
    rng = np.random.default_rng(12)
    a, b = rng.normal(size=(2, length, 3))
    out = mt.recurrence(mt.asarray(a), mt.asarray(b), axis=0, reverse=reverse).numpy()
    expected, y = np.zeros_like(b), np.zeros(3)
    for j in reversed(range(length)) if reverse else range(length):
        factor = 0 if reverse and j + 1 == length else a[j + 1] if reverse else a[j]
        y = expected[j] = factor * y + b[j]
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("length", [1, 5, 8])
def test_recurrence_and_its_transpose(length):
    rng = np.random.default_rng(13)
    a, b, y = (mt.asarray(v) for v in rng.normal(size=(3, 2, length)))
    left = (mt.recurrence(a, b) * y).sum().item()
    right = (b * mt.recurrence(a, y, reverse=True)).sum().item()
    assert abs(left - right) < 1e-12 * max(1.0, abs(left))


def test_recurrence_shapes_must_agree():
    with pytest.raises(ValueError, match=r"recurrence: a \(2,\) and b \(3,\)"):
        mt.recurrence(mt.asarray([1.0, 2.0]), mt.asarray([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_diff(n, axis):
    x = np.random.default_rng(14).integers(0, 9, (4, 4))
    out = mt.diff(mt.asarray(x), axis=axis, n=n)
    assert out.tolist() == np.diff(x, n=n, axis=axis).tolist()


def test_diff_with_ends_and_gradient():
    x = mt.tensor(np.float64([1.0, 4.0, 9.0]), requires_grad=True)
    y = mt.diff(x, prepend=mt.asarray(np.float64([0.0])), append=mt.asarray(np.float64([16.0])))
    assert y.tolist() == [1.0, 3.0, 5.0, 7.0]
    assert mt.grad(y, x, mt.asarray(np.float64([1, 10, 100, 1000]))).tolist() == [-9, -90, -900]


@pytest.mark.parametrize(("shape", "options"), [((3,), {"n": -1}), ((), {}), ((3,), {"axis": 1})])
def test_diff_of_nonsense(shape, options):
    with pytest.raises(ValueError, match="diff:"):
        mt.diff(mt.asarray(np.ones(shape)), **options)
