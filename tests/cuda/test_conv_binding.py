"""What the bindings of the convolutions refuse, and the ops' way to them."""

from __future__ import annotations

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from minitorch.ops import conv_device
from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from tests.cuda.conv_oracle import CASES, DIRECTIONS, problem

EMULATED, _ = load_extension("_emulated")
CALLS = {"fwd": conv_fwd, "dgrad": conv_dgrad, "wgrad": conv_wgrad}
SETTINGS = {"stride": (1, 1), "pad": ((0, 0), (0, 0)), "dilation": (1, 1)}

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")


def f32(*shape):
    return np.zeros(shape, np.float32)


def fwd(x=None, w=None, y=None, rung="k01_direct", **more):
    x, w = f32(2, 4, 5, 5) if x is None else x, f32(6, 4, 3, 3) if w is None else w
    y = f32(2, 6, 3, 3) if y is None else y
    EMULATED.conv_fwd(rung, x, w, y, **{**SETTINGS, **more})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rung": "k99"}, ValueError, "conv has no rung 'k99'; it has k01_direct"),
        ({"x": f32(2, 4)}, ValueError, r"x must have 3 to 5 axes, got \(2, 4\)"),
        ({"x": f32(2, 4, 5)}, ValueError, "the same one to three spatial axes"),
        ({"x": f32(2, 3, 5, 5)}, ValueError, r"do not fit 1 group\(s\)"),
        ({"groups": 2}, ValueError, r"do not fit 2 group\(s\)"),
        ({"groups": 0}, ValueError, "groups must be at least 1"),
        ({"x": f32(2, 4, 2, 5)}, ValueError, "is no window on x"),
        ({"stride": (1,)}, ValueError, "an entry for each of the 2 spatial axes"),
        ({"stride": (0, 1)}, ValueError, "stride and dilation must be at least 1"),
        ({"pad": ((0, -1), (0, 0))}, ValueError, "pad must be at least 0"),
        ({"y": f32(2, 6, 3, 4)}, ValueError, r"y must be \(2, 6, 3, 3\), got \(2, 6, 3, 4\)"),
        ({"y": f32(2, 6, 3, 6)[..., ::2]}, ValueError, "fill its memory without holes"),
        ({"y": np.broadcast_to(f32(1), (2, 6, 3, 3))}, ValueError, "without holes"),
        ({"y": np.zeros((2, 6, 3, 3))}, TypeError, "y must be float32 as the other arrays"),
        ({"w": np.zeros((6, 4, 3, 3))}, TypeError, "w must be float32 as the other arrays"),
        ({"bias": f32(5)}, ValueError, r"bias must be \(6,\), got \(5,\)"),
        ({"bias": f32(12)[::2]}, ValueError, "bias must be contiguous"),
        ({"x": np.zeros((2, 4, 5, 5), np.int32)}, TypeError, "not in 'i4'"),
        ({"x": [1.0]}, TypeError, "not list"),
    ],
)
def test_refuses(arguments, error, message):
    with pytest.raises(error, match=message):
        fwd(**arguments)


def test_refuses_a_read_only_result():
    y = f32(2, 6, 3, 3)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="y is read-only"):
        fwd(y=y)


def test_gradients_refuse_what_is_not_theirs():
    x, dy, dw = f32(2, 4, 5, 5), f32(2, 6, 3, 3), f32(6, 4, 3, 3)
    with pytest.raises(ValueError, match="bias and relu belong to conv_fwd"):
        EMULATED.conv_wgrad("k01_direct", x, dy, dw, relu=True, **SETTINGS)
    with pytest.raises(ValueError, match=r"dy must be \(2, 6, 3, 3\), got \(2, 6, 3, 4\)"):
        EMULATED.conv_wgrad("k01_direct", x, f32(2, 6, 3, 4), dw, **SETTINGS)
    with pytest.raises(ValueError, match=r"dy must be \(2, 6, 4, 3\), got \(2, 6, 3, 3\)"):
        EMULATED.conv_dgrad("k01_direct", dy, dw, f32(2, 4, 6, 5), **SETTINGS)
    with pytest.raises(ValueError, match="size must have|3 to 5 axes|spatial axes"):
        EMULATED.conv_dgrad_supports("k01_direct", dy, dw, (5,), **SETTINGS)


def test_the_watched_build_knows_the_result():
    """It stops a kernel that writes what it was not told to be a result."""
    watched, reason = load_extension("_emulated_watched")
    if watched is None:
        pytest.skip(f"{reason}: make watched")
    y = np.moveaxis(np.full((2, 3, 3, 6), np.nan, np.float32), -1, 1)
    watched.conv_fwd("k01_direct", f32(2, 4, 5, 5), f32(6, 4, 3, 3), y, **SETTINGS)
    assert (y == 0).all()


@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", ["3x3", "groups", "1-d", "3-d"])
def test_ops_call_the_rungs(name, direction, last):
    case = CASES[name]
    first, second = problem(case, direction)
    if last:
        first = np.moveaxis(np.ascontiguousarray(np.moveaxis(first, 1, -1)), -1, 1)
    more = {} if direction == "fwd" else {"size": case.shapes(direction)[2][2:]}
    supports = getattr(conv_device, f"conv_{direction}_supports")
    call = getattr(conv_device, f"conv_{direction}_device")
    arguments = (EMULATED, "k01_direct", first, second)
    assert supports(*arguments, **more, **case.static) is True
    got = call(*arguments, **more, **case.static)
    reference = CALLS[direction](first, second, **more, **case.static).numpy()
    np.testing.assert_allclose(got, reference, rtol=1e-4, atol=1e-4)
    if last and direction != "wgrad":
        assert got.strides[1] == got.itemsize


def test_ops_say_why_not():
    x, w = f32(1, 2, 4, 4), f32(3, 2, 3, 3)
    ask = conv_device.conv_fwd_supports
    assert "of one dtype" in ask(EMULATED, "k01_direct", x, w.astype(np.float64), **SETTINGS)
    assert "the arrays are int32" in ask(
        EMULATED, "k01_direct", x.astype(np.int32), w.astype(np.int32), **SETTINGS
    )
