"""What the networks' tests share."""

import functools

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, objectives
from minitorch.models import build
from minitorch.parameter import without_values


@pytest.fixture
def blank():
    """A network of which only shapes are asked: ``blank("vgg19", num_classes=21)``."""
    return _blank


@functools.cache
def _blank(name, **options):
    """Made once for all tests, which leave it as it is."""
    with without_values():
        return build(name, **options)


@pytest.fixture
def counts():
    """Trained parameters of each layer that has some, by name."""

    def of(network):
        found = {}
        for layer in layers.get_all_layers(network):
            size = sum(p.size for p in layer.get_params(trainable=True))
            if size:
                assert layer.name and layer.name not in found, layer
                found[layer.name] = size
        return found

    return of


@pytest.fixture
def trains():
    """One forward and backward: outputs are probabilities, every parameter has a gradient."""

    def check(network, image, classes, batch=2):
        mt.random.seed(0)
        x = np.random.default_rng(0).normal(size=(batch, *image)).astype(np.float32)
        labels = np.arange(batch) % classes
        heads = [network] if isinstance(network, layers.Layer) else network
        outputs = layers.get_output(heads, mt.asarray(x))
        loss = 0.0
        for p in outputs:
            assert p.shape == (batch, classes)
            np.testing.assert_allclose(p.detach().numpy().sum(axis=1), 1, rtol=1e-4)
            loss = loss + objectives.categorical_crossentropy(p, labels).mean()
        loss.backward()
        params = layers.get_all_params(network, trainable=True)
        grads = [p.grad.numpy() for p in params]
        assert all(np.isfinite(g).all() for g in grads)
        assert grads[0].any() and sum(bool(g.any()) for g in grads) > 0.9 * len(grads)
        fixed = layers.get_output(heads, mt.asarray(x), deterministic=True)
        again = layers.get_output(heads, mt.asarray(x), deterministic=True)
        for a, b in zip(fixed, again, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())

    return check


@pytest.fixture
def doubles():
    """Parameters of 64 bits."""
    before = mt.get_default_dtype()
    mt.set_default_dtype("float64")
    yield
    mt.set_default_dtype(before)
