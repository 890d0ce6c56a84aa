"""Sums of csrc/cpu/reduce against exact sums, within the bound of their pieces."""

import itertools
import math

import numpy as np
import pytest

import minitorch as mt
from tests.native.support import NATIVE, REASON, Guarded

pytestmark = pytest.mark.skipif(NATIVE is None, reason=REASON)
# Pieces are 1024 elements, blocks 128 results, parts 32768 elements.
SHAPES = [
    (), (1,), (0,), (3, 0, 2), (5,), (1023,), (1025,), (2, 3, 5), (4, 129), (129, 4), (3, 1, 7),
    (2, 20, 13, 13), (1500, 3), (3, 70000), (70000, 2), (40, 128, 7),
]  # fmt: skip


def exact(x, axes):
    """math.fsum of what each result is made of."""
    kept = [k for k in range(x.ndim) if k not in axes]
    summed = math.prod(x.shape[k] for k in axes)
    rows = x.transpose(*kept, *axes).reshape([*[x.shape[k] for k in kept], summed])
    return np.array(
        [math.fsum(rows[i].ravel()) for i in np.ndindex(*rows.shape[: len(kept)])]
    ).reshape([x.shape[k] for k in kept])


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums_over_all_choices_of_axes(shape, dtype, threads):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    before = NATIVE.num_threads()
    NATIVE.set_num_threads(threads)
    try:
        for view in (x, x.T, x[::-1] if x.ndim else x):
            for count in range(x.ndim + 1):
                for axes in itertools.combinations(range(x.ndim), count):
                    expected = exact(view.astype("f8"), axes)
                    out = Guarded(expected.shape, dtype)
                    NATIVE.sum("k01_pieces", view, axes, 1.0, out.array)
                    size = np.abs(view).astype("f8").sum(axis=axes)
                    # 1024 additions in T at most, two roundings more, and doubles around.
                    bound = 1027 * np.finfo(dtype).eps * size + np.finfo(dtype).tiny
                    assert (np.abs(out.check() - expected) <= bound).all()
    finally:
        NATIVE.set_num_threads(before)


def test_the_result_does_not_depend_on_the_threads():
    x = np.random.default_rng(1).normal(size=(70000, 5)).astype("f4")
    found = []
    for threads in (1, 2, 5):
        mt.set_num_threads(threads)
        found.append([mt.sum(x, axis=a).numpy() for a in (0, 1, None)])
    mt.set_num_threads(1)
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("op", ["sum", "mean"])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1,), ()])
def test_the_ops_by_the_kernel_are_those_of_numpy(op, axis, keepdims):
    x = np.random.default_rng(2).normal(size=(3, 4, 5))
    with mt.use_kernel(op, "k01_pieces"):
        found = getattr(mt, op)(mt.asarray(x), axis=axis, keepdims=keepdims)
    expected = getattr(x, op)(axis=axis, keepdims=keepdims)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)


def test_sum_to_by_the_kernel():
    x = np.random.default_rng(3).normal(size=(3, 4, 5))
    with mt.use_kernel("sum_to", "k01_pieces"):
        for shape in ((5,), (4, 1), (1, 1, 1), (3, 4, 5), (), (1, 4, 5)):
            found = mt.sum_to(mt.asarray(x), shape=shape)
            spread = np.broadcast_to(np.ones(shape), x.shape)
            axes = tuple(k for k in range(3) if spread.strides[k] == 0 or x.shape[k] == 1)
            np.testing.assert_allclose(found.numpy(), x.sum(axis=axes).reshape(shape), rtol=1e-13)


def test_what_it_does_not_do_is_done_by_the_body():
    assert mt.sum(mt.asarray([1, 2]), axis=0).item() == 3
    with mt.use_kernel("sum", "k01_pieces"), pytest.raises(RuntimeError, match="sums float32"):
        mt.sum(mt.asarray([1, 2]))
    with mt.use_kernel("mean", "k01_pieces"), pytest.raises(RuntimeError, match="mean is NaN"):
        mt.mean(mt.zeros((0,)))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((np.ones(3, "i4"), (0,), 1.0, np.ones((), "f4")), TypeError),
        ((np.ones(3, "f4"), (1,), 1.0, np.ones((), "f4")), ValueError),
        ((np.ones(3, "f4"), (0, 0), 1.0, np.ones((), "f4")), ValueError),
        ((np.ones(3, "f4"), (), 1.0, np.ones(2, "f4")), ValueError),
        ((np.ones(3, "f4"), (0,), 1.0, np.ones((), "f8")), TypeError),
    ],
)
def test_wrong_arrays_are_refused(arguments, error):
    with pytest.raises(error):
        NATIVE.sum("k01_pieces", *arguments)


def test_an_unknown_rung_is_refused():
    with pytest.raises(ValueError, match="no rung 'k9'"):
        NATIVE.sum("k9", np.ones(3, "f4"), (0,), 1.0, np.ones((), "f4"))
