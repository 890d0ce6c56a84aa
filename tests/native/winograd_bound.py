"""The bound of the rounding errors of csrc/cpu/conv2d/k04_winograd and k07_phases.

A chain of n roundings is off by a factor of at most (1 + u)^n, so a bilinear formula by about
n u times the same formula with absolute values. Of these there are here: the L products that a
sum has, and at most 40 in six transforms of at most six terms each, down and across. Phases are
convolutions of stride 1, whose results are added up or lie interleaved.
"""

import numpy as np
from numpy.polynomial import polynomial

POINTS = {  # and infinity
    6: (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2),
    5: (3 / 8, -3 / 8, 11 / 8, -11 / 8),
}


def matrices(m, taps):
    """|A| (n, m), |G| (n, taps) and |B'| (n, n) by Toom and Cook: from the n points alone."""
    n = m + taps - 1
    a, g, b = np.zeros((n, m)), np.zeros((n, taps)), np.zeros((n, n))
    for i, p in enumerate(POINTS[n]):
        others = [q for q in POINTS[n] if q != p]
        a[i] = [p**k for k in range(m)]
        g[i] = [p**k / np.prod([p - q for q in others]) for k in range(taps)]
        b[i, :-1] = polynomial.polyfromroots(others)
    a[-1, -1] = g[-1, -1] = 1
    b[-1] = polynomial.polyfromroots(POINTS[n])
    return np.abs(a), np.abs(g), np.abs(b)


def windows(x, size, start, count, step):
    """(N, C, tiles, size, size): what tiles see from ``start`` on, zeros outside."""
    rows, columns = (-(-c // step) for c in count)
    out = np.zeros((*x.shape[:2], rows, columns, size, size))
    for i, j, r, s in np.ndindex(rows, columns, size, size):
        h, w = i * step + r + start[0], j * step + s + start[1]
        if 0 <= h < x.shape[2] and 0 <= w < x.shape[3]:
            out[:, :, i, j, r, s] = x[:, :, h, w]
    return out


def _by_group(a, groups):
    """(N, C, ...) as (N, groups, C / groups, ...)."""
    return a.reshape(a.shape[0], groups, a.shape[1] // groups, *a.shape[2:])


def _forward(x, w, start, count, m):
    """The scale of a forward convolution; x (N, C, H, W), w (groups, K, C, R, R)."""
    groups, k, _, taps, _ = w.shape
    a, g, b = matrices(m, taps)
    seen = _by_group(b @ windows(x, m + taps - 1, start, count, m) @ b.T, groups)
    sums = np.einsum("gkcab,ngcijab->ngkijab", g @ w @ g.T, seen)
    tiles = a.T @ sums @ a  # (N, groups, K, rows, columns, m, m)
    n, rows, columns = len(x), *tiles.shape[3:5]
    whole = tiles.swapaxes(4, 5).reshape(n, groups * k, rows * m, columns * m)
    return whole[:, :, : count[0], : count[1]]


def _of_filters(x, dy, start, groups, m, taps):
    """The scale of a weight gradient, (K, C / groups, taps, taps)."""
    a, g, b = matrices(m, taps)
    count = dy.shape[2:]
    seen = _by_group(b @ windows(x, m + taps - 1, start, count, m) @ b.T, groups)
    given = _by_group(a @ windows(dy, m, (0, 0), count, m) @ a.T, groups)
    sums = np.einsum("ngkijab,ngcijab->gkcab", given, seen)
    return (g.T @ sums @ g).reshape(-1, *sums.shape[2:3], taps, taps)


def _grouped(w, groups, direction):
    """(groups, K, C, R, S): the filters by which a direction makes K channels of C."""
    w = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    return w.swapaxes(1, 2)[..., ::-1, ::-1] if direction == "dgrad" else w


def scale(direction, left, right, *, pad, groups, count, taps):
    """The formula with absolute values, for each element of a direction's result.

    ``count`` is the spatial shape of what consists of tiles: y, dx or dy.
    """
    left, right = np.abs(left, dtype="f8"), np.abs(right, dtype="f8")
    if direction == "wgrad":
        return _of_filters(left, right, (-pad[0], -pad[1]), groups, 7 - taps, taps)
    # the input gradient is a forward convolution of dy
    start = [p - taps + 1 if direction == "dgrad" else -p for p in pad]
    return _forward(left, _grouped(right, groups, direction), start, count, 7 - taps)


def phases_scale(direction, left, right, *, pad, groups, shape, size):
    """The same of a stride of 2; ``shape`` is the result's, ``size`` that of the filters."""
    left, right = np.abs(left, dtype="f8"), np.abs(right, dtype="f8")
    taps, out = (max(size) + 1) // 2, np.zeros(shape)
    for phase in np.ndindex(2, 2):
        real = [(n + 1 - i) // 2 for n, i in zip(size, phase, strict=True)]  # taps of the phase
        of_filter = (..., slice(phase[0], None, 2), slice(phase[1], None, 2))
        if direction == "dgrad":  # dx[2 u + i - pad] = sum over a of dy[u - a] w[2 a + i]
            first = [-(-(p - i) // 2) for p, i in zip(pad, phase, strict=True)]
            rows, columns = (2 * u + i - p for u, i, p in zip(first, phase, pad, strict=True))
            made = out[:, :, rows::2, columns::2]
            w = _zeros_after(_grouped(right[of_filter], groups, direction), taps)
            start = [u - n + 1 for u, n in zip(first, real, strict=True)]
            made[:] = _forward(left, w, start, made.shape[2:], 4)
            continue
        padded = np.pad(left, ((0, 0), (0, 0), *[(p, 20) for p in pad]))
        seen = padded[:, :, phase[0] :: 2, phase[1] :: 2]
        if direction == "fwd":
            w = _zeros_after(_grouped(right[of_filter], groups, direction), taps)
            out += _forward(seen, w, (0, 0), shape[2:], 4)
        else:
            dw = _of_filters(seen, right, (0, 0), groups, 4, taps)
            out[of_filter] = dw[..., : real[0], : real[1]]
    return out


def _zeros_after(w, taps):
    """Filters of taps x taps: those that have less end in zeros."""
    return np.pad(w, [(0, 0)] * 3 + [(0, taps - n) for n in w.shape[3:]])


def winograd_bound(length, size, dtype):
    """Of a sum of ``length`` products whose :func:`scale` is ``size``."""
    return (length + 40) * np.finfo(dtype).eps * size + np.finfo(dtype).tiny
