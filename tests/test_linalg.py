"""The linear algebra extension, against NumPy and defining identities."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import gradcheck

RNG = np.random.default_rng(11)
SQUARE = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
SYMMETRIC = SQUARE + SQUARE.swapaxes(1, 2)
POSITIVE = SQUARE @ SQUARE.swapaxes(1, 2) + np.eye(3)
TALL = RNG.normal(size=(4, 2))


def t(x):
    return mt.asarray(x)


def test_inverse_solve_and_determinants():
    np.testing.assert_allclose(mt.linalg.inv(t(SQUARE)).numpy(), np.linalg.inv(SQUARE))
    b = RNG.normal(size=(2, 3, 2))
    np.testing.assert_allclose(mt.linalg.solve(t(SQUARE), t(b)).numpy(), np.linalg.solve(SQUARE, b))
    np.testing.assert_allclose(mt.linalg.det(t(SQUARE)).numpy(), np.linalg.det(SQUARE))
    sign, logabs = mt.linalg.slogdet(t(SQUARE))
    np.testing.assert_allclose(sign.numpy() * np.exp(logabs.numpy()), np.linalg.det(SQUARE))


def test_decompositions_multiply_back():
    lower = mt.linalg.cholesky(t(POSITIVE))
    np.testing.assert_allclose((lower @ lower.mT).numpy(), POSITIVE)
    upper = mt.linalg.cholesky(t(POSITIVE), upper=True)
    np.testing.assert_allclose((upper.mT @ upper).numpy(), POSITIVE)
    q, r = mt.linalg.qr(t(TALL))
    np.testing.assert_allclose((q @ r).numpy(), TALL)
    np.testing.assert_allclose((q.mT @ q).numpy(), np.eye(2), atol=1e-14)
    w, v = mt.linalg.eigh(t(SYMMETRIC))
    np.testing.assert_allclose((v * w[:, None, :] @ v.mT).numpy(), SYMMETRIC)
    u, s, vh = mt.linalg.svd(t(TALL), full_matrices=False)
    np.testing.assert_allclose(((u * s) @ vh).numpy(), TALL)
    assert mt.linalg.qr(t(TALL), mode="complete").Q.shape == (4, 4)


def test_norms():
    x = TALL
    for order in (0, 1, 2, 3, np.inf, -np.inf):
        found = mt.linalg.vector_norm(t(x), axis=0, ord=order)
        np.testing.assert_allclose(found.numpy(), np.linalg.norm(x, order, axis=0))
    for order in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        found = mt.linalg.matrix_norm(t(x), ord=order)
        np.testing.assert_allclose(found.numpy(), np.linalg.norm(x, order))
    with pytest.raises(ValueError, match="'fro'"):
        mt.linalg.matrix_norm(t(x), ord="max")


def test_the_norm_neither_overflows_nor_has_a_nan_at_zero():
    huge = mt.asarray([1e30, 1e30], dtype=mt.float32)
    assert mt.linalg.vector_norm(huge).item() == pytest.approx(np.sqrt(2) * 1e30, rel=1e-6)
    x = mt.zeros(3, dtype=mt.float64).requires_grad_()
    mt.linalg.vector_norm(x).backward()
    assert x.grad.tolist() == [0, 0, 0]
    lines = mt.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
    mt.linalg.vector_norm(lines, axis=1).sum().backward()
    np.testing.assert_allclose(lines.grad.numpy(), [[0, 0], [0.6, 0.8]], rtol=1e-6)
    assert gradcheck(lambda x: mt.linalg.vector_norm(x, axis=-1), [SQUARE]) < 1e-8


def test_the_small_ones():
    x = SQUARE
    for k in (-1, 0, 1):
        np.testing.assert_allclose(
            mt.linalg.diagonal(t(x), offset=k).numpy(), np.diagonal(x, k, 1, 2)
        )
        np.testing.assert_allclose(mt.linalg.trace(t(x), offset=k).numpy(), np.trace(x, k, 1, 2))
    for n in (-2, 0, 1, 5):
        np.testing.assert_allclose(
            mt.linalg.matrix_power(t(x), n).numpy(), np.linalg.matrix_power(x, n)
        )
    np.testing.assert_allclose(mt.linalg.cross(t(x), t(x[::-1])).numpy(), np.cross(x, x[::-1]))
    np.testing.assert_allclose(mt.linalg.pinv(t(TALL)).numpy(), np.linalg.pinv(TALL))
    deficient = np.outer(np.arange(3.0), np.ones(3))
    assert mt.linalg.matrix_rank(t(deficient)).item() == 1
    np.testing.assert_allclose(mt.linalg.svdvals(t(TALL)).numpy(), np.linalg.svd(TALL)[1])
    np.testing.assert_allclose(
        mt.linalg.eigvalsh(t(SYMMETRIC)).numpy(), np.linalg.eigvalsh(SYMMETRIC)
    )
    for function in (mt.linalg.pinv, mt.linalg.diagonal, lambda x: mt.linalg.matrix_power(x, 3)):
        assert gradcheck(function, [SQUARE]) < 1e-7


def test_wrong_input():
    with pytest.raises(ValueError, match=r"inv: takes square matrices, x has shape \(4, 2\)"):
        mt.linalg.inv(t(TALL))
    with pytest.raises(ValueError, match="inv: Singular matrix"):
        mt.linalg.inv(mt.zeros((2, 2)))
    with pytest.raises(ValueError, match="cholesky: "):
        mt.linalg.cholesky(t(-POSITIVE))
    with pytest.raises(ValueError, match="do not fit"):
        mt.linalg.solve(t(SQUARE), mt.zeros(4))
    with pytest.raises(ValueError, match="det: takes square matrices"):
        mt.linalg.det(mt.zeros(3))
    for function in (mt.linalg.svd, mt.linalg.qr, mt.linalg.pinv, mt.linalg.trace):
        with pytest.raises(ValueError, match=r"takes matrices .* shape \(3,\)"):
            function(mt.zeros(3))
    with pytest.raises(ValueError, match="not 'raw'"):
        mt.linalg.qr(t(TALL), mode="raw")


def test_what_has_no_gradient_says_so():
    tall = mt.tensor(TALL, requires_grad=True)
    with pytest.raises(NotImplementedError, match="full_matrices=False"):
        mt.linalg.svd(tall).S.sum().backward()
    with pytest.raises(NotImplementedError, match="mode='reduced'"):
        mt.linalg.qr(tall, mode="complete").R.sum().backward()
    assert not mt.linalg.matrix_rank(tall).requires_grad


def test_equal_eigenvalues_and_singular_values():
    x = mt.tensor(np.eye(3), requires_grad=True)
    w, v = mt.linalg.eigh(x)
    (w.sum() + (v @ v.mT).sum()).backward()  # neither depends on the basis
    np.testing.assert_allclose(x.grad.numpy(), np.eye(3))
    for values in (mt.linalg.eigvalsh, mt.linalg.svdvals, lambda x: mt.linalg.svd(x).S):
        np.testing.assert_allclose(mt.grad(values(x).sum(), x).numpy(), np.eye(3), atol=1e-15)
    zero = mt.zeros((2, 4), dtype=mt.float64).requires_grad_()
    assert np.isfinite(mt.grad(mt.linalg.svdvals(zero).sum(), zero).numpy()).all()


def cofactors(x):
    n = len(x)
    minor = [
        [np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) for j in range(n)] for i in range(n)
    ]
    return np.array(minor) * (-1.0) ** np.add.outer(np.arange(n), np.arange(n))


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_the_determinant_of_singular_matrices_has_a_gradient(rank):
    values = RNG.normal(size=(3, rank)) @ RNG.normal(size=(rank, 3))
    x = mt.tensor(values, requires_grad=True)
    gradient = mt.grad(mt.linalg.det(x), x)
    np.testing.assert_allclose(gradient.numpy(), cofactors(values), atol=1e-12)


def test_rank_deficient_pseudo_inverse():
    """Its gradient along changes that keep the rank."""
    a, b = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 3))
    w = mt.asarray(RNG.normal(size=(3, 4)))
    assert gradcheck(lambda a, b: (mt.linalg.pinv(a @ b) * w).sum(), [a, b]) < 1e-6
    per_matrix = mt.linalg.pinv(t(np.stack([a @ b] * 2)), rtol=mt.asarray([1e-9, 2.0]))
    np.testing.assert_allclose(per_matrix.numpy()[0], np.linalg.pinv(a @ b))
    assert (per_matrix.numpy()[1] == 0).all()
    assert mt.linalg.pinv(mt.zeros((2, 0, 3))).shape == (2, 3, 0)


@pytest.mark.parametrize("order", [0, 1, 2, 3, 0.5, np.inf, -np.inf, -1])
def test_norms_of_zeros_infinities_and_nans(order):
    x = mt.zeros(3, dtype=mt.float64).requires_grad_()
    norm = mt.linalg.vector_norm(x, ord=order)
    assert norm.item() == 0
    if norm.requires_grad:
        norm.backward()
        assert np.isfinite(x.grad.numpy()).all()
    assert np.isnan(mt.linalg.vector_norm(mt.asarray([np.nan, 1.0]), ord=2).item())
    assert mt.linalg.vector_norm(mt.asarray([-np.inf, 1.0]), ord=2).item() == np.inf
    lines = mt.asarray([[0.0, 0.0], [3.0, -4.0]])
    if 0 < order < np.inf:
        np.testing.assert_allclose(
            mt.linalg.vector_norm(lines, axis=1, ord=order).numpy(),
            np.linalg.norm(lines.numpy(), order, axis=1),
            rtol=1e-6,
        )


def test_complex_constants_factor_too():
    x = SQUARE[0] + 1j * SQUARE[1]
    hermitian = x @ x.conj().T + np.eye(3)
    lower = mt.linalg.cholesky(t(hermitian)).numpy()
    np.testing.assert_allclose(lower @ lower.conj().T, hermitian)
    np.testing.assert_allclose(mt.linalg.pinv(t(x[:, :2])).numpy(), np.linalg.pinv(x[:, :2]))
    np.testing.assert_allclose(mt.linalg.vector_norm(t(x)).item(), np.linalg.norm(x))
    np.testing.assert_allclose(
        mt.linalg.eigvalsh(t(hermitian)).numpy(), np.linalg.eigvalsh(hermitian)
    )


@pytest.mark.dev
def test_against_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    for name in ("pinv", "det", "svdvals", "eigvalsh", "cholesky", "inv", "matrix_norm"):
        x = mt.tensor(POSITIVE, requires_grad=True)
        theirs = torch.tensor(POSITIVE, requires_grad=True)
        getattr(mt.linalg, name)(x).sum().backward()
        getattr(torch.linalg, name)(theirs).sum().backward()
        expected = theirs.grad.numpy()
        if name in ("cholesky", "eigvalsh"):  # theirs may lie in one triangle
            expected = (expected + expected.swapaxes(1, 2)) / 2
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-9, atol=1e-9, err_msg=name)
