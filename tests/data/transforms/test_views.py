"""Several views of a test image."""

import numpy as np
import pytest

from minitorch.data.resample import resize, resize_short
from minitorch.data.transforms import MultiScale, TenCrop, googlenet_views

X = np.random.default_rng(0).integers(0, 256, (3, 20, 26), np.uint8)


def test_ten_crops():
    out = TenCrop(16)(X)
    expected = [X[:, :16, :16], X[:, :16, 10:], X[:, 4:, :16], X[:, 4:, 10:], X[:, 2:18, 5:21]]
    np.testing.assert_array_equal(out[:5], expected)
    np.testing.assert_array_equal(out[5:], out[:5, :, :, ::-1])
    with pytest.raises(ValueError, match="cannot cut 21 x 21 out of 20 x 26"):
        TenCrop(21)(X)


def test_several_scales():
    out = MultiScale((18, 24), 16)(X)
    assert out.shape == (20, 3, 16, 16)
    np.testing.assert_array_equal(out[10:], TenCrop(16)(resize_short(X, 24)))


@pytest.mark.parametrize("turned", [False, True])
def test_the_144_of_googlenet(turned):
    x = X.transpose(0, 2, 1) if turned else X
    out = googlenet_views(x, (18, 20, 24, 30), 16)
    assert out.shape == (144, 3, 16, 16)
    scaled = resize_short(x, 20)
    squares = [scaled[:, s : s + 20] if turned else scaled[:, :, s : s + 20] for s in (0, 3, 6)]
    for i, square in enumerate(squares):
        np.testing.assert_array_equal(out[18 + 6 * i : 23 + 6 * i], TenCrop(16)(square)[:5])
        np.testing.assert_array_equal(out[23 + 6 * i], resize(square, (16, 16)))
    np.testing.assert_array_equal(out[72:], out[:72, :, :, ::-1])
