"""A checkup says what is wrong with broken trainings, once, and nothing about healthy ones."""

import ast
import json
import math
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch import init, layers, objectives, updates
from minitorch import nonlinearities as nl
from minitorch.data import Batches, Standardiser, toy_digits
from minitorch.models import build, build_lenet, build_mlp, freeze
from minitorch.training import Checkup, diagnose

RAW = toy_digits(600, size=16)
X, Y = Standardiser.fit(RAW.x).apply(RAW.x), RAW.y
SHAPE = X.shape[1:]
mlp = partial(build_mlp, (32,), input_shape=SHAPE)


def stack(depth, width, nonlinearity, W=None, bias=0.0):
    net = layers.InputLayer((None, *SHAPE), name="in")
    W = init.GlorotUniform() if W is None else W
    for number in range(1, depth + 1):
        net = layers.DenseLayer(net, width, W, init.Constant(bias), nonlinearity, name=f"d{number}")
    return layers.DenseLayer(net, 10, W, nonlinearity=nl.softmax, name="out")


RULES = {
    "nesterov": partial(updates.nesterov_momentum, momentum=0.9),
    "sgd": updates.sgd,
    "adam": updates.adam,
}


def train(
    network, x=X, y=Y, rate=0.05, steps=310, batch=50, rule="nesterov", classes=10, checkup=None
):
    """Everything that a checkup says in a training, by kind."""
    checkup = Checkup(network, classes) if checkup is None else checkup
    params = layers.get_all_params(network, trainable=True)
    batches, found, step = Batches(x, y, batch), list(checkup.data(x, y)), 0
    with np.errstate(all="ignore"):
        while step < steps:
            for bx, by in batches:
                step += 1
                if step > steps:
                    break
                if checkup.due(step, len(batches)):
                    found += checkup.probe(bx, by, step, None if rule == "adam" else rate)
                p = layers.get_output(network, bx)
                loss = objectives.categorical_crossentropy(p, by).mean()
                RULES[rule](mt.grad(loss, params), params, rate).apply()
                found += checkup.watch(step, loss.item(), p.numpy(), by)
                if not math.isfinite(loss.item()):
                    step = steps
    layerwise = ("dead_relus", "dying_relus", "saturated", "same_units")
    said = [(f.kind, f.layer if f.kind in layerwise else "") for f in found]
    assert len(set(said)) == len(said)
    return {f.kind: f for f in found}


@pytest.fixture(autouse=True)
def seed():
    mt.random.seed(0)


# -- broken trainings -------------------------------------------------------


def test_a_learning_rate_a_thousand_times_too_high():
    found = train(mlp(), rate=50.0, steps=20)
    assert list(found) == ["learning_rate_high", "loss_rising", "not_finite"]
    assert found["learning_rate_high"].step == 1 and found["loss_rising"].step == 10
    assert "Lower the learning rate, which is 50." in found["learning_rate_high"].message


def test_a_learning_rate_that_lets_the_loss_rise_again():
    # Each step is small enough at first, the training blows up all the same.
    found = train(mlp(), rate=1.0, steps=110)
    assert "loss_rising" in found and "learning_rate_low" not in found


def test_a_loss_that_rises_against_its_best():
    checkup = Checkup(mlp(), 10)
    found = []
    for step in range(1, 401):
        loss = 2.3 if step < 100 else 0.5 if step < 300 else 1.6
        found += checkup.watch(step, loss + 0.2 * (step % 2), Y[:50], Y[:50])
    assert [(f.kind, f.step) for f in found] == [("loss_rising", 400)]
    assert "last 100 steps is 1.7, that of the best ones was 0.6" in found[0].message


def test_a_learning_rate_that_is_far_too_low():
    found = train(mlp(), rate=1e-8)
    assert list(found) == ["learning_rate_low", "chance_level"]
    assert found["learning_rate_low"].step == 100 and found["chance_level"].step == 300


def test_the_end_of_a_schedule_is_not_too_low():
    checkup = Checkup(mlp(), 10)
    assert checkup.probe(X, Y, 1, 0.05) == checkup.probe(X, Y, 200, 1e-12) == []


def test_inputs_a_thousand_times_too_large():
    found = train(mlp(), X * 1000, steps=2)
    assert list(found) == ["inputs_not_standardised", "first_loss", "exploding_gradients"]
    assert "standard deviation 1e+03" in found["inputs_not_standardised"].message
    assert "ln(classes) = 2.3" in found["first_loss"].message


def test_bytes():
    found = train(mlp(), RAW.x, steps=1)
    assert "are bytes from 0 to 255" in found["inputs_not_standardised"].message


def test_units_that_are_all_the_same():
    found = train(stack(2, 16, nl.tanh, init.Constant(0.01)), steps=1)
    assert list(found) == ["same_units"]
    assert found["same_units"].layer == "d1"
    assert found["same_units"].message.endswith("The same in 1 other layer: d2.")


def test_weights_of_zero():
    found = train(stack(2, 16, nl.rectify, init.Constant(0)))
    assert list(found)[:2] == ["same_units", "dead_relus"]
    assert list(found)[2:] == ["constant_prediction", "loss_at_chance", "chance_level"]
    assert "ln(10) = 2.303" in found["loss_at_chance"].message


def test_dead_rectifiers():
    found = train(stack(1, 16, nl.rectify, bias=-10), steps=105)
    assert list(found) == ["dead_relus", "constant_prediction"]
    assert "In layer d1 all 16 rectified units are 0" in found["dead_relus"].message


@pytest.mark.parametrize("bias", [-10.0, -8.0])
def test_dead_rectifiers_with_an_upper_end(bias):
    found = train(stack(1, 16, nl.relu6, bias=bias), steps=1)
    assert list(found) == ["dead_relus"]


def test_rectifiers_that_die_are_said_again_when_all_are_dead():
    network = stack(1, 16, nl.rectify)
    checkup, b = Checkup(network, 10), layers.get_all_layers(network)[1].b
    b.set_value([-20.0] * 11 + [0.0] * 5)
    (first,) = checkup.probe(X, Y, 10)
    assert first.kind == "dying_relus" and "11 of 16" in first.message
    assert checkup.probe(X, Y, 11) == []
    b.set_value([-20.0] * 16)
    assert [f.kind for f in checkup.probe(X, Y, 12)] == ["dead_relus"]
    b.set_value([-20.0] * 11 + [0.0] * 5)
    assert checkup.probe(X, Y, 13) == []


def test_dead_channels_of_a_convolution():
    net = layers.Conv2DLayer(
        layers.InputLayer((None, *SHAPE)), 5, 3, b=init.Constant(-30), name="conv"
    )
    found = diagnose(layers.DenseLayer(net, 10, nonlinearity=nl.softmax), X, Y)
    assert [f.kind for f in found] == ["dead_relus"]
    assert "all 5 rectified units" in found[0].message


def test_saturated_tanh():
    found = train(stack(2, 16, nl.tanh, init.Normal(1.0)), rate=0.001, steps=1)
    assert found["saturated"].layer == "d1"
    assert "d2" in found["saturated"].message


def test_thirty_layers_of_sigmoids():
    found = train(stack(30, 16, nl.sigmoid), rate=0.1, steps=2)
    assert list(found) == ["vanishing_gradients"]
    assert found["vanishing_gradients"].layer == "d1"


def test_weights_so_small_that_nothing_comes_back():
    found = train(stack(20, 32, nl.rectify, init.HeNormal(0.3 * math.sqrt(2))), rate=0.01, steps=1)
    assert list(found) == ["vanishing_gradients"] and "float32 rounds" in str(found)


def test_weights_so_large_that_gradients_explode():
    found = train(stack(10, 32, nl.rectify, init.HeNormal(3 * math.sqrt(2))), rate=0.01, steps=1)
    assert list(found) == ["first_loss", "exploding_gradients"]


def test_labels_that_begin_at_one():
    found = diagnose(mlp(), X, Y + 1)
    assert [f.kind for f in found] == ["labels_off_by_one"]
    assert "run from 1 to 10; labels of 10 classes are 0 to 9" in found[0].message
    found = diagnose(mlp(num_classes=11), X, Y + 1)
    assert [f.kind for f in found] == ["labels_off_by_one"]
    assert "No label is 0 among 600" in found[0].message


@pytest.mark.parametrize("shift", [-1, 3, 100])
def test_labels_out_of_range(shift):
    assert [f.kind for f in diagnose(mlp(), X, Y + shift)] == ["labels_out_of_range"]


def test_labels_that_are_all_the_same():
    assert list(train(mlp(), y=np.zeros_like(Y))) == ["one_class"]


def test_labels_of_one_class_mostly():
    rare = np.where(np.random.default_rng(0).random(len(Y)) < 0.9, 3, Y)
    found = train(mlp(), y=rare, rate=0.01)
    assert list(found) == ["imbalance"]
    assert f"{(rare == 3).mean():.0%} of the labels are 3" in found["imbalance"].message


def test_labels_that_do_not_belong_to_the_inputs():
    noise = np.random.default_rng(0).normal(size=(20000, 8)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 10, 20000)
    network = build_mlp((8,), input_shape=(8,))
    found = train(network, noise, labels, rate=0.01)
    assert "chance_level" in found and found["chance_level"].step == 300
    assert set(found) <= {"chance_level", "loss_at_chance"}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_inputs_that_are_not_finite(bad):
    x = X.copy()
    x[5, 0, 3, 3] = bad
    found = diagnose(mlp(), x, Y)
    assert [f.kind for f in found] == ["inputs_not_finite"] and "1 of" in found[0].message


def test_inputs_that_are_the_same_everywhere():
    assert [f.kind for f in diagnose(mlp(), X * 0 + 1, Y)] == ["inputs_constant"]


def test_a_mean_that_hides_everything():
    (found,) = diagnose(mlp(), 0.2 * X + 2, Y)
    assert found.kind == "inputs_not_standardised" and "a mean of 3 std" in found.message


def test_one_channel_of_several():
    x = np.random.default_rng(0).normal(size=(100, 5)).astype(np.float32) * [1, 1, 40, 1, 1]
    found = Checkup(mlp(), 10).data(x, Y[:100])
    assert "Channel 2 of the inputs have" not in found[0].message
    assert "Channel 2 of the inputs has mean" in found[0].message


def test_inputs_that_are_next_to_nothing():
    (found,) = Checkup(mlp(), 10).data(X / 1000, Y)
    assert "less than a size of 0.1 is too little" in found.message


def test_a_parameter_that_is_not_finite():
    network = mlp()
    layers.get_all_layers(network)[1].W.set_value(np.full((256, 32), np.nan, np.float32))
    (found,) = diagnose(network, X, Y)
    assert found.kind == "not_finite" and "NaN first appeared in matmul" in found.message
    assert "in layer dense1" in found.message


def test_targets_of_a_regression():
    net = layers.DenseLayer(layers.InputLayer((None, 8)), 1, nonlinearity=None, name="out")
    x = np.random.default_rng(0).normal(size=(100, 8)).astype(np.float32)
    loss = lambda p, y: objectives.squared_error(p, y).mean()
    (found, *_) = diagnose(net, x, 1000 * x[:, :1], loss=loss)
    assert found.kind == "targets_not_standardised" and "undo(z)" in found.message
    assert diagnose(net, x, x[:, :1], loss=loss) == []


# -- healthy trainings ------------------------------------------------------


def batch_normed():
    net = layers.InputLayer((None, *SHAPE))
    for _ in range(3):
        net = layers.batch_norm(layers.DenseLayer(net, 32))
    return layers.DenseLayer(net, 10, nonlinearity=nl.softmax)


def zero_head():
    net = layers.DenseLayer(layers.InputLayer((None, *SHAPE)), 32)
    return layers.DenseLayer(net, 10, W=init.Constant(0), nonlinearity=nl.softmax)


HE = {"rate": 0.01, "steps": 110}
HEALTHY = {
    "mlp": (mlp, {}),
    "sgd": (mlp, {"rule": "sgd", "rate": 0.1}),
    "adam": (partial(build_mlp, (64, 64), input_shape=SHAPE), {"rule": "adam", "rate": 0.002}),
    "dropout": (partial(mlp, dropout=0.5), {}),
    "small batches": (mlp, {"batch": 5, "rate": 0.004, "steps": 450}),
    "pixels from 0 to 1": (mlp, {"x": RAW.x.astype(np.float32) / 255}),
    "sigmoids": (partial(stack, 2, 32, nl.sigmoid), {"rate": 0.1}),
    "tanh": (partial(stack, 8, 32, nl.tanh), {"rate": 0.02, "steps": 110}),
    "he": (partial(stack, 8, 64, nl.rectify, init.HeNormal(math.sqrt(2))), HE),
    "batch norm": (batch_normed, {}),
    "a head of zeros": (zero_head, {}),
    "lenet": (partial(build_lenet, input_shape=SHAPE), {"steps": 105}),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_said_about_healthy_trainings(name):
    make, settings = HEALTHY[name]
    assert train(make(), **settings) == {}


def test_nothing_is_said_about_a_residual_network():
    network = build("resnet20", num_classes=10, input_shape=(3, 16, 16))
    assert train(network, X.repeat(3, axis=1), rate=0.1, steps=14, batch=32) == {}


@pytest.mark.parametrize("kind", [layers.GRULayer, layers.LSTMLayer])
def test_nothing_is_said_about_a_recurrent_network(kind):
    x = np.random.default_rng(0).normal(size=(600, 8, 3)).astype(np.float32)
    y = np.digitize(x[:, :, 0].sum(axis=1), [-2, 0, 2])
    net = kind(layers.InputLayer((None, 8, 3)), 16, only_return_final=True)
    network = layers.DenseLayer(net, 4, nonlinearity=nl.softmax)
    assert train(network, x, y, classes=4, steps=110) == {}


def test_words_are_not_to_be_standardised():
    words = np.random.default_rng(0).integers(0, 50, (200, 6))
    net = layers.EmbeddingLayer(layers.InputLayer((None, 6)), 50, 8)
    network = layers.DenseLayer(net, 2, nonlinearity=nl.softmax)
    assert diagnose(network, words, (words[:, 0] > 25).astype(int)) == []


def test_scores_without_a_softmax():
    net = layers.DenseLayer(layers.InputLayer((None, *SHAPE)), 10, nonlinearity=None)
    assert diagnose(net, X, Y) == []
    assert [f.kind for f in diagnose(net, X * 1000, Y)][1] == "first_loss"


def test_a_few_examples_do_not_make_units_dead():
    assert Checkup(mlp(), 10).probe(X[:1], Y[:1], 1) == []


def test_infinities_that_do_not_reach_the_loss_are_meant():
    net = layers.DenseLayer(layers.InputLayer((None, *SHAPE)), 32, name="d")
    masked = lambda x: mt.exp(mt.where(x > 0, -x, -math.inf))  # a mask, as attention has it
    net = layers.ExpressionLayer(net, masked)
    assert diagnose(layers.DenseLayer(net, 10, nonlinearity=nl.softmax), X, Y) == []


def test_where_it_is_called_does_not_matter():
    network = stack(1, 16, nl.rectify, bias=-10.0)
    with mt.no_grad(), mt.scope("mine"):
        assert [f.kind for f in diagnose(network, X, Y)] == ["dead_relus"]


def test_a_frozen_network():
    network = mlp()
    freeze(layers.get_all_layers(network))
    assert diagnose(network, X, Y) == []


# -- what it leaves alone, and what it remembers ------------------------------


def test_a_probe_changes_nothing():
    net = layers.batch_norm(layers.DenseLayer(layers.InputLayer((None, *SHAPE)), 16))
    net = layers.DropoutLayer(layers.GaussianNoiseLayer(net))
    network = layers.DenseLayer(net, 10, nonlinearity=nl.softmax)
    checkup = Checkup(network, 10)

    def state():
        values = [v.tobytes() for v in layers.get_all_param_values(network)]
        grads = [p.grad for p in layers.get_all_params(network)]
        noise = layers.get_all_random_states(network)
        return values, grads, noise, mt.random.get_state()

    before = state()
    checkup.data(X, Y)
    checkup.probe(X, Y, 1, 0.1)
    assert state() == before
    expected = [layers.get_output(network, X[:8]).numpy() for _ in range(2)][1]
    layers.set_all_random_states(network, before[2])
    layers.get_output(network, X[:8])
    checkup.probe(X, Y, 2)
    assert (layers.get_output(network, X[:8]).numpy() == expected).all()


class Counting(layers.Layer):
    """A layer of one's own whose average knows no keyword."""

    def __init__(self, incoming):
        super().__init__(incoming)
        self.count = self.add_param(init.Constant(0), (1,), "count", trainable=False)

    def get_output_for(self, input, **kwargs):
        self.count[...] = self.count + 1
        return input


def test_a_probe_sets_averages_of_ones_own_layers_back():
    network = layers.DenseLayer(
        Counting(layers.InputLayer((None, *SHAPE))), 10, nonlinearity=nl.softmax
    )
    Checkup(network, 10).probe(X, Y, 1)
    assert layers.get_all_layers(network)[1].count.tolist() == [0]


def test_a_run_that_is_left_and_taken_up_again_says_the_same():
    def steps(checkup, first, last):
        rng = np.random.default_rng(first)
        found = []
        for step in range(first, last):
            found += checkup.watch(
                step, 2.29 + 0.03 * rng.random(), rng.integers(0, 10, 20), Y[:20]
            )
        return found

    whole, before, after = (Checkup(mlp(), 10) for _ in range(3))
    expected = [*steps(whole, 1, 170), *steps(whole, 170, 640)]
    found = steps(before, 1, 170)
    after.restore(json.loads(json.dumps(before.state())))
    found += steps(after, 170, 640)
    assert found == expected and {f.kind for f in found} == {"chance_level", "loss_at_chance"}
    assert after.state() == whole.state()
    again = Checkup(mlp(), 10)
    again.restore(whole.state())
    assert steps(again, 640, 1300) == []


def test_when_it_probes():
    checkup = Checkup(mlp(), 10)
    assert [s for s in range(1, 300) if checkup.due(s, 60)] == [1, 10, 100, 121, 241]
    assert [s for s in range(1, 300) if checkup.due(s, 1)] == [1, 10, 100, 101, 201]
    assert [s for s in range(1, 999) if checkup.due(s, 450)] == [1, 10, 100, 451, 901]


@pytest.mark.parametrize("classes", [None, 1, 0])
def test_wrong_settings(classes):
    with pytest.raises(ValueError, match="Checkup: "):
        Checkup(mlp(), classes)


def test_the_page_has_every_kind():
    root = Path(__file__).parents[2]
    page = (root / "docs" / "checkup.md").read_text(encoding="utf-8")
    kinds = {"labels_out_of_range", "targets_not_standardised"}  # names that are computed
    for path in (root / "minitorch" / "training").glob("checkup*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                names = [n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)]
                kinds.update(names)
    assert set(re.findall(r"^### `(.*)`$", page, re.M)) == kinds and len(kinds) == 22
