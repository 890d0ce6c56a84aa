"""Weights of PyTorch's layers give the same outputs, put where docs/from_pytorch.md says."""

import numpy as np
import pytest

from minitorch import layers
from minitorch.layers import InputLayer, get_output

pytestmark = pytest.mark.dev


@pytest.fixture
def torch():
    found = pytest.importorskip("torch", reason="PyTorch is the oracle; only developers have it")
    found.manual_seed(0)
    return found


def theirs(module, x):
    """A module's output in evaluation mode, and its arrays by name."""
    import torch

    module = module.double().eval()
    with torch.no_grad():
        out = module(torch.as_tensor(x))
    out = out[0] if isinstance(out, tuple) else out
    return out.numpy(), {k: v.numpy() for k, v in module.state_dict().items()}


def same(layer, x, expected):
    out = get_output(layer, {None: x}, deterministic=True)
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-10, atol=1e-12)


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


def test_linear(torch):
    x = numbers(3, 5)
    expected, a = theirs(torch.nn.Linear(5, 4), x)
    same(
        layers.DenseLayer((None, 5), 4, W=a["weight"].T, b=a["bias"], nonlinearity=None),
        x,
        expected,
    )


@pytest.mark.parametrize("flip", [False, True])
def test_convolution(torch, flip):
    x = numbers(2, 3, 8, 7)
    expected, a = theirs(torch.nn.Conv2d(3, 4, 3, padding=1, stride=2), x)
    w = a["weight"][:, :, ::-1, ::-1] if flip else a["weight"]
    same(
        layers.Conv2DLayer(
            (None, 3, 8, 7), 4, 3, stride=2, pad=1, W=w, b=a["bias"], flip_filters=flip,
            nonlinearity=None,
        ), x, expected,
    )  # fmt: skip


def test_transposed_convolution(torch):
    x = numbers(2, 3, 5, 4)
    expected, a = theirs(torch.nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1), x)
    same(
        layers.TransposedConv2DLayer(
            (None, 3, 5, 4), 4, 3, stride=2, crop=1, W=a["weight"], b=a["bias"],
            flip_filters=True, nonlinearity=None,
        ), x, expected,
    )  # fmt: skip


def test_batch_normalisation(torch):
    x = numbers(4, 3, 5, 5) + 2
    module = torch.nn.BatchNorm2d(3).double()
    with torch.no_grad():
        module.weight += torch.arange(3)
        module.bias += 1
    module(torch.as_tensor(x))  # the averages move once
    expected, a = theirs(module, x)
    layer = layers.BatchNormLayer(
        (None, 3, 5, 5), gamma=a["weight"], beta=a["bias"], mean=a["running_mean"],
        inv_std=1 / np.sqrt(a["running_var"] + module.eps),
    )  # fmt: skip
    same(layer, x, expected)


def test_lstm(torch):
    x, units = numbers(2, 6, 3), 4
    expected, a = theirs(torch.nn.LSTM(3, units, batch_first=True), x)
    layer = layers.LSTMLayer((None, None, 3), units, peepholes=False)
    bias = a["bias_ih_l0"] + a["bias_hh_l0"]
    for i, gate in enumerate(layer.gates):
        part = slice(i * units, (i + 1) * units)
        getattr(layer, f"W_in_to_{gate}").set_value(a["weight_ih_l0"][part].T)
        getattr(layer, f"W_hid_to_{gate}").set_value(a["weight_hh_l0"][part].T)
        getattr(layer, f"b_{gate}").set_value(bias[part])
    out = get_output(layer, {None: x})
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_gru(torch):
    x, units = numbers(2, 6, 3), 4
    module = torch.nn.GRU(3, units, batch_first=True)
    with torch.no_grad():
        module.bias_hh_l0[2 * units :] = 0
    expected, a = theirs(module, x)
    layer = layers.GRULayer((None, None, 3), units)
    bias = a["bias_ih_l0"] + a["bias_hh_l0"]
    for i, (gate, sign) in enumerate([("resetgate", 1), ("updategate", -1), ("hidden_update", 1)]):
        part = slice(i * units, (i + 1) * units)
        getattr(layer, f"W_in_to_{gate}").set_value(sign * a["weight_ih_l0"][part].T)
        getattr(layer, f"W_hid_to_{gate}").set_value(sign * a["weight_hh_l0"][part].T)
        getattr(layer, f"b_{gate}").set_value(sign * bias[part])
    out = get_output(layer, {None: x})
    np.testing.assert_allclose(out.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_embedding(torch):
    x = np.array([[1, 0, 4]])
    expected, a = theirs(torch.nn.Embedding(5, 3), x)
    layer = layers.EmbeddingLayer(InputLayer((None, 3)), 5, 3, W=a["weight"])
    np.testing.assert_array_equal(get_output(layer, x).numpy(), expected)
