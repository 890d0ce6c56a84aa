"""NINLayer, EmbeddingLayer, LocallyConnected2DLayer: against loops, gradients, errors."""

import re

import numpy as np
import pytest

from minitorch import init, layers
from minitorch.layers import (
    Conv2DLayer,
    EmbeddingLayer,
    InputLayer,
    LocallyConnected2DLayer,
    NINLayer,
    get_output,
    get_output_shape,
)
from minitorch.nonlinearities import rectify, tanh


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


# -- network in network -----------------------------------------------------------------


@pytest.mark.parametrize("untie", [False, True])
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 2)])
def test_nin(shape, untie):
    layer = NINLayer(
        InputLayer(shape), 4, untie_biases=untie, b=init.Normal(1.0), nonlinearity=np.tanh
    )
    w, b = layer.W.get_value().astype(float), layer.b.get_value().astype(float)
    assert b.shape == ((4, *shape[2:]) if untie else (4,))
    x = numbers(*shape)
    expected = np.zeros((2, 4, *shape[2:]))
    for place in np.ndindex(*shape[2:]):
        at = (slice(None), slice(None), *place)
        expected[at] = np.tanh(x[at] @ w + (b[(slice(None), *place)] if untie else b))
    assert layer.output_shape == expected.shape
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_nin_defaults_open_lengths_and_repr():
    layer = NINLayer((None, 3, None, 4), 2, name="n")
    assert layer.output_shape == (None, 2, None, 4) and layer.nonlinearity is rectify
    assert [p.name for p in layer.get_params()] == ["n.W", "n.b"]
    assert layer.get_params(regularizable=True) == [layer.W]
    assert repr(layer) == "NINLayer(num_units=2, nonlinearity=rectify, name='n')"
    bare = NINLayer((None, 3, 4), 2, True, b=None, nonlinearity=None)
    assert bare.b is None and bare.get_params() == [bare.W]
    assert repr(bare) == "NINLayer(num_units=2, untie_biases=True, nonlinearity=linear)"
    assert get_output(bare, {None: numbers(0, 3, 4)}).shape == (0, 2, 4)


@pytest.mark.parametrize("untie", [False, True])
def test_gradients_of_nin(check_gradients, untie):
    layer = NINLayer((2, 3, 2), 2, untie_biases=untie, nonlinearity=tanh)
    check_gradients(layer, numbers(2, 3, 2))


@pytest.mark.parametrize(
    ("shape", "settings", "kind", "text"),
    [
        ((3,), {}, ValueError, "a NINLayer needs an input (batchsize, channels, ...) with a fixed"),
        ((2, None, 3), {}, ValueError, "got (2, None, 3). Give the second axis a length"),
        ((2, 3, None), {"untie_biases": True}, ValueError, "untie_biases needs fixed spatial"),
        ((2, 3), {"num_units": 1.5}, TypeError, "iterable of int, got 1.5"),
        ((2, 3), {"num_units": 0}, ValueError, "non-positive shape dimension"),
        ((2, 3), {"W": np.ones((4, 3))}, ValueError, "has shape (4, 3), should be (3, 4)"),
    ],
)
def test_wrong_nin(shape, settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        NINLayer(InputLayer(shape), **{"num_units": 4, **settings})


# -- embedding ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 2)])
@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64"])
def test_embedding(shape, dtype):
    layer = EmbeddingLayer(InputLayer((None, *shape[1:])), 5, 3, W=init.Normal(1.0))
    index = np.random.default_rng(0).integers(0, 5, shape).astype(dtype)
    assert layer.output_shape == (None, *shape[1:], 3)
    out = get_output(layer, index)
    np.testing.assert_array_equal(out.numpy(), layer.W.get_value()[index])
    out.sum().backward()
    counts = [(index == row).sum() for row in range(5)]
    np.testing.assert_array_equal(layer.W.grad.numpy(), np.repeat(counts, 3).reshape(5, 3))


def test_embedding_params_and_gradients(check_gradients):
    layer = EmbeddingLayer((3,), 4, 2, name="e")
    assert [p.name for p in layer.get_params(regularizable=True)] == ["e.W"]
    assert repr(layer) == "EmbeddingLayer(input_size=4, output_size=2, name='e')"
    check_gradients(layer, np.array([3, 0, 3]))


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ([0.5], TypeError, "the index must hold integers, got float32"),
        ([4], ValueError, "index 4 is out of range, w has the rows 0 to 3"),
        ([-1], ValueError, "index -1 is out of range"),
    ],
)
def test_wrong_embedding(data, kind, text):
    with pytest.raises(kind, match=text):
        get_output(EmbeddingLayer((None,), 4, 2), {None: data})
    with pytest.raises(ValueError, match="non-positive shape dimension"):
        EmbeddingLayer((None,), 0, 2)
    with pytest.raises(TypeError, match=r"iterable of int, got 2\.5"):
        EmbeddingLayer((None,), 4, 2.5)


# -- local connections ----------------------------------------------------------------------


def local_oracle(x, w, flip, channelwise):
    """One output element at a time."""
    rows, columns = w.shape[-4:-2]
    if flip:
        w = w[..., ::-1, ::-1, :, :]
    padded = np.pad(x, [(0, 0), (0, 0), (rows // 2,) * 2, (columns // 2,) * 2])
    out = np.zeros((x.shape[0], w.shape[0], *x.shape[2:]))
    for k, p, q in np.ndindex(out.shape[1:]):
        seen = padded[:, :, p : p + rows, q : q + columns]
        if channelwise:
            out[:, k, p, q] = (seen[:, k] * w[k, :, :, p, q]).sum(axis=(1, 2))
        else:
            out[:, k, p, q] = (seen * w[k, :, :, :, p, q]).sum(axis=(1, 2, 3))
    return out


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("channelwise", [False, True])
@pytest.mark.parametrize("size", [1, 3, (3, 5), (5, 1)])
def test_local_connections(size, channelwise, flip):
    layer = LocallyConnected2DLayer(
        InputLayer((None, 2, 4, 3)), 2 if channelwise else 3, size, b=init.Normal(1.0),
        nonlinearity=None, flip_filters=flip, channelwise=channelwise,
    )  # fmt: skip
    seen = () if channelwise else (2,)
    assert layer.W.shape == (layer.num_filters, *seen, *layer.filter_size, 4, 3)
    assert layer.output_shape == (None, layer.num_filters, 4, 3)
    x, w = numbers(2, 2, 4, 3), layer.W.get_value().astype(float)
    expected = local_oracle(x, w, flip, channelwise)
    expected = expected + layer.b.get_value().astype(float).reshape(-1, 1, 1)
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("flip", [False, True])
def test_the_same_filter_everywhere_is_a_convolution(flip):
    conv = Conv2DLayer(InputLayer((2, 3, 5, 4)), 2, 3, pad="same", flip_filters=flip)
    w = np.broadcast_to(conv.W.get_value()[..., None, None], (2, 3, 3, 3, 5, 4))
    local = LocallyConnected2DLayer(conv.input_layer, 2, 3, W=w, b=None, flip_filters=flip)
    a, b = get_output([conv, local], numbers(2, 3, 5, 4))
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "settings", [{}, {"channelwise": True}, {"untie_biases": True}, {"b": None}]
)
def test_gradients_of_local_connections(check_gradients, settings):
    layer = LocallyConnected2DLayer((1, 2, 2, 3), 2, 3, nonlinearity=tanh, **settings)
    check_gradients(layer, numbers(1, 2, 2, 3))


def test_local_names_and_repr():
    layer = LocallyConnected2DLayer((1, 2, 2, 3), 2, 3, channelwise=True, name="l")
    assert [p.name for p in layer.get_params()] == ["l.W", "l.b"]
    assert repr(layer) == (
        "LocallyConnected2DLayer(num_filters=2, filter_size=(3, 3), nonlinearity=rectify, "
        "channelwise=True, name='l')"
    )
    assert layers.local.LocallyConnected2DLayer is LocallyConnected2DLayer


@pytest.mark.parametrize(
    ("shape", "settings", "kind", "text"),
    [
        ((1, 2, 4, 4), {"stride": 2}, NotImplementedError, "requires stride=1 / (1, 1), but got 2"),
        ((1, 2, 4, 4), {"pad": "full"}, NotImplementedError, "requires pad='same', but got 'full'"),
        ((1, 2, 4, 4), {"pad": 1}, NotImplementedError, "requires pad='same', but got 1"),
        ((1, 2, 4, 4), {"num_groups": 2}, NotImplementedError, "has no groups but channelwise"),
        ((1, 2, 4, 4), {"filter_size": 2}, NotImplementedError, "requires odd filter size"),
        ((1, 3, 4, 4), {"channelwise": True}, ValueError,
         "should match when channelwise is true, but got num_filters=2 and 3 input channels"),
        ((1, 2, None, 4), {}, ValueError,
         "requires a fixed input shape (except for the batch size). Got (1, 2, None, 4)"),
        ((1, 2, 4), {}, ValueError, "Tried to create a 2D convolution layer with input shape"),
    ],
)  # fmt: skip
def test_wrong_local_connections(shape, settings, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        LocallyConnected2DLayer(InputLayer(shape), 2, **{"filter_size": 3, **settings})


def test_filters_are_made_for_one_shape():
    layer = LocallyConnected2DLayer(InputLayer((None, 2, 4, 4)), 2, 3)
    with pytest.raises(ValueError, match=re.escape("made for (None, 2, 4, 4), got (1, 2, 4, 5)")):
        get_output_shape(layer, (1, 2, 4, 5))
