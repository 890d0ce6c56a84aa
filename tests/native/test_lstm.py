"""Every rung of csrc/cpu/lstm against the bodies in float64: within the bound of its sums."""

import numpy as np
import pytest

from minitorch.ops.lstm import lstm_op
from minitorch.ops.lstm_back import lstm_back
from tests.native.support import Guarded, rungs

RUNGS = rungs("lstm")
DTYPES = ("float32", "float64")
# (steps, sequences, units): the tile is 6 x (4, 8 or 16), panels are 256 long, tasks are 8.
SHAPES = [
    (1, 1, 1), (3, 5, 15), (2, 6, 16), (4, 7, 17), (2, 13, 33), (3, 2, 65), (2, 1, 257), (3, 0, 4),
]  # fmt: skip


def data(shape, dtype, seed=5):
    """Sums of gates, weights, states, peepholes and gradients of both outputs."""
    (t, n, h), rng = shape, np.random.default_rng(seed)
    shapes = [(t, n, 4 * h), (h, 4 * h), (n, h), (n, h), (3, h), (t, n, h), (t, n, h)]
    arrays = [rng.normal(size=s) for s in shapes]
    arrays[1] /= np.sqrt(h)
    return [a.astype(dtype) for a in arrays]


def tolerance(shape, dtype):
    """How far rounding may carry: sums of h or 4 h terms of order 1, fed back at every step."""
    t, _, h = shape
    return 8 * (4 * h + 16) * t * np.finfo(dtype).eps


def forward(native, rung, shape, dtype, arrays, peepholes):
    gates, w, hid, cell, p, *_ = arrays
    t, n, h = shape
    outs = [Guarded(s, dtype) for s in ((t, n, h), (t, n, h), (t, n, 4 * h))]
    native.lstm_fwd(rung, gates, w, hid, cell, p if peepholes else None, *[o.array for o in outs])
    return [o.check() for o in outs]


def backward(native, rung, shape, dtype, arrays, states, peepholes):
    _, w, hid, cell, p, *incoming = arrays
    t, n, h = shape
    outs = [Guarded(s, dtype) for s in ((t, n, 4 * h), (n, h), (n, h), (3, h))]
    d = [o.array for o in outs]
    last = (p, *d) if peepholes else (None, *d[:3], None)
    native.lstm_bwd(rung, *incoming, *states, w, hid, cell, *last)
    found = [o.check() for o in outs]
    return found if peepholes else found[:3]


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("peepholes", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_rung_equals_the_body(native, isa, rung, dtype, peepholes, shape):
    arrays = data(shape, dtype)
    wide = [a.astype(np.float64) for a in arrays]
    limit = tolerance(shape, dtype)
    states = lstm_op.body(np, *wide[: 4 + peepholes])
    found = forward(native, rung, shape, dtype, arrays, peepholes)
    for a, b in zip(found, states, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=limit)
    exact = lstm_back.body(np, *wide[5:], *states, *wide[1 : 4 + peepholes])
    rounded = [s.astype(dtype) for s in states]
    got = backward(native, rung, shape, dtype, arrays, rounded, peepholes)
    for a, b in zip(got, [exact[0], *exact[2:]], strict=False):
        np.testing.assert_allclose(a, b, rtol=limit, atol=limit * (1 + np.abs(b).max(initial=0)))


@pytest.mark.parametrize("rung", RUNGS)
def test_large_sums_saturate(native, rung):
    """Gates at their limits: no NaN, the cell counts the steps."""
    gates = np.full((3, 2, 4 * 5), 1e4, "float32")
    zero = np.zeros((2, 5), "float32")
    arrays = [gates, np.zeros((5, 20), "float32"), zero, zero, None]
    hidden, cells, activated = forward(native, rung, (3, 2, 5), "float32", arrays, False)
    np.testing.assert_array_equal(cells[:, 0, 0], [1, 2, 3])
    np.testing.assert_array_equal(activated, 1)
    np.testing.assert_allclose(hidden, np.tanh(cells), rtol=1e-6)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({}, None, ""),
        ({0: np.ones((2, 3, 15), "f4")}, ValueError, r"gates has the shape \(2, 3, 15\)"),
        ({0: np.ones((0, 3, 16), "f4")}, ValueError, "one step at least"),
        ({1: np.ones((4, 12), "f4")}, ValueError, r"w has the shape .*, it must be \(4, 16\)"),
        ({2: np.ones((3, 4), "f8")}, TypeError, "hid has the dtype float64"),
        ({3: np.ones((2, 4), "f4")}, ValueError, "cell has the shape"),
        ({4: np.ones((2, 4), "f4")}, ValueError, "peepholes has the shape"),
        ({5: np.ones((2, 3, 5), "f4")}, ValueError, "hidden has the shape"),
    ],
)
def test_misfits_are_refused_at_the_door(native, changed, error, message):
    shapes = [(2, 3, 16), (4, 16), (3, 4), (3, 4), (3, 4), (2, 3, 4), (2, 3, 4), (2, 3, 16)]
    arrays = [np.ones(s, "f4") for s in shapes]
    for at, value in changed.items():
        arrays[at] = value
    if error is None:
        native.lstm_fwd("k01_naive", *arrays)
        return
    with pytest.raises(error, match=message):
        native.lstm_fwd("k01_naive", *arrays)
