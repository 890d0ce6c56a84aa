"""Convolutions on the device: every rung, direction, layout and type against float64 loops."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.conv_oracle import CASES, DIRECTIONS, convolve, plain, problem, winograd_scale
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
ROWS = EMULATED.rungs["conv"] if EMULATED else []
RUNGS = [row[0] for row in ROWS]
PRECISION = {row[0]: row[3] for row in ROWS}

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")


def laid_out(a, layout):
    """A copy of ``a`` whose channels (axis 1) come first or last in memory."""
    if layout == "first":
        return np.ascontiguousarray(a)
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1)


def run(device, rung, direction, case, arrays, layout="first", result_layout=None, **more):
    """The result of a rung; skips where the rung says that it can't."""
    on_device = [device.to(laid_out(a, layout)) for a in arrays]
    shape = case.shapes(direction)[2]
    asked = (rung, *on_device, shape[2:])
    reason = getattr(device.module, f"conv_{direction}_supports")(*asked, **case.static)
    if reason:
        pytest.skip(f"{rung}: {reason}")
    count = getattr(device.module, f"conv_{direction}_workspace")(*asked, **case.static)
    workspace = device.empty((count,), np.uint8) if count else None
    last = (result_layout or layout) == "last"
    memory = device.empty(
        (shape[0], *shape[2:], shape[1]) if last else shape, np.asarray(arrays[0]).dtype
    )
    result = np.moveaxis(memory, -1, 1) if last else memory
    call = getattr(device.module, f"conv_{direction}")
    call(rung, *on_device, result, workspace=workspace, **case.static, **more)
    if workspace is not None:
        device.get(workspace)
    got = device.get(memory)
    return np.moveaxis(got, -1, 1) if last else got


@functools.cache
def expected(case, direction, dtype):
    """The exact result of operands rounded to ``dtype``, and the sum of its terms' sizes."""
    make, read, _ = ROUND[dtype]
    first, second = (read(make(a)) for a in problem(case, direction))
    return (
        convolve(case, direction, first, second),
        convolve(case, direction, np.abs(first), np.abs(second)),
    )


def bound(rung, case, direction, dtype):
    """How far a result may be from the exact one.

    n terms summed in any order in arithmetic of unit roundoff u err by at most
    (n + 2) u times the sum of the terms' sizes, to first order; the result is
    rounded once more. tf32 rounds each operand to 11 bits, wgmma cuts it off there.
    """
    sums = 2.0**-53 if dtype == "float64" else 2.0**-24
    if rung == "k05_winograd":
        arrays = [ROUND[dtype][1](ROUND[dtype][0](a)) for a in problem(case, direction)]
        channels = case.terms(direction) // 9
        return winograd_scale(case, direction, *arrays) * 1.01 * (
            (channels + 12) * sums
        ) + rounding(case, direction, dtype)
    kept = 10 if "wgmma" in rung else 11
    products = 2.01 * 2.0**-kept if PRECISION[rung] == "tf32" and dtype == "float32" else 0.0
    if rung == "k08_mma" and dtype == "float32":
        products = 3 * 2.0**-22  # see mma_operands.cuh
    scale = expected(case, direction, dtype)[1]
    return scale * ((case.terms(direction) + 4) * sums + products) * 1.01 + rounding(
        case, direction, dtype
    )


def rounding(case, direction, dtype):
    """How far the nearest number of ``dtype`` may be from a result."""
    return 1.01 * ROUND[dtype][2] * expected(case, direction, dtype)[1] + (
        2.0**-24 if dtype == "float16" else 0.0
    )


def check(rung, direction, case, dtype, got):
    read = ROUND[dtype][1]
    error = np.abs(read(got) - expected(case, direction, dtype)[0])
    assert (error <= bound(rung, case, direction, dtype)).all()


@pytest.mark.parametrize("layout", ["first", "last"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("rung", RUNGS)
def test_float32(device, rung, name, direction, layout, schedule):
    case = CASES[name]
    got = run(device, rung, direction, case, problem(case, direction), layout)
    check(rung, direction, case, "float32", got)


@pytest.mark.parametrize("layout", ["first", "last"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["3x3", "stride-dilation", "groups", "depthwise", "3x3-valid"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("rung", RUNGS)
def test_other_types(device, rung, dtype, name, direction, layout):
    case = CASES[name]
    arrays = [ROUND[dtype][0](a) for a in problem(case, direction)]
    check(rung, direction, case, dtype, run(device, rung, direction, case, arrays, layout))


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("layout", ["first", "last"])
@pytest.mark.parametrize("name", ["lenet", "3x3", "groups", "depthwise", "1-d"])
@pytest.mark.parametrize("rung", RUNGS)
def test_epilogue(device, rung, name, layout, relu):
    case = CASES[name]
    bias = np.linspace(-1, 1, case.w[0], dtype=np.float32)
    more = {"bias": device.to(bias), "relu": relu}
    got = run(device, rung, "fwd", case, problem(case, "fwd"), layout, **more)
    exact = expected(case, "fwd", "float32")[0]
    exact = exact + bias.astype(np.float64).reshape(-1, *[1] * (exact.ndim - 2))
    exact = np.maximum(exact, 0) if relu else exact
    room = bound(rung, case, "fwd", "float32") + 2.0**-22 * (1 + np.abs(exact))
    assert (np.abs(got - exact) <= room).all()


@pytest.mark.parametrize("name", ["3x3", "stride-dilation", "groups", "depthwise", "3-d"])
@pytest.mark.parametrize("rung", RUNGS)
def test_directions_are_adjoint(device, rung, name):
    """<fwd(x, w), dy> = <x, dgrad(dy, w)> = <w, wgrad(x, dy)>."""
    case = CASES[name]
    rng = np.random.default_rng(1)
    x, w, dy = (rng.standard_normal(shape).astype(np.float32) for shape in case.shapes("fwd"))
    y = run(device, rung, "fwd", case, (x, w))
    dx = run(device, rung, "dgrad", case, (dy, w))
    dw = run(device, rung, "wgrad", case, (x, dy))
    sizes = convolve(case, "fwd", *(np.abs(a).astype(np.float64) for a in (x, w)))
    unit = 2.0**-10 if PRECISION[rung] == "tf32" else 2.0**-18
    room = unit * (sizes * np.abs(dy)).sum()
    first, second, third = (
        float((a.astype(np.float64) * b).sum()) for a, b in ((y, dy), (dx, x), (dw, w))
    )
    assert abs(first - second) <= room
    assert abs(first - third) <= room


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["3x3-valid", "rgb-stride", "groups", "depthwise"])
@pytest.mark.parametrize("rung", RUNGS)
def test_repeats_bit_for_bit(device, rung, name, direction):
    case = CASES[name]
    arrays = problem(case, direction)
    once, again = (run(device, rung, direction, case, arrays) for _ in range(2))
    assert once.tobytes() == again.tobytes()
    if device.name == "emulated":
        device.module.set_schedule("random", "reverse", "random", 3)
        other = run(device, rung, direction, case, arrays)
        assert once.tobytes() == other.tobytes()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("rung", RUNGS)
def test_reads_any_strides(device, rung, direction):
    """Every other channel of a larger array, rows the other way round, unaligned."""
    case = plain((2, 4, 6, 7), (8, 4, 3, 3), pad=((1, 1), (1, 1)))
    views = []
    for a in problem(case, direction):
        raw = np.zeros((a.shape[0], 2 * a.shape[1], *a.shape[2:-1], a.shape[-1] + 1), np.float32)
        view = raw[:, 1::2, ::-1, 1:]
        view[...] = a
        views.append(view)
    on_device = [v if device.name == "emulated" else device.to(v) for v in views]
    shape = case.shapes(direction)[2]
    asked = (rung, *on_device, shape[2:])
    if reason := getattr(device.module, f"conv_{direction}_supports")(*asked, **case.static):
        pytest.skip(f"{rung}: {reason}")
    count = getattr(device.module, f"conv_{direction}_workspace")(*asked, **case.static)
    out = device.empty(shape, np.float32)
    workspace = device.empty((count,), np.uint8) if count else None
    call = getattr(device.module, f"conv_{direction}")
    call(rung, *on_device, out, workspace=workspace, **case.static)
    check(rung, direction, case, "float32", device.get(out))


# One more, one less and just a tile: places x filters of 128 x 128 and 128 x 32 (fwd, dgrad), 64
# filters x 128 terms (wgrad), 32 tiles x 64 filters (k05).
TILES = {
    "one tile less": plain((1, 8, 1, 127), (31, 8, 1, 1)),
    "one tile": plain((1, 32, 1, 128), (128, 32, 1, 1)),
    "one tile more": plain((1, 43, 3, 43), (129, 43, 1, 3), pad=((0, 0), (1, 1))),
    "wgrad": plain((2, 15, 5, 5), (63, 15, 3, 3), pad=((1, 1), (1, 1))),
    "wgrad more": plain((1, 43, 4, 5), (65, 43, 1, 3), pad=((0, 0), (1, 1))),
    "parts": plain((3, 2, 20, 21), (3, 2, 3, 3), pad=((1, 1), (1, 1))),
    "winograd": plain((1, 9, 9, 15), (65, 9, 3, 3), pad=((1, 1), (0, 2))),
}


@pytest.mark.parametrize("layout", ["first", "last"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", TILES)
@pytest.mark.parametrize("rung", RUNGS[2:])
def test_tile_edges(device, rung, name, direction, layout):
    case = TILES[name]
    got = run(device, rung, direction, case, problem(case, direction), layout)
    check(rung, direction, case, "float32", got)


@pytest.mark.parametrize("rung", ["k03_implicit", "k08_mma"])
def test_three_tf32_products_are_as_accurate_as_float32(device, rung):
    """Sums of 4608 terms: root mean square errors of no more than plain multiply-adds have."""
    case = plain((1, 512, 3, 8), (16, 512, 3, 3))
    exact, scale = expected(case, "fwd", "float32")
    errors = {
        name: np.sqrt(
            np.mean(((run(device, name, "fwd", case, problem(case, "fwd")) - exact) / scale) ** 2)
        )
        for name in ("k03_implicit", rung)
    }
    assert errors[rung] <= errors["k03_implicit"]
    assert errors[rung] < 2.0**-24


def test_infinities_and_nans_stay_where_they_are(device):
    """In the rungs that add plain products, a NaN reaches those places only that see it."""
    case = CASES["3x3"]
    x, w = (a.copy() for a in problem(case, "fwd"))
    x[0, 1, 4, 3] = np.nan
    sees = np.isnan(convolve(case, "fwd", x, w))
    for rung in RUNGS[:4]:
        got = run(device, rung, "fwd", case, (x, w))
        assert (np.isnan(got) == sees).all()
