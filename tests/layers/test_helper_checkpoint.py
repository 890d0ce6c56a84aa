"""``get_output(..., checkpoint=layers)``: the same gradients from less memory."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers


def chain(count=8, width=64):
    mt.random.seed(0)
    found = [layers.InputLayer((None, width))]
    for i in range(count):
        dense = layers.DenseLayer(found[-1], width, nonlinearity=mt.tanh, name=f"dense{i}")
        found.append(layers.dropout(layers.batch_norm(dense), p=0.2))
    return found


def run(checkpoint):
    net = chain()
    x = mt.asarray(np.random.default_rng(0).normal(size=(256, 64)).astype(np.float32))
    params = layers.get_all_params(net[-1], trainable=True)
    with mt.observe(mt.PeakMeter()) as meter:
        out = layers.get_output(net[-1], x, checkpoint=[net[i] for i in checkpoint])
        grads = mt.grad((out * out).sum(), params)
    averages = layers.get_all_param_values(net[-1], trainable=False)
    return out.detach(), grads, averages, meter.peak


def test_masks_averages_and_gradients_are_the_same_and_the_peak_is_lower():
    plain, kept = run(()), run((2, 4, 6))
    np.testing.assert_array_equal(plain[0].numpy(), kept[0].numpy())
    for a, b in zip(plain[1], kept[1], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)
    for a, b in zip(plain[2], kept[2], strict=True):
        np.testing.assert_array_equal(a, b)
    assert kept[3] < 0.7 * plain[3]


def test_a_short_cut_over_a_checkpoint_is_refused():
    net = layers.InputLayer((None, 3))
    first = layers.DenseLayer(net, 3, name="first")
    second = layers.DenseLayer(first, 3, name="second")
    out = layers.ElemwiseSumLayer([first, second], name="sum")
    with pytest.raises(ValueError, match=r"name='first'.*is used beyond .*name='second'"):
        layers.get_output(out, mt.ones((1, 3)), checkpoint=[second])
    y = layers.get_output(out, mt.ones((1, 3)), checkpoint=[first, second])
    np.testing.assert_array_equal(y.detach(), layers.get_output(out, mt.ones((1, 3))).detach())


def test_a_layer_that_is_not_computed_is_refused():
    net, other = layers.DenseLayer(layers.InputLayer((None, 3)), 3), layers.DenseLayer((None, 3), 3)
    with pytest.raises(ValueError, match="which is not computed here"):
        layers.get_output(net, mt.ones((1, 3)), checkpoint=[other])


def test_it_is_captured_too():
    net = chain(3, 8)
    params = layers.get_all_params(net[-1], trainable=True)

    @mt.function(check=True)
    def step(x):
        out = layers.get_output(net[-1], x, checkpoint=net[1:3])
        return mt.grad((out * out).sum(), params)

    for k in range(3):
        step(mt.asarray(np.random.default_rng(k).normal(size=(5, 8)).astype(np.float32)))
