"""Softmax and cross-entropy on the device: every rung against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
RUNGS = [row[0] for row in EMULATED.rungs["loss"]] if EMULATED else []
PASSES = ("softmax", "log_softmax", "entropy", "back")
# (outer, classes, inner)
SHAPES = [(1, 1, 1), (5, 10, 1), (3, 33, 1), (2, 129, 1), (2, 600, 1), (1, 2053, 1), (2, 7, 5),
          (0, 3, 1), (3, 4, 0)]  # fmt: skip

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")
every_dtype = pytest.mark.parametrize("dtype", ROUND)
every_pass = pytest.mark.parametrize("pass_", PASSES)
every_rung = pytest.mark.parametrize("rung", RUNGS)


def reference(pass_, x, labels, g):
    """What the pass gives, of float64 x (outer, classes, inner)."""
    with np.errstate(invalid="ignore"):
        shifted = x - x.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        total = powers.sum(axis=1, keepdims=True)
    if pass_ == "softmax":
        return powers / total
    if pass_ == "log_softmax":
        return shifted - np.log(total)
    at_label = np.arange(x.shape[1])[:, None] == labels[:, None]
    if pass_ == "entropy":
        picked = np.where(at_label, shifted, 0).sum(axis=1)
        return np.log(total[:, 0]) - picked
    return (powers / total - at_label) * g[:, None]


def run(device, rung, pass_, x, labels=None, g=None):
    on = device.to(x)
    reason = device.module.loss_supports(rung, pass_, on)
    if reason:
        pytest.skip(f"{rung}: {reason}")
    y = device.empty((x.shape[0], x.shape[2]) if pass_ == "entropy" else x.shape, x.dtype)
    labels = device.to(labels) if pass_ in ("entropy", "back") else None
    device.module.loss(rung, pass_, on, y, labels, device.to(g) if pass_ == "back" else None)
    return device.get(y)


@pytest.mark.parametrize("label_type", [np.int64, np.int32])
@every_dtype
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@every_pass
@every_rung
def test_pass(device, rung, pass_, shape, dtype, label_type, schedule):
    make, read, unit = ROUND[dtype]
    small = 2.0**-53 if dtype == "float64" else 2.0**-24
    rng = np.random.default_rng(sum(shape))
    rows = (shape[0], shape[2])
    x, g = make(rng.uniform(-6, 6, shape)), make(rng.standard_normal(rows))
    labels = rng.integers(0, shape[1], rows).astype(label_type)
    got = read(run(device, rung, pass_, x, labels, g))
    exact = reference(pass_, read(x), labels, read(g))
    # Shifts up to 12 are rounded, exponentials are off by a few units more, and by as much as
    # their argument; sums of a chain of `classes` or less; differences of numbers up to 12 + ln n.
    slack = small * (12 * 2 + 8 + shape[1] ** 0.5 * 4) + unit * 1.01 * np.abs(exact)
    if pass_ == "back":
        slack = slack * np.maximum(1, np.abs(read(g))[:, None])
    if pass_ in ("log_softmax", "entropy"):
        slack = slack + small * 32
    assert (np.abs(got - exact) <= slack + (2.0**-25 if dtype == "float16" else 0)).all()


@pytest.mark.parametrize("classes", [3, 40, 300])
@every_pass
@every_rung
def test_scores_that_overflow_an_exponential(device, rung, pass_, classes, schedule):
    x = np.zeros((2, classes, 1), np.float32)
    x[0, 1], x[1, -1] = 200, -np.inf
    labels, g = np.array([[1], [0]]), np.ones((2, 1), np.float32)
    got = run(device, rung, pass_, x, labels, g)
    exact = reference(pass_, x.astype(np.float64), labels, g)
    np.testing.assert_allclose(got, exact, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("special", [np.nan, np.inf, "all -inf"])
@pytest.mark.parametrize("classes", [3, 40, 300])
@every_pass
@every_rung
def test_rows_without_a_finite_maximum_are_nan(device, rung, pass_, classes, special):
    x = np.zeros((2, classes, 1), np.float32)
    x[0] = -np.inf if special == "all -inf" else 0
    if special != "all -inf":
        x[0, classes // 2] = special
    labels = np.array([[classes // 2], [0]])
    got = run(device, rung, pass_, x, labels, np.ones((2, 1), np.float32))
    assert np.isnan(got[0]).all()
    assert np.isfinite(got[1]).all()


@every_rung
def test_labels_that_are_no_class_lose_nan(device, rung):
    x = np.zeros((3, 4, 1), np.float32)
    got = run(device, rung, "entropy", x, np.array([[-1], [4], [3]]))
    assert np.isnan(got[:2]).all()
    assert got[2, 0] == np.float32(np.log(4))


X, ROWS = np.zeros((2, 3, 1), np.float32), np.zeros((2, 1), np.float32)
LABELS = np.zeros((2, 1), np.int64)
GOOD = {"pass_": "back", "x": X, "y": X.copy(), "labels": LABELS, "g": ROWS}
WRONG = [
    ({"pass_": "max"}, ValueError, "pass is one of softmax, log_softmax, entropy, back, not 'max'"),
    ({"pass_": "softmax"}, ValueError, "pass 'softmax' has no labels"),
    ({"labels": None}, ValueError, "pass 'back' needs labels"),
    ({"labels": ROWS}, TypeError, "labels must be int64 or int32, got 'f4'"),
    ({"labels": LABELS[:1]}, ValueError, r"labels must be \(2, 1\), got \(1, 1\)"),
    ({"g": None}, ValueError, "g is for pass 'back', which needs it"),
    ({"g": ROWS[0]}, ValueError, r"g must be \(2, 1\)"),
    ({"x": X[:, :, 0]}, ValueError, "x must have 3 axes"),
    ({"x": X[:, :0]}, ValueError, r"x \(2, 0, 1\) has no classes"),
    ({"x": X.astype(np.float64)}, TypeError, "must be float64 as the other arrays, got float32"),
    ({"y": ROWS}, ValueError, r"y must be \(2, 3, 1\)"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_arguments(device, change, error, message):
    given = {**GOOD, **change}
    arrays = {k: device.to(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    with pytest.raises(error, match=message):
        device.module.loss("k01_naive", **arrays)


def test_a_rung_that_cannot_says_why(device):
    x = device.to(np.zeros((2, 1025, 1), np.float32))
    with pytest.raises(ValueError, match="loss k03_warps: it has at most 1024 classes"):
        device.module.loss("k03_warps", "softmax", x, device.to(np.zeros_like(x)))
    x = device.to(np.zeros((2, 3, 2), np.float32))
    for rung in ("k02_blocks", "k03_warps"):
        assert device.module.loss_supports(rung, "softmax", x) == (
            "the classes must lie side by side"
        )
