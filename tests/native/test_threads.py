"""Threads: the same bits from any number of them, from several callers, and after a fork."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.conv import conv_dgrad, conv_fwd, conv_wgrad
from minitorch.ops.embedding import embedding_op, embedding_wgrad
from minitorch.ops.gru import gru_op
from minitorch.ops.gru_back import gru_back
from minitorch.ops.lstm import lstm_op
from minitorch.ops.lstm_back import lstm_back
from minitorch.ops.matmul import matmul
from minitorch.ops.pool import max_pool, max_unpool
from tests.native.support import rungs

STATIC = {"stride": (1, 1), "pad": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
POOL = {"window": (3, 3), "stride": (2, 2), "pad": ((1, 1), (1, 1)), "ignore_border": True}


def fixed(*shape):
    """The same random array every time."""
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def convolutions(rung):
    """All directions by one rung, on enough work for several threads, and on few tiles."""
    results, stride = [], 2 if rung == "k07_phases" else 1
    for images, channels, filters, (h, w) in ((5, 7, 19, (13, 17)), (1, 48, 96, (6, 7))):
        groups = channels if rung == "k05_depthwise" else 1
        filters = 2 * channels if groups > 1 else filters
        x, taps = fixed(images, channels, h, w), fixed(filters, channels // groups, 3, 3)
        dy = fixed(images, filters, -(-h // stride), -(-w // stride))
        for op, left, right, size in (
            (conv_fwd, x, taps, {}),
            (conv_dgrad, dy, taps, {"size": (h, w)}),
            (conv_wgrad, x, dy, {"size": (3, 3)}),
        ):
            static = {**STATIC, "stride": (stride, stride), "groups": groups}
            with mt.use_kernel(op, rung):
                results.append(op(left, right, **size, **static).numpy())
    return results


def poolings(rung):
    """Both directions by one rung, on enough planes for several tasks."""
    x = fixed(40, 30, 13, 17)
    with mt.use_kernel(max_pool, rung), mt.use_kernel(max_unpool, rung):
        x = mt.tensor(x, requires_grad=True)
        y = max_pool(x, **POOL)
        (y * y).sum().backward()
    return [y.numpy(), x.grad.numpy()]


def products(rung):
    """Large enough for several tasks, with a few rows and with many, and a batch."""
    shapes = [((3, 700), (700, 900)), ((200, 300), (300, 150)), ((9, 70, 50), (9, 50, 60))]
    with mt.use_kernel(matmul, rung):
        return [matmul(fixed(*left), fixed(*right)).numpy() for left, right in shapes]


def recurrent(rung):
    """Both directions by one rung, with enough units for several tasks."""
    shapes = [(3, 40, 4 * 130), (130, 4 * 130), (40, 130), (40, 130), (3, 130)]
    with mt.use_kernel(lstm_op, rung), mt.use_kernel(lstm_back, rung):
        inputs = [mt.tensor(fixed(*shape), requires_grad=True) for shape in shapes]
        hidden, cells = mt.lstm(*inputs)
        (hidden * cells).sum().backward()
    return [hidden.numpy(), cells.numpy(), *[x.grad.numpy() for x in inputs]]


def gated(rung):
    shapes = [(3, 40, 3 * 130), (130, 3 * 130), (40, 130)]
    with mt.use_kernel(gru_op, rung), mt.use_kernel(gru_back, rung):
        inputs = [mt.tensor(fixed(*shape), requires_grad=True) for shape in shapes]
        hidden = mt.gru(*inputs)
        (hidden * hidden).sum().backward()
    return [hidden.numpy(), *[x.grad.numpy() for x in inputs]]


def lookups(rung):
    """Rows of a table and their sums, by one rung, with rows that are named often."""
    index = np.random.default_rng(2).integers(0, 50, 3000)
    with mt.use_kernel(embedding_op, rung), mt.use_kernel(embedding_wgrad, rung):
        y = embedding_op(fixed(50, 70), index)
        return [y.numpy(), embedding_wgrad(y, index, rows=50).numpy()]


CALLS = [(convolutions, rung) for rung in rungs("conv2d")]
CALLS += [(recurrent, rung) for rung in rungs("lstm")]
CALLS += [(lookups, rung) for rung in rungs("embedding")]
CALLS += [(gated, rung) for rung in rungs("gru")]
CALLS += [(products, rung) for rung in rungs("matmul")]
CALLS += [(poolings, rung) for rung in rungs("pool2d")]


@pytest.mark.parametrize(("call", "rung"), CALLS)
def test_results_do_not_depend_on_the_number_of_threads(native, call, rung):
    mt.set_num_threads(1)
    alone = call(rung)
    for threads in (2, 3, 8):
        mt.set_num_threads(threads)
        for a, b in zip(alone, call(rung), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["conv_fwd", "gru"])
def test_callers_at_the_same_time(native, name):
    """Whoever finds the pool taken works alone: nothing is mixed up."""
    mt.set_num_threads(2)
    x, w = fixed(6, 8, 12, 12), fixed(9, 8, 3, 3)
    gates, W, hid = fixed(5, 16, 3 * 80), fixed(80, 3 * 80), fixed(16, 80)

    def call(i):
        if name == "gru":
            return mt.gru(gates * np.float32(i), W, hid).numpy()
        return conv_fwd(x * np.float32(i), w, **STATIC).numpy()

    expected = [call(i) for i in range(8)]
    with ThreadPoolExecutor(4) as callers:
        for _ in range(5):
            for a, b in zip(expected, callers.map(call, range(8)), strict=True):
                np.testing.assert_array_equal(a, b)


FORK = """
import os, sys, warnings
import numpy as np
import minitorch as mt
warnings.simplefilter("ignore")  # Python warns of forking with threads: that is what is tested
mt.set_num_threads(2)
x, w = np.ones((64, 4, 16, 16), "f4"), np.ones((8, 4, 3, 3), "f4")
gates, start = np.ones((3, 16, 4 * 64), "f4"), np.ones((16, 64), "f4")
def total():
    hidden, _ = mt.lstm(gates, np.ones((64, 4 * 64), "f4") / 64, start, start)
    return float(mt.conv2d(x, w).sum()) + float(hidden.sum())
before = total()
child = os.fork()
if child == 0:
    os._exit(0 if [total(), total()] == [before, before] else 1)
status = os.waitpid(child, 0)[1]
sys.exit(os.waitstatus_to_exitcode(status) or total() != before)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_computes(native):
    done = subprocess.run([sys.executable, "-c", FORK], timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(("wish", "threads"), [("3", 3), ("2,4", 2)])
def test_the_environment_says_how_many_threads(native, wish, threads):
    code = "import minitorch as mt; print(mt.get_num_threads())"
    environment = {**os.environ, "OMP_NUM_THREADS": wish}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == threads


@pytest.mark.parametrize("wish", ["many", "0", ""])
def test_a_senseless_wish_is_ignored(native, wish):
    code = "import minitorch as mt; print(mt.get_num_threads())"
    environment = {**os.environ, "OMP_NUM_THREADS": wish}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) >= 1


def test_threads_are_set_and_read(native):
    mt.set_num_threads(3)
    assert mt.get_num_threads() == 3


@pytest.mark.parametrize("count", [0, -1, 1025])
def test_a_senseless_number_is_refused(count):
    with pytest.raises(ValueError, match="must be 1 to 1024"):
        mt.set_num_threads(count)


@pytest.mark.parametrize("count", [1.5, "2", True, None])
def test_only_integers_count(count):
    with pytest.raises(TypeError, match="count must be an int"):
        mt.set_num_threads(count)
