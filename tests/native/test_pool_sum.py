"""Every rung of csrc/cpu/pool_sum against float64, within the bound of its sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops.pool_sum import avg_pool, avg_unpool, sum_pool, sum_unpool
from minitorch.ops.pool_sum_native import _settings
from tests.native.support import NATIVE, REASON, Guarded, bound, rungs
from tests.native.test_pool2d import CASES, DTYPES, Case, geometries

RUNGS = rungs("pool_sum")
MEANS = (None, False, True)  # sums, means of the image's elements, of the padded image's


def check(module, rung, case, dtype, count_padding):
    """Windows of R S elements, then a division: R S + 1 roundings of the sum of absolute values.

    Back, an element is in at most R S windows, whose shares are rounded twice.
    """
    rng = np.random.default_rng(6)
    x, y = (rng.normal(size=shape).astype(dtype) for shape in (case.x, case.y))
    static = dict(case.static)
    ops = (sum_pool, sum_unpool)
    if count_padding is not None:
        static["count_padding"], ops = count_padding, (avg_pool, avg_unpool)
    native = _settings(case.window, case.stride, case.pad, count_padding)
    taps = int(np.prod(case.window))
    for back, given_, shape in ((False, x, case.y), (True, y, case.x)):
        extra = {"size": case.x[2:]} if back else {}
        exact, size = (
            ops[back].body(np, a.astype("f8"), **extra, **static) for a in (given_, np.abs(given_))
        )
        out = Guarded(shape, dtype)
        if back:
            module.pool_unsum(rung, out.array, given_, **native)
        else:
            module.pool_sum(rung, given_, out.array, **native)
        assert (np.abs(out.check() - exact) <= bound(taps + 2, size, dtype)).all()


@pytest.mark.parametrize("count_padding", MEANS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_rung_equals_the_body(native, isa, rung, case, dtype, count_padding):
    check(native, rung, case, dtype, count_padding)


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=40)
@given(
    case=geometries(), rung=st.sampled_from(RUNGS), dtype=st.sampled_from(DTYPES),
    count_padding=st.sampled_from(MEANS),
)  # fmt: skip
def test_any_geometry(case, rung, dtype, count_padding):
    check(NATIVE, rung, case, dtype, count_padding)


@pytest.mark.parametrize("rung", ["reference", *RUNGS])
@pytest.mark.parametrize("axes", [1, 2])
def test_any_memory_order_through_the_ops(native, rung, axes):
    x = np.random.default_rng(2).normal(size=(5, 3, 2, *[8, 6][:axes]))[::2, ::-1].swapaxes(0, 1)[0]
    names = (sum_pool, sum_unpool, avg_pool, avg_unpool)
    results = []
    for name in ("reference", rung):
        a = mt.tensor(x, requires_grad=True)
        chosen = [mt.use_kernel(op, name) for op in names]
        with chosen[0], chosen[1], chosen[2], chosen[3]:
            sums = (mt.sum_pool1d, mt.sum_pool2d)[axes - 1](a, 3, stride=2, pad=1)
            means = (mt.avg_pool1d, mt.avg_pool2d)[axes - 1](a, 2, ignore_border=False)
            ((sums * sums).sum() + (means * means).sum()).backward()
        results.append([sums.numpy(), means.numpy(), a.grad.numpy()])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rung", RUNGS)
def test_the_number_of_threads_changes_no_bit(native, rung):
    case = Case((40, 20, 9, 11), (3, 3), (2, 2), ((1, 1), (1, 1)))
    x = np.random.default_rng(0).normal(size=case.x).astype("f4")
    results = []
    for threads in (1, 3):
        native.set_num_threads(threads)
        y, back = np.empty(case.y, "f4"), np.empty(case.x, "f4")
        static = _settings(case.window, case.stride, case.pad, False)
        native.pool_sum(rung, x, y, **static)
        native.pool_unsum(rung, back, y, **static)
        results.append((y, back))
    for one, three in zip(*results, strict=True):
        np.testing.assert_array_equal(one, three)


def test_a_forced_kernel_says_what_it_cannot_do(native):
    x = np.ones((1, 1, 4, 4), "i8")
    static = Case(x.shape, (2, 2), (2, 2)).static
    sum_pool(x, **static)
    with mt.use_kernel(sum_pool, "k01_naive"), pytest.raises(RuntimeError, match="x is int64"):
        sum_pool(x, **static)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"x": np.ones((1, 1, 4, 4), "f2")}, TypeError, "dtype float16"),
        ({"y": np.ones((1, 2, 2, 2), "f4")}, ValueError, "y has the shape"),
        ({"mean": "geometric"}, ValueError, "mean is one of none, image, padded"),
        ({"pad_after": (0, -1)}, ValueError, "must not be negative"),
        ({"stride": (9, 1)}, ValueError, "none of the image"),
    ],
)
def test_misfits_are_refused(native, changed, error, message):
    call = {
        "x": np.ones((1, 1, 4, 4), "f4"), "y": np.ones((1, 1, 2, 2), "f4"), "window": (2, 2),
        "stride": (2, 2), "pad": (0, 0), "pad_after": (0, 0), "mean": "image",
    }  # fmt: skip
    native.pool_sum("k01_naive", **call)
    with pytest.raises(error, match=message):
        native.pool_sum("k01_naive", **{**call, **changed})
