"""CUDA through CuPy, as far as a stand-in for CuPy can tell: devices, streams, memory, exchange."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend import arrays, tune
from minitorch.backend.cuda import cuda_status
from tests.backend.fake_cupy import FakeCupy


@pytest.fixture
def cupy(monkeypatch):
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    known = {t: b for t, b in arrays.BACKENDS.items() if b.name != "cuda"}
    before = dict(arrays.BACKENDS)
    arrays.BACKENDS.clear()
    arrays.BACKENDS.update(known)
    monkeypatch.setattr(tune, "TIMERS", {})
    monkeypatch.setattr("minitorch.backend.cuda.TIMERS", tune.TIMERS)
    yield fake
    arrays.BACKENDS.clear()
    arrays.BACKENDS.update(before)


def test_status_tells_what_is_there(cupy):
    gpu = "Stand-in (compute capability 9.0, 8.0 GiB)"
    assert cuda_status() == (True, f"{gpu}, {gpu}; CuPy 14.0.0")
    assert mt.devices() == ["cpu", "emulated", "cuda:0", "cuda:1"]
    assert mt.__array_namespace_info__().devices() == mt.devices()


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (lambda: 0, "cupy 14.0.0 finds no GPU"),
        (lambda: 1 / 0, "cupy 14.0.0 finds no usable GPU: division by zero"),
    ],
)
def test_status_tells_what_is_missing(cupy, count, reason):
    cupy.cuda.runtime.getDeviceCount = count
    assert cuda_status() == (False, reason)
    with pytest.raises(RuntimeError, match=f"device 'cuda' is not available: {reason}"):
        mt.ones(2, device="cuda")
    assert mt.devices() == ["cpu", "emulated"]


def test_a_package_that_cannot_be_imported(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cuda_status()[1].startswith("cupy is not installed")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert cuda_status()[1].startswith("cupy cannot be imported: ")


def test_tensors_go_there_and_back(cupy):
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = x.cuda()
    assert y.device == "cuda:0" and y.cuda() is y and y.to("cuda:1").device == "cuda:1"
    assert (y * 3).device == "cuda:0" and type((y * 3).data) is cupy.ndarray
    (y * 3).sum().backward()
    assert x.grad.device == "cpu" and x.grad.tolist() == [3, 3]
    assert y.cpu().device == "cpu" and y.detach().numpy().tolist() == [1, 2]
    with mt.device("cuda:1"):
        assert mt.ones(2).device == mt.asarray([1]).device == "cuda:1" and cupy.current == 1
    assert cupy.current == 0
    with pytest.raises(TypeError, match=r"on cuda:0 does not become a NumPy array by itself"):
        np.asarray(y)


def test_results_stay_on_their_gpu_and_gpus_do_not_mix(cupy):
    first, second = mt.ones(2, device="cuda"), mt.ones(2, device="cuda:1")
    assert cupy.current == 0 and (second + 1).device == "cuda:1"
    with pytest.raises(RuntimeError, match=r"add: inputs are on cuda:0 and cuda:1; there is no"):
        first + second
    with pytest.raises(RuntimeError, match=r"'cuda:2' is not available: there are 2 GPUs"):
        mt.ones(2, device="cuda:2")


def test_kernels_are_given_the_current_stream_of_their_gpu(cupy):
    backend = arrays.backend_named("cuda")
    assert [backend.stream(mt.ones(1, device=f"cuda:{i}").data) for i in (0, 1)] == [100, 101]
    assert arrays.backend_named("emulated").stream(mt.ones(1, device="emulated").data) == 0


def test_memory_and_what_is_said_when_it_runs_out(cupy):
    found = mt.memory_info("cuda:1")
    assert (found.device, found.used, found.held) == ("cuda:1", 3 << 30, 4 << 30)
    assert (found.free, found.total) == (1 << 30, 8 << 30)
    mt.empty_cache("cuda:1")
    assert cupy.emptied == [1]
    cupy.limit = 1 << 20
    text = (
        r"zeros: out of memory: asked for 4.0 MiB on cuda:0; 1.0 GiB of 8.0 GiB free, this process "
        r"holds 4.0 GiB \(3.0 GiB in arrays\); take a smaller batch"
    )
    with pytest.raises(mt.OutOfMemoryError, match=text) as caught:
        mt.zeros(1 << 20, device="cuda")
    assert isinstance(caught.value, MemoryError) and isinstance(caught.value, RuntimeError)
    with pytest.raises(mt.OutOfMemoryError, match=r"to_device: out of memory.* on cuda:0"):
        mt.ones(1 << 20).cuda()
    small = mt.ones(1 << 10, device="cuda")

    def fill(*arrays, **named):
        raise cupy.cuda.memory.OutOfMemoryError(1 << 21)

    cupy.multiply = fill
    with pytest.raises(mt.OutOfMemoryError, match=r"multiply: out of memory: asked for 2.0 MiB"):
        small * small


class Foreign:
    """Another library's array on a GPU: nothing but the protocol."""

    def __init__(self, host):
        self.host = host

    @property
    def __cuda_array_interface__(self):
        return {**self.host.__array_interface__, "version": 3, "stream": None}


def test_cudas_array_interface_is_shared_both_ways(cupy):
    host = np.arange(3.0)
    x = mt.asarray(Foreign(host))
    host[0] = 7
    assert x.device == "cuda:0" and x.dtype == mt.float64 and x.tolist() == [7, 1, 2]
    assert mt.asarray(Foreign(host), copy=False).tolist() == [7, 1, 2]
    copied = mt.tensor(Foreign(host))
    host[0] = 8
    assert x.tolist()[0] == 8 and copied.tolist()[0] == 7
    told = x.__cuda_array_interface__
    assert told["data"][0] == host.__array_interface__["data"][0] and told["shape"] == (3,)
    with pytest.raises(BufferError, match="detach"):
        x.requires_grad_().__cuda_array_interface__
    assert mt.asarray(Foreign(host), device="cpu").device == "cpu"
    with pytest.raises(ValueError, match="copy=False"):
        mt.asarray(host, device="cuda", copy=False)


@pytest.mark.parametrize("device", ["cpu", "emulated"])
def test_other_tensors_have_no_such_interface(device):
    x = mt.ones(2, device=device)
    assert not hasattr(x, "__cuda_array_interface__")
    with pytest.raises(AttributeError, match=f"a tensor on {device} has no"):
        x.__cuda_array_interface__


def test_dlpack_of_a_gpu_stays_there(cupy):
    there = cupy.asarray(np.arange(3.0))
    x = mt.from_dlpack(there)
    assert x.device == "cuda:0" and x.tolist() == [0, 1, 2]
    assert x.__dlpack_device__() == (2, 0)
    assert mt.from_dlpack(there, device="cpu").device == "cpu"
    with pytest.raises(BufferError, match="is on cuda:0, not cpu"):
        mt.from_dlpack(there, device="cpu", copy=False)
    with pytest.raises(BufferError, match="no device here for memory of DLPack's kind 4"):
        mt.from_dlpack(SimpleNamespace(__dlpack_device__=lambda: (4, 0)))


def test_dlpack_needs_cuda_for_what_is_on_a_gpu():
    if not cuda_status()[0]:
        with pytest.raises(RuntimeError, match="device 'cuda' is not available"):
            mt.from_dlpack(SimpleNamespace(__dlpack_device__=lambda: (2, 0)))


def test_gradients_of_another_gpu_stay_there(cupy):
    x = mt.ones((2, 3), device="cuda:1").requires_grad_()
    y = x * 2
    y[0] = 3.0
    y.sum().backward()
    assert x.grad.device == "cuda:1" and x.grad.tolist() == [[0, 0, 0], [2, 2, 2]]
    with pytest.raises(RuntimeError, match="'cuda:7' is not available: there are 2 GPUs"):
        mt.memory_info("cuda:7")


def test_writes_through_views_are_noticed(cupy):
    x = mt.ones((2, 3), device="cuda").requires_grad_()
    y = x * 1
    y.reshape((3, 2))[0] *= 2
    (y * y).sum().backward()
    assert x.grad.tolist() == [[8, 8, 2], [2, 2, 2]]


def test_kernels_are_timed_by_events(cupy):
    arrays.backend_named("cuda")
    name, time = tune.TIMERS["cuda"]
    calls = []
    assert name() == "Stand-in" and time(lambda: calls.append(1)) == pytest.approx(50)
    assert len(calls) > 10
    cupy.capturing = True
    with pytest.raises(RuntimeError, match="while a graph is captured"):
        time(lambda: None)
