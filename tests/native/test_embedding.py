"""Every rung of csrc/cpu/embedding equals the bodies: to the bit, the order is the same."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.embedding import embedding_op, embedding_wgrad
from tests.native.support import Guarded, rungs

RUNGS = rungs("embedding")
# (rows, width, places); a cache line is 8 or 16 numbers, a row has 4 slices at most.
SHAPES = [(1, 1, 1), (5, 7, 0), (5, 0, 3), (3, 15, 40), (7, 16, 9), (4, 129, 33), (50, 300, 700)]


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["int32", "int64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_rung_equals_the_body(native, isa, rung, dtype, kind, shape):
    (rows, width, count), rng = shape, np.random.default_rng(4)
    w, y = (rng.normal(size=(n, width)).astype(dtype) for n in (rows, count))
    index = rng.integers(0, rows, count).astype(kind)
    out = Guarded((count, width), dtype)
    native.embedding_gather(rung, w, index, out.array)
    np.testing.assert_array_equal(out.check(), w[index])
    out = Guarded((rows, width), dtype)
    native.embedding_scatter(rung, y, index, out.array)
    np.testing.assert_array_equal(out.check(), embedding_wgrad.body(np, y, index, rows=rows))


@pytest.mark.parametrize("rung", ["reference", *RUNGS])
def test_any_shape_and_layout(native, rung):
    """Indices with any axes, vectors with several, memory in any order."""
    rng = np.random.default_rng(4)
    w = rng.normal(size=(3, 4, 6)).T  # six rows of 4 x 3
    with mt.use_kernel(embedding_op, rung), mt.use_kernel(embedding_wgrad, rung):
        for index in (np.array(5), np.array([[1, 5, 0], [1, 1, 2]])[:, ::2]):
            table = mt.tensor(w, requires_grad=True)
            y = embedding_op(table, index)
            np.testing.assert_array_equal(y.numpy(), w[index])
            y.sum().backward()
            named = np.bincount(index.reshape(-1), minlength=6)
            expected = np.broadcast_to(named[:, None, None], (6, 4, 3))
            np.testing.assert_array_equal(table.grad.numpy(), expected)


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("wrong", [-1, 3, 2**40])
def test_indices_out_of_range_are_refused(native, rung, wrong):
    w, y, index = np.ones((3, 2)), np.ones((2, 2)), np.array([0, wrong])
    with pytest.raises(IndexError, match=f"index {wrong} is out of range, the table has 3 rows"):
        native.embedding_gather(rung, w, index, y)
    with pytest.raises(IndexError, match="out of range"):
        native.embedding_scatter(rung, y, index, w)


@pytest.mark.parametrize(
    ("w", "index", "reason"),
    [
        (np.ones((3, 2), "i4"), np.zeros(2, "i8"), "the vectors are int32"),
        (np.ones((3, 2), "f4"), np.zeros(2, "u1"), "indices are int32 or int64, got uint8"),
    ],
)
def test_a_forced_lookup_says_what_it_cannot_do(native, w, index, reason):
    embedding_op(w, index)
    with mt.use_kernel(embedding_op, "k02_slices"), pytest.raises(RuntimeError, match=reason):
        embedding_op(w, index)


def test_misfits_are_refused_at_the_door(native):
    w, index = np.ones((3, 2)), np.zeros(4, "i8")
    with pytest.raises(ValueError, match="y has the shape"):
        native.embedding_gather("k01_naive", w, index, np.ones((4, 3)))
    with pytest.raises(TypeError, match="index has the dtype"):
        native.embedding_gather("k01_naive", w, index.astype("u8"), np.ones((4, 2)))
