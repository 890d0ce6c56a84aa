"""Solving with matrices: inverse, systems, determinants, Cholesky factor, pseudo-inverse.

All work on stacks of matrices: the last two axes are the matrix.
``minitorch.linalg`` is their namespace.
"""

from __future__ import annotations

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.ops.arithmetic import multiply
from minitorch.ops.matmul import matmul, matrix_transpose
from minitorch.ops.matrices import (
    check_matrix,
    check_square,
    half_lower,
    naming,
    regular,
    symmetric,
)
from minitorch.ops.reduce import sum_
from minitorch.ops.shape import expand_dims, squeeze

__all__ = ["cholesky", "det", "inv", "pinv", "slogdet", "solve"]


def _per_matrix(t):
    """One number per matrix, lined up with the matrices."""
    return expand_dims(expand_dims(t, axis=-1), axis=-1)


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

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> y = mt.linalg.inv(x)
    >>> y.tolist(), mt.grad(y[0, 0], x)[0, 0].item()
    ([[0.5, 0.0], [0.0, 0.25]], -0.25)
    """
    check_square("inv", x)
    return naming("inv", lambda: xp.linalg.inv(x))


@inv.vjp("x")
def inv_dx(g, out):
    """dL/dx = -yᵀ g yᵀ"""
    t = matrix_transpose(out)
    return -matmul(matmul(t, g), t)


@inv.samples
def _(make):
    yield Sample.of(regular(make, 3, 3))
    yield Sample.of(regular(make, 2, 3, 3), note="stack")


@op(formula="x1 y = x2", linear=("x2",), upcast=True)
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

    Examples
    --------
    >>> import minitorch as mt
    >>> x2 = mt.tensor([2.0, 4.0], requires_grad=True)
    >>> y = mt.linalg.solve(mt.asarray([[2.0, 0.0], [0.0, 4.0]]), x2)
    >>> y.tolist(), mt.grad(y.sum(), x2).tolist()
    ([1.0, 1.0], [0.5, 0.25])
    """
    check_square("solve", x1)
    if x2.shape[0 if x2.ndim == 1 else -2] != x1.shape[-1]:
        raise ValueError(f"solve: x1 {x1.shape} and x2 {x2.shape} do not fit")
    if x2.ndim == 1:
        return naming("solve", lambda: xp.linalg.solve(x1, x2[:, None])[..., 0])
    return naming("solve", lambda: xp.linalg.solve(x1, x2))


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
    yield Sample.of(regular(make, 3, 3), make(3, 2))
    yield Sample.of(regular(make, 3, 3), make(3), note="vector")
    yield Sample.of(regular(make, 2, 3, 3), make(2, 3, 1))


@op(formula="y = det x", upcast=True)
def det(xp, x):
    """The determinant of square matrices.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (...)

    Raises
    ------
    ValueError
        For matrices that are not square.

    Notes
    -----
    Jacobi's formula: the derivative is the matrix of cofactors, y x⁻ᵀ, which
    singular matrices have too; their second derivative is not supported.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    >>> y = mt.linalg.det(x)
    >>> y.shape, mt.grad(y, x).numpy().round(4).tolist()
    ((), [[4.0, -2.0], [-2.0, 1.0]])
    """
    check_square("det", x)
    return xp.linalg.det(x)


@det.vjp("x")
def det_dx(g, x):
    """dL/dx = g · cofactors of x"""
    return multiply(_per_matrix(g), cofactors(x))


@det.samples
def _(make):
    yield Sample.of(regular(make, 3, 3))
    yield Sample.of(regular(make, 2, 2, 2))


@op(formula="y = det(x) x⁻ᵀ", upcast=True)
def cofactors(xp, x):
    """The cofactors of square matrices, singular ones too: the derivative of :func:`det`.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (..., n, n)

    Notes
    -----
    With x = u diag(s) vᵀ they are det(u vᵀ) u diag(∏_{j≠i} s_j) vᵀ. The gradient needs x to
    be regular.
    """
    check_square("cofactors", x)
    u, s, vt = naming("cofactors", lambda: xp.linalg.svd(x))
    ones = xp.ones_like(s[..., :1])
    below = xp.cumprod(xp.concatenate([ones, s[..., :-1]], axis=-1), axis=-1)
    above = xp.cumprod(xp.concatenate([ones, s[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    sign = xp.linalg.det(u @ vt)
    return (sign[..., None] * below * above)[..., None, :] * u @ vt


@cofactors.vjp("x")
def cofactors_dx(g, x, out):
    """dL/dx = y Σ(g ∘ x⁻ᵀ) - y gᵀ x⁻ᵀ"""
    t = matrix_transpose(inv(x))
    along = sum_(multiply(g, t), axis=(-2, -1), keepdims=True)
    return multiply(along, out) - matmul(matmul(out, matrix_transpose(g)), t)


@cofactors.samples
def _(make):
    yield Sample.of(regular(make, 3, 3))
    yield Sample.of(make(1, 1) + 2.0)


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
    check_square("slogdet", x)
    sign, logabs = xp.linalg.slogdet(x)
    return sign, logabs


@slogdet.vjp("x")
def slogdet_dx(g, x):
    """dL/dx = g · x⁻ᵀ (the sign is constant)"""
    return multiply(_per_matrix(g[1]), matrix_transpose(inv(x)))


@slogdet.samples
def _(make):
    yield Sample.of(regular(make, 3, 3))


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

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[4.0, 0.0], [0.0, 9.0]], requires_grad=True)
    >>> y = mt.linalg.cholesky(x)
    >>> y.tolist(), mt.grad(y[0, 0], x).tolist()
    ([[2.0, 0.0], [0.0, 3.0]], [[0.25, 0.0], [0.0, 0.0]])
    """
    check_square("cholesky", x)
    symmetric = (x + xp.swapaxes(x, -1, -2).conj()) / 2
    factor = naming("cholesky", lambda: xp.linalg.cholesky(symmetric))
    return xp.swapaxes(factor, -1, -2).conj().copy() if upper else factor


@cholesky.vjp("x")
def cholesky_dx(g, out, upper):
    """dL/dx = sym(y⁻ᵀ Φ(yᵀ g) y⁻¹)"""
    factor, g = (matrix_transpose(out), matrix_transpose(g)) if upper else (out, g)
    inner = half_lower(matmul(matrix_transpose(factor), g))
    inverse = inv(factor)
    return symmetric(matmul(matmul(matrix_transpose(inverse), inner), inverse))


@cholesky.samples
def _(make):
    a = make(3, 3)
    yield Sample.of(a @ a.T + numpy.eye(3))
    yield Sample.of(a @ a.T + numpy.eye(3), upper=True)


@op(formula="y = x⁺", constant=("rtol",), upcast=True)
def pinv(xp, x, rtol=None):
    """The Moore-Penrose pseudo-inverse.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)
    rtol : number or Tensor of shape (...), optional
        Singular values up to ``rtol`` times the largest count as 0. Default:
        max(m, n) times the precision.

    Returns
    -------
    Tensor of shape (..., n, m)

    Raises
    ------
    ValueError
        For fewer than two axes.

    Notes
    -----
    Differentiable where the rank does not change; equal singular values do no harm.

    References
    ----------
    G. Golub and V. Pereyra: The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate, 1973.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.linalg.pinv(mt.asarray([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]])).shape
    (2, 3)
    """
    check_matrix("pinv", x)
    if 0 in x.shape[-2:]:
        return xp.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), dtype=x.dtype)
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(xp.finfo(x.dtype).eps)
    u, s, vt = naming("pinv", lambda: xp.linalg.svd(x.conj(), full_matrices=False))
    keep = s > xp.asarray(rtol)[..., None] * s[..., :1]
    inverse = xp.where(keep, 1 / xp.where(keep, s, 1), 0).astype(s.dtype)
    return xp.swapaxes(vt, -1, -2) * inverse[..., None, :] @ xp.swapaxes(u, -1, -2)


@pinv.vjp("x")
def pinv_dx(g, x, out):
    """dL/dx = -yᵀ g yᵀ + (1 - x y) gᵀ y yᵀ + yᵀ y gᵀ (1 - y x)"""
    t, gt = matrix_transpose(out), matrix_transpose(g)
    left = matmul(matmul(gt, out), t)
    right = matmul(matmul(t, out), gt)
    within = matmul(matmul(t, g), t)
    left = left - matmul(x, matmul(out, left))
    right = right - matmul(matmul(right, out), x)
    return left + right - within


@pinv.samples
def _(make):
    yield Sample.of(regular(make, 3, 3))
    yield Sample.of(regular(make, 2, 4, 2), note="tall")
    yield Sample.of(regular(make, 2, 4), note="wide")
    yield Sample.of(numpy.eye(3), note="equal singular values")
