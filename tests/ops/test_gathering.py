"""Take, gather and scatter, against NumPy."""

import numpy as np
import pytest

import minitorch as mt

X = np.arange(60.0).reshape(3, 4, 5)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take(axis):
    index = np.array([1, 0, 1])
    np.testing.assert_array_equal(
        mt.take(mt.asarray(X), mt.asarray(index), axis=axis).numpy(), np.take(X, index, axis)
    )
    with pytest.raises(IndexError):
        mt.take(mt.asarray(X), mt.asarray([99]), axis=axis)
    with pytest.raises(ValueError, match="an axis is needed"):
        mt.take(mt.asarray(X), mt.asarray([0]))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis_gather_and_scatter(axis):
    order = np.argsort(-X, axis=axis)
    x = mt.asarray(X)
    expected = np.take_along_axis(X, order, axis)
    np.testing.assert_array_equal(
        mt.take_along_axis(x, mt.asarray(order), axis=axis).numpy(), expected
    )
    np.testing.assert_array_equal(mt.gather(x, mt.asarray(order), axis).numpy(), expected)
    back = mt.scatter(
        mt.zeros(X.shape, dtype=mt.float64), mt.asarray(order), mt.asarray(expected), axis=axis
    )
    np.testing.assert_array_equal(back.numpy(), X)


@pytest.mark.parametrize(("x_shape", "index_shape"), [((1, 5), (3, 2)), ((3, 5), (1, 2))])
def test_take_along_axis_broadcasts(x_shape, index_shape):
    values = np.arange(float(np.prod(x_shape))).reshape(x_shape)
    index = np.array([[4, 4], [0, 1], [2, 3]])[: index_shape[0]]
    x = mt.tensor(values, requires_grad=True)
    y = mt.take_along_axis(x, mt.asarray(index), axis=1)
    np.testing.assert_array_equal(y.detach().numpy(), np.take_along_axis(values, index, 1))
    y.sum().backward()
    rows = np.arange(x_shape[0])[:, None]
    expected = np.zeros(x_shape)
    np.add.at(expected, (rows, index), 1.0)
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_scatter_checks_the_rank():
    with pytest.raises(ValueError, match=r"scatter: indices of shape \(2,\)"):
        mt.scatter(mt.zeros((2, 2)), mt.asarray([0, 1]), mt.ones(2))
