"""Penalties: values, gradients, which parameters they take."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, regularization
from minitorch.layers import DenseLayer, InputLayer, batch_norm
from minitorch.regularization import (
    apply_penalty,
    l1,
    l2,
    regularize_layer_params,
    regularize_layer_params_weighted,
    regularize_network_params,
)
from minitorch.testing import gradcheck


@pytest.fixture
def net():
    """2 x 3 weights of 1 and biases of 5, then 3 x 2 of -2, both with biases."""
    layer = DenseLayer((None, 2), 3, W=init.Constant(1.0), b=init.Constant(5.0), name="a")
    return DenseLayer(layer, 2, W=init.Constant(-2.0), b=init.Constant(5.0), name="b")


def test_penalties():
    x = np.array([[-1.5, 0.5], [2.0, -3.0]])
    assert l1(mt.asarray(x)).item() == 7.0
    assert l2(mt.asarray(x)).item() == 15.5
    for penalty in (l1, l2):
        gradcheck(penalty, [x])


def test_apply_penalty():
    a, b = mt.asarray([1.0, 2.0]), mt.asarray([3.0])
    assert apply_penalty(a, l2).item() == 5
    assert apply_penalty([a, b], l2).item() == 14
    assert apply_penalty(iter((a, b)), l1).item() == 6
    assert apply_penalty([], l1).item() == 0
    assert apply_penalty([a, b], lambda x, power: (x**power).sum(), power=3).item() == 36


def test_layer_params(net):
    assert regularize_layer_params(net, l2).item() == 24
    assert regularize_layer_params(net.input_layer, l1).item() == 6
    assert regularize_layer_params([net, net.input_layer], l1).item() == 18
    assert regularize_layer_params(net, l1, tags={"regularizable": False}).item() == 10
    assert regularize_layer_params(net, l1, tags={}).item() == 22
    assert regularize_layer_params(net, lambda x, c: x.sum() * c, c=2.0).item() == -24
    assert regularize_layer_params(InputLayer((2,)), l2).item() == 0


def test_weighted(net):
    weights = {net: 0.5, net.input_layer: 2.0}
    assert regularize_layer_params_weighted(weights, l2).item() == 0.5 * 24 + 2 * 6
    assert regularize_layer_params_weighted(weights, l1, tags={"trainable": True}).item() == (
        0.5 * (12 + 10) + 2 * (6 + 15)
    )
    assert regularize_layer_params_weighted({}, l2).item() == 0


def test_network_params(net):
    assert regularize_network_params(net, l2).item() == 30
    assert regularize_network_params([net, net.input_layer], l1).item() == 18
    assert regularize_network_params(net, l1, tags={"trainable": True}).item() == 18 + 25


def test_shared_weights_count_once_in_a_network():
    a = DenseLayer((None, 2), 2, W=init.Constant(1.0), b=None)
    b = DenseLayer(a, 2, W=a.W, b=None)
    assert regularize_network_params(b, l2).item() == 4
    assert regularize_layer_params([a, b], l2).item() == 8


def test_averages_are_not_regularised():
    net = batch_norm(DenseLayer((None, 2), 3, W=init.Constant(1.0), name="d"))
    assert regularize_network_params(net, l2).item() == 6 + 3  # W and gamma


def test_gradients_reach_the_parameters(net):
    (0.5 * regularize_network_params(net, l2)).backward()
    np.testing.assert_array_equal(net.W.grad.numpy(), net.W.get_value())
    np.testing.assert_array_equal(net.input_layer.W.grad.numpy(), np.ones((2, 3)))
    assert net.b.grad is None
    assert regularization.REGULARIZABLE == {"regularizable": True}
