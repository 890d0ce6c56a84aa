"""ONNX operators of training: losses, gradients, update rules."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray, grad
from minitorch.io.onnx.registry import TRAINING, Node, operator

__all__: list[str] = []


def _reduced(node: Node, loss: Tensor, weights: Tensor) -> Tensor:
    """Each loss, their sum, or their mean weighted by the classes' weights."""
    how = node.get("reduction", "mean")
    if how == "none":
        return loss
    return ops.sum(loss) if how == "sum" else ops.sum(loss) / ops.sum(weights)


def _picked(node: Node, scores: Tensor, target: Tensor, weight: Any) -> Tensor:
    """Minus the scores at the targets, times the classes' weights; reduced."""
    labels = target.numpy().astype("int64")
    ignored = node.get("ignore_index")
    keep = numpy.ones(labels.shape, bool) if ignored is None else labels != ignored
    labels = numpy.where(keep, labels, 0)
    index = list(numpy.indices(labels.shape))
    index.insert(1, labels)
    each = ops.ones(labels.shape, dtype=scores.dtype) if weight is None else weight[labels]
    each = ops.where(asarray(keep), each, ops.zeros_like(each))
    return _reduced(node, -scores[tuple(index)] * each, each)


@operator("NegativeLogLikelihoodLoss")
def negative_log_likelihood(
    node: Node, scores: Tensor, target: Tensor, weight: Any = None
) -> Tensor:
    """Minus the log-probabilities of the targets, (N, C, ...) at (N, ...)."""
    return _picked(node, scores, target, weight)


@operator("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy(node: Node, scores: Tensor, target: Tensor, weight: Any = None) -> Any:
    """The same of the log-softmax, which is the second result."""
    log_p = ops.log_softmax(scores, axis=1)
    return _picked(node, log_p, target, weight), log_p


@operator("Gradient", domain=TRAINING)
def gradient(node: Node, *inputs: Tensor) -> Any:
    """dy/dx for every x that is named; the values are those of this run."""
    values = node.values
    sources = [values[name] for name in node.get("xs")]
    found = grad(values[node.get("y")], sources, create_graph=True)
    return tuple(found) if isinstance(found, list | tuple) else (found,)


def _decayed(node: Node, g: Tensor, x: Tensor) -> Tensor:
    return node.get("norm_coefficient", 0.0) * x + g


def _each(node: Node, inputs: tuple[Tensor, ...], states: int, rule: Any) -> tuple[Tensor, ...]:
    """Apply a rule to every parameter; values and states come in blocks: x, g, first state, ..."""
    rate, step, *rest = inputs
    count = len(rest) // (2 + states)
    blocks = [rest[i * count : (i + 1) * count] for i in range(2 + states)]
    results = [rule(rate, int(step.item()), *one) for one in zip(*blocks, strict=True)]
    return tuple(value for block in zip(*results, strict=True) for value in block)


@operator("Adagrad", domain=TRAINING)
def adagrad(node: Node, *inputs: Tensor) -> Any:
    """Steps divided by the root of all squares so far."""
    decay, epsilon = node.get("decay_factor", 0.0), node.get("epsilon", 0.0)

    def rule(rate: Tensor, step: int, x: Tensor, g: Tensor, h: Tensor) -> Any:
        g = _decayed(node, g, x)
        h = h + g * g
        return x - rate / (1 + step * decay) * g / (ops.sqrt(h) + epsilon), h

    return _each(node, inputs, 1, rule)


@operator("Momentum", domain=TRAINING)
def momentum(node: Node, *inputs: Tensor) -> Any:
    """A running sum of gradients, with Nesterov's look ahead or without."""
    alpha, beta = node.get("alpha"), node.get("beta")

    def rule(rate: Tensor, step: int, x: Tensor, g: Tensor, v: Tensor) -> Any:
        g = _decayed(node, g, x)
        v = alpha * v + (beta if step > 0 else 1.0) * g
        return x - rate * (g + alpha * v if node.get("mode") == "nesterov" else v), v

    return _each(node, inputs, 1, rule)


@operator("Adam", domain=TRAINING)
def adam(node: Node, *inputs: Tensor) -> Any:
    """Averages of the gradients and of their squares, corrected for their beginning."""
    alpha, beta = node.get("alpha", 0.9), node.get("beta", 0.999)
    after = node.get("norm_coefficient_post", 0.0)

    def rule(rate: Tensor, step: int, x: Tensor, g: Tensor, v: Tensor, h: Tensor) -> Any:
        g = _decayed(node, g, x)
        v = alpha * v + (1 - alpha) * g
        h = beta * h + (1 - beta) * g * g
        if step > 0:
            rate = rate * (1 - beta**step) ** 0.5 / (1 - alpha**step)
        x = x - rate * v / (ops.sqrt(h) + node.get("epsilon", 0.0))
        return (1 - after) * x, v, h

    return _each(node, inputs, 2, rule)
