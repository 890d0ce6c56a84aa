"""Steps that are computed when they are assigned: what can be seen of it, and what cannot."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import updates
from minitorch.parameter import Parameter

RULES = {
    "sgd": lambda loss, ps: updates.sgd(loss, ps, 0.25),
    "momentum": lambda loss, ps: updates.momentum(loss, ps, 0.25, 0.5),
    "nesterov": lambda loss, ps: updates.nesterov_momentum(loss, ps, 0.25, 0.5),
    "adam": lambda loss, ps: updates.adam(loss, ps, 0.25),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def two():
    return [Parameter(np.array([1.0, 2.0])), Parameter(np.array([3.0]))]


def loss_of(ps):
    return (ps[0] * ps[0]).sum() * ps[1].sum()


def plain(rule, ps):
    """All new values first, as numbers, then assigned."""
    new = rule(loss_of(ps), ps)
    values = {p: np.array(new[p].numpy()) for p in new}
    for p, value in values.items():
        p.set_value(value)


@every_rule
def test_it_is_what_assigning_known_values_gives(rule):
    ps, expected = two(), two()
    for _ in range(3):
        rule(loss_of(ps), ps).apply()
        plain(rule, expected)
    for p, q in zip(ps, expected, strict=True):
        np.testing.assert_array_equal(p.get_value(), q.get_value())
        for name, slot in p.slots.items():
            np.testing.assert_array_equal(slot.get_value(), q.slots[name].get_value())


@every_rule
def test_nothing_is_assigned_before_and_values_stay_readable_after(rule):
    ps = two()
    new = rule(loss_of(ps), ps)
    assert ps[0].tolist() == [1.0, 2.0]
    first = new[ps[0]].numpy().copy()
    new.apply()
    np.testing.assert_array_equal(ps[0].get_value(), first)
    np.testing.assert_array_equal(new[ps[0]].numpy(), first)
    np.testing.assert_array_equal(new[ps[1]].numpy(), ps[1].get_value())


def test_a_value_that_is_replaced_leaves_the_rest_of_its_step_as_it_was():
    ps = two()
    new = updates.momentum(loss_of(ps), ps, 0.25)
    new[ps[0]] = mt.zeros(2, dtype="float64")
    new.apply()
    assert ps[0].tolist() == [0.0, 0.0]
    assert ps[0].slots["momentum.velocity"].tolist() == [-1.5, -3.0]  # from the old ps[0]


def test_what_dictionaries_do():
    ps = two()
    new = updates.sgd(loss_of(ps), ps, 0.25)
    assert list(new) == ps and len(new) == 2
    stepped = [[-0.5, -1.0], [1.75]]
    assert [v.tolist() for v in new.values()] == stepped
    for make in (dict, updates.Updates):
        fresh = updates.sgd(loss_of(ps), ps, 0.25)
        assert [v.tolist() for v in make(fresh).values()] == stepped
    new = updates.sgd(loss_of(ps), ps, 0.25)
    assert new.get(ps[0]).tolist() == stepped[0] and new.get("none", 5) == 5
    assert new.pop(ps[1]).tolist() == stepped[1] and new.pop(ps[1], 7) == 7
    with pytest.raises(KeyError):
        new.pop(ps[1])


def test_parameters_that_share_memory_are_computed_from_the_old_values():
    p = Parameter(np.array([1.0, 1.0]))
    q = Parameter(np.zeros(2))
    q.data, q._cell = p.data, p._cell
    new = updates.sgd([mt.ones(2, dtype="float64"), mt.zeros(2, dtype="float64")], [p, q], 0.25)
    new.apply()
    assert p.tolist() == [1.0, 1.0]  # q's value, which was computed before p was assigned


def test_new_values_of_all_parameters_do_not_live_at_one_time():
    ps = [Parameter(np.ones(10000)) for _ in range(10)]
    gradients = [mt.ones(10000, dtype="float64") for _ in ps]
    with mt.observe(mt.PeakMeter()) as meter:
        updates.sgd(gradients, ps, 0.25).apply()
    assert meter.peak <= 2 * ps[0].data.nbytes
