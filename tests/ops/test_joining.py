"""Concat, stack, split, repeat, tile, flip, roll, against NumPy."""

import numpy as np
import pytest

import minitorch as mt

A = np.arange(6.0).reshape(2, 3)
B = np.arange(6.0, 12).reshape(2, 3)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_concat(axis):
    found = mt.concat([mt.asarray(A), mt.asarray(B)], axis=axis)
    np.testing.assert_array_equal(found.numpy(), np.concatenate([A, B], axis=axis))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_stack(axis):
    found = mt.stack([mt.asarray(A), mt.asarray(B)], axis=axis)
    np.testing.assert_array_equal(found.numpy(), np.stack([A, B], axis=axis))


def test_each_part_gets_its_own_gradient():
    a, b = mt.tensor(A, requires_grad=True), mt.tensor(B, requires_grad=True)
    weights = mt.asarray(np.arange(12.0).reshape(2, 6))
    (mt.concat([a, b], axis=1) * weights).sum().backward()
    np.testing.assert_array_equal(a.grad.numpy(), weights.numpy()[:, :3])
    np.testing.assert_array_equal(b.grad.numpy(), weights.numpy()[:, 3:])


def test_joining_nothing_or_what_does_not_fit():
    with pytest.raises(ValueError, match="at least one"):
        mt.concat([])
    with pytest.raises(ValueError, match="shapes differ"):
        mt.stack([mt.zeros(2), mt.zeros(3)])
    with pytest.raises(ValueError, match=r"shapes differ: \(2,\), \(\)"):
        mt.stack([mt.zeros(2), 1.0])
    with pytest.raises(TypeError, match="unstack: an axis is an int, not 1.5"):
        mt.unstack(mt.zeros(2), axis=1.5)
    with pytest.raises(
        ValueError, match=r"concat: shapes \(2, 2\), \(2, 3\) do not fit along axis 0"
    ):
        mt.concat([mt.zeros((2, 2)), mt.zeros((2, 3))])


def test_split_and_unstack():
    x = mt.asarray(np.arange(12.0).reshape(2, 6))
    parts = mt.split(x, 3, axis=1)
    assert [p.shape for p in parts] == [(2, 2)] * 3
    for found, expected in zip(
        mt.split(x, (1, 4), axis=-1), np.split(x.numpy(), (1, 4), -1), strict=True
    ):
        np.testing.assert_array_equal(found.numpy(), expected)
    for found, expected in zip(mt.unstack(x, axis=1), x.numpy().T, strict=True):
        np.testing.assert_array_equal(found.numpy(), expected)
    with pytest.raises(ValueError, match=r"the indices \(3, 1\) do not ascend from 0 to 6"):
        mt.split(x, (3, 1), axis=1)
    with pytest.raises(ValueError, match="4 equal parts"):
        mt.split(x, 4, axis=1)


@pytest.mark.parametrize(("repeats", "axis"), [(2, None), (3, 0), ([1, 2, 0], 1), ([2], 1)])
def test_repeat(repeats, axis):
    given = mt.asarray(repeats) if isinstance(repeats, list) else repeats
    expected = np.repeat(A, repeats, axis=axis)
    x = mt.tensor(A, requires_grad=True)
    y = mt.repeat(x, given, axis=axis)
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    y.sum().backward()
    counts = np.broadcast_to(repeats, A.shape[axis] if axis is not None else A.size)
    shape = (-1, 1) if axis == 0 else (1, -1) if axis == 1 else A.shape
    np.testing.assert_array_equal(x.grad.numpy(), np.broadcast_to(counts.reshape(shape), A.shape))


@pytest.mark.parametrize("times", [2, (2,), (2, 3), (2, 1, 3), ()])
def test_tile(times):
    np.testing.assert_array_equal(mt.tile(mt.asarray(A), times).numpy(), np.tile(A, times))


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
def test_flip(axis):
    np.testing.assert_array_equal(mt.flip(mt.asarray(A), axis=axis).numpy(), np.flip(A, axis))


@pytest.mark.parametrize(("shift", "axis"), [(1, None), (-2, 1), ((1, 2), (0, 1))])
def test_roll(shift, axis):
    found = mt.roll(mt.asarray(A), shift, axis=axis)
    np.testing.assert_array_equal(found.numpy(), np.roll(A, shift, axis))


def test_stacked_parts_get_their_own_gradients():
    a, b = mt.tensor(A, requires_grad=True), mt.tensor(B, requires_grad=True)
    y = mt.stack([a, mt.zeros((2, 3)), b], axis=1)
    assert y.grad_fn.op.name == "stack"
    weights = np.arange(18.0).reshape(2, 3, 3)
    (y * mt.asarray(weights)).sum().backward()
    np.testing.assert_array_equal(a.grad.numpy(), weights[:, 0])
    np.testing.assert_array_equal(b.grad.numpy(), weights[:, 2])
