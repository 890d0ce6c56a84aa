"""Matrix products on the device: every rung, type, transpose and epilogue against long doubles."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
ROWS = EMULATED.rungs["matmul"] if EMULATED else []
RUNGS = [row[0] for row in ROWS]
BOXED = [row[0] for row in ROWS if "aligned" in row[2]]  # those that the copy engine feeds
PRECISION = {row[0]: row[3] for row in ROWS}
# One, primes, and a tile of 32, 64 and 128 with one less and one more, each on another axis.
SHAPES = [(1, 1, 1), (7, 5, 3), (64, 64, 64), (31, 63, 129), (65, 33, 17), (130, 66, 40)]
SHAPES += [(3, 129, 1), (5, 4, 0)]
TRANSPOSES = {"nn": (0, 0), "nt": (0, 1), "tn": (1, 0), "tt": (1, 1)}
F4 = np.float32
DEEP = 300  # more than two parts of a sum that is split

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")


def exact(a, b):
    """The product in long doubles, an axis at a time."""
    a, b = np.asarray(a, np.longdouble), np.asarray(b, np.longdouble)
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)


def bound(a, b, precision, unit):
    """How far the result may be from the exact one: rounding of products, sums and the result."""
    sums = 2.0**-53 if unit == 2.0**-53 else 2.0**-24
    k = a.shape[-1]
    product = 2 * 2.0**-10 if precision == "tf32" else 0.0  # operands of 11 bits, rounded or cut
    scale = np.abs(a) @ np.abs(b)
    return scale * (product + 2 * (k + 4) * sums) + 2 * unit * (scale + 1)


def supported(device, rung, a, b):
    reason = device.module.matmul_supports(rung, a, b)
    if reason:
        pytest.skip(f"{rung}: {reason}")


def run(device, rung, a, b, y, **more):
    bytes_needed = device.module.matmul_workspace(rung, a, b)
    workspace = device.empty((bytes_needed,), np.uint8) if bytes_needed else None
    device.module.matmul(rung, a, b, y, workspace=workspace, **more)
    if workspace is not None:
        device.get(workspace)
    return device.get(y)


def matrix(make, rows, columns, transposed, batch=()):
    """A matrix made so that ``transposed`` memory gives it by a view."""
    rng = np.random.default_rng(rows * 1000 + columns + transposed)
    if transposed:
        return np.swapaxes(make(rng.standard_normal((*batch, columns, rows))), -1, -2)
    return make(rng.standard_normal((*batch, rows, columns)))


def check(device, rung, dtype, a, b, **epilogue):
    """One product against the oracle; ``a`` and ``b`` are arrays of the host's."""
    make, read, unit = ROUND[dtype]
    on = {name: device.to(value) if name != "relu" else value for name, value in epilogue.items()}
    wide_a, wide_b = read(a), read(b)
    want = exact(wide_a, wide_b)
    want = want if want.ndim == 3 else want[None]
    y = run(
        device, rung, device.to(a), device.to(b), device.empty(want.shape, make(0.0).dtype), **on
    )
    allowed = bound(wide_a, wide_b, PRECISION[rung], unit)
    for name in ("bias", "residual"):
        if name in epilogue:
            added = read(epilogue[name])
            want, allowed = want + added, allowed + 2.0**-22 * np.abs(added)
    if epilogue.get("relu"):
        want = np.maximum(want, 0)
    allowed = allowed + unit * np.abs(want)
    error = np.abs(read(y) - want)
    assert (error <= allowed).all(), (
        f"{rung} {dtype} a {a.shape} {a.strides} b {b.shape} {b.strides}: "
        f"off by {np.nanmax(error)} of {np.max(allowed)} at {np.argwhere(~(error <= allowed))[0]}"
    )


@pytest.mark.parametrize("transposed", TRANSPOSES.values(), ids=TRANSPOSES)
@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize("rung", RUNGS)
def test_product(device, rung, dtype, transposed, schedule):
    make = ROUND[dtype][0]
    done = 0
    for m, n, k in SHAPES:
        a, b = matrix(make, m, k, transposed[0]), matrix(make, k, n, transposed[1])
        if not device.module.matmul_supports(rung, device.to(a), device.to(b)):
            check(device, rung, dtype, a, b)
            done += 1
    if not done:
        supported(device, rung, device.to(a), device.to(b))


@pytest.mark.parametrize("transposed", TRANSPOSES.values(), ids=TRANSPOSES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("rung", BOXED)
def test_ragged_boxes(device, rung, dtype, transposed, schedule):
    """Sizes of every kind in matrices whose rows are aligned, as the copy engine wants them."""
    make = ROUND[dtype][0]

    def aligned(rows, columns, transposed, batch=()):
        wide = [-(-n // 16) * 16 for n in (rows, columns)]
        return matrix(make, *wide, transposed, batch)[..., :rows, :columns]

    done = 0
    for m, n, k, batch in [
        (1, 1, 1, ()),
        (130, 257, 70, (2,)),
        (63, 31, 300, ()),
        (259, 5, 64, ()),
    ]:
        a, b = aligned(m, k, transposed[0], batch), aligned(k, n, transposed[1])
        reason = device.module.matmul_supports(rung, device.to(a), device.to(b))
        if not reason:
            check(device, rung, dtype, a, b)
            done += 1
    if not done:
        pytest.skip(f"{rung}: {reason}")


@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize("rung", RUNGS)
def test_deep_and_skinny(device, rung, dtype):
    make = ROUND[dtype][0]
    for m, n, k, transposed in [(1, 65, DEEP, 0), (40, 1, DEEP, 1), (16, 130, 2 * DEEP + 7, 0)]:
        a, b = matrix(make, m, k, transposed), matrix(make, k, n, transposed)
        supported(device, rung, device.to(a), device.to(b))
        check(device, rung, dtype, a, b)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("shape", [(260, 135, 200), (3, 390, 4 * 32 * 2), (129, 129, 33)], ids=str)
def test_shares_cut_tiles_anywhere(device, dtype, shape):
    """Stream-K: shares that end within a tile, at its end, in its first and its last slab."""
    m, n, k = shape
    make = ROUND[dtype][0]
    a, b = matrix(make, m, k, 0, (2,)), matrix(make, k, n, 1)
    check(device, "k16_stream_k", dtype, a, b, bias=make(np.arange(n)), relu=True)


@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize("rung", RUNGS)
def test_epilogue(device, rung, dtype):
    make = ROUND[dtype][0]
    rng = np.random.default_rng(5)
    for m, n, k in [(66, 40, 24), (5, 7, 0), (33, 37, DEEP)]:
        a, b = matrix(make, m, k, 0, (2,)), matrix(make, k, n, 0)
        supported(device, rung, device.to(a), device.to(b))
        bias, residual = (make(rng.standard_normal(shape)) for shape in [(n,), (2, m, n)])
        check(device, rung, dtype, a, b, bias=bias, residual=residual, relu=True)
        check(device, rung, dtype, a, b, bias=bias)
        check(device, rung, dtype, a, b, residual=residual)
        check(device, rung, dtype, a, b, relu=True)


@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize("rung", RUNGS)
def test_batches(device, rung, dtype):
    make = ROUND[dtype][0]
    for batch_a, batch_b in [((3,), (3,)), ((3,), ()), ((), (3,)), ((1,), (3,)), ((3,), (1,))]:
        a, b = matrix(make, 34, 18, 0, batch_a), matrix(make, 18, 21, 1, batch_b)
        supported(device, rung, device.to(a), device.to(b))
        check(device, rung, dtype, a, b)


@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize("rung", RUNGS)
def test_views(device, rung, dtype):
    """Sliced, unaligned, broadcast operands: a rung reads them where they lie, or says why not."""
    make = ROUND[dtype][0]
    rng = np.random.default_rng(6)
    big = make(rng.standard_normal((3, 70, 80)))
    other = make(rng.standard_normal((3, 80, 60)))
    views = {
        "unaligned": (big[:, 1:66, 3:36], other[:, 1:34, 5:46]),
        "odd rows": (big[0, ::2, :33], other[0, 2:68:2, :][:33]),
        "every other matrix": (big[::2], other[::2]),
        "reversed batch": (big[::-1], other),
        "reversed rows": (big[1, ::-1], other[1]),
        "one row": (big[0, 3:4, 1:80:2], other[0, 1:80:2, 4:5]),
        "broadcast rows": (np.broadcast_to(big[0, 0], (35, 80)), other[0]),
        "strided both ways": (big[0, ::2, ::2], other[1, ::2, ::3]),
        "transposed slice": (big[0, 1:41, 2:52].T, other[2, 5:45, 1:32]),
    }
    done = 0
    for name, (a, b) in views.items():
        reason = device.module.matmul_supports(rung, device.to(a), device.to(b))
        if reason:
            assert rung != "k01_naive", f"{name}: {reason}"
            continue
        check(device, rung, dtype, a, b)
        done += 1
    if not done:
        pytest.skip(f"{rung}: {reason}")


@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize("rung", RUNGS)
def test_same_bits_each_time(device, rung, dtype):
    """Whatever the schedule: no sum depends on who comes first."""
    make = ROUND[dtype][0]
    a, b = matrix(make, 70, DEEP, 0), matrix(make, DEEP, 36, 0)
    supported(device, rung, device.to(a), device.to(b))
    results = []
    for threads, landing in [("forward", "late"), ("reverse", "early"), ("random", "random")]:
        if device.name == "emulated":
            device.module.set_schedule(threads=threads, blocks=threads, landing=landing, seed=3)
        y = device.empty((1, 70, 36), make(0.0).dtype)
        results.append(run(device, rung, device.to(a), device.to(b), y).tobytes())
    assert results[0] == results[1] == results[2]


def test_three_tf32_products_are_as_accurate_as_float32(device):
    """At the depth of a convolution of 512 channels by 3 x 3, where TF32 loses three digits."""
    rng = np.random.default_rng(8)
    a, b = (rng.standard_normal(shape).astype(F4) for shape in [(24, 4608), (4608, 40)])
    want = exact(a, b)
    error = {}
    b = np.asfortranarray(b)  # wgmma's operands are contiguous along k
    rungs = ["k08_multistage", "k14_mma_tf32", "k15_mma_3xtf32", "k22_wgmma_3xtf32"]
    for rung in rungs:
        if device.module.matmul_supports(rung, device.to(a), device.to(b)):
            continue  # another chip
        y = run(device, rung, device.to(a), device.to(b), device.empty((1, 24, 40), F4))
        error[rung] = np.linalg.norm(y[0] - want) / np.linalg.norm(want)
    for rung in error:
        if "3xtf32" in rung:
            assert error[rung] <= error["k08_multistage"] < 3e-6
    assert error["k14_mma_tf32"] > 1e-4


def test_empty_outputs(device):
    for rung in RUNGS:
        for shape in [(0, 5), (5, 0)]:
            a, b = np.ones((shape[0], 3), np.float32), np.ones((3, shape[1]), np.float32)
            if device.module.matmul_supports(rung, device.to(a), device.to(b)) == "":
                run(device, rung, device.to(a), device.to(b), device.empty((1, *shape), "f4"))


GOOD = {
    "rung": "k01_naive",
    "a": np.ones((4, 3), F4),
    "b": np.ones((3, 5), F4),
    "y": np.ones((1, 4, 5), F4),
}
WRONG = [
    ({"a": np.ones(3, F4)}, ValueError, r"a must have 2 to 3 axes, got \(3,\)"),
    ({"a": np.ones((4, 2), F4)}, ValueError, r"a \(4, 2\) has 2 columns, b \(3, 5\) must"),
    ({"a": np.ones((2, 4, 3), F4), "b": np.ones((3, 3, 5), F4)}, ValueError, "batches of 2 and 3"),
    ({"b": np.ones((3, 5))}, TypeError, "b must be float32 as the other"),
    ({"a": np.ones((4, 3), int)}, TypeError, "not in 'i8'"),
    ({"y": np.ones((4, 5), F4)}, ValueError, r"y must be \(1, 4, 5\), got \(4, 5\)"),
    ({"y": np.ones((1, 4, 5))}, TypeError, "y must be float32"),
    ({"y": np.ones((1, 5, 4), F4).swapaxes(1, 2)}, ValueError, "y must be contiguous"),
    ({"bias": np.ones(4, F4)}, ValueError, r"bias must be \(5,\)"),
    ({"bias": np.ones(10, F4)[::2]}, ValueError, "bias must be contiguous"),
    ({"residual": np.ones((4, 5), F4)}, ValueError, r"residual must be \(1, 4, 5\)"),
    ({"residual": np.ones((1, 4, 5))}, TypeError, "residual must be float32"),
    ({"rung": "k99"}, ValueError, "matmul has no rung 'k99'; it has k01_naive, "),
]


@pytest.mark.parametrize(("change", "error", "text"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_inputs(device, change, error, text):
    given = {
        key: device.to(value) if isinstance(value, np.ndarray) else value
        for key, value in {**GOOD, **change}.items()
    }
    with pytest.raises(error, match=text):
        device.module.matmul(**given)


def test_a_rung_says_why_not(device):
    strided = device.to(np.ones((8, 8), F4))[::2, ::2]
    for rung in RUNGS:
        reason = device.module.matmul_supports(rung, strided, strided)
        if reason:
            y = device.empty((1, 4, 4), F4)
            with pytest.raises(ValueError, match=f"matmul {rung}: "):
                run(device, rung, strided, strided, y)


def test_workspace_is_checked(device):
    a, b = device.to(np.ones((4, DEEP), F4)), device.to(np.ones((DEEP, 4), F4))
    y = device.empty((1, 4, 4), F4)
    needed = device.module.matmul_workspace("k09_split_k", a, b)
    assert needed > 0
    with pytest.raises(ValueError, match=f"needs a workspace of {needed} bytes"):
        device.module.matmul("k09_split_k", a, b, y)
    for wrong, error in [
        (np.empty(needed - 1, np.uint8), ValueError),
        (np.empty(needed), TypeError),
    ]:
        with pytest.raises(error, match="workspace"):
            device.module.matmul("k09_split_k", a, b, y, workspace=device.to(wrong))
