"""NonlinearityLayer."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.layers import InputLayer, NonlinearityLayer, get_output
from minitorch.nonlinearities import identity, rectify, tanh


def test_it_applies_a_function():
    x = np.array([[-1.0, 2.0]])
    layer = NonlinearityLayer(InputLayer((None, 2)), tanh)
    assert layer.output_shape == (None, 2)
    np.testing.assert_allclose(get_output(layer, x).numpy(), np.tanh(x), rtol=1e-15)
    assert NonlinearityLayer((None, 2)).nonlinearity is rectify
    assert NonlinearityLayer((None, 2), None).nonlinearity is identity
    assert repr(layer) == "NonlinearityLayer(nonlinearity=tanh)"


def test_a_softmax_keeps_its_logits():
    layer = NonlinearityLayer(InputLayer((None, 2)), mt.nonlinearities.softmax)
    x = mt.tensor([[200.0, 0.0]], requires_grad=True)
    loss = mt.objectives.categorical_crossentropy(get_output(layer, x), [1])
    assert loss.item() == 200.0
    loss.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[1, -1]])


@pytest.mark.parametrize("nonlinearity", [tanh, mt.nonlinearities.softmax])
def test_gradients(check_gradients, nonlinearity):
    layer = NonlinearityLayer((2, 3), nonlinearity)
    check_gradients(layer, np.random.default_rng(0).normal(size=(2, 3)))
