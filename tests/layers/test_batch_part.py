"""Layers that are given a batch in parts: together they compute what they do of the whole."""

import threading

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.layers import BatchPart, part_of_batch

CUTS = [(0, 3), (3, 4), (4, 4), (4, 9)]  # uneven, and one part without rows


def of_parts(network, x):
    """The outputs of the parts, put together; each begins with the same random streams."""
    begin, parts = layers.get_all_random_states(network), []
    for start, stop in CUTS:
        layers.set_all_random_states(network, begin)
        part = BatchPart(start, stop, len(x), add=lambda tensor: tensor)
        with part_of_batch(part):
            out = layers.get_output(network, mt.asarray(part.rows(x))).numpy()
        parts.append(out[: stop - start])
    return np.concatenate(parts)


@pytest.mark.parametrize("width", [1, 3, 8])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "make",
    [
        lambda shape: layers.DropoutLayer(shape, p=0.3),
        lambda shape: layers.DropoutLayer(shape, p=0.3, rescale=False, shared_axes=2),
        lambda shape: layers.DropoutLayer(shape, p=0.3, shared_axes=(1, -1)),
        lambda shape: layers.DropoutLayer(shape, p=0.3, shared_axes=0),
        lambda shape: layers.GaussianNoiseLayer(shape, sigma=0.5),
        lambda shape: layers.RandomizedRectifierLayer(shape),
        lambda shape: layers.RandomizedRectifierLayer(shape, shared_axes=(2,)),
    ],
)
def test_noise_is_that_of_the_whole_batch(make, dtype, width):
    x = np.random.default_rng(0).normal(size=(9, width, 5)).astype(dtype)
    mt.random.seed(2)
    network = make(layers.InputLayer((None, width, 5)))
    layers.get_output(network, mt.asarray(x))  # the streams are not at their beginning
    pieces = of_parts(network, x)
    after = layers.get_all_random_states(network)
    first = {k: v | {"offset": 0} for k, v in after.items()}
    layers.set_all_random_states(network, first)
    layers.get_output(network, mt.asarray(x))
    np.testing.assert_array_equal(layers.get_output(network, mt.asarray(x)).numpy(), pieces)
    assert layers.get_all_random_states(network) == after  # parts use up what the batch does


@pytest.mark.parametrize(("shape", "axes"), [((9, 2, 3), "auto"), ((9, 4), "auto"), ((9, 2, 3), 0)])
def test_batch_norm_of_one_part_is_the_op(shape, axes):
    """A part that is all of it: the sums over the parts are its own."""
    x = np.random.default_rng(1).normal(2, 3, size=shape)
    networks = [layers.BatchNormLayer((None, *shape[1:]), axes=axes) for _ in range(2)]
    found = []
    for network, part in zip(networks, (None, BatchPart(0, 9, 9, lambda t: t)), strict=True):
        source = mt.tensor(x, requires_grad=True)
        with part_of_batch(part):
            out = layers.get_output(network, {None: source})
        loss = (out * mt.asarray(np.arange(out.size).reshape(shape) / out.size)).sum()
        grads = mt.grad(loss, [source, network.gamma, network.beta])
        found.append([t.numpy() for t in (out.detach(), *grads)])
        found[-1] += [network.mean.get_value(), network.inv_std.get_value()]
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-12)


def test_batch_norm_that_keeps_the_batch_is_refused():
    layer = layers.BatchNormLayer((4, 3), axes=1)
    with (
        part_of_batch(BatchPart(0, 4, 8, lambda t: t)),
        pytest.raises(ValueError, match="axes=\\(1,\\) keep the batch.*StandardizationLayer"),
    ):
        layers.get_output(layer, {None: mt.ones((4, 3))})


def test_a_part_is_of_its_block_and_thread():
    part = BatchPart(0, 0, 2, lambda t: t)
    seen = []
    network = layers.DropoutLayer((None, 3))
    with part_of_batch(part):
        with part_of_batch(None):
            pass
        thread = threading.Thread(
            target=lambda: seen.append(layers.get_output(network, {None: mt.ones((2, 3))}).shape)
        )
        thread.start()
        thread.join()
        assert part.empty and part.weight == 0 and part.rows([5, 6]) == [5]
    assert seen == [(2, 3)]
    assert network.rng.offset == 1
