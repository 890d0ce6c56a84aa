"""Every rung of csrc/cpu/conv2d equals the NumPy bodies, within the bound of its sums."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from minitorch.ops.conv_shape import conv_output_length
from tests.native.support import NATIVE, REASON, Guarded, bound, rungs
from tests.native.winograd_bound import phases_scale, scale, winograd_bound

RUNGS = rungs("conv2d")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Case:
    """A convolution of images (N, C, H, W) with K filters of R x S."""

    x: tuple
    k: int
    size: tuple
    stride: tuple = (1, 1)
    pad: tuple = ((0, 0), (0, 0))
    dilation: tuple = (1, 1)
    groups: int = 1

    @property
    def w(self):
        return (self.k, self.x[1] // self.groups, *self.size)

    @property
    def y(self):
        rows = zip(self.x[2:], self.size, self.stride, self.pad, self.dilation, strict=True)
        return (self.x[0], self.k, *[conv_output_length(*row) for row in rows])

    @property
    def static(self):
        return {
            "stride": self.stride,
            "pad": self.pad,
            "dilation": self.dilation,
            "groups": self.groups,
        }

    @property
    def native(self):
        return {**self.static, "pad": (self.pad[0][0], self.pad[1][0])}


# The tile is 6 x (4, 8 or 16), panels are 256 long, blocks are 256 and 768 positions.
CASES = {
    "one of everything": Case((1, 1, 1, 1), 1, (1, 1)),
    "window = image": Case((2, 3, 4, 5), 2, (4, 5)),
    "window = image of many": Case((33, 5, 3, 4), 17, (3, 4)),
    "window = image, groups": Case((7, 6, 3, 3), 4, (3, 3), groups=2),
    "window = image, dilation": Case((3, 2, 5, 5), 4, (3, 3), dilation=(2, 2)),
    "window = image, stride": Case((5, 3, 4, 4), 6, (4, 4), stride=(2, 3)),
    "primes": Case((3, 5, 11, 13), 7, (3, 2)),
    "tile - 1": Case((1, 2, 3, 5), 5, (1, 1)),
    "tile": Case((1, 2, 4, 4), 6, (1, 1)),
    "tile + 1": Case((1, 1, 1, 17), 7, (1, 1)),
    "panel - 1": Case((2, 51, 5, 5), 13, (5, 1)),
    "panel": Case((1, 64, 4, 4), 12, (2, 2)),
    "panel + 1": Case((1, 257, 2, 3), 5, (1, 1)),
    "filters past a panel": Case((1, 2, 3, 3), 259, (2, 2)),
    "block + 1": Case((1, 1, 1, 769), 2, (1, 1)),
    "wide rows": Case((1, 2, 3, 300), 3, (2, 3)),
    "many strips": Case((1, 40, 17, 17), 3, (4, 4)),
    "taps of several tasks": Case((2, 11, 6, 6), 20, (3, 3)),
    "empty batch": Case((0, 2, 5, 5), 3, (2, 2)),
    "stride": Case((2, 3, 9, 10), 4, (3, 3), stride=(2, 3)),
    "stride past the window": Case((2, 3, 9, 10), 4, (2, 1), stride=(3, 4)),
    "pad": Case((2, 3, 5, 4), 8, (3, 3), pad=((1, 1), (1, 1))),
    "uneven pad": Case((2, 3, 5, 4), 8, (3, 3), pad=((2, 0), (1, 3))),
    "pad past the window": Case((1, 2, 3, 3), 2, (2, 2), pad=((4, 3), (5, 2))),
    "dilation": Case((1, 3, 9, 8), 4, (3, 2), dilation=(2, 5)),
    "pixels of several images": Case((6, 5, 7, 7), 9, (1, 1)),
    "many pixels, one at a time": Case((300, 2, 1, 1), 7, (1, 1)),
    "pixels with a stride": Case((3, 7, 8, 9), 17, (1, 1), stride=(2, 3)),
    "pixels with padding behind": Case((2, 3, 4, 5), 4, (1, 1), pad=((0, 2), (0, 1))),
    "groups": Case((2, 6, 5, 5), 9, (3, 3), groups=3),
    "depthwise": Case((2, 7, 6, 5), 7, (3, 3), pad=((1, 1), (1, 1)), groups=7),
    "depthwise, two filters each": Case((2, 3, 6, 5), 6, (2, 2), groups=3),
    "depthwise, wide": Case((2, 3, 4, 37), 3, (3, 5), (1, 1), ((1, 1), (2, 2)), groups=3),
    "depthwise, stride": Case((2, 3, 11, 21), 6, (3, 2), (2, 2), ((1, 0), (1, 2)), groups=3),
    "depthwise, stride 3": Case((1, 2, 10, 29), 2, (2, 5), (1, 3), ((0, 0), (4, 4)), (2, 2), 2),
    "depthwise, dilation": Case((2, 2, 9, 20), 4, (3, 3), (1, 1), ((4, 1), (0, 9)), (2, 3), 2),
    "depthwise, stride past the window": Case((1, 2, 9, 10), 2, (2, 1), (3, 4), groups=2),
    "depthwise, pad past the window": Case((2, 2, 3, 3), 2, (2, 2), pad=((4, 3), (5, 2)), groups=2),
    "depthwise, empty batch": Case((0, 2, 5, 5), 2, (2, 2), groups=2),
    "everything": Case((2, 8, 9, 11), 6, (3, 2), (2, 1), ((1, 2), (0, 3)), (2, 3), 2),
}

# Winograd's tiles are 4 x 4, vectors are 2, 4 or 8 channels, three of them a tile of the product.
CASES |= {
    "one Winograd tile": Case((1, 8, 6, 6), 8, (3, 3)),
    "Winograd tile - 1": Case((3, 7, 5, 5), 7, (3, 3)),
    "Winograd tile + 1": Case((3, 9, 7, 7), 9, (3, 3)),
    "3 x 3 of one position": Case((2, 3, 3, 3), 5, (3, 3)),
    "3 x 3, uneven pad": Case((2, 17, 10, 13), 25, (3, 3), pad=((0, 2), (2, 1))),
    "3 x 3, pad past the window": Case((2, 3, 4, 5), 4, (3, 3), pad=((6, 4), (3, 7))),
    "3 x 3, groups": Case((2, 27, 8, 9), 30, (3, 3), pad=((1, 1), (1, 1)), groups=3),
    "3 x 3, 33 filters": Case((1, 16, 5, 9), 33, (3, 3), pad=((1, 1), (1, 1))),
    "channels past a pass": Case((1, 258, 4, 4), 6, (3, 3), pad=((1, 1), (1, 1))),
    "tiles of several tasks": Case((7, 3, 23, 21), 5, (3, 3), pad=((1, 1), (1, 1))),
    "5 x 5 of one position": Case((2, 3, 5, 5), 5, (5, 5)),
    "5 x 5": Case((3, 9, 11, 8), 17, (5, 5), pad=((2, 2), (2, 2))),
    "5 x 5, uneven pad": Case((2, 6, 7, 8), 10, (5, 5), pad=((0, 6), (5, 1)), groups=2),
    "3 x 3, empty batch": Case((0, 2, 5, 5), 3, (3, 3)),
}

# Tiles of phases are 4 x 4 results of each; with few tiles channels come in chunks.
STRIDE = (2, 2)
CASES |= {
    "4 x 4 / 2": Case((3, 9, 16, 18), 17, (4, 4), STRIDE, ((1, 1), (1, 1))),
    "4 x 4 / 2, one tile": Case((1, 8, 10, 10), 8, (4, 4), STRIDE),
    "4 x 4 / 2, tile + 1": Case((2, 3, 12, 12), 9, (4, 4), STRIDE),
    "4 x 4 / 2 of one position": Case((2, 3, 4, 4), 5, (4, 4), STRIDE),
    "4 x 4 / 2, few tiles": Case((1, 70, 8, 7), 50, (4, 4), STRIDE, ((1, 1), (1, 2))),
    "4 x 4 / 2, tiles of several tasks": Case((7, 3, 40, 37), 5, (4, 4), STRIDE, ((1, 1), (2, 1))),
    "4 x 4 / 2, channels past a pass": Case((2, 68, 34, 30), 6, (4, 4), STRIDE, ((1, 1), (1, 1))),
    "4 x 4 / 2, pad past the window": Case((2, 3, 4, 5), 4, (4, 4), STRIDE, ((6, 5), (5, 7))),
    "4 x 4 / 2, empty batch": Case((0, 2, 6, 6), 3, (4, 4), STRIDE),
    "3 x 3 / 2": Case((3, 9, 15, 18), 17, (3, 3), STRIDE, ((1, 1), (1, 1))),
    "3 x 3 / 2, groups": Case((2, 26, 13, 14), 30, (3, 3), STRIDE, ((0, 1), (0, 0)), groups=2),
    "3 x 4 / 2": Case((2, 5, 11, 9), 6, (3, 4), STRIDE, ((2, 1), (1, 0))),
    "5 x 5 / 2": Case((3, 9, 13, 17), 10, (5, 5), STRIDE, ((2, 2), (2, 2))),
    "5 x 6 / 2, groups": Case((2, 6, 17, 14), 36, (5, 6), STRIDE, ((1, 3), (3, 0)), groups=2),
    "6 x 6 / 2": Case((1, 17, 22, 12), 4, (6, 6), STRIDE, ((0, 0), (2, 3))),
}


def fits(rung, case):
    """Whether the rung can do the case."""
    apart = {*case.size} <= {3, 4} or {*case.size} <= {5, 6}
    return {
        "k04_winograd": case.size in ((3, 3), (5, 5)) and {*case.stride, *case.dilation} == {1},
        "k05_depthwise": case.x[1] == case.groups,
        "k07_phases": apart and (case.stride, case.dilation) == ((2, 2), (1, 1)),
    }.get(rung, True)


def arrays(case, dtype):
    """x, w, b and dy, the same ones every time."""
    rng = np.random.default_rng(7)
    return [rng.normal(size=s).astype(dtype) for s in (case.x, case.w, (case.k,), case.y)]


def directions(rung, case, dtype, given=None):
    """Per direction: call, shape of the result, exact result, bound of its rounding errors."""
    x, w, b, dy = given or arrays(case, dtype)
    wide = [a.astype(np.float64) for a in (x, w, b, dy)]
    sizes = [np.abs(a) for a in wide]
    taps = int(np.prod(case.w[1:]))
    spatial = {"dgrad": case.x[2:], "wgrad": case.size}

    def call(direction, x, w, b, dy):
        if direction == "fwd":
            return conv_fwd.body(np, x, w, b, **case.static)
        op, left, right = {"dgrad": (conv_dgrad, dy, w), "wgrad": (conv_wgrad, x, dy)}[direction]
        return op.body(np, left, right, size=spatial[direction], **case.static)

    lengths = {
        "fwd": taps + 1,
        "dgrad": case.k // case.groups * int(np.prod(case.size)),
        "wgrad": case.x[0] * int(np.prod(case.y[2:])),
    }
    inputs = {"fwd": (x, w, b), "dgrad": (dy, w), "wgrad": (x, dy)}
    shapes = {"fwd": case.y, "dgrad": case.x, "wgrad": case.w}
    before = case.native["pad"]
    for name in ("fwd", "dgrad", "wgrad"):
        size = None
        if rung == "k04_winograd" and fits(rung, case):
            tiled = {"fwd": case.y, "dgrad": case.x, "wgrad": case.y}[name][2:]
            size = scale(
                name,
                *inputs[name][:2],
                pad=before,
                groups=case.groups,
                count=tiled,
                taps=case.size[0],
            )
        elif rung == "k07_phases" and fits(rung, case):
            size = phases_scale(
                name,
                *inputs[name][:2],
                pad=before,
                groups=case.groups,
                shape=shapes[name],
                size=case.size,
            )
        if size is None:
            limit = bound(lengths[name], call(name, *sizes), dtype)
        else:
            size = size + (np.abs(wide[2]).reshape(-1, 1, 1) if name == "fwd" else 0)
            limit = winograd_bound(lengths[name], size, dtype)
        yield name, inputs[name], shapes[name], call(name, *wide), limit


def check(module, rung, case, dtype):
    """All three directions of one rung against float64."""
    for name, inputs, shape, exact, limit in directions(rung, case, dtype):
        out = Guarded(shape, dtype)
        getattr(module, f"conv2d_{name}")(rung, *inputs, out.array, **case.native)
        excess = np.abs(out.check() - exact) - limit
        assert (excess <= 0).all(), f"{name} is off by {excess.max()} more than rounding explains"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_rung_equals_the_body(native, isa, rung, case, dtype):
    if fits(rung, case):
        check(native, rung, case, dtype)
    else:
        needs = {
            "k04_winograd": "3 x 3 or 5 x 5 filters",
            "k05_depthwise": "one channel a group",
            "k07_phases": "filters of 3 or 4 taps both ways, or of 5 or 6, stride 2",
        }
        with pytest.raises(ValueError, match=f"{rung} needs {needs[rung]}"):
            check(native, rung, case, dtype)


@pytest.mark.parametrize("rung", RUNGS)
def test_forward_without_a_bias(native, rung):
    case = CASES[
        {"k05_depthwise": "depthwise", "k07_phases": "3 x 4 / 2"}.get(rung, "3 x 3, uneven pad")
    ]
    x, w, b, _ = arrays(case, "float64")
    out = Guarded(case.y, "float64")
    native.conv2d_fwd(rung, x, w, None, out.array, **case.native)
    expected = conv_fwd.body(np, x, w, b, **case.static) - b.reshape(-1, 1, 1)
    np.testing.assert_allclose(out.check(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_forward_with_a_rectifier(native, rung, case, dtype):
    """To the last bit what the maximum with 0 makes of the plain result."""
    if not fits(rung, case):
        pytest.skip("not a convolution for this rung")
    x, w, b, _ = arrays(case, dtype)
    plain, out = Guarded(case.y, dtype), Guarded(case.y, dtype)
    native.conv2d_fwd(rung, x, w, b, plain.array, **case.native)
    native.conv2d_fwd(rung, x, w, b, out.array, **case.native, relu=True)
    np.testing.assert_array_equal(out.check(), np.maximum(plain.check(), 0))


@st.composite
def geometries(draw):
    """Small convolutions of every kind."""
    groups = draw(st.integers(1, 3))
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    pad = draw(st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2))
    spans = [d * (f - 1) + 1 for f, d in zip(size, dilation, strict=True)]
    least = [max(1, s - sum(p)) for s, p in zip(spans, pad, strict=True)]
    image = tuple(draw(st.integers(n, n + 20)) for n in least)
    x = (draw(st.integers(0, 3)), groups * draw(st.integers(1, 7)), *image)
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    return Case(x, groups * draw(st.integers(1, 18)), size, stride, pad, dilation, groups)


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(case=geometries(), rung=st.sampled_from(RUNGS), dtype=st.sampled_from(DTYPES))
def test_any_geometry(case, rung, dtype):
    assume(fits(rung, case))
    check(NATIVE, rung, case, dtype)


@pytest.mark.parametrize("rung", RUNGS)
def test_non_finite_images_stay_in_their_windows(native, rung):
    """One NaN in an image reaches the windows that see it, and no other result."""
    case = CASES["pad"]
    if rung == "k05_depthwise":
        case = replace(case, k=3, groups=3)
    if rung == "k07_phases":
        case = replace(case, x=(2, 3, 13, 4), stride=STRIDE)
    x, w, b, _ = arrays(case, "float32")
    x[1, 2, 0, 0] = np.nan
    out = Guarded(case.y, "float32")
    native.conv2d_fwd(rung, x, w, b, out.array, **case.native)
    seen = np.zeros(case.y, bool)
    reach = 2 // case.stride[0]
    seen[1, 2 if case.groups == 3 else slice(None), :reach, :reach] = True
    if rung in ("k04_winograd", "k07_phases"):  # it reaches their whole tile, here 4 rows of more
        seen[1, :, :4] = True
    np.testing.assert_array_equal(np.isnan(out.check()), seen)


@st.composite
def winograd_geometries(draw):
    """Convolutions that k04_winograd takes."""
    groups = draw(st.integers(1, 2))
    pad = draw(st.tuples(*[st.tuples(st.integers(0, 5), st.integers(0, 5))] * 2))
    size = draw(st.sampled_from((3, 5)))
    image = tuple(draw(st.integers(max(1, size - sum(p)), 14)) for p in pad)
    x = (draw(st.integers(0, 3)), groups * draw(st.integers(1, 18)), *image)
    return Case(x, groups * draw(st.integers(1, 34)), (size, size), pad=pad, groups=groups)


@st.composite
def phases_geometries(draw):
    """Convolutions that k07_phases takes."""
    groups = draw(st.integers(1, 2))
    pad = draw(st.tuples(*[st.tuples(st.integers(0, 5), st.integers(0, 5))] * 2))
    least = draw(st.sampled_from((3, 5)))
    size = draw(st.tuples(*[st.integers(least, least + 1)] * 2))
    image = tuple(draw(st.integers(max(1, r - sum(p)), 20)) for r, p in zip(size, pad, strict=True))
    x = (draw(st.integers(0, 3)), groups * draw(st.integers(1, 18)), *image)
    return Case(x, groups * draw(st.integers(1, 34)), size, STRIDE, pad, groups=groups)


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(case=geometries(), filters=st.integers(1, 3), dtype=st.sampled_from(DTYPES))
def test_any_geometry_of_depthwise(case, filters, dtype):
    channels = case.x[1]
    check(NATIVE, "k05_depthwise", replace(case, k=channels * filters, groups=channels), dtype)


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(case=winograd_geometries(), dtype=st.sampled_from(DTYPES))
def test_any_geometry_of_winograd(case, dtype):
    check(NATIVE, "k04_winograd", case, dtype)


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(case=phases_geometries(), dtype=st.sampled_from(DTYPES))
def test_any_geometry_of_phases(case, dtype):
    check(NATIVE, "k07_phases", case, dtype)


@pytest.mark.parametrize(
    "case",
    [
        Case((4, 1, 50, 50), 1, (3, 3)),  # 576 tiles, in 9 parts
        Case((1, 60, 44, 44), 120, (3, 3)),  # 121 tiles, of which 96 at a time
        Case((2, 1, 134, 134), 1, (4, 4), STRIDE),  # 578 tiles, in 9 parts
        Case((1, 40, 90, 90), 40, (4, 4), STRIDE),  # 121 tiles
        Case((1, 70, 10, 18), 30, (4, 4), STRIDE),  # 2 tiles, filters by strips
    ],
    ids=lambda case: f"{case.x} {case.size}",
)
def test_winograd_adds_parts_and_runs_of_tiles(native, isa, case):
    check(native, "k07_phases" if case.stride == STRIDE else "k04_winograd", case, "float32")


@pytest.mark.parametrize(
    ("rung", "case"),
    [
        ("k04_winograd", Case((4, 64, 28, 28), 64, (3, 3), pad=((1, 1), (1, 1)))),
        ("k07_phases", Case((4, 64, 32, 32), 64, (4, 4), STRIDE, ((1, 1), (1, 1)))),
    ],
    ids=("k04_winograd", "k07_phases"),
)
def test_winograds_error_on_a_layer(native, rung, case):
    """Far below the bound: signs differ."""
    for name, inputs, shape, exact, _ in directions("k03_packed", case, "float32"):
        out = np.empty(shape, "float32")
        getattr(native, f"conv2d_{name}")(rung, *inputs, out, **case.native)
        assert np.abs(out - exact).max() <= 5e-6 * np.abs(exact).max()


class TestDoor:
    """What the bindings refuse, before a kernel gets bare pointers."""

    CASE = Case((2, 4, 5, 5), 6, (3, 3), groups=2)

    def call(self, native, rung="k01_naive", y=None, **changed):
        x, w, b, _ = arrays(self.CASE, "float32")
        given = {"x": x, "w": w, "b": b, "y": np.empty(self.CASE.y, "float32") if y is None else y}
        given |= {key: value for key, value in changed.items() if key in given}
        static = self.CASE.native | {k: v for k, v in changed.items() if k not in given}
        native.conv2d_fwd(rung, *given.values(), **static)

    def test_a_fitting_call_is_taken(self, native):
        self.call(native)

    @pytest.mark.parametrize(
        ("changed", "error", "message"),
        [
            ({"x": np.ones((2, 4, 5, 5), "float64")}, TypeError, "w has the dtype float32"),
            ({"w": np.ones((6, 2, 3, 3), "int32")}, TypeError, "dtype int32, it must be float32"),
            ({"w": np.ones((6, 4, 3, 3), "float32")}, ValueError, "do not fit with groups=2"),
            ({"w": np.ones((6, 2, 3), "float32")}, ValueError, "with 4 axes"),
            ({"w": np.ones((6, 2, 0, 3), "float32")}, ValueError, "do not fit"),
            ({"b": np.ones(5, "float32")}, ValueError, r"b has the shape \(5\), it must be \(6\)"),
            ({"y": np.ones((2, 5, 3, 3), "float32")}, ValueError, "y has the shape"),
            ({"y": np.ones((2, 6, 3, 6), "float32")[..., ::2]}, ValueError, "C-contiguous"),
            ({"stride": (0, 1)}, ValueError, "must be positive"),
            ({"pad": (0, -1)}, ValueError, "must not be negative"),
            ({"groups": 4}, ValueError, "do not fit"),
            ({"rung": "k99"}, ValueError, "no rung 'k99'"),
        ],
    )
    def test_misfits_are_refused(self, native, changed, error, message):
        with pytest.raises(error, match=message):
            self.call(native, **changed)

    def test_a_read_only_output_is_refused(self, native):
        y = np.empty(self.CASE.y, "float32")
        y.flags.writeable = False
        with pytest.raises(ValueError, match="not writeable"):
            self.call(native, y=y)

    def test_an_unaligned_array_is_refused(self, native):
        memory = np.zeros(2 * 4 * 5 * 5 * 4 + 1, np.uint8)
        x = memory[1:].view("float32").reshape(2, 4, 5, 5)
        with pytest.raises(ValueError, match="aligned"):
            self.call(native, x=x)
