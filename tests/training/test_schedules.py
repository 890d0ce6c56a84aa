"""Schedules: their ends, their shape, and the names."""

import math

import pytest

from minitorch.training import SCHEDULES, find_schedule
from minitorch.training.schedules import (
    constant,
    cosine,
    linear,
    on_plateau,
    one_cycle,
    steps,
    warmed_up,
)

GRID = [i / 200 for i in range(201)]


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_lie_between_zero_and_one(name):
    assert all(0 <= SCHEDULES[name](u) <= 1 for u in GRID)


def test_cosine_and_linear_fall_from_one_to_zero():
    for schedule in (cosine, linear):
        values = [schedule(u) for u in GRID]
        assert values[0] == 1 and values[-1] == 0 and values == sorted(values, reverse=True)
    assert cosine(1 / 3) == pytest.approx(0.75, rel=1e-12)
    assert cosine(0.2) == pytest.approx((1 + math.cos(0.2 * math.pi)) / 2, rel=1e-12)


def test_one_cycle_rises_then_falls():
    values = [one_cycle(u) for u in GRID]
    top = values.index(max(values))
    assert GRID[top] == 0.2 and values[top] == 1
    assert values[:top] == sorted(values[:top]) and values[top:] == sorted(values[top:])[::-1]


def test_steps_and_constant():
    assert [steps(u) for u in (0, 0.49, 0.5, 0.74)] == [1, 1, 0.1, 0.1]
    assert steps(0.75) == pytest.approx(0.01) and constant(0.9) == 1


def test_names():
    assert find_schedule("cosine") is cosine
    with pytest.raises(
        ValueError, match="no learning-rate schedule named 'cosin'; did you mean 'cosine'"
    ):
        find_schedule("cosin")
    with pytest.raises(ValueError, match="there are constant"):
        find_schedule("zzz")


def test_a_plateau_is_counted_anew_after_each_step():
    falling = [1 / n for n in range(1, 20)]
    assert on_plateau(falling, wait=2) == 1
    assert on_plateau([1.0, 2.0, 2.0], wait=2) == 0.1
    assert on_plateau([1.0, 2.0, 2.0, 2.0], wait=2) == 0.1
    assert on_plateau([1.0, 2.0, 2.0, 2.0, 2.0], wait=2) == pytest.approx(0.01)
    assert on_plateau([1.0, 2.0, 0.5, 2.0], wait=2) == 1
    assert on_plateau([]) == 1


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_warm_up_rises_and_then_the_schedule_runs_whole(name):
    schedule = SCHEDULES[name]
    rise = [warmed_up(schedule, u / 100, 0.25) for u in range(25)]
    assert rise == pytest.approx([u / 25 for u in range(25)])
    for u in GRID:
        later = warmed_up(schedule, 0.25 + 0.75 * u, 0.25)
        assert later == pytest.approx(schedule(u), abs=1e-12) or u in (0.5, 0.75)
    assert warmed_up(schedule, 0.3, 0.0) == schedule(0.3)
