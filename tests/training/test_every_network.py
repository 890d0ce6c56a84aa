"""Every network of the registry, in miniature: trained, saved, resumed, exported, imported."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, layers, objectives, updates
from minitorch.data import Standardiser
from minitorch.models import MODELS, build
from minitorch.training import Classifier, export, open_classifier

CLASSES = tuple(f"kind {i}" for i in range(5))
BATCH = 6
SMALL = {
    "alexnet": {"input_shape": (3, 67, 67)},
    "googlenet": {"input_shape": (3, 79, 79)},
    "googlenet_bn": {"input_shape": (3, 79, 79)},
    "inception_v3": {"input_shape": (3, 75, 75)},
    "squeezenet1_0": {"input_shape": (3, 64, 64)},
    "squeezenet1_1": {"input_shape": (3, 64, 64)},
    "efficientnet_lite0": {"input_shape": (3, 64, 64)},
    **{n: {"input_shape": (3, 32, 32), "width": 4} for n in MODELS if n.startswith("vgg")},
    **{n: {"input_shape": (3, 32, 32), "width": 4} for n in MODELS if "resnet" in n},
    **{f"resnet{n}": {"input_shape": (3, 64, 64), "width": 4} for n in (18, 34, 50, 101, 152)},
}
QUICK = ("mlp64", "lenet", "lenet5", "nin", "vgg11", "resnet18", "preresnet32", "squeezenet1_1",
         "mlp256", "keras_cnn", "vgg11_lrn", "vgg16", "resnet50")  # fmt: skip


def step(network, x, labels):
    """One step with momentum; a normalisation's averages take the batch whole."""
    for layer in layers.get_all_layers(network):
        if isinstance(layer, layers.BatchNormLayer):
            layer.alpha = 1.0  # those of one batch are far from those of none
    loss = objectives.categorical_crossentropy(layers.get_output(network, x), labels).mean()
    params = layers.get_all_params(network, trainable=True)
    updates.momentum(loss, params, learning_rate=1e-4).apply()


def values(network):
    return layers.get_all_param_values(network)


@pytest.mark.dev
@pytest.mark.parametrize(
    "name",
    [
        n if n in QUICK else pytest.param(n, marks=pytest.mark.slow)
        for n, entry in MODELS.items()
        if entry.classifies
    ],
)
def test_trains_saves_resumes_exports_and_comes_back(name, tmp_path):
    pytest.importorskip("onnx", reason="the package onnx is not here")
    mt.random.seed(0)
    network = build(name, num_classes=len(CLASSES), **SMALL.get(name, {}))
    shape = layers.get_all_layers(network)[0].shape[1:]
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH, *shape), np.uint8)
    settings = {"short": shape[1] + 4} if len(shape) == 3 else {}
    made = Classifier(
        network, CLASSES, Standardiser([127.0] * shape[0], [64.0] * shape[0]), **settings
    )
    x, labels = mt.asarray(made.prepare(images)), np.arange(BATCH) % 5
    step(network, x, labels)

    # What was saved goes on as what was not.
    twin = io.load(io.save(network, tmp_path / "training.safetensors"))
    state = mt.random.get_state()
    step(network, x, labels)
    mt.random.set_state(state)
    step(twin, x, labels)
    for ours, theirs in zip(values(network), values(twin), strict=True):
        np.testing.assert_array_equal(ours, theirs)

    # The finished model answers alike from its own file and from ONNX's.
    p = made.probabilities(images)
    assert np.isfinite(p).all() and p.shape == (BATCH, len(CLASSES))
    saved = open_classifier(made.save(tmp_path / "model.safetensors"))
    np.testing.assert_array_equal(saved.probabilities(images), p)
    again = open_classifier(export(saved, tmp_path / "model.onnx"))
    np.testing.assert_allclose(again.probabilities(images), p, rtol=1e-4, atol=5e-5)
    assert again.class_names == saved.class_names == CLASSES
    assert again.prepare.as_dict() == made.prepare.as_dict()
