"""One instruction at a time: what its probe does, against what the PTX manual says it does."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

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


# ---- tensor cores, one warp ----------------------------------------------------------------------

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
