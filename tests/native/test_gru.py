"""Every rung of csrc/cpu/gru against the bodies in float64: within the bound of its sums."""

import numpy as np
import pytest

from minitorch.ops.gru import gru_op
from minitorch.ops.gru_back import gru_back
from tests.native.support import Guarded, rungs
from tests.native.test_lstm import DTYPES, SHAPES, tolerance

RUNGS = rungs("gru")


def data(shape, dtype):
    """Sums of gates, weights, the state, and the gradient of the result."""
    (t, n, h), rng = shape, np.random.default_rng(6)
    arrays = [rng.normal(size=s) for s in ((t, n, 3 * h), (h, 3 * h), (n, h), (t, n, h))]
    arrays[1] /= np.sqrt(h)
    return [a.astype(dtype) for a in arrays]


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_rung_equals_the_body(native, isa, rung, dtype, shape):
    (t, n, h), limit = shape, tolerance(shape, dtype)
    gates, w, hid, g = data(shape, dtype)
    wide = [a.astype(np.float64) for a in (gates, w, hid, g)]
    exact = gru_op.body(np, *wide[:3])
    outs = [Guarded(s, dtype) for s in ((t, n, h), (t, n, 4 * h))]
    native.gru_fwd(rung, gates, w, hid, *[o.array for o in outs])
    for out, b in zip(outs, exact, strict=True):
        np.testing.assert_allclose(out.check(), b, rtol=limit, atol=limit)

    d_gates, _, d_hid = gru_back.body(np, wide[3], *exact, *wide[1:3])
    rounded = [s.astype(dtype) for s in exact]
    outs = [Guarded(s, dtype) for s in ((t, n, 3 * h), (t, n, 3 * h), (n, h))]
    native.gru_bwd(rung, g, *rounded, w, hid, *[o.array for o in outs])
    expected_state = d_gates.copy()  # the new value's part passes the reset gate
    expected_state[..., 2 * h :] *= exact[1][..., :h]
    for out, b in zip(outs, (d_gates, expected_state, d_hid), strict=True):
        scale = 1 + np.abs(b).max(initial=0)
        np.testing.assert_allclose(out.check(), b, rtol=limit, atol=limit * scale)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({}, None, ""),
        ({0: np.ones((2, 3, 15), "f4")}, ValueError, r"gates has the shape \(2, 3, 15\)"),
        ({1: np.ones((4, 16), "f4")}, ValueError, "w has the shape"),
        ({2: np.ones((3, 4), "f8")}, TypeError, "hid has the dtype float64"),
        ({3: np.ones((0, 3, 4), "f4")}, ValueError, "one step at least"),
        ({4: np.ones((2, 3, 12), "f4")}, ValueError, "activated has the shape"),
    ],
)
def test_misfits_are_refused_at_the_door(native, changed, error, message):
    shapes = [(2, 3, 12), (4, 12), (3, 4), (2, 3, 4), (2, 3, 16)]
    arrays = [np.ones(s, "f4") for s in shapes]
    for at, value in changed.items():
        arrays[at] = value
    if error is None:
        native.gru_fwd("k01_naive", *arrays)
        return
    with pytest.raises(error, match=message):
        native.gru_fwd("k01_naive", *arrays)
