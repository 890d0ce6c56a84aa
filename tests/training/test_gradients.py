"""One step's gradients: captured and eager agree, and capturing leaves no trace."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.models import build
from minitorch.training.gradients import Gradients

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 1, 28, 28)).astype("float32"), RNG.integers(0, 10, 8)


def make(name="lenet", captured=0, **settings):
    mt.random.seed(1)
    network = build(name, num_classes=10, input_shape=(1, 28, 28), **settings)
    return Gradients(network, layers.get_all_params(network, trainable=True), captured=captured)


def state(gradients):
    values = [p.get_value().tobytes() for p in layers.get_all_params(gradients.network)]
    return values, layers.get_all_random_states(gradients.network)


@pytest.mark.parametrize("name", ["lenet", "resnet20"])
def test_captured_and_eager_agree(name):
    eager, captured = make(name), make(name, captured=8)
    for _ in range(2):
        loss, predicted, wrong, grads = eager(X, Y)
        other, also, count, same = captured(X, Y)
        assert other == pytest.approx(loss, rel=1e-5) and (also == predicted).all()
        assert wrong == count == (predicted != Y).sum()
        for a, b in zip(grads, same, strict=True):
            scale = np.abs(a.numpy()).max() + 1e-6
            assert np.abs(a.numpy() - b.numpy()).max() < 2e-3 * scale


def test_the_first_call_gives_and_moves_what_every_other_does():
    """Running averages move once, a mask is drawn once; the results are a replay's, to the bit."""
    first, second = make("lenet", 8, dropout=0.5), make("lenet", 8, dropout=0.5)
    start = state(first)
    found = first(X, Y)
    moved = state(first)
    for p, old in zip(layers.get_all_params(first.network), start[0], strict=True):
        p.set_value(np.frombuffer(old, p.dtype).reshape(p.shape))
    layers.set_all_random_states(first.network, start[1])
    again = first(X, Y)
    assert found[0] == again[0] and state(first) == moved
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(found[3], again[3], strict=True))
    assert second(X, Y)[0] == found[0]
    resnet = make("resnet20", 8)
    resnet(X, Y)
    once = state(resnet)[0]
    eager = make("resnet20")
    eager(X, Y)
    for a, b in zip(once, state(eager)[0], strict=True):
        a, b = np.frombuffer(a, "float32"), np.frombuffer(b, "float32")
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_other_batch_sizes_are_eager():
    gradients = make(captured=8)
    gradients(X[:5], Y[:5])
    assert not gradients._traced
    gradients(X, Y)
    assert gradients._traced and len(gradients._program.programs) == 1
    gradients(X[:5], Y[:5])
    assert len(gradients._program.programs) == 1


def test_smoothed_targets_are_the_formula():
    gradients = make()
    smooth = Gradients(gradients.network, gradients.params, label_smoothing=0.1)
    rows = smooth.targets(np.array([2, 9]))
    expected = np.full((2, 10), 0.01)
    expected[0, 2] = expected[1, 9] = 0.91
    np.testing.assert_allclose(rows, expected, rtol=1e-6)
    p = layers.get_output(gradients.network, mt.asarray(X)).numpy().astype("float64")
    loss = -(np.log(p) * smooth.targets(Y)).sum(axis=1).mean()
    assert smooth(X, Y)[0] == pytest.approx(loss, rel=1e-5)
