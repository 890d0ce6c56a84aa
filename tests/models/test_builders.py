"""The lecture's networks: shapes, parameters, and a forward against NumPy."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.models import MODELS, build, build_lenet, build_mlp


def shapes(network):
    return {layer.name: layer.output_shape[1:] for layer in layers.get_all_layers(network)}


def counts(network):
    return {p.name: p.size for p in layers.get_all_params(network)}


def test_lenet_is_the_lectures():
    network = build_lenet(dropout=0.5)
    assert list(shapes(network).values()) == [
        (1, 28, 28), (20, 24, 24), (20, 12, 12), (50, 8, 8), (50, 4, 4), (256,), (256,), (10,)
    ]  # fmt: skip
    assert list(counts(network).values()) == [500, 20, 25000, 50, 204800, 256, 2560, 10]
    assert layers.count_params(network) == 233_196


@pytest.mark.parametrize(("hidden", "total"), [((64,), 50_890), ((256, 256), 269_322)])
def test_the_perceptrons_are_the_lectures(hidden, total):
    assert layers.count_params(build_mlp(hidden)) == total


@pytest.mark.parametrize("name", MODELS)
def test_outputs_are_probabilities_for_any_batch(name):
    network = build(name, dropout=0.3)
    for n in (1, 3):
        p = layers.get_output(network, mt.asarray(np.ones((n, 1, 28, 28), np.float32))).numpy()
        assert p.shape == (n, 10) and p.dtype == np.float32
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_lenets_forward_is_what_slow_loops_compute():
    mt.random.seed(1)
    network = build_lenet(input_shape=(1, 16, 16), classes=3)
    w1, b1, w2, b2, w3, b3, w4, b4 = layers.get_all_param_values(network)
    x = np.random.default_rng(0).normal(size=(2, 1, 16, 16)).astype(np.float32)

    def conv(x, w, b):
        w = w[:, :, ::-1, ::-1]
        rows, columns = x.shape[2] - 4, x.shape[3] - 4
        out = np.zeros((len(x), len(w), rows, columns))
        for r in range(rows):
            for c in range(columns):
                out[:, :, r, c] = np.einsum("ncij,kcij->nk", x[:, :, r : r + 5, c : c + 5], w) + b
        return np.maximum(out, 0)

    def pool(x):
        n, k, r, c = x.shape
        return x.reshape(n, k, r // 2, 2, c // 2, 2).max(axis=(3, 5))

    h = pool(conv(pool(conv(x, w1, b1)), w2, b2)).reshape(2, -1)
    z = np.maximum(h @ w3 + b3, 0) @ w4 + b4
    expected = np.exp(z - z.max(1, keepdims=True))
    expected /= expected.sum(1, keepdims=True)
    out = layers.get_output(network, mt.asarray(x), deterministic=True).numpy()
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-6)


def test_names_and_sizes_are_checked():
    with pytest.raises(ValueError, match="no model named 'lenett'; did you mean 'lenet'"):
        build("lenett")
    with pytest.raises(ValueError, match="at least 16 x 16"):
        build_lenet(input_shape=(1, 12, 28))
