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
    wide = mt.tensor(TALL.T, requires_grad=True)
    with pytest.raises(NotImplementedError, match="tall or square"):
        mt.linalg.qr(wide).R.sum().backward()
    with pytest.raises(NotImplementedError, match="full_matrices=False"):
        mt.linalg.svd(wide).S.sum().backward()
