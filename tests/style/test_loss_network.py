"""The loss network: its layers, its weights and what it says of wrong ones."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers
from minitorch.io import WeightsError, save_weights
from minitorch.models import build, build_vgg, named_layers, vgg_body
from minitorch.parameter import without_values
from minitorch.style import LossNetwork
from minitorch.style import loss_network as module

PLAIN = ((0, 0, 0), (1, 1, 1))


@pytest.fixture
def tiny():
    mt.random.seed(0)
    return vgg_body("E", width=2)


def picture(rows=20, columns=26, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (1, 3, rows, columns)).astype("f4")


def test_features_of_the_lecture():
    with without_values():
        net = LossNetwork(vgg_body("E"), *PLAIN)
    found = layers.get_output_shape(net.layers["relu4_2"], (1, 3, 450, 845))
    assert found == (1, 512, 57, 106)
    assert len(net.layers) == 2 * 16 + 5


def test_layers_are_those_of_the_body(tiny):
    """With maxima, and sides that no pooling leaves a rest of, it is the network it was made of."""
    net, x = LossNetwork(tiny, *PLAIN, pooling="max"), picture(32, 64)
    wanted = layers.get_output([named_layers(tiny)[n] for n in ("conv4_2", "pool5")], x)
    before, behind, pooled = net.features(x, ["conv4_2", "relu4_2", "pool5"])
    np.testing.assert_array_equal(behind.numpy(), wanted[0].numpy())
    np.testing.assert_array_equal(behind.numpy(), np.maximum(before.numpy(), 0))
    np.testing.assert_array_equal(pooled.numpy(), wanted[1].numpy())


def test_average_pooling_of_a_rest(tiny):
    relu, pool = LossNetwork(tiny, *PLAIN).features(picture(5, 4), ["relu1_2", "pool1"])
    f = relu.numpy()[0, 0]
    wanted = [[f[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in (0, 1)] for i in (0, 1, 2)]
    np.testing.assert_allclose(pool.numpy()[0, 0], wanted, rtol=1e-6)


def test_pictures_are_prepared(tiny):
    mean, std, x = (10, 20, 30), (1, 2, 4), picture()
    found = LossNetwork(tiny, mean, std, "BGR").features(x, ["conv1_1"])[0].numpy()
    ready = (x[:, ::-1] - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    wanted = LossNetwork(tiny, *PLAIN).features(ready.astype("f4"), ["conv1_1"])[0].numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)


def test_names_are_checked(tiny):
    net = LossNetwork(tiny, *PLAIN)
    with pytest.raises(ValueError, match="no layer 'relu4_5'; .*relu4_"):
        net.features(picture(), ["relu1_1", "relu4_5"])
    with pytest.raises(ValueError, match="no pooling 'avg'; .*average"):
        LossNetwork(tiny, *PLAIN, pooling="avg")
    with pytest.raises(ValueError, match="RGB"):
        LossNetwork(tiny, *PLAIN, order="GBR")


@pytest.fixture
def narrow(monkeypatch):
    """Files are of networks with two filters in the first stage."""
    monkeypatch.setattr(module, "vgg_body", lambda column: vgg_body(column, width=2))


@pytest.mark.parametrize(("column", "name"), [("E", "VGG-19"), ("D", "VGG-16"), ("A", "VGG-11")])
@pytest.mark.parametrize("whole", [True, False])
def test_files_say_what_they_are(tmp_path, narrow, column, name, whole):
    mt.random.seed(0)
    net = build_vgg(column, 4, (3, 32, 32), width=2) if whole else vgg_body(column, width=2)
    path = save_weights(net, tmp_path / "w.safetensors")
    made = LossNetwork.open(path)
    assert made.about.startswith(f"{name}'s convolutions") and "RGB" in made.about
    last = [n for n in made.layers if n.startswith("conv")][-1]
    for attribute in ("W", "b"):
        wanted = getattr(named_layers(net)[last], attribute).get_value()
        np.testing.assert_array_equal(getattr(made.layers[last], attribute).get_value(), wanted)
    assert "BGR" in LossNetwork.open(path, prepare="caffe").about


def test_lasagnes_files(tmp_path, narrow):
    import pickle

    net = build_vgg("E", 4, (3, 32, 32), width=2)
    values = layers.get_all_param_values(net)
    path = tmp_path / "vgg19.pkl"
    path.write_bytes(pickle.dumps({"param values": values}, protocol=2))
    made = LossNetwork.open(path)
    assert "VGG-19" in made.about and "BGR" in made.about and "caffe" in made.about
    np.testing.assert_array_equal(made.layers["conv5_4"].W.get_value(), values[30])


def test_onnx_files(tmp_path, narrow):
    pytest.importorskip("onnx")
    from minitorch.io import save_onnx

    mt.random.seed(0)
    net = build_vgg("D", 4, (3, 32, 32), width=2)
    made = LossNetwork.open(save_onnx(net, tmp_path / "vgg16.onnx"))
    assert "VGG-16" in made.about and "RGB" in made.about
    wanted = named_layers(net)["conv5_3"].W.get_value()
    np.testing.assert_array_equal(made.layers["conv5_3"].W.get_value(), wanted)


def test_weights_of_another_network(tmp_path, narrow):
    path = save_weights(build("lenet"), tmp_path / "lenet.safetensors")
    with pytest.raises(WeightsError, match="not the weights of a VGG.*are missing"):
        LossNetwork.open(path)
    wide = save_weights(vgg_body("A", width=3), tmp_path / "wide.safetensors")
    with pytest.raises(WeightsError, match="do not fit"):
        LossNetwork.open(wide)
    with pytest.raises(ValueError, match="no such file"):
        LossNetwork.open(tmp_path / "none.pth")
    with pytest.raises(ValueError, match="no preprocessing 'cafe'; .*caffe"):
        LossNetwork.open(path, prepare="cafe")
