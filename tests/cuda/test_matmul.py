"""Matrix products on the device: every rung, type, transpose and epilogue against float64."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
RUNGS = [row[0] for row in EMULATED.rungs["matmul"]] if EMULATED else []
SHAPES = [(1, 1, 1), (7, 5, 3), (64, 64, 64), (65, 33, 17), (130, 70, 40), (3, 200, 1), (5, 4, 0)]

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")


def bound(a, b, precision, unit):
    """How far the result may be from the exact one: rounding of products, sums and the result."""
    sums = 2.0**-53 if unit == 2.0**-53 else 2.0**-24
    k = a.shape[-1]
    product = 2 * 2.0**-11 if precision == "tf32" else 0.0  # operands of 11 bits, nearest
    scale = np.abs(a) @ np.abs(b)
    return scale * (product + (k + 4) * sums) + unit * (scale + 1)


def supported(device, rung, a, b):
    reason = device.module.matmul_supports(rung, a, b)
    if reason:
        pytest.skip(f"{rung}: {reason}")


def run(device, rung, a, b, y, **more):
    bytes_needed = device.module.matmul_workspace(rung, a, b)
    workspace = device.empty((bytes_needed,), np.uint8) if bytes_needed else None
    device.module.matmul(rung, a, b, y, workspace=workspace, **more)
    return device.get(y)


def matrices(make, rows, columns, transposed, *batch):
    """A matrix made so that ``transposed`` memory gives it by a view."""
    rng = np.random.default_rng(rows * 1000 + columns + transposed)
    if transposed:
        return np.swapaxes(make(rng.standard_normal((*batch, columns, rows))), -1, -2)
    return make(rng.standard_normal((*batch, rows, columns)))


@pytest.mark.parametrize("dtype", ROUND)
@pytest.mark.parametrize(
    "transposed", [(0, 0), (0, 1), (1, 0), (1, 1)], ids=["nn", "nt", "tn", "tt"]
)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("rung", RUNGS)
def test_product(device, rung, shape, transposed, dtype, schedule):
    m, n, k = shape
    make, read, unit = ROUND[dtype]
    a, b = matrices(make, m, k, transposed[0]), matrices(make, k, n, transposed[1])
    on_a, on_b = device.to(a), device.to(b)
    supported(device, rung, on_a, on_b)
    precision = {row[0]: row[3] for row in device.module.rungs["matmul"]}[rung]
    y = run(device, rung, on_a, on_b, device.empty((1, m, n), make(0.0).dtype))
    error = np.abs(read(y)[0] - read(a) @ read(b))
    assert (error <= bound(read(a), read(b), precision, unit)).all()
