"""save and load: every kind of layer comes back as it was, and goes on as it would have."""

import re

import numpy as np
import pytest
from safetensors import safe_open

import minitorch as mt
from minitorch import init, io, layers, nonlinearities, updates
from minitorch.io import FileFormatError
from minitorch.models import build_lenet
from minitorch.parameter import ParamExpr


@pytest.fixture(autouse=True)
def _seed():
    mt.random.seed(3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def data(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def convnet():
    net = layers.InputLayer((None, 2, 8, 8), name="in")
    net = layers.Conv2DLayer(net, 3, (3, 2), pad=1, nonlinearity=nonlinearities.LeakyRectify(0.2))
    net = layers.batch_norm(layers.Conv2DLayer(net, 4, 3, name="c", untie_biases=True))
    net = layers.MaxPool2DLayer(net, 2, ignore_border=False)
    net = layers.dropout_channels(net, p=0.3)
    net = layers.GaussianNoiseLayer(layers.FlattenLayer(net), np.float64(0.2))
    return layers.DenseLayer(net, 5, b=None, nonlinearity=nonlinearities.softmax, name="out")


def tied():
    code = layers.DenseLayer(
        layers.InputLayer((None, 4)), 3, W=init.Orthogonal("relu"), nonlinearity=None, name="code"
    )
    shared = layers.DenseLayer(code, 3, W=np.eye(3), nonlinearity=nonlinearities.selu, name="s")
    again = layers.DenseLayer(shared, 3, W=shared.W, b=shared.b)
    return layers.DenseLayer(again, 4, W=code.W[:, ::-1].T, name="back")


def recurrent(kind):
    def make():
        l_in = layers.InputLayer((None, None, 3))
        below = layers.DenseLayer(l_in, 3, num_leading_axes=2)
        gate = {"updategate": layers.Gate(b=init.Constant(2.0), W_cell=None)}
        more = gate if kind is layers.GRULayer else {}
        return kind(below, 4, learn_init=True, grad_clipping=5, name="r", **more)

    return make


def custom():
    l_in = layers.InputLayer((None, 5, 3))
    net = layers.dropout(layers.DenseLayer(layers.InputLayer((None, 3)), 2))
    return layers.CustomRecurrentLayer(
        l_in,
        net,
        layers.DenseLayer(layers.InputLayer((None, 2)), 2, b=None),
        hid_init=np.ones((1, 2)),
    )


NETWORKS = {
    "convnet": (convnet, (3, 2, 8, 8)),
    "lenet": (build_lenet, (2, 1, 28, 28)),
    "tied": (tied, (3, 4)),
    "plain": (recurrent(layers.RecurrentLayer), (2, 5, 3)),
    "lstm": (recurrent(layers.LSTMLayer), (2, 5, 3)),
    "gru": (recurrent(layers.GRULayer), (2, 5, 3)),
    "custom": (custom, (2, 5, 3)),
}


def train(net, x, steps):
    losses = []
    for _ in range(steps):
        loss = (layers.get_output(net, x) ** 2).mean()
        updates.adam(loss, layers.get_all_params(net, trainable=True), 0.01).apply()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", NETWORKS)
def test_training_goes_on_bit_for_bit(name, path):
    make, shape = NETWORKS[name]
    net, x = make(), data(*shape)
    train(net, x, 2)
    io.save(net, path)
    drawn = mt.random.get_rng().normal()
    expected = train(net, x, 3)
    mt.random.seed(99)
    twin = io.load(path)
    assert mt.random.get_rng().normal() == drawn
    assert train(twin, x, 3) == expected
    for a, b in zip(layers.get_all_params(net), layers.get_all_params(twin), strict=True):
        assert a.name == b.name and a.requires_grad == b.requires_grad and a.dtype == b.dtype
        np.testing.assert_array_equal(a.get_value(), b.get_value())
    pairs = zip(layers.get_all_layers(net), layers.get_all_layers(twin), strict=True)
    for one, other in pairs:
        assert repr(one) == repr(other) and one.output_shape == other.output_shape
        assert list(one.params.values()) == list(other.params.values())


def test_shared_and_tied_weights_stay_so(path):
    io.save(tied(), path)
    back = io.load(path)
    again = back.input_layer
    assert again.W is again.input_layer.W and again.b is again.input_layer.b
    code = again.input_layer.input_layer
    code.W.set_value(np.arange(12.0).reshape(4, 3))
    np.testing.assert_array_equal(back.W.numpy(), code.W.numpy()[:, ::-1].T)
    assert len(layers.get_all_params(back)) == 5


@pytest.mark.parametrize("kind", [layers.RecurrentLayer, layers.LSTMLayer, layers.GRULayer])
def test_what_layers_make_inside_can_be_shared(kind, path):
    first = kind(layers.InputLayer((None, None, 3)), 3, name="a")
    plain = kind is layers.RecurrentLayer
    gate = "hidden_update" if kind is layers.GRULayer else "outgate"
    W = first.input_to_hidden.W if plain else getattr(first, f"W_in_to_{gate}")
    net = layers.DenseLayer(first, 3, W=W, num_leading_axes=2)
    io.save(net, path)
    twin = io.load(path)
    assert layers.count_params(twin) == layers.count_params(net)
    assert any(twin.W is p for p in twin.input_layer.get_params())
    x = data(2, 4, 3)
    np.testing.assert_array_equal(layers.get_output(twin, x), layers.get_output(net, x))


def test_several_outputs_and_several_saves(path, tmp_path):
    l_in = layers.InputLayer((None, 3), input_var=np.ones((1, 3)))
    a, b = layers.DenseLayer(l_in, 2), layers.DenseLayer(l_in, 4)
    io.save([a, b], path)
    one, other = io.load(path)
    assert one.input_layer is other.input_layer and one.input_layer.input_var is None
    second = io.save([one, other], tmp_path / "again.safetensors")
    assert [p.shape for p in layers.get_all_params(io.load(second))] == [(3, 2), (2,), (3, 4), (4,)]


def test_metadata_can_be_read_by_people(path):
    io.save(layers.DenseLayer(layers.InputLayer((None, 3), name="in"), 2, name="out"), path)
    with safe_open(path, framework="numpy") as file:
        text = file.metadata()["metadata"]
        assert sorted(file.keys()) == ["param/000.out.W", "param/001.out.b"]
    assert '"kind": "DenseLayer", "arguments": {"incoming": {"layer": 0}, "num_units": 2' in text
    assert '"nonlinearity": {"function": "rectify"}' in text
    assert "InputLayer  in    (None, 3)" in text


def test_the_generator_can_be_left_alone(path):
    io.save(convnet(), path)
    state = mt.random.get_state()
    io.load(path, restore_generator=False)
    assert mt.random.get_state() == state


# -- one's own layers -------------------------------------------------------------------


def double(x):
    return x * 2


class Odd(layers.Layer):
    """Takes about everything that a file can describe."""

    def __init__(self, incoming, *rest, things=(), function=None, **kwargs):
        super().__init__(incoming, **kwargs)
        self.things, self.function = things, function

    def get_output_for(self, input, **kwargs):
        return self.function(input)


class Plain:
    def __init__(self):
        self.value = (1, [2])


def test_own_layers_are_given_to_load(path):
    things = (
        [1, 2.5, None], slice(1, None, 2), {"k": (np.int64(3), float("inf"))}, Ellipsis,
        np.arange(3), mt.asarray([4.0]), Plain(), layers.InputLayer((2,), name="aside"),
        init.Normal, mt.exp, updates.Slot([7.0]),
    )  # fmt: skip
    net = Odd(layers.InputLayer((None, 3)), things=things, function=double, name="odd")
    io.save(net, path)
    twin = io.load(path, known=[Odd, Plain, double])
    a, b, c, d, e, f, g, h, i, j, k = twin.things
    assert (a, b, c, d) == things[:4] and i is init.Normal and j is mt.exp
    np.testing.assert_array_equal(e, [0, 1, 2])
    assert f.tolist() == [4] and k.tolist() == [7]
    assert g.value == (1, [2]) and h.name == "aside" and twin.function is double
    assert layers.get_output(twin, np.ones((1, 3))).tolist() == [[2, 2, 2]]
    with pytest.raises(FileFormatError, match=re.escape("load(path, known=[Odd])")):
        io.load(path, known=[Plain, double])
    with pytest.raises(FileFormatError, match=re.escape("it needs 'double', which is none of")):
        io.load(path, known=[Odd, Plain])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (lambda x: x, "a lambda has no name; define a function, and give it to load"),
        (object(), "a object is no layer, array, number or function"),
        (np.array(["a"]), "an array of <U1 is none of numbers"),
        (1j, "a complex is no layer"),
    ],
)
def test_what_a_file_cannot_describe(path, value, text):
    net = Odd(layers.InputLayer((None, 3)), function=value)
    with pytest.raises(TypeError, match=re.escape("was given function=") + ".*" + re.escape(text)):
        io.save(net, path)
    assert not path.exists()


def test_expressions_without_a_name(path):
    a = layers.DenseLayer(layers.InputLayer((None, 3)), 3)
    net = layers.DenseLayer(a, 3, W=ParamExpr(lambda w: w * 2, a.W))
    with pytest.raises(TypeError, match="a ParamExpr has no name in a file"):
        io.save(net, path)


def test_layers_made_with_a_star(path):
    with pytest.raises(TypeError, match="takes \\*rest, whose names are not known"):
        io.save(Odd(layers.InputLayer((None, 3)), 1, 2), path)


# -- files that are not what they should be ------------------------------------------------


def change(path, **changes):
    arrays, metadata = io.load_arrays(path)
    io.save_arrays(path, arrays, {**metadata, **changes})
    return metadata


def test_other_files(path):
    io.save_arrays(path, {"w": np.ones(2)}, {"step": 1})
    with pytest.raises(FileFormatError, match="expected a file of kind 'network-1', found None"):
        io.load(path)
    with pytest.raises(FileFormatError, match="there is no such file"):
        io.load(path.with_name("none"))


def record(kind, **arguments):
    return {"kind": kind, "arguments": arguments, "parameters": []}


def dense(units, **arguments):
    arguments = {"incoming": {"tuple": [None, 3]}, "num_units": units, **arguments}
    return {"kind": "DenseLayer", "arguments": arguments, "parameters": [0, 1]}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"layers": [record("rectify")]}, "'rectify' is no kind of layer"),
        ({"layers": [record("os.system", command="true")]}, "it needs 'os.system'"),
        ({"layers": [record("InputLayer", shape={"eval": "1"})]}, "cannot be made again"),
        (
            {"layers": [record("InputLayer", shape={"object": "DenseLayer", "attributes": {}})]},
            "'DenseLayer' is no class of plain objects",
        ),
        (
            {"layers": [record("InputLayer", shape={"view of": {"parameter": 0},
                                                    "by": [["exp", {"dict": []}]]})]},
            "'exp' is no op that gives a view",
        ),
        ({"layers": [record("InputLayer", shape={"op": "nothing"})]}, "no op named 'nothing'"),
        ({"layers": []}, "cannot be made again"),
        ({"parameters": []}, "cannot be made again"),
        ({"outputs": 0}, "the layers have parameters of shape [], the file [(3, 2), (2,)]"),
        (
            {"layers": [dense(5)], "outputs": 0},
            "a layer makes <Parameter W: (3, 5) float32> where the file has <Parameter W: (3, 2)",
        ),
        (
            {"layers": [dense(2), dense(2)], "outputs": 0},
            "where the file has <Parameter W: (3, 2) float32>, which another layer has already",
        ),
        ({"streams": {"0.rng": {}}}, "cannot be made again"),
        ({"generator": {"kind": "no"}}, "cannot be made again"),
    ],
)  # fmt: skip
def test_changed_files_are_refused_and_change_nothing(path, changes, text):
    io.save(layers.DenseLayer(layers.InputLayer((None, 3)), 2), path)
    change(path, **changes)
    state = mt.random.get_state()
    with pytest.raises(FileFormatError, match=re.escape(text)):
        io.load(path)
    assert mt.random.get_state() == state


def test_what_a_file_is_about(path):
    net = convnet()
    about = {"classes": ["a", "b"], "mean": [0.1, 1 / 3], "nested": {"none": None}}
    io.save(net, path, about)
    assert io.read_about(path) == about
    twin, found = io.load_with_about(path)
    assert found == about and twin.output_shape == net.output_shape
    io.save(net, path)
    assert io.read_about(path) == {}
    with pytest.raises(TypeError, match="JSON"):
        io.save(net, path, {"classes": {1, 2}})
    with pytest.raises(ValueError, match="JSON"):
        io.save(net, path, {"mean": float("nan")})
    assert io.read_about(path) == {}  # what was there has stayed


def test_an_optimiser_may_be_left_out(path):
    net = layers.DenseLayer(layers.InputLayer((None, 3)), 2)
    loss = layers.get_output(net, mt.asarray(data(4, 3))).sum()
    updates.adam(loss, layers.get_all_params(net)).apply()
    whole = io.save(net, path).stat().st_size
    assert io.save(net, path, optimiser=False).stat().st_size < whole
    twin = io.load(path)
    assert not updates.get_state(layers.get_all_params(twin))
    np.testing.assert_array_equal(twin.W.numpy(), net.W.detach().numpy())


def test_files_that_are_about_nothing(path):
    with pytest.raises(FileFormatError, match="there is no such file"):
        io.read_about(path)
    io.save_arrays(path, {"a": np.zeros(3)}, {"kind": "other"})
    with pytest.raises(FileFormatError, match="expected a file of kind 'network-1', found 'other'"):
        io.read_about(path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(FileFormatError, match="truncated or damaged"):
        io.read_about(path)
    path.write_bytes(io.arrays.safetensors_bytes({"a": np.zeros(3)}, {}))
    with pytest.raises(FileFormatError, match="expected a file of format 'minitorch-1'"):
        io.read_about(path)
