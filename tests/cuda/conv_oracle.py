"""Convolutions in float64 by loops over the places of y, and the calls that all rungs must do."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import product

import numpy as np

DIRECTIONS = ("fwd", "dgrad", "wgrad")


@dataclass(frozen=True)
class Case:
    """Shapes and settings of a convolution, one entry per spatial axis."""

    x: tuple[int, ...]
    w: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1

    @property
    def y(self):
        rows = zip(self.x[2:], self.w[2:], self.stride, self.pad, self.dilation, strict=True)
        return (
            *(self.x[0], self.w[0]),
            *[(n + a + b - d * (k - 1) - 1) // s + 1 for n, k, s, (a, b), d in rows],
        )

    @property
    def static(self):
        names = ("stride", "pad", "dilation", "groups")
        return {name: getattr(self, name) for name in names}

    def shapes(self, direction):
        """Of what the direction reads, and of what it makes."""
        x, w, y = self.x, self.w, self.y
        return {"fwd": (x, w, y), "dgrad": (y, w, x), "wgrad": (x, y, w)}[direction]

    def terms(self, direction):
        """At most how many products each sum has."""
        window = int(np.prod(self.w[2:]))
        return {
            "fwd": self.w[1] * window,
            "dgrad": self.w[0] // self.groups * window,
            "wgrad": self.x[0] * int(np.prod(self.y[2:])),
        }[direction]


def plain(x, w, axes=2, **settings):
    """A case with the settings that are not given at their simplest."""
    defaults = {"stride": 1, "pad": (0, 0), "dilation": 1}
    filled = {
        name: settings.get(name) or tuple([default] * (len(x) - 2))
        for name, default in defaults.items()
    }
    return Case(x, w, groups=settings.get("groups", 1), **filled)


CASES = {
    "one": plain((1, 1, 1, 1), (1, 1, 1, 1)),
    "lenet": plain((2, 1, 12, 12), (6, 1, 5, 5), pad=((2, 2), (2, 2))),
    "3x3": plain((2, 5, 9, 7), (7, 5, 3, 3), pad=((1, 1), (1, 1))),
    "3x3-valid": plain((1, 16, 6, 10), (65, 16, 3, 3)),
    "1x1": plain((3, 17, 5, 5), (33, 17, 1, 1)),
    "1x1-stride": plain((1, 8, 5, 6), (4, 8, 1, 1), stride=(2, 3)),
    "rgb-stride": plain((1, 3, 13, 11), (8, 3, 5, 4), stride=(2, 3), pad=((2, 1), (0, 3))),
    "stride-dilation": plain(
        (1, 4, 13, 12), (6, 4, 3, 3), stride=(2, 3), pad=((3, 4), (1, 0)), dilation=(3, 2)
    ),
    "groups": plain((2, 6, 7, 5), (9, 2, 3, 2), groups=3, pad=((1, 0), (1, 1))),
    "depthwise": plain((2, 5, 9, 8), (5, 1, 3, 3), groups=5, pad=((1, 1), (1, 1)), stride=(2, 1)),
    "depthwise-twice": plain((1, 4, 7, 6), (8, 1, 3, 5), groups=4, pad=((0, 2), (2, 2))),
    "1-d": plain((3, 4, 19), (5, 4, 4), stride=(2,), pad=((3, 1),)),
    "3-d": plain(
        (1, 3, 4, 5, 6),
        (4, 3, 2, 3, 2),
        stride=(1, 2, 1),
        pad=((1, 0), (1, 1), (0, 1)),
        dilation=(2, 1, 1),
    ),
    "all-pad": plain((1, 2, 2, 2), (3, 2, 5, 5), pad=((5, 5), (4, 4)), stride=(3, 3)),
    "empty": plain((0, 3, 5, 5), (4, 3, 3, 3)),
}


def _windows(case):
    """(image, place, slices of the padded x) of every place of y."""
    for place in product(*map(range, case.y[2:])):
        yield (
            place,
            tuple(
                slice(p * s, p * s + d * (k - 1) + 1, d)
                for p, s, d, k in zip(place, case.stride, case.dilation, case.w[2:], strict=True)
            ),
        )


def _padded(case, x):
    return np.pad(x, ((0, 0), (0, 0), *case.pad))


def convolve(case, direction, first, second):
    """The result of a direction, in float64."""
    groups, depth, filters = case.groups, case.w[1], case.w[0] // case.groups
    x = _padded(case, first if direction != "dgrad" else np.zeros(case.x))
    w = second if direction != "wgrad" else np.zeros(case.w)
    y = {"fwd": np.zeros(case.y), "dgrad": first, "wgrad": second}[direction]
    for (place, window), g in product(_windows(case), range(groups)):
        c, k = slice(g * depth, (g + 1) * depth), slice(g * filters, (g + 1) * filters)
        seen, made = (slice(None), c, *window), (slice(None), k, *place)
        if direction == "fwd":
            every = range(1, x.ndim)
            y[made] = np.tensordot(x[seen], w[k], (every, every))
        elif direction == "dgrad":
            x[seen] += np.tensordot(y[made], w[k], 1)
        else:
            w[k] += np.tensordot(y[made].T, x[seen], 1)
    if direction != "dgrad":
        return y if direction == "fwd" else w
    inside = [slice(a, a + n) for n, (a, _) in zip(case.x[2:], case.pad, strict=True)]
    return x[(slice(None), slice(None), *inside)]


@functools.cache
def problem(case, direction):
    """Random operands, in float32."""
    rng = np.random.default_rng(sum(case.x) + 7 * sum(case.w))
    first, second, _ = case.shapes(direction)
    return tuple(rng.standard_normal(shape).astype(np.float32) for shape in (first, second))


# |B^T|, |G| and |A^T| of csrc/cuda/conv/winograd.cuh
_B = np.abs([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
_G = np.abs([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
_A = np.abs([[1, 1, 1, 0], [0, 1, -1, -1]])


def winograd_scale(case, direction, first, second):
    """The sum in the bound of winograd.cuh, for each element of the result.

    dgrad is the forward convolution of dy with the taps in reverse order and
    in- and outputs swapped.
    """
    n, groups = first.shape[0], case.groups
    w = np.abs(second).reshape(groups, case.w[0] // groups, case.w[1], 3, 3)
    pads = case.pad
    if direction == "dgrad":
        w = np.swapaxes(w, 1, 2)[..., ::-1, ::-1]
        pads = tuple((2 - a, 2 - b) for a, b in case.pad)
    outs, ins = w.shape[1], w.shape[2]
    _, _, height, width = case.shapes(direction)[2]
    even = (height + height % 2, width + width % 2)
    x = np.zeros((n, groups, ins, even[0] + 2, even[1] + 2))
    rows, columns = (slice(max(a, 0), None) for a, _ in pads)
    source = np.abs(first).reshape(n, groups, ins, *first.shape[2:])
    source = source[..., max(-pads[0][0], 0) :, max(-pads[1][0], 0) :]
    room = x[..., rows, columns]
    h, v = min(room.shape[-2], source.shape[-2]), min(room.shape[-1], source.shape[-1])
    room[..., :h, :v] = source[..., :h, :v]
    scale = np.zeros((n, groups, outs, *even))
    u = _G @ w @ _G.T
    for p, q in product(range(0, even[0], 2), range(0, even[1], 2)):
        seen = _B @ x[..., p : p + 4, q : q + 4] @ _B.T
        sums = np.einsum("gkcij,ngcij->ngkij", u, seen)
        scale[..., p : p + 2, q : q + 2] = _A @ sums @ _A.T
    return scale.reshape(n, groups * outs, *even)[..., :height, :width]
