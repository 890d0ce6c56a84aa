"""The helpers: shapes, parameters and their values, random states."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.layers import (
    Conv2DLayer,
    DenseLayer,
    DropoutLayer,
    InputLayer,
    Layer,
    MergeLayer,
    count_params,
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
        return inputs[0] + inputs[1]


class Times(Layer):
    def __init__(self, incoming, factor=2.0, **kwargs):
        super().__init__(incoming, **kwargs)
        self.factor = factor

    def get_output_for(self, input, **kwargs):
        return input * self.factor


def ones(*shape):
    return np.ones(shape, np.float32)


@pytest.fixture
def two():
    """Two branches on one layer."""
    l_in = InputLayer((None, 2), name="in")
    shared = Times(l_in, name="shared")
    return l_in, shared, Times(shared, 3.0, name="a"), Times(shared, 5.0, name="b")


def test_shapes_of_the_network(two):
    _, shared, a, b = two
    assert get_output_shape(a) == (None, 2)
    assert get_output_shape([a, b]) == [(None, 2), (None, 2)]
    assert get_output_shape(a, (7, 2)) == (7, 2)
    assert get_output_shape([a, b], {shared: (1, 9)}) == [(1, 9), (1, 9)]
    assert get_output_shape(a, {a: [4, 4]}) == (4, 4)


def test_shapes_of_several_inputs():
    a, b = InputLayer((None, 2)), InputLayer((None, 2))
    net = Sum([a, b])
    assert get_output_shape(net, {a: (4, 2)}) == (4, 2)
    with pytest.raises(ValueError, match="get_output_shape\\(\\) was called with a single input"):
        get_output_shape(net, (4, 2))
    floating = Times((None, 3))
    assert get_output_shape(floating) == (None, 3)
    assert get_output_shape(floating, {None: (5, 3)}) == (5, 3)
    merged = Sum([floating, (None, 3)])
    assert get_output_shape(merged, {None: (5, 3)}) == (5, 3)


def test_shapes_and_outputs_agree():
    net = Conv2DLayer(InputLayer((None, 1, None, None)), 3, (3, 2), stride=(2, 1), pad=(1, 0))
    net = layers.FlattenLayer(layers.MaxPool2DLayer(net, 2, ignore_border=False), outdim=3)
    for shape in [(1, 1, 9, 9), (3, 1, 12, 7)]:
        assert get_output(net, ones(*shape)).shape == get_output_shape(net, shape)
    assert net.output_shape == (None, 3, None)


# -- parameters -------------------------------------------------------------------


@pytest.fixture
def mlp():
    mt.random.seed(0)
    net = DenseLayer(InputLayer((None, 4)), 3, name="a")
    return DenseLayer(net, 2, b=None, name="b")


def test_params_come_in_the_order_of_layers(mlp):
    assert [p.name for p in get_all_params(mlp)] == ["a.W", "a.b", "b.W"]
    assert [p.name for p in get_all_params(mlp, regularizable=True)] == ["a.W", "b.W"]
    assert count_params(mlp) == 4 * 3 + 3 + 3 * 2
    assert count_params(mlp, regularizable=False) == 3


def test_shared_params_count_once():
    l_in = InputLayer((None, 3))
    a = DenseLayer(l_in, 3)
    b = DenseLayer(a, 3, W=a.W, b=a.b)
    assert get_all_params(b) == [a.W, a.b]
    assert count_params(b) == 12
    get_output(b, ones(2, 3)).sum().backward()
    assert a.W.grad.shape == (3, 3)


def test_a_shared_weight_collects_both_gradients():
    a = DenseLayer(InputLayer((None, 2)), 2, W=2 * np.eye(2), b=None, nonlinearity=None)
    b = DenseLayer(a, 2, W=a.W, b=None, nonlinearity=None)
    get_output(b, [[1.0, 0.0]])[0, 0].backward()
    np.testing.assert_array_equal(a.W.grad.numpy(), [[4, 0], [0, 0]])  # d(w²)/dw at 2


def test_values_go_out_and_in(mlp):
    values = get_all_param_values(mlp)
    assert [v.shape for v in values] == [(4, 3), (3,), (3, 2)]
    values[1][:] = 5  # a copy
    assert (mlp.input_layer.b.get_value() == 0).all()
    set_all_param_values(mlp, values)
    assert (mlp.input_layer.b.get_value() == 5).all()
    set_all_param_values(mlp, [np.zeros(3)], regularizable=False)
    assert (mlp.input_layer.b.get_value() == 0).all()


def test_an_npz_round_trip(mlp, tmp_path):
    before = get_all_param_values(mlp)
    np.savez(tmp_path / "model.npz", *before)
    set_all_param_values(mlp, [v + 1 for v in before])
    with np.load(tmp_path / "model.npz") as f:
        set_all_param_values(mlp, [f[f"arr_{i}"] for i in range(len(f.files))])
    for a, b in zip(before, get_all_param_values(mlp), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        ([np.ones((4, 3))], ValueError, "mismatch: got 1 values to set 3 parameters"),
        (
            [np.ones((4, 3)), np.ones(4), np.ones((3, 2))],
            ValueError,
            "mismatch: parameter has shape (3,) but value to set has shape (4,) (a.b)",
        ),
        ([np.ones((4, 3)), np.ones(3), [["x", "y"]] * 3], TypeError, "holds numbers"),
    ],
)
def test_wrong_values_change_nothing(mlp, values, kind, text):
    before = get_all_param_values(mlp)
    with pytest.raises(kind, match=re.escape(text)):
        set_all_param_values(mlp, values)
    for a, b in zip(before, get_all_param_values(mlp), strict=True):
        np.testing.assert_array_equal(a, b)


# -- random states ------------------------------------------------------------------


def test_random_states_resume_exactly():
    mt.random.seed(5)
    net = DropoutLayer(InputLayer((None, 40)))
    net = layers.GaussianNoiseLayer(DropoutLayer(net, 0.2), 0.5)
    get_output(net, ones(2, 40))
    states = get_all_random_states(net)
    assert list(states) == ["1.rng", "2.rng", "3.rng"]
    first = [get_output(net, ones(2, 40)).numpy() for _ in range(3)]
    set_all_random_states(net, states)
    for expected in first:
        np.testing.assert_array_equal(get_output(net, ones(2, 40)).numpy(), expected)


def test_states_of_another_network_are_refused():
    net = DropoutLayer(InputLayer((None, 4)))
    with pytest.raises(ValueError, match="the state is of another network"):
        set_all_random_states(net, {"2.rng": {"seed": 1, "offset": 0}})
    assert get_all_random_states(InputLayer((2,))) == {}
