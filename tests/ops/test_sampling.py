"""grid_sample: one pixel at a time as the oracle, borders, gradients, errors."""

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
