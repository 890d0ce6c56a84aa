"""Checkpointing: the same gradients of any order, with less kept."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import MemoryMeter, checkpoint, observe


def block(x, w):
    return mt.tanh(x @ w) * mt.exp(x @ w)


@pytest.fixture
def xw(rng=None):
    rng = np.random.default_rng(3)
    return [mt.tensor(rng.normal(size=s) * 0.5, requires_grad=True) for s in ((4, 3), (3, 3))]


def test_first_and_second_order_agree_with_the_plain_forward(xw):
    x, w = xw
    plain = mt.grad(block(x, w).sum(), xw, create_graph=True)
    again = mt.grad(checkpoint(block, x, w).sum(), xw, create_graph=True)
    for a, b in zip(plain, again, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-13)
    second = [mt.grad(sum((g * g).sum() for g in gs), xw) for gs in (plain, again)]
    for a, b in zip(*second, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)


def test_captured_parameters_get_their_gradient(xw):
    x, w = xw
    expected = mt.grad(block(x, w).sum(), w)
    checkpoint(lambda t: block(t, w), x, params=[w]).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), expected.numpy(), rtol=1e-13)


def test_dependent_inputs_are_not_counted_twice(xw):
    x = xw[0]
    y = x * 2

    def both(a, b):
        return a * b

    expected = mt.grad(both(x, y).sum(), x, create_graph=True)
    found = mt.grad(checkpoint(both, x, y).sum(), x, create_graph=True)
    np.testing.assert_allclose(found.numpy(), expected.numpy())
    second = [mt.grad(g.sum(), x, retain_graph=True) for g in (expected, found)]
    np.testing.assert_allclose(second[0].numpy(), second[1].numpy())


def test_less_is_kept(xw):
    x, w = xw
    with observe(MemoryMeter()) as plain:
        block(block(x, w), w)
    with observe(MemoryMeter()) as saving:
        checkpoint(block, checkpoint(block, x, w), w)
    assert 0 < saving.total < plain.total


def test_what_is_checkpointed_takes_and_gives_tensors(xw):
    with pytest.raises(TypeError, match="returns one tensor, not a tuple"):
        checkpoint(lambda t: (t, t), xw[0])
    with pytest.raises(TypeError, match="inputs and params are tensors"):
        checkpoint(block, 1.0, 2.0)


def test_random_layers_and_averages_are_computed_once():
    from minitorch import layers, random

    random.seed(1)
    net = layers.InputLayer((None, 4))
    net = layers.dropout(layers.batch_norm(layers.DenseLayer(net, 6)), p=0.5)
    net = layers.DenseLayer(net, 2)
    params = layers.get_all_params(net, trainable=True)
    x = mt.asarray(np.random.default_rng(0).normal(size=(8, 4)).astype("float32"))
    saved = layers.get_all_param_values(net), layers.get_all_random_states(net)

    def run(wrap):
        layers.set_all_param_values(net, saved[0])
        layers.set_all_random_states(net, saved[1])
        out = wrap(lambda t: layers.get_output(net, t))(x)
        grads = mt.grad((out * out).sum(), params)
        return [g.numpy() for g in grads] + layers.get_all_param_values(net)

    plain = run(lambda f: f)
    again = run(lambda f: lambda t: checkpoint(f, t, params=params))
    nested = run(
        lambda f: lambda t: checkpoint(lambda u: checkpoint(f, u, params=params), t, params=params)
    )
    for a, b, c in zip(plain, again, nested, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(c, a, rtol=1e-6, atol=1e-7)


def test_a_function_that_does_more_the_second_time_is_told(xw):
    rng, calls = mt.CounterRNG(1), []

    def growing(x, w):
        calls.append(1)
        for _ in calls:
            rng.take(3)
        return x @ w

    out = checkpoint(growing, *xw)
    with pytest.raises(RuntimeError, match="did not do the same"):
        out.sum().backward()
