"""Every rung of csrc/cpu/loss against float64, within the bound of its sums and exponentials."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.label_loss import label_loss, softmax_cross_entropy_dx
from minitorch.ops.softmax import log_softmax, softmax_op
from tests.native.support import Guarded, rungs

RUNGS = rungs("loss")
DTYPES = ("float32", "float64")
PASSES = {
    "softmax": softmax_op,
    "log_softmax": log_softmax,
    "entropy": label_loss,
    "back": softmax_cross_entropy_dx,
}
# (outer, classes, inner): vectors have 2 to 8 lanes, tasks 16,384 elements.
SHAPES = (
    (1, 1, 1), (3, 2, 1), (5, 7, 1), (5, 8, 1), (5, 9, 1), (2, 1000, 1), (3900, 10, 1), (0, 4, 1),
    (2, 3, 7), (2, 3, 8), (2, 3, 9), (1, 5, 1), (3, 400, 29), (2, 1, 5), (1, 2, 0),
)  # fmt: skip


def arrays(shape, dtype, spread=3.0):
    rng = np.random.default_rng(sum(shape))
    x = (rng.normal(size=shape) * spread).astype(dtype)
    rows = (shape[0], shape[2])
    return x, rng.integers(0, shape[1], rows), rng.normal(size=rows).astype(dtype)


def run(module, rung, pass_, x, labels, g):
    shape = labels.shape if pass_ == "entropy" else x.shape
    y = Guarded(shape, x.dtype)
    extra = {"softmax": (), "log_softmax": (), "entropy": (labels,), "back": (labels, g)}[pass_]
    module.loss(rung, pass_, x, y.array, *extra)
    return y.check()


def body(pass_, x, labels, g):
    given = {"entropy": (x, labels), "back": (g, x, labels)}.get(pass_, (x,))
    return PASSES[pass_].body(np, *given, axis=1)


@pytest.mark.parametrize("labels_as", ["int32", "int64"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_equals_the_body(native, isa, rung, shape, dtype, labels_as):
    """A power is off by 4 units, and by the rounding of x - m; the total by classes units more."""
    x, labels, g = arrays(shape, dtype)
    away = np.abs(x - x.max(1, keepdims=True)).max(initial=0) + 1
    share = (shape[1] + 12 + 2 * away) * np.finfo(dtype).eps  # of a probability, relative
    for pass_ in PASSES:
        found = run(native, rung, pass_, x, labels.astype(labels_as), g)
        exact = body(pass_, x.astype("f8"), labels, g.astype("f8"))
        size = {"softmax": exact, "back": np.abs(g)[:, None]}.get(pass_, 1 + np.abs(exact))
        assert (np.abs(found - exact) <= share * size).all(), pass_


@pytest.mark.parametrize("inner", [1, 3])
@pytest.mark.parametrize("rung", RUNGS)
def test_large_scores_and_what_is_no_number(native, isa, rung, inner):
    inf, nan = np.inf, np.nan
    rows = [[1e30, 0, -1e30], [inf, 0, 1], [nan, 0, 1], [0, 1, nan], [-inf] * 3, [-inf, 2, 2]]
    rows += [[1000, 999, 0], [nan] * 3]
    x = np.repeat(np.asarray(rows, "f4")[:, :, None], inner, axis=2)
    labels, g = np.zeros((len(rows), inner), "i8"), np.ones((len(rows), inner), "f4")
    with np.errstate(all="ignore"):
        for pass_ in PASSES:
            expected = body(pass_, x, labels, g)
            np.testing.assert_allclose(run(native, rung, pass_, x, labels, g), expected, rtol=1e-5)


@pytest.mark.parametrize("inner", [1, 3])
@pytest.mark.parametrize("rung", RUNGS)
def test_a_label_that_is_no_class_is_nan_and_reads_nothing(native, rung, inner):
    x, labels, g = arrays((2, 5, inner), "float32")
    labels[:] = [[-1], [5]]
    assert np.isnan(run(native, rung, "entropy", x, labels, g)).all()
    shares = run(native, rung, "softmax", x, labels, g)
    back = run(native, rung, "back", x, labels, g)
    np.testing.assert_allclose(back, shares * g[:, None], rtol=1e-6)


@pytest.mark.parametrize("rung", ["reference", *RUNGS])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_any_axis_and_memory_order_through_the_ops(native, rung, axis):
    x = np.random.default_rng(2).normal(size=(4, 5, 6)).swapaxes(0, 2)[::-1]
    rows = np.delete(x.shape, axis)
    labels = np.random.default_rng(3).integers(0, 4, rows)[::-1]
    results = []
    for name in ("reference", rung):
        with mt.use_kernel(softmax_op, name), mt.use_kernel(log_softmax, name):
            found = [mt.softmax(x, axis=axis).numpy(), mt.log_softmax(x, axis=axis).numpy()]
        with mt.use_kernel(label_loss, name), mt.use_kernel(softmax_cross_entropy_dx, name):
            scores = mt.tensor(x, requires_grad=True)
            loss = mt.softmax_cross_entropy(scores, labels, axis=axis)
            (loss * loss).sum().backward()
        results.append([*found, loss.numpy(), scores.grad.numpy()])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rung", RUNGS)
def test_the_number_of_threads_changes_no_bit(native, rung):
    for shape in ((3900, 10, 1), (3, 400, 29)):
        x, labels, g = arrays(shape, "float32")
        for pass_ in PASSES:
            results = []
            for threads in (1, 3):
                native.set_num_threads(threads)
                results.append(run(native, rung, pass_, x, labels, g))
            np.testing.assert_array_equal(*results)


def test_labels_of_another_type_go_to_the_body(native):
    x, labels = np.ones((2, 3), "f4"), np.ones(2, "u1")
    assert label_loss(x, labels).shape == (2,)
    with (
        mt.use_kernel(label_loss, "k01_naive"),
        pytest.raises(RuntimeError, match=r"labels must be int32 or int64, \(2,\)"),
    ):
        label_loss(x, labels)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"pass": "hinge"}, ValueError, "pass is one of softmax"),
        ({"pass": "softmax"}, ValueError, "no other pass does"),
        ({"labels": None}, ValueError, "entropy takes labels"),
        ({"x": np.ones((2, 0, 3), "f4")}, ValueError, "no classes"),
        ({"labels": np.ones((2, 4), "i8")}, ValueError, "labels has the shape"),
        ({"labels": np.ones((2, 3), "i2")}, TypeError, "labels has the dtype int16"),
        ({"y": np.ones((2, 4, 4), "f4")}, ValueError, "y has the shape"),
    ],
)
def test_misfits_are_refused(native, changed, error, message):
    call = {
        "pass": "back", "x": np.ones((2, 4, 3), "f4"), "y": np.ones((2, 4, 3), "f4"),
        "labels": np.ones((2, 3), "i8"), "g": np.ones((2, 3), "f4"),
    }  # fmt: skip
    native.loss("k01_naive", **call)
    with pytest.raises(error, match=message):
        native.loss("k01_naive", **{**call, **changed})
