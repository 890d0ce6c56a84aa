"""Ops whose time is memory's: by every rung of csrc/cuda the same as by their bodies."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.native import load_extension
from minitorch.testing import SampleMaker

module, missing = load_extension("_emulated")
pytestmark = pytest.mark.skipif(module is None, reason=missing)

# op -> its family in csrc/cuda
OPS = {
    "max_pool": "pool",
    "max_unpool": "pool",
    "max_pool_at": "pool",
    "sum_pool": "pool",
    "sum_unpool": "pool",
    "avg_pool": "pool",
    "avg_unpool": "pool",
    "batch_norm": "norm",
    "batch_norm_back": "norm",
    "batch_norm_back_gamma": "norm",
    "local_response_norm": "response",
    "local_response_norm_back": "response",
    "softmax": "loss",
    "log_softmax": "loss",
    "softmax_cross_entropy": "loss",
    "softmax_cross_entropy_dx": "loss",
    "dropout": "random",
    "gaussian_noise": "random",
    "sgd_step": "update",
    "momentum_step": "update",
    "nesterov_momentum_step": "update",
    "adam_step": "update",
}
TOLERANCE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}


def cases():
    rows = module.rungs if module else {}
    for name, family in OPS.items():
        for rung, *_ in rows.get(family, ()):
            for i, sample in enumerate(mt.registry[name].sampler(SampleMaker(1))):
                yield pytest.param(name, rung, sample, id=f"{name}-{rung}-{i}")


def on_device(value, dtype):
    if not isinstance(value, np.ndarray):
        return value
    value = value.astype(dtype) if value.dtype.kind == "f" else value
    return mt.asarray(value, device="emulated")


def forced(name, rung, args, kwargs):
    with mt.use_kernel(name, rung):
        out = mt.registry[name](*args, **kwargs)
    return [t.numpy() for t in (out if isinstance(out, tuple) else (out,))]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "rung", "sample"), list(cases()))
def test_a_rung_computes_the_op(name, rung, sample, dtype):
    args = [on_device(a, dtype) for a in sample.args]
    kwargs = {k: on_device(v, dtype) for k, v in sample.kwargs.items()}
    expected = forced(name, "reference", args, kwargs)
    kernel = next(k for b, k in mt.registry[name].kernels if (b, k.name) == ("emulated", rung))
    verdict = kernel.supports(*[getattr(a, "data", a) for a in args], **kwargs)
    if verdict is not True:
        pytest.skip(verdict)
    before = module.statistics()["launches"]
    got = forced(name, rung, args, kwargs)
    assert module.statistics()["launches"] > before
    for mine, theirs in zip(got, expected, strict=True):
        assert mine.dtype == theirs.dtype and mine.shape == theirs.shape
        near = TOLERANCE[dtype]
        np.testing.assert_allclose(mine, theirs, rtol=near, atol=near)


def test_every_op_with_rungs_of_these_families_is_listed_here():
    families = {family: {row[0] for row in module.rungs[family]} for family in set(OPS.values())}
    for name, entry in mt.registry.items():
        rows = [k for b, k in getattr(entry, "kernels", None) or () if b == "emulated"]
        ideas = {k.idea for k in rows}
        for family in families:
            if ideas and ideas == {row[1] for row in module.rungs[family]}:
                assert OPS[name] == family


@pytest.mark.parametrize("name", OPS)
def test_some_rung_is_chosen_by_itself(name):
    sample = next(iter(mt.registry[name].sampler(SampleMaker(1))))
    args = [on_device(a, "float32") for a in sample.args]
    before = module.statistics()["launches"]
    mt.registry[name](*args, **sample.kwargs)
    assert module.statistics()["launches"] > before


@pytest.mark.parametrize(
    ("name", "arrays", "static", "reason"),
    [
        ("dropout", [(2, 3, 4)], {"seed": 1, "shared_axes": (0, 2)}, "must lie side by side"),
        ("batch_norm", [(2, 3, 4)], {"axes": 1}, "axes that are kept must lie side by side"),
        ("softmax", [(2, 3, 4)], {"axis": 1, "rung": "k03_warps"}, "must lie side by side"),
    ],
)
def test_what_no_rung_does_is_said_and_done_by_the_body(name, arrays, static, reason):
    rung = static.pop("rung", "k01_naive")
    x = mt.asarray(np.random.default_rng(0).standard_normal(arrays[0]), device="emulated")
    op = mt.registry[name]
    with mt.use_kernel(name, rung), pytest.raises(RuntimeError, match=reason):
        op(x, **static)
    there, here = op(x, **static), op(mt.asarray(x.numpy()), **static)
    pairs = zip(there, here, strict=True) if isinstance(there, tuple) else [(there, here)]
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-12)


def test_the_choice_is_made_once_for_all_seeds():
    from minitorch.backend.device_kernels import _settings

    x = mt.ones((16,), device="emulated")
    mt.dropout(x, seed=1)
    before = len(_settings.chosen)
    masks = {mt.dropout(x, seed=seed, offset=seed).numpy().tobytes() for seed in range(2, 12)}
    assert len(_settings.chosen) == before
    assert len(masks) == 10
    with pytest.raises(ValueError, match="dropout: seed must be from 0"):
        mt.dropout(x, seed=-1)
    with pytest.raises(TypeError, match="dropout: offset must be an integer, got 0.5"):
        mt.dropout(x, seed=1, offset=0.5)


def test_views_are_taken_as_they_are():
    a = np.random.default_rng(0).standard_normal((4, 6, 2, 3)).astype(np.float32)
    x = mt.asarray(a, device="emulated").permute_dims((3, 2, 1, 0))
    static = {"window": (2, 2), "stride": (2, 2), "pad": ((0, 0), (0, 0)), "ignore_border": True}
    with mt.use_kernel("max_pool", "k02_outputs"):
        y = mt.max_pool(x, **static)
    expected = a.transpose(3, 2, 1, 0).reshape(3, 2, 3, 2, 2, 2).max(axis=(3, 5))
    np.testing.assert_array_equal(y.numpy(), expected)


def test_gradients_are_those_of_the_cpu():
    rng = np.random.default_rng(0)
    a, labels = rng.standard_normal((4, 2, 4, 4)), np.array([0, 3, 5, 7])
    found = {}
    for device in ("cpu", "emulated"):
        x = mt.asarray(a, device=device).requires_grad_()
        y, _, _ = mt.batch_norm(x, axes=(0, 2, 3))
        y = mt.max_pool2d(mt.dropout(y, p=0.3, seed=5), 2)
        loss = mt.softmax_cross_entropy(y.reshape((4, 8)), mt.asarray(labels, device=device))
        (g,) = mt.grad(loss.sum(), [x], create_graph=True)
        (second,) = mt.grad((g * g).sum(), [x])
        found[device] = [loss.numpy(), g.numpy(), second.numpy()]
    for there, here in zip(found["emulated"], found["cpu"], strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-10, atol=1e-12)
