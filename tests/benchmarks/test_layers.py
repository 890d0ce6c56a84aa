"""The benchmark of layers: both ways compute the same, and it is what it says it is."""

import numpy as np

import minitorch as mt
from benchmarks.layers import bare_pass, build
from benchmarks.timing import Measurement
from minitorch import layers


def test_fifty_layers_with_weights():
    weights = [p for p in layers.get_all_params(build()) if p.ndim > 1]
    assert len(weights) == 50


def test_layers_and_bare_ops_agree_and_move_the_same_averages():
    mt.random.seed(1)
    net = build(blocks=2)
    params = layers.get_all_params(net)
    start = layers.get_all_param_values(net)
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32)
    ends = []
    for forward in (lambda: layers.get_output(net, x),
                    lambda: bare_pass(iter(params), mt.asarray(x), blocks=2)):  # fmt: skip
        layers.set_all_param_values(net, start)
        out = forward()
        grads = mt.grad((out**2).mean(), layers.get_all_params(net, trainable=True))
        ends.append([v.numpy() for v in [out, *grads]] + layers.get_all_param_values(net))
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((a != b).any() for a, b in zip(start, layers.get_all_param_values(net), strict=True))


def test_rows_are_relative_to_bare_ops():
    from benchmarks.__main__ import timed_rows

    rows = timed_rows([
        Measurement("w", 1, {"bare ops": [1.0, 1.0], "layers": [1.25, 1.25]}),
        Measurement("building", 1, {"layers": [0.5]}),
    ])  # fmt: skip
    assert [row.get("speed_relative_to_bare ops") for row in rows] == [1.0, 0.8, None]
    assert rows[2]["speed_relative_to_layers"] == 1.0
