"""``minitorch.linalg``: the linear algebra extension of the Array API standard.

Functions take stacks of matrices (the last two axes). What is differentiable
and where, stands with the ops, in ``ops/solvers.py``, ``ops/decompositions.py``,
``ops/matrix_functions.py`` and ``ops/norms.py``; ``matrix_rank`` has no gradient.
"""

from __future__ import annotations

from typing import NamedTuple

from minitorch.autograd import Tensor
from minitorch.ops import decompositions, solvers
from minitorch.ops.decompositions import eigvalsh, svdvals
from minitorch.ops.matmul import matmul, matrix_transpose, outer, tensordot, vecdot
from minitorch.ops.matrix_functions import cross, diagonal, matrix_power, matrix_rank, trace
from minitorch.ops.norms import matrix_norm, vector_norm
from minitorch.ops.solvers import cholesky, det, inv, pinv, solve

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
    """Eigenvalues (ascending) and eigenvectors (in columns) of symmetric matrices.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)

    Returns
    -------
    eigenvalues : Tensor of shape (..., n), eigenvectors : Tensor of shape (..., n, n)

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.linalg.eigh(mt.asarray([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    Tensor([1., 2.])
    """
    return EighResult(*decompositions.eigh(x))


def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """Orthogonal and triangular factors: x = Q R.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    mode : "reduced" or "complete"

    Returns
    -------
    Q : Tensor of shape (..., m, k), R : Tensor of shape (..., k, n)
        k = min(m, n), or m when complete.

    Examples
    --------
    >>> import minitorch as mt
    >>> Q, R = mt.linalg.qr(mt.ones((3, 2)))
    >>> Q.shape, R.shape
    ((3, 2), (2, 2))
    """
    return QRResult(*decompositions.qr(x, mode=mode))


def slogdet(x: Tensor, /) -> SlogdetResult:
    """Sign and logarithm of the absolute value of determinants.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)

    Returns
    -------
    sign, logabsdet : Tensor of shape (...)

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.linalg.slogdet(mt.asarray([[-1.0, 0.0], [0.0, 1.0]])).sign
    Tensor(-1.)
    """
    return SlogdetResult(*solvers.slogdet(x))


def svd(x: Tensor, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular value decomposition: x = U diag(S) Vh.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    full_matrices : bool
        Square U and Vh; differentiable only without (or for square x).

    Returns
    -------
    U : Tensor of shape (..., m, k), S : Tensor of shape (..., min(m, n)),
    Vh : Tensor of shape (..., k, n)

    Examples
    --------
    >>> import minitorch as mt
    >>> U, S, Vh = mt.linalg.svd(mt.ones((3, 2)), full_matrices=False)
    >>> U.shape, S.shape, Vh.shape
    ((3, 2), (2,), (2, 2))
    """
    return SVDResult(*decompositions.svd(x, full_matrices=full_matrices))
