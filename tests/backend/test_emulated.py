"""The emulated device: every op's body computes there as on the CPU, and nothing leaks off it."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Tensor, registry
from minitorch.backend.arrays import BACKENDS, backend_named, to_numpy
from minitorch.backend.emulated import ABSENT, EmulatedArray
from minitorch.testing import SampleMaker


def test_arrays_of_every_kind_stay_there():
    xp = backend_named("emulated").xp
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]])
    for value in (
        x, x + 1, 1 + x, x[0], x[0, 0], x.T, xp.exp(x), xp.sum(x), x.sum(), x.max(axis=0),
        xp.zeros(3), xp.stack([x, x]), xp.linalg.inv(x), xp.add.reduce(x), x.reshape(-1),
        x.astype(np.float32), xp.broadcast_to(x, (2, 2, 2)), np.exp(x), np.concatenate([x, x]),
    ):  # fmt: skip
        assert type(value) is EmulatedArray, value
    assert all(type(part) is EmulatedArray for part in xp.linalg.qr(x))
    assert isinstance(xp.result_type(x, np.float32), np.dtype) and xp.inf == np.inf


def test_host_arrays_are_copied_and_never_mixed():
    xp = backend_named("emulated").xp
    host = np.ones(3)
    x = xp.asarray(host)
    host[0] = 5
    assert x.get().tolist() == [1, 1, 1]
    back = to_numpy(x)
    back[0] = 7
    assert type(back) is np.ndarray and float(x[0]) == 1
    assert xp.asarray(x).__array_interface__["data"] == x.__array_interface__["data"]
    with pytest.raises(TypeError, match=r"\(3,\) in host memory meets"):
        x + host
    for foreign in (host, np.array(2.0)):
        with pytest.raises(TypeError, match="in host memory"):
            xp.maximum(foreign, x)


def test_an_out_argument_is_what_comes_back():
    xp = backend_named("emulated").xp
    x, out = xp.ones(3), xp.zeros(3)
    assert xp.add(x, x, out=out) is out and out.get().tolist() == [2, 2, 2]


def test_tensors_there():
    x = mt.asarray([1.0, 2.0], device="emulated").requires_grad_()
    assert x.device == "emulated" and type(x.data) is EmulatedArray
    y = (x * x).sum()
    y.backward()
    assert type(x.grad.data) is EmulatedArray and x.grad.numpy().tolist() == [2, 4]
    assert type(x.detach().numpy()) is np.ndarray
    assert x.detach().to_device("cpu").device == "cpu"
    with pytest.raises(RuntimeError, match=r"emulated.*cpu|cpu.*emulated"):
        x + mt.ones(2)


@pytest.mark.parametrize(
    "view",
    [
        lambda y: y[0],
        lambda y: y.T[0],
        lambda y: y.reshape((3, 2))[0],
        lambda y: y.reshape((6,))[1:4].reshape((3, 1)),
        lambda y: mt.squeeze(mt.expand_dims(y, axis=0), axis=0)[:, 1],
        lambda y: mt.permute_dims(mt.flip(y, axis=0), (1, 0))[0],
    ],
)
def test_writes_through_views_reach_the_gradient(view):
    """Views share a version cell on the device where they do on the CPU."""
    grads = []
    for device in ("cpu", "emulated"):
        x = mt.asarray(np.arange(6.0).reshape(2, 3), device=device).requires_grad_()
        y = x * 1
        v = view(y)
        v *= 3
        (y * y).sum().backward()
        grads.append(x.grad.tolist())
    assert grads[0] == grads[1]


def test_an_array_given_to_an_op_is_saved_as_a_tensor():
    x = mt.ones(3, device="emulated").requires_grad_()
    mt.pow(x, backend_named("emulated").xp.asarray([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [1, 2, 3]


def test_xp_has_no_more_than_cupy():
    xp = backend_named("emulated").xp
    with pytest.raises(AttributeError, match="CuPy has no vecdot, so neither has xp"):
        xp.vecdot
    with pytest.raises(AttributeError, match=r"CuPy has no linalg\.svdvals"):
        xp.linalg.svdvals


def test_the_list_of_what_cupy_lacks():
    cupy = pytest.importorskip("cupy")
    for prefix, ours, theirs in (("", np, cupy), ("linalg.", np.linalg, cupy.linalg)):
        functions = {n for n in ours.__all__ if callable(getattr(ours, n)) and n.islower()}
        lacking = {prefix + n for n in functions if not hasattr(theirs, n)}
        named = {n for n in ABSENT if n.startswith("linalg.") == bool(prefix)}
        assert named <= lacking


def test_the_fast_path_is_back_where_nobody_uses_it():
    known = [backend.name for backend in BACKENDS.values()]
    assert known[0] == "cpu" and len(set(known)) == len(known)


def _there(value):
    """Arrays of a sample as tensors on the device."""
    if type(value) is np.ndarray:
        return mt.asarray(value, device="emulated")
    return type(value)(map(_there, value)) if type(value) in (list, tuple) else value


def _here(value):
    """Results back on the host; fails for one that has left the device on its own."""
    if isinstance(value, Tensor):
        assert type(value.data) is EmulatedArray, "a result left the device"
        return value.numpy()
    return [_here(part) for part in value] if isinstance(value, tuple | list) else value


def _tensors(value):
    if isinstance(value, Tensor):
        return [value]
    parts = value if isinstance(value, tuple | list) else []
    return [x for part in parts for x in _tensors(part)]


ENTRIES = {n: e for n, e in registry.items() if e.module.startswith("minitorch.")}


@pytest.fixture
def no_way_out(monkeypatch):
    """NumPy's converters refuse an array of the device, as they do one of CuPy's."""

    def guard(convert):
        def guarded(a, *args, **named):
            assert type(a) is not EmulatedArray, f"numpy.{convert.__name__} of a device's array"
            return convert(a, *args, **named)

        return guarded

    for name in ("asarray", "array", "asanyarray", "ascontiguousarray"):
        monkeypatch.setattr(np, name, guard(getattr(np, name)))


@pytest.mark.parametrize("name", sorted(ENTRIES.keys() - {"transfer"}))  # which leaves
def test_every_op_computes_there_as_on_the_cpu(name, no_way_out):
    entry = ENTRIES[name]
    with mt.use_kernel(name, "reference"):
        for sample in entry.sampler(SampleMaker(1)):
            where = [_there(a) for a in sample.args]
            for x in _tensors(where):
                if x.data.dtype.kind == "f":
                    x.requires_grad_()
            keywords = {n: _there(v) for n, v in sample.kwargs.items()}
            result = entry(*where, **keywords)
            keywords = {n: _to_cpu(v) for n, v in sample.kwargs.items()}
            host = entry(*[_to_cpu(a) for a in sample.args], **keywords)
            for got, want in zip(_tensors(result), _tensors(host), strict=True):
                np.testing.assert_allclose(_here(got), want.numpy(), rtol=1e-12, atol=1e-14)
            wanted = [y for y in _tensors(result) if y.requires_grad]
            if wanted:
                sum((y.sum() for y in wanted[1:]), wanted[0].sum()).backward()
                for x in _tensors(where):
                    if x.grad is not None:
                        assert type(x.grad.data) is EmulatedArray


def _to_cpu(value):
    if type(value) is np.ndarray:
        return mt.asarray(value)
    return type(value)(map(_to_cpu, value)) if type(value) in (list, tuple) else value


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_matmul_runs_the_cuda_kernels(dtype):
    """Every rung through the op, in both passes, beside the CPU; and a batch that broadcasts."""
    from minitorch.backend.native import load_extension

    module, missing = load_extension("_emulated")
    if module is None:
        pytest.skip(missing)
    rng = np.random.default_rng(0)
    tolerance = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-13}[dtype]
    for a, b in (((5, 7), (7, 3)), ((2, 1, 5, 7), (4, 7, 3)), ((7,), (7, 3)), ((2, 5, 7), (7,))):
        host = [mt.asarray(rng.standard_normal(s).astype(dtype)).requires_grad_() for s in (a, b)]
        there = [_there(x.detach().numpy().copy()).requires_grad_() for x in host]
        for name in [row[0] for row in module.rungs["matmul"] if row[3] == "full"]:
            before = module.statistics()["launches"]
            with mt.use_kernel("matmul", name):
                try:
                    y = mt.matmul(*there)
                    y.sum().backward()
                except RuntimeError as error:
                    if "cannot run" not in str(error):
                        raise
                    continue
            assert module.statistics()["launches"] >= before + 2
            want = mt.matmul(*host)
            want.sum().backward()
            for got, expected in [
                (y, want),
                *((x.grad, h.grad) for x, h in zip(there, host, strict=True)),
            ]:
                scale = max(1.0, float(np.abs(expected.detach().numpy()).max()))
                error = np.abs(_here(got.detach()) - expected.detach().numpy()).max()
                assert error <= tolerance * scale
            for x in (*there, *host):
                x.grad = None
