"""The training steps in minitorch, and their weights as other libraries keep them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minitorch as mt
from benchmarks.cpu import networks, networks_large
from benchmarks.cpu.painting import painting
from benchmarks.cpu.workloads import STYLE_WEIGHT, WORKLOADS, Size, arrays_for
from minitorch import layers, objectives, updates
from minitorch.models import build_lenet, build_mlp
from minitorch.parameter import Parameter

__all__ = ["COLUMNS", "build"]

COLUMNS = ["minitorch", "minitorch captured"]

Step = Callable[..., Any]
CLASSIFIERS = {
    "mlp": lambda size: build_mlp((size.width, size.width)),
    "lenet": lambda size: build_lenet(),
    "lstm": networks.lstm,
    "resnet20": networks.resnet20,
    "vgg16": networks_large.vgg16,
    "resnet50": networks_large.resnet50,
}


def build(
    column: str, name: str, size: Size, threads: int
) -> tuple[Callable[[], list[float]], list[np.ndarray]]:
    """A step that gives its losses, and the weights that it starts from."""
    mt.set_num_threads(threads)
    mt.random.seed(0)
    make = {"dcgan": _dcgan, "gatys": _gatys, "painting": painting}.get(name, _classifier)
    step, nets, given = make(name, size)
    weights = [array for net in nets for array in exported(net)]
    if column.endswith("captured"):
        step = mt.function(step)

    def run() -> list[float]:
        losses = step(*given)
        return [float(loss.item()) for loss in losses]

    return run, weights


def _classifier(name: str, size: Size) -> tuple[Step, list[Any], list[Any]]:
    """A network with a softmax: cross-entropy, and one of the descents."""
    net = CLASSIFIERS[name](size)
    params = layers.get_all_params(net, trainable=True)
    rate = WORKLOADS[name].rate
    descend = {"lenet": updates.nesterov_momentum, "lstm": updates.sgd}.get(name, updates.momentum)

    def step(x: Any, labels: Any) -> list[Any]:
        prediction = layers.get_output(net, x)
        loss = objectives.categorical_crossentropy(prediction, labels).mean()
        descend(loss, params, learning_rate=rate).apply()
        return [loss]

    return step, [net], [mt.asarray(a) for a in arrays_for(name, size)]


def _dcgan(name: str, size: Size) -> tuple[Step, list[Any], list[Any]]:
    """The discriminator learns from real and made images, then the generator from it."""
    gen, disc = networks.generator(size), networks.discriminator(size)
    theirs, mine = (layers.get_all_params(net, trainable=True) for net in (disc, gen))
    adam = {"learning_rate": WORKLOADS[name].rate, "beta1": 0.5}

    def verdict(images: Any, real: float) -> Any:
        said = mt.flatten(layers.get_output(disc, images))
        return objectives.binary_crossentropy(said, mt.full((size.batch,), real)).mean()

    def step(images: Any, noise: Any) -> list[Any]:
        made = layers.get_output(gen, noise)
        told = verdict(images, 1.0) + verdict(made.detach(), 0.0)
        updates.adam(told, theirs, **adam).apply()
        fooled = verdict(made, 1.0)
        updates.adam(fooled, mine, **adam).apply()
        return [told, fooled]

    return step, [gen, disc], [mt.asarray(a) for a in arrays_for(name, size)]


def _gatys(name: str, size: Size) -> tuple[Step, list[Any], list[Any]]:
    """Gatys et al. 2016: move the pixels so that the features are those of two other images."""
    looked_at = networks_large.vgg19_features(size)
    start, content, style = (mt.asarray(a) for a in arrays_for(name, size))
    image = Parameter(start, name="image")

    def gram(features: Any) -> Any:
        flat = mt.reshape(features, (features.shape[1], -1))
        return mt.matmul(flat, flat.T) / flat.size

    *style_features, _ = layers.get_output(looked_at, style)
    grams = [gram(features) for features in style_features]
    target = layers.get_output(looked_at[-1], content)

    def step(x: Any) -> list[Any]:
        *features, depicted = layers.get_output(looked_at, x)
        loss = ((depicted - target) ** 2).sum() / 2
        for found, wanted in zip(features, grams, strict=True):
            loss = loss + STYLE_WEIGHT * ((gram(found) - wanted) ** 2).sum()
        updates.adam(loss, [image], learning_rate=WORKLOADS[name].rate).apply()
        return [loss]

    return step, [looked_at], [image]


def exported(net: Any) -> list[np.ndarray]:
    """Weights in PyTorch's order and layout: filters not turned round, matrices transposed."""
    return [array for layer in layers.get_all_layers(net) for array in _of_layer(layer)]


def _of_layer(layer: Any) -> list[np.ndarray]:
    if isinstance(layer, layers.BatchNormLayer):
        return [layer.gamma.get_value(), layer.beta.get_value()]
    if isinstance(layer, layers.LSTMLayer):
        return [
            np.concatenate([getattr(layer, f"{kind}_{gate}").get_value().T for gate in layer.gates])
            for kind in ("W_in_to", "W_hid_to", "b")
        ]
    values = [param.get_value() for param in layer.get_params()]
    if isinstance(layer, layers.DenseLayer):
        values[0] = np.ascontiguousarray(values[0].T)
    elif isinstance(layer, layers.TransposedConv2DLayer):
        values[0] = _turned(values[0], not layer.flip_filters)
    elif isinstance(layer, layers.Conv2DLayer):
        values[0] = _turned(values[0], layer.flip_filters)
    return values


def _turned(filters: np.ndarray, turn: bool) -> np.ndarray:
    return np.ascontiguousarray(filters[:, :, ::-1, ::-1]) if turn else filters
