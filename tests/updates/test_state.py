"""What rules remember: named, saved, restored, forgotten."""

import re

import numpy as np
import pytest

from minitorch import updates


def run(toy, params, steps):
    for _ in range(steps):
        updates.adam(toy.loss_of(params), params, 0.01).apply()


def test_state_is_plain_named_arrays(toy):
    params = toy.parameters()
    run(toy, params, steps=2)
    state = updates.get_state(params)
    assert sorted(state) == [f"{i}/adam.{name}" for i in (0, 1) for name in ("m", "t", "v")]
    assert state["0/adam.t"].dtype == np.int64 and state["0/adam.t"] == 2
    assert state["1/adam.v"].shape == (2, 2)
    assert params[0].slots["adam.m"].name == "p0.adam.m"
    state["0/adam.m"][:] = 7
    assert (params[0].slots["adam.m"].get_value() != 7).all()


def test_reset_starts_anew(toy):
    params = toy.parameters()
    run(toy, params, steps=2)
    updates.reset_state(params)
    assert updates.get_state(params) == {}
    for p, start in zip(params, toy.start, strict=True):
        p.set_value(start)
    run(toy, params, steps=1)
    fresh = toy.parameters()
    run(toy, fresh, steps=1)
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
def test_another_networks_state_changes_nothing(toy, state, kind, text):
    params = toy.parameters()
    run(toy, params, steps=1)
    before = updates.get_state(params)
    with pytest.raises(kind, match=re.escape(text)):
        updates.set_state(params, {"1/adam.m": np.zeros((2, 2)), **state})
    after = updates.get_state(params)
    assert after.keys() == before.keys()
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value)
