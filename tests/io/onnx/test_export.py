"""Networks as ONNX files: every layer, the models, there and back; onnxruntime is the oracle."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, nonlinearities
from minitorch.io import load_onnx, save_onnx
from minitorch.io.onnx import UnsupportedOperatorError
from minitorch.layers import InputLayer, get_output
from minitorch.models import MODELS, build

pytestmark = pytest.mark.dev
onnx = pytest.importorskip("onnx", reason="the package onnx, which writes the files, is not here")


def filled(network, seed=0):
    """Every parameter random, so that none could be left out unseen."""
    rng = np.random.default_rng(seed)
    for layer in layers.get_all_layers(network):
        for p in layer.get_params():
            if p is getattr(layer, "inv_std", None):
                p.set_value(rng.random(p.shape) + 0.5)
            elif p.ndim > 1:
                p.set_value(rng.normal(size=p.shape) * (2 / np.prod(p.shape[1:])) ** 0.5)
            else:
                p.set_value(rng.normal(size=p.shape) * 0.3 + (p is getattr(layer, "gamma", None)))
    return network


def check(network, path, *inputs, atol=1e-5):
    """What the file computes is what the network does: here, and in onnxruntime."""
    save_onnx(network, path)
    holders = [one for one in layers.get_all_layers(network) if isinstance(one, InputLayer)]
    with mt.no_grad():
        expected = get_output(network, dict(zip(holders, inputs, strict=True)), deterministic=True)
        found = load_onnx(path)(*inputs)
    single = isinstance(network, layers.Layer)
    pairs = [(found, expected)] if single else list(zip(found, expected, strict=True))
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=atol)
    runtime = pytest.importorskip("onnxruntime", reason="the oracle, onnxruntime, is not here")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    given = session.run(None, dict(zip(names, inputs, strict=True)))
    for array, (_, theirs) in zip(given, pairs, strict=True):
        np.testing.assert_allclose(array, theirs.numpy(), rtol=1e-5, atol=atol)


def image(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def stacked(shape, *makers):
    net = InputLayer(shape)
    for make in makers:
        net = make(net)
    return net


L = layers
PLAIN = {"nonlinearity": None}
# Input shapes, and what is put on the input.
LAYERS = {
    "dense of an image": ((None, 2, 3, 3), lambda x: L.DenseLayer(x, 4)),
    "dense without bias": ((None, 5), lambda x: L.DenseLayer(x, 4, b=None)),
    "dense of two axes": ((None, 3, 2, 4), lambda x: L.DenseLayer(x, 4, num_leading_axes=2)),
    "dense of the last axis": ((None, 3, 4), lambda x: L.DenseLayer(x, 4, num_leading_axes=-1)),
    "nin": ((None, 3, 4, 4), lambda x: L.NINLayer(x, 5)),
    "nin of features": ((None, 3), lambda x: L.NINLayer(x, 5)),
    "nin, biases untied": ((None, 3, 4, 4), lambda x: L.NINLayer(x, 5, untie_biases=True)),
    "conv1d": ((None, 2, 9), lambda x: L.Conv1DLayer(x, 3, 3, stride=2, pad=1)),
    "conv2d": ((None, 4, 7, 6), lambda x: L.Conv2DLayer(x, 6, (3, 2), num_groups=2, pad="full")),
    "conv2d not turned": ((None, 2, 7, 7), lambda x: L.Conv2DLayer(x, 3, 3, pad="same",
                                                                   flip_filters=False)),
    "conv2d, biases untied": ((None, 2, 5, 5), lambda x: L.Conv2DLayer(x, 3, 3,
                                                                       untie_biases=True)),
    "conv3d": ((None, 2, 5, 5, 5), lambda x: L.Conv3DLayer(x, 3, 3)),
    "transposed": ((None, 3, 4, 5), lambda x: L.TransposedConv2DLayer(x, 2, 3, stride=2, crop=1)),
    "transposed to a size": ((None, 3, 4, 4), lambda x: L.TransposedConv2DLayer(
        x, 2, 3, stride=2, crop=1, output_size=8, flip_filters=True)),
    "dilated": ((None, 3, 9, 9), lambda x: L.DilatedConv2DLayer(x, 2, 3, dilation=(2, 1))),
    "max pool": ((None, 2, 7, 8), lambda x: L.MaxPool2DLayer(x, 3, stride=2, pad=1)),
    "max pool over the border": ((None, 2, 8, 8), lambda x: L.MaxPool2DLayer(
        x, 3, stride=2, ignore_border=False)),
    "max pool 1d": ((None, 2, 8), lambda x: L.MaxPool1DLayer(x, 2)),
    "mean with padding": ((None, 2, 6, 6), lambda x: L.Pool2DLayer(
        x, 3, stride=2, pad=1, mode="average_inc_pad")),
    "mean without padding": ((None, 2, 6, 6), lambda x: L.Pool2DLayer(
        x, 3, stride=2, pad=1, mode="average_exc_pad")),
    "sum": ((None, 2, 6, 6), lambda x: L.Pool2DLayer(x, 2, mode="sum")),
    "global mean": ((None, 2, 6, 5), L.GlobalPoolLayer),
    "global max": ((None, 2, 6), lambda x: L.GlobalPoolLayer(x, mt.max)),
    "global sum": ((None, 2, 6, 5), lambda x: L.GlobalPoolLayer(x, mt.sum)),
    "maxout": ((None, 6, 3, 2), lambda x: L.FeaturePoolLayer(x, 3)),
    "upscale": ((None, 2, 3, 2), lambda x: L.Upscale2DLayer(x, (2, 3))),
    "resize": ((None, 2, 9, 7), lambda x: L.ResizeLayer(
        L.MaxPool2DLayer(x, 4, ignore_border=False), x)),
    "conditional norm": ((None, 2, 3, 2), lambda x: L.ConditionalInstanceNormLayer(
        x, L.DenseLayer(x, 4))),
    "batch norm": ((None, 3, 4, 4), lambda x: L.BatchNormLayer(x, epsilon=1e-3)),
    "batch norm of features": ((None, 3), lambda x: L.BatchNormLayer(x, beta=None, gamma=None)),
    "batch norm of one axis": ((None, 3, 4), lambda x: L.BatchNormLayer(x, axes=0)),
    "response norm": ((None, 7, 3, 3), L.LocalResponseNormalization2DLayer),
    "standardization": ((None, 3, 4, 4), L.StandardizationLayer),
    "instance norm": ((None, 3, 4, 4), lambda x: L.instance_norm(L.Conv2DLayer(x, 2, 3))),
    "layer norm": ((None, 6), lambda x: L.layer_norm(L.DenseLayer(x, 4))),
    "bias and scale": ((None, 3, 4), lambda x: L.BiasLayer(L.ScaleLayer(x), shared_axes=0)),
    "prelu": ((None, 3, 4, 4), L.ParametricRectifierLayer),
    "rrelu": ((None, 3), L.RandomizedRectifierLayer),
    "dropout": ((None, 3), lambda x: L.GaussianNoiseLayer(L.dropout(x))),
    "flatten": ((None, 2, 3, 4), lambda x: L.FlattenLayer(x, outdim=3)),
    "reshape": ((None, 2, 3, 4), lambda x: L.ReshapeLayer(x, ([0], -1, [2]))),
    "dimshuffle": ((None, 1, 3, 4), lambda x: L.DimshuffleLayer(x, (0, 3, "x", 2))),
    "pad": ((None, 2, 3, 4), lambda x: L.PadLayer(x, [(1, 2), 1], val=0.5)),
    "pad by reflection": ((None, 2, 4, None), lambda x: L.PadLayer(x, [(1, 2), 1], mode="reflect")),
    "pad by the edge": ((None, 2, 3, 4), lambda x: L.PadLayer(x, 2, mode="edge")),
    "slice": ((None, 5, 6), lambda x: L.SliceLayer(x, slice(None, None, -2), axis=1)),
    "slice behind": ((None, 5, 6), lambda x: L.SliceLayer(x, slice(1, -1), axis=-1)),
    "one of an axis": ((None, 5, 6), lambda x: L.SliceLayer(x, -2, axis=1)),
    "concat": ((None, 2, 4), lambda x: L.ConcatLayer([x, L.DenseLayer(
        x, 4, num_leading_axes=-1), x])),
    "weighted sum": ((None, 2), lambda x: L.ElemwiseSumLayer([x, x], coeffs=[2, -0.5])),
    "product": ((None, 2), lambda x: L.ElemwiseMergeLayer([x, x, x], mt.multiply)),
}  # fmt: skip


@pytest.mark.parametrize("case", LAYERS)
def test_layers(tmp_path, case):
    shape, make = LAYERS[case]
    network = filled(make(InputLayer(shape)))
    check(network, tmp_path / "m.onnx", image(*(2 if n is None else n for n in shape)))


@pytest.mark.parametrize(
    "function",
    [
        nonlinearities.sigmoid, nonlinearities.softmax, nonlinearities.tanh,
        nonlinearities.ScaledTanH(0.5, 1.7), nonlinearities.rectify,
        nonlinearities.LeakyRectify(0.2), nonlinearities.very_leaky_rectify, nonlinearities.elu,
        nonlinearities.selu, nonlinearities.softplus, nonlinearities.linear, nonlinearities.relu6,
    ],
    ids=lambda f: getattr(f, "__name__", type(f).__name__),
)  # fmt: skip
def test_nonlinearities(tmp_path, function):
    network = filled(L.DenseLayer(InputLayer((None, 3)), 4, nonlinearity=function))
    check(network, tmp_path / "m.onnx", 5 * image(3, 3))


def test_embedding_takes_indices(tmp_path):
    data = np.array([[1, 4], [0, 2]])
    network = filled(L.EmbeddingLayer(InputLayer((None, 2), input_var=data), 5, 3))
    check(network, tmp_path / "m.onnx", data)


def test_several_inputs_outputs_and_shared_weights(tmp_path):
    a, b = InputLayer((None, 3), name="a"), InputLayer((None, 3), name="b")
    left = L.DenseLayer(a, 4, name="left")
    right = L.DenseLayer(b, 4, W=left.W, b=left.b, name="right")
    heads = [L.ElemwiseSumLayer([left, right], name="sum"), right]
    check(filled(heads), tmp_path / "m.onnx", image(2, 3), image(2, 3, seed=2))
    net = load_onnx(tmp_path / "m.onnx")
    assert list(net.inputs) == ["a", "b"] and list(net.params) == ["left.W", "left.b"]
    assert net.outputs[0] == "sum" and net.inputs["a"] == (None, 3)


def test_averages_of_any_size_come_through(tmp_path):
    network = L.BatchNormLayer(InputLayer((None, 2)), epsilon=1e-2)
    network.inv_std.set_value([20.0, 1e-4])  # beyond 1 / sqrt(epsilon)
    check(network, tmp_path / "m.onnx", image(3, 2), atol=1e-3)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda x, **s: L.LSTMLayer(x, 4, **s),
        lambda x, **s: L.LSTMLayer(x, 4, peepholes=False, nonlinearity=nonlinearities.rectify, **s),
        lambda x, **s: L.GRULayer(x, 4, **s),
        lambda x, **s: L.RecurrentLayer(x, 4, **s),
        lambda x, **s: L.RecurrentLayer(
            x, 4, b=None, nonlinearity=nonlinearities.tanh,
            hid_init=L.InputLayer((None, 4)), **s),
    ],
    ids=["lstm", "lstm without peepholes", "gru", "rnn", "rnn from a state"],
)  # fmt: skip
def test_recurrent_layers(tmp_path, make, final, backwards):
    network = make(
        InputLayer((None, None, 3, 2)), only_return_final=final, backwards=backwards, name="r"
    )
    several = sum(isinstance(one, InputLayer) for one in layers.get_all_layers(network)) > 1
    states = [image(2, 4, seed=3)] if several else []
    check(filled(network), tmp_path / "m.onnx", image(2, 5, 3, 2), *states)


def test_recurrent_layers_that_onnx_has_not(tmp_path):
    x = InputLayer((None, 5, 3))
    masked = L.GRULayer(x, 4, mask_input=InputLayer((None, 5)))
    gate = L.Gate(nonlinearity=nonlinearities.rectify)
    mixed = L.LSTMLayer(x, 4, ingate=gate)
    for network, message in (
        (masked, "a mask; ONNX has lengths of sequences instead"),
        (mixed, "its gates have different functions"),
        (L.RecurrentLayer(x, 4, nonlinearity=nonlinearities.elu), "is none of"),
    ):
        with pytest.raises(NotImplementedError, match=message):
            save_onnx(network, tmp_path / "m.onnx")


def test_borders_that_onnx_has_not(tmp_path):
    for mode in ("symmetric", "wrap"):
        with pytest.raises(NotImplementedError, match=f"mode='{mode}'"):
            save_onnx(L.PadLayer(InputLayer((1, 2, 3)), 1, mode=mode), tmp_path / "m.onnx")


# -- models ---------------------------------------------------------------------------------

SMALL = {"resnet18": {"width": 8}, "resnet50": {"width": 4}, "hed": {
    "width": 4, "input_shape": (3, 37, 50)}, "multistyle26": {"input_shape": (3, 21, 32)}} | {
    name: {"width": 4} for name in MODELS if name.startswith("vgg")
}  # fmt: skip
QUICK = ("mlp64", "lenet", "keras_cnn", "lenet5", "vgg11_lrn", "resnet18", "resnet20", "nin",
         "preresnet32", "squeezenet1_1", "efficientnet_lite0", "hed", "multistyle26")  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
        for name in MODELS
        if name not in ("resnet34", "resnet101", "resnet152", "resnet44", "resnet56", "resnet110")
    ],
)
def test_models(tmp_path, name):
    network = build(name, **SMALL.get(name, {}))
    every = layers.get_all_layers(network)
    inputs = [one for one in every if isinstance(one, InputLayer)]
    data = [image(2, *one.shape[1:]) for one in inputs]
    for layer in every:
        layer.alpha = 1.0 if isinstance(layer, L.BatchNormLayer) else getattr(layer, "alpha", 0)
    with mt.no_grad():  # averages that are the batch's keep values in range
        get_output(network, dict(zip(inputs, data, strict=True)))
    check(network, tmp_path / "m.onnx", *data)


# -- there and back ---------------------------------------------------------------------------


def test_an_imported_network_is_written_with_its_new_weights(tmp_path):
    network = filled(stacked((None, 2, 6, 6), lambda x: L.Conv2DLayer(x, 3, 3, name="conv"),
                             lambda x: L.BatchNormLayer(x, name="bn"),
                             lambda x: L.DenseLayer(x, 2, name="fc")))  # fmt: skip
    save_onnx(network, tmp_path / "a.onnx")
    net = load_onnx(tmp_path / "a.onnx")
    x = image(2, 2, 6, 6)
    loss = (net(x, training=True) ** 2).sum()
    mt.updates.sgd(loss, net.get_params(trainable=True), learning_rate=0.01).apply()
    save_onnx(net, tmp_path / "b.onnx")
    again = load_onnx(tmp_path / "b.onnx")
    np.testing.assert_array_equal(again(x).numpy(), net(x).numpy())
    assert not np.allclose(again(x).numpy(), load_onnx(tmp_path / "a.onnx")(x).numpy())
    assert list(again.params) == list(net.params)


def test_shapes_that_are_given(tmp_path):
    network = L.Conv2DLayer(InputLayer((None, 2, None, None), name="x"), 3, 3)
    save_onnx(network, tmp_path / "m.onnx")
    assert load_onnx(tmp_path / "m.onnx").inputs == {"x": (None, 2, None, None)}
    save_onnx(network, tmp_path / "m.onnx", (1, 2, 8, 8))
    assert load_onnx(tmp_path / "m.onnx").inputs == {"x": (1, 2, 8, 8)}
    for shape in ((1, 3, 8, 8), (1, 2, 8)):
        with pytest.raises(ValueError, match="does not take the shape"):
            save_onnx(network, tmp_path / "m.onnx", shape)
    two = L.ConcatLayer([InputLayer((None, 2)), InputLayer((None, 2))])
    with pytest.raises(ValueError, match="has 2 inputs; give input_shape as a mapping"):
        save_onnx(two, tmp_path / "m.onnx", (1, 2))


def test_what_cannot_be_written(tmp_path):
    net = L.ExpressionLayer(InputLayer((None, 4)), lambda x: x)
    net = L.InverseLayer(net, net)
    with pytest.raises(UnsupportedOperatorError, match="written: ExpressionLayer, InverseLayer;"):
        save_onnx(net, tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="no input layer; put an InputLayer under it"):
        save_onnx(L.DenseLayer((None, 3), 2), tmp_path / "m.onnx")
    net = L.DenseLayer(InputLayer((None, 3)), 2, nonlinearity=lambda x: x)
    with pytest.raises(NotImplementedError, match="the nonlinearity '<lambda>' has no operator"):
        save_onnx(net, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_words_about_a_file(tmp_path):
    network = L.DenseLayer(InputLayer((None, 3)), 2)
    save_onnx(network, tmp_path / "a.onnx", metadata={"classes": "['ä']", "b": "1"})
    found = load_onnx(tmp_path / "a.onnx")
    assert found.metadata == {"classes": "['ä']", "b": "1"}
    save_onnx(found, tmp_path / "b.onnx", metadata={"b": "2"})
    assert load_onnx(tmp_path / "b.onnx").metadata == {"classes": "['ä']", "b": "2"}
    save_onnx(network, tmp_path / "c.onnx")
    assert load_onnx(tmp_path / "c.onnx").metadata == {}
