"""Matrix products and einsum, against NumPy."""

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


EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->j", (2, 2, 3)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 2)),
    ("...ij,jk->...ik", (2, 3, 4), (4, 2)),
    ("i,j,k->ijk", (2,), (3,), (2,)),
    ("ij,kl->il", (2, 3), (2, 2)),
    ("ij,ij->i", (2, 3), (2, 3)),
    ("ij,ij->ij", (2, 1), (2, 3)),
]


@pytest.mark.parametrize(("spec", "shapes"), [(s, shapes) for s, *shapes in EINSUMS])
def test_einsum(spec, shapes):
    arrays = [RNG.normal(size=s) for s in shapes]
    found = mt.einsum(spec, *[mt.asarray(a) for a in arrays])
    np.testing.assert_allclose(found.numpy(), np.einsum(spec, *arrays), atol=1e-13)
    assert gradcheck(lambda *xs: mt.einsum(spec, *xs), arrays) < 1e-8
    assert gradgradcheck(lambda *xs: mt.einsum(spec, *xs), arrays) < 1e-8


@pytest.mark.parametrize(
    ("spec", "shapes", "message"),
    [
        ("ij,jk", [(2, 3)], "names 2 operands, got 1"),
        ("ijk", [(2, 3)], "does not fit"),
        ("ij,jk", [(2, 3), (4, 5)], "'j' is both 3 and 4"),
        ("ij->ik", [(2, 3)], "repeats or invents"),
        ("ij->ii", [(2, 3)], "repeats or invents"),
        ("i1", [(2, 3)], "no letter"),
    ],
)
def test_einsum_says_what_does_not_fit(spec, shapes, message):
    with pytest.raises(ValueError, match=message):
        mt.einsum(spec, *[mt.zeros(s) for s in shapes])
    with pytest.raises(TypeError, match="subscripts are a str"):
        mt.einsum(mt.zeros(2), mt.zeros(2))
