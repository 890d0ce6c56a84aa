"""Convolutions against slow loops, their adjoints, differences, PyTorch, and bad input."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops import conv as conv_module
from minitorch.ops.conv_shape import (
    conv_output_length,
    conv_output_shape,
    conv_settings,
    conv_transpose_output_shape,
)

OPS = ("conv_fwd", "conv_dgrad", "conv_wgrad")
CONVS = {1: mt.conv1d, 2: mt.conv2d, 3: mt.conv3d}
TRANSPOSES = {1: mt.conv_transpose1d, 2: mt.conv_transpose2d, 3: mt.conv_transpose3d}


@pytest.fixture(params=["reference", "preferred"])
def any_kernel(request, either_kernel):
    """Runs a test with the bodies of the ops, and with their compiled kernels if there are any."""
    with either_kernel(OPS, request.param):
        yield


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def slow_conv(x, w, b, stride, pad, dilation, groups):
    """The definition, one product at a time; every setting has one entry per axis."""
    reach = [d * (f - 1) + 1 for f, d in zip(w.shape[2:], dilation, strict=True)]
    count = [
        (n + before + after - r) // s + 1
        for n, (before, after), r, s in zip(x.shape[2:], pad, reach, stride, strict=True)
    ]
    out = np.zeros((x.shape[0], w.shape[0], *count))
    per_group = w.shape[0] // groups
    for n, k, *p in np.ndindex(out.shape):
        total = 0.0 if b is None else b[k]
        for c, *r in np.ndindex(w.shape[1:]):
            q = tuple(
                i * s + j * d - before
                for i, s, j, d, (before, _) in zip(p, stride, r, dilation, pad, strict=True)
            )
            if all(0 <= i < size for i, size in zip(q, x.shape[2:], strict=True)):
                total += x[(n, k // per_group * w.shape[1] + c, *q)] * w[(k, c, *r)]
        out[(n, k, *p)] = total
    return out


def same_inner_products(x, w, settings):
    """<conv(x, w), y> = <x, dgrad(y, w)> = <w, wgrad(x, y)>, and the result."""
    tx, tw = mt.asarray(x), mt.asarray(w)
    out = mt.conv_fwd(tx, tw, **settings)
    y = normal(*out.shape, seed=5)
    dx = mt.conv_dgrad(mt.asarray(y), tw, size=x.shape[2:], **settings)
    dw = mt.conv_wgrad(tx, mt.asarray(y), size=w.shape[2:], **settings)
    assert dx.shape == x.shape
    assert dw.shape == w.shape
    expected = (out.numpy() * y).sum()
    scale = np.abs(out.numpy() * y).sum() + 1e-300
    assert abs((dx.numpy() * x).sum() - expected) <= 1e-12 * scale
    assert abs((dw.numpy() * w).sum() - expected) <= 1e-12 * scale
    return out.numpy()


PADS = [0, ((1, 2), (0, 1)), "same", "full"]


@pytest.mark.parametrize("pad", PADS, ids=str)
@pytest.mark.parametrize("stride", [1, 2, (3, 1)], ids=str)
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 3)], ids=str)
def test_2d_grid_against_loops(any_kernel, kernel, stride, pad):
    x, b = normal(2, 4, 6, 5), normal(4, seed=2)
    for dilation, groups in product([1, (2, 1)], [1, 2, 4]):
        w = normal(4, 4 // groups, *kernel, seed=1)
        if pad == "same" and kernel == (2, 3) and dilation == 1:
            continue  # an even window: test_even_same
        settings = conv_settings(
            x.shape, w.shape, stride=stride, pad=pad, dilation=dilation, groups=groups
        )
        out = same_inner_products(x, w, settings)
        np.testing.assert_allclose(out, slow_conv(x, w, None, **settings), atol=1e-13)
        biased = mt.conv2d(
            mt.asarray(x), mt.asarray(w), mt.asarray(b),
            stride=stride, pad=pad, dilation=dilation, groups=groups,
        )  # fmt: skip
        np.testing.assert_allclose(biased.numpy(), out + b[:, None, None], atol=1e-13)


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((2, 3, 9), (4, 3, 3), {"stride": 2, "pad": ((2, 0),)}),
        ((2, 4, 9), (2, 2, 4), {"dilation": 2, "groups": 2, "pad": "full"}),
        ((1, 2, 7), (3, 2, 1), {"stride": 3}),
        ((2, 2, 3, 4, 3), (2, 2, 2, 2, 2), {"stride": (1, 2, 1), "pad": ((1, 0), (0, 1), 1)}),
        ((1, 2, 4, 3, 3), (4, 1, 3, 1, 3), {"groups": 2, "pad": "same"}),
        ((2, 3, 4, 5), (2, 3, 4, 5), {}),
        ((2, 3, 4, 5), (2, 3, 2, 2), {"stride": 5}),
        ((3, 1, 1, 1), (1, 1, 1, 1), {}),
        ((1, 1, 11, 2), (1, 1, 3, 1), {"dilation": (5, 1)}),
    ],
    ids=str,
)
def test_other_ranks_and_edges_against_loops(any_kernel, x, w, options):
    x, w = normal(*x), normal(*w, seed=1)
    settings = conv_settings(x.shape, w.shape, **options)
    out = same_inner_products(x, w, settings)
    np.testing.assert_allclose(out, slow_conv(x, w, None, **settings), atol=1e-13)
    public = CONVS[x.ndim - 2](mt.asarray(x), mt.asarray(w), **options)
    np.testing.assert_array_equal(public.numpy(), out)
    assert public.shape == conv_output_shape(x.shape, w.shape, **options)


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((2, 2, 4, 4), (2, 2, 3, 3), {"pad": ((1, 0), (0, 2))}),
        ((2, 2, 5, 4), (4, 1, 2, 2), {"stride": 2, "groups": 2, "flip_filters": True}),
        ((1, 2, 6), (2, 2, 2), {"dilation": 2, "pad": 1}),
        ((1, 1, 2, 3, 3), (2, 1, 2, 2, 2), {"pad": "full"}),
    ],
    ids=str,
)
def test_gradients_of_both_orders(check_gradients, x, w, options):
    conv = CONVS[len(x) - 2]
    x, w, b = normal(*x), normal(*w, seed=1), normal(w[0], seed=2)
    check_gradients(lambda x, w, b: conv(x, w, b, **options), x, w, b)


def test_third_derivative_is_what_the_loops_say(check_gradients):
    x, w = normal(1, 1, 4), normal(1, 1, 2, seed=1)

    def squared_slope(x, w):
        y = mt.conv1d(x, w)
        (dx,) = mt.grad((y * y * y).sum(), [x], create_graph=True)
        return dx * dx

    def with_history(x, w):
        with mt.enable_grad():
            x = x if x.requires_grad else x.requires_grad_()
            return squared_slope(x, w)

    check_gradients(with_history, x, w)


def test_flip_filters_is_convolution():
    x, w = normal(1, 1, 7), normal(1, 1, 3, seed=1)
    out = mt.conv1d(mt.asarray(x), mt.asarray(w), pad="full", flip_filters=True)
    np.testing.assert_allclose(out.numpy()[0, 0], np.convolve(x[0, 0], w[0, 0]), atol=1e-14)
    images, filters = normal(2, 3, 5, 6), normal(2, 3, 3, 2, seed=1)
    out = mt.conv2d(mt.asarray(images), mt.asarray(filters), flip_filters=True)
    turned = mt.conv2d(mt.asarray(images), mt.asarray(filters[:, :, ::-1, ::-1].copy()))
    np.testing.assert_array_equal(out.numpy(), turned.numpy())


def test_pieces_of_a_batch_give_the_same(monkeypatch):
    x, w = normal(7, 2, 5, 5), normal(3, 2, 3, 3, seed=1)
    settings = conv_settings(x.shape, w.shape, pad=1)
    whole = same_inner_products(x, w, settings)
    monkeypatch.setattr(conv_module, "COLUMN_ELEMENTS", 3 * 2 * 9 * 25)
    np.testing.assert_allclose(same_inner_products(x, w, settings), whole, atol=1e-13)
    monkeypatch.setattr(conv_module, "COLUMN_ELEMENTS", 1)
    np.testing.assert_allclose(same_inner_products(x, w, settings), whole, atol=1e-13)


# -- transposes ----------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "w", "options"),
    [
        ((2, 3, 4), (3, 2, 3), {"stride": 2, "crop": 1, "output_padding": 1}),
        ((2, 4, 3, 2), (4, 2, 3, 2), {"stride": (2, 3), "groups": 2}),
        ((2, 2, 3, 3), (2, 1, 3, 3), {"dilation": 2, "crop": ((1, 0), (2, 1))}),
        ((2, 2, 4, 4), (2, 1, 3, 3), {"crop": "same"}),
        ((2, 2, 4, 4), (2, 1, 3, 3), {"crop": "full"}),
        ((1, 2, 2, 3, 2), (2, 2, 2, 2, 2), {"stride": 2}),
    ],
    ids=str,
)
def test_transpose_is_the_adjoint(check_gradients, x, w, options):
    transpose, conv = TRANSPOSES[len(x) - 2], CONVS[len(x) - 2]
    x, w = normal(*x), normal(*w, seed=1)
    out = transpose(mt.asarray(x), mt.asarray(w), **options).numpy()
    assert out.shape == conv_transpose_output_shape(x.shape, w.shape, **options)
    y = normal(*out.shape, seed=3)
    options = {k: v for k, v in options.items() if k != "output_padding"}
    back = conv(mt.asarray(y), mt.asarray(w), pad=options.pop("crop", 0), **options).numpy()
    assert (out * y).sum() == pytest.approx((back * x).sum(), rel=1e-12)


def test_transpose_gradients_bias_and_flip(check_gradients):
    x, w, b = normal(2, 4, 3, 2), normal(4, 1, 2, 3, seed=1), normal(2, seed=2)
    options = {"stride": 2, "groups": 2, "output_size": (6, 6)}
    check_gradients(lambda x, w, b: mt.conv_transpose2d(x, w, b, **options), x, w, b)
    flipped = mt.conv_transpose2d(mt.asarray(x), mt.asarray(w), flip_filters=True, groups=2)
    turned = mt.conv_transpose2d(mt.asarray(x), mt.asarray(w[:, :, ::-1, ::-1].copy()), groups=2)
    np.testing.assert_array_equal(flipped.numpy(), turned.numpy())


def test_output_size_tells_lengths_apart():
    w = mt.ones((1, 1, 3, 3))
    for size in (9, 10):
        y = mt.conv2d(mt.ones((1, 1, size, size)), w, stride=2)
        assert y.shape == (1, 1, 4, 4)
        assert mt.conv_transpose2d(y, w, stride=2, output_size=size).shape == (1, 1, size, size)


# -- dtypes, batches, shapes ----------------------------------------------


def test_dtypes():
    x, w = normal(2, 3, 6, 6), normal(4, 3, 3, 3, seed=1)
    exact = slow_conv(x, w, None, (1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    for dtype, tolerance in (("float32", 1e-5), ("float16", 2e-2)):
        tx = mt.tensor(x, dtype=dtype, requires_grad=True)
        tw = mt.tensor(w, dtype=dtype, requires_grad=True)
        y = mt.conv2d(tx, tw)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.numpy(), exact, atol=tolerance)
        y.sum().backward()
        assert tx.grad.dtype == tw.grad.dtype == np.dtype(dtype)
    whole = mt.conv2d(mt.asarray(np.arange(9).reshape(1, 1, 3, 3)), mt.asarray([[[[1, 2]]]]))
    assert whole.dtype == np.int64
    np.testing.assert_array_equal(whole.numpy()[0, 0, 0], [2, 5])


def test_half_precision_is_summed_in_single():
    x = mt.ones((1, 4096, 1, 1), dtype=mt.float16)
    w = mt.tensor(np.full((1, 4096, 1, 1), 0.5), dtype=mt.float16)
    assert mt.conv2d(x, w).item() == 2048.0
    # In half precision, 2048 + 0.5 is 2048: the sum would have stuck there.
    assert mt.conv2d(x, w + w / 2).item() == 3072.0


def test_empty_batch_gives_empty_results():
    x, w = mt.ones((0, 2, 5, 5)).requires_grad_(), mt.ones((3, 2, 3, 3)).requires_grad_()
    y = mt.conv2d(x, w)
    assert y.shape == (0, 3, 3, 3)
    y.sum().backward()
    assert x.grad.shape == x.shape
    assert not w.grad.numpy().any()
    assert w.grad.shape == w.shape


def test_inputs_are_not_written_and_results_own_their_memory():
    x, w = normal(1, 1, 3, 3), normal(1, 1, 1, 1, seed=1)
    before = x.copy(), w.copy()
    y = mt.conv2d(mt.asarray(x), mt.asarray(w))
    assert not np.shares_memory(y.numpy(), x)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(w, before[1])


def test_shapes_with_unknown_lengths():
    assert conv_output_shape((None, 3, None, 9), (4, 3, 3, 3), pad="same") == (None, 4, None, 9)
    assert conv_output_shape((None, None, 8), (4, 3, 3), groups=2, stride=2) == (None, 4, 3)
    assert conv_output_length(None, 3) is None
    shape = conv_transpose_output_shape((None, 4, None, 3), (4, 2, 3, 3), stride=2, groups=2)
    assert shape == (None, 4, None, 7)


def test_same_full_and_valid_lengths():
    for size, stride in product(range(1, 9), (1, 2, 3)):
        x = (1, 1, size)
        assert conv_output_shape(x, (1, 1, 3), pad="same", stride=stride)[2] == -(-size // stride)
        assert conv_output_shape(x, (1, 1, 4), pad="full")[2] == size + 3
    assert conv_output_shape((1, 1, 9), (1, 1, 3), pad="same", dilation=2)[2] == 9
    assert conv_output_shape((1, 1, 9), (1, 1, 2), pad="same", dilation=2)[2] == 9


# -- bad input -------------------------------------------------------------

X, W = (8, 4, 32, 32), (16, 4, 5, 5)


@pytest.mark.parametrize(
    ("x", "w", "options", "kind", "words"),
    [
        (X, (16, 3, 5, 5), {}, ValueError,
         r"conv2d: x has 4 channels, w expects 3 \(x \(8, 4, 32, 32\), w \(16, 3, 5, 5\)\)"),
        (X, (16, 2, 5, 5), {}, ValueError, "did you mean groups=2"),
        (X, (16, 4, 5, 5), {"groups": 2}, ValueError, "w expects 4 in each of 2 groups"),
        (X, (16, 1, 5, 5), {"groups": 3}, ValueError, "groups=3 must divide both the 4 channels"),
        ((4, 32, 32), W, {}, ValueError, r"x must have 4 axes .*add a batch axis"),
        (X, (16, 4, 5), {}, ValueError, "w must have 4 axes"),
        (X, (0, 4, 5, 5), {}, ValueError, "axis of length 0"),
        ((8, 4, 3, 32), W, {}, ValueError,
         r"covers \(5, 5\) positions, more than the input \(3, 32\)"),
        ((8, 4, 3, 32), W, {"pad": (0, 1)}, ValueError, r"padded by \(\(0, 0\), \(1, 1\)\)"),
        (X, W, {"stride": 0}, ValueError, "conv2d: stride must be at least 1"),
        (X, W, {"stride": (1, -2)}, ValueError, "conv2d: stride must be at least 1"),
        (X, W, {"stride": (1, 1, 1)}, ValueError, "stride must be one integer or 2"),
        (X, W, {"stride": 1.5}, TypeError, "stride must be an integer or 2 of them, got 1.5"),
        (X, W, {"dilation": 0}, ValueError, "conv2d: dilation must be at least 1"),
        (X, W, {"groups": 0}, ValueError, "conv2d: groups must be at least 1"),
        (X, W, {"pad": -1}, ValueError, "conv2d: pad of axis 0 must be at least 0"),
        (X, W, {"pad": (1, 2, 3)}, ValueError, "one entry per spatial axis"),
        (X, W, {"pad": "sane"}, ValueError, "'valid', 'same', 'full' or integers, got 'sane'"),
        (X, W, {"pad": (1.0, 2)}, TypeError, "pad of axis 0 must be an integer"),
    ],
)  # fmt: skip
def test_bad_settings(x, w, options, kind, words):
    with pytest.raises(kind, match=words):
        mt.conv2d(mt.zeros(x), mt.zeros(w), **options)


def test_even_same_names_the_explicit_pad():
    with pytest.raises(ValueError, match=r"odd number of positions.*pad=\(\(0, 1\), \(1, 1\)\)"):
        mt.conv2d(mt.zeros((1, 1, 6, 6)), mt.zeros((1, 1, 2, 3)), pad="same")
    y = mt.conv2d(mt.zeros((1, 1, 6, 6)), mt.zeros((1, 1, 2, 3)), pad=((0, 1), (1, 1)))
    assert y.shape == (1, 1, 6, 6)


def test_two_sides_of_one_axis_need_two_brackets():
    with pytest.raises(ValueError, match=r"for two sides of one axis give \(\(1, 2\),\)"):
        mt.conv1d(mt.zeros((1, 1, 5)), mt.zeros((1, 1, 2)), pad=(1, 2))


def test_bad_inputs():
    x, w = mt.zeros(X), mt.zeros(W)
    with pytest.raises(TypeError, match="conv2d: x must be a tensor, got a list"):
        mt.conv2d([[[[1.0]]]], w)
    with pytest.raises(TypeError, match="w must hold numbers, got bool"):
        mt.conv2d(x, mt.zeros(W, dtype=mt.bool))
    with pytest.raises(ValueError, match=r"one value per filter, \(16,\), got \(5,\)"):
        mt.conv2d(x, w, mt.zeros((5,)))
    with pytest.raises(ValueError, match=r"conv_transpose2d: x has 4 channels, w expects 16"):
        mt.conv_transpose2d(x, w)
    with pytest.raises(ValueError, match=r"can be \(9,\) to \(10,\) long"):
        mt.conv_transpose1d(mt.zeros((1, 2, 4)), mt.zeros((2, 1, 3)), stride=2, output_size=11)
    with pytest.raises(ValueError, match=r"was asked for"):
        mt.conv_transpose1d(mt.zeros((1, 2, 4)), mt.zeros((2, 1, 3)), stride=2, output_padding=2)
    with pytest.raises(ValueError, match=r"b must have one value per filter, \(1,\)"):
        mt.conv_transpose1d(mt.zeros((1, 2, 4)), mt.zeros((2, 1, 3)), mt.zeros((2,)))


@given(st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_settings_work_or_say_why_not(data):
    """No setting gets past the door that the op below cannot do, none fails elsewhere."""
    lengths = st.sampled_from([1, 2, 1, 3, 2, 1, 0, -1])
    rank, wrong = data.draw(st.integers(1, 3)), data.draw(st.sampled_from([0, 0, 0, 0, 1]))
    entry = st.one_of(lengths, st.lists(lengths, min_size=rank - wrong, max_size=rank + wrong))
    pairs = st.lists(st.tuples(lengths, lengths), min_size=rank, max_size=rank)
    groups = data.draw(st.sampled_from([1, 2, 1, 3, 1, 0]))
    sizes = st.integers(1 - wrong, 6)
    # Two groups of filters and of channels: they fit conv and its transpose alike.
    x = [2, groups * 2 + wrong, *data.draw(st.lists(sizes, min_size=rank, max_size=rank + wrong))]
    w = [
        groups * 2,
        2,
        *data.draw(st.lists(st.integers(1 - wrong, 3), min_size=rank, max_size=rank)),
    ]
    options = {"stride": data.draw(entry), "dilation": data.draw(entry), "groups": groups}
    pad = data.draw(st.one_of(entry, pairs, st.sampled_from(["same", "full", "valid", "?"])))
    for name, conv, shape, key in [
        (f"conv{rank}d", CONVS[rank], conv_output_shape, "pad"),
        (f"conv_transpose{rank}d", TRANSPOSES[rank], conv_transpose_output_shape, "crop"),
    ]:
        tx, tw = mt.ones(tuple(x)).requires_grad_(), mt.ones(tuple(w)).requires_grad_()
        complaint = ""
        try:
            y = conv(tx, tw, **options, **{key: pad})
        except ValueError as error:
            complaint = str(error)
        if complaint:
            assert complaint.startswith(f"{name}: ")
            continue
        assert y.shape == shape(x, w, **options, **{key: pad})
        assert [g.shape for g in mt.grad(y.sum(), [tx, tw])] == [tx.shape, tw.shape]


# -- against PyTorch -------------------------------------------------------


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.dev
def test_against_torch(rank, stride, dilation, groups):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    x, w = normal(2, 4, *[8, 7, 5][:rank]), normal(6, 4 // groups, *[3, 2, 1][:rank], seed=1)
    b = normal(6, seed=2)
    options = {"stride": stride, "dilation": dilation, "groups": groups}
    ours = [mt.tensor(a, requires_grad=True) for a in (x, w, b)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, w, b)]
    y = CONVS[rank](*ours, pad=1, **options)
    z = getattr(torch.nn.functional, f"conv{rank}d")(*theirs, padding=1, **options)
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), atol=1e-12)
    g = normal(*y.shape, seed=3)
    y.backward(mt.asarray(g))
    z.backward(torch.tensor(g))
    for a, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), t.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.dev
def test_transpose_against_torch(rank, stride):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    x, w = normal(2, 4, *[4, 3, 3][:rank]), normal(4, 3, *[3, 2, 2][:rank], seed=1)
    b, extra = normal(6, seed=2), stride - 1
    options = {"stride": stride, "groups": 2, "output_padding": extra}
    ours = [mt.tensor(a, requires_grad=True) for a in (x, w, b)]
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, w, b)]
    y = TRANSPOSES[rank](*ours, crop=1, **options)
    z = getattr(torch.nn.functional, f"conv_transpose{rank}d")(*theirs, padding=1, **options)
    np.testing.assert_allclose(y.numpy(), z.detach().numpy(), atol=1e-12)
    g = normal(*y.shape, seed=3)
    y.backward(mt.asarray(g))
    z.backward(torch.tensor(g))
    for a, t in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), t.grad.numpy(), atol=1e-12)
