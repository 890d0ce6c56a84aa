"""Momentum on other rules: chains, choices, editing."""

import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import updates
from minitorch.parameter import Parameter
from minitorch.updates import Updates


def test_momentum_goes_on_any_rule(toy):
    params, twin = toy.parameters(), toy.parameters()
    velocity = [np.zeros_like(a) for a in toy.start]
    for _ in range(5):
        new = updates.rmsprop(toy.loss_of(params), params, 0.01)
        updates.apply_momentum(new, momentum=0.8).apply()
        target = updates.rmsprop(toy.loss_of(twin), twin, 0.01)
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
def test_momentum_can_be_for_some(toy, rule):
    a, b = toy.parameters()
    new = rule(updates.adam(toy.loss_of([a, b]), [a, b]), [b], momentum=0.5)
    new.apply()
    assert not any("momentum" in name for name in a.slots)
    assert any("momentum" in name for name in b.slots)
    with pytest.raises(ValueError, match=re.escape("there is no update of <Parameter p0")):
        rule(updates.sgd(toy.loss_of([a, b]), [a, b], 0.1) and Updates({b: b + 0}), [a])


@pytest.mark.parametrize("rule", [updates.apply_momentum, updates.apply_nesterov_momentum])
def test_momentum_leaves_what_rules_remember_alone(toy, rule):
    params = toy.parameters()
    for _ in range(3):
        rule(updates.adam(toy.loss_of(params), params)).apply()
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
