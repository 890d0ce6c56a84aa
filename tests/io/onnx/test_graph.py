"""Imported graphs as networks: parameters, gradients, fine-tuning, what goes wrong."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import io, objectives, updates
from minitorch.io import FileFormatError, load_onnx
from minitorch.io.onnx import OPERATORS, UnsupportedOperatorError, operator

pytestmark = pytest.mark.dev
onnx = pytest.importorskip("onnx", reason="the package onnx, which reads the files, is not here")
helper = onnx.helper


def model(nodes, inputs, outputs, constants=(), version=17, domains=()):
    """A file of these nodes; a shape of None leaves a length open."""

    def info(name, shape):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        [helper.make_node(*node[:3], **(node[3] if len(node) > 3 else {})) for node in nodes],
        "graph",
        [info(*one) for one in inputs.items()],
        [info(one, None) for one in outputs],
        [onnx.numpy_helper.from_array(v, n) for n, v in dict(constants).items()],
    )
    sets = [helper.make_opsetid("", version), *[helper.make_opsetid(d, 1) for d in domains]]
    return helper.make_model(graph, opset_imports=sets)


@pytest.fixture
def classifier():
    """Convolution, normalisation, rectifier, means, a dense layer of constants that are nodes."""
    rng = np.random.default_rng(0)

    def some(*shape):
        return (rng.normal(size=shape) * 0.3).astype(np.float32)

    weights = onnx.numpy_helper.from_array(some(4, 3))
    nodes = [
        ("Conv", ["x", "w", "b"], ["1"], {"pads": [1, 1, 1, 1]}),
        ("BatchNormalization", ["1", "scale", "shift", "mean", "var"], ["2"]),
        ("Relu", ["2"], ["3"]),
        ("Dropout", ["3"], ["4"]),
        ("GlobalAveragePool", ["4"], ["5"]),
        ("Flatten", ["5"], ["6"]),
        ("Constant", [], ["fc"], {"value": weights}),
        ("Mul", ["6", "two"], ["7"]),
        ("Gemm", ["7", "fc"], ["y"], {"transB": 0}),
    ]
    constants = {
        "w": some(4, 2, 3, 3), "b": some(4), "scale": some(4) + 1, "shift": some(4),
        "mean": some(4), "var": np.abs(some(4)) + 1, "two": np.float32(2),
    }  # fmt: skip
    return model(nodes, {"x": [None, 2, 6, 6]}, ["y"], constants)


def test_what_becomes_a_parameter(classifier):
    net = load_onnx(classifier.SerializeToString())
    assert list(net.params) == ["w", "b", "scale", "shift", "mean", "var", "fc"]
    trained = [p.name for p in net.get_params(trainable=True)]
    assert trained == ["w", "b", "scale", "shift", "fc"]
    assert [p.name for p in net.get_params(trainable=False)] == ["mean", "var"]
    assert net.inputs == {"x": (None, 2, 6, 6)} and net.outputs == ["y"]
    assert repr(net) == "OnnxNetwork(x (None, 2, 6, 6) -> y: 8 nodes, 7 parameters)"


def test_gradients_are_right(classifier):
    net = load_onnx(classifier)
    for p in net.params.values():
        p.data = p.data.astype(np.float64)
    params = net.get_params(trainable=True)
    x = mt.asarray(np.random.default_rng(1).normal(size=(2, 2, 6, 6)))
    mt.gradcheck(lambda x: net(x).sum(), [x.requires_grad_()])
    loss = (net(x) ** 2).sum()
    for param, g in zip(params, mt.grad(loss, params), strict=True):
        place = np.unravel_index(np.abs(g.numpy()).argmax(), g.shape)
        value, h = param.get_value(), 1e-5
        sides = []
        for step in (h, -h):
            moved = value.copy()
            moved[place] += step
            param.set_value(moved)
            sides.append((net(x) ** 2).sum().item())
        param.set_value(value)
        assert g.numpy()[place] == pytest.approx((sides[0] - sides[1]) / (2 * h), rel=1e-5)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_gradients_towards_a_grid(mode, padding):
    settings = {"mode": mode, "padding_mode": padding}
    shapes = {"x": [1, 2, 4, 3], "grid": [1, 2, 3, 2]}
    net = load_onnx(model([("GridSample", ["x", "grid"], ["y"], settings)], shapes, ["y"]))
    rng = np.random.default_rng(0)
    x, grid = rng.normal(size=(1, 2, 4, 3)), rng.uniform(-1.2, 1.2, size=(1, 2, 3, 2))
    mt.gradcheck(net, [mt.asarray(v).requires_grad_() for v in (x, grid)])


def test_fine_tuning(classifier):
    net = load_onnx(classifier)
    mt.random.seed(0)
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 24)
    x = (rng.normal(size=(24, 2, 6, 6)) * 0.1 + y[:, None, None, None]).astype(np.float32)
    before = net.params["mean"].get_value()
    losses = []
    for _ in range(40):
        p = mt.softmax(net(x, training=True))
        loss = objectives.categorical_crossentropy(p, y).mean()
        updates.adam(loss, net.get_params(trainable=True), learning_rate=0.02).apply()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert not np.allclose(net.params["mean"].get_value(), before)  # the averages went along
    fixed = net(x).numpy()
    np.testing.assert_array_equal(fixed, net(x).numpy())


def test_averages_in_training_are_those_of_the_formula(classifier):
    net = load_onnx(classifier)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(5, 2, 6, 6)).astype(np.float32)
    inner = load_onnx(model(
        [("Conv", ["x", "w", "b"], ["y"], {"pads": [1, 1, 1, 1]})], {"x": [None, 2, 6, 6]}, ["y"],
        {n: net.params[n].get_value() for n in ("w", "b")},
    ))(x).detach().numpy()  # fmt: skip
    before = net.params["var"].get_value()
    net(x, training=True)
    expected = 0.9 * before + 0.1 * inner.var(axis=(0, 2, 3))
    np.testing.assert_allclose(net.params["var"].get_value(), expected, rtol=1e-5)


def test_weights_behind_reshapes_are_still_weights():
    nodes = [
        ("Unsqueeze", ["b", "axes"], ["row"]),
        ("Add", ["x", "row"], ["y"]),
        ("ConstantOfShape", ["shape"], ["w"]),
        ("MatMul", ["y", "w"], ["z"]),
    ]
    constants = {
        "b": np.ones(3, np.float32),
        "axes": np.array([0]),
        "shape": np.array([3, 2]),
    }
    net = load_onnx(model(nodes, {"x": [None, 3]}, ["z"], constants))
    assert {n: p.shape for n, p in net.params.items()} == {"b": (3,), "w": (3, 2)}
    net.params["w"].set_value(np.ones((3, 2)))
    assert net(np.zeros((1, 3), np.float32)).tolist() == [[3.0, 3.0]]
    grads = mt.grad(net(np.zeros((1, 3), np.float32)).sum(), net.get_params())
    assert [g.shape for g in grads] == [(3,), (3, 2)]


def test_inputs_by_place_by_name_and_missing():
    net = load_onnx(model([("Sub", ["a", "b"], ["c"])], {"a": [2], "b": [2]}, ["c"]))
    a, b = np.array([3, 4], np.float32), np.array([1, 1], np.float32)
    for found in (net(a, b), net(a, b=b), net({"a": a, "b": b}), net(b=b, a=a)):
        assert found.tolist() == [2, 3]
    with pytest.raises(TypeError, match="it needs values for b"):
        net(a)
    with pytest.raises(TypeError, match="it takes 2 inputs, got 3"):
        net(a, b, a)
    with pytest.raises(TypeError, match="it has no input 'bb'; did you mean 'b'"):
        net(a, bb=b)
    with pytest.raises(ValueError, match=r"the input 'a' has shape \(2,\) .*, got \(3,\)"):
        net(np.ones(3, np.float32), b)
    with pytest.raises(NotImplementedError, match="'a' is object; tensors hold float32"):
        net(np.array(["x", "y"], object), b)


def test_several_outputs_and_inputs_with_defaults():
    file = model(
        [("Split", ["x", "sizes"], ["a", "b"], {"axis": 0})], {"x": [3], "sizes": [2]}, ["a", "b"],
        {"sizes": np.array([1, 2])},
    )  # fmt: skip
    net = load_onnx(file)
    assert list(net.inputs) == ["x"]
    a, b = net(np.arange(3, dtype=np.float32))
    assert (a.tolist(), b.tolist()) == ([0], [1, 2])


def test_an_inner_value_as_the_start_of_another_head(tmp_path, classifier):
    net = load_onnx(classifier, outputs=["6"])
    assert list(net.params) == ["w", "b", "scale", "shift", "mean", "var"]
    x = np.random.default_rng(1).normal(size=(3, 2, 6, 6)).astype(np.float32)
    features = net(x)
    assert features.shape == (3, 4)
    whole = load_onnx(classifier)
    expected = (2 * features @ whole.params["fc"]).detach().numpy()
    np.testing.assert_allclose(whole(x).detach().numpy(), expected, rtol=1e-5)
    io.save_onnx(net, tmp_path / "body.onnx")
    assert load_onnx(tmp_path / "body.onnx").outputs == ["6"]
    both = load_onnx(classifier, outputs=["y", "6"])
    assert [v.shape for v in both(x)] == [(3, 3), (3, 4)]
    with pytest.raises(ValueError, match="the file has no value 'yy'; did you mean 'y'"):
        load_onnx(classifier, outputs=["yy"])


def test_everything_that_is_missing_is_named():
    nodes = [
        ("StringNormalizer", ["x"], ["a"]),
        ("Relu", ["a"], ["b"]),
        ("Stranger", ["b"], ["c"], {"domain": "elsewhere"}),
        ("StringNormalizer", ["c"], ["y"]),
    ]
    with pytest.raises(UnsupportedOperatorError, match="Normalizer, elsewhere.Stranger;") as caught:
        load_onnx(model(nodes, {"x": [2]}, ["y"], domains=["elsewhere"]))
    assert caught.value.operators == ["StringNormalizer", "elsewhere.Stranger"]


def test_an_operator_of_ones_own():
    file = model([("Twice", ["x"], ["y"], {"domain": "own"})], {"x": [2]}, ["y"], domains=["own"])
    try:

        @operator("Twice", domain="own")
        def twice(node, x):
            return 2 * x

        assert load_onnx(file)(np.ones(2, np.float32)).tolist() == [2, 2]
    finally:
        OPERATORS.pop(("own", "Twice"), None)


def test_functions_of_a_file_are_written_out():
    body = helper.make_function(
        "own", "Half", ["x"], ["y"],
        [helper.make_node("Constant", [], ["c"], value_float=0.5),
         helper.make_node("Mul", ["x", "c"], ["y"])],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    file = model([("Half", ["x"], ["y"], {"domain": "own"})], {"x": [2]}, ["y"], domains=["own"])
    file.functions.append(body)
    assert load_onnx(file)(np.ones(2, np.float32)).tolist() == [0.5, 0.5]


def test_errors_name_the_node():
    net = load_onnx(model([("MatMul", ["a", "b"], ["c"])], {"a": [None], "b": [None]}, ["c"]))
    with pytest.raises(ValueError) as caught:
        net(np.ones(2, np.float32), np.ones(3, np.float32))
    assert caught.value.__notes__ == [
        "in the ONNX node MatMul 'c', whose inputs have shapes (2,), (3,)"
    ]


def test_files(tmp_path, classifier):
    path = tmp_path / "m.onnx"
    onnx.save(classifier, path)
    assert len(load_onnx(path).params) == len(load_onnx(str(path)).params) == 7
    with pytest.raises(FileFormatError, match=r"none\.onnx: there is no such file"):
        load_onnx(tmp_path / "none.onnx")
    path.write_bytes(b"\xff" * 50)
    with pytest.raises(FileFormatError, match="m.onnx: this is no ONNX model"):
        load_onnx(path)
