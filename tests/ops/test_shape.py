"""Reshape, permute, broadcast and their kin, against NumPy."""

import numpy as np
import pytest

import minitorch as mt

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("shape", [(6, 4), (-1,), (2, -1, 2), (24, 1)])
def test_reshape(shape):
    np.testing.assert_array_equal(mt.reshape(mt.asarray(X), shape).numpy(), X.reshape(shape))
    np.testing.assert_array_equal(mt.asarray(X).reshape(*shape).numpy(), X.reshape(shape))


def test_reshape_copies_when_asked_and_refuses_when_it_must():
    x = mt.asarray(X.copy())
    assert not np.shares_memory(mt.reshape(x, (24,), copy=True).data, x.data)
    assert np.shares_memory(mt.reshape(x, (24,), copy=False).data, x.data)
    with pytest.raises(ValueError, match="needs a copy"):
        mt.reshape(mt.permute_dims(x, (2, 1, 0)), (24,), copy=False)
    with pytest.raises(ValueError, match=r"reshape: the 24 elements of x \(2, 3, 4\) do not fill"):
        mt.reshape(x, (5, 5))


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (-1, 0, 1)])
def test_permute_and_transpose(axes):
    x = mt.asarray(X)
    np.testing.assert_array_equal(mt.permute_dims(x, axes).numpy(), X.transpose(axes))
    np.testing.assert_array_equal(x.transpose(*axes).numpy(), X.transpose(axes))
    np.testing.assert_array_equal(x.transpose().numpy(), X.T)
    np.testing.assert_array_equal(x.mT.numpy(), X.swapaxes(1, 2))
    np.testing.assert_array_equal(x[0].T.numpy(), X[0].T)
    with pytest.raises(ValueError, match=r"\.T is for matrices"):
        x.T


@pytest.mark.parametrize(("source", "target"), [(0, -1), ((0, 1), (2, 0)), (2, 0)])
def test_moveaxis(source, target):
    expected = np.moveaxis(X, source, target)
    np.testing.assert_array_equal(mt.moveaxis(mt.asarray(X), source, target).numpy(), expected)


def test_moveaxis_checks_its_axes():
    x = mt.asarray(X)
    with pytest.raises(IndexError, match="axis 3 is out of bounds"):
        mt.moveaxis(x, 3, 0)
    with pytest.raises(ValueError, match="repeated axis"):
        mt.moveaxis(x, (0, 0), (1, 2))
    with pytest.raises(ValueError, match="1 sources but 2"):
        mt.moveaxis(x, 0, (1, 2))


def test_broadcast_to_sums_on_the_way_back():
    x = mt.tensor(np.ones((3, 1)), requires_grad=True)
    y = mt.broadcast_to(x, (2, 3, 4))
    assert y.shape == (2, 3, 4)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.full((3, 1), 8.0))
    with pytest.raises(ValueError, match=r"broadcast_to: x \(3, 1\) does not .* \(2, 2\)"):
        mt.broadcast_to(x, (2, 2))


def test_expand_and_squeeze():
    x = mt.asarray(X)
    assert mt.expand_dims(x, axis=-1).shape == (2, 3, 4, 1)
    assert mt.squeeze(mt.expand_dims(x, axis=1), 1).shape == X.shape
    with pytest.raises(IndexError, match="out of bounds"):
        mt.expand_dims(x, axis=5)
    with pytest.raises(ValueError, match="is 3 long, not 1"):
        mt.squeeze(x, 1)


def test_flatten_keeps_leading_axes():
    assert mt.asarray(X).flatten().shape == (24,)
    assert mt.flatten(mt.asarray(X), 1).shape == (2, 12)
    assert mt.flatten(mt.zeros((0, 3, 4)), 1).shape == (0, 12)


def test_views_share_memory_and_version():
    x = mt.zeros((2, 3))
    for view in (x.reshape(6), mt.permute_dims(x, (1, 0)), mt.expand_dims(x, axis=0), x[1:]):
        assert np.shares_memory(view.data, x.data)
        assert view._cell is x._cell


@pytest.mark.parametrize("axes", [(0, 1), (0, 0, 1), (0, 1, 3)])
def test_what_is_no_permutation(axes):
    with pytest.raises(ValueError, match=r"permute_dims: \(0, .* each axis of x \(2, 3, 4\) once"):
        mt.permute_dims(mt.asarray(X), axes)
