"""Normalisation without averages: loops as the oracle, wrapping, gradients, errors."""

import re

import numpy as np
import pytest

from minitorch.layers import (
    BiasLayer,
    ConditionalInstanceNormLayer,
    Conv2DLayer,
    DenseLayer,
    InputLayer,
    LocalResponseNormalization2DLayer,
    NonlinearityLayer,
    ScaleLayer,
    StandardizationLayer,
    get_all_layers,
    get_all_params,
    get_output,
    instance_norm,
    layer_norm,
    summary,
)
from minitorch.nonlinearities import identity, rectify, tanh


def data(*shape):
    return np.random.default_rng(0).normal(2.0, 3.0, size=shape)


def standardised(x, axes, epsilon=1e-4):
    mean = x.mean(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=axes, keepdims=True) + epsilon)


@pytest.mark.parametrize(
    "settings", [{}, {"alpha": 0.5, "k": 1, "beta": 0.5, "n": 3}, {"alpha": 0.1, "n": 1}, {"n": 9}]
)
def test_local_response(settings):
    layer = LocalResponseNormalization2DLayer(InputLayer((None, 6, 2, None)), **settings)
    given = {"alpha": 1e-4, "k": 2, "beta": 0.75, "n": 5, **settings}
    alpha, k, beta, n = given.values()
    x = data(2, 6, 2, 3)
    expected = np.zeros_like(x)
    for c in range(6):
        near = x[:, max(c - n // 2, 0) : c + n // 2 + 1]
        expected[:, c] = x[:, c] / (k + alpha * (near**2).sum(axis=1)) ** beta
    assert layer.output_shape == (None, 6, 2, None)
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-10)


def test_local_response_gradients_and_errors(check_gradients):
    shape = (1, 4, 2, 2)
    check_gradients(LocalResponseNormalization2DLayer(shape, alpha=0.5, n=3), data(*shape))
    with pytest.raises(NotImplementedError, match="Only works with odd n, got 4"):
        LocalResponseNormalization2DLayer(shape, n=4)
    for wrong in ({"n": -1}, {"k": 0}):
        with pytest.raises(ValueError, match="n and k must be positive, got n="):
            LocalResponseNormalization2DLayer(shape, **wrong)
    with pytest.raises(ValueError, match="there is no channels axis in"):
        LocalResponseNormalization2DLayer((3,))


@pytest.mark.parametrize(
    ("shape", "axes", "resolved"),
    [
        ((None, 3), "auto", (1,)),
        ((None, 3, 4), "auto", (2,)),
        ((None, 3, None, None), "auto", (2, 3)),
        ((None, 3, 4, 2), "spatial", (2, 3)),
        ((None, 3, 4, 2), "features", (1, 2, 3)),
        ((None, 3), "features", (1,)),
        ((None, 3, 4), 0, (0,)),
        ((None, 3, 4), (1, -1), (1, -1)),
    ],
)
def test_standardization(shape, axes, resolved):
    layer = StandardizationLayer(InputLayer(shape), axes, epsilon=0.01)
    assert layer.axes == resolved and layer.output_shape == shape and layer.get_params() == []
    x = data(*(n or 5 for n in shape))
    expected = standardised(x, resolved, 0.01)
    for deterministic in (False, True):
        out = get_output(layer, x, deterministic=deterministic).numpy()
        np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("axes", ["features", "spatial", 0])
def test_gradients(check_gradients, axes):
    check_gradients(StandardizationLayer((2, 3, 2, 2), axes), data(2, 3, 2, 2))


@pytest.mark.parametrize(
    ("shape", "axes", "text"),
    [
        ((None, 3), "rows", "axes is 'auto', 'spatial', 'features' or integers, got 'rows'"),
        (
            (None, 3),
            "spatial",
            "axes=() are not one or more different axes of (None, 3). Use axes=",
        ),
        ((None, 3), 2, "axes=(2,) are not one or more different axes"),
        ((None, 3), (1, -1), "axes=(1, -1) are not one or more different axes"),
        ((3,), "auto", "axes=() are not one or more different axes of (3,)"),
    ],
)
def test_wrong_axes(shape, axes, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        StandardizationLayer(shape, axes)


def test_repr_and_defaults():
    assert repr(StandardizationLayer((2, 3))) == "StandardizationLayer(axes=(1,), epsilon=0.0001)"


@pytest.mark.parametrize(("wrap", "tail"), [(instance_norm, "in"), (layer_norm, "ln")])
def test_wrapping(wrap, tail):
    below = Conv2DLayer(InputLayer((None, 1, 5, 4)), 2, 3, nonlinearity=tanh, name="c")
    net = wrap(below)
    assert below.nonlinearity is identity and below.b is None
    assert [one.name for one in get_all_layers(net)][1:] == [
        "c",
        *[f"c_{tail}{end}" for end in ("", "_scale", "_bias", "_nonlin")],
    ]
    assert [p.name for p in get_all_params(net)] == [
        "c.W", f"c_{tail}_scale.scales", f"c_{tail}_bias.b",
    ]  # fmt: skip
    bias = net.input_layer
    bias.b.set_value([0.5, -1.0])
    bias.input_layer.scales.set_value([2.0, 3.0])
    x = data(3, 1, 5, 4)
    z = standardised(get_output(below, x).numpy(), (2, 3) if tail == "in" else (1, 2, 3))
    wide = (1, 2, 1, 1)
    expected = np.tanh(z * np.reshape([2, 3], wide) + np.reshape([0.5, -1], wide))
    np.testing.assert_allclose(get_output(net, x).numpy(), expected, rtol=1e-6, atol=1e-6)


def test_what_is_learned_is_chosen():
    kinds = []
    for scale in (False, True):
        for bias in (False, True):
            net = instance_norm(Conv2DLayer((2, 1, 4, 4), 2, 3, nonlinearity=None), scale, bias)
            kinds.append([type(one) for one in get_all_layers(net)][1:])
    first = [StandardizationLayer]
    assert kinds == [
        first,
        [*first, BiasLayer],
        [*first, ScaleLayer],
        [*first, ScaleLayer, BiasLayer],
    ]


def test_names_and_settings():
    net = layer_norm(DenseLayer((None, 3), 2, nonlinearity=rectify), epsilon=0.5, name="x")
    assert isinstance(net, NonlinearityLayer) and net.name == "x_nonlin"
    standard = net.input_layer.input_layer.input_layer
    assert standard.name == "x" and standard.epsilon == 0.5 and standard.axes == (1,)
    bare = instance_norm(InputLayer((None, 3, 4)), axes=(1, 2))
    assert bare.name is None and bare.input_layer.input_layer.axes == (1, 2)


# -- conditional --------------------------------------------------------------------------


def conditional(images=(None, 3, None, 4), **settings):
    image, style = InputLayer(images), InputLayer((None, 2))
    return image, style, ConditionalInstanceNormLayer(image, style, name="n", **settings)


@pytest.mark.parametrize("style", [[[1.0, 0.0], [0.25, 0.5]], [[0.5, 0.5]]])
def test_each_image_has_the_scale_and_shift_of_its_condition(style):
    image, styles, layer = conditional(epsilon=0.01)
    rng = np.random.default_rng(0)
    gamma, beta = rng.normal(size=(2, 2, 3)).astype(np.float32)
    layer.gamma.set_value(gamma)
    layer.beta.set_value(beta)
    x, style = data(2, 3, 5, 4), np.array(style, np.float32)
    expected = standardised(x, (2, 3), 0.01)
    for i, j in np.ndindex(2, 3):
        own = style[min(i, len(style) - 1)]
        expected[i, j] *= own @ gamma[:, j]
        expected[i, j] += own @ beta[:, j]
    out = get_output(layer, {image: x, styles: style}).numpy()
    assert layer.output_shape == (None, 3, None, 4)
    np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-6)
    assert repr(layer) == "ConditionalInstanceNormLayer(epsilon=0.01, name='n')"
    assert [p.name for p in layer.get_params(regularizable=False)] == ["n.gamma", "n.beta"]


def test_it_begins_as_instance_norm():
    image, style, layer = conditional()
    x = data(2, 3, 5, 4)
    out = get_output(layer, {image: x, style: np.eye(2)}).numpy()
    np.testing.assert_allclose(out, standardised(x, (2, 3), 1e-5), rtol=1e-9, atol=1e-9)


def test_gradients_of_conditions(check_gradients):
    layer = ConditionalInstanceNormLayer((2, 3, 2, 2), (2, 4))
    check_gradients(layer, data(2, 3, 2, 2), data(2, 4))


def test_conditions_that_do_not_fit():
    for shapes, text in [
        (((None, 3), (None, 2)), "(batch, channels, *spatial) and (batch, conditions), got"),
        (((None, 3, 4), (None, 2, 1)), "got (None, 3, 4) and (None, 2, 1)"),
        (((None, None, 4), (None, 2)), "channels and conditions need fixed lengths"),
    ]:
        with pytest.raises(ValueError, match=re.escape(text)):
            ConditionalInstanceNormLayer(*shapes)
    with pytest.raises(ValueError, match=re.escape("(2, 3)")):
        ConditionalInstanceNormLayer((1, 3, 4), (1, 2), gamma=np.ones((3, 2)))


def test_work_of_a_condition_is_once_per_image():
    _, _, layer = conditional()
    assert summary(layer).lines[-1].multiply_adds == 2 * 2 * 3
