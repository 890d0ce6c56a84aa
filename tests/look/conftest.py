"""A small LeNet that was trained for a moment on digits drawn by program."""

import pytest

import minitorch as mt
from minitorch import layers, objectives, updates
from minitorch.data import Standardiser, toy_digits
from minitorch.nonlinearities import softmax
from minitorch.training import Classifier


@pytest.fixture(scope="session")
def digits():
    return toy_digits(300, seed=1, size=20, noise=20.0)


@pytest.fixture(scope="session")
def lenet(digits):
    mt.random.seed(0)
    net = layers.InputLayer((None, 1, 20, 20), name="input")
    net = layers.Conv2DLayer(net, 8, 5, name="conv1")
    net = layers.MaxPool2DLayer(net, 2, name="pool1")
    net = layers.Conv2DLayer(net, 16, 3, name="conv2")
    net = layers.MaxPool2DLayer(net, 2, name="pool2")
    net = layers.DenseLayer(net, 48, name="dense")
    net = layers.DenseLayer(net, 10, nonlinearity=softmax, name="output")
    standardiser = Standardiser.fit(digits.x)
    x, params = standardiser.apply(digits.x), layers.get_all_params(net, trainable=True)
    for step in range(100):
        rows = slice(50 * step % 300, 50 * step % 300 + 50)
        p = layers.get_output(net, x[rows])
        loss = objectives.categorical_crossentropy(p, digits.y[rows]).mean()
        updates.adam(loss, params, learning_rate=0.01).apply()
    made = Classifier(net, [f"digit {i}" for i in range(10)], standardiser)
    assert (made.probabilities(digits.x).argmax(1) == digits.y).mean() > 0.95
    return made
