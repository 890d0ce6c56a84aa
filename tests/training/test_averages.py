"""The average of the weights: its formula, and that it is what is measured."""

import numpy as np

from minitorch import layers
from minitorch.models import build_mlp
from minitorch.training.averages import WeightAverage


def test_the_recursion_in_float64():
    network = build_mlp((3,), input_shape=(1, 2, 2))
    average = WeightAverage(network, decay=0.8)
    params = layers.get_all_params(network)
    rng = np.random.default_rng(0)
    expected = [p.get_value().astype("float64") for p in params]
    for step in range(1, 60):
        for p in params:
            p.set_value(rng.normal(size=p.shape).astype("float32"))
        average.add(step)
        decay = min(0.8, (1 + step) / (10 + step))
        expected = [
            decay * e + (1 - decay) * p.numpy() for e, p in zip(expected, params, strict=True)
        ]
    for found, wanted in zip(average.values().values(), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    twin = WeightAverage(network, decay=0.8)
    twin.restore(average.values())
    average.add(60)
    twin.add(60)
    for a, b in zip(average.values().values(), twin.values().values(), strict=True):
        assert (a == b).all()


def test_the_average_does_not_share_the_parameters_memory():
    network = build_mlp((3,), input_shape=(1, 2, 2))
    average = WeightAverage(network, decay=0.9)
    before = average.values()["000.dense1.W"].copy()
    p = layers.get_all_params(network)[0]
    p.set_value(p.get_value() + 1)
    assert (average.values()["000.dense1.W"] == before).all()
