"""Spatial transformers: pixel by pixel as the oracle, splines solved anew, gradients, errors."""

import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers
from minitorch.layers import (
    DenseLayer,
    InputLayer,
    TPSTransformerLayer,
    TransformerLayer,
    get_output,
)

IDENTITY = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def read(image, across, down):
    """An image (channels, rows, columns) at one place, its border going on."""
    rows, columns = image.shape[1:]
    u, v = (across + 1) / 2 * (columns - 1), (down + 1) / 2 * (rows - 1)
    out = 0.0
    for i in (math.floor(v), math.floor(v) + 1):
        for j in (math.floor(u), math.floor(u) + 1):
            at = min(max(i, 0), rows - 1), min(max(j, 0), columns - 1)
            out = out + (1 - abs(v - i)) * (1 - abs(u - j)) * image[(slice(None), *at)]
    return out


def grid(rows, columns):
    return [(x, y) for y in np.linspace(-1, 1, rows) for x in np.linspace(-1, 1, columns)]


def wired(cls, count, shape=(None, 2, 5, 4), **settings):
    images, found = InputLayer(shape), InputLayer((None, count))
    return images, found, cls(images, found, **settings)


@pytest.mark.parametrize("factor", [1, 2, (1.5, 1), 0.5])
def test_affine(factor):
    images, found, layer = wired(TransformerLayer, 6, downsample_factor=factor)
    x, theta = numbers(3, 2, 5, 4), numbers(3, 6, seed=1)
    fy, fx = (factor, factor) if np.isscalar(factor) else factor
    size = int(5 // fy), int(4 // fx)
    assert layer.output_shape == (None, 2, *size)
    expected = np.zeros((3, 2, *size))
    for n in range(3):
        m = theta[n].reshape(2, 3)
        places = [m @ (s, t, 1) for s, t in grid(*size)]
        expected[n] = np.stack([read(x[n], *p) for p in places], 1).reshape(2, *size)
    out = get_output(layer, {images: x, found: theta}).numpy()
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("border", ["nearest", "mirror", "wrap"])
def test_the_identity_and_borders(border):
    images, found, layer = wired(TransformerLayer, 6, border_mode=border)
    x = numbers(1, 2, 5, 4)
    out = get_output(layer, {images: x, found: [IDENTITY]}).numpy()
    np.testing.assert_allclose(out, x, rtol=1e-6, atol=1e-6)
    right = [[1.0, 0.0, 2.0, 0.0, 1.0, 0.0]]  # three pixels further
    moved = get_output(layer, {images: x, found: right}).numpy()
    columns = {"nearest": [3, 3, 3, 3], "mirror": [3, 2, 1, 0], "wrap": [3, 0, 1, 2]}[border]
    np.testing.assert_allclose(moved, x[..., columns], rtol=1e-5, atol=1e-5)


def spline(side, offsets, places):
    """Where places go by the spline that takes each control point to itself plus its offset."""
    points = np.array(grid(side, side))
    bend = lambda a, b: 0.0 if (r := ((a - b) ** 2).sum()) == 0 else r * np.log(r)
    count = len(points)
    full = np.zeros((count + 3, count + 3))
    full[:count, :count] = [[bend(a, b) for b in points] for a in points]
    full[:count, count:] = [[1, *p] for p in points]
    full[count:, :count] = full[:count, count:].T
    goals = np.zeros((count + 3, 2))
    goals[:count] = points + offsets.reshape(2, count).T
    weights = np.linalg.solve(full, goals)
    return [np.array([*[bend(np.array(s), p) for p in points], 1, *s]) @ weights for s in places]


@pytest.mark.parametrize("precompute", [True, False])
@pytest.mark.parametrize(("side", "factor"), [(2, 1), (3, 0.5), (4, 2)])
def test_splines(side, factor, precompute):
    images, found, layer = wired(
        TPSTransformerLayer, 2 * side**2, downsample_factor=factor, control_points=side**2,
        precompute_grid=precompute,
    )  # fmt: skip
    x, offsets = numbers(2, 2, 5, 4), numbers(2, 2 * side**2, seed=1) * 0.3
    size = int(5 // factor), int(4 // factor)
    expected = np.zeros((2, 2, *size))
    for n in range(2):
        places = spline(side, offsets[n], grid(*size))
        expected[n] = np.stack([read(x[n], *p) for p in places], 1).reshape(2, *size)
    assert layer.output_shape == (None, 2, *size) and layer.precompute_grid is precompute
    out = get_output(layer, {images: x, found: offsets}).numpy()
    np.testing.assert_allclose(out, expected, rtol=1e-8, atol=1e-9)


def test_unknown_lengths():
    for cls, count in ((TransformerLayer, 6), (TPSTransformerLayer, 32)):
        images, found, layer = wired(cls, count, (None, 2, None, 4))
        assert layer.output_shape == (None, 2, None, 4)
        start = [IDENTITY] if count == 6 else np.zeros((1, 32))
        x = numbers(1, 2, 6, 4)
        out = get_output(layer, {images: x, found: start}).numpy()
        np.testing.assert_allclose(out, x, rtol=1e-5, atol=1e-5)
    assert not layer.precompute_grid
    layer = TPSTransformerLayer((None, 2, 5, 4), (None, 32))
    assert layer.precompute_grid
    # Another size than the grid was made for gets a grid of its own.
    out = layer.get_output_for([mt.asarray(x), mt.zeros((1, 32))]).numpy()
    np.testing.assert_allclose(out, x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cls", [TransformerLayer, TPSTransformerLayer])
def test_gradients(check_gradients, cls):
    if cls is TransformerLayer:
        layer, start = cls((1, 2, 3, 4), (1, 6), 1.5), np.array([IDENTITY])
    else:
        layer, start = cls((1, 2, 3, 4), (1, 8), 1.5, control_points=4), np.zeros((1, 8))
    start = start + np.random.default_rng(5).uniform(-0.2, 0.2, start.shape)
    check_gradients(layer, numbers(1, 2, 3, 4), start)


def test_a_network_learns_where_to_look():
    images = InputLayer((None, 1, 4, 4))
    theta = DenseLayer(images, 6, W=init.Constant(0), b=IDENTITY, nonlinearity=None)
    net = TransformerLayer(images, theta)
    x = numbers(2, 1, 4, 4).astype(np.float32)
    out = get_output(net, x)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out.detach().numpy(), x, rtol=1e-5, atol=1e-6)
    (out * out).sum().backward()
    assert theta.b.grad.shape == (6,) and abs(theta.b.grad.numpy()).max() > 0


@pytest.mark.parametrize(
    ("cls", "images", "found", "settings", "kind", "text"),
    [
        (TransformerLayer, (1, 2, 4, 4), (1, 5), {}, ValueError,
         "The localization network must have output shape: (batch_size, 6), got (1, 5)"),
        (TransformerLayer, (1, 2, 4, 4), (1, 6, 1), {}, ValueError, "got (1, 6, 1)"),
        (TransformerLayer, (1, 2, 4), (1, 6), {}, ValueError,
         "must have a 4-dimensional output shape: (batch_size, num_input_channels, input_rows, in"),
        (TransformerLayer, (1, 2, 4, 4), (1, 6), {"downsample_factor": 5}, ValueError,
         "downsample_factor=(5, 5) leaves no pixel of (1, 2, 4, 4)"),
        (TransformerLayer, (1, 2, 4, 4), (1, 6), {"downsample_factor": 0}, ValueError,
         "downsample_factor must be positive, got 0"),
        (TransformerLayer, (1, 2, 4, 4), (1, 6), {"downsample_factor": "xy"}, TypeError,
         "iterable of Real, got xy"),
        (TransformerLayer, (1, 2, 4, 4), (1, 6), {"border_mode": "zero"}, ValueError,
         "border_mode must be one of 'nearest', 'mirror', 'wrap', got 'zero'"),
        (TPSTransformerLayer, (1, 2, 4, 4), (1, 31), {}, ValueError,
         "must have output shape: (batch_size, 2*control_points), got (1, 31)"),
        (TPSTransformerLayer, (1, 2, 4, 4), (1, 30), {"control_points": 15}, ValueError,
         "The number of control points must be a perfect square, from 4 on, got 15."),
        (TPSTransformerLayer, (1, 2, 4, 4), (1, 2), {"control_points": 1}, ValueError,
         "from 4 on, got 1."),
        (TPSTransformerLayer, (1, 2, 4), (1, 32), {}, ValueError, "4-dimensional output shape"),
        (TPSTransformerLayer, (1, 2, 4, None), (1, 32), {"precompute_grid": True}, ValueError,
         "Grid can only be precomputed if the input height and width are pre-specified"),
        (TPSTransformerLayer, (1, 2, 4, 4), (1, 32), {"precompute_grid": "no"}, ValueError,
         "precompute_grid is 'auto', True or False, got 'no'"),
    ],
)  # fmt: skip
def test_errors(cls, images, found, settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        cls(InputLayer(images), InputLayer(found), **settings)


def test_repr_and_names():
    layer = TransformerLayer((1, 2, 4, 4), (1, 6), (2, 1.5), "wrap", name="t")
    assert repr(layer) == (
        "TransformerLayer(downsample_factor=(2, 1.5), border_mode=wrap, name='t')"
    )
    assert repr(TransformerLayer((1, 2, 4, 4), (1, 6))) == "TransformerLayer()"
    assert repr(TPSTransformerLayer((1, 2, 4, 4), (1, 32))) == (
        "TPSTransformerLayer(control_points=16)"
    )
    assert layers.special.TransformerLayer is TransformerLayer


def test_on_a_device():
    """The places follow the data."""
    net = wired(TPSTransformerLayer, 8, control_points=4)
    images, found, layer = net
    x, moves = (mt.asarray(numbers(*s), device="emulated") for s in ((1, 2, 5, 4), (1, 8)))
    out = get_output(layer, {images: x, found: moves})
    assert out.device == "emulated"
    images, found, layer = wired(TransformerLayer, 6)
    theta = mt.asarray([IDENTITY], device="emulated")
    assert get_output(layer, {images: x, found: theta}).device == "emulated"
