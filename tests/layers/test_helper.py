"""The helpers: order of layers, one-pass outputs, errors that name the layer."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers
from minitorch.autograd.hooks import NanGuard
from minitorch.layers import (
    BatchNormLayer,
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    Layer,
    MergeLayer,
    NonlinearityLayer,
    batch_norm,
    get_all_layers,
    get_all_param_values,
    get_all_params,
    get_all_random_states,
    get_output,
    get_output_shape,
    set_all_param_values,
    set_all_random_states,
)


class Sum(MergeLayer):
    def get_output_shape_for(self, input_shapes):
        return input_shapes[0]

    def get_output_for(self, inputs, **kwargs):
        total = inputs[0]
        for x in inputs[1:]:
            total = total + x
        return total


class Times(Layer):
    """Multiplies by a factor and counts its calls."""

    calls = 0

    def __init__(self, incoming, factor=2.0, **kwargs):
        super().__init__(incoming, **kwargs)
        self.factor = factor

    def get_output_for(self, input, extra=0.0, **kwargs):
        self.calls += 1
        return input * self.factor + extra


def ones(*shape):
    return np.ones(shape, np.float32)


# -- order ----------------------------------------------------------------------


def test_order_is_topological_and_follows_the_question():
    l_in = InputLayer((None, 2))
    l1, l2 = Times(l_in), Times(l_in)
    assert get_all_layers(l1) == [l_in, l1]
    assert get_all_layers([l1, l2]) == [l_in, l1, l2]
    assert get_all_layers([l2, l1]) == [l_in, l2, l1]
    assert get_all_layers([l1, l_in]) == [l_in, l1]
    top = Sum([l2, l1])
    assert get_all_layers(top) == [l_in, l2, l1, top]
    assert get_all_layers([l1, top]) == [l_in, l1, l2, top]


def test_order_goes_into_the_depth():
    a, b = InputLayer((None, 2)), InputLayer((None, 2))
    a1 = Times(a)
    b1 = Times(b)
    b2 = Times(b1)
    merged = Sum([a1, b2, a])
    assert get_all_layers(merged) == [a, a1, b, b1, b2, merged]


def test_treat_as_input_stops_the_walk():
    l_in = InputLayer((None, 2))
    l1 = Times(l_in)
    l2 = Times(l1)
    l3 = Sum([l2, l1])
    assert get_all_layers(l3, treat_as_input=[l2]) == [l2, l_in, l1, l3]
    assert get_all_layers(l3, treat_as_input=[l2, l1]) == [l2, l1, l3]
    assert get_all_layers(l3, treat_as_input=[l3]) == [l3]


def test_free_floating_inputs_are_skipped():
    floating = Times((2, 2))
    merged = Sum([floating, (2, 2)])
    assert get_all_layers(merged) == [floating, merged]


def test_deep_networks_do_not_recurse():
    net = InputLayer((None, 1))
    for _ in range(3000):
        net = Times(net, 1.0)
    assert len(get_all_layers(net)) == 3001
    assert get_output(net, ones(1, 1)).shape == (1, 1)


@pytest.mark.parametrize("wrong", [None, 5, "net", [None], [InputLayer((2,)), 3], mt.ones(2)])
def test_only_layers_are_walked(wrong):
    with pytest.raises(TypeError, match="expected a layer or a list of layers"):
        get_all_layers(wrong)
    with pytest.raises(TypeError, match="expected a layer or a list of layers"):
        get_output(wrong, ones(2, 2))


def test_batch_norm_order():
    net = batch_norm(Conv2DLayer(InputLayer((None, 1, 8, 8), name="in"), 2, 3, name="c"))
    found = get_all_layers(net)
    assert [type(one) for one in found] == [
        InputLayer,
        Conv2DLayer,
        BatchNormLayer,
        NonlinearityLayer,
    ]
    assert [one.name for one in found] == ["in", "c", "c_bn", "c_bn_nonlin"]
    names = [p.name for p in get_all_params(net)]
    assert names == ["c.W", "c_bn.beta", "c_bn.gamma", "c_bn.mean", "c_bn.inv_std"]
    assert [p.name for p in get_all_params(net, trainable=True)] == names[:3]
    assert [p.name for p in get_all_params(net, regularizable=True)] == ["c.W", "c_bn.gamma"]
    assert [p.name for p in get_all_params(net, batch_norm_stat=True)] == names[3:]


# -- output ---------------------------------------------------------------------


@pytest.fixture
def two():
    """Two branches on one layer."""
    l_in = InputLayer((None, 2), name="in")
    shared = Times(l_in, name="shared")
    return l_in, shared, Times(shared, 3.0, name="a"), Times(shared, 5.0, name="b")


def test_output_is_computed_now(two):
    _, _, a, b = two
    out = get_output(a, ones(3, 2))
    assert isinstance(out, mt.Tensor)
    np.testing.assert_array_equal(out.numpy(), np.full((3, 2), 6.0))
    assert b.calls == 0
    np.testing.assert_array_equal(get_output(a, mt.zeros((1, 2))).numpy(), [[0, 0]])


def test_a_list_is_one_pass(two):
    _, shared, a, b = two
    first, second, third = get_output([a, b, shared], ones(1, 2))
    assert shared.calls == a.calls == b.calls == 1
    np.testing.assert_array_equal(
        [first.numpy(), second.numpy(), third.numpy()], [[[6, 6]], [[10, 10]], [[2, 2]]]
    )
    assert isinstance(get_output([a], ones(1, 2)), list)
    assert isinstance(get_output((a, b), ones(1, 2)), list)


def test_one_pass_has_one_dropout_mask():
    mt.random.seed(1)
    drop = DropoutLayer(InputLayer((None, 1000)))
    a, b = Times(drop, 1.0), Times(drop, 1.0)
    x, y = get_output([a, b], ones(1, 1000))
    np.testing.assert_array_equal(x.numpy(), y.numpy())
    z = get_output(b, ones(1, 1000))
    assert (x.numpy() != z.numpy()).any()


def test_any_layer_can_be_given(two):
    l_in, shared, a, b = two
    np.testing.assert_array_equal(get_output(a, {shared: ones(1, 2)}).numpy(), [[3, 3]])
    assert shared.calls == 0
    np.testing.assert_array_equal(get_output(a, {a: 7 * ones(1, 2)}).numpy(), [[7, 7]])
    assert a.calls == 1
    x, y = get_output([a, b], {l_in: ones(1, 2), a: ones(1, 2)})
    np.testing.assert_array_equal([x.numpy(), y.numpy()], [[[1, 1]], [[10, 10]]])
    given = mt.tensor([[1.0, 1.0]], requires_grad=True)
    get_output(a, {shared: given}).sum().backward()
    np.testing.assert_array_equal(given.grad.numpy(), [[3, 3]])


def test_several_inputs_need_a_dictionary():
    a, b = InputLayer((None, 2), name="a"), InputLayer((None, 2), name="b")
    net = Sum([a, b])
    np.testing.assert_array_equal(
        get_output(net, {a: ones(1, 2), b: 2 * ones(1, 2)}).numpy(), [[3, 3]]
    )
    with pytest.raises(ValueError, match="multiple input layers .*name='a'.*name='b'.*dictionary"):
        get_output(net, ones(1, 2))
    with pytest.raises(ValueError, match="no data for InputLayer.*name='b'"):
        get_output(net, {a: ones(1, 2)})


def test_keys_are_layers(two):
    with pytest.raises(TypeError, match="keys are layers .* found 'in' of type str"):
        get_output(two[2], {"in": ones(1, 2)})
    with pytest.raises(TypeError, match="keys are layers"):
        get_output_shape(two[2], {"in": (1, 2)})


def test_missing_data_name_the_input_layer(two):
    text = "get_output() was given no data for InputLayer(shape=(None, 2), name='in')"
    with pytest.raises(ValueError, match=re.escape(text)):
        get_output(two[2])
    with pytest.raises(ValueError, match=re.escape(text)):
        get_output(two[2], {two[3]: ones(1, 2)})


def test_held_data_are_used_and_overridden():
    l_in = InputLayer((None, 2), input_var=ones(1, 2))
    net = Times(l_in)
    np.testing.assert_array_equal(get_output(net).numpy(), [[2, 2]])
    np.testing.assert_array_equal(get_output(net, 3 * ones(1, 2)).numpy(), [[6, 6]])
    np.testing.assert_array_equal(get_output(net, {l_in: 4 * ones(1, 2)}).numpy(), [[8, 8]])
    np.testing.assert_array_equal(get_output(net, {}).numpy(), [[2, 2]])


def test_free_floating_layers():
    layer = Times((None, 2))
    for data in ({None: ones(1, 2)}, {layer: 2 * ones(1, 2)}):
        np.testing.assert_array_equal(get_output(layer, data).numpy(), [[2, 2]])
    for data in (None, ones(1, 2), {}):
        with pytest.raises(ValueError, match="free-floating layer Times"):
            get_output(layer, data)
    merged = Sum([InputLayer((None, 2)), (None, 2)])
    found = get_output(merged, {merged.input_layers[0]: ones(1, 2), None: 5 * ones(1, 2)})
    np.testing.assert_array_equal(found.numpy(), [[6, 6]])


def test_keywords_reach_every_layer(two):
    out = get_output(two[2], ones(1, 2), extra=1.0)
    np.testing.assert_array_equal(out.numpy(), [[10, 10]])


def test_unused_keywords_warn_with_close_names(two):
    with pytest.warns(UserWarning, match="unused kwargs") as caught:
        get_output(two[2], ones(1, 2), extr=1.0, nonsense=3, determinstic=True)
    (warning,) = caught
    assert str(warning.message) == (
        "get_output() was called with unused kwargs:\n\tdeterminstic (perhaps you meant "
        "deterministic)\n\textr (perhaps you meant extra)\n\tnonsense"
    )
    assert warning.filename == __file__


def test_known_keywords_do_not_warn(two, recwarn):
    get_output(two[2], ones(1, 2), deterministic=True, extra=0.0)
    two[1].get_output_kwargs.append("mine")
    get_output(two[2], ones(1, 2), mine=True)
    get_output(
        batch_norm(DenseLayer((None, 2), 2)), {None: ones(3, 2)}, batch_norm_use_averages=True
    )
    assert not recwarn.list


def test_a_given_layers_keywords_are_known(two, recwarn):
    get_output(two[1], {two[1]: ones(1, 2)}, extra=1.0)
    assert not recwarn.list


def test_errors_name_the_layer(two):
    class Broken(Layer):
        def get_output_for(self, input, **kwargs):
            return input + mt.ones((7, 7))

    with pytest.raises(ValueError) as caught:
        get_output(Broken(two[2], name="bad"), ones(3, 2))
    (note,) = caught.value.__notes__
    assert note == "in layer 3 of the network, Broken(name='bad'), for input (3, 2)"


def test_reports_name_the_layer(two):
    class Root(Layer):
        def get_output_for(self, input, **kwargs):
            return mt.log(input)

    for layer, scope in [(Root(two[2], name="root"), "root"), (Root(two[2]), "Root[3]")]:
        with mt.observe(NanGuard()) as guard:
            get_output(layer, -ones(3, 2))
        assert guard.scope == scope
    net = Root(DenseLayer(InputLayer((None, 2)), 2, W=init.Constant(1.0), name="d"), name="root")
    with pytest.raises(mt.AnomalyError, match="in layer root"), mt.detect_anomaly(infinities=True):
        get_output(net, np.zeros((1, 2))).sum().backward()


def test_inputs_take_gradients():
    x = mt.tensor(ones(3, 4), requires_grad=True)
    net = DenseLayer(InputLayer((None, 4)), 2, W=init.Constant(2.0), nonlinearity=None)
    get_output(net, x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.full((3, 4), 4.0))
    np.testing.assert_array_equal(net.b.grad.numpy(), [3, 3])


def test_nothing_is_recorded_without_gradients():
    net = DenseLayer(InputLayer((None, 4)), 2)
    with mt.no_grad():
        assert not get_output(net, ones(3, 4)).requires_grad


def test_gradients_of_a_whole_network():
    """LeNet in small, with sharing, through get_output and a loss, both orders."""
    mt.set_default_dtype("float64")
    try:
        mt.random.seed(2)
        l_in = InputLayer((None, 1, 9, 9))
        net = Conv2DLayer(l_in, 2, 3, nonlinearity=mt.nonlinearities.tanh)
        net = layers.MaxPool2DLayer(batch_norm(net), 2, stride=2, ignore_border=False)
        net = DenseLayer(net, 3, nonlinearity=mt.nonlinearities.tanh, b=init.Uniform(0.1))
        net = DenseLayer(DropoutLayer(net, 0.3), 3, W=init.Normal(1.0), nonlinearity=None)
        net = NonlinearityLayer(net, mt.nonlinearities.softmax)
    finally:
        mt.set_default_dtype("float32")
    params = get_all_params(net, trainable=True)
    start = get_all_param_values(net, trainable=True)
    states = get_all_random_states(net)
    labels = np.array([0, 2, 1])

    def loss(x):
        set_all_random_states(net, states)
        out = get_output(net, x)
        return mt.objectives.categorical_crossentropy(out, labels).sum()

    x = np.random.default_rng(0).normal(size=(3, 1, 9, 9))
    mt.testing.gradcheck(loss, [x])
    mt.testing.gradgradcheck(loss, [x])
    grads = mt.grad(loss(mt.asarray(x)), params)
    rng = np.random.default_rng(1)
    along = [rng.normal(size=p.shape) for p in params]
    ends = []
    for sign in (1, -1):
        set_all_param_values(
            net, [s + sign * 1e-6 * d for s, d in zip(start, along, strict=True)], trainable=True
        )
        ends.append(loss(mt.asarray(x)).item())
    analytic = sum(float((g.numpy() * d).sum()) for g, d in zip(grads, along, strict=True))
    assert analytic == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)
