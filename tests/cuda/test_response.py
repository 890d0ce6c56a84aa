"""Local response normalisation on the device: every rung against its formula in float64."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
RUNGS = [row[0] for row in EMULATED.rungs["response"]] if EMULATED else []
# (outer, channels, inner); runs of the second rung are 16 channels
SHAPES = [(1, 1, 1), (2, 3, 5), (1, 15, 3), (2, 16, 4), (1, 17, 1), (2, 37, 33), (0, 3, 2)]
SETTINGS = {"alpha": 0.3, "k": 2.0, "beta": 0.75}

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")


def around(a, n):
    """The sum over the neighbouring channels, one by one."""
    out = np.zeros_like(a)
    for c in range(a.shape[1]):
        out[:, c] = a[:, max(0, c - n // 2) : c + n // 2 + 1].sum(axis=1)
    return out


def run(device, rung, x, n, g=None):
    y = device.empty(x.shape, x.dtype)
    g = None if g is None else device.to(g)
    try:
        device.module.response(rung, device.to(x), y, g, n=n, **SETTINGS)
    except ValueError as error:
        if rung == "k02_slide" and "it has windows of 3, 5 or 7 channels" in str(error):
            pytest.skip(str(error))
        raise
    return device.get(y)


@pytest.mark.parametrize("n", [1, 3, 5, 7, 9])
@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("rung", RUNGS)
def test_fwd_and_back(device, rung, shape, dtype, n, schedule):
    make, read, unit = ROUND[dtype]
    small = 2.0**-53 if dtype == "float64" else 2.0**-24
    rng = np.random.default_rng(n)
    x, g = make(rng.standard_normal(shape)), make(rng.standard_normal(shape))
    alpha, k, beta = SETTINGS.values()
    exact_x, exact_g = read(x), read(g)
    s = k + alpha * around(exact_x**2, n)
    y = exact_x * s**-beta
    # Squares, n sums and a power: relative errors, as s is a sum of positive numbers.
    slack = small * (n + 12)
    got = read(run(device, rung, x, n))
    assert (np.abs(got - y) <= (slack + 1.01 * unit) * np.abs(y) + unit * 2.0**-13).all()

    ratio = exact_g * exact_x * s ** (-beta - 1)
    near = exact_g * s**-beta
    far = 2 * alpha * beta * np.abs(exact_x) * around(np.abs(ratio), n)
    dx = near - 2 * alpha * beta * exact_x * around(ratio, n)
    got = read(run(device, rung, x, n, g))
    limit = 3 * slack * (np.abs(near) + far) + 1.01 * unit * np.abs(dx) + unit * 2.0**-13
    assert (np.abs(got - dx) <= limit).all()


X = np.zeros((2, 3, 4), np.float32)
GOOD = {"x": X, "y": X.copy(), "n": 5}
WRONG = [
    ({"x": X[0]}, ValueError, "x must have 3 axes"),
    ({"x": X.astype(int)}, TypeError, "x: the kernels compute in"),
    ({"y": X[:1]}, ValueError, r"y must be \(2, 3, 4\), got \(1, 3, 4\)"),
    ({"g": X.astype(np.float64)}, TypeError, "g must be float32 as the other arrays"),
    ({"g": X[:, :2]}, ValueError, r"g must be \(2, 3, 4\)"),
    ({"n": 4}, ValueError, "n must be an odd number of channels, got 4"),
    ({"n": -1}, ValueError, "n must be an odd number of channels, got -1"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_arguments(device, change, error, message):
    given = {**GOOD, **SETTINGS, **change}
    arrays = {k: device.to(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    with pytest.raises(error, match=message):
        device.module.response("k01_naive", **arrays)


def test_a_rung_that_cannot_says_why(device):
    with pytest.raises(ValueError, match="response k02_slide: it has windows of 3, 5 or 7"):
        device.module.response("k02_slide", device.to(X), device.to(X), n=9, **SETTINGS)
