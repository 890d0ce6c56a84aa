"""Every rung of csrc/cpu/matmul against float64, wherever its operands lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops.matmul import matmul
from tests.native.support import NATIVE, REASON, Guarded, bound, rungs

RUNGS = rungs("matmul")
DTYPES = ("float32", "float64")
# How a matrix may lie in memory, given (rows, columns).
LAYOUTS = {
    "rows": lambda make, m, n: make(m, n),
    "columns": lambda make, m, n: make(n, m).T,
    "strided": lambda make, m, n: make(2 * m, 3 * n)[::-2, ::3],
}
# The tile is 6 x (4, 8 or 16), panels are 256 long, blocks have 96 rows and 256 columns at most.
SHAPES = [
    (1, 1, 1), (5, 15, 7), (6, 16, 8), (7, 17, 9), (13, 31, 257), (97, 33, 256), (3, 2049, 5),
    (4, 257, 255), (101, 2, 300), (1, 70, 600), (600, 1, 33), (8, 520, 64), (0, 3, 2), (3, 0, 2),
    (3, 4, 0),
]  # fmt: skip


def maker(dtype, seed=7):
    rng = np.random.default_rng(seed)
    return lambda *shape: rng.normal(size=shape).astype(dtype)


def exact(a, b):
    """The product, and the sum of the absolute values of its terms."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return a @ b, np.abs(a) @ np.abs(b)


def check(module, rung, a, b, dtype):
    expected, size = exact(a, b)
    out = Guarded(expected.shape, dtype)
    module.matmul(rung, a, b, out.array)
    excess = np.abs(out.check() - expected) - bound(a.shape[-1], size, dtype)
    assert (excess <= 0).all(), f"off by {excess.max()} more than rounding explains"


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("left", LAYOUTS)
@pytest.mark.parametrize("right", LAYOUTS)
def test_every_rung_in_every_layout(native, isa, rung, dtype, left, right):
    make = maker(dtype)
    for m, n, k in SHAPES:
        check(native, rung, LAYOUTS[left](make, m, k), LAYOUTS[right](make, k, n), dtype)


@pytest.mark.parametrize("rung", RUNGS)
def test_batches_are_broadcast(native, isa, rung):
    make = maker("float32")
    for left, right in [
        ((3, 5, 4), (3, 4, 6)),
        ((2, 1, 5, 4), (3, 4, 6)),
        ((2, 3, 1, 1, 7, 2),) * 2,
    ]:
        a, b = make(*left), make(*right)
        b = b if left[-1] == right[-2] else b.swapaxes(-1, -2)
        rank = max(a.ndim, b.ndim)
        check(native, rung, a[(None,) * (rank - a.ndim)], b[(None,) * (rank - b.ndim)], "float32")


@pytest.mark.parametrize("rung", RUNGS)
def test_a_batch_of_large_products(native, rung):
    make = maker("float32")
    check(native, rung, make(2, 170, 160), make(2, 160, 170), "float32")


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("shape", [(7, 9, 5), (2, 300, 700), (100, 40, 300), (3, 4, 0)])
def test_the_epilogue(native, isa, rung, shape):
    """Adding to what is there, a bias of columns or of rows, and the rectifier, in that order."""
    m, n, k = shape
    make = maker("float64")
    a, b, before = make(m, k), make(k, n), make(m, n)
    for bias in (None, make(n), make(m, 1)):
        for relu in (False, True):
            for accumulate in (False, True):
                expected = a @ b + (before if accumulate else 0) + (0 if bias is None else bias)
                expected = np.maximum(expected, 0) if relu else expected
                y = before.copy()
                native.matmul(rung, a, b, y, bias=bias, relu=relu, accumulate=accumulate)
                np.testing.assert_allclose(y, expected, rtol=0, atol=1e-12 * (k + 2))


@pytest.mark.parametrize("rung", RUNGS)
def test_a_nan_stays_in_its_row(native, rung):
    make = maker("float32")
    a, b, y = make(9, 20), make(20, 18), np.empty((9, 18), "float32")
    a[4, 3] = np.nan
    native.matmul(rung, a, b, y, relu=True)
    np.testing.assert_array_equal(np.isnan(y).all(axis=1), np.arange(9) == 4)
    assert not np.isnan(np.delete(y, 4, axis=0)).any()


lengths = st.one_of(st.integers(0, 40), st.sampled_from([96, 97, 255, 256, 257, 300]))


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(
    sizes=st.tuples(lengths, lengths, lengths),
    layouts=st.tuples(*[st.sampled_from(list(LAYOUTS))] * 2),
    rung=st.sampled_from(RUNGS),
    dtype=st.sampled_from(DTYPES),
)
def test_any_product(sizes, layouts, rung, dtype):
    (m, n, k), make = sizes, maker(dtype)
    a, b = LAYOUTS[layouts[0]](make, m, k), LAYOUTS[layouts[1]](make, k, n)
    check(NATIVE, rung, a, b, dtype)


@pytest.mark.parametrize("rung", ["reference", *RUNGS])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 4), (4, 2)), ((4,), (4,)), ((4,), (4, 2)), ((3, 4), (4,)), ((2, 3, 4), (4,)),
        ((4,), (2, 4, 3)), ((2, 1, 3, 4), (5, 4, 2)), ((2, 3, 4), (4, 2)), ((3, 0), (0, 2)),
        ((0, 3, 4), (4, 2)), ((5, 1), (1, 3)),
    ],
)  # fmt: skip
def test_the_op_by_every_rung(native, rung, left, right):
    """Shapes and gradients of all that ``matmul`` takes, transposed views included."""
    make = maker("float64")
    arrays = [np.asfortranarray(make(*left)), make(*right)[::-1]]
    with mt.use_kernel(matmul, rung):
        a, b = (mt.tensor(x, requires_grad=True) for x in arrays)
        y = matmul(a, b)
        y.sum().backward()
    np.testing.assert_allclose(y.numpy(), np.matmul(*arrays), rtol=0, atol=1e-12)
    with mt.use_kernel(matmul, "reference"):
        c, d = (mt.tensor(x, requires_grad=True) for x in arrays)
        matmul(c, d).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), c.grad.numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(b.grad.numpy(), d.grad.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ((np.ones((2, 2), "i4"), np.ones((2, 2), "i4")), "float64, the arrays are int32"),
        ((np.ones((2, 2), "f4"), np.ones((2, 2), "f8")), "one dtype"),
        ((np.ones((1,) * 7), np.ones((1,) * 7)), "6 axes at most"),
        ((np.zeros(17, "u1")[1:].view("f4").reshape(2, 2), np.ones((2, 2), "f4")), "aligned"),
        ((np.ones(4, "f4,u4")["f0"].reshape(2, 2), np.ones((2, 2), "f4")), None),
    ],
)
def test_a_forced_product_says_what_it_cannot_do(native, arrays, reason):
    with mt.use_kernel(matmul, "k03_packed"):
        if reason is None:
            matmul(*arrays)
            return
        with pytest.raises(RuntimeError, match=f"'k03_packed' cannot run: .*{reason}"):
            matmul(*arrays)
    matmul(*arrays)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({}, None, ""),
        ({"a": np.ones((3, 4), "f8")}, TypeError, "a has the dtype float64"),
        ({"b": np.ones((5, 2), "f4")}, ValueError, "do not fit"),
        ({"b": np.ones((1, 4, 2), "f4")}, ValueError, "as many axes as y"),
        ({"y": np.ones((2, 3), "f4").T}, ValueError, "C-contiguous"),
        ({"y": np.ones(3, "f4")}, ValueError, "2 to 6 axes"),
        ({"bias": np.ones(3, "f4")}, ValueError, "bias has the shape"),
        ({"bias": np.ones((3, 2), "f4")}, ValueError, "bias has the shape"),
        ({"rung": "k99"}, ValueError, "no rung 'k99'"),
    ],
)
def test_misfits_are_refused_at_the_door(native, changed, error, message):
    given = {"rung": "k01_naive", "a": np.ones((3, 4), "f4"), "b": np.ones((4, 2), "f4")}
    given["y"] = np.empty((3, 2), "f4")
    given |= changed
    if error is None:
        native.matmul(**given)
        return
    with pytest.raises(error, match=message):
        native.matmul(**given)
