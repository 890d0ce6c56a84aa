"""One instruction at a time: what its probe does, against what the PTX manual says it does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

CSRC = Path(__file__).parents[2] / "csrc"
EMULATED, _ = load_extension("_emulated")

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")

RNG = np.random.default_rng(0)


def probe(device, name, inputs, shape, dtype, numbers=()):
    """What the probe makes of the inputs; skips where the device has no such instruction."""
    _, least, most = device.module.probes[name]
    if not least <= device.module.capability() <= most:
        pytest.skip(f"{name} needs compute capability {least} to {most}")
    out = device.empty(shape, dtype)
    device.module.probe(name, [device.to(x) for x in inputs], out, list(numbers))
    return device.get(out)


def tf32(x, towards_zero=False):
    """float32 rounded to 10 bits of mantissa, ties away from zero, as float64."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    bits = bits if towards_zero else bits + np.uint32(0x1000)
    return (bits & np.uint32(0xFFFFE000)).view(np.float32).astype(np.float64)


def operands(kind, *shapes):
    """Random operands as the kernels take them, and what they stand for, in float64."""
    given = [RNG.standard_normal(shape) for shape in shapes]
    if kind == "tf32":
        made = [np.float32(x) for x in given]
        return made, [tf32(x) for x in made]
    make, read, _ = ROUND[{"f16": "float16", "bf16": "bfloat16", "f64": "float64"}[kind]]
    made = [make(x) for x in given]
    return made, [read(x) for x in made]


def check_product(y, a, b, c=0.0, k=None, unit=2.0**-23):
    """``y`` is ``a @ b + c`` up to one rounding (or truncation) per sum of the instruction."""
    terms = (k or a.shape[-1]) + 1
    bound = unit * terms * (np.abs(a) @ np.abs(b) + np.abs(c))
    assert (np.abs(y - (a @ b + c)) <= bound).all()


# ---- tensor cores, one warp --------------------------------------------------------------------

MMA = {"f16": (16, 8, 16), "bf16": (16, 8, 16), "tf32": (16, 8, 8), "f64": (8, 8, 4)}
WMMA = {"f16": (16, 16, 16), "bf16": (16, 16, 16), "tf32": (16, 16, 8), "f64": (8, 8, 4)}


@pytest.mark.parametrize("kind", MMA)
def test_mma(device, kind, schedule):
    m, n, k = MMA[kind]
    (a, b), (exact_a, exact_b) = operands(kind, (m, k), (k, n))
    dtype = np.float64 if kind == "f64" else np.float32
    c = RNG.standard_normal((m, n)).astype(dtype)
    y = probe(device, f"mma_{kind}", [a, b, c], (m, n), dtype)
    check_product(y, exact_a, exact_b, c, unit=2.0**-52 if kind == "f64" else 2.0**-23)


@pytest.mark.parametrize("b_rows", [0, 1])
@pytest.mark.parametrize("a_rows", [0, 1])
@pytest.mark.parametrize("kind", WMMA)
def test_wmma(device, kind, a_rows, b_rows, schedule):
    m, n, k = WMMA[kind]
    (a, b), (exact_a, exact_b) = operands(kind, (m, k), (k, n))
    stored_a = a if a_rows else np.ascontiguousarray(a.T)
    stored_b = b if b_rows else np.ascontiguousarray(b.T)
    dtype = np.float64 if kind == "f64" else np.float32
    y = probe(device, f"wmma_{kind}", [stored_a, stored_b], (m, n), dtype, [a_rows, b_rows])
    check_product(y, exact_a, exact_b, unit=2.0**-52 if kind == "f64" else 2.0**-23)


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("transposed", [False, True])
def test_load_matrix(device, transposed, count, schedule):
    x = np.arange(4 * 64, dtype=np.uint16).reshape(4, 8, 8)
    name = "load_matrix_transposed" if transposed else "load_matrix"
    y = probe(device, name, [x], (32, 4), np.uint32, [count])
    got = y.view(np.uint16).reshape(32, 4, 2)
    for lane in range(32):
        for i in range(4):
            matrix = x[i].T if transposed else x[i]
            pair = matrix[lane // 4, 2 * (lane % 4) : 2 * (lane % 4) + 2] if i < count else [0, 0]
            assert (got[lane, i] == pair).all()


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("transposed", [False, True])
def test_store_matrix(device, transposed, count, schedule):
    x = np.arange(32 * 4 * 2, dtype=np.uint16).reshape(32, 4, 2)
    name = "store_matrix_transposed" if transposed else "store_matrix"
    y = probe(device, name, [x], (4, 8, 8), np.uint16, [count])
    for i in range(4):
        expected = x[:, i].reshape(8, 8) if i < count else np.zeros((8, 8))
        assert (y[i] == (expected.T if transposed else expected)).all()


# ---- warps and blocks --------------------------------------------------------------------------


@pytest.mark.parametrize("width", [32, 8])
@pytest.mark.parametrize("argument", [0, 1, 5, 9])
@pytest.mark.parametrize("operation", ["shfl", "up", "down", "xor"])
def test_shuffles(device, operation, argument, width, schedule):
    x = RNG.integers(0, 1000, 32).astype(np.int32)
    lane = np.arange(32)
    first, end = lane // width * width, lane // width * width + width
    source = {
        "shfl": first + argument % width,
        "up": np.where(lane - argument < first, lane, lane - argument),
        "down": np.where(lane + argument >= end, lane, lane + argument),
        "xor": np.where(lane ^ argument >= end, lane, lane ^ argument),
    }[operation]
    number = ["shfl", "up", "down", "xor"].index(operation)
    y = probe(device, "warp", [x], 32, np.int32, [number, -1, argument, width])
    assert (y == x[source]).all()


@pytest.mark.parametrize("mask", [0xFFFFFFFF, 0x0000FF00, 0x80000001])
def test_votes(device, mask, schedule):
    x = RNG.integers(0, 100, 32).astype(np.int32)
    inside = mask >> np.arange(32) & 1 == 1
    for threshold in (-1, 50, 100):
        yes = (x > threshold) & inside
        bits = int((yes.astype(np.uint64) << np.arange(32, dtype=np.uint64)).sum())
        signed = np.uint32(bits).astype(np.int32)
        for number, expected in ((4, signed), (5, yes.any()), (6, yes[inside].all())):
            given = [number, np.uint32(mask).astype(np.int32), threshold, 32]
            y = probe(device, "warp", [x], 32, np.int32, given)
            assert (y == np.where(inside, expected, -1)).all()


def test_shuffle_within_a_mask(device, schedule):
    x = np.arange(32, dtype=np.int32)
    y = probe(device, "warp", [x], 32, np.int32, [3, 0x00F0, 3, 32])
    inside = (x >= 4) & (x < 8)
    assert (y == np.where(inside, x ^ 3, -1)).all()


def test_masks_may_overlap_in_time(device, schedule):
    x = np.arange(32, dtype=np.int32) + 7
    own = x.copy()
    own[:2] = x[:2].sum()
    y = probe(device, "overlapping_masks", [x], 32, np.int32)
    assert (y == own[np.arange(32) ^ 1]).all()


@pytest.mark.parametrize("name", ["named_barriers", "mbarriers", "copy_async"])
def test_streams(device, name, schedule):
    x = RNG.integers(0, 1000, (9, 32)).astype(np.int32)
    y = probe(device, name, [x], (9, 32), np.int32)
    assert (y == 2 * x[:, ::-1] + np.arange(9)[:, None]).all()


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("name", ["cluster_read", "cluster_write", "cluster_leave"])
def test_clusters(device, name, size, schedule):
    x = RNG.integers(0, 1000, (size, 32)).astype(np.int32)
    y = probe(device, name, [x], (size, 32), np.int32, [size])
    assert (y == (x if name == "cluster_leave" else np.roll(x, -1, 0)[:, ::-1])).all()


# ---- the copy engine ---------------------------------------------------------------------------

DTYPES = [
    np.float16,
    np.uint16,
    np.float32,
    np.float64,
]  # by the kernels' numbers; uint16: bfloat16
SPANS = [0, 32, 64, 128]


def swizzled(rows, span):
    """The bytes of a tile's rows (R, span) as they lie in shared memory.

    The 16-byte piece ``i`` of row ``r`` goes to piece ``i ^ (r // (128 // span)) % pieces``.
    """
    if not span:
        return rows.reshape(-1)
    pieces = rows.reshape(len(rows), span // 16, 16)
    out = np.empty_like(pieces)
    for r in range(len(rows)):
        for i in range(span // 16):
            out[r, i ^ (r // (128 // span) % (span // 16))] = pieces[r, i]
    return out.reshape(-1)


def as_bytes(a):
    return np.ascontiguousarray(a).view(np.uint8)


def box_of(x, box, step, at):
    """The box of ``x`` (axes outermost first here), zeros outside, by a slow loop."""
    counts = [-(-b // s) for b, s in zip(box, step, strict=True)]
    out = np.zeros(counts, x.dtype)
    for i in np.ndindex(*counts):
        where = tuple(a + j * s for a, j, s in zip(at, i, step, strict=True))
        if all(0 <= w < n for w, n in zip(where, x.shape, strict=True)):
            out[i] = x[where]
    return out


def five(values, fill):
    """Innermost first, as the copy engine counts, filled up to five."""
    return [*values[::-1], *[fill] * (5 - len(values))]


def tiled_numbers(x, swizzle, box, step, at):
    dtype = DTYPES.index(x.dtype.type)
    head = [dtype, x.ndim, swizzle, *five(x.shape, 1)]
    return [*head, *five(box, 1), *five(step, 1), *five(at, 0)]


# (dtype, shape, swizzle, box, step, at), axes outermost first
TILES = [
    (np.float32, (24,), 0, (8,), (1,), (20,)),
    (np.float32, (24,), 0, (8,), (1,), (-4,)),
    (np.uint16, (5, 16), 0, (3, 8), (1, 1), (4, 12)),
    (np.uint16, (20, 72), 3, (16, 64), (1, 1), (7, 3)),
    (np.float16, (20, 40), 2, (12, 32), (1, 1), (-3, -5)),
    (np.float16, (20, 40), 1, (12, 16), (1, 1), (10, 30)),
    (np.float32, (20, 36), 3, (24, 32), (1, 1), (1, 4)),
    (np.float64, (9, 6), 0, (4, 2), (1, 1), (3, 5)),
    (np.float32, (3, 9, 8), 1, (2, 5, 8), (1, 2, 1), (2, 0, 0)),
    (np.uint16, (2, 5, 7, 64), 3, (1, 4, 3, 64), (1, 2, 2, 1), (1, -1, -1, 0)),
    (np.uint16, (2, 3, 4, 5, 8), 0, (2, 2, 2, 2, 8), (1, 1, 1, 1, 1), (1, 2, -1, 4, 0)),
]


@pytest.mark.parametrize("case", TILES, ids=str)
def test_tensor_load(device, case, schedule):
    dtype, shape, swizzle, box, step, at = case
    x = (RNG.integers(1, 1000, shape)).astype(dtype)
    expected = as_bytes(box_of(x, box, step, at))
    row = box[-1] * x.itemsize
    y = probe(
        device,
        "tensor_load",
        [x],
        expected.size,
        np.uint8,
        tiled_numbers(x, swizzle, box, step, at),
    )
    assert (y == swizzled(expected.reshape(-1, row), SPANS[swizzle])).all()


@pytest.mark.parametrize("case", [c for c in TILES if max(c[4]) == 1], ids=str)
def test_tensor_store(device, case, schedule):
    dtype, shape, swizzle, box, step, at = case
    values = RNG.integers(1, 1000, box).astype(dtype)
    rows = as_bytes(values).reshape(-1, box[-1] * values.itemsize)
    empty = np.zeros(shape, dtype)
    y = probe(
        device,
        "tensor_store",
        [swizzled(rows, SPANS[swizzle])],
        shape,
        dtype,
        tiled_numbers(empty, swizzle, box, step, at),
    )
    expected = np.full(empty.nbytes, 0xFF, np.uint8).view(dtype).reshape(shape)
    for i in np.ndindex(*box):
        where = tuple(a + j for a, j in zip(at, i, strict=True))
        if all(0 <= w < n for w, n in zip(where, shape, strict=True)):
            expected[where] = values[i]
    assert (as_bytes(y) == as_bytes(expected)).all()


# (shape N(, D(, H)), W, C; filter, pad, stride, dilation, first output pixel, tap), spatial axes
# outermost first; the filter is not square, so that exchanged axes show
COLUMNS = [
    ((2, 9, 16), (3,), (1,), (1,), (1,), 5, (2,)),
    ((3, 5, 7, 16), (3, 2), (1, 0), (1, 1), (1, 1), 0, (0, 0)),
    ((3, 5, 7, 16), (3, 2), (1, 0), (1, 1), (1, 1), 23, (2, 1)),
    ((3, 6, 9, 64), (3, 5), (1, 2), (2, 2), (1, 1), 4, (1, 4)),
    ((2, 9, 8, 32), (2, 3), (1, 3), (1, 2), (3, 2), 11, (1, 2)),
    ((2, 3, 4, 5, 8), (2, 3, 1), (1, 1, 0), (1, 1, 1), (1, 1, 1), 17, (1, 2, 0)),
    ((2, 3, 4, 5, 24), (2, 3, 1), (1, 1, 0), (1, 2, 2), (1, 1, 1), 0, (0, 1, 0)),
]


@pytest.mark.parametrize("swizzle", [0, 1])
@pytest.mark.parametrize("case", COLUMNS, ids=str)
def test_tensor_load_im2col(device, case, swizzle, schedule):
    """A column is a part of the matrix that im2col makes: one tap, 13 pixels, some channels."""
    shape, taps, pad, stride, dilation, first, tap = case
    x = RNG.integers(1, 1000, shape).astype(np.float16)
    channels, pixels, c0 = (16, 13, 8) if swizzle else (8, 13, 0)
    spatial = shape[1:-1]
    reach = [(r - 1) * d for r, d in zip(taps, dilation, strict=True)]
    outputs = [
        (n + 2 * p - e - 1) // s + 1 for n, p, e, s in zip(spatial, pad, reach, stride, strict=True)
    ]
    expected = np.zeros((pixels, channels), np.float16)
    for i in range(pixels):
        image, *q = np.unravel_index(first + i, (shape[0] + 9, *outputs))
        where = [
            j * s - p + t * d for j, s, p, t, d in zip(q, stride, pad, tap, dilation, strict=True)
        ]
        if image < shape[0] and all(0 <= w < n for w, n in zip(where, spatial, strict=True)):
            line = x[(image, *where)][c0 : c0 + channels]
            expected[i, : len(line)] = line
    image, *q = np.unravel_index(first, (shape[0] + 9, *outputs))
    begin = [j * s - p for j, s, p in zip(q, stride, pad, strict=True)]

    def three(values, fill=0):
        return [*values[::-1], *[fill] * (3 - len(values))]

    numbers = [
        *[0, x.ndim, swizzle, *five(shape, 1)],
        *three([-p for p in pad]),
        *three([p - e for p, e in zip(pad, reach, strict=True)]),
        *[*three(stride, 1), channels, pixels],
        *five([image, *begin, c0], 0),
        *three([t * d for t, d in zip(tap, dilation, strict=True)]),
    ]
    y = probe(device, "tensor_load_im2col", [x], expected.nbytes, np.uint8, numbers)
    rows = as_bytes(expected).reshape(pixels, -1)
    assert (y == swizzled(rows, SPANS[swizzle])).all()


def test_tensor_load_multicast(device, schedule):
    x = RNG.standard_normal((24, 32)).astype(np.float32)
    y = probe(device, "tensor_load_multicast", [x], (2, 24, 32), np.float32, [24])
    assert (y == x).all()


TILE = tiled_numbers(np.zeros((8, 32), np.float32), 3, (8, 32), (1, 1), (0, 0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({8: 300}, "1 to 256 elements along each axis"),
        ({8: 16}, "must fill the swizzle's 128 bytes, not 64"),
        ({3: 33}, "stride of 132 bytes, it must be a multiple of 16"),
        ({2: 0, 8: 3}, "must be multiples of 16 bytes, not 12"),
        ({14: 9}, "steps are 1 to 8"),
        ({13: 2}, "read without a step"),
    ],
)
def test_tensor_maps_refuse(device, change, message):
    numbers = [change.get(i, number) for i, number in enumerate(TILE)]
    x = np.zeros((16, 33), np.float32)
    with pytest.raises(RuntimeError, match=message):
        probe(device, "tensor_load", [x], 1024, np.uint8, numbers)


# ---- wgmma -------------------------------------------------------------------------------------


def image_k(x, span):
    """An operand (rows, bytes along K) with K contiguous; and its leading, stride, advance."""
    rows, width = x.shape
    if span:
        return swizzled(x[:, :span], span), (0, 8 * span, 32)
    pieces = x.reshape(rows // 8, 8, width // 16, 16).transpose(2, 0, 1, 3)
    return pieces.reshape(-1), (rows // 8 * 128, 128, rows // 8 * 256)


def image_mn(x, span):
    """The same for an operand (K, bytes along M or N), that being contiguous."""
    depth, width = x.shape
    if span:
        tiles = x.reshape(depth, width // span, span).transpose(1, 0, 2)
        image = np.concatenate([swizzled(tile, span) for tile in tiles])
        return image, (depth * span, 8 * span, 16 * span)
    pieces = x.reshape(depth // 8, 8, width // 16, 16).transpose(0, 2, 1, 3)
    return pieces.reshape(-1), (width // 16 * 128, 128, width // 16 * 256)


def accumulators(matrix):
    """What (64, N) is in the registers of 128 threads, as the PTX manual draws it."""
    n = matrix.shape[1]
    t, i = np.ogrid[:128, : n // 2]
    row = 16 * (t // 32) + t % 32 // 4 + 8 * (i // 2 % 2)
    return np.ascontiguousarray(matrix[row, 8 * (i // 4) + 2 * (t % 4) + i % 2])


def a_registers(a):
    """What a (64, 32 bytes along K) is in the registers of 128 threads: words of 4 bytes."""
    words = as_bytes(a).view(np.uint32).reshape(64, 8)
    t, i = np.ogrid[:128, :4]
    return words[16 * (t // 32) + t % 32 // 4 + 8 * (i % 2), t % 4 + 4 * (i // 2)]


def run_wgmma(device, name, kind, n, span, a_mn=0, b_mn=0, registers=0, accumulate=1):
    depth = 8 if kind == "tf32" else 16
    # Instructions along K: as many as a row along K has room for, two where there is no such row.
    steps = 1 if registers else 2 if not span or (a_mn and b_mn) else span // 32
    k = depth * steps
    (a, b), (exact_a, exact_b) = operands(kind, (64, k), (k, n))
    if kind == "tf32":  # as kernels must round what they store
        a, b = np.float32(exact_a), np.float32(exact_b)
    image_a, (a_leading, a_stride, a_advance) = (
        image_mn(as_bytes(a.T), span) if a_mn else image_k(as_bytes(a), 0 if registers else span)
    )
    along_n = b if b_mn else np.ascontiguousarray(b.T)
    if not b_mn and registers and span:  # a row of one instruction in a wider tile
        along_n = np.pad(along_n, ((0, 0), (0, (span - 32) // b.itemsize)))
    make_b = image_mn if b_mn else image_k
    image_b, (b_leading, b_stride, b_advance) = make_b(as_bytes(along_n), span)
    if registers:
        words, image_a = a_registers(a), np.zeros(16, np.uint8)
    else:
        words = np.zeros((128, 4), np.uint32)
    c = RNG.standard_normal((64, n)).astype(np.float32)
    numbers = [
        *[n, registers, a_mn, b_mn, SPANS.index(span)],
        *[a_leading, a_stride, a_advance, b_leading, b_stride, b_advance, steps, accumulate],
    ]
    inputs = [image_a, image_b, words, accumulators(c)]
    y = probe(device, name, inputs, (128, n // 2), np.float32, numbers)
    exact = exact_a @ exact_b + accumulate * c
    bound = accumulators(np.abs(exact_a) @ np.abs(exact_b) + np.abs(c)) * (k + 1) * 2.0**-23
    assert (np.abs(y - accumulators(exact)) <= bound).all()


@pytest.mark.parametrize("span", [32, 64, 128, 0])
@pytest.mark.parametrize("b_mn", [0, 1])
@pytest.mark.parametrize("a_mn", [0, 1])
@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_wgmma(device, kind, a_mn, b_mn, span):
    run_wgmma(device, f"wgmma_{kind}", kind, 64, span, a_mn, b_mn)


@pytest.mark.parametrize("span", [32, 64, 128, 0])
def test_wgmma_tf32(device, span, schedule):
    run_wgmma(device, "wgmma_tf32", "tf32", 64, span, accumulate=0)


@pytest.mark.parametrize(("kind", "b_mn"), [("f16", 0), ("bf16", 1), ("bf16", 0), ("tf32", 0)])
def test_wgmma_with_a_in_registers(device, kind, b_mn, schedule):
    run_wgmma(device, f"wgmma_{kind}", kind, 64, 64, b_mn=b_mn, registers=1)


@pytest.mark.parametrize("n", [8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256])
def test_wgmma_sizes(device, n, schedule):
    run_wgmma(device, "wgmma_sizes", "bf16", n, 128)


# ---- what no kernel may do ---------------------------------------------------------------------

# In the order of csrc/cuda/probe/misuse.cu: the error of each.
MISUSES = [
    ("diverge", r"divergence: it is at __syncthreads while .* is at __syncthreads"),
    ("cross_masks", r"divergence: __syncwarp for the lanes \w+ while others are at __syncwarp"),
    ("shuffle_from_outside", r"shuffles from lane 8, outside the mask 000000ff"),
    ("take_much_static_memory", r"for much takes the block to \d+ bytes of static shared memory"),
    ("load_matrix_misaligned", r"ldmatrix needs an address aligned to 16 bytes"),
    ("wait_for_nothing", r"this mbarrier was never initialised"),
    ("overwrite_barrier", r"something was written over this mbarrier"),
    ("arrive_too_often", r"more arrivals at this mbarrier than the 2 it expects"),
    ("expect_too_much", r"an mbarrier counts up to 2\^20 - 1 bytes, not 1048576"),
    ("load_to_misaligned", r"a tensor copy with this swizzle needs an address aligned to 1024"),
    ("load_and_leave", r"this copy to its shared memory not: nobody waits for its mbarrier"),
    ("load_tiled_as_im2col", r"map is for tiled copies of 2 axes, the instruction for im2col of 3"),
    ("begin_outside_of_the_pixels", r"im2col begins at -2 along axis 1, pixels go from -1 to 14"),
    ("store_and_leave", r"has ended without waiting for what it started"),
    ("multicast_to_nobody", r"a multicast to the blocks 4 of a cluster of 2"),
    ("multiply_without_fence", r"wgmma without a wgmma_fence\(\) since the last wait"),
    ("multiply_from_the_second_row", r"swizzle of 32 bytes begins at 32, not in the first row"),
    ("multiply_and_leave", r"has ended without waiting for what it started"),
    ("multiply_beyond_memory", r"wgmma reads at \d+ of \d+ bytes of shared memory"),
    ("arrive_twice", r"arrives at the cluster's barrier twice, with no wait"),
    ("reach_for_the_dead", r"the cluster's block 1 has ended, and its shared memory with it"),
]
# These are seen only where the work is still under way when the thread or block ends.
LATE = {"load_and_leave", "store_and_leave", "multiply_and_leave"}


@pytest.mark.parametrize("name", [name for name, _ in MISUSES])
def test_misuse_is_an_error(device, name, schedule):
    if device.name != "emulated" or (name in LATE and schedule["landing"] != "late"):
        pytest.skip("the emulated device sees this when work lands late")
    number = [name for name, _ in MISUSES].index(name)
    x = np.zeros(2048, np.float32)
    with pytest.raises(RuntimeError, match=MISUSES[number][1]) as error:
        probe(device, "misuse", [x], 1, np.float32, [number])
    assert str(error.value).startswith(f"{name} (")
    if name not in {"store_and_leave", "multiply_and_leave"}:  # the thread's end has no line
        assert re.match(rf"{name} \(csrc/cuda/probe/misuse.cu:\d+\)", str(error.value))


# ---- the files ---------------------------------------------------------------------------------


def test_wgmma_registers_are_current():
    path = CSRC / "cuda/common/generate_wgmma.py"
    spec = importlib.util.spec_from_file_location("generate_wgmma", path)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert generator.TARGET.read_text() == generator.content()


@pytest.mark.parametrize("name", ["ptx", "mma", "tma", "wgmma"])
def test_twins_offer_the_same(name):
    """Each function that kernels call has a twin of its name."""
    here = (CSRC / f"cuda/common/{name}.cuh").read_text()
    twin = (CSRC / f"emulate/{name}.hpp").read_text()
    functions = set(re.findall(r"__device__ __forceinline__ [\w:]+[ *&]+(\w+)\(", here))
    functions |= set(re.findall(r"^inline TensorMap (\w+)\(", here, re.M))
    functions -= {"address_of", "NAME"}
    assert len(functions) >= 4
    missing = [f for f in sorted(functions) if not re.search(rf"\b{f}\(", twin)]
    assert missing == []


def test_tensor_maps_are_grid_constants():
    """A tensor map must stay where the launch put it: a local copy is none to the copy engine."""
    for path in (CSRC / "cuda").rglob("*.cu"):
        for kernel in re.findall(r"__global__.*?\)\s*\{", path.read_text(), re.S):
            for parameter in re.findall(r"[^,(]*\bTensorMap\b[^,)]*", kernel):
                assert "const __grid_constant__" in parameter, f"{path.name}: {parameter.strip()}"


def test_probes_refuse(device):
    run = device.module.probe
    out = device.empty(32, np.int32)
    x = device.to(np.zeros(32, np.int32))
    with pytest.raises(ValueError, match="there is no probe 'nothing'"):
        run("nothing", [x], out)
    with pytest.raises(ValueError, match="probe warp: it takes 1 inputs, got 2"):
        run("warp", [x, x], out, [0, -1, 0, 32])
    with pytest.raises(ValueError, match="probe warp: input 0 must have 128 bytes, got 64"):
        run("warp", [x[:16]], out, [0, -1, 0, 32])
    with pytest.raises(ValueError, match="probe warp: it takes 4 numbers, got 1"):
        run("warp", [x], out, [0])
