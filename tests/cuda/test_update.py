"""Steps of update rules on the device: every rung against the rules of minitorch.updates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from minitorch import updates
from minitorch.autograd import asarray
from minitorch.backend.native import load_extension
from minitorch.parameter import Parameter

EMULATED, _ = load_extension("_emulated")
RUNGS = [row[0] for row in EMULATED.rungs["update"]] if EMULATED else []
SHAPES = [(), (1,), (5,), (1024,), (3, 347), (0, 4)]
RULES = ("sgd", "momentum", "nesterov", "adam")
RATE, MOMENTUM, BETAS, EPSILON = 0.05, 0.9, (0.9, 0.999), 1e-8

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")
every_rule = pytest.mark.parametrize("rule", RULES)
every_rung = pytest.mark.parametrize("rung", RUNGS)


def memory(rule):
    """What a rule remembers, as its slots are called -> as the kernels call it."""
    return {
        "sgd": {},
        "momentum": {"momentum.velocity": "v"},
        "nesterov": {"nesterov_momentum.velocity": "v"},
        "adam": {"adam.v": "v", "adam.m": "m"},
    }[rule]


def steps(rule, p, gradients):
    """The parameter and the rule's slots after these steps, in float64 by minitorch.updates."""
    w = Parameter(p.astype(np.float64))
    call = {
        "sgd": lambda g: updates.sgd([g], [w], RATE),
        "momentum": lambda g: updates.momentum([g], [w], RATE, MOMENTUM),
        "nesterov": lambda g: updates.nesterov_momentum([g], [w], RATE, MOMENTUM),
        "adam": lambda g: updates.adam([g], [w], RATE, *BETAS, EPSILON),
    }[rule]
    for g in gradients:
        call(asarray(g.astype(np.float64))).apply()
    slots = {ours: w.slots[theirs].get_value() for theirs, ours in memory(rule).items()}
    return {"p": w.get_value(), **slots}


def settings(rule, t):
    """The kernels' arguments at step t."""
    if rule != "adam":
        return {"rate": RATE, "momentum": MOMENTUM}
    rate = RATE * math.sqrt(1 - BETAS[1] ** t) / (1 - BETAS[0] ** t)
    return {"rate": rate, "beta1": BETAS[0], "beta2": BETAS[1], "epsilon": EPSILON}


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@every_rule
@every_rung
def test_three_steps(device, rung, rule, shape, dtype, in_place, schedule):
    rng = np.random.default_rng(0)
    p = rng.standard_normal(shape).astype(dtype)
    gradients = [rng.standard_normal(shape).astype(dtype) for _ in range(3)]
    names = ["p", *memory(rule).values()]
    now = {name: device.empty(shape, dtype) for name in names}
    now["p"][...] = device.to(p)
    for name in names[1:]:
        now[name][...] = 0
    for t, g in enumerate(gradients, start=1):
        new = now if in_place else {name: device.empty(shape, dtype) for name in names}
        out = {f"new_{name}": new[name] for name in names}
        device.module.update(rung, rule, **now, g=device.to(g), **out, **settings(rule, t))
        now = new
    expected = steps(rule, p, gradients)
    unit = 2.0**-24 if dtype == "float32" else 2.0**-53
    for name in names:
        # Some ten roundings a step of numbers up to the sizes that occur, of about 3 here.
        slack = 3 * 10 * unit * max(3.0, np.abs(expected[name]).max(initial=0))
        assert (np.abs(device.get(now[name]) - expected[name]) <= slack).all()


@every_rule
def test_memory_that_is_not_aligned(device, rule):
    a = device.to(np.zeros(9, np.float32))[1:]
    names = ["p", *memory(rule).values()]
    given = dict.fromkeys(names, a) | {f"new_{name}": a for name in names}
    given |= {"g": a, **settings(rule, 1)}
    with pytest.raises(ValueError, match="update k02_packs: its arrays must be aligned to 16"):
        device.module.update("k02_packs", rule, **given)
    device.module.update("k01_naive", rule, **given)


A = np.zeros(3, np.float32)
GOOD = {"rule": "momentum", "p": A, "g": A, "v": A, "new_p": A.copy(), "new_v": A.copy(),
        "rate": 0.1}  # fmt: skip
WRONG = [
    ({"rule": "lion"}, ValueError, "rule is one of sgd, momentum, nesterov, adam, not 'lion'"),
    ({"rule": "adam"}, ValueError, "adam v and m: give these and their new_v and new_m"),
    ({"v": None}, ValueError, "momentum and nesterov v"),
    ({"m": A}, ValueError, "and no others"),
    ({"g": A[:2]}, ValueError, r"g must be \(3,\), got \(2,\)"),
    ({"g": A.astype(np.float64)}, TypeError, "g must be float32 as the other arrays, got float64"),
    ({"new_v": A[None]}, ValueError, r"new_v must be \(3,\)"),
    ({"new_p": np.zeros(6, np.float32)[::2]}, ValueError, "new_p must be contiguous"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_arguments(device, change, error, message):
    given = {**GOOD, **change}
    arrays = {k: device.to(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    with pytest.raises(error, match=message):
        device.module.update("k01_naive", **arrays)


def test_half_precision_is_not_for_steps(device):
    half = {k: v.astype(np.float16) if isinstance(v, np.ndarray) else v for k, v in GOOD.items()}
    half = {k: device.to(v) if isinstance(v, np.ndarray) else v for k, v in half.items()}
    with pytest.raises(ValueError, match="update k01_naive: it computes in float32 and float64"):
        device.module.update("k01_naive", **half)
