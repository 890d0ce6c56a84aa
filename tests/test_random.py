"""The global generator: seeds, other generators, states."""

import json
import re

import numpy as np
import pytest

from minitorch import init, random


@pytest.fixture(autouse=True)
def _keep_the_generator():
    before = random.get_rng()
    yield
    random.set_rng(before)


GENERATORS = [
    lambda: np.random.RandomState(3),
    lambda: np.random.default_rng(3),
    lambda: np.random.Generator(np.random.MT19937(3)),
    lambda: np.random.Generator(np.random.Philox(3)),
]


def draws():
    return [init.Normal()((3,)), init.Uniform()((3,)), init.Sparse()((4, 5)), random.draw_seed()]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_a_seed_repeats_everything():
    random.seed(5)
    first = draws()
    assert not same(first, draws())
    random.seed(5)
    assert same(first, draws())
    random.seed(6)
    assert not same(first, draws())


def test_set_rng():
    rng = np.random.RandomState(1)
    random.set_rng(rng)
    assert random.get_rng() is rng
    expected = np.random.RandomState(1).normal(0, 0.01, (2, 2)).astype(np.float32)
    np.testing.assert_array_equal(init.Normal(0.01)((2, 2)), expected)


def test_the_numpy_module_will_do():
    random.set_rng(np.random)
    state = np.random.get_state()
    try:
        assert random.get_state()["kind"] == "MT19937"
        assert 1 <= random.draw_seed() < 2147462579
    finally:
        np.random.set_state(state)


@pytest.mark.parametrize("make", GENERATORS)
def test_states_resume_exactly_and_fit_into_json(make):
    random.set_rng(make())
    random.get_rng().normal()  # leaves a spare number in a RandomState
    state = json.loads(json.dumps(random.get_state()))
    first = draws()
    random.set_rng(np.random.RandomState(99))
    random.set_state(state)
    assert same(first, draws())


@pytest.mark.parametrize("make", GENERATORS)
def test_seeds_are_in_lasagnes_range(make):
    random.set_rng(make())
    seeds = [random.draw_seed() for _ in range(100)]
    assert all(isinstance(s, int) and 1 <= s < 2147462579 for s in seeds)
    assert len(set(seeds)) == 100


def test_numpys_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()
    draws()
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize(
    ("rng", "missing"),
    [(5, "normal, uniform, randint"), (np.random.PCG64(), "normal, uniform, randint")],
)
def test_a_generator_can_draw(rng, missing):
    with pytest.raises(TypeError, match=f"set_rng: the generator has no {missing}"):
        random.set_rng(rng)


@pytest.mark.parametrize(
    "state", [{}, {"kind": "Generator"}, {"kind": "Generator", "bits": {"bit_generator": "seed"}},
              {"kind": "MT19937", "keys": [1, 2], "position": 0, "has_gauss": 0, "cached": 0.0},
              {"kind": "MT19937", "keys": None, "position": 0, "has_gauss": 0, "cached": 0.0}]
)  # fmt: skip
def test_no_state_of_a_generator(state):
    before = random.get_rng()
    with pytest.raises(ValueError):
        random.set_state(state)
    assert random.get_rng() is before


@pytest.mark.parametrize("value", [-1, 2**32, "x", 1.5])
def test_seeds_that_are_none(value):
    with pytest.raises((ValueError, TypeError), match=re.compile("seed|Seed|cast", re.I)):
        random.seed(value)
