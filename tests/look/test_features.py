"""Filters, activations, squares on images."""

import numpy as np
import pytest

from minitorch import layers, look
from minitorch.data import Standardiser
from minitorch.models import build_mlp
from minitorch.training import Classifier


def test_filters_are_the_patterns_that_excite_them(lenet):
    found = look.filters(lenet)
    conv1 = look.Subject(lenet).layer("conv1")
    x = np.zeros((8, 1, 20, 20), np.float32)
    x[:, :, 6:11, 3:8] = found
    out = conv1.get_output_for(x).numpy() - np.maximum(conv1.b.get_value(), 0)[:, None, None]
    for k in range(8):
        assert out[k, k].argmax() == 6 * 16 + 3  # where the pattern lies, and nowhere else


def test_filters_of_blue_green_red_are_turned_round():
    rgb = Classifier(build_mlp((4,), input_shape=(3, 5, 5)))
    bgr = Classifier(rgb.network, order="BGR")
    np.testing.assert_array_equal(look.filters(bgr), look.filters(rgb)[:, ::-1])


def test_activations_are_those_of_get_output(lenet, digits):
    x = lenet.prepare(digits.x[:1])
    for name, one in look.Subject(lenet).layers.items():
        expected = layers.get_output(one, x, deterministic=True).numpy()[0]
        np.testing.assert_array_equal(look.activations(lenet, digits.x[0], name), expected)
    assert look.activations(lenet, digits.x[0]).shape == (16, 3, 3)  # pool2


def test_layers_without_names_of_their_own():
    net = layers.DenseLayer(layers.InputLayer((None, 1, 4, 4), name="a"), 3, name="a")
    made = Classifier(layers.DenseLayer(net, 2))
    assert list(look.Subject(made).layers) == ["InputLayer[0]", "DenseLayer[1]", "DenseLayer[2]"]


def test_squares_by_a_slow_loop(lenet, digits):
    found = look.occlusion(lenet, digits.x[3], size=6, stride=5, level=200)
    assert found.tops.tolist() == found.lefts.tolist() == [0, 5, 10, 14]
    for i, j in np.ndindex(4, 4):
        top, left = found.tops[i], found.lefts[j]
        covered = digits.x[3].copy()
        covered[:, top : top + 6, left : left + 6] = 200
        p = lenet.probabilities(covered[None])[0]
        np.testing.assert_allclose(found.probabilities[i, j], p[found.target], atol=1e-5)
        assert found.predicted[i, j] == p.argmax()
    assert found.drop.shape == (20, 20)
    assert found.drop[0, 0] == pytest.approx(found.whole - found.probabilities[0, 0], abs=1e-6)


def test_strokes_matter_more_than_corners(lenet, digits):
    on, off = [], []
    for image, label in zip(digits.x[:20], digits.y[:20], strict=True):
        drop = look.occlusion(lenet, image, int(label), size=5, stride=2, level=0).drop
        strokes = image[0] > 130
        on.append(drop[strokes].mean())
        off.append(drop[~strokes].mean())
    assert np.mean(on) > 3 * max(np.mean(off), 0.01)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"size": 21}, "a square of 21 with stride 7 does not fit an input of 20 x 20"),
        ({"size": 0}, "a square of 0"),
        ({"stride": 0}, "a square of 4 with stride 0"),
    ],
)
def test_squares_that_do_not_fit(lenet, digits, how, message):
    with pytest.raises(ValueError, match=message):
        look.occlusion(lenet, digits.x[0], **how)


def test_the_mean_covers_by_default():
    made = Classifier(build_mlp((4,), input_shape=(1, 5, 5)), (), Standardiser([80], [20]))
    image = np.full((1, 5, 5), 80, np.uint8)
    found = look.occlusion(made, image, size=2)
    np.testing.assert_allclose(found.probabilities, found.whole, rtol=1e-5)
