"""The lecture's small networks: shapes, parameters, and a forward against NumPy."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.models import build, build_keras_cnn, build_lenet, build_lenet5, build_mlp, lenet5


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


@pytest.mark.parametrize("name", ["mlp64", "mlp256", "lenet", "keras_cnn"])
def test_outputs_are_probabilities_for_any_batch(name):
    network = build(name, dropout=0.3)
    for n in (1, 3):
        p = layers.get_output(network, mt.asarray(np.ones((n, 1, 28, 28), np.float32))).numpy()
        assert p.shape == (n, 10) and p.dtype == np.float32
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)


def test_lenets_forward_is_what_slow_loops_compute():
    mt.random.seed(1)
    network = build_lenet(input_shape=(1, 16, 16), num_classes=3)
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


def test_the_keras_network_is_the_lectures(counts):
    assert list(counts(build_keras_cnn()).values()) == [320, 9_248, 589_952, 1_290]
    assert layers.count_params(build_keras_cnn()) == 600_810


# Section II.B of the paper; the last layer is a softmax here, with 84 x 10 weights and 10 biases.
LENET5 = {"C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164, "output": 850}


def test_lenet5_has_the_papers_parameters(counts):
    found = dict.fromkeys(LENET5, 0)
    for name, size in counts(build_lenet5()).items():
        found[name.partition(".")[0]] += size
    assert found == LENET5 and sum(found.values()) == 60_000 + 850


def test_lenet5s_connections():
    """The paper counts a connection for each product and each bias."""
    work = dict.fromkeys(("C1", "C3", "C5", "F6"), 0)
    for line in layers.summary(build_lenet5()).lines:
        if line.name.partition(".")[0] in work:
            work[line.name.partition(".")[0]] += line.multiply_adds
    biases = {"C1": 6 * 28 * 28, "C3": 16 * 10 * 10, "C5": 120, "F6": 84}
    connections = {name: work[name] + biases[name] for name in work}
    assert connections == {"C1": 122_304, "C3": 151_600, "C5": 48_120, "F6": 10_164}


def test_table_one_of_lenet5():
    seen = lenet5.CONNECTIONS
    assert [len(row) for row in seen] == [3] * 6 + [4] * 9 + [6]
    assert [sorted(seen[i]) for i in (5, 11, 12, 13, 14)] == [
        [0, 1, 5], [0, 1, 2, 5], [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5]
    ]  # fmt: skip
    assert len({frozenset(row) for row in seen}) == 16
    for m in range(6):  # each map of S2 is seen equally often
        assert sum(m in row for row in seen) == 10


@pytest.mark.parametrize("all_connected", [False, True])
def test_lenet5_trains(trains, all_connected):
    trains(build_lenet5(all_connected=all_connected), (1, 32, 32), 10)


def test_lenet5s_subsampling_is_a_sum_times_a_number_plus_another():
    network = build_lenet5()
    named = {layer.name: layer for layer in layers.get_all_layers(network)}
    named["S2.scale"].scales.set_value(np.arange(6) / 10)
    named["S2.bias"].b.set_value(np.arange(6) / 20)
    x = np.random.default_rng(1).normal(size=(2, 1, 32, 32)).astype(np.float32)
    below, above = layers.get_output([named["C1"], named["S2"]], mt.asarray(x))
    sums = below.detach().numpy().reshape(2, 6, 14, 2, 14, 2).sum(axis=(3, 5))
    a, b = (np.arange(6)[:, None, None] / d for d in (10, 20))
    expected = 1.7159 * np.tanh(2 / 3 * (sums * a + b))
    np.testing.assert_allclose(above.detach().numpy(), expected, rtol=1e-4, atol=1e-5)


def test_names_and_sizes_are_checked():
    with pytest.raises(ValueError, match="no model named 'lenett'; did you mean 'lenet'"):
        build("lenett")
    with pytest.raises(ValueError, match="at least 16 x 16"):
        build_lenet(input_shape=(1, 12, 28))
    with pytest.raises(ValueError, match="at least 32 x 32.*pad the digits with 2 zeros"):
        build_lenet5(input_shape=(1, 28, 28))
    with pytest.raises(TypeError, match="lenet has no setting 'clases'; did you mean"):
        build("lenet", clases=3)
    with pytest.raises(TypeError, match="mlp64 has no setting 'zzz'; its settings are dropout"):
        build("mlp64", zzz=3)
