"""Scaling and warping, held to slow loops, to Pillow, and to cases known exactly."""

import math

import numpy as np
import pytest

from minitorch.data.resample import centre_crop, resize, resize_short, warp

Image = pytest.importorskip("PIL.Image", reason="image files need Pillow")

RNG = np.random.default_rng(0)


def image(rows, columns, channels=3, dtype=np.float32):
    if dtype == np.uint8:
        return RNG.integers(0, 256, (channels, rows, columns), np.uint8)
    return RNG.normal(size=(channels, rows, columns)).astype(dtype)


def triangle(x):
    return max(0.0, 1 - x)


def cubic(x):
    if x >= 2:
        return 0.0
    return 1.5 * x**3 - 2.5 * x**2 + 1 if x < 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2


def slow_line(values, wanted, curve):
    """The formula of the docstring, for one line of pixels."""
    scale = len(values) / wanted
    out = []
    for i in range(wanted):
        centre = (i + 0.5) * scale
        weights = [curve(abs(j + 0.5 - centre) / max(scale, 1)) for j in range(len(values))]
        out.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
    return out


def slow_resize(x, size, curve=triangle):
    rows = np.array([[slow_line(c[:, j], size[0], curve) for j in range(c.shape[1])] for c in x])
    rows = rows.transpose(0, 2, 1)
    return np.array([[slow_line(row, size[1], curve) for row in c] for c in rows])


SIZES = [(1, 1), (5, 7), (7, 5), (10, 10), (13, 3), (2, 29), (1, 20)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (10, 13)])
def test_resizing_is_what_the_slow_loop_does(shape, size):
    x = image(*shape, channels=2)
    out = resize(x, size)
    assert out.dtype == x.dtype
    np.testing.assert_allclose(out, slow_resize(x.astype(float), size), rtol=2e-5, atol=2e-6)
    out, expected = resize(x, size, "cubic"), slow_resize(x.astype(float), size, cubic)
    np.testing.assert_allclose(out, expected, rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("size", SIZES)
def test_resizing_is_what_pillow_does(size):
    x = image(17, 11, channels=1)
    theirs = Image.fromarray(x[0]).resize(size[::-1], Image.Resampling.BILINEAR)
    np.testing.assert_allclose(resize(x, size)[0], np.asarray(theirs), rtol=2e-5, atol=2e-6)
    theirs = Image.fromarray(x[0]).resize(size[::-1], Image.Resampling.BICUBIC)
    out = resize(x, size, "cubic")[0]
    np.testing.assert_allclose(out, np.asarray(theirs), rtol=2e-5, atol=5e-6)


def test_bytes_are_rounded_and_stacks_are_treated_alike():
    x = np.stack([image(8, 9, dtype=np.uint8) for _ in range(4)])
    out = resize(x, (5, 20))
    assert out.dtype == np.uint8 and out.shape == (4, 3, 5, 20)
    for one, big in zip(x, out, strict=True):
        np.testing.assert_array_equal(resize(one, (5, 20)), big)
        exact = slow_resize(one.astype(float), (5, 20))
        assert np.abs(big - exact).max() <= 0.5 + 1e-4


def test_flat_stays_flat_and_the_same_size_is_untouched():
    flat = np.full((2, 9, 7), 200, np.uint8)
    assert (resize(flat, (31, 4)) == 200).all()
    x = image(6, 5)
    np.testing.assert_array_equal(resize(x, (6, 5)), x)
    # Halving twice 2 x 2 blocks of one value keeps their order of magnitude: the mean is kept.
    assert resize(x, (3, 5)).mean() == pytest.approx(slow_resize(x, (3, 5)).mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("shape", "expected"), [((30, 20), (15, 10)), ((20, 30), (10, 15)), ((7, 7), (10, 10))]
)
def test_the_shorter_side(shape, expected):
    assert resize_short(image(*shape), 10).shape[1:] == expected


def test_the_middle():
    x = np.arange(35).reshape(1, 5, 7).astype(np.uint8)
    np.testing.assert_array_equal(centre_crop(x, 3)[0], x[0, 1:4, 2:5])
    np.testing.assert_array_equal(centre_crop(x, (5, 6))[0], x[0, :, :6])
    with pytest.raises(ValueError, match="cannot cut 6 x 6 out of 5 x 7"):
        centre_crop(x, 6)


def slow_warp(x, matrix, fill):
    _, rows, columns = x.shape
    out = np.zeros(x.shape)

    def value(c, i, j):
        return x[c, i, j] if 0 <= i < rows and 0 <= j < columns else fill

    for c, i, j in np.ndindex(*x.shape):
        down, right = i - (rows - 1) / 2, j - (columns - 1) / 2
        row = matrix[0][0] * down + matrix[0][1] * right + (rows - 1) / 2
        column = matrix[1][0] * down + matrix[1][1] * right + (columns - 1) / 2
        top, left = math.floor(row), math.floor(column)
        a, b = row - top, column - left
        out[c, i, j] = (
            (1 - a) * (1 - b) * value(c, top, left)
            + (1 - a) * b * value(c, top, left + 1)
            + a * (1 - b) * value(c, top + 1, left)
            + a * b * value(c, top + 1, left + 1)
        )
    return out


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0], [0, 1]],
        [[0.6, 0.2], [-0.3, 1.4]],
        [[-1, 0], [0, -1]],
        [[0.01, 0], [0, 0.01]],
        [[40.0, 3], [5, 40.0]],
    ],
)
@pytest.mark.parametrize("shape", [(1, 1), (5, 8), (6, 3)])
def test_warping_is_what_the_slow_loop_does(matrix, shape):
    x = image(*shape, channels=2)
    out = warp(x, matrix, fill=-2.5)
    np.testing.assert_allclose(out, slow_warp(x, matrix, -2.5), rtol=1e-4, atol=1e-5)


def test_the_identity_and_half_a_turn_are_exact():
    for dtype in (np.uint8, np.float32):
        x = image(6, 7, dtype=dtype)
        np.testing.assert_array_equal(warp(x, np.eye(2)), x)
        np.testing.assert_array_equal(warp(x, -np.eye(2)), x[:, ::-1, ::-1])


def test_outside_each_channel_has_its_fill():
    out = warp(np.zeros((3, 4, 4), np.uint8), np.eye(2) * 100, fill=(7, 8, 9))
    np.testing.assert_array_equal(out[:, 0, 0], [7, 8, 9])


@pytest.mark.parametrize("call", [lambda x: resize(x, (2, 2)), lambda x: warp(x, np.eye(2))])
def test_what_is_no_image(call):
    with pytest.raises(TypeError, match="expected an array, found list"):
        call([[1]])
    with pytest.raises(TypeError, match="uint8 or floats, not int64"):
        call(np.zeros((1, 2, 2), int))
    for shape in ((2, 2), (1, 0, 2)):
        with pytest.raises(ValueError, match=r"expected shape \(..., channels, rows, columns\)"):
            call(np.zeros(shape))
    with pytest.raises(ValueError, match="at least 1 x 1"):
        resize(np.zeros((1, 2, 2)), (0, 2))


def test_filters_have_names():
    with pytest.raises(ValueError, match="resize: the filter is triangle or cubic, not 'lanczos'"):
        resize(image(4, 4), (2, 2), "lanczos")
    tall = resize_short(image(8, 4, dtype=np.uint8), 3, "cubic")
    assert tall.shape == (3, 6, 3) and tall.dtype == np.uint8
