"""grid_sample, resize_bilinear: one pixel at a time as the oracle, borders, gradients, errors."""

import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import gradcheck


def pixel(i, length, border):
    """Which pixel shows at place i of an endless image."""
    if border == "nearest":
        return min(max(i, 0), length - 1)
    if border == "wrap":
        return i % length
    while length > 1 and not 0 <= i < length:
        i = -i if i < 0 else 2 * (length - 1) - i
    return i if length > 1 else 0


def oracle(x, grid, border):
    out = np.zeros((*x.shape[:2], *grid.shape[1:3]))
    rows, columns = x.shape[2:]
    for n, p, q in np.ndindex(grid.shape[:3]):
        across, down = (
            (g + 1) / 2 * (m - 1) for g, m in zip(grid[n, p, q], (columns, rows), strict=True)
        )
        for i in (math.floor(down), math.floor(down) + 1):
            for j in (math.floor(across), math.floor(across) + 1):
                weight = (1 - abs(down - i)) * (1 - abs(across - j))
                at = (pixel(i, rows, border), pixel(j, columns, border))
                out[n, :, p, q] += weight * x[(n, slice(None), *at)]
    return out


@pytest.mark.parametrize("border", ["nearest", "mirror", "wrap"])
@pytest.mark.parametrize("size", [(3, 4), (5, 2), (1, 3), (1, 1)])
def test_values(size, border):
    rng = np.random.default_rng(0)
    x, grid = rng.normal(size=(2, 3, *size)), rng.uniform(-4, 4, size=(2, 4, 5, 2))
    out = mt.grid_sample(mt.asarray(x), mt.asarray(grid), border=border).numpy()
    expected = oracle(x, grid, border)
    np.testing.assert_allclose(out, expected, rtol=1e-10, atol=1e-12)


def test_the_places_of_the_pixels_give_the_image():
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 5))
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 3)), axis=-1)[None]
    out = mt.grid_sample(mt.asarray(x), mt.asarray(grid)).numpy()
    np.testing.assert_allclose(out, x, rtol=1e-12)


def test_beyond_the_nearest_border_places_have_no_gradient():
    x = mt.asarray([[[[1.0, 5.0]]]])
    grid = mt.tensor([[[[3.0, 0.0], [0.0, 0.0]]]], requires_grad=True)
    mt.grid_sample(x, grid).sum().backward()
    assert grid.grad.tolist() == [[[[0, 0], [2, 0]]]]


def test_gradients_of_shared_pixels():
    rng = np.random.default_rng(1)
    gradcheck(mt.grid_sample, [rng.normal(size=(1, 2, 2, 2)), rng.uniform(-0.9, 0.9, (1, 3, 3, 2))])


@pytest.mark.parametrize(
    ("x", "grid", "border", "text"),
    [
        ((1, 2, 3), (1, 2, 2, 2), "wrap", "got (1, 2, 3) and (1, 2, 2, 2)"),
        ((1, 1, 2, 3), (1, 2, 2, 3), "wrap", "and grid (batch, rows, columns, 2), got"),
        ((1, 1, 2, 3), (2, 2, 2, 2), "wrap", "x has 1 images, grid is for 2"),
        ((1, 1, 0, 3), (1, 2, 2, 2), "wrap", "x (1, 1, 0, 3) has no pixels"),
        ((1, 1, 2, 3), (1, 2, 2, 2), "zero", "one of 'nearest', 'mirror', 'wrap', got 'zero'"),
    ],
)
def test_errors(x, grid, border, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        mt.grid_sample(mt.ones(x), mt.zeros(grid), border=border)


# -- resizing -----------------------------------------------------------------------------


def resized(x, size):
    """One pixel at a time; what lies beyond the outermost pixels is read at them."""
    out = np.zeros((*x.shape[:-2], *size))
    for p, q in np.ndindex(size):
        places = []
        for i, n, m in zip((p, q), x.shape[-2:], size, strict=True):
            u = min(max((i + 0.5) * n / m - 0.5, 0), n - 1)
            first = math.floor(u)
            places.append([(first, 1 - u + first), (min(first + 1, n - 1), u - first)])
        for i, down in places[0]:
            for j, across in places[1]:
                out[..., p, q] += x[..., i, j] * down * across
    return out


@pytest.mark.parametrize("size", [(1, 1), (4, 5), (9, 8), (3, 7), (16, 2)])
@pytest.mark.parametrize("shape", [(4, 5), (2, 1, 1), (2, 3, 1, 6)])
def test_resizing(shape, size):
    x = np.random.default_rng(0).normal(size=shape)
    for dtype, tolerance in ((np.float64, 1e-13), (np.float32, 1e-6)):
        out = mt.resize_bilinear(mt.asarray(x.astype(dtype)), size=size)
        assert out.dtype == dtype and out.shape == (*shape[:-2], *size)
        np.testing.assert_allclose(out.numpy(), resized(x, size), rtol=0, atol=tolerance)


def test_resizing_to_the_same_size_changes_nothing():
    x = np.random.default_rng(0).normal(size=(2, 7, 5))
    np.testing.assert_array_equal(mt.resize_bilinear(mt.asarray(x), size=(7, 5)).numpy(), x)


def test_the_gradient_of_resizing_is_its_adjoint():
    rng = np.random.default_rng(0)
    x = mt.asarray(rng.normal(size=(2, 5, 3))).requires_grad_()
    y = mt.asarray(rng.normal(size=(2, 8, 2)))
    out = mt.resize_bilinear(x, size=(8, 2))
    back = mt.grad((out * y).sum(), x)
    np.testing.assert_allclose(
        (out.detach() * y).sum().item(), (x.detach() * back).sum().item(), rtol=1e-12
    )


def test_resizing_what_is_no_image():
    with pytest.raises(TypeError, match="floating-point, got int64"):
        mt.resize_bilinear(mt.asarray([[1, 2]]), size=(2, 2))
    for shape, size in [((3,), (1, 1)), ((0, 3), (1, 1)), ((2, 2), (0, 1)), ((2, 2), (1,))]:
        with pytest.raises(ValueError, match=re.escape(f"got {shape} and {size}")):
            mt.resize_bilinear(mt.zeros(shape), size=size)
