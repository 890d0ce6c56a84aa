"""When convolutions go by k04_winograd, and that a user can forbid it."""

import subprocess
import sys

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from tests.native.test_table import CONV, chosen

PAD = {**CONV, "pad": ((1, 1), (1, 1))}


def choices(images=2, channels=16, filters=16, side=16, dtype="f4", window=(3, 3), **static):
    """What would run forward, for the input's and for the filters' gradient."""
    static = {**PAD, **static}
    x, y = (np.ones((images, n, side, side), dtype) for n in (channels, filters))
    w = np.ones((filters, channels // static["groups"], *window), dtype)
    return {
        chosen(conv_fwd, x, w, None, **static),
        chosen(conv_dgrad, y, w, size=(side, side), **static),
        chosen(conv_wgrad, x, y, size=window, **static),
    }


@pytest.fixture
def without_winograd():
    """It is allowed again afterwards."""
    mt.set_winograd(False)
    yield
    mt.set_winograd(True)


def test_it_is_chosen_for_enough_channels_and_tiles(native):
    assert choices() == {"k04_winograd"}
    assert choices(channels=32, filters=32, groups=2) == {"k04_winograd"}
    assert choices(images=1, channels=8, filters=8, side=7) == {"k04_winograd"}


@pytest.mark.parametrize(
    "changed",
    [
        {"images": 3, "side": 4},  # 3 tiles
        {"channels": 7},
        {"filters": 7},
        {"groups": 4},
        {"dtype": "f8"},
        {"window": (3, 2)},
        {"stride": (1, 2)},
        {"dilation": (2, 1)},
    ],
)
def test_elsewhere_it_is_not(native, changed):
    assert choices(**changed) == {"k03_packed"}


def test_5_x_5_filters_are_chosen_where_dx_is_not_much_larger_than_dy(native):
    w, static = np.ones((16, 16, 5, 5), "f4"), {**CONV, "pad": ((2, 2), (2, 2))}
    x, y = np.ones((32, 16, 12, 12), "f4"), np.ones((32, 16, 8, 8), "f4")
    assert chosen(conv_fwd, x, w, None, **CONV) == "k04_winograd"
    assert chosen(conv_wgrad, x, y, size=(5, 5), **CONV) == "k04_winograd"
    assert chosen(conv_dgrad, y, w, size=(12, 12), **CONV) == "k03_packed"
    assert chosen(conv_dgrad, x, w, size=(12, 12), **static) == "k04_winograd"


def test_it_can_be_forbidden(native, without_winograd):
    assert mt.get_winograd() is False
    assert choices() == {"k03_packed"}
    x = np.ones((1, 1, 4, 4), "f4")
    with mt.use_kernel(conv_fwd, "k04_winograd"):  # what is forced runs
        assert conv_fwd(x, x[..., :3, :3], **CONV).numpy() == pytest.approx(9)


def test_the_environment_forbids_it():
    code = "import minitorch; print(minitorch.get_winograd())"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"MINITORCH_WINOGRAD": "0", "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "False\n"


def test_the_switch_is_a_bool():
    with pytest.raises(TypeError, match="enabled must be a bool, got int"):
        mt.set_winograd(0)


def test_forced_on_other_filters_it_says_what_it_needs(native):
    message = (
        r"it needs 3 x 3 or 5 x 5 filters, stride 1 and dilation 1; here are filters \(3, 2\), "
        r"stride \(2, 1\) and dilation \(1, 1\)"
    )
    x, w, static = np.ones((1, 1, 6, 6)), np.ones((1, 1, 3, 2)), {**CONV, "stride": (2, 1)}
    y = conv_fwd(x, w, **static)
    with mt.use_kernel(conv_fwd, "k04_winograd"), pytest.raises(RuntimeError, match=message):
        conv_fwd(x, w, **static)
    with mt.use_kernel(conv_wgrad, "k04_winograd"), pytest.raises(RuntimeError, match=message):
        conv_wgrad(x, y, size=(3, 2), **static)
