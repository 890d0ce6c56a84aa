"""Batch normalisation on the device: every rung against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
RUNGS = [row[0] for row in EMULATED.rungs["norm"]] if EMULATED else []
# (outer, channels, inner)
SHAPES = [(1, 1, 1), (3, 5, 7), (6, 2, 128), (2, 3, 1000), (300, 1, 8), (17, 9, 1), (4, 2, 1664)]
EPSILON = 1e-4

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")
every_dtype = pytest.mark.parametrize("dtype", ROUND)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
every_rung = pytest.mark.parametrize("rung", RUNGS)


def workspace(device, rung, pass_, x):
    reason = device.module.norm_supports(rung, pass_, x)
    if reason:
        pytest.skip(f"{rung}: {reason}")
    needed = device.module.norm_workspace(rung, pass_, x)
    return device.empty((needed,), np.uint8) if needed else None


def parameters(make, channels, given):
    rng = np.random.default_rng(channels)
    gamma, beta = make(rng.uniform(0.5, 2, channels)), make(rng.standard_normal(channels))
    return (gamma if "gamma" in given else None), (beta if "beta" in given else None)


def wide(a, missing):
    """A channel's value in float64, for arrays (outer, channels, inner)."""
    return missing if a is None else a[:, None]


def check_fwd(device, rung, dtype, x, given=("gamma", "beta")):
    make, read, unit = ROUND[dtype]
    small = max(unit, 2.0**-53) if dtype == "float64" else 2.0**-24  # of the arithmetic
    gamma, beta = parameters(make, x.shape[1], given)
    on = device.to(x)
    room = workspace(device, rung, "fwd", on)
    y = device.empty(x.shape, x.dtype)
    mean, inv_std = (device.empty(x.shape[1:2], x.dtype) for _ in range(2))
    arrays = [None if a is None else device.to(a) for a in (gamma, beta)]
    device.module.norm(rung, on, *arrays, y, mean, inv_std, epsilon=EPSILON, workspace=room)

    exact = read(x)
    m = exact.mean(axis=(0, 2), keepdims=True)
    s = 1 / np.sqrt(exact.var(axis=(0, 2), keepdims=True) + EPSILON)
    scale, shift = (wide(None if a is None else read(a), v) for a, v in ((gamma, 1.0), (beta, 0.0)))
    expected = (exact - m) * s * scale + shift
    size = (np.abs(exact) + np.abs(m)) * s * np.abs(scale)  # what cancels in x - mean
    slack = 4 * small * size + 6 * small * (np.abs(expected) + np.abs(shift))
    slack = slack + unit * 1.01 * np.maximum(2.0**-14, np.abs(expected))
    assert (np.abs(read(device.get(y)) - expected) <= slack).all()
    # Sums in float64: what is left is the rounding of the result and of the sums' order.
    near = {"rtol": 2 * unit + 1e-12, "atol": 1e-12 * np.abs(exact).max()}
    np.testing.assert_allclose(read(device.get(mean)), m[0, :, 0], **near)
    np.testing.assert_allclose(read(device.get(inv_std)), s[0, :, 0], rtol=2 * unit + 1e-11)


@every_dtype
@every_shape
@every_rung
def test_fwd(device, rung, shape, dtype, schedule):
    make, _, _ = ROUND[dtype]
    rng = np.random.default_rng(3)
    check_fwd(device, rung, dtype, make(rng.standard_normal(shape) * 3 + 1))


@pytest.mark.parametrize("given", [(), ("gamma",), ("beta",)], ids=str)
@every_rung
def test_parameters_may_be_missing(device, rung, given):
    x = np.random.default_rng(0).standard_normal((3, 4, 8)).astype(np.float32)
    check_fwd(device, rung, "float32", x, given)


@every_rung
def test_a_large_mean_costs_no_digits_of_the_deviation(device, rung, schedule):
    x = np.random.default_rng(0).standard_normal((5, 2, 700)) + 1e6
    check_fwd(device, rung, "float64", x)
    # E[x²] - E[x]² of these would be off by 1e12 · 2⁻²⁴ in float32.
    check_fwd(device, rung, "float32", x.astype(np.float32))


def check_back(device, rung, dtype, shape, given, wanted=("dx", "dgamma", "dbeta")):
    make, read, unit = ROUND[dtype]
    small = 2.0**-53 if dtype == "float64" else 2.0**-24
    rng = np.random.default_rng(4)
    x, g = make(rng.standard_normal(shape) + 1), make(rng.standard_normal(shape))
    mean = make(read(x).mean(axis=(0, 2)))
    inv_std = make(1 / np.sqrt(read(x).var(axis=(0, 2)) + EPSILON))
    gamma, _ = parameters(make, shape[1], given)
    g_mean, g_inv_std = (make(rng.standard_normal(shape[1])) for _ in range(2))
    others = {"g_mean": g_mean, "g_inv_std": g_inv_std} if "others" in given else {}
    on_x = device.to(x)
    room = workspace(device, rung, "back", on_x)
    dx = device.empty(shape, x.dtype) if "dx" in wanted else None
    made = {k: device.empty(shape[1:2], x.dtype) for k in wanted if k != "dx"}
    arrays = (device.to(g), on_x, None if gamma is None else device.to(gamma))
    device.module.norm_back(
        rung, *arrays, device.to(mean), device.to(inv_std), dx,
        made.get("dgamma"), made.get("dbeta"), workspace=room,
        **{k: device.to(a) for k, a in others.items()},
    )  # fmt: skip

    x, g, mean, inv_std = read(x), read(g), read(mean)[:, None], read(inv_std)[:, None]
    scale, count = wide(None if gamma is None else read(gamma), 1.0), shape[0] * shape[2]
    n = (x - mean) * inv_std
    n_error = 3 * small * (np.abs(x) + np.abs(mean)) * inv_std
    dbeta, dgamma = (a.sum(axis=(0, 2), keepdims=True) for a in (g, g * n))
    dgamma_error = (np.abs(g) * n_error).sum(axis=(0, 2), keepdims=True) + 1e-12
    expected = scale * inv_std * (g - dbeta / count - n * dgamma / count)
    parts = np.abs(g) + np.abs(dbeta) / count + np.abs(n * dgamma) / count
    wrong = np.abs(n) * dgamma_error / count + n_error * np.abs(dgamma) / count
    slack = np.abs(scale) * inv_std * (6 * small * parts + wrong)
    if others:
        shift, slope = read(g_mean)[:, None] / count, read(g_inv_std)[:, None] / count * inv_std**2
        expected = expected + shift - n * slope
        slack = slack + 6 * small * (np.abs(shift) + np.abs(n * slope)) + np.abs(slope) * n_error
    slack = slack + unit * 1.01 * np.abs(expected)
    slack = slack + (2.0**-24 if dtype == "float16" else 0)  # below its normal numbers
    assert dx is None or (np.abs(read(device.get(dx)) - expected) <= slack).all()
    for what, exact, error in (("dgamma", dgamma, dgamma_error), ("dbeta", dbeta, 1e-12)):
        if what in made:
            got = read(device.get(made[what]))
            assert (np.abs(got - exact[0, :, 0]) <= (unit * 1.01 * np.abs(exact) + error)[0, :, 0]
                    + 1e-12 * np.abs(g).sum()).all()  # fmt: skip


@every_dtype
@every_shape
@every_rung
def test_back(device, rung, shape, dtype, schedule):
    check_back(device, rung, dtype, shape, ("gamma", "others"))


@every_rung
def test_back_without_parameters(device, rung):
    check_back(device, rung, "float32", (3, 4, 8), (), ("dx",))
    check_back(device, rung, "float32", (3, 4, 8), ("gamma",), ("dx", "dbeta"))


@every_rung
def test_back_without_dx(device, rung):
    check_back(device, rung, "float32", (3, 4, 8), (), ("dgamma", "dbeta"))


def test_more_than_fits_shared_memory(device):
    x = device.to(np.zeros((1, 1, 41 << 10), np.float32))
    message = "norm k03_resident: a channel of 41984 elements does not fit 160 KB of shared memory"
    y, mean, inv_std = (device.to(np.zeros(n, np.float32)) for n in ((1, 1, 41 << 10), 1, 1))
    with pytest.raises(ValueError, match=message):
        device.module.norm("k03_resident", x, None, None, y, mean, inv_std, epsilon=0.0)


X = np.zeros((2, 3, 4), np.float32)
C = np.zeros(3, np.float32)
GOOD = {"x": X, "gamma": C, "beta": C, "y": X.copy(), "mean": C.copy(), "inv_std": C.copy()}
WRONG = [
    ({"x": X[0]}, ValueError, "x must have 3 axes"),
    ({"x": X[:0]}, ValueError, r"x \(0, 3, 4\) is empty, it has no mean"),
    ({"x": X.astype(int)}, TypeError, "x: the kernels compute in"),
    ({"gamma": C[:2]}, ValueError, r"gamma must be \(3,\), got \(2,\)"),
    ({"beta": C.astype(np.float64)}, TypeError, "beta must be float32 as the other arrays"),
    ({"y": X[:1]}, ValueError, r"y must be \(2, 3, 4\), got \(1, 3, 4\)"),
    ({"mean": C[:, None]}, ValueError, r"mean must be \(3,\)"),
    ({"x": X.transpose(1, 0, 2)}, ValueError, "x must be contiguous"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_arguments(device, change, error, message):
    arrays = {k: device.to(v) for k, v in {**GOOD, **change}.items()}
    with pytest.raises(error, match=message):
        device.module.norm("k01_naive", **arrays, epsilon=0.1)


def test_a_workspace_that_is_missing_or_small(device):
    arrays = {k: device.to(v) for k, v in GOOD.items()}
    needed = device.module.norm_workspace("k02_split", "fwd", arrays["x"])
    with pytest.raises(ValueError, match=f"this rung needs a workspace of {needed} bytes"):
        device.module.norm("k02_split", **arrays, epsilon=0.1)
    small = device.empty((needed - 1,), np.uint8)
    with pytest.raises(ValueError, match=f"workspace has {needed - 1} bytes"):
        device.module.norm("k02_split", **arrays, epsilon=0.1, workspace=small)
    with pytest.raises(ValueError, match="pass is one of fwd, back, not 'up'"):
        device.module.norm_workspace("k02_split", "up", arrays["x"])
