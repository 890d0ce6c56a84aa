"""Other libraries' weights: names, shapes, values, reports; a network that is left alone."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

from minitorch import layers, nonlinearities
from minitorch.io import (
    FileFormatError,
    WeightsError,
    load_weights,
    read_safetensors,
    save,
    save_weights,
)
from minitorch.io.weight_slots import by_name
from minitorch.models import build
from minitorch.parameter import without_values

FILES = Path(__file__).parent / "files"


def theirs():
    """The lists of names.txt: (library, network) to names and shapes."""
    lists = {}
    for line in (FILES / "names.txt").read_text().splitlines():
        if line.startswith("["):
            lists[tuple(line.strip("[]").split())] = held = {}
        else:
            name, shape = line.split()
            held[name] = tuple(map(int, shape.split("x")))
    return lists


LISTS = theirs()


@pytest.mark.parametrize(("library", "network"), LISTS)
def test_names_and_shapes_are_the_librarys(library, network):
    with without_values():
        ours = build(
            network, **({"aux": True} if "ception" in network or "google" in network else {})
        )
    slots = {slot.key: slot.shape for slot in by_name(ours, library)}
    assert slots == LISTS[library, network]


SMALL = {
    "resnet18": {"width": 8},
    "resnet50": {"width": 4},
    "vgg16": {"width": 2},
    "squeezenet1_0": {},
    "squeezenet1_1": {},
    "googlenet_bn": {"aux": True},
    "inception_v3": {"aux": True},
    "efficientnet_lite0": {},
}


def random_weights(slots):
    rng = np.random.default_rng(0)
    found = {}
    for slot in slots:
        values = rng.random(slot.shape, dtype=np.float32)
        found[slot.key] = values + 0.5 if slot.key.endswith("running_var") else values - 0.5
        if slot.key.endswith("running_var"):
            found[slot.key.replace("running_var", "num_batches_tracked")] = np.array(7)
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if "v3" in n else n for n in SMALL]
)
def test_there_and_back(tmp_path, name):
    with without_values():
        network = build(name, **SMALL[name])
    for names in ("torchvision", "timm", "efficientnet_pytorch"):
        try:
            slots = by_name(network, names)
        except ValueError:
            continue
        source = random_weights(slots)
        report = load_weights(network, source)
        assert report.complete and len(report.matched) == len(slots)
        path = save_weights(network, tmp_path / "w.safetensors", names)
        back, header = read_safetensors(path)
        assert header == {"format": "pt"} and back.keys() == source.keys()
        for key, values in source.items():
            if not key.endswith("num_batches_tracked"):
                np.testing.assert_allclose(back[key], values, rtol=2e-6, atol=0)


# -- conversions --------------------------------------------------------------------------


def test_dense_filters_and_averages():
    net = layers.Conv2DLayer((None, 2, 4, 4), 3, 3, name="conv")  # turns its filters
    net = layers.BatchNormLayer(net, epsilon=0.5, name="bn")
    net = layers.DenseLayer(net, 5, name="fc")
    rng = np.random.default_rng(0)
    source = {
        "conv.weight": rng.random((3, 2, 3, 3)), "conv.bias": rng.random(3),
        "bn.weight": rng.random(3), "bn.bias": rng.random(3), "bn.running_mean": rng.random(3),
        "bn.running_var": np.array([0.0, 0.5, 3.5]), "bn.num_batches_tracked": np.array(3),
        "fc.weight": rng.random((5, 12)), "fc.bias": rng.random(5),
    }  # fmt: skip
    report = load_weights(net, source)
    assert report.names == "torchvision" and report.ignored == ["bn.num_batches_tracked"]
    conv, bn, fc = layers.get_all_layers(net)
    np.testing.assert_allclose(conv.W.get_value(), source["conv.weight"][:, :, ::-1, ::-1], 1e-6)
    np.testing.assert_allclose(bn.inv_std.get_value(), [2**0.5, 1, 0.5], rtol=1e-6)
    np.testing.assert_allclose(bn.gamma.get_value(), source["bn.weight"], rtol=1e-6)
    np.testing.assert_allclose(fc.W.get_value(), source["fc.weight"].T, rtol=1e-6)
    filters = source["fc.weight"].reshape(5, 3, 2, 2)  # timm's way to write a dense layer
    load_weights(net, {**source, "fc.weight": filters})
    np.testing.assert_allclose(fc.W.get_value(), source["fc.weight"].T, rtol=1e-6)


@pytest.mark.dev
def test_layers_compute_what_pytorchs_do(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not here")
        from safetensors.torch import load_file
    nn = torch.nn
    torch.manual_seed(0)
    net = layers.InputLayer((None, 4, 9, 9))
    parts = {}

    def add(layer, name, module):
        parts[name] = module
        return layer

    plain = {"nonlinearity": None}
    net = add(layers.Conv2DLayer(net, 6, 3, num_groups=2, name="a", **plain), "a",
              nn.Conv2d(4, 6, 3, groups=2))  # fmt: skip
    net = add(layers.BatchNormLayer(net, epsilon=1e-5, name="bn"), "bn", nn.BatchNorm2d(6))
    net = add(layers.ParametricRectifierLayer(net, name="p"), "p", nn.PReLU(6))
    net = add(layers.TransposedConv2DLayer(net, 5, 3, stride=2, name="t", **plain), "t",
              nn.ConvTranspose2d(6, 5, 3, 2))  # fmt: skip
    net = add(layers.TransposedConv2DLayer(net, 4, 2, flip_filters=True, name="u", **plain), "u",
              nn.ConvTranspose2d(5, 4, 2))  # fmt: skip
    net = add(layers.DilatedConv2DLayer(net, 3, 3, dilation=2, name="d", **plain), "d",
              nn.Conv2d(4, 3, 3, dilation=2))  # fmt: skip
    net = add(layers.NINLayer(net, 2, name="n", **plain), "n", nn.Conv2d(3, 2, 1))
    size = int(np.prod(net.output_shape[1:]))
    net = add(layers.DenseLayer(net, 3, name="fc", **plain), "fc", nn.Linear(size, 3))
    model = nn.Sequential()
    for name, module in parts.items():
        if name == "fc":
            model.add_module("flatten", nn.Flatten())
        model.add_module(name, module)
    model.bn.running_var.uniform_(0.5, 2)
    model.bn.running_mean.uniform_(-1, 1)
    model.eval()
    torch.save({"state_dict": model.state_dict(), "epoch": 1}, tmp_path / "model.pth")
    load_weights(net, tmp_path / "model.pth")
    x = torch.randn(2, 4, 9, 9)
    found = layers.get_output(net, x.numpy(), deterministic=True).numpy()
    np.testing.assert_allclose(found, model(x).detach().numpy(), rtol=1e-4, atol=1e-5)
    # and the way back, from other values
    for p in layers.get_all_params(net, trainable=True):
        p.set_value(p.get_value() * 1.1 + 0.01)
    save_weights(net, tmp_path / "back.safetensors")
    state = {
        k: v.reshape(model.state_dict()[k].shape)
        for k, v in load_file(tmp_path / "back.safetensors").items()
    }
    model.load_state_dict(state, strict=True)
    found = layers.get_output(net, x.numpy(), deterministic=True).numpy()
    np.testing.assert_allclose(found, model(x).detach().numpy(), rtol=1e-4, atol=1e-5)


# -- what does not fit ----------------------------------------------------------------------


@pytest.fixture
def net():
    net = layers.DenseLayer(layers.InputLayer((None, 3)), 4, name="hidden")
    return layers.DenseLayer(net, 2, nonlinearity=nonlinearities.softmax, name="out")


def good():
    return {
        "hidden.weight": np.ones((4, 3)), "hidden.bias": np.ones(4),
        "out.weight": np.ones((2, 4)), "out.bias": np.ones(2),
    }  # fmt: skip


def test_a_report_of_everything_that_does_not_fit(net):
    source = good()
    source["out.weight"] = np.ones((1000, 4))
    source["hiden.bias"] = source.pop("hidden.bias")
    source["aux1.fc.weight"] = np.ones(1)
    before = layers.get_all_param_values(net)
    with pytest.raises(WeightsError, match="do not fit, and nothing was written") as caught:
        load_weights(net, source)
    for a, b in zip(before, layers.get_all_param_values(net), strict=True):
        np.testing.assert_array_equal(a, b)
    report = caught.value.report
    assert report.missing == {"hidden.bias": "hidden.b (4,)"}
    assert report.unexpected == {"hiden.bias": (4,)} and report.ignored == ["aux1.fc.weight"]
    assert list(report.wrong) == ["out.weight"] and not report.complete
    assert str(report).splitlines() == [
        "2 of 4 parameters loaded, by the names of torchvision",
        "1 do not fit:",
        "    out.weight: its shape is (1000, 4), expected (2, 4) for out.W",
        "1 are missing:",
        "    hidden.bias, for hidden.b (4,) (there is hiden.bias)",
        "1 belong nowhere:",
        "    hiden.bias (4,)",
        "1 were ignored (counts of batches, auxiliary heads)",
    ]
    loaded = load_weights(net, source, strict=False)
    assert list(loaded.matched) == ["hidden.weight", "out.bias"]
    after = layers.get_all_param_values(net)
    assert (after[0] == 1).all() and (after[3] == 1).all()
    np.testing.assert_array_equal(after[2], before[2])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"out.bias": np.array(["a", "b"])}, "out.bias: it is <U1, expected real numbers"),
        ({"out.bias": np.ones((2, 1))}, r"its shape is \(2, 1\), expected \(2,\) for out.b"),
        ({"out.weight": np.ones((4, 2))}, r"\(4, 2\), expected \(2, 4\)"),
        ({"out.weight": np.ones((2, 2, 2))[:, :, :1]}, "expected"),
        ({"more": np.ones(2)}, r"belong nowhere:\n    more \(2,\)"),
    ],
)
def test_single_faults(net, wrong, message):
    with pytest.raises(WeightsError, match=message):
        load_weights(net, {**good(), **wrong})


def test_a_variance_below_zero():
    net = layers.BatchNormLayer((None, 1), name="bn")
    source = {f"bn.{k}": np.ones(1) for k in ("weight", "bias", "running_mean")}
    for value in (-1.0, np.nan):
        with pytest.raises(WeightsError, match="values that are no variances, for bn.inv_std"):
            load_weights(net, {**source, "bn.running_var": np.array([value])})


def test_names_that_are_not_there(net):
    with pytest.raises(ValueError, match="no names 'torchvison'; did you mean 'torchvision'"):
        load_weights(net, good(), names="torchvison")
    with without_values():
        lite = build("efficientnet_lite0")
    with pytest.raises(ValueError, match="torchvision has no such network; .* from eff"):
        save_weights(lite, "never", "torchvision")
    nameless = layers.DenseLayer((None, 3), 2)
    with pytest.raises(ValueError, match="weights are found by the layers' names, and DenseLayer"):
        load_weights(nameless, good(), names="torchvision")
    with pytest.raises(ValueError, match="Lasagne's files have no names; write them with"):
        save_weights(net, "never", "lasagne")
    with pytest.raises(ValueError, match="a list of arrays has no names of timm"):
        load_weights(net, [np.ones(1)], names="timm")
    with pytest.raises(TypeError, match="a file, a mapping or a sequence, not a int"):
        load_weights(net, 3)


# -- Lasagne's files --------------------------------------------------------------------------


def conv_net(flip):
    net = layers.InputLayer((None, 1, 5, 5))
    net = layers.Conv2DLayer(net, 2, 3, flip_filters=flip, name="conv")
    return layers.DenseLayer(net, 2, name="fc")


def test_lasagnes_lists_in_order_and_turned(tmp_path):
    lasagnes = conv_net(flip=True)
    values = layers.get_all_param_values(lasagnes)
    np.savez(tmp_path / "m.npz", *values)
    x = np.random.default_rng(0).random((2, 1, 5, 5), dtype=np.float32)
    expected = layers.get_output(lasagnes, x).numpy()
    for flip in (True, False):
        ours = conv_net(flip)
        assert load_weights(ours, tmp_path / "m.npz").names == "lasagne"
        np.testing.assert_allclose(layers.get_output(ours, x).numpy(), expected, rtol=1e-5)
    # The model zoo's networks were made with flip_filters=False.
    zoo = tmp_path / "vgg.pkl"
    zoo.write_bytes(pickle.dumps({"model type": "x", "param values": values}, protocol=2))
    ours = conv_net(False)
    load_weights(ours, zoo)
    np.testing.assert_array_equal(ours.input_layer.W.get_value(), values[0])
    load_weights(ours, zoo, flipped=True)
    np.testing.assert_allclose(layers.get_output(ours, x).numpy(), expected, rtol=1e-5)
    # By the parameters' names.
    named = dict(zip(["conv.W", "conv.b", "fc.W", "fc.b"], values, strict=True))
    ours = conv_net(False)
    assert load_weights(ours, named).names == "lasagne"
    np.testing.assert_allclose(layers.get_output(ours, x).numpy(), expected, rtol=1e-5)
    with pytest.raises(WeightsError, match=r"array 3, for fc.b \(2,\)"):
        load_weights(ours, values[:3])


# -- files --------------------------------------------------------------------------------------


def test_files_of_every_kind(tmp_path, net):
    from safetensors.numpy import save_file

    source = {k: v.astype(np.float32) for k, v in good().items()}
    save_file(source, tmp_path / "w.safetensors")
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(source))
    for name in ("w.safetensors", "w.pkl"):
        for p in layers.get_all_params(net):
            p.set_value(np.zeros(p.shape))
        load_weights(net, tmp_path / name)
        assert all((v == 1).all() for v in layers.get_all_param_values(net))
    with pytest.raises(FileFormatError, match="there is no such file"):
        load_weights(net, tmp_path / "none")
    content = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "cut").write_bytes(content[:-3])
    with pytest.raises(FileFormatError, match="cut: expected a whole safetensors file"):
        load_weights(net, str(tmp_path / "cut"))
    save(net, tmp_path / "whole")
    with pytest.raises(FileFormatError, match="a whole network of minitorch's; read it with io"):
        load_weights(net, tmp_path / "whole")


def test_safetensors_in_bfloat16(tmp_path):
    header = b'{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    numbers = np.array([0x3F80, 0xC020], "<u2").tobytes()  # 1, -2.5
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + numbers)
    assert read_safetensors(path)[0]["w"].tolist() == [1.0, -2.5]


def test_safetensors_of_dtypes_that_numpy_has_not(tmp_path):
    header = b'{"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(2))
    with pytest.raises(FileFormatError, match="'w' is F8_E4M3, which NumPy has not"):
        read_safetensors(path)
