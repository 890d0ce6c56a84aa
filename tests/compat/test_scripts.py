"""Scripts for Lasagne reach what the same programs in minitorch's own words reach, bit for bit."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, nonlinearities, objectives, updates
from minitorch.data import toy_digits
from tests.compat import adding_script, digits_script


def digits(count, seed):
    data = toy_digits(count, seed=seed, size=digits_script.SIDE)
    return (data.x / np.float32(256)).astype(np.float32), data.y.astype(np.int32)


def eager_network(model):
    """The three networks of the script, as minitorch's own layers."""
    side = digits_script.SIDE
    net = layers.InputLayer((None, 1, side, side))
    if model == "cnn":
        net = layers.MaxPool2DLayer(layers.Conv2DLayer(net, 4, 5), 2)
        net = layers.MaxPool2DLayer(layers.batch_norm(layers.Conv2DLayer(net, 6, 3)), 2)
        net = layers.DenseLayer(layers.dropout(net, p=0.5), 16)
        net = layers.dropout(net, p=0.5)
    else:
        net = layers.dropout(net, p=0.2)
        for width in [24] if model == "mlp" else [16, 16]:
            net = layers.dropout(layers.DenseLayer(net, width), p=0.5)
    return layers.DenseLayer(net, 10, nonlinearity=nonlinearities.softmax)


def eager_digits(model, train, val):
    """The script's training loop, eagerly."""
    mt.random.seed(3)
    net = eager_network(model)
    params = layers.get_all_params(net, trainable=True)
    losses, validation = [], []
    for _ in range(2):
        for x, y in digits_script.iterate_minibatches(*train, 20):
            loss = objectives.categorical_crossentropy(layers.get_output(net, x), y).mean()
            updates.nesterov_momentum(loss, params, learning_rate=0.01, momentum=0.9).apply()
            losses.append(loss.numpy())
        err = acc = 0
        for x, y in digits_script.iterate_minibatches(*val, 20):
            with mt.no_grad():
                out = layers.get_output(net, x, deterministic=True)
                err += objectives.categorical_crossentropy(out, y).mean().numpy()
                acc += np.float32(np.mean(out.numpy().argmax(axis=1) == y))
        validation.append((err, acc))
    return losses, validation, net


def same_values(network, other):
    pairs = zip(
        layers.get_all_param_values(network), layers.get_all_param_values(other), strict=True
    )
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("model", ["mlp", "custom_mlp", "cnn"])
def test_digits(model):
    train, val = digits(60, 0), digits(40, 1)
    losses, validation, net = digits_script.main(model, train, val)
    expected, expected_validation, other = eager_digits(model, train, val)
    assert np.array_equal(losses, expected)
    assert np.array_equal(validation, expected_validation)
    assert same_values(net, other)
    assert losses[0] != losses[-1]


def eager_adding():
    mt.random.seed(5)
    rng = np.random.RandomState(6)
    l_in = layers.InputLayer((None, adding_script.LENGTH, 2))
    l_mask = layers.InputLayer((None, adding_script.LENGTH))
    both = []
    for backwards in (False, True):
        both.append(
            layers.RecurrentLayer(
                l_in,
                adding_script.HIDDEN,
                W_in_to_hid=init.HeUniform(),
                W_hid_to_hid=init.HeUniform(),
                nonlinearity=nonlinearities.tanh,
                mask_input=l_mask,
                grad_clipping=100,
                backwards=backwards,
            )
        )
    net = layers.ReshapeLayer(layers.ElemwiseSumLayer(both), (-1, adding_script.HIDDEN))
    net = layers.DenseLayer(net, 1, nonlinearity=nonlinearities.tanh)
    net = layers.ReshapeLayer(net, (adding_script.BATCH, adding_script.LENGTH))
    params = layers.get_all_params(net, trainable=True)

    def cost(x, y, mask):
        out = layers.get_output(net, {l_in: x, l_mask: mask})
        return ((out[:, -1] - mt.asarray(y)) ** 2).mean()

    costs = []
    for _ in range(6):
        now = cost(*adding_script.gen_data(rng))
        updates.adagrad(now, params, 0.05).apply()
        costs.append(now.numpy())
    return costs, cost(*adding_script.gen_data(rng)).numpy(), net


def test_adding():
    costs, last, net = adding_script.main()
    expected, expected_last, other = eager_adding()
    assert np.array_equal(costs, expected) and np.array_equal(last, expected_last)
    assert same_values(net, other)
    assert len(set(map(float, costs))) == len(costs)
