"""k10 and k11 of conv: images with channels last, as the copy engine takes them."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from tests.cuda.conv_oracle import DIRECTIONS, plain, problem
from tests.cuda.device import ROUND
from tests.cuda.test_conv import bound, check, expected, run

EMULATED, _ = load_extension("_emulated")
KINDS = [
    ("k10_wgmma", "float16"),
    ("k10_wgmma", "bfloat16"),
    ("k11_wgmma_tf32", "float32"),
]
ONE_EACH = KINDS[1:]

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")

# Tiles have 128 places x 64, 128 or 256 filters (wgrad: two boxes of 64 channels of a tap), slabs
# 64 channels (of float32: 32) or places.
CASES = {
    "127 places": plain((1, 8, 1, 127), (8, 8, 1, 1)),
    "128 places": plain((1, 64, 128), (64, 64, 1)),
    "129 places": plain((3, 72, 43), (136, 72, 3), pad=((1, 1),)),
    "128 filters": plain((1, 8, 5, 13), (128, 8, 2, 1)),
    "256 wide": plain((5, 200, 103), (136, 200, 1)),
    "stride": plain((2, 16, 9, 8), (24, 16, 3, 3), stride=(2, 2), pad=((1, 0), (1, 1))),
    "dilation": plain((1, 8, 11, 10), (16, 8, 3, 3), dilation=(2, 3), pad=((2, 1), (3, 0))),
    "stride-dilation": plain(
        (1, 8, 13, 12), (8, 8, 3, 3), stride=(2, 3), dilation=(3, 2), pad=((3, 4), (1, 0))
    ),
    "1x1-stride": plain((2, 8, 5, 6), (16, 8, 1, 1), stride=(2, 3)),
    "rest unseen": plain((1, 8, 8, 7), (8, 8, 2, 2), stride=(3, 4)),
    "all-pad": plain((2, 8, 2, 2), (8, 8, 5, 5), pad=((5, 5), (4, 4)), stride=(3, 3)),
    "column": plain((2, 8, 7, 1), (8, 8, 3, 1), pad=((1, 1), (0, 0))),
    "1-d": plain((3, 8, 19), (16, 8, 4), stride=(2,), pad=((3, 1),)),
    "3-d": plain(
        (2, 8, 4, 5, 6),
        (16, 8, 2, 3, 2),
        stride=(1, 2, 1),
        pad=((1, 0), (1, 1), (0, 1)),
        dilation=(2, 1, 1),
    ),
    "parts": plain((5, 8, 19, 23), (8, 8, 3, 3), pad=((1, 1), (1, 1))),
}


def rounded(case, direction, dtype):
    return [ROUND[dtype][0](a) for a in problem(case, direction)]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("rung", "dtype"), ONE_EACH)
def test_shapes(device, rung, dtype, name, direction, schedule):
    case = CASES[name]
    got = run(device, rung, direction, case, rounded(case, direction, dtype), "last")
    check(rung, direction, case, dtype, got)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["129 places", "stride", "parts"])
def test_float16(device, name, direction):
    case = CASES[name]
    got = run(device, "k10_wgmma", direction, case, rounded(case, direction, "float16"), "last")
    check("k10_wgmma", direction, case, "float16", got)


@pytest.mark.parametrize("result_layout", ["first", "last"])
@pytest.mark.parametrize("filters", [8, 9, 131])
@pytest.mark.parametrize(("rung", "dtype"), KINDS)
def test_epilogue(device, rung, dtype, filters, result_layout):
    """Pairs of filters where these are even and lie together, else one by one."""
    case = plain((1, 8, 5, 6), (filters, 8, 2, 2), pad=((1, 0), (0, 1)))
    make, read, unit = ROUND[dtype]
    bias = make(np.linspace(-1, 1, filters))
    more = {"bias": device.to(bias), "relu": True, "result_layout": result_layout}
    got = run(device, rung, "fwd", case, rounded(case, "fwd", dtype), "last", **more)
    exact = np.maximum(expected(case, "fwd", dtype)[0] + read(bias).reshape(-1, 1, 1), 0)
    room = bound(rung, case, "fwd", dtype) + 2 * unit * (1 + np.abs(exact))
    assert (np.abs(read(got) - exact) <= room).all()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("rung", "dtype"), ONE_EACH)
def test_repeats_bit_for_bit(device, rung, dtype, direction):
    case = CASES["parts"]
    arrays = rounded(case, direction, dtype)
    once = run(device, rung, direction, case, arrays, "last")
    if device.name == "emulated":
        device.module.set_schedule("random", "reverse", "random", 3)
    assert once.tobytes() == run(device, rung, direction, case, arrays, "last").tobytes()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_views(device, direction):
    """Channels, rows and columns cut out of larger images: neighbours must not be seen."""
    case = plain((2, 8, 5, 6), (16, 8, 3, 3), pad=((1, 1), (1, 1)))
    views = []
    for number, a in enumerate(rounded(case, direction, "float16")):
        if direction != "wgrad" and number == 1:  # filters may lie anyhow
            views.append(np.ascontiguousarray(a[:, :, ::-1])[:, :, ::-1])
            continue
        n, c, h, w = a.shape
        big = np.full((n, h + 2, w + 3, c + 8), np.nan, np.float16)
        view = np.moveaxis(big[:, 1:-1, 2:-1, 8:], -1, 1)
        view[...] = a
        views.append(view)
    if device.name == "cuda":
        pytest.skip("a copy to the GPU would be dense")
    shape = case.shapes(direction)[2]
    out = device.empty(shape, np.float16)
    asked = ("k10_wgmma", *views, shape[2:])
    assert getattr(device.module, f"conv_{direction}_supports")(*asked, **case.static) == ""
    count = getattr(device.module, f"conv_{direction}_workspace")(*asked, **case.static)
    workspace = device.empty((count,), np.uint8) if count else None
    call = getattr(device.module, f"conv_{direction}")
    call("k10_wgmma", *views, out, workspace=workspace, **case.static)
    check("k10_wgmma", direction, case, "float16", device.get(out))


def images(*shape, dtype=np.float16):
    """Channels last."""
    n, c, *size = shape
    return np.moveaxis(np.zeros((n, *size, c), dtype), -1, 1)


def why_not(direction, first, second, rung="k10_wgmma", size=(), **settings):
    axes = first.ndim - 2
    settings = {
        "stride": (settings.get("stride", 1),) * axes,
        "pad": ((settings.get("pad", 0),) * 2,) * axes,
        "dilation": (settings.get("dilation", 1),) * axes,
        "groups": settings.get("groups", 1),
    }
    ask = getattr(EMULATED, f"conv_{direction}_supports")
    return ask(rung, first, second, size, **settings)


def test_says_what_it_needs():
    w = np.zeros((16, 8, 3, 3), np.float16)
    x = images(2, 8, 9, 9)
    assert why_not("fwd", x, w) == ""
    assert "channels last" in why_not("fwd", np.ascontiguousarray(x), w)
    assert "a multiple of 8" in why_not("fwd", images(2, 12, 9, 9), w[:, :1].repeat(12, 1))
    assert "one group" in why_not("fwd", x, w[:, :4], groups=2)
    assert "no images" in why_not("fwd", images(0, 8, 9, 9), w)
    assert "float16 and bfloat16" in why_not("fwd", x.astype("f4"), w.astype("f4"))
    assert "float32 with fewer bits" in why_not("fwd", x, w, "k11_wgmma_tf32")
    assert "not aligned" in why_not("fwd", images(2, 24, 9, 9)[:, 4:12], w)
    assert "strides that" in why_not("fwd", images(2, 12, 9, 9)[:, :8], w)
    assert "strides that" in why_not("fwd", x[:, :, ::-1], w)
    assert "strides that" in why_not("fwd", np.broadcast_to(images(1, 8, 1, 9), (2, 8, 9, 9)), w)
    dy = images(2, 12, 7, 7)
    assert "dy must have" in why_not("dgrad", dy, w[:12], size=(9, 9))
    assert "dy must have" in why_not("wgrad", x, dy, size=(3, 3))
    assert "x must have" in why_not("wgrad", np.ascontiguousarray(x), dy, size=(3, 3))
    assert "see k09_mma_tf32" in why_not("wgrad", x, dy, "k11_wgmma_tf32", size=(3, 3))


def test_says_where_the_copy_engine_ends():
    wide, line = np.zeros((8, 8, 1, 3), np.float16), images(1, 8, 1, 700)
    assert "strides up to 8" in why_not("fwd", line, wide, stride=9)
    assert why_not("fwd", line, wide, stride=8) == ""
    assert "windows up to 256 wide on 2 axes" in why_not("fwd", images(1, 8, 2, 700), wide[..., :2],
                                                         dilation=256)  # fmt: skip
    assert "up to 128 outside of an image of 2 axes" in why_not("fwd", line, wide, pad=129)
    assert why_not("fwd", line, wide, dilation=256) == ""  # one axis: 2^16
    cube, deep = images(1, 8, 9, 9, 9), np.zeros((8, 8, 3, 3, 3), np.float16)
    assert "up to 16 outside of an image of 3 axes" in why_not("fwd", cube, deep, pad=17)
    assert why_not("fwd", cube, deep, pad=16) == ""


def test_the_reasons_of_a_class_of_dgrad():
    """dgrad with stride 2 is four problems of stride 1; each must fit."""
    w = np.zeros((8, 8, 3, 3), np.float16)
    dy = images(1, 8, 140, 140)
    assert why_not("dgrad", dy, w, size=(281, 281), stride=2) == ""
    assert why_not("dgrad", images(1, 8, 10, 10), w, size=(12, 12), stride=1) == ""
    far = why_not("dgrad", images(1, 8, 275, 275), w, size=(7, 7), pad=135)
    assert "outside of an image" in far
