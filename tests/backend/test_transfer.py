"""Moving between devices: tensors with their gradients, parameters, networks, a default."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, objectives, updates
from minitorch.backend.arrays import cuda_status
from minitorch.backend.emulated import EmulatedArray
from minitorch.models import build_lenet
from minitorch.parameter import Parameter


def test_to_moves_casts_and_does_both():
    x = mt.asarray([1.0, 2.0])
    assert x.to("cpu") is x and x.to(mt.float32) is x
    there = x.to("emulated", mt.float64)
    assert there.device == "emulated" and there.dtype == mt.float64
    assert there.to("emulated") is there and x.to(mt.device("emulated")).device == "emulated"
    assert there.to("cpu").tolist() == [1, 2]
    with pytest.raises(TypeError, match="is no device"):
        x.to(mt.float32, mt.float64)


def test_gradients_go_back_and_forth_at_every_order():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = (x.to("emulated") ** 3).to("cpu").sum()
    (g,) = mt.grad(y, [x], create_graph=True)
    assert g.device == "cpu" and g.tolist() == [3, 12]
    (h,) = mt.grad(g.sum(), [x])
    assert h.tolist() == [6, 12]


def test_a_default_device_nests_and_is_this_threads():
    import threading

    seen = []
    with mt.device("emulated"):
        assert mt.ones(2).device == mt.asarray([1.0]).device == mt.arange(3).device == "emulated"
        assert mt.asarray(np.ones(2)).device == "emulated" and mt.tensor(1.0).device == "emulated"
        with mt.device("cpu"):
            assert mt.zeros(1).device == "cpu"
        other = threading.Thread(target=lambda: seen.append(mt.ones(1).device))
        other.start()
        other.join()
        assert mt.ones(2, device="cpu").device == "cpu"
    assert seen == ["cpu"] and mt.ones(2).device == "cpu"

    @mt.device("emulated")
    def make():
        return mt.eye(2)

    assert make().device == "emulated"


def test_devices_that_are_not_there():
    with pytest.raises(ValueError, match="unknown device 'gpu'; known: 'cpu', 'cuda'"):
        mt.device("gpu")
    if not cuda_status()[0]:
        with pytest.raises(RuntimeError, match="device 'cuda' is not available: "):
            mt.ones(1).to("cuda")
        net = layers.DenseLayer(layers.InputLayer((None, 3)), 2)
        with pytest.raises(RuntimeError, match="not available"):
            layers.to_device(net, "cuda:1")
        assert layers.get_device(net) == "cpu"


def test_a_parameter_moves_in_place_with_its_slots():
    w = Parameter([1.0, 2.0], name="w")
    updates.momentum((w * w).sum(), [w], learning_rate=0.25).apply()
    w.move_to("emulated")
    assert w.device == "emulated" and w.grad is None and w.requires_grad
    assert {slot.device for slot in w.slots.values()} == {"emulated"}
    updates.momentum((w * w).sum(), [w], learning_rate=0.25).apply()
    w.set_value([3.0, 4.0])
    assert w.device == "emulated" and w.get_value().tolist() == [3, 4]


def test_a_network_on_two_devices_is_told():
    net = layers.DenseLayer(layers.InputLayer((None, 3)), 2)
    net.W.move_to("emulated")
    with pytest.raises(RuntimeError, match="several devices: cpu, emulated"):
        layers.get_device(net)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov_momentum", "adam", "rmsprop"])
def test_a_network_learns_there_as_on_the_cpu(rule):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 1, 28, 28), np.float32), rng.integers(0, 10, 8)
    losses = {}
    for device in ("cpu", "emulated"):
        mt.random.seed(0)
        net = layers.to_device(build_lenet(dropout=0.5), device)
        params = layers.get_all_params(net, trainable=True)
        losses[device] = []
        for _ in range(3):
            prediction = layers.get_output(net, mt.asarray(x, device=device))
            labels = mt.asarray(y, device=device)
            loss = objectives.categorical_crossentropy(prediction, labels).mean()
            getattr(updates, rule)(loss, params, learning_rate=0.01).apply()
            losses[device].append(loss.item())
        assert all(type(p.data) is EmulatedArray for p in params) == (device == "emulated")
    np.testing.assert_allclose(losses["emulated"], losses["cpu"], rtol=2e-5)
