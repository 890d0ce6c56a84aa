"""Passes that are replayed give what eager ones do."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, look
from minitorch.data import Standardiser
from minitorch.look.passes import Answers, Uphill
from minitorch.look.rectifiers import waking
from minitorch.nonlinearities import softmax
from minitorch.training import Classifier


@pytest.mark.parametrize("layer", [None, "conv2"])
def test_gradients_are_those_of_eager_passes(lenet, digits, layer):
    subject = look.Subject(lenet)
    score, stop = subject.score(3, layer), subject.stop_of(layer)
    uphill = Uphill(subject, score, stop)
    for image in digits.x[:3]:  # the first is traced, the others are replayed
        x = subject.prepared(image)
        gradient, value = uphill(x)
        expected = subject.gradient(x, score, stop)
        np.testing.assert_allclose(gradient, expected[0], rtol=1e-4, atol=1e-6)
        assert value == pytest.approx(expected[1], rel=1e-5)


def test_units_that_sleep_and_wake_up():
    mt.random.seed(0)
    net = layers.InputLayer((None, 1, 4, 4))
    net = layers.DenseLayer(net, 3, b=init.Constant(-0.5), name="unit")
    made = Classifier(layers.DenseLayer(net, 2), (), Standardiser([128], [64]))
    subject = look.Subject(made)
    score, stop = subject.score(0, "unit"), subject.stop_of("unit")
    uphill = Uphill(subject, score, stop)
    still = np.zeros((1, 1, 4, 4), np.float32)
    awake = np.sign(uphill(still)[0])
    for x, rule in [(still, waking), (awake, None), (still, waking), (awake, None)]:
        expected = subject.gradient(x, score, stop, rule)[0]
        assert expected.any()
        np.testing.assert_allclose(uphill(x)[0], expected, rtol=1e-5)


def test_answers_in_batches_of_any_size(lenet, digits):
    answers = Answers(look.Subject(lenet), 4)
    assert answers.size == 4
    for count in (4, 3, 11, 1):
        x = lenet.prepare(digits.x[:count])
        expected = look.Subject(lenet).probabilities(x)
        np.testing.assert_allclose(answers(x), expected, rtol=1e-4, atol=1e-7)


class Glancing(layers.Layer):
    """A layer that reads a value in Python, which no program can do again."""

    def get_output_for(self, input, **kwargs):
        return input * 2 if float(input.sum().item()) > 0 else input


def test_what_cannot_be_captured_is_computed_as_it_is():
    net = Glancing(layers.InputLayer((None, 1, 2, 2)), name="glance")
    made = Classifier(layers.DenseLayer(net, 3, nonlinearity=softmax), (), Standardiser([0], [1]))
    subject = look.Subject(made)
    score = subject.score(1)
    uphill, answers = Uphill(subject, score), Answers(subject, 1)
    for sign in (1, -1, 1):
        x = sign * np.ones((1, 1, 2, 2), np.float32)
        np.testing.assert_array_equal(uphill(x)[0], subject.gradient(x, score)[0])
        np.testing.assert_array_equal(answers(x), subject.probabilities(x))
