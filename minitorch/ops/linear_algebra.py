"""Decompositions and solvers of matrices; ``minitorch.linalg`` is their namespace.

All work on stacks of matrices: the last two axes are the matrix. Decompositions
are differentiable where their factors are unique (distinct eigenvalues or
singular values); where they are not, the gradient is infinite.
"""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.arithmetic import multiply
from minitorch.ops.creation import eye, tril
from minitorch.ops.matmul import matmul, matrix_transpose
from minitorch.ops.shape import expand_dims, squeeze

__all__ = ["cholesky", "det", "eigh", "inv", "qr", "slogdet", "solve", "svd"]


def _square(name: str, x: Any) -> None:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{name}: takes square matrices, x has shape {x.shape}")


def _failing(name: str, call: Any) -> Any:
    """NumPy's LinAlgError as a ValueError that names the op."""
    try:
        return call()
    except numpy.linalg.LinAlgError as error:
        raise ValueError(f"{name}: {error}") from None


@op(formula="y = x⁻¹", upcast=True)
def inv(xp, x):
    """The inverse of square matrices.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (..., n, n)

    Raises
    ------
    ValueError
        For matrices that are not square, or singular.

    Notes
    -----
    From x y = 1: dy = -y dx y, so dL/dx = -yᵀ g yᵀ.
    """
    _square("inv", x)
    return _failing("inv", lambda: xp.linalg.inv(x))


@inv.vjp("x")
def inv_dx(g, out):
    """dL/dx = -yᵀ g yᵀ"""
    t = matrix_transpose(out)
    return -matmul(matmul(t, g), t)


def _regular(make: Any, *shape: int) -> Any:
    """Well-conditioned matrices."""
    return make(*shape) + 2.0 * numpy.eye(shape[-2], shape[-1])


@inv.samples
def _(make):
    yield Sample.of(_regular(make, 3, 3))
    yield Sample.of(_regular(make, 2, 3, 3), note="stack")


@op(formula="x1 y = x2", upcast=True)
def solve(xp, x1, x2):
    """The solution y of x1 y = x2.

    Parameters
    ----------
    x1 : Tensor of shape (..., n, n)
    x2 : Tensor of shape (..., n, k), or (n,)

    Returns
    -------
    Tensor of x2's (broadcast) shape

    Raises
    ------
    ValueError
        If x1 is not square or singular, or the lengths differ.

    Notes
    -----
    dL/dx2 = x1⁻ᵀ g, and dL/dx1 = -(dL/dx2) yᵀ.
    """
    _square("solve", x1)
    if x2.shape[0 if x2.ndim == 1 else -2] != x1.shape[-1]:
        raise ValueError(f"solve: x1 {x1.shape} and x2 {x2.shape} do not fit")
    if x2.ndim == 1:
        return _failing("solve", lambda: xp.linalg.solve(x1, x2[:, None])[..., 0])
    return _failing("solve", lambda: xp.linalg.solve(x1, x2))


@solve.vjp("x1")
def solve_dx1(g, x1, out, x2_shape):
    """dL/dx1 = -(x1⁻ᵀ g) yᵀ"""
    if len(x2_shape) == 1:
        g, out = expand_dims(g, axis=-1), expand_dims(out, axis=-1)
    return -matmul(solve(matrix_transpose(x1), g), matrix_transpose(out))


@solve.vjp("x2")
def solve_dx2(g, x1, x2_shape):
    """dL/dx2 = x1⁻ᵀ g"""
    if len(x2_shape) == 1:
        return squeeze(solve(matrix_transpose(x1), expand_dims(g, axis=-1)), axis=-1)
    return solve(matrix_transpose(x1), g)


@solve.samples
def _(make):
    yield Sample.of(_regular(make, 3, 3), make(3, 2))
    yield Sample.of(_regular(make, 3, 3), make(3), note="vector")
    yield Sample.of(_regular(make, 2, 3, 3), make(2, 3, 1))


@op(formula="y = det x", upcast=True)
def det(xp, x):
    """The determinant of square matrices.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (...)

    Notes
    -----
    Jacobi's formula: dL/dx = g · y · x⁻ᵀ, so the gradient needs x to be regular.
    """
    _square("det", x)
    return xp.linalg.det(x)


@det.vjp("x")
def det_dx(g, x, out):
    """dL/dx = g · y · x⁻ᵀ"""
    return multiply(expand_dims(expand_dims(g * out, axis=-1), axis=-1), matrix_transpose(inv(x)))


@det.samples
def _(make):
    yield Sample.of(_regular(make, 3, 3))
    yield Sample.of(_regular(make, 2, 2, 2))


@op(
    formula="sign, logabsdet = sign(det x), log |det x|",
    outputs=("sign", "logabsdet"),
    upcast=True,
    quiet=True,
)
def slogdet(xp, x):
    """Sign and logarithm of the absolute value of determinants.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)

    Returns
    -------
    sign, logabsdet : Tensor of shape (...)
    """
    _square("slogdet", x)
    sign, logabs = xp.linalg.slogdet(x)
    return sign, logabs


@slogdet.vjp("x")
def slogdet_dx(g, x):
    """dL/dx = g · x⁻ᵀ (the sign is constant)"""
    return multiply(expand_dims(expand_dims(g[1], axis=-1), axis=-1), matrix_transpose(inv(x)))


@slogdet.samples
def _(make):
    yield Sample.of(_regular(make, 3, 3))


def _symmetric(x: Tensor) -> Tensor:
    return (x + matrix_transpose(x)) * 0.5


def _half_lower(x: Tensor) -> Tensor:
    """The lower triangle with the diagonal halved: Φ in the rules of triangular factors."""
    return tril(x) - multiply(x, eye(x.shape[-1], dtype=x.dtype)) * 0.5


@op(formula="y yᵀ = (x + xᵀ) / 2, y lower triangular", upcast=True)
def cholesky(xp, x, *, upper=False):
    """The triangular factor of symmetric positive definite matrices.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)
        Taken to be symmetric; gradients come back symmetric.
    upper : bool
        The upper factor yᵀ instead.

    Returns
    -------
    Tensor of shape (..., n, n)

    Raises
    ------
    ValueError
        If x is not positive definite.

    References
    ----------
    I. Murray: Differentiation of the Cholesky decomposition, 2016.
    """
    _square("cholesky", x)
    symmetric = (x + xp.swapaxes(x, -1, -2).conj()) / 2
    factor = _failing("cholesky", lambda: xp.linalg.cholesky(symmetric))
    return xp.swapaxes(factor, -1, -2).conj().copy() if upper else factor


@cholesky.vjp("x")
def cholesky_dx(g, out, upper):
    """dL/dx = sym(y⁻ᵀ Φ(yᵀ g) y⁻¹)"""
    factor, g = (matrix_transpose(out), matrix_transpose(g)) if upper else (out, g)
    inner = _half_lower(matmul(matrix_transpose(factor), g))
    inverse = inv(factor)
    return _symmetric(matmul(matmul(matrix_transpose(inverse), inner), inverse))


@cholesky.samples
def _(make):
    a = make(3, 3)
    yield Sample.of(a @ a.T + numpy.eye(3))
    yield Sample.of(a @ a.T + numpy.eye(3), upper=True)


@op(
    name="qr",
    formula="x = q r, qᵀ q = 1, r upper triangular",
    outputs=("q", "r"),
    upcast=True,
    quiet=True,
)
def _qr(xp, x, *, mode="reduced"):
    """The op behind :func:`qr`."""
    q, r = xp.linalg.qr(x, mode=mode)
    return q, r


@_qr.vjp("x")
def qr_dx(g, q, r, x_shape, mode):
    """dL/dx = (g_q + q copyltu(r g_rᵀ - g_qᵀ q)) r⁻ᵀ"""
    if x_shape[-2] < x_shape[-1] or (mode == "complete" and x_shape[-2] != x_shape[-1]):
        raise NotImplementedError(
            f"qr: the gradient is known for tall or square x in reduced mode, not for {x_shape} "
            f"with mode={mode!r}"
        )
    gq, gr = g
    m = matmul(r, matrix_transpose(gr)) - matmul(matrix_transpose(gq), q)
    lower = _half_lower(m)
    inner = gq + matmul(q, lower + matrix_transpose(lower))
    return matmul(inner, matrix_transpose(inv(r)))


@_qr.samples
def _(make):
    yield Sample.of(_regular(make, 3, 3))
    yield Sample.of(_regular(make, 4, 2), note="tall")


def qr(x: Tensor, /, *, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Orthogonal and triangular factors.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    mode : "reduced" or "complete"

    Returns
    -------
    q : Tensor of shape (..., m, k), r : Tensor of shape (..., k, n)
        k = min(m, n), or m when complete.

    Notes
    -----
    Differentiable for m >= n in reduced mode.

    References
    ----------
    H.-J. Liao, J.-G. Liu, L. Wang and T. Xiang: Differentiable programming tensor networks, 2019.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is 'reduced' or 'complete', not {mode!r}")
    result: tuple[Tensor, Tensor] = _qr(x, mode=mode)
    return result


def _gaps(values: Tensor) -> Tensor:
    """1 / (v_j - v_i) off the diagonal, 0 on it."""
    count = values.shape[-1]
    differences = expand_dims(values, axis=-2) - expand_dims(values, axis=-1)
    diagonal = eye(count, dtype=values.dtype)
    return (1 - diagonal) / (differences + diagonal)


@op(formula="x = v diag(w) vᵀ", outputs=("w", "v"), upcast=True, quiet=True)
def eigh(xp, x):
    """Eigenvalues and eigenvectors of symmetric matrices, in ascending order.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)
        Taken to be symmetric (made so by averaging with its transpose).

    Returns
    -------
    w : Tensor of shape (..., n)
    v : Tensor of shape (..., n, n)
        Eigenvectors in its columns. Their signs are arbitrary, so a loss must
        not depend on them.

    Notes
    -----
    dL/dx = v (diag(g_w) + (vᵀ g_v) ∘ F) vᵀ with F_ij = 1 / (w_j - w_i); the
    eigenvalues have to be distinct for the second term.

    References
    ----------
    M. Giles: An extended collection of matrix derivative results, 2008.
    """
    _square("eigh", x)
    w, v = xp.linalg.eigh((x + xp.swapaxes(x, -1, -2).conj()) / 2)
    return w, v


@eigh.vjp("x")
def eigh_dx(g, w, v):
    """dL/dx = sym(v (diag(g_w) + (vᵀ g_v) ∘ F) vᵀ)"""
    gw, gv = g
    diagonal = multiply(expand_dims(gw, axis=-1), eye(w.shape[-1], dtype=w.dtype))
    inner = diagonal + multiply(matmul(matrix_transpose(v), gv), _gaps(w))
    return _symmetric(matmul(matmul(v, inner), matrix_transpose(v)))


@eigh.samples
def _(make):
    a = make(3, 3)
    yield Sample.of(a + a.T + numpy.diag([0.0, 2.0, 5.0]))


@op(name="svd", formula="x = u diag(s) vᵀ", outputs=("u", "s", "vt"), upcast=True, quiet=True)
def _svd(xp, x, *, full_matrices=True):
    """The op behind :func:`svd`."""
    u, s, vt = _failing("svd", lambda: xp.linalg.svd(x, full_matrices=full_matrices))
    return u, s, vt


@_svd.vjp("x")
def svd_dx(g, u, s, vt, full_matrices, x_shape):
    """dL/dx = u (diag(g_s) + [(F ∘ 2 skew(uᵀ g_u)) S + S (F ∘ 2 skew(vᵀ g_v))]) vᵀ + null spaces"""
    rows, columns = x_shape[-2:]
    if full_matrices and rows != columns:
        raise NotImplementedError(
            "svd: the gradient needs full_matrices=False for matrices that are not square"
        )
    gu, gs, gvt = g
    v, gv = matrix_transpose(vt), matrix_transpose(gvt)
    count = s.shape[-1]
    diagonal = eye(count, dtype=s.dtype)
    f = _gaps(s * s)
    line, column = expand_dims(s, axis=-2), expand_dims(s, axis=-1)
    j, k = multiply(matmul(matrix_transpose(u), gu), f), multiply(matmul(vt, gv), f)
    inner = multiply(j + matrix_transpose(j), line) + multiply(column, k + matrix_transpose(k))
    inner = inner + multiply(diagonal, expand_dims(gs, axis=-1))
    total = matmul(matmul(u, inner), vt)
    if rows > columns:  # what of g_u lies outside the span of u
        rest = gu - matmul(u, matmul(matrix_transpose(u), gu))
        total = total + matmul(multiply(rest, 1 / line), vt)
    if columns > rows:
        rest = gvt - matmul(matmul(gvt, v), vt)
        total = total + matmul(u, multiply(1 / column, rest))
    return total


@_svd.samples
def _(make):
    for shape in ((3, 3), (4, 2), (2, 4)):
        u, _, vt = numpy.linalg.svd(make(*shape), full_matrices=False)
        s = numpy.arange(1.0, min(shape) + 1)[::-1]
        yield Sample.of((u * s) @ vt, full_matrices=False)


def svd(x: Tensor, /, *, full_matrices: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """Singular value decomposition.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    full_matrices : bool
        Square u and vᵀ; differentiable only without (or for square x).

    Returns
    -------
    u, s, vt : Tensor
        s in descending order. The signs of u's columns with those of vᵀ's rows
        are arbitrary, so a loss must not depend on them.

    References
    ----------
    J. Townsend: Differentiating the singular value decomposition, 2016.
    """
    result: tuple[Tensor, Tensor, Tensor] = _svd(x, full_matrices=full_matrices)
    return result
