"""Every rule: against its formula in plain Python, against torch.optim, in two phases."""

import inspect
import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import updates
from minitorch.layers import DenseLayer, get_all_params
from minitorch.parameter import Parameter
from minitorch.updates import Slot, Updates

# (p, g, memory, step) -> p, element by element


def py_sgd(p, g, s, t, lr=0.1):
    return p - lr * g


def py_momentum(p, g, s, t, lr=0.1, m=0.5):
    x = m * s.get("v", 0.0) + (p - lr * g)
    s["v"] = x - p
    return x


def py_nesterov(p, g, s, t, lr=0.1, m=0.5):
    fresh = p - lr * g
    s["v"] = m * s.get("v", 0.0) + fresh - p
    return m * s["v"] + fresh


def py_adagrad(p, g, s, t, lr=0.1, eps=1e-6):
    s["a"] = s.get("a", 0.0) + g**2
    return p - lr * g / math.sqrt(s["a"] + eps)


def py_rmsprop(p, g, s, t, lr=0.01, rho=0.9, eps=1e-6):
    s["a"] = rho * s.get("a", 0.0) + (1 - rho) * g**2
    return p - lr * g / math.sqrt(s["a"] + eps)


def py_adadelta(p, g, s, t, lr=1.0, rho=0.95, eps=1e-6):
    s["a"] = rho * s.get("a", 0.0) + (1 - rho) * g**2
    step = g * math.sqrt(s.get("d", 0.0) + eps) / math.sqrt(s["a"] + eps)
    s["d"] = rho * s.get("d", 0.0) + (1 - rho) * step**2
    return p - lr * step


def py_adam(p, g, s, t, lr=0.01, b1=0.9, b2=0.999, eps=1e-8):
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    return p - lr * math.sqrt(1 - b2**t) / (1 - b1**t) * s["m"] / (math.sqrt(s["v"]) + eps)


def py_adamax(p, g, s, t, lr=0.01, b1=0.9, b2=0.999, eps=1e-8):
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["u"] = max(b2 * s.get("u", 0.0), abs(g))
    return p - lr / (1 - b1**t) * s["m"] / (s["u"] + eps)


def py_amsgrad(p, g, s, t, lr=0.01, b1=0.9, b2=0.999, eps=1e-8):
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    s["w"] = max(s.get("w", 0.0), s["v"])
    return p - lr * math.sqrt(1 - b2**t) / (1 - b1**t) * s["m"] / (math.sqrt(s["w"]) + eps)


RULES = {
    "sgd": (updates.sgd, {"learning_rate": 0.1}, py_sgd),
    "momentum": (updates.momentum, {"learning_rate": 0.1, "momentum": 0.5}, py_momentum),
    "nesterov": (updates.nesterov_momentum, {"learning_rate": 0.1, "momentum": 0.5}, py_nesterov),
    "adagrad": (updates.adagrad, {"learning_rate": 0.1}, py_adagrad),
    "rmsprop": (updates.rmsprop, {"learning_rate": 0.01}, py_rmsprop),
    "adadelta": (updates.adadelta, {}, py_adadelta),
    "adam": (updates.adam, {"learning_rate": 0.01}, py_adam),
    "adamax": (updates.adamax, {"learning_rate": 0.01}, py_adamax),
    "amsgrad": (updates.amsgrad, {"learning_rate": 0.01}, py_amsgrad),
}
EVERY = pytest.mark.parametrize("name", RULES)


def run(toy, name, params, steps=10):
    rule, settings, _ = RULES[name]
    for _ in range(steps):
        rule(toy.loss_of(params), params, **settings).apply()


@EVERY
def test_ten_steps_follow_the_formula(toy, name):
    params = toy.parameters()
    run(toy, name, params)
    formula = RULES[name][2]
    for p, start, target, curvature in zip(
        params, toy.start, toy.target, toy.curvature, strict=True
    ):
        expected = np.empty_like(start)
        for at in np.ndindex(start.shape):
            value, memory = float(start[at]), {}
            for t in range(1, 11):
                value = formula(value, curvature[at] * (value - target[at]), memory, t)
            expected[at] = value
        np.testing.assert_allclose(p.get_value(), expected, rtol=1e-12, atol=1e-14)
        assert (expected != start).any()


@EVERY
def test_defaults_are_lasagnes(name):
    defaults = {
        "momentum": {"momentum": 0.9},
        "nesterov": {"momentum": 0.9},
        "adagrad": {"learning_rate": 1.0, "epsilon": 1e-6},
        "rmsprop": {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
        "adadelta": {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-6},
        "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        "adamax": {"learning_rate": 0.002, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        "amsgrad": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    }
    found = inspect.signature(RULES[name][0]).parameters
    given = {k: p.default for k, p in found.items() if p.default is not p.empty}
    assert given == defaults.get(name, {})
    assert list(found)[:3] == ["loss_or_grads", "params", "learning_rate"]


def _torch_cases(optim):
    return {
        "sgd": lambda p: optim.SGD(p, lr=0.1),
        "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.5),
        "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.5, nesterov=True),
        "adagrad": lambda p: optim.Adagrad(p, lr=0.1, eps=0),
        "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, eps=0),
        "adadelta": lambda p: optim.Adadelta(p, lr=1.0, rho=0.95, eps=1e-6),
        "adam": lambda p: optim.Adam(p, lr=0.01, eps=0),
        "adamax": lambda p: optim.Adamax(p, lr=0.01, eps=0),
        "amsgrad": lambda p: optim.Adam(p, lr=0.01, eps=0, amsgrad=True),
    }


@pytest.mark.dev
@EVERY
def test_torch_gives_the_same(toy, name):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle; only developers have it")
    theirs = [torch.tensor(a, requires_grad=True) for a in toy.start]
    optimiser = _torch_cases(torch.optim)[name](theirs)
    ours = toy.parameters()
    rule, settings, _ = RULES[name]
    # PyTorch's epsilon is in another place: without it both are the same.
    if name in ("adagrad", "rmsprop", "adam", "adamax", "amsgrad"):
        settings = {**settings, "epsilon": 0}
    # Targets are moved a little: a gradient of 0 would be divided by 0.
    for _ in range(10):
        optimiser.zero_grad()
        rows = zip(theirs, toy.target, toy.curvature, strict=True)
        sum(
            0.5 * (torch.tensor(c) * (p - torch.tensor(t - 0.01)) ** 2).sum() for p, t, c in rows
        ).backward()
        optimiser.step()
        rows = zip(ours, toy.target, toy.curvature, strict=True)
        grads = [mt.asarray(c) * (p - mt.asarray(t - 0.01)) for p, t, c in rows]
        rule(grads, ours, **settings).apply()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.get_value(), b.detach().numpy(), rtol=1e-12)


@EVERY
def test_nothing_changes_before_apply(toy, name):
    params = toy.parameters()
    run(toy, name, params, steps=1)
    before = [p.get_value() for p in params]
    slots = updates.get_state(params)
    new = RULES[name][0](toy.loss_of(params), params, **RULES[name][1])
    assert isinstance(new, Updates) and set(params) <= set(new)
    assert all(isinstance(p, Slot) for p in new.keys() - set(params))
    for p, old in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.get_value(), old)
        assert not new[p].requires_grad and p.grad is None
    for key, value in updates.get_state(params).items():
        np.testing.assert_array_equal(value, slots[key])
    updates.apply_updates(new)
    assert all((p.get_value() == new[p].numpy()).all() for p in params)


@EVERY
def test_memory_and_version(toy, name):
    params = toy.parameters()
    places = [(p.data, p.version) for p in params]
    run(toy, name, params, steps=3)
    for p, (memory, version) in zip(params, places, strict=True):
        assert p.data is memory and p.version == version + 3
        assert p.is_leaf and p.requires_grad


@EVERY
def test_a_schedule_is_asked_once_in_a_step(toy, name):
    asked = []

    def rate():
        asked.append(None)
        return 0.1 / len(asked)

    params = toy.parameters()
    for _ in range(3):
        RULES[name][0](toy.loss_of(params), params, learning_rate=rate).apply()
    assert len(asked) == 3


@EVERY
def test_saved_and_restored_runs_go_on_bit_by_bit(toy, name):
    params = toy.parameters(np.float32)
    run(toy, name, params, steps=4)
    values, state = [p.get_value() for p in params], updates.get_state(params)
    run(toy, name, params, steps=4)
    others = [Parameter(v) for v in values]
    updates.set_state(others, state)
    run(toy, name, others, steps=4)
    for a, b in zip(params, others, strict=True):
        np.testing.assert_array_equal(a.get_value(), b.get_value())
    assert updates.get_state(others).keys() == state.keys()


@EVERY
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_parameters_keep_their_dtype(toy, name, dtype):
    params, exact = toy.parameters(dtype), toy.parameters()
    run(toy, name, params, steps=5)
    run(toy, name, exact, steps=5)
    slots = {s.dtype for p in params for s in p.slots.values()}
    assert slots <= {np.dtype(np.float32), np.dtype(np.int64)}
    for p, q in zip(params, exact, strict=True):
        assert p.dtype == dtype
        tolerance = 5e-3 if dtype == np.float16 else 1e-5
        np.testing.assert_allclose(p.get_value(), q.get_value(), rtol=tolerance, atol=tolerance)


@EVERY
def test_a_lost_parameter_is_named(toy, name):
    a, b = toy.parameters()
    rule, settings, _ = RULES[name]
    text = "the loss does not depend on parameter 1 (<Parameter p1: (2, 2) float64>)"
    with pytest.raises(RuntimeError, match=re.escape(text)):
        rule((a * a).sum(), [a, b], **{"learning_rate": 0.1, **settings})
    assert updates.get_state([a, b]) == {}


@EVERY
def test_every_rule_trains_a_network(name):
    mt.random.seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 5)).astype(np.float32)
    y = np.tanh(x @ rng.normal(size=(5, 2))).astype(np.float32)
    net = DenseLayer(
        DenseLayer((None, 5), 16, nonlinearity=mt.nonlinearities.tanh), 2, nonlinearity=None
    )
    params = get_all_params(net, trainable=True)
    rule, settings, _ = RULES[name]
    losses = []
    for _ in range(60):
        out = mt.layers.get_output(net, {None: x})
        loss = mt.objectives.squared_error(out, y).mean()
        losses.append(loss.item())
        rule(loss, params, **settings).apply()
    # Adadelta warms up slowly by design.
    assert losses[-1] < (0.99 if name == "adadelta" else 0.5) * losses[0]
