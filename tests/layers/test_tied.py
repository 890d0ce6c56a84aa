"""Tied weights: parameters of a layer that are expressions of another's."""

import copy
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, updates
from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    Gate,
    GRULayer,
    InputLayer,
    batch_norm,
    count_params,
    get_all_param_values,
    get_all_params,
    get_output,
    instance_norm,
    layer_norm,
    set_all_param_values,
    to_device,
)
from minitorch.parameter import Parameter, ParamExpr
from minitorch.testing import gradcheck, gradgradcheck


def autoencoder(nonlinearity=None):
    mt.random.seed(2)
    l_in = InputLayer((None, 4))
    code = DenseLayer(l_in, 3, nonlinearity=nonlinearity, name="code")
    return code, DenseLayer(code, 4, W=code.W.T, nonlinearity=nonlinearity, name="back")


X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


def test_the_decoder_follows_the_encoder():
    code, net = autoencoder()
    for value in (code.W.get_value(), np.arange(12.0).reshape(4, 3)):
        code.W.set_value(value)
        np.testing.assert_array_equal(net.W.numpy(), value.T)
        np.testing.assert_allclose(get_output(net, X).numpy(), X @ value @ value.T, rtol=2e-5,
                                   atol=1e-4)  # fmt: skip


def test_both_uses_send_their_gradient():
    """By finite differences of a free W in both places, then against the tied network."""
    code, net = autoencoder(mt.nonlinearities.tanh)
    params = get_all_params(net)
    assert [p.name for p in params] == ["code.W", "code.b", "back.b"]

    def function(w):
        code.W = w
        net.W = ParamExpr(lambda p: w.T, Parameter([0.0]))
        return get_output(net, X.astype(np.float64))

    w = code.W.get_value().astype(np.float64)
    gradcheck(function, [w])
    gradgradcheck(function, [w])
    # And what the tied network itself gives is the derivative of that function.
    code, net = autoencoder(mt.nonlinearities.tanh)
    get_output(net, X).sum().backward()
    free = mt.tensor(code.W.get_value(), requires_grad=True)
    twin, back = autoencoder(mt.nonlinearities.tanh)
    expected = mt.grad(
        mt.tanh(mt.tanh(mt.asarray(X) @ free + twin.b) @ free.T + back.b).sum(), free
    )
    np.testing.assert_allclose(code.W.grad.numpy(), expected.numpy(), rtol=1e-5)


def test_training_keeps_them_tied():
    code, net = autoencoder()
    params = get_all_params(net, trainable=True)
    losses = []
    for _ in range(20):
        loss = ((get_output(net, X) - X) ** 2).mean()
        updates.adam(loss, params, learning_rate=0.05).apply()
        losses.append(loss.item())
        np.testing.assert_array_equal(net.W.numpy(), code.W.numpy().T)
    assert losses[-1] < losses[0]


def test_parameters_count_once_and_expressions_can_be_asked_for():
    code, net = autoencoder()
    assert count_params(net) == 12 + 3 + 4
    assert net.get_params() == [code.W, net.b]
    assert net.get_params(regularizable=True) == [code.W]
    tied, bias = net.get_params(unwrap_shared=False)
    assert isinstance(tied, ParamExpr) and tied.name == "back.W" and bias is net.b
    assert tied.shape == (3, 4) and tied.dtype == np.float32
    assert repr(tied) == "<ParamExpr back.W: (3, 4) of <Parameter code.W: (4, 3) float32>>"
    assert [p.name for p in get_all_params(net, unwrap_shared=False)] == [
        "code.W", "code.b", "back.W", "back.b",
    ]  # fmt: skip
    values = get_all_param_values(net)
    set_all_param_values(net, [v + 1 for v in values])
    np.testing.assert_array_equal(net.W.numpy(), (values[0] + 1).T)


def test_chains_of_ties():
    l_in = InputLayer((None, 3))
    a = DenseLayer(l_in, 2, b=None)
    b = DenseLayer(a, 3, W=a.W.T, b=None)
    c = DenseLayer(b, 2, W=b.W.T, b=None)
    assert get_all_params(c) == [a.W]
    a.W.set_value(np.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal(c.W.numpy(), a.W.numpy())


def test_any_expression_and_none():
    scale = Parameter(np.float32(2.0), name="scale")
    a = DenseLayer(InputLayer((None, 3)), 2, b=None)
    product = ParamExpr(lambda w, s: w * s, a.W, scale)
    b = DenseLayer(a.input_layer, 2, W=product, b=None, nonlinearity=None)
    assert get_all_params(b) == [a.W, scale]
    get_output(b, [[1.0, 2.0, 3.0]]).sum().backward()
    np.testing.assert_allclose(scale.grad.numpy(), ([1, 2, 3] @ a.W.numpy()).sum(), rtol=1e-5)
    b.W = a.W  # an ordinary attribute again
    assert b.W is a.W
    with pytest.raises(AttributeError, match="'DenseLayer' object has no attribute 'V'"):
        b.V


def test_flipped_filters_of_a_convolution():
    a = Conv2DLayer(InputLayer((None, 1, 5, 5)), 2, 3, b=None, nonlinearity=None)
    b = Conv2DLayer(
        a.input_layer, 2, 3, W=a.W[:, :, ::-1, ::-1], b=None, nonlinearity=None, flip_filters=False
    )
    x = np.random.default_rng(1).normal(size=(2, 1, 5, 5)).astype(np.float32)
    outs = [get_output(net, x) for net in (a, b)]
    np.testing.assert_allclose(outs[0].numpy(), outs[1].numpy(), rtol=1e-5, atol=1e-6)
    grads = [mt.grad((out * out).sum(), a.W).numpy() for out in outs]
    np.testing.assert_allclose(grads[0], grads[1], rtol=1e-4, atol=1e-5)


def test_copies_are_tied_to_each_other():
    _, net = autoencoder()
    twin = copy.deepcopy(net)
    twin.input_layer.W.set_value(np.ones((4, 3)))
    assert (twin.W.numpy() == 1).all() and not (net.W.numpy() == 1).any()


def test_a_gate_can_be_tied(tmp_path):
    first = GRULayer(InputLayer((None, None, 3)), 3, name="a")
    tied = Gate(W_in=first.W_in_to_updategate.T, W_hid=first.W_hid_to_updategate.T, W_cell=None)
    net = GRULayer(first, 3, resetgate=tied, name="b")
    io.save(net, tmp_path / "net.safetensors")
    for twin in (copy.deepcopy(net), io.load(tmp_path / "net.safetensors")):
        assert count_params(twin) == count_params(net)
        twin.input_layers[0].W_in_to_updategate.set_value(np.full((3, 3), 7.0))
        assert (twin.W_in_to_resetgate.numpy() == 7).all()
        assert not (net.W_in_to_resetgate.numpy() == 7).any()


def test_they_move_with_their_parameters():
    _, net = autoencoder()
    expected = get_output(net, X).numpy()
    to_device(net, "emulated")
    assert net.W.device == "emulated"
    out = get_output(net, mt.asarray(X, device="emulated"))
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_shapes_must_fit():
    code, _ = autoencoder()
    text = "cannot initialize parameter back.W: the expression has shape (3, 4), should be (3, 5)"
    with pytest.raises(ValueError, match=re.escape(text)):
        DenseLayer(code, 5, W=code.W.T, name="back")


def test_expressions_are_of_parameters():
    with pytest.raises(TypeError, match="an expression of parameters, not of a ndarray"):
        ParamExpr(lambda x: x, np.ones(2))


@pytest.mark.parametrize("norm", [batch_norm, instance_norm, layer_norm])
@pytest.mark.parametrize("tie", [lambda b: b[:2], lambda b: ParamExpr(lambda v: v[:2] * 2, b)])
def test_a_tied_bias_goes_where_normalisation_comes(norm, tie, tmp_path):
    first = Conv2DLayer(InputLayer((None, 2, 4, 4)), 3, 1, name="first")
    second = Conv2DLayer(first, 2, 1, b=tie(first.b), name="second")
    net = norm(second)
    assert second.b is None and list(second.params) == [second.W]
    assert [p.name for p in get_all_params(net)][:3] == ["first.W", "first.b", "second.W"]
    x = np.random.default_rng(1).normal(size=(3, 2, 4, 4)).astype(np.float32)
    plain = Conv2DLayer(first, 2, 1, W=second.W, b=None)
    expected = get_output(norm(plain), x)
    np.testing.assert_array_equal(get_output(net, x).numpy(), expected.numpy())
    # The file says that it has no bias any more, whatever it was made with.
    twin = io.load(io.save(net, tmp_path / "net"))
    assert [p.shape for p in get_all_params(twin)] == [p.shape for p in get_all_params(net)]
