"""The LSTM op against its formulas, step by step, and what it refuses."""

import numpy as np
import pytest

import minitorch as mt


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(gates, W, hid, cell, p):
    """The Notes of the docstring, as they stand."""
    found, units = [], W.shape[0]
    for step in gates:
        z = step + hid @ W
        i, f, g, o = (z[:, k * units : (k + 1) * units] for k in range(4))
        i, f = sigmoid(i + cell * p[0]), sigmoid(f + cell * p[1])
        cell = f * cell + i * np.tanh(g)
        hid = sigmoid(o + cell * p[2]) * np.tanh(cell)
        found.append((hid, cell))
    return [np.stack(each) for each in zip(*found, strict=True)]


def arrays(time=4, batch=3, units=5):
    rng = np.random.default_rng(3)
    shapes = [(time, batch, 4 * units), (units, 4 * units), (batch, units), (batch, units)]
    return [rng.normal(size=shape) for shape in [*shapes, (3, units)]]


@pytest.mark.parametrize("peepholes", [False, True])
def test_it_is_the_formula(peepholes):
    gates, W, hid, cell, p = arrays()
    given = [mt.asarray(a) for a in (gates, W, hid, cell)]
    found = mt.lstm(*given, mt.asarray(p) if peepholes else None)
    for a, b in zip(found, by_hand(gates, W, hid, cell, p * peepholes), strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-13)


def test_the_start_is_a_step_like_any_other():
    """Two halves one after another are the whole."""
    gates, W, hid, cell, p = [mt.asarray(a) for a in arrays()]
    whole = mt.lstm(gates, W, hid, cell, p)
    first = mt.lstm(gates[:3], W, hid, cell, p)
    second = mt.lstm(gates[3:], W, first[0][-1], first[1][-1], p)
    for a, b, c in zip(whole, first, second, strict=True):
        np.testing.assert_allclose(a.numpy(), np.concatenate([b.numpy(), c.numpy()]), rtol=1e-13)


@pytest.mark.parametrize(
    ("at", "shape", "message"),
    [
        (0, (4, 3, 18), r"gates must be \(time, batch, 4 · units\)"),
        (0, (0, 3, 20), "with one step at least"),
        (1, (5, 15), r"W must be \(5, 20\) for gates \(4, 3, 20\), got \(5, 15\)"),
        (2, (1, 5), r"hid must be \(3, 5\)"),
        (3, (3, 4), r"cell must be \(3, 5\)"),
        (4, (5,), r"peepholes must be \(3, 5\)"),
    ],
)
def test_misfits_are_named(at, shape, message):
    given = [mt.asarray(a) for a in arrays()]
    given[at] = mt.zeros(shape)
    with pytest.raises(ValueError, match=message):
        mt.lstm(*given)
