"""BatchNormLayer: axes, statistics, the four combinations of averages, gradients, wrapping."""

import itertools
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init
from minitorch.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    InputLayer,
    NonlinearityLayer,
    batch_norm,
    get_all_layers,
    get_all_params,
    get_output,
)
from minitorch.nonlinearities import identity, rectify, tanh

EPSILON = 1e-4


def statistics(x, axes):
    """Mean and 1 / sqrt(var + eps) over the axes, kept as axes of length 1."""
    mean = x.mean(axis=axes, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    return mean, 1 / np.sqrt(var + EPSILON)


def data(*shape, seed=0):
    return np.random.default_rng(seed).normal(2.0, 3.0, size=shape)


@pytest.mark.parametrize(
    ("shape", "axes", "resolved", "kept"),
    [
        ((None, 3), "auto", (0,), (3,)),
        ((None, 3, 4), "auto", (0, 2), (3,)),
        ((None, 3, None, None), "auto", (0, 2, 3), (3,)),
        ((5, 3, 4), 0, (0,), (3, 4)),
        ((5, 3, 4), (1, 2), (1, 2), (5,)),
        ((5, 3, 4), -1, (-1,), (5, 3)),
        ((5, 3, 4), (0, -1), (0, -1), (3,)),
    ],
)
def test_axes_and_output(shape, axes, resolved, kept):
    layer = BatchNormLayer(
        InputLayer(shape), axes=axes, beta=init.Normal(1.0), gamma=init.Uniform((0.5, 2.0))
    )
    assert layer.axes == resolved and layer.output_shape == shape
    assert {p.shape for p in layer.get_params()} == {kept}
    x = data(*(n or 6 for n in shape))
    normalised = {a % len(shape) for a in resolved}
    wide = tuple(1 if a in normalised else n for a, n in enumerate(x.shape))
    mean, inv_std = statistics(x, resolved)
    gamma, beta = (p.get_value().reshape(wide) for p in (layer.gamma, layer.beta))
    out = get_output(layer, x).numpy()
    np.testing.assert_allclose(out, (x - mean) * inv_std * gamma + beta, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("deterministic", "use", "update"),
    list(itertools.product([False, True], [None, False, True], [None, False, True])),
)
def test_the_use_of_averages(deterministic, use, update):
    layer = BatchNormLayer(
        (None, 3), alpha=0.25, mean=np.array([1.0, 2.0, 3.0]), inv_std=np.ones(3) * 2
    )
    x = data(10, 3)
    mean, inv_std = statistics(x, 0)
    out = get_output(
        layer,
        {None: x},
        deterministic=deterministic,
        batch_norm_use_averages=use,
        batch_norm_update_averages=update,
    ).numpy()
    uses = deterministic if use is None else use
    updates = not deterministic if update is None else update
    expected = (x - [1, 2, 3]) * 2 if uses else (x - mean) * inv_std
    np.testing.assert_allclose(out, expected, rtol=1e-9, atol=1e-9)
    new_mean = 0.75 * np.array([1, 2, 3]) + 0.25 * mean[0] if updates else [1, 2, 3]
    new_inv_std = 0.75 * 2 + 0.25 * inv_std[0] if updates else [2, 2, 2]
    np.testing.assert_allclose(layer.mean.get_value(), new_mean, rtol=1e-12)
    np.testing.assert_allclose(layer.inv_std.get_value(), new_inv_std, rtol=1e-12)


def test_averages_approach_the_statistics():
    layer = BatchNormLayer((None, 2), alpha=0.1)
    for seed in range(200):
        get_output(layer, {None: data(500, 2, seed=seed)})
    np.testing.assert_allclose(layer.mean.get_value(), 2, atol=0.1)
    np.testing.assert_allclose(layer.inv_std.get_value(), 1 / 3, atol=0.01)


def test_averages_are_written_in_place_without_a_gradient():
    layer = BatchNormLayer((None, 2))
    mean = layer.mean
    x = mt.tensor(data(5, 2), requires_grad=True)
    before = mean.version
    get_output(layer, {None: x}).sum().backward()
    assert layer.mean is mean and mean.version == before + 1
    assert not mean.requires_grad and mean.grad is None and layer.inv_std.grad is None
    assert mean.dtype == np.float32


def test_a_pass_does_not_spoil_the_backward_of_another():
    layer = BatchNormLayer((None, 2))
    x = mt.tensor(data(5, 2), requires_grad=True)
    both = [
        get_output(layer, {None: x}, batch_norm_use_averages=use, batch_norm_update_averages=True)
        for use in (True, False, False)
    ]
    sum((y * y).sum() for y in both).backward()
    assert x.grad.shape == (5, 2) and layer.gamma.grad.shape == (2,)


@pytest.mark.parametrize("use", [False, True])
@pytest.mark.parametrize(
    ("beta", "gamma"), list(itertools.product([None, init.Constant(0.5)], repeat=2))
)
@pytest.mark.parametrize("shape", [(5, 3), (3, 2, 2, 2)])
def test_gradients(check_gradients, shape, beta, gamma, use):
    layer = BatchNormLayer(shape, beta=beta, gamma=gamma)
    check_gradients(
        layer, data(*shape) / 3, batch_norm_use_averages=use, batch_norm_update_averages=False
    )


def test_terms_can_be_left_out():
    layer = BatchNormLayer((None, 3), beta=None, gamma=None, name="bn")
    assert layer.beta is layer.gamma is None
    assert [p.name for p in layer.get_params()] == ["bn.mean", "bn.inv_std"]
    mean, inv_std = statistics(data(9, 3), 0)
    out = get_output(layer, {None: data(9, 3)}).numpy()
    np.testing.assert_allclose(out, (data(9, 3) - mean) * inv_std, rtol=1e-9)


def test_order_and_tags():
    layer = BatchNormLayer((None, 3), name="bn")
    assert [p.name for p in layer.get_params()] == ["bn.beta", "bn.gamma", "bn.mean", "bn.inv_std"]
    assert layer.get_params(trainable=True) == [layer.beta, layer.gamma]
    assert layer.get_params(regularizable=True) == [layer.gamma]
    assert layer.get_params(batch_norm_stat=True) == [layer.mean, layer.inv_std]
    assert not layer.mean.requires_grad and not layer.inv_std.requires_grad
    assert [float(p.get_value()[0]) for p in layer.get_params()] == [0, 1, 0, 1]


def test_statistics_can_be_shared():
    train = BatchNormLayer((None, 3))
    test = BatchNormLayer((None, 3), mean=train.mean, inv_std=train.inv_std, beta=train.beta)
    get_output(train, {None: data(7, 3)})
    assert (test.mean == train.mean).all() and test.beta is train.beta


@pytest.mark.parametrize(
    ("shape", "axes"), [((3, None), "auto"), ((None, 3), 1), ((None, None, 3), -1)]
)
def test_kept_axes_have_a_length(shape, axes):
    text = "needs specified input sizes for all axes not normalized over; got"
    with pytest.raises(ValueError, match=f"{text} {re.escape(repr(shape))}"):
        BatchNormLayer(shape, axes=axes)


@pytest.mark.parametrize("axes", [2, -3, (), (0, 0), (0, -2)])
def test_axes_are_there(axes):
    with pytest.raises(
        ValueError, match="are not one or more different axes of an input of 2. Use"
    ):
        BatchNormLayer((None, 3), axes=axes)
    with pytest.raises(ValueError, match="Give the input a batch axis"):
        BatchNormLayer(())


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="empty, it has no mean") as caught:
        get_output(BatchNormLayer((None, 3), name="bn"), {None: np.ones((0, 3))})
    assert "name='bn'" in caught.value.__notes__[0]


# -- batch_norm -------------------------------------------------------------------


def test_it_steals_nonlinearity_and_bias():
    layer = Conv2DLayer(InputLayer((None, 1, 6, 6)), 2, 3, nonlinearity=tanh, name="c")
    bias = layer.b
    net = batch_norm(layer)
    assert isinstance(net, NonlinearityLayer) and net.nonlinearity is tanh
    assert isinstance(net.input_layer, BatchNormLayer) and net.input_layer.input_layer is layer
    assert layer.nonlinearity is identity and layer.b is None and bias not in layer.params
    assert [one.name for one in get_all_layers(net)][1:] == ["c", "c_bn", "c_bn_nonlin"]
    x = data(3, 1, 6, 6)
    linear = get_output(layer, x).numpy()
    mean, inv_std = statistics(linear, (0, 2, 3))
    np.testing.assert_allclose(
        get_output(net, x).numpy(), np.tanh((linear - mean) * inv_std), rtol=1e-8, atol=1e-8
    )


@pytest.mark.parametrize("nonlinearity", [None, identity])
def test_without_a_nonlinearity_nothing_is_put_behind(nonlinearity):
    net = batch_norm(DenseLayer((None, 3), 2, b=None, nonlinearity=nonlinearity))
    assert isinstance(net, BatchNormLayer) and net.name is None


def test_layers_that_have_neither():
    net = batch_norm(InputLayer((None, 3), name="in"))
    assert isinstance(net, BatchNormLayer) and net.name == "in_bn"


@pytest.mark.parametrize(
    ("own", "given", "expected"),
    [
        ("d", None, ("d_bn", "d_bn_nonlin")),
        ("d", "x", ("x", "x_nonlin")),
        (None, "x", ("x", "x_nonlin")),
        (None, None, (None, None)),
    ],
)
def test_names(own, given, expected):
    net = batch_norm(DenseLayer((None, 3), 2, nonlinearity=rectify, name=own), name=given)
    assert (net.input_layer.name, net.name) == expected


def test_settings_are_passed_on():
    net = batch_norm(
        DenseLayer((None, 3), 2, nonlinearity=None), epsilon=0.5, alpha=0.75, beta=None
    )
    assert (net.epsilon, net.alpha, net.beta) == (0.5, 0.75, None)
    assert len(get_all_params(net)) == 4
