"""The bound of the rounding errors of csrc/cpu/conv2d/k04_winograd.

A chain of n roundings is off by a factor of at most (1 + u)^n, so a bilinear formula by about
n u times the same formula with absolute values. Of these there are here: the L products that a
sum has, and at most 40 in six transforms of at most six terms each, down and across.
"""

import numpy as np
from numpy.polynomial import polynomial

POINTS = (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)  # and infinity


def matrices(m, taps):
    """|A| (6, m), |G| (6, taps) and |B'| (6, 6) by Toom and Cook: from the points alone."""
    a, g, b = np.zeros((6, m)), np.zeros((6, taps)), np.zeros((6, 6))
    for i, p in enumerate(POINTS):
        others = [q for q in POINTS if q != p]
        a[i] = [p**k for k in range(m)]
        g[i] = [p**k / np.prod([p - q for q in others]) for k in range(taps)]
        b[i, :5] = polynomial.polyfromroots(others)
    a[5, -1] = g[5, -1] = 1
    b[5] = polynomial.polyfromroots(POINTS)
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


def _forward(x, w, pad, count, groups):
    """The scale of a forward convolution; x (N, C, H, W), w (groups, K, C, R, R)."""
    taps = w.shape[-1]
    m = 7 - taps
    a, g, b = matrices(m, taps)
    seen = _by_group(b @ windows(x, 6, (-pad[0], -pad[1]), count, m) @ b.T, groups)
    sums = np.einsum("gkcab,ngcijab->ngkijab", g @ w @ g.T, seen)
    tiles = a.T @ sums @ a  # (N, groups, K, rows, columns, m, m)
    n, _, k, rows, columns = tiles.shape[:5]
    whole = tiles.swapaxes(4, 5).reshape(n, groups * k, rows * m, columns * m)
    return whole[:, :, : count[0], : count[1]]


def scale(direction, left, right, *, pad, groups, count, taps):
    """The formula with absolute values, for each element of a direction's result.

    ``count`` is the spatial shape of what consists of tiles: y, dx or dy.
    """
    left, right = np.abs(left, dtype="f8"), np.abs(right, dtype="f8")
    if direction == "wgrad":
        m = 7 - taps
        a, g, b = matrices(m, taps)
        seen = _by_group(b @ windows(left, 6, (-pad[0], -pad[1]), count, m) @ b.T, groups)
        given = _by_group(a @ windows(right, m, (0, 0), count, m) @ a.T, groups)
        sums = np.einsum("ngkijab,ngcijab->gkcab", given, seen)
        return (g.T @ sums @ g).reshape(-1, *sums.shape[2:3], taps, taps)
    w = right.reshape(groups, right.shape[0] // groups, *right.shape[1:])
    if direction == "dgrad":  # a forward convolution of dy
        w = w.swapaxes(1, 2)[..., ::-1, ::-1]
        pad = (taps - 1 - pad[0], taps - 1 - pad[1])
    return _forward(left, w, pad, count, groups)


def winograd_bound(length, size, dtype):
    """Of a sum of ``length`` products whose :func:`scale` is ``size``."""
    return (length + 40) * np.finfo(dtype).eps * size + np.finfo(dtype).tiny
