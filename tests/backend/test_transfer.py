"""Moving between devices: tensors with their gradients, parameters, networks, a default."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import minitorch as mt
from minitorch import layers, objectives, updates
from minitorch.backend.cuda import cuda_status
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


@pytest.mark.parametrize("target", ["gpu", "cud:0", 3])
def test_to_names_what_it_takes(target):
    with pytest.raises(TypeError, match=r"neither a device \('cpu', 'cuda', .*\) nor a dtype"):
        mt.ones(2).to(target)


def test_to_takes_no_tensor():
    """NumPy would take its dtype for one, and x would stay where it is."""
    with pytest.raises(TypeError, match=r"give to\(y\.device, y\.dtype\)"):
        mt.ones(2).to(mt.ones(2, device="emulated"))


def test_none_is_no_device():
    with pytest.raises(TypeError, match="device: takes a name"):
        mt.device(None)


@pytest.mark.parametrize("index", [[0, 1], [True, False, True]])
def test_an_index_of_another_device_does_not_come_by_itself(index):
    x, there = mt.arange(3.0), mt.asarray(index, device="emulated")
    for use in (
        lambda: x[there],
        lambda: x.__setitem__(there, 1.0),
        lambda: x.requires_grad_()[there],
        lambda: mt.scatter_add(mt.ones(2), there, (3,)),
    ):
        with pytest.raises(RuntimeError, match="an index is on emulated, .* no implicit transfer"):
            use()


def test_a_sequence_of_tensors_stays_where_they_are():
    x, there = mt.ones(2), mt.ones(2, device="emulated")
    for make in (mt.asarray, mt.tensor):
        assert make([there, [3.0, 4.0]]).device == "emulated"
        assert make([there, x], device="cpu").tolist() == [[1, 1], [1, 1]]
        with pytest.raises(RuntimeError, match="tensors on cpu and emulated; there is no implicit"):
            make([[x], [there]])
        with mt.device("emulated"):
            assert make([x, x]).device == "cpu"


def test_the_first_transfer_of_a_process_arrives():
    code = "import minitorch as mt; print(mt.ones(2).to('emulated').device)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "emulated"


def test_cpu_and_cuda_are_short_for_to():
    x = mt.ones(2)
    assert x.cpu() is x and x.to("emulated").cpu().device == "cpu"
    if not cuda_status()[0]:
        with pytest.raises(RuntimeError, match="device 'cuda' is not available: "):
            x.cuda()


def test_asarray_moves_and_gradients_flow_back():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    for moved in (
        mt.asarray(x, device="emulated"),
        mt.asarray(x, device="emulated", copy=True),
        mt.asarray(x, device="emulated", dtype=mt.float64),
    ):
        assert moved.device == "emulated" and moved.requires_grad
        x.grad = None
        (moved * 3).sum().backward()
        assert x.grad.device == "cpu" and x.grad.tolist() == [3, 3]
    with pytest.raises(ValueError, match="copy=False"):
        mt.asarray(x, device="emulated", copy=False)


def test_a_tensor_stays_where_it_is_whatever_the_default():
    x, there = mt.ones(2), mt.ones(2, device="emulated")
    with mt.device("emulated"):
        assert mt.asarray(x, dtype=mt.float64).device == mt.tensor(x).device == "cpu"
    assert mt.asarray(there, dtype=mt.float64).device == mt.tensor(there).device == "emulated"


def test_nothing_leaves_a_device_unasked(tmp_path):
    x = mt.ones((2, 3), device="emulated")
    for leave in (np.asarray, np.array, lambda t: np.linalg.norm(t), lambda t: np.quantile(t, 0.5)):
        with pytest.raises(TypeError, match=r"\.numpy\(\)"):
            leave(x)
    assert np.shape(x) == (2, 3) and x.numpy().sum() == 6
    assert mt.utils.compute_norms(x).tolist() == [np.sqrt(2, dtype=np.float32)] * 3
    mt.io.save_arrays(tmp_path / "x.safetensors", {"x": x})
    assert mt.io.load_arrays(tmp_path / "x.safetensors")[0]["x"].tolist() == [[1, 1, 1]] * 2


@pytest.mark.parametrize("places", [("emulated", "cpu"), ("cpu", "emulated")])
def test_nothing_is_written_across_devices(places):
    x, y = (mt.zeros(3, device=place) for place in places)
    for write in (lambda: x.__setitem__(slice(None), y), lambda: x.__setitem__(0, y[0])):
        with pytest.raises(RuntimeError, match="setitem: inputs are on .* no implicit transfer"):
            write()
    z = x.requires_grad_() * 2
    with pytest.raises(RuntimeError, match="setitem: inputs are on"):
        z[:] = y
    with pytest.raises(RuntimeError, match="backward: inputs are on"):
        z.backward(mt.ones(3, device=places[1]))
    z.backward(np.ones(3))
    assert x.grad.device == places[0]


def test_numbers_lists_and_indices_of_the_host_go_along():
    x = mt.zeros(4, device="emulated")
    x[0], x[1], x[[2, 3]] = 1.0, np.float32(2), [3.0, 4.0]
    assert x.device == "emulated" and x.tolist() == [1, 2, 3, 4]
    assert x[mt.asarray([3, 0])].tolist() == x[np.array([3, 0])].tolist() == [4, 1]
    with pytest.raises(RuntimeError, match="setitem: inputs are on emulated and cpu"):
        x[:] = np.ones(4)


def test_dlpack_takes_the_emulated_device_for_the_cpu():
    x = mt.ones(2, device="emulated")
    shared = np.from_dlpack(x)
    x[0] = 5.0
    assert type(shared) is np.ndarray and shared.tolist() == [5, 1]
    assert mt.from_dlpack(x).device == "emulated"
    assert mt.from_dlpack(np.ones(2), device="emulated").device == "emulated"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_and_pickles_stay_on_their_device(duplicate):
    x = mt.tensor([1.0, 2.0], device="emulated", requires_grad=True)
    p = Parameter(x.detach(), name="p")
    updates.adam((p * p).sum(), [p]).apply()
    for twin in (duplicate(x), duplicate(p)):
        assert twin.device == "emulated" and twin.requires_grad
        assert type(twin.data) is EmulatedArray
    assert {n: s.device for n, s in twin.slots.items()} == {n: s.device for n, s in p.slots.items()}


def test_a_pickle_is_read_in_a_process_that_has_not_met_the_device():
    data = pickle.dumps(Parameter(mt.ones(2, device="emulated")))
    code = f"import pickle; p = pickle.loads({data!r}); print(p.device, p.get_value().tolist())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["emulated", "[1.0,", "1.0]"]


@pytest.mark.parametrize("make", [mt.random_uniform, mt.random_normal])
def test_random_numbers_are_the_same_on_every_device(make):
    there = make((3, 5), seed=4, offset=2, device="emulated")
    assert there.device == "emulated"
    assert there.tolist() == make((3, 5), seed=4, offset=2).tolist()
    with mt.device("emulated"):
        assert make((2,), seed=1).device == "emulated"


def test_initialisers_give_the_same_numbers_on_every_device():
    values = []
    for device in ("cpu", "emulated"):
        mt.random.seed(3)
        with mt.device(device):
            net = layers.DenseLayer(layers.InputLayer((None, 3)), 4)
        assert layers.get_device(net) == device
        values.append(net.W.get_value().tolist())
    assert values[0] == values[1]


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


@pytest.mark.parametrize("rule", ["adam", "adamax", "amsgrad", "adadelta", "adagrad", "rmsprop"])
def test_learning_goes_on_after_a_move(rule):
    """Counts of steps stay on the host, the rest goes along: the result is the CPU's."""
    ends = []
    for device in ("cpu", "emulated"):
        w = Parameter([1.0, 2.0], name="w")
        for _ in range(2):
            getattr(updates, rule)((w * w).sum(), [w], learning_rate=0.25).apply()
            w.move_to(device)
        wrong = [s.name for s in w.slots.values() if (s.dtype.kind == "f") != (s.device == device)]
        assert device == "cpu" or not wrong
        ends.append(w.get_value())
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-6)


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


def test_gradient_checks_go_to_the_default_device():
    weights = np.arange(3.0)
    with mt.device("emulated"):
        w = mt.asarray(weights)
        assert mt.gradcheck(lambda x, scale: x * w * scale, weights, {"scale": weights}) < 1e-6
