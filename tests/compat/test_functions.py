"""theano.tensor's functions, each against NumPy."""

import numpy as np
import pytest

import minitorch.compat.theano as theano
import minitorch.compat.theano.tensor as T
from minitorch.compat.theano.tensor.signal.pool import pool_2d

A = np.random.RandomState(0).uniform(0.5, 2, (3, 4)).astype(np.float32)
B = np.random.RandomState(1).uniform(0.5, 2, (3, 4)).astype(np.float32)

# What T gives for x = A and y = B, and what NumPy does.
CASES = {
    "abs_": (lambda x, y: T.abs_(-x), A),
    "maximum": (lambda x, y: T.maximum(x, y), np.maximum(A, B)),
    "sqr": (lambda x, y: T.sqr(x), A**2),
    "inv": (lambda x, y: T.inv(x), 1 / A),
    "log1p": (lambda x, y: T.log1p(x), np.log1p(A)),
    "arctan2": (lambda x, y: T.arctan2(x, y), np.arctan2(A, B)),
    "clip": (lambda x, y: T.clip(x, 0.7, 1.5), A.clip(0.7, 1.5)),
    "switch": (lambda x, y: T.switch(T.gt(x, y), x, 0), np.where(A > B, A, 0)),
    "switch of numbers": (lambda x, y: T.switch(1, x, y), A),
    "neq": (lambda x, y: T.neq(x, y).sum(), 12),
    "any": (lambda x, y: T.any(x > 1, axis=0), (A > 1).any(axis=0)),
    "sum": (lambda x, y: T.sum(x, axis=[0, 1]), A.sum()),
    "sum of a list": (lambda x, y: T.sum([x, y], axis=0), A + B),
    "mean of integers": (lambda x, y: T.mean(x > 1, dtype="float64"), (A > 1).mean()),
    "mean": (lambda x, y: x.mean(axis=1, keepdims=True), A.mean(axis=1, keepdims=True)),
    "max": (lambda x, y: T.max(x, axis=1), A.max(axis=1)),
    "var": (lambda x, y: x.var(axis=0), A.var(axis=0)),
    "std": (lambda x, y: T.std(x), A.std()),
    "prod": (lambda x, y: T.prod(x, axis=0), A.prod(axis=0)),
    "prod of lengths": (lambda x, y: T.prod(x.shape), 12),
    "argmax": (lambda x, y: T.argmax(x, axis=1), A.argmax(axis=1)),
    "argsort": (lambda x, y: x.argsort(axis=0), A.argsort(axis=0)),
    "sort": (lambda x, y: T.sort(x), np.sort(A)),
    "cumsum": (lambda x, y: T.cumsum(x), np.cumsum(A)),
    "cumsum of an axis": (lambda x, y: T.extra_ops.cumsum(x, axis=1), np.cumsum(A, axis=1)),
    "dot": (lambda x, y: T.dot(x, y.T), A @ B.T),
    "dot with a number": (lambda x, y: T.dot(x, 2.0), A * 2),
    "dot of vectors": (lambda x, y: x[0].dot(y[1]), A[0] @ B[1]),
    "dot with three axes": (
        lambda x, y: T.dot(x, T.stack([y.T, y.T])),
        np.dot(A, np.stack([B.T, B.T])),
    ),
    "tensordot": (
        lambda x, y: T.tensordot(x, y, axes=([1], [1])),
        np.tensordot(A, B, axes=([1], [1])),
    ),
    "batched_dot": (
        lambda x, y: T.batched_dot(x.dimshuffle(0, "x", 1), y.dimshuffle(0, 1, "x")),
        (A * B).sum(axis=1)[:, None, None],
    ),
    "outer": (lambda x, y: T.outer(x[0], y[0]), np.outer(A[0], B[0])),
    "reshape": (lambda x, y: x.reshape((2, -1)), A.reshape(2, -1)),
    "reshape by a length": (lambda x, y: T.reshape(x, (x.shape[1], 3)), A.reshape(4, 3)),
    "flatten": (lambda x, y: x.flatten(), A.ravel()),
    "flatten to two": (lambda x, y: x.dimshuffle(0, 1, "x").flatten(ndim=2), A),
    "dimshuffle": (lambda x, y: x.dimshuffle(1, "x", 0), A.T[:, None]),
    "dimshuffle of a list": (lambda x, y: x.dimshuffle([1, 0]), A.T),
    "dropped axes": (lambda x, y: x[:1].dimshuffle(1), A[0]),
    "transpose": (lambda x, y: T.transpose(x), A.T),
    "swapaxes": (lambda x, y: x.swapaxes(0, 1), A.T),
    "shape_padleft": (lambda x, y: T.shape_padleft(x, 2), A[None, None]),
    "shape_padright": (lambda x, y: T.shape_padright(x), A[..., None]),
    "shape_padaxis": (lambda x, y: T.shape_padaxis(x, 1), A[:, None]),
    "addbroadcast": (lambda x, y: T.addbroadcast(x[:1], 0) * y, A[:1] * B),
    "concatenate": (lambda x, y: T.concatenate([x, y], axis=1), np.concatenate([A, B], axis=1)),
    "stack": (lambda x, y: T.stack([x, y], axis=1), np.stack([A, B], axis=1)),
    "stack as it was": (lambda x, y: T.stack(x, y), np.stack([A, B])),
    "repeat": (lambda x, y: T.repeat(x, 2, axis=1), A.repeat(2, axis=1)),
    "tile": (lambda x, y: T.tile(x, (2, 1)), np.tile(A, (2, 1))),
    "zeros": (lambda x, y: T.zeros(x.shape) + T.ones_like(x), np.ones_like(A)),
    "alloc": (lambda x, y: T.alloc(2.0, x.shape[0], 2), np.full((3, 2), 2)),
    "arange": (lambda x, y: T.arange(x.shape[1]), np.arange(4)),
    "eye": (lambda x, y: T.eye(3), np.eye(3)),
    "constant": (lambda x, y: T.constant(A, dtype="float64") + x, A + A),
    "cast": (lambda x, y: T.cast(T.cast(x, "int32"), "floatX") / 2, A.astype(int) / 2),
    "one hot": (lambda x, y: T.extra_ops.to_one_hot([0, 2], 3), np.eye(3)[[0, 2]]),
    "places": (lambda x, y: x[(x > 1).nonzero()], A[A > 1]),
    "places by index": (lambda x, y: x[T.arange(3), [0, 1, 2]], A[range(3), [0, 1, 2]]),
    "set_subtensor": (lambda x, y: T.set_subtensor(x[0], y[1]), np.stack([B[1], *A[1:]])),
    "inc_subtensor": (lambda x, y: T.inc_subtensor(x[1:], 1.0), np.stack([A[0], *A[1:] + 1])),
    "relu": (lambda x, y: T.nnet.relu(x - 1), np.maximum(A - 1, 0)),
    "leaky relu": (lambda x, y: T.nnet.relu(x - 1, 0.5), np.where(A > 1, A - 1, (A - 1) / 2)),
    "softplus": (lambda x, y: T.nnet.softplus(x), np.log1p(np.exp(A))),
    "softmax": (
        lambda x, y: T.nnet.softmax(x),
        np.exp(A) / np.exp(A).sum(axis=1, keepdims=True),
    ),
    "softmax of a vector": (lambda x, y: T.nnet.softmax(x[0]).sum(axis=1), [1]),
    "logsoftmax": (lambda x, y: T.exp(T.nnet.logsoftmax(x)).sum(axis=1), np.ones(3)),
    "binary_crossentropy": (
        lambda x, y: T.nnet.binary_crossentropy(x / 3, T.zeros_like(x)),
        -np.log(1 - A / 3),
    ),
    "and": (lambda x, y: (x > 1) & (y > 1) | (x < 0), (A > 1) & (B > 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_functions_are_those_of_numpy(case):
    make, wanted = CASES[case]
    x, y = T.matrix("x"), T.matrix("y")
    found = theano.function([x, y], make(x, y), on_unused_input="ignore")(A, B)
    assert found.shape == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def slow_conv(x, w, pad):
    """True convolution by loops."""
    x = np.pad(x, [(0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2])
    rows, columns = x.shape[2] - w.shape[2] + 1, x.shape[3] - w.shape[3] + 1
    out = np.zeros((len(x), len(w), rows, columns))
    for i, j in np.ndindex(rows, columns):
        part = x[:, None, :, i : i + w.shape[2], j : j + w.shape[3]]
        out[:, :, i, j] = (part * w[None, :, :, ::-1, ::-1]).sum(axis=(2, 3, 4))
    return out


@pytest.mark.parametrize(
    ("mode", "pad"), [("valid", (0, 0)), ("full", (2, 2)), ("half", (1, 1)), ((0, 1), (0, 1))]
)
def test_conv2d(mode, pad):
    rng = np.random.RandomState(2)
    images, filters = rng.randn(2, 2, 5, 6), rng.randn(3, 2, 3, 3)
    x = T.dtensor4()
    found = T.nnet.conv2d(x, filters, border_mode=mode).eval({x: images})
    np.testing.assert_allclose(found, slow_conv(images, filters, pad), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mode", ["max", "sum", "average_inc_pad", "average_exc_pad"])
def test_pool_2d(mode):
    image = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    x = T.tensor4()
    found = pool_2d(x, ds=(2, 2), mode=mode).eval({x: image})
    parts = image.reshape(1, 1, 2, 2, 2, 2).swapaxes(3, 4).reshape(1, 1, 2, 2, 4)
    wanted = {"max": parts.max(-1), "sum": parts.sum(-1)}.get(mode, parts.mean(-1))
    assert np.array_equal(found, wanted)


def test_padding_of_averages():
    ones = np.ones((1, 1, 2, 2), np.float32)
    x = T.tensor4()
    inc, exc = (
        pool_2d(x, (2, 2), pad=(1, 1), mode=f"average_{which}_pad").eval({x: ones})
        for which in ("inc", "exc")
    )
    assert inc.ravel().tolist() == [0.25] * 4 and exc.ravel().tolist() == [1] * 4


def test_what_is_refused():
    x = T.matrix()
    with pytest.raises(ValueError, match="axes .1. of .3, 4. are left out"):
        x.dimshuffle(0).eval({x: A})
    with pytest.raises(TypeError, match=r"set_subtensor: the first argument is a part x\[index\]"):
        T.set_subtensor(x, 1)
    with pytest.raises(ValueError, match="pool_2d: mode is one of max"):
        pool_2d(A[None, None], (2, 2), mode="min").eval()


def test_placeholders_of_every_kind():
    assert T.ivector("i").dtype == "int32" and T.lscalar().ndim == 0 and T.dtensor3().ndim == 3
    assert T.TensorType("int8", (False,) * 3)("b").ndim == 3
    assert repr(T.col()) == "<Placeholder without a name: float32, 2 axes>"
