"""Bias, scale, rectifiers, expressions, inverses: oracles, gradients, errors."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers
from minitorch.layers import (
    BatchNormLayer,
    BiasLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    ElemwiseSumLayer,
    EmbeddingLayer,
    ExpressionLayer,
    InputLayer,
    InverseLayer,
    MaxPool2DLayer,
    ParametricRectifierLayer,
    Pool2DLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
    TransposedConv2DLayer,
    get_all_params,
    get_output,
    get_output_shape,
    prelu,
    rrelu,
    standardize,
)
from minitorch.nonlinearities import identity, linear, tanh


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# -- shared along axes --------------------------------------------------------------------

SHARED = [
    ((None, 3), "auto", (0,), (3,)),
    ((None, 3, 4), "auto", (0, 2), (3,)),
    ((None, 3, None, 5), "auto", (0, 2, 3), (3,)),
    ((2, 3, 4), "all", (0, 1, 2), ()),
    ((2, 3, 4), (), (), (2, 3, 4)),
    ((None, 3, 4), 0, (0,), (3, 4)),
    ((2, 3, 4), -1, (2,), (2, 3)),
    ((None, 3, 4), (0, -2), (0, 1), (4,)),
    ((4,), "auto", (0,), ()),
]
MAKERS = [
    (BiasLayer, "b", "biases", lambda x, p: x + p),
    (ScaleLayer, "scales", "scales", lambda x, p: x * p),
    (ParametricRectifierLayer, "alpha", "alphas", lambda x, p: np.where(x > 0, x, x * p)),
]


@pytest.mark.parametrize(("cls", "name", "what", "oracle"), MAKERS, ids=lambda v: "")
@pytest.mark.parametrize(("shape", "axes", "resolved", "kept"), SHARED)
def test_shared_parameters(cls, name, what, oracle, shape, axes, resolved, kept):
    layer = cls(InputLayer(shape), **{name: init.Normal(1.0)}, shared_axes=axes, name="s")
    param = getattr(layer, name)
    assert layer.shared_axes == resolved and param.shape == kept and param.name == f"s.{name}"
    assert layer.get_params(regularizable=True) == []
    assert layer.get_params(trainable=True) == [param]
    x = numbers(*(n or 2 for n in shape))
    wide = [1 if axis in resolved else n for axis, n in enumerate(x.shape)]
    expected = oracle(x, param.get_value().astype(float).reshape(wide))
    assert layer.output_shape == shape
    np.testing.assert_allclose(get_output(layer, x).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(("cls", "name", "what", "oracle"), MAKERS, ids=lambda v: "")
def test_axes_that_cannot_be_shared(cls, name, what, oracle):
    text = f"{cls.__name__} needs specified input sizes for all axes that {what} are not shared"
    with pytest.raises(ValueError, match=re.escape(f"{text} over; got (None, 3)")):
        cls((None, 3), shared_axes=1)
    for axes in (2, -3, (0, 5)):
        with pytest.raises(ValueError, match="input of 2 axes does not have all of shared_axes"):
            cls((2, 3), shared_axes=axes)
    with pytest.raises(ValueError, match="'auto', 'all', an axis or a tuple of them, got 'some'"):
        cls((2, 3), shared_axes="some")
    with pytest.raises(ValueError, match=re.escape("has shape (4,), should be (3,)")):
        cls((2, 3), **{name: np.ones(4)})


@pytest.mark.parametrize(("cls", "name", "what", "oracle"), MAKERS, ids=lambda v: "")
@pytest.mark.parametrize("axes", ["auto", "all", 0])
def test_gradients_of_shared_parameters(check_gradients, cls, name, what, oracle, axes):
    check_gradients(cls((2, 3, 2), shared_axes=axes), numbers(2, 3, 2))


def test_defaults_and_repr():
    assert BiasLayer((2, 3)).b.get_value().tolist() == [0, 0, 0]
    assert ScaleLayer((2, 3)).scales.get_value().tolist() == [1, 1, 1]
    assert ParametricRectifierLayer((2, 3)).alpha.get_value().tolist() == [0.25] * 3
    bare = BiasLayer((None, 3), b=None, shared_axes="all")
    assert (
        bare.b is None
        and bare.get_params() == []
        and repr(bare) == ("BiasLayer(shared_axes=(0, 1))")
    )
    x = mt.ones((2, 3))
    assert get_output(bare, {None: x}) is x


def test_the_slope_of_a_learned_rectifier_at_zero():
    """As for the leaky rectifiers: what lies below."""
    x = mt.tensor([[0.0, -1.0, 1.0]], requires_grad=True)
    get_output(ParametricRectifierLayer((1, 3)), {None: x}).sum().backward()
    assert x.grad.tolist() == [[0.25, 0.25, 1]]


@pytest.mark.parametrize("number", [True, False])
def test_standardize(number):
    x = numbers(4, 3, 2)
    mean, std = (0.5, 2.0) if number else (x.mean(axis=(0, 2)), x.std(axis=(0, 2)))
    net = standardize(InputLayer((None, 3, 2)), mean, std)
    assert net.get_params(trainable=True) == [] and not net.scales.requires_grad
    assert get_all_params(net, trainable=True) == [] and len(get_all_params(net)) == 2
    wide = [np.reshape(v, (-1, 1)) for v in (mean, std)]
    np.testing.assert_allclose(get_output(net, x).numpy(), (x - wide[0]) / wide[1], rtol=1e-6)
    assert standardize((2, 3), np.zeros(2), np.ones(2), shared_axes=1).shared_axes == (1,)


# -- rectifiers -------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [prelu, rrelu])
def test_they_take_the_place_of_a_nonlinearity(wrap):
    below = DenseLayer((None, 3), 2, nonlinearity=tanh)
    net = wrap(below, name="act", shared_axes="all")
    assert net.input_layer is below and below.nonlinearity is identity
    assert net.name == "act" and net.shared_axes == (0, 1)
    assert wrap(InputLayer((None, 3))).output_shape == (None, 3)


@pytest.mark.parametrize("axes", ["auto", "all", (), 1])
def test_random_slopes(axes):
    mt.random.seed(2)
    layer = RandomizedRectifierLayer(InputLayer((None, 3, 50)), 0.25, 0.75, shared_axes=axes)
    x = np.where(np.arange(50) % 5, -1.0, 2.0) * np.ones((4, 3, 50))
    out = get_output(layer, x).numpy()
    np.testing.assert_array_equal(out[x > 0], x[x > 0])
    slopes = out[..., x[0, 0] < 0] / -1.0
    assert ((slopes > 0.25) & (slopes < 0.75)).all()
    kept = [axis for axis in range(3) if axis not in layer.shared_axes]
    per = np.moveaxis(slopes, kept, range(len(kept)))
    per = per.reshape(int(np.prod(per.shape[: len(kept)])), -1)
    assert (per == per[:, :1]).all() and len(np.unique(per[:, 0])) == len(per)
    if axes == ():
        assert abs(slopes.mean() - 0.5) < 0.05
    assert (get_output(layer, x).numpy() != out).any()  # another draw
    mean = get_output(layer, x, deterministic=True).numpy()
    np.testing.assert_array_equal(mean, np.where(x > 0, x, 0.5 * x))


def test_random_slopes_can_be_repeated_or_fixed():
    layer = RandomizedRectifierLayer((None, 3))
    state = layer.rng.get_state()
    a = get_output(layer, {None: -np.ones((5, 3))}).numpy()
    layer.rng.set_state(state)
    np.testing.assert_array_equal(a, get_output(layer, {None: -np.ones((5, 3))}).numpy())
    same = RandomizedRectifierLayer((None, 3), 0.5, 0.5)
    np.testing.assert_array_equal(get_output(same, {None: [[-1, 2, -4]]}).numpy(), [[-0.5, 2, -2]])
    assert same.rng.get_state()["offset"] == 0
    assert get_output(layer, {None: [[-1, 2, -4]]}).dtype.kind == "f"
    assert repr(layer) == "RandomizedRectifierLayer(lower=0.3, upper=0.8)"
    with pytest.raises(ValueError, match="Upper bound for RandomizedRectifierLayer needs to be hi"):
        RandomizedRectifierLayer((None, 3), 0.8, 0.3)


def test_gradients_of_random_slopes(check_gradients):
    layer = RandomizedRectifierLayer((3, 4), shared_axes=())
    state = layer.rng.get_state()
    check_gradients(layer, numbers(3, 4), fresh=lambda: layer.rng.set_state(state))


# -- expressions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "rule", "expected"),
    [
        (mt.square, None, (None, 3, 4)),
        (lambda x: x.sum(axis=-1), (None, 3), (None, 3)),
        (lambda x: x.sum(axis=-1), lambda shape: shape[:-1], (None, 3)),
        (lambda x: x.sum(axis=-1), "auto", (None, 3)),
        (lambda x: x.sum(axis=0), "auto", (3, 4)),
        (lambda x: x.reshape((-1, 2)), [None, 2], (None, 2)),
    ],
)
def test_expressions(function, rule, expected):
    layer = ExpressionLayer(InputLayer((None, 3, 4)), function, rule)
    assert layer.output_shape == expected
    x = numbers(2, 3, 4)
    out = get_output(layer, x)
    np.testing.assert_array_equal(out.numpy(), function(mt.asarray(x)).numpy())
    assert all(a in (None, b) for a, b in zip(expected, out.shape, strict=True))


def test_shapes_by_expression():
    layer = ExpressionLayer(InputLayer((None, None)), mt.square, "auto", name="e")
    assert layer.output_shape == (None, None)
    assert get_output_shape(layer, (2, 3)) == (2, 3)
    assert repr(layer) == "ExpressionLayer(function=square, name='e')"
    text = "ran the function on zeros of shape (0, 3) (0: unknown), and got ValueError: "
    with pytest.raises(ValueError, match=re.escape(text)):
        ExpressionLayer((None, 3), lambda x: x.reshape((2, 2)), "auto")
    with pytest.raises(ValueError, match="None, a tuple, a callable or 'auto', got 'same'"):
        ExpressionLayer((None, 3), mt.square, "same")


def test_gradients_of_expressions(check_gradients):
    check_gradients(ExpressionLayer((2, 3), lambda x: x * x.sum(), None), numbers(2, 3))


# -- inverses ------------------------------------------------------------------------------------


def inverse_of(make, *shape):
    """Input, the layer on it, and the InverseLayer of that, fed by an input of its own."""
    below = InputLayer(shape)
    layer = make(below)
    feed = InputLayer(layer.output_shape)
    return below, layer, feed, InverseLayer(feed, layer)


def doubled(y):
    return y.repeat(2, axis=2).repeat(2, axis=3)


def unpooled(y, x, _):
    """y where x is the largest of its 2 x 2 pixels."""
    largest = doubled(x.reshape(1, 2, 2, 2, 2, 2).max(axis=(3, 5)))
    return np.where(x == largest, doubled(y), 0)


def dense_back(y, x, layer):
    w = layer.W.numpy()
    slope = 1 - np.tanh(x @ w) ** 2 if layer.nonlinearity is tanh else 1
    return (y * slope) @ w.T


# A layer, its input's shape, and what turns y, given x and the layer, back into x's shape.
INVERSES = [
    (lambda b: DenseLayer(b, 4, nonlinearity=linear), (2, 3), dense_back),
    (lambda b: DenseLayer(b, 4, nonlinearity=tanh), (2, 3), dense_back),
    (lambda b: Pool2DLayer(b, 2, mode="sum"), (1, 2, 4, 4), lambda y, x, _: doubled(y)),
    (lambda b: MaxPool2DLayer(b, 2), (1, 2, 4, 4), unpooled),
]


@pytest.mark.parametrize("needs", [False, True])
@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize(("make", "shape", "oracle"), INVERSES)
def test_inverses(make, shape, oracle, needs, record):
    below, layer, feed, net = inverse_of(make, *shape)
    x, y = numbers(*shape), numbers(*layer.output_shape, seed=1)
    assert net.output_shape == shape
    with mt.set_grad_enabled(record):
        given = mt.tensor(x, requires_grad=True) if needs else x
        out = get_output(net, {below: given, feed: y})
    assert out.requires_grad == (record and bool(layer.params))
    np.testing.assert_allclose(out.detach().numpy(), oracle(y, x, layer), rtol=1e-6, atol=1e-12)


def test_the_inverse_of_a_convolution_is_the_transposed_one():
    net = Conv2DLayer(InputLayer((1, 2, 5, 5)), 3, 3, stride=2, nonlinearity=None)
    back = TransposedConv2DLayer(net, 2, 3, stride=2, W=net.W, b=None, nonlinearity=None)
    x = numbers(1, 2, 5, 5)
    a, b = get_output([InverseLayer(net, net), back], x)
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-6, atol=1e-7)


def test_gradients_through_an_inverse():
    """An autoencoder of tied weights: towards the data, and the weights that are used twice."""
    below = InputLayer((2, 3))
    layer = DenseLayer(below, 2, nonlinearity=tanh)
    net = InverseLayer(layer, layer)

    def function(x, w):
        before, layer.W = layer.W, w
        try:
            return get_output(net, {below: x})
        finally:
            layer.W = before

    inputs = [numbers(2, 3), numbers(3, 2, seed=1)]
    mt.testing.gradcheck(function, inputs)
    mt.testing.gradgradcheck(function, inputs)


def test_an_inverse_under_no_grad_and_of_what_passes_on():
    below, _, feed, net = inverse_of(lambda b: DropoutLayer(b, 0.5), 4, 5)
    y = mt.ones((4, 5))
    out = get_output(net, {below: numbers(4, 5), feed: y}, deterministic=True)
    np.testing.assert_array_equal(out.numpy(), y.numpy())


def test_an_inverse_uses_the_same_mask():
    below, layer, feed, net = inverse_of(lambda b: DropoutLayer(b, 0.5), 4, 5)
    x = mt.tensor(np.ones((4, 5)), requires_grad=True)
    mask, back = get_output([layer, net], {below: x, feed: np.ones((4, 5))})
    np.testing.assert_array_equal(mask.detach().numpy(), back.detach().numpy())
    state = layer.rng.get_state()
    with pytest.raises(RuntimeError, match="draws random numbers, and would draw others when it"):
        get_output(net, {below: np.ones((4, 5)), feed: np.ones((4, 5))})
    assert layer.rng.get_state()["offset"] == state["offset"] + 3  # one pass, not two


def test_an_inverse_does_not_average_twice():
    below, layer, feed, net = inverse_of(lambda b: BatchNormLayer(b, alpha=0.5), 6, 2)
    x = numbers(6, 2)
    get_output(net, {below: x, feed: numbers(6, 2)})
    np.testing.assert_allclose(layer.mean.get_value(), x.mean(axis=0) / 2, rtol=1e-5)


def test_wrong_inverses():
    below = InputLayer((2, 3))
    layer = DenseLayer(below, 4)
    for wrong in (InputLayer((2, 3)), DenseLayer((2, 3), 4), ElemwiseSumLayer([below, below]), 3):
        with pytest.raises(TypeError, match="layer must be a layer on top of one other, got"):
            InverseLayer(layer, wrong)
    with pytest.raises(ValueError, match=re.escape("the incoming has shape (2, 3), the output of")):
        InverseLayer(below, layer)
    with pytest.raises(ValueError, match="they must be the same"):
        InverseLayer(InputLayer((2, 4, 1)), layer)
    words = EmbeddingLayer(InputLayer((None,)), 4, 2)
    with pytest.raises(Exception, match="int64") as caught:
        get_output(InverseLayer(words, words), [1, 2])
    assert "InverseLayer" in caught.value.__notes__[0]
    assert InverseLayer(InputLayer((None, 4)), layer).output_shape == (2, 3)
    assert repr(InverseLayer(layer, layer)) == (
        "InverseLayer(layer=DenseLayer(num_units=4, nonlinearity=rectify))"
    )
    assert layers.special.InverseLayer is InverseLayer
