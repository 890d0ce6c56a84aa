"""What layers cost: a residual network of 50 layers against the same computation in bare ops.

Images of 4 x 4 and batches of 2, so that overhead shows: a layer's pass is a walk over objects,
the ops are called one by one. Both sides compute the same numbers, which is checked first.
Building the network is timed beside, in one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import minitorch as mt
from benchmarks.timing import Competitor, Measurement, interleave
from minitorch import layers, nonlinearities

__all__ = ["bare_pass", "build", "run"]

BATCH, CHANNELS, SIDE, CLASSES = 2, 8, 4, 10
BLOCKS = 16  # of three convolutions; with the first one and the dense layer, 50
EPSILON, ALPHA = 1e-4, 0.1


def build(blocks: int = BLOCKS) -> Any:
    """The network: a convolution, blocks of three with a short cut, pooling, a dense layer."""
    net: Any = _normalised(layers.InputLayer((None, 3, SIDE, SIDE)), nonlinearities.rectify)
    for _ in range(blocks):
        inner = _normalised(net, nonlinearities.rectify)
        inner = _normalised(inner, nonlinearities.rectify)
        inner = _normalised(inner, None)
        net = layers.NonlinearityLayer(layers.ElemwiseSumLayer([net, inner]))
    return layers.DenseLayer(layers.GlobalPoolLayer(net), CLASSES, nonlinearity=None)


def _normalised(net: Any, nonlinearity: Any) -> Any:
    """A 3 x 3 convolution and its batch normalisation."""
    conv = layers.Conv2DLayer(net, CHANNELS, 3, pad=1, nonlinearity=nonlinearity)
    return layers.batch_norm(conv, epsilon=EPSILON, alpha=ALPHA)


def bare_pass(params: Iterator[Any], x: Any, blocks: int = BLOCKS) -> Any:
    """The same in ops, with the network's parameters in their order; a training pass."""
    x = mt.relu(_bare_normalised(params, x))
    for _ in range(blocks):
        inner = mt.relu(_bare_normalised(params, x))
        inner = mt.relu(_bare_normalised(params, inner))
        x = mt.relu(x + _bare_normalised(params, inner))
    return mt.matmul(mt.mean(mt.flatten(x, 2), axis=2), next(params)) + next(params)


def _bare_normalised(params: Iterator[Any], x: Any) -> Any:
    w, beta, gamma, *averages = (next(params) for _ in range(5))
    out = mt.conv2d(x, w, pad=1, flip_filters=True)
    out, *fresh = mt.batch_norm(out, gamma, beta, axes=(0, 2, 3), epsilon=EPSILON)
    with mt.no_grad():
        for running, new in zip(averages, fresh, strict=True):
            running[...] = running * (1 - ALPHA) + new * ALPHA
    return out


def _passes() -> dict[str, dict[str, Callable[[], Any]]]:
    """Per workload both ways to do it."""
    mt.random.seed(0)
    net = build()
    params = layers.get_all_params(net)
    trained = layers.get_all_params(net, trainable=True)
    x = mt.asarray(np.random.default_rng(0).normal(size=(BATCH, 3, SIDE, SIDE)).astype(np.float32))

    def by_layers() -> Any:
        return layers.get_output(net, x)

    def by_ops() -> Any:
        return bare_pass(iter(params), x)

    def there_and_back(forward: Callable[[], Any]) -> Callable[[], Any]:
        return lambda: mt.grad((forward() ** 2).mean(), trained)

    ways = {"bare ops": by_ops, "layers": by_layers}
    return {
        "50 layers, forward": ways,
        "50 layers, forward and backward": {k: there_and_back(f) for k, f in ways.items()},
    }


def run(rounds: int = 15) -> tuple[list[Measurement], dict[str, str]]:
    """Time both ways, after a check that they agree; then how long building takes."""
    results = []
    for workload, ways in _passes().items():
        first, second = (way() for way in ways.values())
        pairs = zip(first, second, strict=True) if isinstance(first, list) else [(first, second)]
        for one, other in pairs:
            np.testing.assert_array_equal(one.numpy(), other.numpy())
        competitors = [Competitor(name, way) for name, way in ways.items()]
        results.append(interleave(workload, competitors, rounds=rounds))
    results.append(interleave("building 50 layers", [Competitor("layers", build)], rounds=rounds))
    return results, {}
