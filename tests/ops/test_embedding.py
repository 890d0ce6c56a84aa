"""Embedding: lookup, the gradient that adds up, its adjoint, bad indices."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0,)], ids=str)
@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_lookup_and_gradient_against_loops(shape, dtype):
    w = normal(5, 3)
    index = np.random.default_rng(1).integers(0, 5, shape).astype(dtype)
    t = mt.tensor(w, requires_grad=True)
    y = mt.embedding(index, t)
    assert y.shape == (*shape, 3)
    g, expected = normal(*y.shape, seed=2), np.zeros((5, 3))
    for place in np.ndindex(shape):
        np.testing.assert_array_equal(y.numpy()[place], w[index[place]])
        expected[index[place]] += g[place]
    y.backward(mt.asarray(g))
    np.testing.assert_allclose(t.grad.numpy(), expected, atol=1e-14)


def test_gradients_of_both_orders_and_adjoint(check_gradients):
    index = np.array([[0, 2], [2, 2], [4, 1]])
    check_gradients(lambda w: mt.embedding(index, w) ** 2, normal(5, 3))
    w, y = normal(5, 3), normal(3, 2, 3, seed=1)
    there = (mt.embedding(index, mt.asarray(w)).numpy() * y).sum()
    back = (mt.embedding_wgrad(mt.asarray(y), index, rows=5).numpy() * w).sum()
    assert there == pytest.approx(back, rel=1e-13)


def test_half_precision_gradient_is_summed_in_single():
    w = mt.zeros((2, 1), dtype=mt.float16).requires_grad_()
    mt.embedding(np.zeros(4096, int), w).sum().backward()
    assert w.grad.numpy().tolist() == [[4096.0], [0.0]]
    assert w.grad.dtype == np.float16


def test_lists_and_memory():
    w = mt.asarray(normal(3, 2))
    y = mt.embedding([2, 0], w)
    np.testing.assert_array_equal(y.numpy(), w.numpy()[[2, 0]])
    assert not np.shares_memory(y.numpy(), w.numpy())


def test_bad_input():
    w = mt.ones((5, 3))
    with pytest.raises(
        ValueError, match="embedding: index 5 is out of range, w has the rows 0 to 4"
    ):
        mt.embedding([0, 5], w)
    with pytest.raises(ValueError, match="index -1 is out of range"):
        mt.embedding(np.array([[-1]]), w)
    with pytest.raises(TypeError, match=r"the index must hold integers, got float32 \(2,\)"):
        mt.embedding([0.0, 1.0], w)
    with pytest.raises(TypeError, match="must hold integers, got bool"):
        mt.embedding([True], w)
    with pytest.raises(ValueError, match=r"w must be \(rows, features\), got \(5,\)"):
        mt.embedding([0], mt.ones((5,)))
