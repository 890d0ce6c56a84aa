"""Poolings against slow loops, their adjoints, differences, PyTorch, and bad input."""

from __future__ import annotations

from itertools import product
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops.pool_shape import pool_output_length, pool_output_shape, pool_settings

MAX = {1: mt.max_pool1d, 2: mt.max_pool2d, 3: mt.max_pool3d}
SUM = {1: mt.sum_pool1d, 2: mt.sum_pool2d, 3: mt.sum_pool3d}
AVG = {1: mt.avg_pool1d, 2: mt.avg_pool2d, 3: mt.avg_pool3d}


@pytest.fixture(params=["reference", "preferred"])
def any_kernel(request, either_kernel):
    """Runs a test with the bodies of the ops, and with their compiled kernels if there are any."""
    names = ("max_pool", "max_unpool", "sum_pool", "sum_unpool", "avg_pool", "avg_unpool")
    with either_kernel(names, request.param):
        yield


def distinct(*shape, seed=0):
    size = int(np.prod(shape))
    return np.random.default_rng(seed).permutation(size).reshape(shape) * 0.1 - size / 30


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def windows(x_shape, settings):
    """For every window: its place in the result and the places of its elements, in order."""
    window, stride, pad = (settings[key] for key in ("window", "stride", "pad"))
    count = pool_output_shape(x_shape, **settings)[2:]
    for p in np.ndindex(count):
        places = []
        for r in np.ndindex(window):
            q = [i * s + j - before for i, s, j, (before, _) in zip(p, stride, r, pad, strict=True)]
            inside = all(0 <= i < n for i, n in zip(q, x_shape[2:], strict=True))
            padded = all(
                -before <= i < n + after
                for i, n, (before, after) in zip(q, x_shape[2:], pad, strict=True)
            )
            places.append((tuple(q), inside, padded))
        yield p, places


def slow_pool(x, mode, settings):
    """The definition, one element at a time; mode is max, sum, mean or mean with padding."""
    out = np.zeros(pool_output_shape(x.shape, **settings))
    index = np.zeros(out.shape, int)
    for n, c in np.ndindex(x.shape[:2]):
        for p, places in windows(x.shape, settings):
            values = [x[(n, c, *q)] for q, inside, _ in places if inside]
            if mode == "max":
                out[(n, c, *p)] = max(values)
                spots = [i for i, (q, inside, _) in enumerate(places) if inside]
                index[(n, c, *p)] = spots[values.index(max(values))]
            else:
                among = {"sum": 1, "mean": len(values), "padded": sum(pad for *_, pad in places)}
                out[(n, c, *p)] = sum(values) / among[mode]
    return (out, index) if mode == "max" else out


# (x, window, options)
CASES = [
    ((2, 2, 6, 7), 2, {}),
    ((2, 2, 6, 7), (2, 3), {"stride": 1}),
    ((1, 2, 6, 7), 3, {"stride": 2, "pad": 1}),
    ((1, 2, 7, 6), (3, 2), {"stride": (1, 2), "pad": ((2, 0), (1, 1))}),
    ((1, 2, 7, 6), 2, {"stride": 3}),
    ((1, 2, 8, 7), 3, {"stride": 2, "ignore_border": False}),
    ((1, 2, 7, 5), 2, {"stride": 3, "ignore_border": False}),
    ((1, 1, 3, 3), 5, {"ignore_border": False}),
    ((1, 1, 3, 4), 5, {"stride": 1, "ignore_border": False}),
    ((1, 2, 4, 5), (4, 5), {}),
    ((2, 1, 3, 3), 1, {}),
    ((2, 3, 9), 3, {"stride": 2, "pad": ((1, 2),)}),
    ((2, 1, 5), 2, {"ignore_border": False}),
    ((1, 2, 4, 3, 5), 2, {"stride": (1, 1, 2), "pad": (1, 0, 1)}),
    ((1, 1, 5, 3, 4), (2, 3, 2), {"stride": 2, "ignore_border": False}),
]


@pytest.mark.parametrize(("shape", "window", "options"), CASES, ids=str)
def test_against_loops(any_kernel, shape, window, options):
    rank, x = len(shape) - 2, distinct(*shape)
    settings = pool_settings(shape, window, **options)
    t = mt.asarray(x)
    np.testing.assert_array_equal(
        MAX[rank](t, window, **options).numpy(), slow_pool(x, "max", settings)[0]
    )
    np.testing.assert_allclose(
        SUM[rank](t, window, **options).numpy(), slow_pool(x, "sum", settings), atol=1e-13
    )
    for mode, padding in (("mean", False), ("padded", True)):
        np.testing.assert_allclose(
            AVG[rank](t, window, count_padding=padding, **options).numpy(),
            slow_pool(x, mode, settings),
            atol=1e-13,
        )


@pytest.mark.parametrize(("shape", "window", "options"), CASES, ids=str)
def test_index_and_max_gradient_against_loops(shape, window, options):
    x = distinct(*shape)
    settings = pool_settings(shape, window, **options)
    expected, places = slow_pool(x, "max", settings)
    out, index = mt.max_pool.body(np, x, **settings)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(index, places)
    assert index.dtype == np.uint8
    g = normal(*out.shape)
    scattered = np.zeros(shape)
    for n, c in np.ndindex(shape[:2]):
        for p, spots in windows(shape, settings):
            q, inside, _ = spots[places[(n, c, *p)]]
            assert inside
            scattered[(n, c, *q)] += g[(n, c, *p)]
    t = mt.tensor(x, requires_grad=True)
    y = MAX[len(shape) - 2](t, window, **options)
    np.testing.assert_allclose(mt.grad(y, t, mt.asarray(g)).numpy(), scattered, atol=1e-14)
    taken = mt.max_pool_at(t, index, **settings)
    np.testing.assert_array_equal(taken.numpy(), expected)


@pytest.mark.parametrize(("shape", "window", "options"), CASES, ids=str)
def test_adjoints(any_kernel, shape, window, options):
    """<A x, y> = <x, A' y> for each linear op and its adjoint."""
    x, settings = normal(*shape), pool_settings(shape, window, **options)
    y = normal(*pool_output_shape(shape, **settings), seed=1)
    index = mt.max_pool.body(np, x, **settings)[1]
    tx, ty, size = mt.asarray(x), mt.asarray(y), {"size": shape[2:]}
    counted = {"count_padding": True}
    for there, back in [
        (mt.sum_pool(tx, **settings), mt.sum_unpool(ty, **size, **settings)),
        (mt.avg_pool(tx, **counted, **settings), mt.avg_unpool(ty, **size, **counted, **settings)),
        (mt.max_pool_at(tx, index, **settings), mt.max_unpool(ty, index, **size, **settings)),
    ]:
        assert there.shape == y.shape
        assert back.shape == x.shape
        scale = np.abs(there.numpy() * y).sum()
        assert abs((there.numpy() * y).sum() - (back.numpy() * x).sum()) <= 1e-12 * scale


@pytest.mark.parametrize(("shape", "window", "options"), CASES[1:6] + CASES[11:], ids=str)
def test_gradients_of_both_orders(check_gradients, shape, window, options):
    rank, x = len(shape) - 2, distinct(*shape)
    check_gradients(lambda x: MAX[rank](x, window, **options), x)
    # Cubed, so that the second derivative is not just zero.
    check_gradients(lambda x: MAX[rank](x, window, **options) ** 3, x)
    check_gradients(lambda x: SUM[rank](x, window, **options) ** 2, x)
    check_gradients(lambda x: AVG[rank](x, window, **options) ** 2, x)
    check_gradients(lambda x: AVG[rank](x, window, count_padding=True, **options) ** 2, x)


def test_output_lengths_by_brute_force():
    for n, f, s in product(range(1, 9), range(1, 5), range(1, 5)):
        starts = [start for start in range(0, n, s) if start + f <= n]
        assert pool_output_length(n, f, s) == len(starts)
        for before, after in product(range(f), range(f)):
            padded = [p for p in range(0, n + before + after, s) if p + f <= n + before + after]
            assert pool_output_length(n, f, s, (before, after)) == len(padded)
        # Over the border: as many as needed for every element to be seen, or, with
        # gaps between the windows, one for every start inside the input.
        covering = next(k for k in range(1, 99) if (k - 1) * s + f >= n)
        expected = ceil(n / s) if s >= f else covering
        assert pool_output_length(n, f, s, ignore_border=False) == expected
    assert pool_output_length(8, 3, 2) == 3
    assert pool_output_length(8, 3, 2, ignore_border=False) == 4
    assert pool_output_length(None, 3, 2) is None


# -- conventions ----------------------------------------------------------


def test_ties_go_to_the_first(any_kernel):
    x = mt.zeros((1, 1, 4, 4)).requires_grad_()
    mt.max_pool2d(x, 2).sum().backward()
    expected = np.zeros((4, 4))
    expected[::2, ::2] = 1
    np.testing.assert_array_equal(x.grad.numpy()[0, 0], expected)


def test_nan_is_the_maximum(any_kernel):
    nan = np.nan
    x = mt.tensor([[[1.0, nan, 5.0, nan, 2.0, 3.0]]], requires_grad=True)
    y = mt.max_pool1d(x, 4, stride=1)
    np.testing.assert_array_equal(y.numpy(), [[[nan, nan, nan]]])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[[0, 2, 0, 1, 0, 0]]])


def test_padding_never_wins(any_kernel):
    x = mt.tensor(np.full((1, 1, 3), -np.inf), requires_grad=True)
    y = mt.max_pool1d(x, 2, stride=1, pad=1)
    assert np.isneginf(y.numpy()).all()
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [[[2, 1, 1]]])
    low = np.iinfo(np.int32).min
    whole = mt.max_pool1d(mt.asarray(np.full((1, 1, 3), low, np.int32)), 2, stride=1, pad=1)
    np.testing.assert_array_equal(whole.numpy(), np.full((1, 1, 4), low))
    assert whole.dtype == np.int32


def test_large_windows_use_wide_indices():
    x = distinct(1, 1, 17, 16)
    settings = pool_settings(x.shape, (17, 16))
    out, index = mt.max_pool.body(np, x, **settings)
    assert index.dtype == np.int32
    assert out.item() == x.max()
    assert index.item() == x.argmax()


def test_dtypes():
    for dtype in ("float64", "float32", "float16"):
        x = mt.tensor(distinct(1, 2, 5, 5), dtype=dtype, requires_grad=True)
        for y in (
            mt.max_pool2d(x, 2), mt.sum_pool2d(x, 3, stride=1), mt.avg_pool2d(x, 2, pad=1),
            mt.global_max_pool(x), mt.global_avg_pool(x), mt.global_sum_pool(x),
        ):  # fmt: skip
            assert y.dtype == dtype
            assert mt.grad(y.sum(), x).dtype == np.dtype(dtype)
    counts = mt.asarray(np.arange(4).reshape(1, 1, 4))
    assert mt.max_pool1d(counts, 2).dtype == np.int64
    assert mt.sum_pool1d(counts, 2).dtype == np.int64
    np.testing.assert_array_equal(mt.avg_pool1d(counts, 2).numpy(), [[[0.5, 2.5]]])


def test_half_precision_is_summed_in_single():
    x = mt.ones((1, 1, 4096), dtype=mt.float16)
    assert mt.sum_pool1d(x, 4096).item() == 4096.0
    assert mt.avg_pool1d(x, 4096).item() == 1.0
    spread = mt.sum_unpool(
        mt.ones((1, 1, 4097), dtype=mt.float16), size=(8192,), window=(4096,), stride=(1,),
        pad=((0, 0),), ignore_border=True,
    )  # fmt: skip
    assert spread.numpy().max() == 4096.0


def test_results_own_their_memory():
    x = normal(1, 1, 3, 3)
    t = mt.asarray(x)
    for y in (mt.max_pool2d(t, 1), mt.sum_pool2d(t, 1), mt.avg_pool2d(t, 1)):
        np.testing.assert_array_equal(y.numpy(), x)
        assert not np.shares_memory(y.numpy(), x)
    settings = pool_settings(x.shape, 1)
    for y in (
        mt.sum_unpool(t, size=(3, 3), **settings),
        mt.max_pool_at(t, np.zeros(x.shape, int), **settings),
    ):
        assert not np.shares_memory(y.numpy(), x)


def test_global_pools():
    x = normal(2, 3, 4, 5)
    t = mt.asarray(x)
    np.testing.assert_array_equal(mt.global_max_pool(t).numpy(), x.max(axis=(2, 3)))
    np.testing.assert_allclose(mt.global_avg_pool(t).numpy(), x.mean(axis=(2, 3)), atol=1e-15)
    np.testing.assert_allclose(mt.global_sum_pool(t).numpy(), x.sum(axis=(2, 3)), atol=1e-14)
    tied = mt.ones((1, 1, 2, 2)).requires_grad_()
    mt.global_max_pool(tied).sum().backward()
    np.testing.assert_array_equal(tied.grad.numpy(), np.full((1, 1, 2, 2), 0.25))


def test_empty_batch_gives_empty_results():
    x = mt.zeros((0, 2, 4, 4)).requires_grad_()
    for pool in (mt.max_pool2d, mt.sum_pool2d, mt.avg_pool2d):
        y = pool(x, 2)
        assert y.shape == (0, 2, 2, 2)
        assert mt.grad(y.sum(), x).shape == x.shape
    assert mt.global_max_pool(x).shape == (0, 2)


def test_shapes_with_unknown_lengths():
    assert pool_output_shape((None, 3, None, 9), 3, stride=2, pad=1) == (None, 3, None, 5)


# -- bad input -------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "window", "options", "kind", "words"),
    [
        ((3, 8, 8), 2, {}, ValueError, r"max_pool2d: x must have 4 axes .*add a batch axis"),
        ((1, 1, 8), 2, {}, ValueError, "must have 4 axes"),
        ((1, 1, 8, 8), 0, {}, ValueError, "max_pool2d: window must be at least 1"),
        ((1, 1, 8, 8), (2, 2, 2), {}, ValueError, "window must be one integer or 2"),
        ((1, 1, 8, 8), 2.0, {}, TypeError, "window must be an integer or 2 of them, got 2.0"),
        ((1, 1, 8, 8), 2, {"stride": 0}, ValueError, "stride must be at least 1"),
        ((1, 1, 8, 8), 2, {"pad": 2}, ValueError, "must be smaller than the window"),
        ((1, 1, 8, 8), 2, {"pad": -1}, ValueError, "pad of axis 0 must be at least 0"),
        ((1, 1, 8, 8), 2, {"pad": 1, "ignore_border": False}, ValueError, "pad must be 0"),
        ((1, 1, 2, 8), 3, {}, ValueError, r"the window \(3, 3\) is larger than the input \(2, 8\)"),
        ((1, 1, 0, 8), 1, {"ignore_border": False}, ValueError, "larger than the input"),
    ],
)  # fmt: skip
def test_bad_settings(shape, window, options, kind, words):
    with pytest.raises(kind, match=words):
        mt.max_pool2d(mt.zeros(shape), window, **options)


def test_bad_inputs():
    with pytest.raises(TypeError, match="avg_pool2d: x must be a tensor, got a list"):
        mt.avg_pool2d([[[[1.0]]]], 1)
    with pytest.raises(TypeError, match="sum_pool1d: x must hold real numbers, got bool"):
        mt.sum_pool1d(mt.zeros((1, 1, 2), dtype=mt.bool), 1)
    with pytest.raises(ValueError, match="global_avg_pool: x must have the axes"):
        mt.global_avg_pool(mt.zeros((2, 3)))
    with pytest.raises(ValueError, match="none of the latter empty"):
        mt.global_max_pool(mt.zeros((2, 3, 0)))


@given(st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_settings_work_or_say_why_not(data):
    """No setting gets past the door that the ops below cannot do, none fails elsewhere."""
    lengths = st.sampled_from([1, 2, 1, 3, 2, 4, 0, -1])
    rank, wrong = data.draw(st.integers(1, 3)), data.draw(st.sampled_from([0, 0, 0, 0, 1]))
    entry = st.one_of(lengths, st.lists(lengths, min_size=rank - wrong, max_size=rank + wrong))
    pads = st.sampled_from([0, 0, 1, 0, 2, -1])
    pairs = st.lists(st.tuples(pads, pads), min_size=rank, max_size=rank)
    sizes = st.integers(1 - wrong, 7)
    x = [2, 1, *data.draw(st.lists(sizes, min_size=rank - wrong, max_size=rank))]
    window = data.draw(entry)
    options = {
        "stride": data.draw(st.none() | entry),
        "pad": data.draw(st.one_of(pads, pairs, st.sampled_from(["same", "valid"]))),
        "ignore_border": data.draw(st.booleans()),
    }
    for name, pool in [
        (f"max_pool{rank}d", MAX), (f"avg_pool{rank}d", AVG), (f"sum_pool{rank}d", SUM)
    ]:  # fmt: skip
        t = mt.ones(tuple(x)).requires_grad_()
        complaint = ""
        try:
            y = pool[rank](t, window, **options)
        except ValueError as error:
            complaint = str(error)
        if complaint:
            assert complaint.startswith(f"{name}: ")
            continue
        assert y.shape == pool_output_shape(x, window, **options)
        if not name.startswith("sum"):
            np.testing.assert_allclose(y.numpy(), 1, rtol=1e-6)
        assert mt.grad(y.sum(), t).shape == t.shape


# -- against PyTorch -------------------------------------------------------


@pytest.mark.parametrize(("window", "stride", "pad"), [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 3, 0)])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.dev
def test_against_torch(rank, window, stride, pad):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    functional = torch.nn.functional
    x = distinct(2, 3, *[7, 6, 5][:rank])
    pairs = [
        (MAX[rank], f"max_pool{rank}d", {}, {}),
        (AVG[rank], f"avg_pool{rank}d", {}, {"count_include_pad": False}),
        (AVG[rank], f"avg_pool{rank}d", {"count_padding": True}, {"count_include_pad": True}),
    ]
    for ours, name, our_options, their_options in pairs:
        a, t = mt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        y = ours(a, window, stride=stride, pad=pad, **our_options)
        z = getattr(functional, name)(t, window, stride, pad, **their_options)
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), atol=1e-13)
        g = normal(*y.shape)
        y.backward(mt.asarray(g))
        z.backward(torch.tensor(g))
        np.testing.assert_allclose(a.grad.numpy(), t.grad.numpy(), atol=1e-13)
