"""Noise layers: rates, expectations, streams of their own, exact repetition, gradients."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.layers import (
    DropoutLayer,
    GaussianNoiseLayer,
    InputLayer,
    dropout_channels,
    dropout_locations,
    get_output,
)


@pytest.fixture(autouse=True)
def _seed():
    mt.random.seed(7)


def ones(*shape):
    return np.ones(shape, np.float32)


def run(layer, x, **kwargs):
    return get_output(layer, {None: x}, **kwargs).numpy()


def test_names():
    assert layers.dropout is DropoutLayer
    assert layers.spatial_dropout is dropout_channels


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_rate_and_expectation(p):
    out = run(DropoutLayer((None, 1000), p), ones(100, 1000))
    kept = out != 0
    # Five standard deviations of the mean of 100,000 draws.
    tolerance = 5 * np.sqrt(p * (1 - p) / kept.size)
    assert abs((1 - kept.mean()) - p) < tolerance
    np.testing.assert_allclose(out[kept], 1 / (1 - p), rtol=1e-6)


def test_no_rescaling():
    out = run(DropoutLayer((None, 1000), 0.3, rescale=False), ones(10, 1000))
    assert set(np.unique(out)) == {0, 1}


@pytest.mark.parametrize(("p", "kwargs"), [(0.5, {"deterministic": True}), (0, {})])
def test_identity(p, kwargs):
    x = mt.ones((3, 4))
    layer = DropoutLayer((3, 4), p)
    assert get_output(layer, {None: x}, **kwargs) is x
    assert layer.rng.offset == 0


def test_every_pass_draws_anew():
    layer = DropoutLayer((None, 1000))
    assert (run(layer, ones(1, 1000)) != run(layer, ones(1, 1000))).any()


def test_layers_have_streams_of_their_own():
    a, b = DropoutLayer((None, 1000)), DropoutLayer((None, 1000))
    assert a.rng.seed != b.rng.seed
    assert (run(a, ones(1, 1000)) != run(b, ones(1, 1000))).any()


def test_a_seed_repeats_everything():
    outs = []
    for _ in range(2):
        mt.random.seed(11)
        layer = DropoutLayer((None, 100))
        outs.append([run(layer, ones(2, 100)) for _ in range(3)])
    np.testing.assert_array_equal(outs[0], outs[1])


@pytest.mark.parametrize(
    ("make", "shared"),
    [
        (lambda incoming: DropoutLayer(incoming, shared_axes=(0, -1)), (0, 3)),
        (lambda incoming: DropoutLayer(incoming, shared_axes=1), (1,)),
        (dropout_channels, (2, 3)),
        (dropout_locations, (1,)),
    ],
)
@pytest.mark.parametrize("as_layer", [False, True])
def test_shared_axes(make, shared, as_layer):
    shape = (4, 5, 6, 7)
    layer = make(InputLayer(shape) if as_layer else shape)
    out = get_output(layer, {layer.input_layer: ones(*shape)}).numpy()
    first = out[tuple(slice(0, 1) if axis in shared else slice(None) for axis in range(4))]
    np.testing.assert_array_equal(out, np.broadcast_to(first, shape))
    assert set(np.unique(first)) == {0, 2}


def test_shared_axes_use_fewer_numbers():
    layer = dropout_channels((2, 8, 5, 5), p=0.5)
    run(layer, ones(2, 8, 5, 5))
    assert layer.rng.get_state()["offset"] == 2 * 8 // 8


@pytest.mark.parametrize("p", [-0.1, 1, 1.5, float("nan")])
def test_p_is_a_probability(p):
    with pytest.raises(ValueError, match=re.escape("p is the probability of dropping, in [0, 1)")):
        DropoutLayer((2, 3), p)


def test_shared_axes_are_there():
    with pytest.raises(ValueError, match=re.escape("does not have all of shared_axes=(2,)")):
        DropoutLayer((2, 3), shared_axes=(2,))
    with pytest.raises(ValueError, match=re.escape("Use axes from 0 to 1")):
        DropoutLayer((2, 3), shared_axes=-3)


def test_gaussian_noise():
    x = np.full((100, 1000), 3, np.float32)
    layer = GaussianNoiseLayer((None, 1000), sigma=0.5)
    noise = run(layer, x) - x
    assert abs(noise.mean()) < 5 * 0.5 / np.sqrt(x.size)
    assert abs(noise.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * x.size)
    assert (run(layer, x) != x + noise).any()


@pytest.mark.parametrize(("sigma", "kwargs"), [(0.5, {"deterministic": True}), (0, {})])
def test_gaussian_identity(sigma, kwargs):
    x = mt.ones((3, 4))
    assert get_output(GaussianNoiseLayer((3, 4), sigma), {None: x}, **kwargs) is x


@pytest.mark.parametrize("count", [1, 3, 7, 8, 9])
def test_gaussian_streams_do_not_overlap(count):
    """Two passes after each other use other numbers than a longer first one would."""
    layer = GaussianNoiseLayer((None,), 1.0)
    run(layer, ones(count))
    used = layer.rng.offset
    assert used * 8 >= count + count % 2


@pytest.mark.parametrize("sigma", [-1, float("nan")])
def test_sigma_is_not_negative(sigma):
    with pytest.raises(ValueError, match="sigma must not be negative"):
        GaussianNoiseLayer((2, 3), sigma)


@pytest.mark.parametrize(
    "make", [DropoutLayer, dropout_channels, lambda i: GaussianNoiseLayer(i, 0.5)]
)
def test_gradients(check_gradients, make):
    layer = make((2, 3, 2))
    x = np.random.default_rng(0).normal(size=(2, 3, 2))
    start = layer.rng.get_state()
    check_gradients(layer, x, fresh=lambda: layer.rng.set_state(start))
