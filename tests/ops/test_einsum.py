"""Einsum, against NumPy."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import gradcheck, gradgradcheck

RNG = np.random.default_rng(5)

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


@pytest.mark.parametrize("shapes", [[(2, 0), (0, 3)], [(0, 2), (2, 3)]])
def test_empty_operands(shapes):
    arrays = [mt.zeros(s).requires_grad_() for s in shapes]
    out = mt.einsum("ij,jk->ik", *arrays)
    assert out.shape == (shapes[0][0], shapes[1][1]) and not out.numpy().any()
    out.sum().backward()
    assert [a.grad.shape for a in arrays] == shapes


def test_the_same_tensor_twice_and_constants_between():
    x = mt.tensor(RNG.normal(size=(3, 3)), requires_grad=True)
    c = RNG.normal(size=(3, 3))
    mt.einsum("ij,jk,kl->il", x, mt.asarray(c), x).sum().backward()
    ones = np.ones((3, 3))
    value = x.numpy()
    np.testing.assert_allclose(
        x.grad.numpy(), ones @ (c @ value).T + (value @ c).T @ ones, rtol=1e-12
    )


def test_a_result_never_shares_memory():
    x = mt.zeros((2, 2))
    for spec in ("ij->ij", "ij->ji", "ii->i"):
        assert not np.shares_memory(mt.einsum(spec, x).data, x.data)


def test_half_precision_sums_in_single():
    x = mt.ones(4096, dtype=mt.float16)
    found = mt.einsum("i,i->", x, x)
    assert found.item() == 4096 and found.dtype == mt.float16
