"""Initialisers: distributions, fans, gains, dtype, errors."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, random

RECTIFIED = math.sqrt(2)


@pytest.fixture(autouse=True)
def _seed():
    random.seed(1)


ALL = [
    init.Normal(),
    init.Uniform(),
    init.GlorotNormal(),
    init.GlorotUniform(),
    init.HeNormal(),
    init.HeUniform(),
    init.Constant(),
    init.Sparse(),
    init.Orthogonal(),
]


@pytest.mark.parametrize("initializer", ALL, ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype(initializer, dtype):
    mt.set_default_dtype(dtype)
    try:
        sample = initializer((12, 15))
    finally:
        mt.set_default_dtype("float32")
    assert isinstance(sample, np.ndarray) and sample.shape == (12, 15) and sample.dtype == dtype


def test_bases():
    for one in ALL:
        assert isinstance(one, init.Initializer)
    with pytest.raises(NotImplementedError):
        init.Initializer()((2, 3))


def spread(sample, std, mean=0.0):
    """Mean and deviation within five standard deviations of their estimates."""
    n = sample.size
    assert abs(sample.mean() - mean) < 5 * std / math.sqrt(n)
    assert abs(sample.std() - std) < 5 * std / math.sqrt(n)


def test_normal():
    spread(init.Normal()((300, 300)), 0.01)
    spread(init.Normal(std=2.0, mean=5.0)((300, 300)), 2.0, 5.0)


@pytest.mark.parametrize(
    ("settings", "low", "high"),
    [
        ({}, -0.01, 0.01),
        ({"range": 0.5}, -0.5, 0.5),
        ({"range": (0.25, 1.0)}, 0.25, 1.0),
        ({"range": [0.25, 1.0]}, 0.25, 1.0),
        ({"std": 1.0}, -math.sqrt(3), math.sqrt(3)),
        ({"std": 0.5, "mean": 3.0}, 3 - math.sqrt(0.75), 3 + math.sqrt(0.75)),
        ({"range": 7, "std": 1.0}, -math.sqrt(3), math.sqrt(3)),
    ],
)
def test_uniform(settings, low, high):
    initializer = init.Uniform(**settings)
    assert initializer.range == pytest.approx((low, high))
    sample = initializer((300, 300))
    assert low <= sample.min() and sample.max() <= high
    spread(sample, (high - low) / math.sqrt(12), (low + high) / 2)


@pytest.mark.parametrize("gain", [1.0, 0.5, "relu"])
@pytest.mark.parametrize(
    ("shape", "variance"),
    [
        ((200, 300), 2 / 500),
        ((100, 60, 7), 2 / (160 * 7)),
        ((50, 30, 5, 5), 2 / (80 * 25)),
    ],
)
@pytest.mark.parametrize("normal", [True, False])
def test_glorot(shape, variance, gain, normal):
    sample = (init.GlorotNormal if normal else init.GlorotUniform)(gain=gain)(shape)
    std = (RECTIFIED if gain == "relu" else gain) * math.sqrt(variance)
    spread(sample, std)
    bound = abs(sample).max() / std
    assert bound > 3.5 if normal else 1.7 < bound <= math.sqrt(3) * (1 + 1e-6)


@pytest.mark.parametrize("gain", [1.0, 0.5, "relu"])
@pytest.mark.parametrize(
    ("shape", "fan_in"), [((200, 300), 200), ((100, 60, 7), 420), ((50, 30, 5, 5), 750)]
)
@pytest.mark.parametrize("normal", [True, False])
def test_he(shape, fan_in, gain, normal):
    sample = (init.HeNormal if normal else init.HeUniform)(gain=gain)(shape)
    std = (RECTIFIED if gain == "relu" else gain) / math.sqrt(fan_in)
    spread(sample, std)
    bound = abs(sample).max() / std
    assert bound > 3.5 if normal else 1.7 < bound <= math.sqrt(3) * (1 + 1e-6)


def test_c01b():
    shape = (30, 5, 5, 50)
    spread(init.GlorotNormal(c01b=True)(shape), math.sqrt(2 / (80 * 25)))
    spread(init.HeNormal(c01b=True)(shape), 1 / math.sqrt(750))


def test_any_distribution_with_a_deviation_will_do():
    spread(init.Glorot(init.Uniform)((200, 300)), math.sqrt(2 / 500))
    spread(init.He(init.Normal, gain=2.0)((400, 300)), 2 / math.sqrt(400))


@pytest.mark.parametrize(
    "cls", [init.GlorotNormal, init.GlorotUniform, init.HeNormal, init.HeUniform]
)
def test_fans_need_two_axes(cls):
    with pytest.raises(RuntimeError, match="only works with shapes of length >= 2"):
        cls()((100,))
    with pytest.raises(RuntimeError, match="only shapes of length 4 are accepted"):
        cls(c01b=True)((10, 10))


@pytest.mark.parametrize("cls", [init.GlorotNormal, init.HeUniform, init.Orthogonal])
def test_gain_is_a_number_or_relu(cls):
    with pytest.raises(ValueError, match="gain is a number or 'relu', not 'tanh'"):
        cls(gain="tanh")


def test_constant():
    np.testing.assert_array_equal(init.Constant(1.5)((2, 3)), np.full((2, 3), 1.5))
    assert init.Constant()(()) == 0


@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.25, 1.0])
def test_sparse(sparsity):
    sample = init.Sparse(sparsity, std=2.0)((200, 300))
    found = sample[sample != 0]
    assert found.size == int(200 * 300 * sparsity)
    if found.size:
        spread(found, 2.0)
        rows = (sample != 0).mean(axis=1)
        assert abs(rows - sparsity).max() < 6 * math.sqrt(0.25 / 300)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_sparse_is_a_matrix(shape):
    with pytest.raises(RuntimeError, match="only works with shapes of length 2"):
        init.Sparse()(shape)


@pytest.mark.parametrize("gain", [1.0, 0.5, "relu"])
@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (20, 20), (10, 4, 3, 3), (50, 2, 3), (1, 5)])
def test_orthogonal(shape, gain):
    w = init.Orthogonal(gain)(shape).astype(float).reshape(shape[0], -1)
    square = (2 if gain == "relu" else gain**2) * np.eye(min(w.shape))
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, square, atol=1e-6)


def test_orthogonal_needs_two_axes():
    with pytest.raises(RuntimeError, match="only works with shapes of length >= 2"):
        init.Orthogonal()((100,))


def test_the_seed_decides():
    first = init.Normal()((3, 4))
    random.seed(1)
    np.testing.assert_array_equal(init.Normal()((3, 4)), first)


def test_repr():
    assert repr(init.Normal(0.5)) == "Normal(std=0.5, mean=0.0)"
    assert repr(init.Constant(2.0)) == "Constant(val=2.0)"
