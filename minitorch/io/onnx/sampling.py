"""ONNX operators that read images between their pixels."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.io.onnx.registry import Node, operator

__all__: list[str] = []

_A = -0.75  # of the cubic kernel


def _inside(index: Any, length: int, mode: str, corners: bool) -> tuple[Any, Any]:
    """Indices that are there, and which of them count."""
    if mode == "zeros":
        return numpy.clip(index, 0, length - 1), (index >= 0) & (index < length)
    if mode == "border":
        return numpy.clip(index, 0, length - 1), None
    if corners:  # mirrored at the outermost pixels' middles
        period = max(1, 2 * (length - 1))
        index = index % period
        return numpy.minimum(index, period - index) if length > 1 else index * 0, None
    index = index % (2 * length)  # mirrored at their edges
    return numpy.minimum(index, 2 * length - 1 - index), None


def _weights(f: Tensor, mode: str) -> dict[int, Tensor]:
    """The weight of each neighbour, by its distance from the pixel before; f is the fraction."""
    if mode == "linear":
        return {0: 1 - f, 1: f}

    def far(d: Tensor) -> Tensor:
        return ((_A * d - 5 * _A) * d + 8 * _A) * d - 4 * _A

    def near(d: Tensor) -> Tensor:
        return ((_A + 2) * d - (_A + 3)) * d * d + 1

    return {-1: far(1 + f), 0: near(f), 1: near(1 - f), 2: far(2 - f)}


def _taps(u: Tensor, length: int, mode: str, padding: str, corners: bool) -> list[Any]:
    """Indices and weights along one axis, at the coordinates u."""
    if mode == "nearest":
        base, weights = numpy.rint(u.numpy()).astype(int), {0: ops.ones_like(u)}
    else:
        whole = numpy.floor(u.numpy())
        base, weights = whole.astype(int), _weights(u - asarray(whole), mode)
    found = []
    for step, weight in weights.items():
        index, counts = _inside(base + step, length, padding, corners)
        if counts is not None:
            weight = ops.where(asarray(counts), weight, ops.zeros_like(weight))
        found.append((index, weight))
    return found


@operator("GridSample")
def grid_sample(node: Node, x: Tensor, grid: Tensor) -> Tensor:
    """Pixels at the places of a grid, (N, ..., axes), from -1 to 1, the last axis first."""
    mode = node.get("mode", "linear").removeprefix("bi")  # bilinear before operator set 20
    corners, padding = bool(node.get("align_corners", 0)), node.get("padding_mode", "zeros")
    sizes = x.shape[2:]
    taps = []
    for axis, length in enumerate(sizes):
        g = grid[..., len(sizes) - 1 - axis]
        u = (g + 1) / 2 * (length - 1) if corners else ((g + 1) * length - 1) / 2
        taps.append(_taps(u, length, mode, padding, corners))
    batch = numpy.arange(x.shape[0]).reshape((-1,) + (1,) * len(sizes))
    last = ops.moveaxis(x, 1, -1)  # channels behind, so that one index picks all of them
    parts = []
    for chosen in itertools.product(*taps):
        weight = functools.reduce(ops.multiply, [w for _, w in chosen])
        values = last[(batch, *[index for index, _ in chosen])]
        parts.append(values * ops.expand_dims(weight, axis=-1))
    return ops.moveaxis(functools.reduce(ops.add, parts), -1, 1)


@operator("AffineGrid")
def affine_grid(node: Node, theta: Tensor, size: Tensor) -> Tensor:
    """The grid that affine maps, (N, axes, axes + 1), make of a regular one."""
    lengths = [int(n) for n in size.numpy()][2:]
    rows = []
    for n in lengths:
        steps = numpy.arange(n)
        if node.get("align_corners", 0):
            rows.append(2 * steps / (n - 1) - 1 if n > 1 else numpy.zeros(1))
        else:
            rows.append((2 * steps + 1) / n - 1)
    mesh = numpy.meshgrid(*rows, indexing="ij")[::-1]
    points = numpy.stack([*mesh, numpy.ones(lengths)], axis=-1).reshape(-1, len(lengths) + 1)
    flat = ops.matmul(asarray(points.astype(theta.dtype)), ops.matrix_transpose(theta))
    return ops.reshape(flat, (theta.shape[0], *lengths, len(lengths)))
