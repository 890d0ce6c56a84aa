"""Products that end with a bias and a rectifier: which do, and that they equal the eager run."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.backend.native import load_extension
from minitorch.capture.finish import Finished

pytestmark = pytest.mark.skipif(
    load_extension("_cpu")[0] is None, reason="the CPU kernels are not built"
)


def draw(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).normal(size=shape)


def conv(x, w, b=None):
    n = x.ndim - 2
    return mt.ops.conv_fwd(x, w, b, stride=(1,) * n, pad=((1, 1),) * n, dilation=(1,) * n, groups=1)


def norm(x):
    return mt.batch_norm(x, axes=(0, 2, 3))[0]


def finished(f, *arrays):
    """What the instructions of the captured function end with, after comparing two replays."""
    captured = mt.function(f)
    captured(*arrays)
    for k in (1, 2):
        moved = [a * (k + 0.5) - 0.1 * k for a in arrays]
        for got, want in zip(captured(*moved), f(*map(mt.asarray, moved)), strict=True):
            np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-12, atol=1e-12)
    steps = captured.program.instructions
    return [(s.addend is not None, s.relu) if isinstance(s, Finished) else s.name for s in steps]


X, W, B = draw(7, 5), draw(5, 6), draw(6)
IMAGES, FILTERS = draw(2, 3, 6, 5), draw(4, 3, 3, 3)
CASES = {
    "bias and rectifier": (lambda x, w, b: [mt.relu(x @ w + b)], (X, W, B), [(True, True)]),
    "bias first": (lambda x, w, b: [mt.relu(b + x @ w)], (X, W, B), [(True, True)]),
    "bias": (lambda x, w, b: [x @ w + b], (X, W, B), [(True, False)]),
    "rectifier": (lambda x, w: [mt.relu(x @ w)], (X, W), [(False, True)]),
    "a batch": (lambda x, w, b: [mt.relu(x @ w + b)], (draw(3, 7, 5), W, B), [(True, True)]),
    "transposed": (lambda x, w, b: [x.T @ w + b], (draw(5, 7), W, B), [(True, False)]),
    "convolution": (lambda x, w: [mt.relu(conv(x, w))], (IMAGES, FILTERS), [(False, True)]),
    "convolution with a bias": (
        lambda x, w, b: [mt.relu(conv(x, w, b))],
        (IMAGES, FILTERS, draw(4)),
        [(False, True)],
    ),
    "convolution of volumes": (
        lambda x, w, b: [mt.relu(conv(x, w, b))],
        (draw(2, 3, 4, 6, 5), draw(4, 3, 2, 3, 3), draw(4)),
        [(False, True)],
    ),
    "batch norm": (lambda x: [mt.relu(norm(x))], (IMAGES,), [(False, True)]),
    "batch norm and a branch": (
        lambda x, y: [mt.relu(norm(x) + y)],
        (IMAGES, draw(2, 3, 6, 5, seed=1)),
        [(True, True)],
    ),
    "a branch made before": (
        lambda x, y: [mt.relu(norm(y) + norm(x))],
        (IMAGES, draw(2, 3, 6, 5, seed=1)),
        ["batch_norm", (True, True)],
    ),
    "a branch, and no rectifier": (
        lambda x, y: [y + norm(x)],
        (IMAGES, draw(2, 3, 6, 5, seed=1)),
        [(True, False)],
    ),
    # What stays a pass of its own
    "a bias that is a whole matrix": (
        lambda x, w, b: [x @ w + b],
        (X, W, draw(7, 6)),
        ["matmul", "fused"],
    ),
    "a bias of rows": (lambda x, w, b: [x @ w + b], (X, W, draw(7, 1)), ["matmul", "fused"]),
    "a vector": (lambda x, w, b: [x @ w + b], (X, draw(5), draw(7)), ["matmul", "fused"]),
    "rows times a vector": (
        lambda x, w, b: [x @ w + b],
        (draw(3, 7, 5), draw(5), draw(7)),
        ["matmul", "fused"],
    ),
    "a result that is wanted": (
        lambda x, w: [y := x @ w, mt.relu(y)],
        (X, W),
        ["matmul", "fused"],
    ),
    "a result that another op reads": (
        lambda x, w: [mt.relu(y := x @ w), mt.sum(y)],
        (X, W),
        ["matmul", "fused", "sum"],
    ),
    "batch norm and a bias": (
        lambda x, b: [norm(x) + b],
        (IMAGES, draw(5)),
        ["batch_norm", "fused"],
    ),
    "another chain": (lambda x, w: [mt.exp(x @ w)], (X, W), ["matmul", "fused"]),
}


@pytest.mark.parametrize(("f", "arrays", "expected"), CASES.values(), ids=CASES)
def test_what_a_product_takes_in(f, arrays, expected):
    assert finished(f, *arrays) == expected


def test_a_bias_that_is_written_after_the_product_is_not_read_before():
    b = mt.parameter.Parameter(np.zeros(6), name="b")

    @mt.function
    def f(x, w):
        y = x @ w
        with mt.no_grad():
            b[...] = x[0, 0] + b
        return y + b

    for count in (1, 2, 3):
        np.testing.assert_allclose(f(X, W).numpy(), X @ W + count * X[0, 0], rtol=1e-12)
    assert not any(isinstance(step, Finished) for step in f.program.instructions)


def test_it_is_printed_as_it_is_computed():
    b = mt.parameter.Parameter(draw(6), name="b")
    f = mt.function(lambda x: mt.relu(mt.asarray(W) @ x + b))
    f(draw(6, 6))
    assert "relu(matmul(" in str(f.program) and ") + b)" in str(f.program)


def test_where_no_kernel_does_the_product_it_is_done_apart():
    with mt.use_kernel("matmul", "reference"):
        f = mt.function(lambda x, w, b: mt.relu(x @ w + b))
        f(X, W, B)
        got = f(2 * X, W, B).numpy()
    assert f.program.kinds == ["python"]
    np.testing.assert_allclose(got, np.maximum(2 * X @ W + B, 0), rtol=1e-12, atol=1e-12)
    assert len(f.program.profile(1)) == 1
