"""Which rung of conv runs where nothing is timed: the one that is made for the case."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend import device_kernels
from minitorch.backend.native import load_extension
from minitorch.ops import conv_order
from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from minitorch.ops.conv_shape import conv_output_length

EMULATED, _ = load_extension("_emulated")
OPS = {"fwd": conv_fwd, "dgrad": conv_dgrad, "wgrad": conv_wgrad}

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")


def images(shape, dtype, last):
    n, c, *size = shape
    raw = mt.zeros((n, *size, c) if last else shape, dtype=dtype, device="emulated").data
    return np.moveaxis(raw, -1, 1) if last else raw


def chosen(direction, x, w, dtype="float32", last=True, pad=1, stride=1, groups=1):
    """The rung's number for x, w as shapes."""
    axes = len(x) - 2
    static = {"stride": (stride,) * axes, "pad": ((pad, pad),) * axes}
    static |= {"dilation": (1,) * axes, "groups": groups}
    y = (x[0], w[0], *[conv_output_length(n, k, stride, (pad, pad), 1)
                       for n, k in zip(x[2:], w[2:], strict=True)])  # fmt: skip
    filters = mt.zeros(w, dtype=dtype, device="emulated").data
    arrays = {
        "fwd": (images(x, dtype, last), filters),
        "dgrad": (images(y, dtype, last), filters),
        "wgrad": (images(x, dtype, last), images(y, dtype, last)),
    }[direction]
    if direction != "fwd":
        static["size"] = (x if direction == "dgrad" else w)[2:]
    op = OPS[direction]
    rows = [kernel for backend, kernel in op.kernels if backend == "emulated"]
    order = getattr(conv_order, f"conv_{direction}_order")
    return device_kernels.choose(op.name, "emulated", rows, arrays, static, order).name[:3]


@pytest.fixture
def high():
    mt.set_float32_matmul_precision("high")
    yield
    mt.set_float32_matmul_precision("highest")


X, W = (1, 64, 4, 4), (64, 64, 3, 3)


@pytest.mark.parametrize("direction", OPS)
def test_16_bits_go_to_wgmma(direction):
    assert chosen(direction, X, W, "float16") == "k10"
    assert chosen(direction, X, W, "float16", last=False) == "k08"
    assert chosen(direction, (1, 8, 4, 4), (8, 8, 3, 3), "float16") == "k08"  # 1/8 of a slab


@pytest.mark.parametrize("direction", OPS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_depthwise(direction, dtype):
    assert chosen(direction, (1, 32, 4, 4), (32, 1, 3, 3), dtype, groups=32) == "k06"


@pytest.mark.parametrize("direction", ["fwd", "dgrad"])
def test_float32(direction):
    assert chosen(direction, X, W) == "k05"
    assert chosen(direction, X, W, last=False) == "k05"
    assert chosen(direction, X, W, stride=2) == "k08"
    assert chosen(direction, (1, 64, 4, 4), (64, 64, 1, 1), pad=0) == "k08"
    assert chosen(direction, (1, 1, 6, 6), (6, 1, 3, 3)) == "k08"
    assert chosen(direction, X, W, "float64") == "k08"


@pytest.mark.parametrize("direction", ["fwd", "dgrad"])
def test_tf32_where_it_is_admitted(direction, high):
    assert chosen(direction, X, W) == "k11"
    assert chosen(direction, X, W, last=False) == "k09"
    assert chosen(direction, (1, 8, 4, 4), (8, 8, 3, 3)) == "k09"
    assert chosen(direction, X, W, "float64") == "k08"


def test_wgrad_of_float32(high):
    assert chosen("wgrad", X, W) == "k09"
    mt.set_float32_matmul_precision("highest")
    assert chosen("wgrad", X, W) == "k08"
    assert chosen("wgrad", (8, 1, 24, 24), (6, 1, 5, 5), pad=2) == "k07", "LeNet's first layer"
    assert chosen("wgrad", (1, 1, 24, 24), (6, 1, 5, 5), pad=2) == "k08"


def test_the_whole_order():
    """Names that can't run are passed over, down to one that runs anywhere."""
    rows = [k for backend, k in conv_fwd.kernels if backend == "emulated"]
    names = conv_order.conv_fwd_order(
        images(X, "float32", True),
        np.zeros(W, np.float32),
        stride=(1, 1),
        pad=((1, 1), (1, 1)),
        dilation=(1, 1),
        groups=1,
    )
    assert [row.name[:3] for name in names for row in rows if row.name.startswith(name)] == [
        *["k11", "k09", "k05", "k08", "k04", "k03"]
    ]
