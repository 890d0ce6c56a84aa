"""lasagne.layers and its neighbours: names, parameters that record, layers of one's own."""

import importlib

import numpy as np
import pytest

import minitorch as mt
import minitorch.compat.lasagne as lasagne
import minitorch.compat.theano as theano
import minitorch.compat.theano.tensor as T
from minitorch import layers as core
from minitorch import objectives
from minitorch.compat.theano.sandbox.rng_mrg import MRG_RandomStreams
from tests.test_lasagne_names import ENTRIES

L = lasagne.layers
DATA = np.random.RandomState(0).randn(4, 5).astype(np.float32)


@pytest.mark.parametrize("entry", sorted({(m.split(".")[0], name) for m, name, _ in ENTRIES}))
def test_every_name_of_lasagne_is_here(entry):
    module = importlib.import_module(f"minitorch.compat.lasagne.{entry[0]}")
    assert hasattr(module, entry[1])


def network():
    mt.random.seed(1)
    net = L.InputLayer((None, 5), T.matrix("inputs"), name="in")
    net = L.batch_norm(L.DenseLayer(net, 6, name="hidden"))
    return L.DenseLayer(L.dropout(net, 0.5), 3, nonlinearity=lasagne.nonlinearities.softmax)


def test_classes_keep_their_kin():
    net = network()
    kinds = [type(one) for one in L.get_all_layers(net)]
    names = ["InputLayer", "DenseLayer", "BatchNormLayer", "NonlinearityLayer", "DropoutLayer"]
    assert [kind.__name__ for kind in kinds] == [*names, "DenseLayer"]
    assert all(issubclass(kind, L.Layer) for kind in kinds)
    assert issubclass(L.MaxPool2DLayer, L.Pool2DLayer) and issubclass(L.ConcatLayer, L.MergeLayer)
    assert isinstance(net, core.DenseLayer)


def test_parameters_make_expressions():
    net = network()
    penalty = T.sum(net.W**2)
    before = float(penalty.eval())
    net.W.set_value(net.W.get_value() * 2)
    assert float(penalty.eval()) == pytest.approx(4 * before)
    l2 = lasagne.regularization.regularize_layer_params(net, lasagne.regularization.l2)
    assert l2.eval() == penalty.eval()
    weighted = {net: 0.5}
    half = lasagne.regularization.regularize_layer_params_weighted(
        weighted, lasagne.regularization.l2
    )
    assert float(half.eval()) == pytest.approx(2 * before)


def test_deterministic_passes_and_one_mask_a_pass():
    net = network()
    x = L.get_all_layers(net)[0].input_var
    train = L.get_output(net)
    f = theano.function([x], [train, train * 1, L.get_output(net, deterministic=True)])
    first, same, fixed = f(DATA)
    again, _, fixed_again = f(DATA)
    assert np.array_equal(first, same) and not np.array_equal(first, again)
    assert fixed.shape == fixed_again.shape


def test_batch_norm_takes_in_a_batch_a_call():
    l_in = L.InputLayer((None, 5))
    bn = L.BatchNormLayer(l_in, alpha=0.5)
    theano.function([l_in.input_var], L.get_output(bn, deterministic=True))(DATA)
    assert not bn.mean.get_value().any()
    train = theano.function([l_in.input_var], L.get_output(bn))
    train(DATA)
    np.testing.assert_allclose(bn.mean.get_value(), DATA.mean(axis=0) / 2, rtol=1e-5)
    train(DATA)
    np.testing.assert_allclose(bn.mean.get_value(), DATA.mean(axis=0) * 0.75, rtol=1e-5)


def test_inputs_by_value_by_layer_and_of_several_layers():
    a, b = L.InputLayer((None, 5), name="a"), L.InputLayer((None, 5))
    both = L.ElemwiseSumLayer([a, b])
    assert a.input_var.name == "a.input" and b.input_var.name == "input"
    f = theano.function([a.input_var, b.input_var], L.get_output(both))
    assert np.array_equal(f(DATA, DATA), DATA * 2)
    given = theano.function([a.input_var], L.get_output(both, {b: DATA}))
    assert np.array_equal(given(DATA), DATA * 2)
    pruned = L.get_output(both, {a: T.zeros((4, 5)), b: theano.shared(DATA)})
    assert np.array_equal(pruned.eval(), DATA)
    out, middle = L.get_output([L.DenseLayer(a, 2), a])
    x, y = theano.function([a.input_var], [out, middle])(DATA)
    assert x.shape == (4, 2) and np.array_equal(y, DATA)
    with pytest.raises(TypeError, match="the dictionary's keys are layers"):
        L.get_output(both, {"a": DATA})
    with pytest.raises(ValueError, match="multiple input layers"):
        L.get_output(both, DATA).eval()


def test_input_layers_check_what_they_are_given():
    with pytest.raises(ValueError, match="shape has 2 dimensions, but variable has 4"):
        L.InputLayer((None, 5), T.tensor4())
    net = L.DenseLayer(L.InputLayer((None, 5), T.matrix("x")), 2)
    with pytest.raises(ValueError, match="the data have shape"):
        L.get_output(net).eval({net.input_layer.input_var: DATA[:, :3]})
    held = L.InputLayer((None, 5), theano.shared(DATA))
    assert np.array_equal(L.get_output(held).eval(), DATA)


def test_tied_weights_follow():
    l_in = L.InputLayer((None, 5))
    down = L.DenseLayer(l_in, 3, b=None, nonlinearity=None)
    up = L.DenseLayer(down, 5, W=down.W.T, b=None, nonlinearity=None)
    assert L.get_all_params(up) == [down.W]
    x = l_in.input_var
    loss = lasagne.objectives.squared_error(L.get_output(up), x).mean()
    step = theano.function([x], loss, updates=lasagne.updates.sgd(loss, [down.W], 0.1))
    for _ in range(2):
        W = down.W.get_value()
        assert step(DATA) == pytest.approx(((DATA @ W @ W.T - DATA) ** 2).mean(), rel=1e-4)
    with pytest.raises(TypeError, match="a parameter is an expression of shared variables"):
        L.DenseLayer(l_in, 5, W=T.matrix("W"))


class SampleLayer(L.MergeLayer):
    """A layer as scripts for Lasagne have them."""

    def __init__(self, mu, logsigma, **kwargs):
        super().__init__([mu, logsigma], **kwargs)
        self.rng = MRG_RandomStreams(1)
        self.shift = self.add_param(lasagne.init.Constant(1.0), (3,), name="shift")

    def get_output_shape_for(self, input_shapes):
        return input_shapes[0]

    def get_output_for(self, inputs, deterministic=False, **kwargs):
        mu, logsigma = inputs
        mu = mu + self.shift.dimshuffle("x", 0)
        if deterministic:
            return mu
        return mu + T.exp(logsigma) * self.rng.normal((mu.shape[0], 3))


def test_layers_of_ones_own_are_given_expressions():
    mt.random.seed(0)
    l_in = L.InputLayer((None, 5))
    mu, logsigma = L.DenseLayer(l_in, 3, nonlinearity=None), L.DenseLayer(l_in, 3)
    sample = SampleLayer(mu, logsigma, name="z")
    x, out = l_in.input_var, L.get_output(sample)
    params = L.get_all_params(sample, trainable=True)
    grads = theano.function([x], [out, *T.grad(out.sum(), params)])
    first, *found = grads(DATA)
    assert not np.array_equal(first, grads(DATA)[0])
    assert [g.shape for g in found] == [(5, 3), (3,), (5, 3), (3,), (3,)]
    assert found[-1].tolist() == [4, 4, 4]
    fixed = L.get_output(sample, deterministic=True).eval({x: DATA})
    np.testing.assert_allclose(fixed, DATA @ mu.W.get_value() + 1, rtol=1e-5)


class TwiceLayer(L.DenseLayer):
    def get_output_for(self, input, **kwargs):
        return super().get_output_for(input.flatten(2), **kwargs) * 2


def test_layers_of_ones_own_may_ask_their_base():
    l_in = L.InputLayer((None, 5))
    mine = TwiceLayer(l_in, 2, nonlinearity=None)
    out = L.get_output(mine).eval({l_in.input_var: DATA})
    np.testing.assert_allclose(out, 2 * DATA @ mine.W.get_value(), rtol=1e-5)


def test_expression_layers_and_nonlinearities_of_ones_own():
    l_in = L.InputLayer((None, 5))
    turned = L.ExpressionLayer(l_in, lambda x: x.dimshuffle(1, 0), output_shape="auto")
    assert turned.output_shape == (5, None)
    bent = L.NonlinearityLayer(l_in, lambda a: T.nnet.relu(a + 1) - 1)
    x, y = L.get_output([turned, bent])
    f = theano.function([l_in.input_var], [x, y])
    assert np.array_equal(f(DATA)[0], DATA.T)
    np.testing.assert_allclose(f(DATA)[1], np.maximum(DATA, -1), rtol=1e-6)


class LengthsLayer(L.Layer):
    lengths = (1, 2)  # a name that ReshapeLayer uses for itself

    def get_output_for(self, input, **kwargs):
        return input * 2


def test_reshaping_by_lengths_that_are_expressions():
    l_in = L.InputLayer((None, None, 5))
    batch, time, _ = l_in.input_var.shape
    rows = L.DenseLayer(L.ReshapeLayer(LengthsLayer(l_in), (-1, 5)), 2)
    out = L.ReshapeLayer(rows, (batch, time, 2))
    assert out.output_shape == (None, None, 2)
    f = theano.function([l_in.input_var], L.get_output(out))
    for shape in [(2, 3, 5), (4, 1, 5)]:
        assert f(np.ones(shape, np.float32)).shape == (*shape[:2], 2)


def test_modules_within_layers():
    from minitorch.compat.lasagne.layers import base, corrmm, cuda_convnet, dnn, helper

    assert helper.get_output is L.get_output and base.MergeLayer is L.MergeLayer
    l_in = L.InputLayer((None, 1, 5, 5))
    kinds = [dnn.Conv2DDNNLayer, corrmm.Conv2DMMLayer, cuda_convnet.Conv2DCCLayer]
    made = [kind(l_in, 16, 3) for kind in kinds]
    assert all(isinstance(one, L.Layer) for one in made)
    assert isinstance((made[0].W * 2), theano.Variable)
    normed = dnn.batch_norm_dnn(made[0])
    assert isinstance(normed, L.NonlinearityLayer) and isinstance(normed.input_layer, L.Layer)


def test_the_core_computes_with_these_layers_too():
    net = network()
    out = core.get_output(net, DATA, deterministic=True)
    wanted = L.get_output(net, DATA, deterministic=True).eval()
    assert np.array_equal(out.numpy(), wanted)


def test_objectives_record_and_are_exact():
    z, t = T.matrix("z"), T.ivector("t")
    loss = lasagne.objectives.categorical_crossentropy(lasagne.nonlinearities.softmax(z), t)
    f = theano.function([z, t], [loss.mean(), T.grad(loss.sum(), z)])
    value, slope = f([[200.0, 0.0]], [1])
    assert value == 200 and slope.tolist() == [[1, -1]]
    p, q = T.matrix(), T.vector()
    column, row = lasagne.objectives.align_targets(p, q)
    shapes = theano.function([p, q], [column, row])(DATA[:, :1], DATA[:, 0])
    assert [one.shape for one in shapes] == [(4, 1), (4, 1)]
    hits = lasagne.objectives.categorical_accuracy(p, t).eval({p: DATA, t: [0, 1, 2, 3]})
    wanted = objectives.categorical_accuracy(mt.asarray(DATA), [0, 1, 2, 3])
    assert np.array_equal(hits, wanted.numpy())


def test_utils():
    net = network()
    out = L.get_output(net)
    assert lasagne.utils.collect_shared_vars(out) == L.get_all_params(net)
    assert lasagne.utils.one_hot(T.ivector("i"), 3).eval is not None
    empty = lasagne.utils.shared_empty(3)
    empty.set_value(np.zeros((2, 3, 4), np.float32))
    assert empty.get_value().shape == (2, 3, 4)
    made = lasagne.utils.create_param(lasagne.init.Constant(2), (2,), "p")
    assert (made * 2).eval().tolist() == [4, 4]
    assert lasagne.utils.as_theano_expression(3.0).eval() == 3


def test_values_are_saved_and_set():
    one, other = network(), network()
    other.W.set_value(other.W.get_value() + 1)
    L.set_all_param_values(other, L.get_all_param_values(one))
    assert np.array_equal(one.W.get_value(), other.W.get_value())
    assert L.count_params(one) == 5 * 6 + 4 * 6 + 6 * 3 + 3
