"""Pad and crop, against NumPy."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import gradcheck

A = np.arange(6.0).reshape(2, 3)


def test_pad_and_crop_are_inverse():
    width = ((1, 2), (0, 3))
    x = mt.asarray(A)
    padded = mt.pad(x, width, value=7.0)
    np.testing.assert_array_equal(padded.numpy(), np.pad(A, width, constant_values=7))
    np.testing.assert_array_equal(mt.crop(padded, width).numpy(), A)
    np.testing.assert_array_equal(mt.pad(x, 1).numpy(), np.pad(A, 1))
    with pytest.raises(ValueError, match="negative width"):
        mt.pad(x, -1)
    with pytest.raises(ValueError, match="3 widths for 2 axes"):
        mt.pad(x, (1, 2, 3))


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize("width", [1, (2, 1), ((0, 1), (3, 0)), ((5, 4), (0, 0))])
def test_modes(mode, width):
    found = mt.pad(mt.asarray(A), width, mode=mode)
    widths = [width] * 2 if width == (2, 1) else width
    # A pair means (before, after) of every axis, but for a matrix one width per axis.
    expected = np.pad(A, ((2, 2), (1, 1)) if width == (2, 1) else widths, mode=mode)
    np.testing.assert_array_equal(found.numpy(), expected)
    assert gradcheck(lambda x: mt.pad(x, width, mode=mode), [A]) < 1e-8


def test_one_pair_serves_all_axes_of_other_tensors():
    assert mt.pad(mt.zeros(3), (1, 2)).shape == (6,)
    assert mt.pad(mt.zeros((1, 2, 3)), (1, 2)).shape == (4, 5, 6)


def test_what_cannot_be_continued():
    with pytest.raises(ValueError, match="mode is 'constant', 'edge', .* not 'mirror'"):
        mt.pad(mt.zeros(2), 1, mode="mirror")
    with pytest.raises(ValueError, match=r"axis 0 of \(0, 2\) has no elements"):
        mt.pad(mt.zeros((0, 2)), 1, mode="edge")
    assert mt.pad(mt.zeros((0, 2)), 1).shape == (2, 4)


def test_a_border_that_is_too_wide():
    with pytest.raises(ValueError, match=r"crop: a border of 2 is wider than x \(2, 3\)"):
        mt.crop(mt.asarray(A), 2)
    with pytest.raises(ValueError, match="negative width"):
        mt.crop(mt.asarray(A), -1)
    assert mt.crop(mt.asarray(A), 1).shape == (0, 1)


def test_a_number_has_no_border():
    x = mt.tensor(3.0, requires_grad=True)
    for width in ((), 2):
        y = mt.pad(x, width)
        assert y.shape == () and mt.grad(y, x).item() == 1
