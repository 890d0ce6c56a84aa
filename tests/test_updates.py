"""Update rules: against formulas in plain Python, against torch.optim, chains, state, errors."""

import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import updates
from minitorch.layers import DenseLayer, get_all_params
from minitorch.parameter import Parameter
from minitorch.updates import Slot, Updates

# -- the rules, element by element in plain Python: (p, g, memory, step) -> p ---------


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

START = [np.array([1.0, -2.0, 0.5]), np.array([[0.1, 3.0], [-0.7, 0.0]])]
TARGET = [np.array([0.3, 0.2, -1.0]), np.array([[1.0, 1.0], [0.5, 0.0]])]
CURVATURE = [np.array([1.0, 0.2, 3.0]), np.array([[0.5, 2.0], [0.1, 1.0]])]


def parameters(dtype=np.float64):
    return [Parameter(a.astype(dtype), name=f"p{i}") for i, a in enumerate(START)]


def loss_of(params):
    """A quadratic, steep in some directions and flat in others."""
    rows = zip(params, TARGET, CURVATURE, strict=True)
    terms = [(mt.asarray(c) * (p - mt.asarray(t)) ** 2).sum() for p, t, c in rows]
    return 0.5 * (terms[0] + terms[1])


def run(name, params, steps=10):
    rule, settings, _ = RULES[name]
    for _ in range(steps):
        rule(loss_of(params), params, **settings).apply()


@EVERY
def test_ten_steps_follow_the_formula(name):
    params = parameters()
    run(name, params)
    formula = RULES[name][2]
    for p, start, target, curvature in zip(params, START, TARGET, CURVATURE, strict=True):
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
    import inspect

    found = inspect.signature(RULES[name][0]).parameters
    given = {k: p.default for k, p in found.items() if p.default is not p.empty}
    assert given == defaults.get(name, {})
    assert list(found)[:3] == ["loss_or_grads", "params", "learning_rate"]


# -- PyTorch, where its rule is the same ---------------------------------------------


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
def test_torch_gives_the_same(name):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle; only developers have it")
    theirs = [torch.tensor(a, requires_grad=True) for a in START]
    optimiser = _torch_cases(torch.optim)[name](theirs)
    ours = parameters()
    rule, settings, _ = RULES[name]
    # PyTorch's epsilon is in another place: without it both are the same.
    if name in ("adagrad", "rmsprop", "adam", "adamax", "amsgrad"):
        settings = {**settings, "epsilon": 0}
    # Targets are moved a little: a gradient of 0 would be divided by 0.
    for _ in range(10):
        optimiser.zero_grad()
        rows = zip(theirs, TARGET, CURVATURE, strict=True)
        sum(
            0.5 * (torch.tensor(c) * (p - torch.tensor(t - 0.01)) ** 2).sum() for p, t, c in rows
        ).backward()
        optimiser.step()
        rows = zip(ours, TARGET, CURVATURE, strict=True)
        grads = [mt.asarray(c) * (p - mt.asarray(t - 0.01)) for p, t, c in rows]
        rule(grads, ours, **settings).apply()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.get_value(), b.detach().numpy(), rtol=1e-12)


# -- two phases -------------------------------------------------------------------


@EVERY
def test_nothing_changes_before_apply(name):
    params = parameters()
    run(name, params, steps=1)
    before = [p.get_value() for p in params]
    slots = updates.get_state(params)
    new = RULES[name][0](loss_of(params), params, **RULES[name][1])
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
def test_memory_and_version(name):
    params = parameters()
    places = [(p.data, p.version) for p in params]
    run(name, params, steps=3)
    for p, (memory, version) in zip(params, places, strict=True):
        assert p.data is memory and p.version == version + 3
        assert p.is_leaf and p.requires_grad


def test_assignments_see_old_values():
    a, b = Parameter([1.0]), Parameter([2.0])
    Updates({a: b, b: a}).apply()
    assert (a.item(), b.item()) == (2, 1)
    c = Parameter([1.0, 2.0, 3.0])
    Updates({c: c.detach()[::-1]}).apply()
    np.testing.assert_array_equal(c.get_value(), [3, 2, 1])


def test_values_may_be_arrays_or_numbers():
    a, b = Parameter([1.0, 2.0]), Parameter(3.0)
    Updates({a: np.array([5.0, 6.0]), b: 7}).apply()
    assert a.tolist() == [5, 6] and b.item() == 7


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (mt.ones(3), ValueError, "update of <Parameter b: (2,) float32> has shape (3,)"),
        (mt.ones(()), ValueError, "has shape ()"),
        (np.ones(2) * 1j, TypeError, "is complex128"),
        (["x", "y"], TypeError, "holds numbers"),
    ],
)
def test_all_or_nothing(value, kind, text):
    a, b = Parameter([1.0, 1.0], name="a"), Parameter([1.0, 1.0], name="b")
    with pytest.raises(kind, match=re.escape(text)):
        Updates({a: mt.zeros(2), b: value}).apply()
    assert a.tolist() == b.tolist() == [1, 1]


def test_only_parameters_are_updated():
    with pytest.raises(TypeError, match="updates are for parameters, found a Tensor"):
        updates.apply_updates({mt.ones(2): mt.zeros(2)})


def test_integers_stay_integers():
    step = Parameter(np.int64(0), trainable=False)
    with pytest.raises(TypeError, match="is float32"):
        Updates({step: mt.asarray(0.5)}).apply()
    Updates({step: step + 1}).apply()
    assert step.item() == 1 and step.dtype == np.int64


# -- chains --------------------------------------------------------------------------


def test_momentum_goes_on_any_rule():
    params, twin = parameters(), parameters()
    velocity = [np.zeros_like(a) for a in START]
    for _ in range(5):
        new = updates.rmsprop(loss_of(params), params, 0.01)
        updates.apply_momentum(new, momentum=0.8).apply()
        target = updates.rmsprop(loss_of(twin), twin, 0.01)
        for i, p in enumerate(twin):
            step = target[p].numpy() - p.get_value()
            velocity[i] = 0.8 * velocity[i] + step
            target[p] = p + mt.asarray(velocity[i])
        target.apply()
    for a, b in zip(params, twin, strict=True):
        np.testing.assert_allclose(a.get_value(), b.get_value(), rtol=1e-12)
        np.testing.assert_allclose(
            a.slots["rmsprop.accu"].get_value(), b.slots["rmsprop.accu"].get_value(), rtol=1e-12
        )


@pytest.mark.parametrize("rule", [updates.apply_momentum, updates.apply_nesterov_momentum])
def test_momentum_can_be_for_some(rule):
    a, b = parameters()
    new = rule(updates.adam(loss_of([a, b]), [a, b]), [b], momentum=0.5)
    new.apply()
    assert not any("momentum" in name for name in a.slots)
    assert any("momentum" in name for name in b.slots)
    with pytest.raises(ValueError, match=re.escape("there is no update of <Parameter p0")):
        rule(updates.sgd(loss_of([a, b]), [a, b], 0.1) and Updates({b: b + 0}), [a])


@pytest.mark.parametrize("rule", [updates.apply_momentum, updates.apply_nesterov_momentum])
def test_momentum_leaves_what_rules_remember_alone(rule):
    params = parameters()
    for _ in range(3):
        rule(updates.adam(loss_of(params), params)).apply()
    assert params[0].slots["adam.t"].item() == 3
    assert len(params[0].slots) == 4


def test_momentum_twice_has_two_velocities():
    p = Parameter(np.array([1.0]))
    value, v1, v2 = 1.0, 0.0, 0.0
    for _ in range(4):
        new = updates.sgd([mt.asarray(np.array([1.0]))], [p], 0.1)
        updates.apply_momentum(updates.apply_momentum(new, momentum=0.5), momentum=0.25).apply()
        v1 = 0.5 * v1 - 0.1
        v2 = 0.25 * v2 + v1
        value += v2
    assert p.item() == pytest.approx(value, rel=1e-12)
    assert set(p.slots) == {"momentum.velocity", "momentum.velocity.2"}


def test_updates_can_be_edited():
    w = Parameter(np.array([[3.0, 0.3], [4.0, 0.4]]))
    new = updates.sgd([mt.zeros((2, 2))], [w], 1.0)
    new[w] = updates.norm_constraint(new[w], 1.0)
    new.apply()
    np.testing.assert_allclose(w.get_value(), [[0.6, 0.3], [0.8, 0.4]], rtol=1e-6)


# -- hyper-parameters that change -----------------------------------------------------


@pytest.mark.parametrize("kind", [float, np.float32, np.array, mt.asarray, Parameter, "callable"])
def test_hyper_parameters_of_any_kind(kind):
    p = Parameter([1.0])
    rate = (lambda: 0.25) if kind == "callable" else kind(0.25)
    updates.sgd((p * p).sum(), [p], learning_rate=rate).apply()
    assert p.item() == 0.5


def test_rates_change_while_training_goes_on():
    p, rate = Parameter([0.0]), Parameter(1.0)
    for value in (1.0, 0.5, 0.25):
        rate.set_value(value)
        updates.sgd([mt.ones(1)], [p], rate).apply()
    assert p.item() == -1.75


@EVERY
def test_a_schedule_is_asked_once_in_a_step(name):
    asked = []

    def rate():
        asked.append(None)
        return 0.1 / len(asked)

    params = parameters()
    for _ in range(3):
        RULES[name][0](loss_of(params), params, learning_rate=rate).apply()
    assert len(asked) == 3


@pytest.mark.parametrize("rate", ["fast", None, mt.ones(2), [0.1]])
def test_rates_are_numbers(rate):
    p = Parameter([1.0])
    with pytest.raises((TypeError, ValueError)):
        updates.sgd((p * p).sum(), [p], rate)


# -- state ----------------------------------------------------------------------------


@EVERY
def test_saved_and_restored_runs_go_on_bit_by_bit(name):
    params = parameters(np.float32)
    run(name, params, steps=4)
    values, state = [p.get_value() for p in params], updates.get_state(params)
    run(name, params, steps=4)
    others = [Parameter(v) for v in values]
    updates.set_state(others, state)
    run(name, others, steps=4)
    for a, b in zip(params, others, strict=True):
        np.testing.assert_array_equal(a.get_value(), b.get_value())
    assert updates.get_state(others).keys() == state.keys()


def test_state_is_plain_named_arrays():
    params = parameters()
    run("adam", params, steps=2)
    state = updates.get_state(params)
    assert sorted(state) == [f"{i}/adam.{name}" for i in (0, 1) for name in ("m", "t", "v")]
    assert state["0/adam.t"].dtype == np.int64 and state["0/adam.t"] == 2
    assert state["1/adam.v"].shape == (2, 2)
    assert params[0].slots["adam.m"].name == "p0.adam.m"
    state["0/adam.m"][:] = 7
    assert (params[0].slots["adam.m"].get_value() != 7).all()


def test_reset_starts_anew():
    params = parameters()
    run("adam", params, steps=2)
    updates.reset_state(params)
    assert updates.get_state(params) == {}
    for p, start in zip(params, START, strict=True):
        p.set_value(start)
    run("adam", params, steps=1)
    fresh = parameters()
    run("adam", fresh, steps=1)
    np.testing.assert_array_equal(params[0].get_value(), fresh[0].get_value())


@pytest.mark.parametrize(
    ("state", "kind", "text"),
    [
        ({"2/adam.m": np.ones(3)}, ValueError, "'2/adam.m' fits none of the 2 parameters"),
        ({"x/adam.m": np.ones(3)}, ValueError, "fits none"),
        ({"0": np.ones(3)}, ValueError, "fits none"),
        ({"-1/adam.m": np.ones(3)}, ValueError, "fits none"),
        ({"0/adam.m": np.ones(4)}, ValueError, "'0/adam.m' has shape (4,)"),
        ({"0/adam.m": np.array([None] * 3)}, TypeError, "holds numbers"),
    ],
)
def test_another_networks_state_changes_nothing(state, kind, text):
    params = parameters()
    run("adam", params, steps=1)
    before = updates.get_state(params)
    with pytest.raises(kind, match=re.escape(text)):
        updates.set_state(params, {"1/adam.m": np.zeros((2, 2)), **state})
    after = updates.get_state(params)
    assert after.keys() == before.keys()
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value)


# -- dtypes and gradients ----------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_parameters_keep_their_dtype(name, dtype):
    params, exact = parameters(dtype), parameters()
    run(name, params, steps=5)
    run(name, exact, steps=5)
    slots = {s.dtype for p in params for s in p.slots.values()}
    assert slots <= {np.dtype(np.float32), np.dtype(np.int64)}
    for p, q in zip(params, exact, strict=True):
        assert p.dtype == dtype
        tolerance = 5e-3 if dtype == np.float16 else 1e-5
        np.testing.assert_allclose(p.get_value(), q.get_value(), rtol=tolerance, atol=tolerance)


def test_half_precision_squares_neither_overflow_nor_vanish():
    for size in (1000.0, 1e-4):
        p = Parameter(np.zeros(1, np.float16))
        updates.adam([mt.asarray(np.array([size], np.float16))], [p], 0.125).apply()
        assert p.item() == pytest.approx(-0.125, rel=0.01)


def test_gradients_can_be_given():
    a, b = parameters()
    grads = [mt.asarray(np.ones(3)), np.ones((2, 2))]
    updates.sgd(grads, [a, b], 0.5).apply()
    np.testing.assert_array_equal(a.get_value(), START[0] - 0.5)
    np.testing.assert_array_equal(b.get_value(), START[1] - 0.5)
    clipped = updates.total_norm_constraint([mt.asarray(g) for g in START], 1.0)
    updates.sgd(clipped, [a, b], 0.5).apply()


def test_params_may_be_an_iterator():
    params = parameters()
    assert list(updates.sgd(loss_of(params), iter(params), 0.1)) == params


def test_no_graph_is_kept():
    params = parameters()
    loss = loss_of(params)
    new = updates.adam(loss, params)
    assert all(v.grad_fn is None for v in new.values())
    with pytest.raises(RuntimeError):  # its saved values are gone
        loss.backward()


@EVERY
def test_a_lost_parameter_is_named(name):
    a, b = parameters()
    rule, settings, _ = RULES[name]
    text = "the loss does not depend on parameter 1 (<Parameter p1: (2, 2) float64>)"
    with pytest.raises(RuntimeError, match=re.escape(text)):
        rule((a * a).sum(), [a, b], **{"learning_rate": 0.1, **settings})
    assert updates.get_state([a, b]) == {}


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda p: ((p * p).sum(), [mt.ones(3)]), ValueError, "found a Tensor; make one with"),
        (lambda p: ((p * p).sum(), [p, 5]), ValueError, "found a int"),
        (lambda p: ((p * p).sum(), p), ValueError, "found a Tensor"),
        (lambda p: (p * p, [p]), ValueError, "this one has shape (3,); take its mean()"),
        (lambda p: ([], [p]), ValueError, "got 0 gradient expressions for 1 parameters"),
        (lambda p: ([None], [p]), ValueError, "is None; it must have the same shape"),
        (lambda p: ([mt.ones(())], [p]), ValueError, "is of shape ()"),
        (lambda p: ([1.0], [p]), ValueError, "is of shape ()"),
        (lambda p: (mt.asarray(1.0), [p]), RuntimeError, "the loss depends on no parameter"),
        (lambda p: ((p * p).sum().detach(), [p]), RuntimeError, "computed under no_grad"),
        (
            lambda p: ((p * p).sum(), [p, Parameter([1.0], "q", trainable=False)]),
            ValueError,
            "<Parameter q: (1,) float32> does not require a gradient",
        ),
    ],
)
def test_wrong_arguments(make, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        updates.sgd(*make(parameters()[0]), learning_rate=0.1)


def test_no_parameters_no_updates():
    assert updates.sgd(mt.asarray(1.0), [], 0.1) == {}
    updates.adam([], []).apply()


# -- constraints ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "axes", "summed"),
    [
        ((5, 4), None, (0,)),
        ((5, 4, 3), None, (1, 2)),
        ((5, 4, 3, 2), None, (1, 2, 3)),
        ((2, 4, 3, 2, 2), None, (1, 2, 3, 4)),
        ((5, 4), 1, (1,)),
        ((5, 4), (0, 1), (0, 1)),
        ((7,), (0,), (0,)),
    ],
)
def test_norm_constraint(shape, axes, summed):
    x = np.random.default_rng(0).normal(size=shape)
    norms = np.sqrt((x**2).sum(axis=summed, keepdims=True))
    most = float(np.median(norms)) * 0.99
    out = updates.norm_constraint(mt.asarray(x), most, norm_axes=axes).numpy()
    np.testing.assert_allclose(out, x * np.minimum(norms, most) / (norms + 1e-7), rtol=1e-13)
    found = np.sqrt((out**2).sum(axis=summed))
    assert (found <= most).all()
    assert (norms <= most).any() or norms.size == 1


def test_norm_constraint_of_nothing_is_nothing():
    assert (updates.norm_constraint(mt.zeros((2, 2)), 1.0) == 0).all()


@pytest.mark.parametrize("shape", [(7,), (), (1,) * 6])
def test_norm_constraint_needs_axes(shape):
    with pytest.raises(ValueError, match="must specify norm_axes"):
        updates.norm_constraint(mt.ones(shape), 1.0)


@pytest.mark.parametrize("most", [0.5, 100.0])
def test_total_norm_constraint(most):
    norm = math.sqrt(sum((a**2).sum() for a in START))
    given = [mt.asarray(a) for a in START]
    scaled, found = updates.total_norm_constraint(given, most, return_norm=True)
    assert found.item() == pytest.approx(norm, rel=1e-14)
    for a, b in zip(START, scaled, strict=True):
        np.testing.assert_allclose(b.numpy(), a * min(norm, most) / (norm + 1e-7), rtol=1e-13)
    again = updates.total_norm_constraint(iter(given), lambda: most)
    np.testing.assert_array_equal(again[0].numpy(), scaled[0].numpy())
    with pytest.raises(ValueError, match="there is no tensor"):
        updates.total_norm_constraint([], 1.0)


# -- a network ------------------------------------------------------------------------------


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
