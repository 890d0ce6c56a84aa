"""Factors of matrices: QR, eigenvalues and singular values.

All work on stacks of matrices: the last two axes are the matrix.
``minitorch.linalg`` is their namespace.
"""

from __future__ import annotations

import numpy

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.arithmetic import multiply
from minitorch.ops.grids import eye
from minitorch.ops.joining import concat
from minitorch.ops.matmul import matmul, matrix_transpose
from minitorch.ops.matrices import (
    check_matrix,
    check_square,
    half_lower,
    naming,
    regular,
    symmetric,
)
from minitorch.ops.shape import expand_dims
from minitorch.ops.solvers import inv

__all__ = ["eigh", "eigvalsh", "qr", "svd", "svdvals"]


@op(
    name="qr",
    formula="x = q r, qᵀ q = 1, r upper triangular",
    outputs=("q", "r"),
    upcast=True,
    quiet=True,
)
def _qr(xp, x, *, mode="reduced"):
    """The op behind :func:`qr`."""
    check_matrix("qr", x)
    q, r = xp.linalg.qr(x, mode=mode)
    return q, r


@_qr.vjp("x")
def qr_dx(g, x, q, r, mode):
    """dL/dx = (g_q + q copyltu(r g_rᵀ - g_qᵀ q)) r⁻ᵀ; of a wide x = [a | b]: for a, q g_rb for b"""
    rows, columns = x.shape[-2:]
    if mode == "complete" and rows > columns:
        raise NotImplementedError(
            f"qr: the gradient of a tall x {x.shape} is known for mode='reduced' only"
        )
    gq, gr = g
    rest = None
    if rows < columns:  # b = q r_b: its gradient goes to b and to q
        gb, b = gr[..., rows:], x[..., rows:]
        rest = matmul(q, gb)
        gq = gq + matmul(b, matrix_transpose(gb))
        gr, r = gr[..., :rows], r[..., :rows]
    lower = half_lower(matmul(r, matrix_transpose(gr)) - matmul(matrix_transpose(gq), q))
    inner = gq + matmul(q, lower + matrix_transpose(lower))
    square = matmul(inner, matrix_transpose(inv(r)))
    return square if rest is None else concat([square, rest], axis=-1)


@_qr.samples
def _(make):
    yield Sample.of(regular(make, 3, 3))
    yield Sample.of(regular(make, 4, 2), note="tall")
    yield Sample.of(regular(make, 2, 4), note="wide")
    yield Sample.of(regular(make, 2, 3, 3), mode="complete")


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

    Raises
    ------
    ValueError
        For another mode, or fewer than two axes.
    NotImplementedError
        In backward, for the complete mode of a tall x.

    Notes
    -----
    Differentiable where the first k columns of x are independent.

    References
    ----------
    H.-J. Liao, J.-G. Liu, L. Wang and T. Xiang: Differentiable programming tensor networks, 2019.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is 'reduced' or 'complete', not {mode!r}")
    result: tuple[Tensor, Tensor] = _qr(x, mode=mode)
    return result


def _gaps(values: Tensor) -> Tensor:
    """1 / (v_j - v_i), and 0 where they are equal."""
    differences = expand_dims(values, axis=-2) - expand_dims(values, axis=-1)
    equal = (differences == 0).astype(values.dtype)
    return (1 - equal) / (differences + equal)


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

    Raises
    ------
    ValueError
        For matrices that are not square, or hold what is not finite.

    Notes
    -----
    dL/dx = v (diag(g_w) + (vᵀ g_v) ∘ F) vᵀ with F_ij = 1 / (w_j - w_i). Where
    two eigenvalues are equal F is 0, which is right for losses that do not
    depend on the choice of a basis of their space; others have no derivative there.

    References
    ----------
    M. Giles: An extended collection of matrix derivative results, 2008.
    """
    check_square("eigh", x)
    w, v = naming("eigh", lambda: xp.linalg.eigh((x + xp.swapaxes(x, -1, -2).conj()) / 2))
    return w, v


@eigh.vjp("x")
def eigh_dx(g, w, v):
    """dL/dx = sym(v (diag(g_w) + (vᵀ g_v) ∘ F) vᵀ)"""
    gw, gv = g
    diagonal = multiply(expand_dims(gw, axis=-1), eye(w.shape[-1], dtype=w.dtype, device=w.device))
    inner = diagonal + multiply(matmul(matrix_transpose(v), gv), _gaps(w))
    return symmetric(matmul(matmul(v, inner), matrix_transpose(v)))


@eigh.samples
def _(make):
    a = make(3, 3)
    yield Sample.of(a + a.T + numpy.diag([0.0, 2.0, 5.0]))


@op(formula="w = eigenvalues of (x + xᵀ) / 2", upcast=True, quiet=True)
def eigvalsh(xp, x):
    """Eigenvalues of symmetric matrices, in ascending order.

    Parameters
    ----------
    x : Tensor of shape (..., n, n)
        Taken to be symmetric.

    Returns
    -------
    Tensor of shape (..., n)

    Raises
    ------
    ValueError
        For matrices that are not square.

    Notes
    -----
    The eigenvectors are computed in backward only. Equal eigenvalues share the
    gradient in whatever basis of their space is found.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[3.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> w = mt.linalg.eigvalsh(x)
    >>> w.tolist(), mt.grad(w[0], x).tolist()
    ([1.0, 3.0], [[0.0, 0.0], [0.0, 1.0]])
    """
    check_square("eigvalsh", x)
    symmetric_part = (x + xp.swapaxes(x, -1, -2).conj()) / 2
    return naming("eigvalsh", lambda: xp.linalg.eigvalsh(symmetric_part))


@eigvalsh.vjp("x")
def eigvalsh_dx(g, x):
    """dL/dx = v diag(g) vᵀ"""
    _, v = eigh(x)
    return matmul(multiply(v, expand_dims(g, axis=-2)), matrix_transpose(v))


@eigvalsh.samples
def _(make):
    a = make(2, 3, 3)
    yield Sample.of(a + a.swapaxes(1, 2) + numpy.diag([0.0, 2.0, 5.0]))


@op(name="svd", formula="x = u diag(s) vᵀ", outputs=("u", "s", "vt"), upcast=True, quiet=True)
def _svd(xp, x, *, full_matrices=True):
    """The op behind :func:`svd`."""
    check_matrix("svd", x)
    u, s, vt = naming("svd", lambda: xp.linalg.svd(x, full_matrices=full_matrices))
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
    diagonal = eye(count, dtype=s.dtype, device=s.device)
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


def _separated(make, rows, columns):
    """A matrix whose singular values are 1, 2, ..."""
    u, _, vt = numpy.linalg.svd(make(rows, columns), full_matrices=False)
    return u * numpy.arange(1.0, len(vt) + 1)[::-1] @ vt


@_svd.samples
def _(make):
    for shape in ((3, 3), (4, 2), (2, 4)):
        yield Sample.of(_separated(make, *shape), full_matrices=False)


@op(formula="s = singular values of x", upcast=True, quiet=True)
def svdvals(xp, x):
    """Singular values of matrices, in descending order.

    Parameters
    ----------
    x : Tensor of shape (..., m, n)

    Returns
    -------
    Tensor of shape (..., min(m, n))

    Raises
    ------
    ValueError
        For fewer than two axes.

    Notes
    -----
    The singular vectors are computed in backward only.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[0.0, -3.0], [1.0, 0.0]], requires_grad=True)
    >>> s = mt.linalg.svdvals(x)
    >>> s.tolist(), mt.grad(s[0], x).tolist()
    ([3.0, 1.0], [[0.0, -1.0], [0.0, 0.0]])
    """
    check_matrix("svdvals", x)
    return naming("svdvals", lambda: xp.linalg.svd(x, compute_uv=False))


@svdvals.vjp("x")
def svdvals_dx(g, x):
    """dL/dx = u diag(g) vᵀ"""
    u, _, vt = _svd(x, full_matrices=False)
    return matmul(multiply(u, expand_dims(g, axis=-2)), vt)


@svdvals.samples
def _(make):
    yield Sample.of(_separated(make, 3, 3))
    yield Sample.of(_separated(make, 4, 2))


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

    Raises
    ------
    ValueError
        For fewer than two axes.
    NotImplementedError
        In backward, for full matrices of an x that is not square.

    Notes
    -----
    Where two singular values are equal the terms that mix their vectors are
    taken to be 0, as in :func:`eigh`. A singular value 0 of an x that is not
    square makes the gradient infinite; :func:`svdvals` has neither trouble.

    References
    ----------
    J. Townsend: Differentiating the singular value decomposition, 2016.
    """
    result: tuple[Tensor, Tensor, Tensor] = _svd(x, full_matrices=full_matrices)
    return result
