"""Networks on a device are looked into there, and what comes back are NumPy's arrays."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, look
from minitorch.backend.native import load_extension
from minitorch.data import Dataset
from minitorch.nonlinearities import softmax
from minitorch.training import Classifier

REASON = load_extension("_emulated")[1]
IMAGE = np.random.default_rng(0).integers(0, 256, (1, 10, 10), np.uint8)
IMAGES = Dataset(np.stack([IMAGE, IMAGE[:, ::-1], 255 - IMAGE]), np.zeros(3, int), 4, "three")


@pytest.mark.skipif(bool(REASON), reason=str(REASON))
@pytest.mark.parametrize(
    "method",
    [
        lambda c: look.saliency(c, IMAGE),
        lambda c: look.guided_backprop(c, IMAGE, 1),
        lambda c: look.deconvnet(c, IMAGE),
        lambda c: look.grad_cam(c, IMAGE, 2, "conv"),
        lambda c: look.occlusion(c, IMAGE, size=5).drop,
        lambda c: look.maximise(c, 1, steps=2).x,
        lambda c: look.deep_dream(c, IMAGE, "conv", steps=1).x,
        lambda c: look.fool(c, 2, IMAGE, steps=1).x,
        lambda c: look.fgsm(c, [IMAGE]).after,
        lambda c: look.activations(c, IMAGE, "conv"),
        lambda c: look.filters(c),
        lambda c: look.top_patches(c, IMAGES, "conv", count=2).back,
        lambda c: look.evolve(c, generations=1, offspring=2).probabilities,
    ],
)
def test_the_emulated_device_gives_the_same(method):
    mt.random.seed(0)
    net = layers.Conv2DLayer(layers.InputLayer((None, 1, 10, 10)), 3, 3, name="conv")
    net = layers.MaxPool2DLayer(net, 2, name="pool")
    made = Classifier(layers.DenseLayer(net, 4, nonlinearity=softmax))
    expected = method(made)
    found = method(made.to_device("emulated"))
    assert isinstance(found, np.ndarray)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3 * np.abs(expected).max())
