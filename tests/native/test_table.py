"""Kernel tables: what is chosen, what can be forced, what is said where a kernel cannot run."""

import contextlib

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import registry
from minitorch.backend.native import Kernel, KernelTable, attach
from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from minitorch.ops.embedding import embedding_op, embedding_wgrad
from minitorch.ops.gru import gru_op
from minitorch.ops.gru_back import gru_back
from minitorch.ops.label_loss import label_loss, softmax_cross_entropy_dx
from minitorch.ops.lstm import lstm_op
from minitorch.ops.lstm_back import lstm_back
from minitorch.ops.matmul import matmul
from minitorch.ops.norm import batch_norm
from minitorch.ops.norm_back import batch_norm_back, batch_norm_back_gamma
from minitorch.ops.pool import max_pool, max_unpool
from minitorch.ops.pool_sum import avg_pool, avg_unpool, sum_pool, sum_unpool
from minitorch.ops.random import dropout, gaussian_noise
from minitorch.ops.reduce import mean, sum_, sum_to
from minitorch.ops.response import local_response_norm, local_response_norm_back
from minitorch.ops.softmax import log_softmax, softmax_op
from minitorch.ops.steps import adam_step, momentum_step, nesterov_momentum_step, sgd_step
from tests.native.support import rungs

FAMILIES = {
    "conv2d": (conv_fwd, conv_dgrad, conv_wgrad),
    "embedding": (embedding_op, embedding_wgrad),
    "gru": (gru_op, gru_back),
    "lstm": (lstm_op, lstm_back),
    "matmul": (matmul,),
    "reduce": (sum_, mean, sum_to),
    "pool2d": (max_pool, max_unpool),
    "pool_sum": (sum_pool, sum_unpool, avg_pool, avg_unpool),
    "random": (dropout, gaussian_noise),
    "response": (local_response_norm, local_response_norm_back),
    "norm": (batch_norm, batch_norm_back, batch_norm_back_gamma),
    "loss": (softmax_op, log_softmax, label_loss, softmax_cross_entropy_dx),
    "update": (sgd_step, momentum_step, nesterov_momentum_step, adam_step),
}
TABLES = [(family, op) for family, ops in FAMILIES.items() for op in ops]
CONV = {"stride": (1, 1), "pad": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
POOL = {"window": (2, 2), "stride": (2, 2), "pad": ((0, 0), (0, 0)), "ignore_border": True}


def chosen(op, *arrays, **static):
    """The name of the kernel that the table would run."""
    fn = op.kernels.select("cpu", op.body, arrays, static)
    return next((kernel.name for _, kernel in op.kernels if kernel.fn is fn), "reference")


@pytest.mark.parametrize(("family", "op"), TABLES)
def test_the_rows_are_the_rungs(native, family, op):
    """Every rung that csrc lists, the last one first; nothing else."""
    rows = [kernel for backend, kernel in op.kernels if backend == "cpu"]
    assert [kernel.name for kernel in rows] == rungs(family)[::-1]
    assert op.kernels.names()[: len(rows) + 1] == ["reference", *rungs(family)[::-1]]
    assert all(kernel.idea and not kernel.missing for kernel in rows)


def test_every_attached_op_is_listed_here(native):
    """An op with native rows that these tests do not know would go untested."""
    attached = {name for name, op in registry.items() if any(b == "cpu" for b, _ in op.kernels)}
    elementwise = {name for name in native.elementwise_codes if name in attached}
    assert attached == {op.name for _, op in TABLES} | elementwise


def test_the_best_rung_is_chosen(native):
    x, w = np.ones((2, 4, 5, 5), "f4"), np.ones((6, 4, 3, 3), "f4")
    assert chosen(conv_fwd, x, w, None, **CONV) == "k03_packed"
    assert chosen(max_pool, x, **POOL) == "k03_vectors"


def test_single_pixels_are_a_product(native):
    x, w, y = (np.ones(shape, "f4") for shape in ((2, 4, 5, 5), (6, 4, 1, 1), (2, 6, 5, 5)))
    assert chosen(conv_fwd, x, w, None, **CONV) == "k06_pointwise"
    assert chosen(conv_dgrad, y, w, size=(5, 5), **CONV) == "k06_pointwise"
    assert chosen(conv_wgrad, x, y, size=(1, 1), **CONV) == "k06_pointwise"
    padded = {**CONV, "pad": ((0, 1), (0, 0))}
    assert chosen(conv_fwd, x, w, None, **padded) == "k03_packed"


def test_filters_of_the_image_s_size_are_a_product(native):
    x, w, y = (np.ones(shape, "f4") for shape in ((2, 4, 5, 5), (6, 4, 5, 5), (2, 6, 1, 1)))
    assert chosen(conv_fwd, x, w, None, **CONV) == "k06_pointwise"
    assert chosen(conv_dgrad, y, w, size=(5, 5), **CONV) == "k06_pointwise"
    assert chosen(conv_wgrad, x, y, size=(5, 5), **CONV) == "k06_pointwise"


@pytest.mark.parametrize(
    ("filters", "rung"), [(1, "k05_depthwise"), (4, "k05_depthwise"), (5, "k03_packed")]
)
def test_depthwise_goes_by_planes(native, filters, rung):
    x, w = np.ones((2, 4, 5, 5), "f4"), np.ones((4 * filters, 1, 3, 3), "f4")
    y, static = np.ones((2, 4 * filters, 3, 3), "f4"), {**CONV, "groups": 4}
    assert chosen(conv_fwd, x, w, None, **static) == rung
    assert chosen(conv_dgrad, y, w, size=(5, 5), **static) == rung
    assert chosen(conv_wgrad, x, y, size=(3, 3), **static) == rung


def test_forced_on_deeper_groups_depthwise_says_what_it_needs(native):
    x, w = np.ones((1, 4, 3, 3)), np.ones((2, 2, 2, 2))
    y, static = np.ones((1, 2, 2, 2)), {**CONV, "groups": 2}
    for op, arrays in ((conv_fwd, (x, w)), (conv_wgrad, (x, y))):
        size = {"size": (2, 2)} if op is conv_wgrad else {}
        message = "it needs one channel a group, here are 2"
        with mt.use_kernel(op, "k05_depthwise"), pytest.raises(RuntimeError, match=message):
            op(*arrays, **size, **static)


def test_products_go_where_they_are_quickest(native):
    def names(*shapes):
        return chosen(matmul, *[np.ones(shape, "f4") for shape in shapes])

    assert names((128, 784), (784, 256)) == "k03_packed"
    assert names((4, 2048), (2048, 1024)) == "k02_rows"
    assert names((128, 256), (256, 10)) == "reference"
    assert names((2, 3), (3, 2)) == names((1024, 1024), (1024,)) == "reference"


@pytest.mark.parametrize(
    ("rung", "axes"),
    [
        (rung, axes)
        for rung in ["reference", *rungs("conv2d")]
        for axes in (1, 2)
        if axes == 2 or rung not in ("k04_winograd", "k07_phases")
        if rung != "k05_depthwise"
    ],
)
@pytest.mark.parametrize(
    "arrange",
    [
        lambda a: a,
        lambda a: np.asfortranarray(a),
        lambda a: a[::-1],
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: np.broadcast_to(a[:1], a.shape),
    ],
    ids=["contiguous", "Fortran", "reversed", "strided", "broadcast"],
)
def test_forced_kernels_take_any_memory_order(native, rung, axes, arrange):
    """Forward and both gradients through the op, against the body."""
    rng = np.random.default_rng(2)
    x = arrange(rng.normal(size=(3, 2, *[6, 5][:axes])))
    w = arrange(rng.normal(size=(4, 2, *[3, 3][:axes])))
    results = {}
    for name in ("reference", rung):
        a, b = mt.asarray(x), mt.asarray(w)
        a.requires_grad = b.requires_grad = True
        with contextlib.ExitStack() as forced:
            for op in FAMILIES["conv2d"]:
                forced.enter_context(mt.use_kernel(op, name))
            stride = 2 if rung == "k07_phases" else 1
            y = (mt.conv1d, mt.conv2d)[axes - 1](a, b, pad=1, stride=stride)
            (y * y).sum().backward()
        results[name] = [y.numpy(), a.grad.numpy(), b.grad.numpy()]
    for expected, found in zip(results["reference"], results[rung], strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rung", ["reference", *rungs("pool2d")])
@pytest.mark.parametrize("axes", [1, 2])
def test_forced_poolings_take_any_memory_order(native, rung, axes):
    x = np.random.default_rng(2).normal(size=(5, 3, 2, *[8, 6][:axes]))[::2, ::-1].swapaxes(0, 1)[0]
    with mt.use_kernel(max_pool, rung), mt.use_kernel(max_unpool, rung):
        a = mt.asarray(x)
        a.requires_grad = True
        y = (mt.max_pool1d, mt.max_pool2d)[axes - 1](a, 2)
        y.sum().backward()
    blocks = x.reshape(*x.shape[:2], *[m for n in x.shape[2:] for m in (n // 2, 2)])
    inner = tuple(range(3, blocks.ndim, 2))
    largest = blocks.max(axis=inner, keepdims=True)
    np.testing.assert_array_equal(y.numpy(), largest.squeeze(inner))
    np.testing.assert_array_equal(a.grad.numpy(), (blocks == largest).reshape(x.shape))


def test_an_unaligned_array_is_copied(native):
    x = np.zeros(2 * 3 * 5 * 5 * 4 + 1, np.uint8)[1:].view("f4").reshape(2, 3, 5, 5)
    x[...] = 1
    assert not x.flags.aligned
    with mt.use_kernel(conv_fwd, "k03_packed"):
        assert (conv_fwd(x, np.ones((1, 3, 2, 2), "f4"), **CONV).numpy() == 12).all()


@pytest.mark.parametrize(
    ("x", "w", "axes", "reason"),
    [
        (
            np.ones((1, 2, 3, 3), "i4"),
            np.ones((1, 2, 2, 2), "i4"),
            2,
            "float64, the arrays are int32",
        ),
        (np.ones((1, 2, 3, 3), "f4"), np.ones((1, 2, 2, 2), "f8"), 2, "float32, float64"),
        (np.ones((1, 2, 3, 3), ">f4"), np.ones((1, 2, 2, 2), ">f4"), 2, "the arrays are >f4"),
        (np.ones((1, 2, *[3] * 4), "f4"), np.ones((1, 2, *[2] * 4), "f4"), 4, "x has 4"),
    ],
)
def test_a_forced_convolution_says_what_it_cannot_do(native, x, w, axes, reason):
    static = {
        "stride": (1,) * axes,
        "pad": ((0, 0),) * axes,
        "dilation": (1,) * axes,
        "groups": 1,
    }
    expected = conv_fwd(x, w, **static).numpy()  # not forced: the body does it
    assert expected.shape == (1, 1, *[2] * axes)
    message = f"'k03_packed' cannot run: .*{reason}"
    with mt.use_kernel(conv_fwd, "k03_packed"), pytest.raises(RuntimeError, match=message):
        conv_fwd(x, w, **static)


@pytest.mark.parametrize(
    ("x", "changed", "reason"),
    [
        (np.ones((1, 1, 4, 4), "i8"), {}, "x is int64"),
        (np.ones((1, 1, 4, 4), "f4"), {"pad": ((2, 2), (0, 0))}, "must see some of the image"),
    ],
)
def test_a_forced_pooling_says_what_it_cannot_do(native, x, changed, reason):
    max_pool(x, **{**POOL, **changed})
    with mt.use_kernel(max_pool, "k02_rows"), pytest.raises(RuntimeError, match=reason):
        max_pool(x, **{**POOL, **changed})


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (np.zeros((1, 1, 2, 2), "i8"), "indices are uint8 or int32"),
        (np.zeros((1, 1, 2, 1), "u1"), "the same shape"),
    ],
)
def test_a_forced_unpooling_says_what_it_cannot_do(native, index, reason):
    with mt.use_kernel(max_unpool, "k01_naive"), pytest.raises(RuntimeError, match=reason):
        max_unpool(np.ones((1, 1, 2, 2), "f4"), index, size=(4, 4), **POOL)


def test_halves_are_computed_in_float32_by_the_kernels(native):
    x = np.full((1, 2, 3, 3), 0.1, "f2")
    with mt.use_kernel(conv_fwd, "k03_packed"):
        assert conv_fwd(x, x[:, :, :2, :2], **CONV).dtype == np.float16


def test_leaving_the_block_chooses_freely_again(native):
    with mt.use_kernel("conv_fwd", "k01_naive"):
        assert conv_fwd.kernels.forced == "k01_naive"
        with mt.use_kernel("conv_fwd", "reference"):
            assert conv_fwd.kernels.forced == "reference"
        assert conv_fwd.kernels.forced == "k01_naive"
    assert conv_fwd.kernels.forced is None


def test_an_unknown_kernel_names_those_there_are(native):
    with pytest.raises(ValueError, match="conv_fwd has no kernel 'k9'; it has reference, k0"):
        mt.use_kernel("conv_fwd", "k9")


def test_preferring_an_unknown_rung_is_a_mistake(native):
    with pytest.raises(ValueError, match="csrc/cpu/conv2d has no rung k77"):
        attach(conv_fwd, "conv2d", None, prefers={"k77": lambda: True})
    with pytest.raises(ValueError, match="csrc/cpu/conv2d has no rung k78"):
        attach(conv_fwd, "conv2d", None, needs={"k78": lambda: True})


def test_rows_that_are_missing_or_not_preferred_are_passed_over():
    table = KernelTable("op")
    table.add("cpu", Kernel("gone", lambda xp: "gone", missing="no such machine"))
    table.add("cpu", Kernel("slow", lambda xp: "slow", prefers=lambda: False))
    assert table.select("cpu", lambda xp: "body", (), {})(None) == "body"
    table.forced = "slow"
    assert table.select("cpu", lambda xp: "body", (), {})(None) == "slow"
    table.forced = "gone"
    with pytest.raises(RuntimeError, match="'gone' cannot run: no such machine"):
        table.select("cpu", lambda xp: "body", (), {})
    with pytest.raises(RuntimeError, match="does not exist on cuda"):
        table.select("cuda", lambda xp: "body", (), {})


def test_two_rows_of_one_name_are_refused():
    table = KernelTable("op")
    table.add("cpu", Kernel("k01", lambda xp: None))
    for name in ("k01", "reference"):
        with pytest.raises(ValueError, match="is taken"):
            table.add("cpu", Kernel(name, lambda xp: None))
