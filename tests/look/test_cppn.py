"""Patterns: drawn as a slow loop draws them, changed so that they stay networks."""

import math

import numpy as np
import pytest

from minitorch import look
from minitorch.look.cppn import FUNCTIONS, Pattern, changed_pattern, drawn, first_pattern


def slow(pattern, shape):
    """Every node of every pixel by recursion."""
    by_name = {
        "sine": math.sin,
        "gaussian": lambda v: math.exp(-v * v),
        "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
        "linear": lambda v: v,
        "tanh": math.tanh,
        "absolute": abs,
    }
    out = np.zeros((pattern.outputs, *shape))
    for i, j in np.ndindex(*shape):
        y, x = -1 + 2 * i / (shape[0] - 1), -1 + 2 * j / (shape[1] - 1)
        given = [x, y, math.hypot(x, y) * math.sqrt(2), 1.0]

        def value(node, given=given):
            if node < 4:
                return given[node]
            total = sum(w * value(a) for (a, b), w in pattern.weights.items() if b == node)
            return min(50, max(-50, by_name[pattern.functions[node]](total)))

        for k in range(pattern.outputs):
            out[k, i, j] = 255 / (1 + math.exp(-2 * value(4 + k)))
    return out


def grown(steps, outputs=3, seed=0):
    rng = np.random.default_rng(seed)
    pattern = first_pattern(outputs, rng)
    for _ in range(steps):
        pattern = changed_pattern(pattern, rng)
    return pattern


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_drawing_by_a_slow_loop(seed):
    pattern = grown(40, seed=seed)
    assert len(pattern.depths) > 8
    np.testing.assert_allclose(drawn(pattern, (4, 5)), slow(pattern, (4, 5)), rtol=1e-4, atol=1e-4)


def test_a_pattern_by_hand():
    pattern = Pattern((0, 0, 0, 0, 1), ("linear",) * 4 + ("sine",), {(0, 4): 2.0, (3, 4): 1.0}, 1)
    found = drawn(pattern, (2, 3))
    expected = [255 / (1 + math.exp(-2 * math.sin(2 * x + 1))) for x in (-1, 0, 1)]
    np.testing.assert_allclose(found, [[expected] * 2], rtol=1e-6)
    assert drawn(pattern, (1, 1)).shape == (1, 1, 1)


def test_changes_keep_a_network_without_cycles():
    rng = np.random.default_rng(0)
    pattern = first_pattern(2, rng)
    grew = set()
    for _ in range(300):
        child = changed_pattern(pattern, rng)
        assert len(child.depths) == len(child.functions) and child.outputs == 2
        assert set(child.functions) <= set(FUNCTIONS)
        for a, b in child.weights:
            assert child.depths[a] < child.depths[b]
        grew.add(
            (len(child.depths) - len(pattern.depths), len(child.weights) - len(pattern.weights))
        )
        pattern = child
    assert grew == {(0, 0), (0, 1), (0, -1), (1, 1)}


def test_a_child_leaves_its_parent_as_it_is():
    parent = grown(10)
    weights = dict(parent.weights)
    rng = np.random.default_rng(3)
    for _ in range(50):
        changed_pattern(parent, rng)
    assert parent.weights == weights


def test_patterns_that_are_taken_for_digits(lenet):
    found = look.evolve(lenet, generations=60, encoding="cppn")
    assert np.median(found.probabilities[-1]) > 0.9
    noise = look.evolve(lenet, generations=60)
    rough = [np.abs(np.diff(one.pixels.astype(int), axis=3)).mean() for one in (found, noise)]
    assert rough[0] < 0.5 * rough[1]  # regular to the eye
    for pixels, genome in zip(found.pixels, found.genomes, strict=True):
        np.testing.assert_array_equal(pixels, np.rint(drawn(genome, (20, 20))))
    again = look.evolve(lenet, generations=60, encoding="cppn")
    np.testing.assert_array_equal(found.pixels, again.pixels)
    np.testing.assert_array_equal(found.probabilities, again.probabilities)
    other = look.evolve(lenet, generations=3, encoding="cppn", seed=1)
    assert (found.pixels != other.pixels).any()
