"""Pooling on the device: every rung and pass against loops over windows, in float64."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from minitorch.backend.native import load_extension
from minitorch.ops.pool_shape import pool_output_length
from tests.cuda.device import ROUND

EMULATED, _ = load_extension("_emulated")
RUNGS = [row[0] for row in EMULATED.rungs["pool"]] if EMULATED else []
# x's shape, window, stride, pad, ignore_border
CASES = {
    "tiles": ((2, 2, 6, 16), (2, 2), (2, 2), ((0, 0), (0, 0)), True),
    "many tiles": ((2, 3, 22, 48), (2, 2), (2, 2), ((0, 0), (0, 0)), True),
    "tiles, odd": ((1, 3, 7, 5), (2, 2), (2, 2), ((0, 0), (0, 0)), True),
    "tiles over the border": ((1, 3, 7, 5), (2, 2), (2, 2), ((0, 0), (0, 0)), False),
    "one": ((1, 1, 1, 1), (1, 1), (1, 1), ((0, 0), (0, 0)), True),
    "overlap": ((2, 1, 9, 11), (3, 3), (2, 2), ((1, 1), (0, 2)), True),
    "every place": ((1, 2, 5, 6), (3, 3), (1, 1), ((1, 1), (1, 1)), True),
    "gaps": ((1, 2, 7, 9), (2, 2), (3, 4), ((0, 0), (1, 0)), True),
    "uneven window": ((1, 2, 6, 8), (3, 2), (1, 2), ((2, 0), (0, 1)), True),
    "over 255 places": ((1, 1, 17, 18), (16, 17), (1, 1), ((0, 0), (0, 0)), True),
    "1-d": ((2, 2, 13), (4,), (3,), ((1, 2),), True),
    "3-d": ((1, 2, 4, 5, 4), (2, 3, 2), (2, 1, 2), ((1, 0), (0, 1), (1, 1)), True),
    "no images": ((0, 2, 4, 16), (2, 2), (2, 2), ((0, 0), (0, 0)), True),
}
MEANS = ("none", "inside", "padded")

pytestmark = pytest.mark.skipif(EMULATED is None, reason="minitorch._emulated is not built")


class Windows:
    """The windows of a case, and what each pass makes of them, place by place."""

    def __init__(self, shape, window, stride, pad, ignore_border):
        self.shape, self.window, self.stride, self.pad = shape, window, stride, pad
        rows = zip(shape[2:], window, stride, pad, strict=True)
        self.count = tuple(pool_output_length(*row, ignore_border) for row in rows)
        self.pooled = (*shape[:2], *self.count)
        self.settings = {"window": window, "stride": stride, "pad": pad}
        self.index_type = np.uint8 if np.prod(window) <= 255 else np.int32

    def __iter__(self):
        """(window, its [(offset, place)] inside the plane, its elements with padding)."""
        for p in np.ndindex(self.count):
            rows = zip(p, self.stride, self.pad, strict=True)
            start = [i * s - before for i, s, (before, _) in rows]
            taps, padded = [], 0
            for offset, tap in enumerate(product(*map(range, self.window))):
                place = tuple(a + b for a, b in zip(start, tap, strict=True))
                limits = list(zip(place, self.shape[2:], self.pad, strict=True))
                padded += all(-before <= h < n + after for h, n, (before, after) in limits)
                if all(0 <= h < n for h, n, _ in limits):
                    taps.append((offset, place))
            yield p, taps, padded

    def max(self, x):
        y, index = np.zeros(self.pooled), np.zeros(self.pooled, self.index_type)
        for n in np.ndindex(self.shape[:2]):
            for p, taps, _ in self:
                seen = [(offset, x[(*n, *place)]) for offset, place in taps]
                nans = [pair for pair in seen if np.isnan(pair[1])]
                most = (
                    nans[0] if nans else max(seen, key=lambda pair: pair[1])
                )  # the first of equals
                index[(*n, *p)], y[(*n, *p)] = most
        return y, index

    def at(self, x, index):
        y = np.zeros(self.pooled)
        for n in np.ndindex(self.shape[:2]):
            for p, taps, _ in self:
                place = dict(taps).get(int(index[(*n, *p)]))
                y[(*n, *p)] = 0 if place is None else x[(*n, *place)]
        return y

    def unmax(self, y, index):
        x = np.zeros(self.shape)
        for n in np.ndindex(self.shape[:2]):
            for p, taps, _ in self:
                for offset, place in taps:
                    if offset == index[(*n, *p)]:
                        x[(*n, *place)] += y[(*n, *p)]
        return x

    def sum(self, x, mean):
        y = np.zeros(self.pooled)
        for p, taps, padded in self:
            over = {"none": 1, "inside": len(taps), "padded": padded}[mean]
            for _, place in taps:
                y[(..., *p)] += x[(..., *place)] / over
        return y

    def unsum(self, y, mean):
        x = np.zeros(self.shape)
        for p, taps, padded in self:
            over = {"none": 1, "inside": len(taps), "padded": padded}[mean]
            for _, place in taps:
                x[(..., *place)] += y[(..., *p)] / over
        return x


def values(make, shape, *special):
    """Few different numbers, so that equals meet in a window; ``special`` ones here and there."""
    rng = np.random.default_rng(sum(shape))
    a = rng.integers(-4, 4, shape) * 0.375
    flat = a.reshape(-1)
    for i, value in enumerate(special):
        flat[rng.integers(0, max(flat.size, 1), flat.size // (7 + i))] = value
    return make(a)


def run(device, rung, pass_, x, y, *index, windows, **more):
    settings = {**windows.settings, **more}
    reason = device.module.pool_supports(rung, pass_, x, y, *index, **settings)
    if reason:
        pytest.skip(f"{rung}: {reason}")
    device.module.pool(rung, pass_, x, y, *index, **settings)


def close(got, exact, scale, terms, unit):
    """Within the rounding of so many sums (in float32 at least), and of the result."""
    sums = 2.0**-53 if unit == 2.0**-53 else 2.0**-24
    assert (np.abs(got - exact) <= scale * (terms + 2) * sums + unit * np.abs(exact) * 1.01).all()


every_case = pytest.mark.parametrize("case", CASES)
every_dtype = pytest.mark.parametrize("dtype", ROUND)
every_rung = pytest.mark.parametrize("rung", RUNGS)


@every_dtype
@every_case
@every_rung
def test_max(device, rung, case, dtype, schedule):
    make, read, _ = ROUND[dtype]
    windows = Windows(*CASES[case])
    x = values(make, windows.shape, np.inf, -np.inf, np.nan)
    y = device.empty(windows.pooled, x.dtype)
    index = device.empty(windows.pooled, windows.index_type)
    run(device, rung, "max", device.to(x), y, index, windows=windows)
    expected_y, expected_index = windows.max(read(x))
    np.testing.assert_array_equal(read(device.get(y)), expected_y)
    np.testing.assert_array_equal(device.get(index), expected_index)


@every_rung
def test_max_of_nothing_but_minus_infinity_is_the_first_place(device, rung):
    windows = Windows(*CASES["overlap"])
    x = np.full(windows.shape, -np.inf, np.float32)
    y = device.empty(windows.pooled, x.dtype)
    index = device.empty(windows.pooled, np.uint8)
    run(device, rung, "max", device.to(x), y, index, windows=windows)
    assert (device.get(y) == -np.inf).all()
    first = [taps[0][0] for _, taps, _ in windows]
    np.testing.assert_array_equal(device.get(index)[0, 0].reshape(-1), first)


@every_dtype
@every_case
@every_rung
def test_unmax_and_at(device, rung, case, dtype, schedule):
    make, read, unit = ROUND[dtype]
    windows = Windows(*CASES[case])
    rng = np.random.default_rng(1)
    # Offsets outside of the plane are among them, and, where they fit, such as no window has.
    top = min(int(np.prod(windows.window)) + 2, 255 if windows.index_type is np.uint8 else 1 << 30)
    index = rng.integers(0, top, windows.pooled).astype(windows.index_type)
    y = values(make, windows.pooled)
    x = device.empty(windows.shape, y.dtype)
    run(device, rung, "unmax", x, device.to(y), device.to(index), windows=windows)
    exact = windows.unmax(read(y), index)
    scale = windows.unmax(np.abs(read(y)), index)
    close(read(device.get(x)), exact, scale, np.prod(windows.window), unit)

    x = values(make, windows.shape, np.nan)
    y = device.empty(windows.pooled, x.dtype)
    run(device, rung, "at", device.to(x), y, device.to(index), windows=windows)
    np.testing.assert_array_equal(read(device.get(y)), windows.at(read(x), index))


@pytest.mark.parametrize("mean", MEANS)
@every_dtype
@every_case
@every_rung
def test_sum_and_its_adjoint(device, rung, case, dtype, mean):
    make, read, unit = ROUND[dtype]
    windows = Windows(*CASES[case])
    terms = np.prod(windows.window)
    x = values(make, windows.shape)
    y = device.empty(windows.pooled, x.dtype)
    run(device, rung, "sum", device.to(x), y, windows=windows, mean=mean)
    exact, scale = windows.sum(read(x), mean), windows.sum(np.abs(read(x)), mean)
    close(read(device.get(y)), exact, scale, terms, unit)

    y = values(make, windows.pooled)
    x = device.empty(windows.shape, y.dtype)
    run(device, rung, "unsum", x, device.to(y), windows=windows, mean=mean)
    exact, scale = windows.unsum(read(y), mean), windows.unsum(np.abs(read(y)), mean)
    close(read(device.get(x)), exact, scale, terms, unit)


@pytest.mark.parametrize("pass_", ["sum", "unsum"])
@every_rung
def test_sums_in_every_schedule(device, rung, pass_, schedule):
    windows = Windows(*CASES["many tiles"])
    ready = {"sum": (windows.shape, windows.pooled), "unsum": (windows.pooled, windows.shape)}
    given, made = ready[pass_]
    a = values(np.float32, given)
    out = device.empty(made, a.dtype)
    pair = (device.to(a), out) if pass_ == "sum" else (out, device.to(a))
    run(device, rung, pass_, *pair, windows=windows, mean="inside")
    expected = getattr(windows, pass_)(a.astype(np.float64), "inside")
    np.testing.assert_array_equal(device.get(out), expected)  # quarters: nothing is rounded


def test_a_rung_that_cannot_says_why(device):
    windows = Windows(*CASES["overlap"])
    x, y = np.zeros(windows.shape, np.float32), np.zeros(windows.pooled, np.float32)
    message = "pool k03_tiles: it pools by windows of 2 x 2 with stride 2 and no padding"
    with pytest.raises(ValueError, match=message):
        device.module.pool("k03_tiles", "sum", device.to(x), device.to(y), **windows.settings)


X = np.zeros((1, 2, 4, 6), np.float32)
Y = np.zeros((1, 2, 2, 3), np.float32)
INDEX = np.zeros((1, 2, 2, 3), np.uint8)
GOOD = {"pass_": "max", "x": X, "y": Y, "index": INDEX}
STATIC = {"window": (2, 2), "stride": (2, 2), "pad": ((0, 0), (0, 0))}
WRONG = [
    ({"pass_": "min"}, ValueError, "pass is one of max, unmax, at, sum, unsum, not 'min'"),
    ({"mean": "all"}, ValueError, "mean is one of none, inside, padded, not 'all'"),
    ({"mean": "inside"}, ValueError, "mean is for sums, not for pass 'max'"),
    ({"index": None}, ValueError, "pass 'max' needs an index"),
    ({"pass_": "sum"}, ValueError, "pass 'sum' has no index"),
    ({"x": X.astype(np.int32)}, TypeError, "x: the kernels compute in float16"),
    ({"y": Y.astype(np.float64)}, TypeError, "y must be float32 as the other arrays, got float64"),
    ({"index": INDEX.astype(np.int64)}, TypeError, "index must be uint8 or int32, got 'i8'"),
    ({"index": INDEX[..., :2]}, ValueError, r"index must be \(1, 2, 2, 3\), got \(1, 2, 2, 2\)"),
    ({"x": X[0, 0]}, ValueError, "x must have 3 to 5 axes"),
    ({"y": Y[0]}, ValueError, "must have the same number of axes"),
    ({"y": Y[:, :1]}, ValueError, "must have the same batch and channels"),
    ({"window": (2,)}, ValueError, "must have the same number of axes"),
    ({"window": (0, 2)}, ValueError, "window and stride must be at least 1, pad at least 0"),
    ({"stride": (1 << 31, 2)}, ValueError, r"are beyond 2\^31 places"),
    ({"window": (16, 16)}, TypeError, "index must be int32 for windows of 256 places"),
    ({"x": X.transpose(0, 1, 3, 2)[:, :, :4]}, ValueError, "x must be contiguous"),
]


@pytest.mark.parametrize(("change", "error", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_arguments(device, change, error, message):
    given = {**GOOD, **STATIC, **change}
    arrays = {k: device.to(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
    with pytest.raises(error, match=message):
        device.module.pool("k01_naive", **arrays)


def test_an_unknown_rung(device):
    with pytest.raises(ValueError, match="pool has no rung 'k09'; it has k01_naive, k02_outputs"):
        device.module.pool("k09", **GOOD, **STATIC)


def test_an_output_that_is_read_only(device):
    if device.name != "emulated":
        pytest.skip("CuPy has no read-only arrays")
    y = Y.copy()
    y.flags.writeable = False
    with pytest.raises(ValueError, match="y is read-only"):
        device.module.pool("k01_naive", **{**GOOD, "y": y}, **STATIC)
