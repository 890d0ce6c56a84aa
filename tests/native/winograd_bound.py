"""The bound of the rounding errors of csrc/cpu/conv2d/k04_winograd.

A chain of n roundings is off by a factor of at most (1 + u)^n, so a bilinear formula by about
n u times the same formula with absolute values. Of these there are here: the L products that a
sum has, and at most 40 in six transforms of at most four terms each, down and across.
"""

import numpy as np
from numpy.polynomial import polynomial

POINTS = (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)  # and infinity
M = 4


def matrices():
    """A (6, 4), G (6, 3) and B' (6, 6) by Toom and Cook: from the points, and nothing else."""
    a, g, b = np.zeros((6, M)), np.zeros((6, 3)), np.zeros((6, 6))
    for i, p in enumerate(POINTS):
        others = [q for q in POINTS if q != p]
        a[i] = [p**k for k in range(M)]
        g[i] = [p**k / np.prod([p - q for q in others]) for k in range(3)]
        b[i, :5] = polynomial.polyfromroots(others)
    a[5, -1] = g[5, -1] = 1
    b[5] = polynomial.polyfromroots(POINTS)
    return a, g, b


A, G, B = (np.abs(m) for m in matrices())


def windows(x, size, start, count, step=M):
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
    """The scale of a forward convolution; x (N, C, H, W), w (groups, K, C, 3, 3)."""
    n, k = x.shape[0], w.shape[1]
    seen = B @ windows(x, M + 2, (-pad[0], -pad[1]), count) @ B.T
    seen = _by_group(seen, groups)
    sums = np.einsum("gkcab,ngcijab->ngkijab", G @ w @ G.T, seen)
    tiles = A.T @ sums @ A  # (n, g, k, i, j, M, M)
    n, g, k, i, j = tiles.shape[:5]
    whole = tiles.swapaxes(4, 5).reshape(n, g * k, i * M, j * M)
    return whole[:, :, : count[0], : count[1]]


def scale(direction, left, right, *, pad, groups, count):
    """The formula with absolute values, for each element of a direction's result.

    ``count`` is the spatial shape of what consists of tiles: y, dx or dy.
    """
    left, right = np.abs(left, dtype="f8"), np.abs(right, dtype="f8")
    if direction == "wgrad":
        seen = B @ windows(left, M + 2, (-pad[0], -pad[1]), count) @ B.T
        given = A @ windows(right, M, (0, 0), count) @ A.T
        sums = np.einsum(
            "ngkijab,ngcijab->gkcab", _by_group(given, groups), _by_group(seen, groups)
        )
        return (G.T @ sums @ G).reshape(-1, *sums.shape[2:3], 3, 3)
    w = right.reshape(groups, right.shape[0] // groups, *right.shape[1:])
    if direction == "dgrad":  # a forward convolution of dy
        w, pad = w.swapaxes(1, 2)[..., ::-1, ::-1], (2 - pad[0], 2 - pad[1])
    return _forward(left, w, pad, count, groups)


def winograd_bound(length, size, dtype):
    """Of a sum of ``length`` products whose :func:`scale` is ``size``."""
    return (length + 40) * np.finfo(dtype).eps * size + np.finfo(dtype).tiny
