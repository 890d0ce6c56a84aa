"""Layer and MergeLayer: inputs, parameters and their tags, shapes, errors, repr."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers
from minitorch.layers import InputLayer, Layer, MergeLayer, get_output
from minitorch.parameter import Parameter


class Sum(MergeLayer):
    def get_output_shape_for(self, input_shapes):
        return input_shapes[0]

    def get_output_for(self, inputs, **kwargs):
        return inputs[0] + inputs[1]


@pytest.fixture
def layer():
    return Layer(InputLayer((None, 3), name="in"), name="l")


def test_a_layer_takes_its_shape_from_the_one_below(layer):
    assert layer.input_shape == layer.output_shape == (None, 3)
    assert layer.input_layer.name == "in"
    assert layer.get_output_shape_for((7, 3)) == (7, 3)
    assert layer.get_params() == []


def test_a_shape_makes_a_free_floating_layer():
    layer = Layer((5, None), name="f")
    assert layer.input_layer is None
    assert layer.input_shape == layer.output_shape == (5, None)


@pytest.mark.parametrize("shape", [(0, 2), (None, -1), (3, 0, 2)])
def test_lengths_are_positive(shape):
    text = f"non-positive input_shape dimension. input_shape={shape!r}, self.name='x'"
    with pytest.raises(ValueError, match=re.escape(text)):
        Layer(shape, name="x")
    with pytest.raises(ValueError, match=re.escape(text)):
        MergeLayer([(2, 2), shape], name="x")


@pytest.mark.parametrize("incoming", [[2, 3], None, 5, "in", np.ones(2), mt.ones(2)])
def test_incoming_is_a_layer_or_a_tuple(incoming):
    with pytest.raises(TypeError, match="Layer: incoming is a Layer or a shape tuple, not"):
        Layer(incoming)
    with pytest.raises(TypeError, match="MergeLayer: incoming is a Layer or a shape tuple, not"):
        MergeLayer([(2, 3), incoming])


@pytest.mark.parametrize("shape", [(None, 2.5), ("a",), ((2,), 3)])
def test_lengths_are_integers(shape):
    with pytest.raises(TypeError, match="input_shape holds integers and None"):
        Layer(shape)


def test_get_output_for_must_be_there(layer):
    with pytest.raises(NotImplementedError, match="Layer has no get_output_for"):
        layer.get_output_for(mt.ones((2, 3)))
    merge = MergeLayer([layer, (2, 3)])
    with pytest.raises(NotImplementedError, match="MergeLayer has no get_output_shape_for"):
        merge.output_shape
    with pytest.raises(NotImplementedError, match="MergeLayer has no get_output_for"):
        merge.get_output_for([])


@pytest.mark.parametrize("returned", [5, None, (2, 2.5), (mt.asarray(2.5),), "ab"])
def test_a_wrong_output_shape_names_the_class(returned):
    class Odd(Layer):
        def get_output_shape_for(self, input_shape):
            return returned

    with pytest.raises(ValueError, match="Odd returned an output shape of .* mend its get_output"):
        Odd((2, 3)).output_shape


def test_output_shape_is_worked_out_on_each_access(layer):
    layer.input_shape = (4, 4)
    assert layer.output_shape == (4, 4)


# -- parameters ---------------------------------------------------------------


def test_parameters_keep_order_and_tags(layer):
    a = layer.add_param(init.Constant(1.0), (2, 3), name="a")
    b = layer.add_param(init.Constant(0.0), (3,), name="b", regularizable=False)
    c = layer.add_param(init.Constant(0.0), (3,), name="c", trainable=False, special=True)
    assert [type(p) for p in (a, b, c)] == [Parameter] * 3
    assert layer.get_params() == [a, b, c]
    assert layer.params[a] == {"trainable", "regularizable"}
    assert layer.params[b] == {"trainable"}
    assert layer.params[c] == {"regularizable", "special"}
    assert [p.requires_grad for p in (a, b, c)] == [True, True, False]
    assert [p.name for p in (a, b, c)] == ["l.a", "l.b", "l.c"]


def test_tags_select(layer):
    a = layer.add_param(init.Constant(1.0), (1,), tag1=True, trainable=False)
    b = layer.add_param(init.Constant(1.0), (1,), tag1=True, tag2=True)
    c = layer.add_param(init.Constant(1.0), (1,), tag2=True)
    d = layer.add_param(init.Constant(1.0), (1,), tag1=False)
    assert layer.get_params(tag1=True) == [a, b]
    assert layer.get_params(tag1=False) == [c, d]
    assert layer.get_params(tag1=True, tag2=True) == [b]
    assert layer.get_params(tag1=True, tag2=False) == [a]
    assert layer.get_params(tag1=False, tag2=False) == [d]
    assert layer.get_params(trainable=True, tag2=False) == [d]
    assert layer.get_params(nobody_has_this=True) == []
    assert layer.get_params(nobody_has_this=False) == [a, b, c, d]
    assert layer.get_params(unwrap_shared=False) == [a, b, c, d]


def test_tags_can_be_edited(layer):
    a = layer.add_param(init.Constant(1.0), (1,))
    layer.params[a].remove("trainable")
    assert layer.get_params(trainable=True) == []


def test_names_come_from_the_layer():
    nameless = Layer((2, 3))
    assert nameless.add_param(init.Constant(0.0), (1,), name="w").name == "w"
    assert nameless.add_param(init.Constant(0.0), (1,)).name is None
    assert Layer((2,), name="x").add_param(init.Constant(0.0), (1,)).name is None


def test_a_shared_parameter_keeps_its_name_and_identity(layer):
    a = layer.add_param(init.Constant(1.0), (2,), name="a")
    other = Layer((2, 3), name="other")
    assert other.add_param(a, (2,), name="b", regularizable=False) is a
    assert a.name == "l.a"
    assert other.params[a] == {"trainable"} != layer.params[a]


# -- errors and repr ----------------------------------------------------------


def test_shape_errors_tell_rule_change_and_layers_above():
    net = InputLayer((None, 1, 28, 28), name="in")
    net = layers.Conv2DLayer(net, 20, 5, name="conv1")
    net = layers.MaxPool2DLayer(net, 8, name="pool")
    with pytest.raises(ValueError) as caught:
        layers.Conv2DLayer(net, 4, 5, name="conv2")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("Conv2DLayer 'conv2': ")
    assert "more than the input (3, 3)" in lines[0]
    assert lines[0].endswith("The smallest changes that fit: filter_size=(3, 3), or pad=(1, 1)")
    assert [line.split() for line in lines[1:]] == [
        ["the", "layers", "above", "it:"],
        ["InputLayer", "in", "(None,", "1,", "28,", "28)"],
        ["Conv2DLayer", "conv1", "(None,", "20,", "24,", "24)"],
        ["MaxPool2DLayer", "pool", "(None,", "20,", "3,", "3)"],
    ]
    columns = [line.index("(") for line in lines[2:]]
    assert len(set(columns)) == 1


def test_long_tables_show_the_nearest_layers():
    net = InputLayer((None, 2))
    for i in range(20):
        net = layers.DenseLayer(net, 2, name=f"d{i}")
    with pytest.raises(ValueError) as caught:
        layers.FlattenLayer(net, 5)
    text = str(caught.value)
    assert "... 9 more" in text
    assert "d19" in text and "d8" in text and "d7 " not in text


def test_a_free_floating_layer_has_nothing_above():
    with pytest.raises(ValueError) as caught:
        layers.Conv2DLayer((None, 1, 4, 4), 4, 5)
    assert "above" not in str(caught.value)


def test_errors_of_a_merge_show_all_branches():
    a, b = InputLayer((2, 3), name="left"), InputLayer((2, 3), name="right")
    error = Sum([a, b], name="s")._fail("rule", "Change")
    assert str(error).splitlines()[0] == "Sum 's': rule. Change"
    assert "left" in str(error) and "right" in str(error)


def test_repr_says_the_settings():
    assert repr(Layer((2, 3))) == "Layer()"
    assert repr(InputLayer((None, 2), name="x")) == "InputLayer(shape=(None, 2), name='x')"
    net = layers.Conv2DLayer((2, 4, 9, 9), 6, 3, stride=2, pad="same", num_groups=2, name="c")
    assert repr(net) == (
        "Conv2DLayer(num_filters=6, filter_size=(3, 3), stride=(2, 2), pad=same, num_groups=2, "
        "nonlinearity=rectify, name='c')"
    )
    dense = layers.DenseLayer((2, 4), 6, nonlinearity=mt.nonlinearities.LeakyRectify(0.1))
    assert repr(dense) == "DenseLayer(num_units=6, nonlinearity=LeakyRectify(leakiness=0.1))"
    assert repr(layers.DenseLayer((2, 4), 6, nonlinearity=None, num_leading_axes=-1)) == (
        "DenseLayer(num_units=6, nonlinearity=linear, num_leading_axes=-1)"
    )
    pool = layers.Pool2DLayer((2, 4, 9, 9), 3, stride=2, mode="sum")
    assert repr(pool) == "Pool2DLayer(pool_size=(3, 3), stride=(2, 2), mode=sum)"
    assert repr(layers.DropoutLayer((2, 3), rescale=False)) == "DropoutLayer(p=0.5, rescale=False)"
    assert repr(layers.GaussianNoiseLayer((2, 3))) == "GaussianNoiseLayer(sigma=0.1)"
    assert repr(layers.FlattenLayer((2, 3, 4))) == "FlattenLayer(outdim=2)"
    assert repr(layers.BatchNormLayer((2, 3))) == (
        "BatchNormLayer(axes=(0,), epsilon=0.0001, alpha=0.1)"
    )


# -- several inputs -----------------------------------------------------------


def test_merge_knows_its_inputs():
    a = InputLayer((None, 3))
    merged = Sum([a, (5, 3)], name="m")
    assert merged.input_layers == [a, None]
    assert merged.input_shapes == [(None, 3), (5, 3)]
    assert merged.output_shape == (None, 3)
    assert merged.sources() == [a, None]
    assert merged.get_params() == []


def test_merge_gets_a_list_of_inputs():
    a, b = InputLayer((None, 2)), InputLayer((None, 2))
    out = get_output(Sum([a, b]), {a: np.ones((3, 2)), b: 2 * np.ones((3, 2))})
    np.testing.assert_array_equal(out.numpy(), np.full((3, 2), 3.0))
