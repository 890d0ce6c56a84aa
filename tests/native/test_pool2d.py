"""Every rung of csrc/cpu/pool2d equals the NumPy bodies: ties, NaN and infinities too."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minitorch.ops.pool import max_pool, max_unpool
from minitorch.ops.pool_shape import pool_output_length
from tests.native.support import NATIVE, REASON, Guarded, bound, rungs

RUNGS = rungs("pool2d")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Case:
    """Max pooling of images (N, C, H, W)."""

    x: tuple
    window: tuple
    stride: tuple
    pad: tuple = ((0, 0), (0, 0))
    ignore_border: bool = True

    @property
    def y(self):
        rows = zip(self.x[2:], self.window, self.stride, self.pad, strict=True)
        return (*self.x[:2], *[pool_output_length(*row, self.ignore_border) for row in rows])

    @property
    def static(self):
        return {
            "window": self.window,
            "stride": self.stride,
            "pad": self.pad,
            "ignore_border": self.ignore_border,
        }

    @property
    def native(self):
        pad = (self.pad[0][0], self.pad[1][0])
        return {"window": self.window, "stride": self.stride, "pad": pad}


# 2x2 and 3x3 with stride 2, 3x3 with stride 1, and strides 1 and 2 go ways of their own; vectors
# hold 2 to 8 windows; 512 places are kept at a time.
CASES = {
    "one of everything": Case((1, 1, 1, 1), (1, 1), (1, 1)),
    "tiles": Case((2, 3, 8, 12), (2, 2), (2, 2)),
    "tiles, odd image": Case((2, 3, 7, 13), (2, 2), (2, 2)),
    "tiles over the border": Case((2, 3, 7, 13), (2, 2), (2, 2), ignore_border=False),
    "tiles, padded": Case((1, 2, 6, 7), (2, 2), (2, 2), ((1, 0), (0, 1))),
    "tiles, 511 windows": Case((1, 1, 2, 1022), (2, 2), (2, 2)),
    "tiles, 512 windows": Case((1, 1, 2, 1024), (2, 2), (2, 2)),
    "tiles, 513 windows": Case((1, 1, 4, 1026), (2, 2), (2, 2)),
    "overlapping": Case((2, 2, 9, 11), (3, 3), (2, 2)),
    "overlapping, padded": Case((2, 2, 9, 11), (3, 3), (2, 2), ((1, 1), (1, 1))),
    "stride 1, padded": Case((1, 3, 5, 9), (3, 3), (1, 1), ((1, 1), (1, 1))),
    "stride 1, vector - 1": Case((1, 2, 4, 9), (3, 3), (1, 1)),
    "stride 1, vector": Case((1, 2, 4, 10), (3, 3), (1, 1)),
    "stride 1, vector + 1": Case((1, 2, 4, 11), (3, 3), (1, 1)),
    "stride 2, vector + 1": Case((2, 2, 8, 21), (4, 5), (2, 2)),
    "stride 2, to the last element": Case((1, 1, 3, 17), (3, 3), (2, 2)),
    "uneven pad": Case((1, 2, 6, 5), (4, 3), (2, 1), ((3, 0), (1, 2))),
    "gaps": Case((2, 1, 9, 14), (2, 3), (3, 5)),
    "window = image": Case((2, 2, 5, 7), (5, 7), (1, 1)),
    "one column": Case((2, 2, 9, 1), (2, 1), (2, 1)),
    "255 places": Case((1, 2, 18, 18), (15, 17), (2, 1)),
    "256 places": Case((1, 2, 18, 18), (16, 16), (2, 1)),
    "many planes": Case((60, 40, 6, 6), (2, 2), (2, 2)),
    "empty batch": Case((0, 2, 4, 4), (2, 2), (2, 2)),
}


def images(case, dtype):
    """Few values, so that there are ties; NaN and both infinities among them."""
    rng = np.random.default_rng(3)
    x = rng.integers(-2, 3, case.x).astype(dtype)
    chance = rng.random(case.x)
    x[chance < 0.06] = np.nan
    x[(chance > 0.06) & (chance < 0.2)] = -np.inf
    x[chance > 0.97] = np.inf
    return x


def check_max(module, rung, case, dtype):
    """The values and the places of one rung."""
    x = images(case, dtype)
    expected, places = max_pool.body(np, x, **case.static)
    y, index = Guarded(case.y, dtype), Guarded(case.y, places.dtype)
    module.pool2d_max(rung, x, y.array, index.array, **case.native)
    np.testing.assert_array_equal(y.check(), expected)
    np.testing.assert_array_equal(index.check(), places)


def check_unmax(module, rung, case, dtype):
    """Values put back; where windows overlap they are added in another order."""
    rng = np.random.default_rng(4)
    y = rng.normal(size=case.y).astype(dtype)
    _, index = max_pool.body(np, images(case, dtype), **case.static)
    static = {"size": case.x[2:], **case.static}
    exact = max_unpool.body(np, y.astype(np.float64), index, **static)
    size = max_unpool.body(np, np.abs(y).astype(np.float64), index, **static)
    x = Guarded(case.x, dtype)
    module.pool2d_unmax(rung, y, index, x.array, **case.native)
    assert (np.abs(x.check() - exact) <= bound(np.prod(case.window), size, dtype)).all()
    assert (x.array[exact == 0] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_rung_equals_the_body(native, isa, rung, case, dtype):
    check_max(native, rung, case, dtype)
    check_unmax(native, rung, case, dtype)


@st.composite
def geometries(draw):
    """Small poolings of every kind in which each window sees some of the image."""
    window = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    image = [draw(st.integers(f, f + 20)) for f in window]
    x = (draw(st.integers(0, 2)), draw(st.integers(1, 3)), *image)
    border = draw(st.booleans())
    pad = tuple((draw(st.integers(0, f - 1)), draw(st.integers(0, f - 1))) for f in window)
    return Case(x, window, stride, pad if border else ((0, 0), (0, 0)), border)


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(case=geometries(), rung=st.sampled_from(RUNGS), dtype=st.sampled_from(DTYPES))
def test_any_geometry(case, rung, dtype):
    check_max(NATIVE, rung, case, dtype)
    check_unmax(NATIVE, rung, case, dtype)


@pytest.mark.parametrize("places", ["uint8", "int32"])
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("name", ["tiles", "overlapping, padded"])
def test_any_index_is_safe(native, rung, name, places):
    """Indices of no place in the window, or of one in the padding, are dropped as by the body."""
    case = CASES[name]
    rng = np.random.default_rng(5)
    info = np.iinfo(places)
    index = rng.integers(max(info.min, -3), 14, case.y).astype(places)
    index.flat[:2] = info.min, info.max
    y = rng.integers(-9, 9, case.y).astype("float32")
    x = Guarded(case.x, "float32")
    native.pool2d_unmax(rung, y, index, x.array, **case.native)
    expected = max_unpool.body(np, y, index, size=case.x[2:], **case.static)
    np.testing.assert_array_equal(x.check(), expected)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"x": np.ones((1, 1, 4, 4), "float16")}, TypeError, "dtype float16"),
        ({"y": np.ones((1, 2, 2, 2), "float32")}, ValueError, "y has the shape"),
        ({"index": np.ones((1, 1, 2, 2), "int64")}, TypeError, "dtype int64, it must be int32"),
        ({"index": np.ones((1, 1, 2, 3), "uint8")}, ValueError, "index has the shape"),
        ({"stride": (2, 0)}, ValueError, "must be positive"),
        ({"pad": (0, -1)}, ValueError, "must not be negative"),
        ({"pad": (2, 0)}, ValueError, "none of the image"),
        ({"stride": (9, 1)}, ValueError, "none of the image"),
    ],
)
def test_misfits_are_refused(native, changed, error, message):
    call = {
        "x": np.ones((1, 1, 4, 4), "float32"),
        "y": np.ones((1, 1, 2, 2), "float32"),
        "index": np.ones((1, 1, 2, 2), "uint8"),
        "window": (2, 2),
        "stride": (2, 2),
        "pad": (0, 0),
    }
    native.pool2d_max("k01_naive", **call)
    with pytest.raises(error, match=message):
        native.pool2d_max("k01_naive", **{**call, **changed})
