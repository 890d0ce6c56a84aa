"""The GRU op against its formulas, step by step, and what it refuses."""

import numpy as np
import pytest

import minitorch as mt


def by_hand(gates, W, hid):
    """The Notes of the docstring, as they stand."""
    found, units = [], W.shape[0]

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for x in gates:
        h = hid @ W
        (x_r, x_u, x_n), (h_r, h_u, h_n) = (
            [a[:, k * units : (k + 1) * units] for k in range(3)] for a in (x, h)
        )
        r, u = sigmoid(x_r + h_r), sigmoid(x_u + h_u)
        hid = (1 - u) * hid + u * np.tanh(x_n + r * h_n)
        found.append(hid)
    return np.stack(found)


def arrays(time=4, batch=3, units=5):
    rng = np.random.default_rng(3)
    shapes = [(time, batch, 3 * units), (units, 3 * units), (batch, units)]
    return [rng.normal(size=shape) for shape in shapes]


def test_it_is_the_formula():
    given = arrays()
    found = mt.gru(*[mt.asarray(a) for a in given])
    np.testing.assert_allclose(found.numpy(), by_hand(*given), rtol=1e-13)


@pytest.mark.parametrize(
    ("at", "shape", "message"),
    [
        (0, (4, 3, 16), r"gates must be \(time, batch, 3 · units\)"),
        (0, (0, 3, 15), "with one step at least"),
        (1, (5, 20), r"W must be \(5, 15\) for gates \(4, 3, 15\), got \(5, 20\)"),
        (2, (1, 5), r"hid must be \(3, 5\)"),
    ],
)
def test_misfits_are_named(at, shape, message):
    given = [mt.asarray(a) for a in arrays()]
    given[at] = mt.zeros(shape)
    with pytest.raises(ValueError, match=message):
        mt.gru(*given)
