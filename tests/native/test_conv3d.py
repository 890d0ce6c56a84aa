"""Volumes by every rung of csrc/cpu/conv2d equal the NumPy bodies, within the bound of their sums.

A slice of y is the convolution of an image with channels (c, t). The rounding errors are those of
that convolution; dx adds up, for each plane, what comes back to it from at most T slices.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from minitorch.ops.conv_shape import conv_output_length
from tests.native.support import NATIVE, REASON, Guarded, rungs
from tests.native.test_conv2d import Case, directions, fits
from tests.native.test_table import chosen

RUNGS = rungs("conv2d")
NONE = ((0, 0), (0, 0), (0, 0))


@dataclass(frozen=True)
class Volumes:
    """A convolution of volumes (N, C, D, H, W) with K filters of T x R x S."""

    x: tuple
    k: int
    size: tuple
    stride: tuple = (1, 1, 1)
    pad: tuple = NONE
    dilation: tuple = (1, 1, 1)
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
        names = ("stride", "pad", "dilation", "groups")
        return {name: getattr(self, name) for name in names}

    @property
    def native(self):
        return {**self.static, "pad": tuple(before for before, _ in self.pad)}

    @property
    def images(self):
        """The same as a convolution of images."""
        x = (self.x[0] * self.y[2], self.x[1] * self.size[0], *self.x[3:])
        rest = (self.stride[1:], self.pad[1:], self.dilation[1:], self.groups)
        return Case(x, self.k, self.size[1:], *rest)

    def planes(self):
        """Where slices look: (n, o, t, d), planes d that are there alone."""
        for n, o, t in np.ndindex(self.x[0], self.y[2], self.size[0]):
            d = o * self.stride[0] + t * self.dilation[0] - self.pad[0][0]
            if 0 <= d < self.x[2]:
                yield n, o, t, d

    def unfold(self, x):
        """Volumes as the images of their slices."""
        n, c, _, h, w = x.shape
        out = np.zeros((n, self.y[2], c, self.size[0], h, w), x.dtype)
        for n, o, t, d in self.planes():
            out[n, o, :, t] = x[n, :, d]
        return out.reshape(self.images.x)

    def fold(self, images):
        """The adjoint of unfold."""
        out = np.zeros(self.x)
        images = images.reshape(self.x[0], self.y[2], self.x[1], self.size[0], *self.x[3:])
        for n, o, t, d in self.planes():
            out[n, :, d] += images[n, o, :, t]
        return out

    def stack(self, slices):
        """Images (N O, K, P, Q) as volumes (N, K, O, P, Q)."""
        n, k, o, p, q = self.y
        return slices.reshape(n, o, k, p, q).swapaxes(1, 2)


CASES = {
    "one of everything": Volumes((1, 1, 1, 1, 1), 1, (1, 1, 1)),
    "window = volume": Volumes((2, 3, 4, 5, 3), 2, (4, 5, 3)),
    "primes": Volumes((3, 5, 7, 11, 13), 7, (2, 3, 5)),
    "pixels": Volumes((2, 5, 3, 4, 6), 9, (1, 1, 1)),
    "down the depth alone": Volumes((2, 3, 6, 5, 4), 5, (3, 1, 1), pad=((1, 1), (0, 0), (0, 0))),
    "no depth": Volumes((2, 4, 3, 6, 7), 5, (1, 3, 3)),
    "stride": Volumes((2, 3, 9, 8, 10), 4, (3, 3, 3), (2, 2, 3)),
    "stride past the window": Volumes((2, 3, 8, 6, 7), 4, (2, 2, 1), (3, 3, 4)),
    "uneven pad": Volumes((2, 3, 4, 5, 4), 8, (3, 3, 3), pad=((2, 0), (0, 2), (1, 3))),
    "pad past the window": Volumes((1, 2, 2, 3, 3), 2, (2, 2, 2), pad=((4, 3), (5, 2), (3, 3))),
    "dilation": Volumes((1, 3, 9, 7, 8), 4, (3, 3, 2), dilation=(3, 2, 5)),
    "groups": Volumes((2, 6, 4, 5, 5), 9, (2, 3, 3), groups=3),
    "depthwise": Volumes((2, 5, 4, 6, 5), 5, (1, 3, 3), pad=((0, 0), (1, 1), (1, 1)), groups=5),
    "3 x 3 x 3": Volumes((2, 5, 5, 9, 10), 17, (3, 3, 3), pad=((1, 1),) * 3),
    "5 x 5": Volumes((1, 4, 4, 7, 8), 6, (2, 5, 5), pad=((0, 1), (2, 2), (2, 2)), groups=2),
    "empty batch": Volumes((0, 2, 4, 5, 5), 3, (2, 3, 3)),
    "everything": Volumes(
        (2, 4, 7, 9, 8), 6, (2, 3, 2), (2, 1, 2), ((1, 2), (0, 3), (1, 0)), (2, 2, 3), 2
    ),
}


def exact(name, case, x, w, b, dy):
    """A direction by the op's body, in float64."""
    x, w, b, dy = (a.astype(np.float64) for a in (x, w, b, dy))
    if name == "fwd":
        return conv_fwd.body(np, x, w, b, **case.static)
    if name == "dgrad":
        return conv_dgrad.body(np, dy, w, size=case.x[2:], **case.static)
    return conv_wgrad.body(np, x, dy, size=case.size, **case.static)


def check(native, rung, case, dtype):
    """All three directions of one rung against float64."""
    rng = np.random.default_rng(7)
    x, w, b, dy = (rng.normal(size=s).astype(dtype) for s in (case.x, case.w, (case.k,), case.y))
    sliced = case.images
    slices = (case.unfold(x), w.reshape(sliced.w), b, np.swapaxes(dy, 1, 2).reshape(sliced.y))
    inputs = {"fwd": (x, w, b), "dgrad": (dy, w), "wgrad": (x, dy)}
    shapes = {"fwd": case.y, "dgrad": case.x, "wgrad": case.w}
    for name, _, _, of_images, limit in directions(rung, sliced, dtype, slices):
        out = Guarded(shapes[name], dtype)
        getattr(native, f"conv3d_{name}")(rung, *inputs[name], out.array, **case.native)
        if name == "fwd":
            limit = case.stack(limit)
        elif name == "dgrad":
            adding = case.size[0] * np.finfo(dtype).eps
            limit = case.fold(limit + adding * (np.abs(of_images) + limit))
        else:
            limit = limit.reshape(case.w)
        excess = np.abs(out.check() - exact(name, case, x, w, b, dy)) - limit
        assert (excess <= 0).all(), f"{name} is off by {excess.max()} more than rounding explains"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_rung_equals_the_body(native, isa, rung, case, dtype):
    if fits(rung, case.images):
        check(native, rung, case, dtype)
    else:
        with pytest.raises(ValueError, match=f"{rung} needs "):
            check(native, rung, case, dtype)


@pytest.mark.parametrize("case", [
    Volumes((2, 1, 3, 600, 600), 1, (3, 1, 1), pad=((1, 1), (0, 0), (0, 0))),
    Volumes((3, 1, 3, 600, 600), 1, (3, 1, 1)),
])  # fmt: skip
def test_slices_of_several_runs(native, isa, case):
    """A run holds two slices here: the second of the first case begins in one volume, and ends
    in the next."""
    check(native, "k03_packed", case, "float32")


@st.composite
def geometries(draw):
    """Small convolutions of every kind."""
    groups = draw(st.integers(1, 3))
    triples = lambda least, most: st.tuples(*[st.integers(least, most)] * 3)
    size, dilation, stride = draw(triples(1, 3)), draw(triples(1, 3)), draw(triples(1, 3))
    pad = draw(st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 3))
    spans = [d * (f - 1) + 1 for f, d in zip(size, dilation, strict=True)]
    least = [max(1, s - sum(p)) for s, p in zip(spans, pad, strict=True)]
    volume = tuple(draw(st.integers(n, n + 6)) for n in least)
    x = (draw(st.integers(0, 3)), groups * draw(st.integers(1, 5)), *volume)
    return Volumes(x, groups * draw(st.integers(1, 9)), size, stride, pad, dilation, groups)


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(case=geometries(), rung=st.sampled_from(RUNGS))
def test_any_geometry(case, rung):
    assume(fits(rung, case.images))
    check(NATIVE, rung, case, "float32")


@pytest.mark.parametrize(
    ("size", "pad", "rung"),
    [
        ((3, 3, 3), ((1, 1),) * 3, "k04_winograd"),  # 48 channels in a slice
        ((3, 3, 2), ((1, 1),) * 3, "k03_packed"),
        ((1, 1, 1), NONE, "k06_pointwise"),
    ],
)
def test_the_rung_is_chosen_by_the_slices(native, size, pad, rung):
    case = Volumes((2, 16, 6, 16, 16), 16, size, pad=pad)
    x, w, dy = (np.ones(s, "f4") for s in (case.x, case.w, case.y))
    assert chosen(conv_fwd, x, w, None, **case.static) == rung
    assert chosen(conv_dgrad, dy, w, size=case.x[2:], **case.static) == rung
    assert chosen(conv_wgrad, x, dy, size=size, **case.static) == rung


def test_threads_change_no_bit(native):
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(2, 5, 6, 9, 9)).astype("f4"), rng.normal(size=(7, 5, 3, 3, 3))
    results = []
    for threads in (1, 2, 5):
        native.set_num_threads(threads)
        a = mt.tensor(x, requires_grad=True)
        b = mt.tensor(w.astype("f4"), requires_grad=True)
        y = mt.conv3d(a, b, pad=1)
        (y * y).sum().backward()
        results.append([t.numpy().tobytes() for t in (y.detach(), a.grad, b.grad)])
    assert results[0] == results[1] == results[2]


class TestDoor:
    """What the binding refuses, before a kernel gets bare pointers."""

    CASE = Volumes((2, 4, 4, 5, 5), 6, (2, 3, 3), groups=2)

    @pytest.mark.parametrize(
        ("changed", "error", "message"),
        [
            ({"x": np.ones((2, 4, 4, 5, 5))}, TypeError, "w has the dtype float32"),
            ({"x": np.ones((2, 4, 5, 5), "float32")}, ValueError, "with 5 axes"),
            ({"w": np.ones((6, 4, 2, 3, 3), "float32")}, ValueError, "do not fit with groups=2"),
            ({"w": np.ones((6, 2, 0, 3, 3), "float32")}, ValueError, "do not fit"),
            ({"b": np.ones(5, "float32")}, ValueError, r"b has the shape \(5\), it must be \(6\)"),
            ({"y": np.ones((2, 5, 3, 3, 3), "float32")}, ValueError, "y has the shape"),
            ({"stride": (1, 0, 1)}, ValueError, "must be positive"),
            ({"pad": (0, 0, -1)}, ValueError, "must not be negative"),
            ({"rung": "k99"}, ValueError, "no rung 'k99'"),
        ],
    )
    def test_misfits_are_refused(self, native, changed, error, message):
        case = self.CASE
        x, w, b, y = (np.ones(s, "float32") for s in (case.x, case.w, (case.k,), case.y))
        given = {"rung": "k03_packed", "x": x, "w": w, "b": b, "y": y, **case.native} | changed
        with pytest.raises(error, match=message):
            native.conv3d_fwd(**given)
