"""Matrix products, against NumPy."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 2)),
        ((4,), (4,)),
        ((4,), (4, 2)),
        ((2, 3, 4), (4,)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 2)),
        ((2, 3, 4), (4, 5)),
        ((2, 1, 3, 4), (4, 2)),
        ((4,), (2, 4, 3)),
        ((0, 4), (4, 2)),
        ((3, 0), (0, 2)),
    ],
)
def test_matmul(a, b):
    x, y = RNG.normal(size=a), RNG.normal(size=b)
    np.testing.assert_allclose((mt.asarray(x) @ mt.asarray(y)).numpy(), x @ y)
    if x.size and y.size:
        assert gradcheck(mt.matmul, [x, y]) < 1e-8
        assert gradgradcheck(mt.matmul, [x, y]) < 1e-8


@pytest.mark.parametrize(
    ("a", "b"), [((0, 4), (4, 2)), ((3, 0), (0, 2)), ((2, 3, 0), (0, 5)), ((0, 3, 4), (4, 5))]
)
def test_gradients_of_empty_products(a, b):
    x, y = mt.zeros(a).requires_grad_(), mt.zeros(b).requires_grad_()
    out = x @ y
    assert out.shape == (np.zeros(a) @ np.zeros(b)).shape
    out.sum().backward()
    assert x.grad.shape == a and y.grad.shape == b


def test_batches_that_are_not_contiguous():
    x, w = RNG.normal(size=(4, 3, 2)), RNG.normal(size=(4, 5))
    turned = mt.permute_dims(mt.asarray(x), (2, 1, 0))
    np.testing.assert_allclose((turned @ mt.asarray(w)).numpy(), x.transpose(2, 1, 0) @ w)
    assert gradcheck(lambda x, w: mt.permute_dims(x, (2, 1, 0)) @ w, [x, w]) < 1e-8


def test_matmul_says_what_does_not_fit():
    with pytest.raises(
        ValueError, match=r"x1 has 3 columns, x2 has 4 rows \(x1 \(2, 3\), x2 \(4, 5\)\)"
    ):
        mt.zeros((2, 3)) @ mt.zeros((4, 5))
    with pytest.raises(ValueError, match="no 0-d"):
        mt.matmul(mt.asarray(1.0), mt.zeros(2))
    with pytest.raises(TypeError, match="not numbers"):
        mt.matmul(mt.zeros(2), 3.0)


def test_half_precision_sums_in_single():
    x = mt.ones((1, 4096), dtype=mt.float16)
    assert (x @ x.T).item() == 4096.0


def test_vecdot_outer_and_tensordot():
    a, b = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(4, 3, 5))
    ta, tb = mt.asarray(a), mt.asarray(b)
    np.testing.assert_allclose(mt.vecdot(ta, ta).numpy(), (a * a).sum(-1))
    np.testing.assert_allclose(
        mt.linalg.outer(ta[0, 0], tb[0, 0]).numpy(), np.outer(a[0, 0], b[0, 0])
    )
    for axes in (0, 1, ((1, 2), (1, 0))):
        np.testing.assert_allclose(
            mt.tensordot(ta, tb, axes=axes).numpy(), np.tensordot(a, b, axes)
        )
    with pytest.raises(ValueError, match="differ in length"):
        mt.tensordot(ta, tb, axes=2)
    with pytest.raises(ValueError, match="lengths along axis -1 differ"):
        mt.vecdot(ta, tb[0])
