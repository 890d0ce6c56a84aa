"""When convolutions of stride 2 go by k07_phases, and that a user can forbid it."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from minitorch.ops.conv_shape import conv_output_length
from tests.native.test_table import CONV, chosen

PAD = {**CONV, "stride": (2, 2), "pad": ((1, 1), (1, 1))}


def choices(images=32, channels=64, filters=64, side=16, dtype="f4", window=(4, 4), **static):
    """What would run forward, for the input's and for the filters' gradient."""
    static = {**PAD, **static}
    settings = (static[name] for name in ("stride", "pad", "dilation"))
    rows = zip((side, side), window, *settings, strict=True)
    x = np.ones((images, channels, side, side), dtype)
    y = np.ones((images, filters, *[conv_output_length(*row) for row in rows]), dtype)
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


@pytest.mark.parametrize("window", [(3, 3), (4, 4), (3, 4), (5, 5), (6, 5)])
def test_it_is_chosen_for_enough_channels_and_tiles(native, window):
    assert choices(window=window) == {"k07_phases"}
    assert choices(window=window, channels=32, filters=32, groups=2) == {"k07_phases"}


@pytest.mark.parametrize(
    "changed",
    [
        {"side": 9, "window": (3, 3)},  # 5 x 5 positions, of 8 x 8 in tiles
        {"channels": 7},
        {"filters": 7},
        {"groups": 16},
        {"dtype": "f8"},
        {"window": (2, 2)},
        {"window": (4, 5)},
        {"stride": (1, 2)},
        {"stride": (3, 3)},
        {"dilation": (2, 1)},
    ],
)
def test_elsewhere_it_is_not(native, changed):
    assert choices(**changed) == {"k03_packed"}


@pytest.mark.parametrize("changed", [{"images": 1, "side": 8}, {"side": 14, "window": (3, 3)}])
def test_for_few_positions_no_filters_are_transformed(native, changed):
    """A weight gradient transforms none."""
    assert choices(**{"images": 2, **changed}) == {"k03_packed", "k07_phases"}


def test_it_can_be_forbidden(native, without_winograd):
    assert choices() == {"k03_packed"}
    x = np.ones((1, 1, 6, 6), "f4")
    with mt.use_kernel(conv_fwd, "k07_phases"):  # what is forced runs
        assert conv_fwd(x, x[..., :4, :4], **{**PAD, "pad": CONV["pad"]}).numpy() == (
            pytest.approx(16)
        )


def test_forced_on_other_filters_it_says_what_it_needs(native):
    message = (
        r"it needs filters of 3 or 4 taps both ways, or of 5 or 6, stride 2 and dilation 1; here "
        r"are filters \(3, 5\), stride \(2, 1\) and dilation \(1, 1\)"
    )
    x, w, static = np.ones((1, 1, 6, 6)), np.ones((1, 1, 3, 5)), {**CONV, "stride": (2, 1)}
    y = conv_fwd(x, w, **static)
    with mt.use_kernel(conv_fwd, "k07_phases"), pytest.raises(RuntimeError, match=message):
        conv_fwd(x, w, **static)
    with mt.use_kernel(conv_wgrad, "k07_phases"), pytest.raises(RuntimeError, match=message):
        conv_wgrad(x, y, size=(3, 5), **static)
