"""``minitorch.linalg``: the linear algebra extension of the Array API standard.

Functions take stacks of matrices (the last two axes). What is differentiable
and where, stands with the ops in ``ops/linear_algebra.py``; ``matrix_rank`` is
constant.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.ops import linear_algebra
from minitorch.ops.linear_algebra import cholesky, det, inv, solve
from minitorch.ops.matmul import matmul, matrix_transpose, outer, tensordot, vecdot

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


class EighResult(NamedTuple):
    """What :func:`eigh` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    """What :func:`qr` returns."""

    Q: Tensor
    R: Tensor


class SlogdetResult(NamedTuple):
    """What :func:`slogdet` returns."""

    sign: Tensor
    logabsdet: Tensor


class SVDResult(NamedTuple):
    """What :func:`svd` returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def eigh(x: Tensor, /) -> EighResult:
    """Eigenvalues (ascending) and eigenvectors of symmetric matrices."""
    return EighResult(*linear_algebra.eigh(x))


def eigvalsh(x: Tensor, /) -> Tensor:
    """Eigenvalues of symmetric matrices, ascending."""
    return eigh(x).eigenvalues


def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """Orthogonal and triangular factors."""
    return QRResult(*linear_algebra.qr(x, mode=mode))


def slogdet(x: Tensor, /) -> SlogdetResult:
    """Sign and log of the absolute value of determinants."""
    return SlogdetResult(*linear_algebra.slogdet(x))


def svd(x: Tensor, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular value decomposition; differentiable with ``full_matrices=False``."""
    return SVDResult(*linear_algebra.svd(x, full_matrices=full_matrices))


def svdvals(x: Tensor, /) -> Tensor:
    """Singular values, descending."""
    return svd(x, full_matrices=False).S


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices: shape (..., n, m) gives (..., length).

    Raises
    ------
    ValueError
        For fewer than two axes.
    """
    if x.ndim < 2:
        raise ValueError(f"diagonal: needs two axes at least, x has shape {x.shape}")
    rows, columns = x.shape[-2:]
    first_row, first_column = max(-offset, 0), max(offset, 0)
    length = max(min(rows - first_row, columns - first_column), 0)
    steps = ops.arange(length)
    return x[(..., steps + first_row, steps + first_column)]


def trace(x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sum along the diagonals of matrices."""
    return ops.sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Cross products of vectors of three elements along an axis.

    Raises
    ------
    ValueError
        If an axis is not three long.
    """
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross: axis {axis} of {x1.shape} and {x2.shape} must be 3 long")
    if axis >= 0:
        axis -= max(x1.ndim, x2.ndim)
    a, b = ops.broadcast_arrays(x1, x2)
    here, there = asarray([1, 2, 0]), asarray([2, 0, 1])
    a1, a2 = ops.take(a, here, axis=axis), ops.take(a, there, axis=axis)
    b1, b2 = ops.take(b, here, axis=axis), ops.take(b, there, axis=axis)
    return a1 * b2 - a2 * b1


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Square matrices to an integer power, by repeated squaring; negative: of the inverse."""
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"matrix_power: takes square matrices, x has shape {x.shape}")
    if n < 0:
        return matrix_power(inv(x), -n)
    result = ops.broadcast_to(ops.eye(x.shape[-1], dtype=x.dtype), shape=x.shape)
    if n == 0:
        return asarray(result, copy=True)
    power, found = x, None
    while n:
        if n & 1:
            found = power if found is None else matmul(found, power)
        n >>= 1
        if n:
            power = matmul(power, power)
    return found if found is not x else x * 1  # type: ignore[return-value]


def vector_norm(
    x: Tensor,
    /,
    *,
    axis: Any = None,
    keepdims: bool = False,
    ord: Any = 2,
) -> Tensor:
    """The norm Σ(|x|^ord)^(1/ord) over some axes; ord may be inf, -inf or 0.

    The gradient at 0 of the 2-norm is 0, as for the square root of 0 times 0.
    """
    size = ops.abs(x)
    if ord == float("inf"):
        return ops.max(size, axis=axis, keepdims=keepdims)
    if ord == -float("inf"):
        return ops.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return ops.sum((x != 0).astype(size.dtype), axis=axis, keepdims=keepdims, dtype=size.dtype)
    if ord == 1:
        return ops.sum(size, axis=axis, keepdims=keepdims, dtype=size.dtype)
    if ord == 2:
        # Scaled by the largest element: squares neither overflow nor vanish.
        top = ops.max(size.detach(), axis=axis, keepdims=True) if x.size else None
        if top is None:
            return ops.sum(size, axis=axis, keepdims=keepdims, dtype=size.dtype)
        scale = ops.where(ops.logical_and(top > 0, ops.isfinite(top)), top, ops.ones_like(top))
        scaled = size / scale
        total = ops.sum(scaled * scaled, axis=axis, keepdims=True, dtype=size.dtype)
        # where, not sqrt alone: at 0 the gradient of the root is infinite.
        safe = ops.where(total > 0, total, ops.ones_like(total))
        root = ops.where(ops.logical_or(total > 0, ops.isnan(total)), ops.sqrt(safe), total * 0)
        root = ops.where(ops.isnan(total), total, root) * scale
        return root if keepdims else _drop(root, axis)
    return ops.sum(size**ord, axis=axis, keepdims=keepdims, dtype=size.dtype) ** (1 / ord)


def _drop(x: Tensor, axis: Any) -> Tensor:
    """A reduction's result without the axes that were kept."""
    return ops.squeeze(x, axis=tuple(range(x.ndim)) if axis is None else axis)


def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """A norm of matrices: "fro", "nuc", 1, -1, 2, -2, inf or -inf.

    Raises
    ------
    ValueError
        For another ``ord``, or fewer than two axes.
    """
    if x.ndim < 2:
        raise ValueError(f"matrix_norm: needs two axes at least, x has shape {x.shape}")
    inf = float("inf")
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        values = svdvals(x)
        reduce = {"nuc": ops.sum, 2: ops.max, -2: ops.min}[ord]
        found = reduce(values, axis=-1)
        return ops.expand_dims(ops.expand_dims(found, axis=-1), axis=-1) if keepdims else found
    if ord not in (1, -1, inf, -inf):
        raise ValueError(f"matrix_norm: ord is 'fro', 'nuc', ±1, ±2 or ±inf, not {ord!r}")
    along, across = (-2, -1) if ord in (1, -1) else (-1, -2)
    sums = ops.sum(ops.abs(x), axis=along, keepdims=True)
    found = (ops.max if ord > 0 else ops.min)(sums, axis=across, keepdims=True)
    return found if keepdims else _drop(found, (-2, -1))


def matrix_rank(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """The number of singular values above ``rtol`` times the largest; constant for gradients.

    ``rtol`` defaults to max(n, m) times the precision.
    """
    values = svdvals(x.detach())
    if rtol is None:
        rtol = max(x.shape[-2:]) * ops.finfo(x.dtype).eps
    limit = ops.max(values, axis=-1, keepdims=True) * _column(rtol)
    return ops.sum((values > limit).astype(ops.int64), axis=-1)


def _column(rtol: Any) -> Any:
    """A tolerance per matrix lines up with its singular values."""
    return ops.expand_dims(rtol, axis=-1) if isinstance(rtol, Tensor) and rtol.ndim else rtol


def pinv(x: Tensor, /, *, rtol: Any = None) -> Tensor:
    """The Moore-Penrose pseudo-inverse; singular values up to ``rtol`` times the largest are 0.

    ``rtol`` defaults to max(n, m) times the precision. Differentiable where the
    singular values are distinct.
    """
    u, s, vt = svd(x, full_matrices=False)
    if rtol is None:
        rtol = max(x.shape[-2:]) * ops.finfo(x.dtype).eps
    if s.shape[-1] == 0:
        return matrix_transpose(x) * 1
    keep = s > ops.max(s.detach(), axis=-1, keepdims=True) * _column(rtol)
    ones = ops.ones_like(s)
    inverse = ops.where(keep, ones / ops.where(keep, s, ones), s * 0)
    return matmul(matrix_transpose(vt) * ops.expand_dims(inverse, axis=-2), matrix_transpose(u))
