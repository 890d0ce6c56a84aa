"""The network as the methods see it."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, layers, look
from minitorch.data import Standardiser
from minitorch.look.subject import normalised
from minitorch.models import build_mlp
from minitorch.nonlinearities import sigmoid, softmax, tanh
from minitorch.training import Classifier

NAMES = ("tabby, tabby cat", "crane", "Crane", "crane", "owl, bird of night")


def network(last=softmax, first=None):
    mt.random.seed(0)
    net = layers.DenseLayer(layers.InputLayer((None, 3, 4, 4)), 5, nonlinearity=first, name="a")
    return layers.DenseLayer(net, 5, nonlinearity=last, name="b")


@pytest.mark.parametrize("last", [softmax, sigmoid, None, tanh])
def test_scores_are_what_stands_before_the_softmax(last):
    made = Classifier(network(last), logits=last is None)
    subject = look.Subject(made)
    x = subject.prepared(np.random.default_rng(0).uniform(0, 2, (3, 4, 4)))
    hidden = layers.get_output(subject.layer("a"), x, deterministic=True).numpy()
    b = subject.layer("b")
    logits = hidden @ b.W.get_value() + b.b.get_value()
    expected = np.tanh(logits) if last is tanh else logits  # of which nothing is known
    np.testing.assert_allclose(subject.logits(subject.values(x)).numpy(), expected, rtol=1e-5)
    said = layers.get_output(b, x, deterministic=True).numpy()
    if last is None:
        said = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(subject.probabilities(x), said, rtol=1e-5)


def test_classes_by_number_and_name():
    subject = look.Subject(Classifier(network(), NAMES))
    found = [
        subject.class_of(t) for t in (4, "3", "Crane", "Tabby Cat", "bird of night", np.int64(1))
    ]
    assert found == [4, 3, 2, 0, 4, 1]
    for wrong, message in [
        ("crane", r"the name of classes \[1, 3\]; give a number"),
        ("owll", "did you mean 'owl'"),
        ("xyz", "no class is called 'xyz'; there are tabby, tabby cat, crane"),
        ("5", "there is no class 5; the network has 5, from 0"),
        (-1, "there is no class -1"),
    ]:
        with pytest.raises(ValueError, match=message):
            subject.class_of(wrong)


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_pictures_are_the_images_again(order):
    made = Classifier(network(), (), Standardiser([90, 100, 110], [50, 60, 70]), order=order)
    subject = look.Subject(made)
    image = np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8)
    np.testing.assert_array_equal(
        subject.picture(subject.prepared(image))[0], image.transpose(1, 2, 0)
    )
    large = np.random.default_rng(0).integers(0, 256, (3, 9, 7), np.uint8)
    np.testing.assert_array_equal(
        subject.picture(subject.in_its_size(large))[0], large.transpose(1, 2, 0)
    )
    black, white = (made.prepare(np.full((3, 4, 4), level, np.uint8)) for level in (0, 255))
    np.testing.assert_array_equal(np.broadcast_to(subject.lowest, black.shape), black)
    np.testing.assert_array_equal(np.broadcast_to(subject.highest, white.shape), white)


def test_a_photograph_larger_than_the_input_reaches_the_maps(lenet):
    subject = look.Subject(lenet)
    x = subject.in_its_size(np.zeros((1, 40, 31), np.uint8))
    stop = subject.layer("pool2")
    assert subject.values(x, stop)[stop].shape == (1, 16, 8, 5)


def test_onnx_files_have_no_layers(tmp_path):
    pytest.importorskip("onnx", reason="ONNX files need the package onnx")
    io.save_onnx(build_mlp((4,), input_shape=(1, 4, 4)), tmp_path / "m.onnx")
    made = Classifier.from_onnx(tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="operators, not layers"):
        look.saliency(made, np.zeros((1, 4, 4), np.uint8))


def test_a_step_has_one_length():
    g = np.random.default_rng(0).standard_normal((2, 3))
    assert np.sqrt(np.square(normalised(g)).mean()) == pytest.approx(1)
    assert not normalised(np.zeros(3)).any()
