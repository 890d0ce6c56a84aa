"""Random numbers on the device: the masks of NumPy's Philox, bit for bit, by every rung."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
RUNGS = [row[0] for row in EMULATED.rungs["random"]] if EMULATED else []
SHAPES = [(1,), (7,), (8,), (2048,), (3, 683), (4, 5, 128), (0,)]
SEEDS = [(1, 0), (2**64 - 1, 2**64 - 2), (12345, 2**63)]  # the second one's counter carries

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")
every_dtype = pytest.mark.parametrize("dtype", ROUND)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
every_seed = pytest.mark.parametrize("seed", SEEDS, ids=str)
every_rung = pytest.mark.parametrize("rung", RUNGS)


def lanes(seed, offset, count):
    bits = np.random.Philox(key=seed, counter=offset).random_raw(-(-count // 2))
    return bits.view(np.uint32)[:count].astype(np.uint64)


def uniforms(seed, offset, count):
    return (lanes(seed, offset, count) + 0.5) / 2**32


def normals(seed, offset, count):
    out = np.empty(count + count % 2)
    u = uniforms(seed, offset, out.size)
    for j in range(0, out.size, 2):
        radius = np.sqrt(-2 * np.log(u[j]))
        out[j], out[j + 1] = (
            radius * np.cos(2 * np.pi * u[j + 1]),
            radius * np.sin(2 * np.pi * u[j + 1]),
        )
    return out[:count]


@every_dtype
@every_seed
@every_shape
@every_rung
def test_dropout(device, rung, shape, seed, dtype, schedule):
    make, read, _ = ROUND[dtype]
    p, (key, offset) = 0.4, seed
    x = make(np.random.default_rng(0).standard_normal(shape))
    y = device.empty(shape, x.dtype)
    threshold = int(p * 2**32 + 0.5)
    settings = {"seed": key, "offset": offset, "threshold": threshold, "divisor": 1 - p}
    device.module.dropout(rung, device.to(x), y, **settings)
    keep = (lanes(key, offset, x.size) >= threshold).reshape(shape)
    wide = np.float64 if dtype == "float64" else np.float32
    divisor = read(make(1 - p)).astype(wide)
    np.testing.assert_array_equal(
        read(device.get(y)), read(make(read(x).astype(wide) / divisor)) * keep
    )


@pytest.mark.parametrize("layout", [(2, 12, 1), (2, 3, 4), (1, 24, 1), (1, 2, 12)], ids=str)
@every_rung
def test_axes_that_share_a_mask(device, rung, layout):
    x = np.ones(24, np.float32)
    y = device.empty(x.shape, x.dtype)
    settings = {"seed": 3, "offset": 0, "threshold": 2**31, "divisor": 1.0, "layout": layout}
    if rung == "k02_blocks":
        with pytest.raises(ValueError, match="every element must have a number of its own"):
            device.module.dropout(rung, device.to(x), y, **settings)
        return
    device.module.dropout(rung, device.to(x), y, **settings)
    before, _, after = layout
    keep = (lanes(3, 0, before * after) >= 2**31).reshape(before, 1, after)
    np.testing.assert_array_equal(device.get(y).reshape(layout), np.broadcast_to(keep, layout))


@every_rung
def test_dropped_infinities_and_nans_are_nan_as_in_numpy(device, rung):
    x = np.array([np.inf, np.nan, -1.0] * 8, np.float32)
    y = device.empty(x.shape, x.dtype)
    device.module.dropout(rung, device.to(x), y, seed=1, offset=0, threshold=2**32, divisor=0.5)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(device.get(y), x * np.float32(0))


@pytest.mark.parametrize("elements", [16, 17])
@every_rung
def test_memory_that_is_not_aligned(device, rung, elements):
    x = np.arange(elements + 1, dtype=np.float32)
    on, y = device.to(x), device.empty((elements,), np.float32)
    device.module.dropout(rung, on[1:], y, seed=1, offset=0, threshold=0, divisor=1.0)
    np.testing.assert_array_equal(device.get(y), x[1:])


@pytest.mark.parametrize("pass_", ["uniform", "normal", "noise"])
@every_dtype
@every_seed
@every_shape
@every_rung
def test_fill(device, rung, shape, seed, dtype, pass_, schedule):
    make, read, unit = ROUND[dtype]
    key, offset = seed
    count = int(np.prod(shape))
    x = make(np.random.default_rng(0).standard_normal(shape))
    y = device.empty(shape, x.dtype)
    device.module.random_fill(
        rung,
        pass_,
        y,
        device.to(x) if pass_ == "noise" else None,
        seed=key,
        offset=offset,
        base=-1.5,
        spread=3.0,
    )
    numbers = (uniforms if pass_ == "uniform" else normals)(key, offset, count).reshape(shape)
    base = read(x) if pass_ == "noise" else -1.5
    exact = base + 3.0 * numbers
    # The noise is rounded before it is added; float64 functions differ in their last bits.
    slack = unit * (np.abs(exact) + 3.1 * np.abs(numbers)) * 1.01 + 1e-14 + unit * 2.0**-14
    assert (np.abs(read(device.get(y)) - exact) <= slack).all()


X = np.zeros((2, 3), np.float32)
DROPOUT = {"x": X, "y": X.copy(), "seed": 1, "offset": 0, "threshold": 0, "divisor": 1.0}
WRONG = [
    ({"x": X[:1]}, ValueError, r"x must be \(2, 3\), got \(1, 3\)"),
    ({"x": X.astype(np.float64)}, TypeError, "x must be float32 as the other arrays"),
    ({"y": X.astype(int)}, TypeError, "y: the kernels compute in"),
    ({"x": np.zeros((3, 2), np.float32).T}, ValueError, "x must be contiguous"),
    ({"layout": (1, 2, 2)}, ValueError, r"layout must be \(before, shared, after\) with 6"),
    ({"layout": (6,)}, ValueError, r"layout must be"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_arguments(device, change, error, message):
    given = {**DROPOUT, **change}
    arrays = {k: device.to(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    with pytest.raises(error, match=message):
        device.module.dropout("k01_naive", **arrays)


def test_wrong_passes(device):
    y = device.to(X)
    with pytest.raises(ValueError, match="pass is one of uniform, normal, noise, not 'cauchy'"):
        device.module.random_fill("k01_naive", "cauchy", y, seed=0, offset=0)
    with pytest.raises(ValueError, match="x is for pass 'noise', which needs it"):
        device.module.random_fill("k01_naive", "noise", y, seed=0, offset=0)
