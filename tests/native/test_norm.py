"""Every rung of csrc/cpu/norm equals the NumPy bodies, within the rounding of its arithmetic."""

import gc

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops import norm, norm_back
from minitorch.ops.norm import batch_norm
from minitorch.ops.norm_back import batch_norm_back, batch_norm_back_gamma
from tests.native.support import Guarded, rungs

RUNGS = rungs("norm")
DTYPES = ("float32", "float64")
# (outer, channels, inner): sixteen sums side by side, strips of 32 channels, tasks of 32,768.
SHAPES = {
    "one of everything": (1, 1, 1),
    "one channel": (13, 1, 1),
    "ways - 1": (3, 5, 15),
    "ways": (3, 5, 16),
    "ways + 1": (3, 5, 17),
    "primes": (7, 11, 29),
    "strip - 1": (5, 31, 1),
    "strip": (5, 32, 1),
    "strip + 1": (5, 33, 1),
    "strips in tasks": (600, 101, 1),
    "channels in tasks": (9, 130, 67),
    "a channel larger than a task": (3, 2, 12001),
    "layer norm": (1, 6, 120),
    "one element per channel": (1, 40, 1),
}


def arrays(shape, dtype):
    """x, gamma, beta, g, g_mean, g_inv_std; x is off centre by some standard deviations."""
    rng = np.random.default_rng(5)
    c = shape[1:2]
    x = rng.normal(3.0, 0.7, shape)
    made = [x, rng.normal(1, 0.2, c), rng.normal(size=c), rng.normal(size=shape)]
    made += [rng.normal(size=c), rng.normal(size=c)]
    return [a.astype(dtype) for a in made]


def forward(module, rung, x, gamma, beta, epsilon=1e-3):
    y = Guarded(x.shape, x.dtype)
    mean, inv_std = (Guarded(x.shape[1:2], x.dtype) for _ in range(2))
    module.norm_fwd(rung, x, gamma, beta, y.array, mean.array, inv_std.array, epsilon)
    return y.check(), mean.check(), inv_std.check()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bare", [False, True], ids=["gamma and beta", "bare"])
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_forward_equals_the_body(native, isa, rung, shape, bare, dtype):
    """Sums in double, so mean and inv_std are off by roundings of T; m terms in double add m eps64.

    y has three roundings more: of the difference, the product and the sum.
    """
    x, gamma, beta, *_ = arrays(shape, dtype)
    gamma, beta = (None, None) if bare else (gamma, beta)
    found = forward(native, rung, x, gamma, beta)
    expected = batch_norm.body(np, x, gamma, beta, axes=(0, 2), epsilon=1e-3)
    m = shape[0] * shape[2]
    eps = np.finfo(dtype).eps + m * np.finfo("f8").eps
    mean, inv_std = expected[1:]
    assert (np.abs(found[1] - mean) <= 2 * eps * np.abs(x).mean((0, 2))).all()
    # d inv_std / inv_std = d var / 2 var, and var moves by 2 |x - mean| d mean at most
    away = np.abs(x - mean[:, None]).max((0, 2))
    relative = 4 * eps * (1 + np.abs(mean) * away * inv_std**2)
    assert (np.abs(found[2] - inv_std) <= relative * inv_std).all()
    scale = (1 if bare else np.abs(gamma)) * inv_std
    limit = scale * (away * (relative + 4 * eps) + 2 * eps * np.abs(x).mean((0, 2)))
    limit = limit + (0 if bare else 2 * eps * np.abs(beta))
    assert (np.abs(found[0] - expected[0]) <= limit[:, None]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bare", [False, True], ids=["all gradients", "y's alone"])
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_backward_equals_the_formula(native, isa, rung, shape, bare, dtype):
    """Against float64: sums of m terms in double, each element by some ten roundings of T."""
    x, gamma, beta, g, g_mean, g_inv_std = arrays(shape, dtype)
    _, mean, inv_std = batch_norm.body(np, x, gamma, beta, axes=(0, 2), epsilon=1e-3)
    given = (None, None, None) if bare else (gamma, g_mean, g_inv_std)
    dx, dgamma, dbeta = Guarded(shape, dtype), *(Guarded(shape[1:2], dtype) for _ in range(2))
    out = (dx.array, dgamma.array, dbeta.array)
    native.norm_back(rung, g, x, mean, inv_std, *given, *out)
    wide = [a.astype("f8") for a in (g, g_mean * (not bare), g_inv_std * (not bare))]
    wide += [a.astype("f8") for a in (x, mean, inv_std)] + [None if bare else gamma.astype("f8")]
    exact = batch_norm_back.body(np, *wide, axes=(0, 2))
    normed = np.abs((wide[3] - wide[4][:, None]) * wide[5][:, None])
    m = shape[0] * shape[2]
    eps = 10 * np.finfo(dtype).eps + 4 * m * np.finfo("f8").eps
    sums = [(np.abs(g) * normed).sum((0, 2)), np.abs(g).sum((0, 2))]
    assert (np.abs(dgamma.check() - exact[1]) <= eps * sums[0]).all()
    assert (np.abs(dbeta.check() - exact[2]) <= eps * sums[1]).all()
    # Every term of dx in absolute value
    k = wide[5] * (1 if bare else np.abs(wide[6]))
    size = k[:, None] * (np.abs(g) + sums[1][:, None] / m + normed * sums[0][:, None] / m)
    size += (np.abs(wide[1]) + normed.max((0, 2)) * wide[5] ** 2 * np.abs(wide[2]))[:, None] / m
    assert (np.abs(dx.check() - exact[0]) <= eps * size).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_what_it_ends_with(native, isa, rung, shape, dtype):
    """A sum and a rectifier behind y.

    Within a rounding of what the steps one by one give: the compiler may fuse the sum.
    """
    x, gamma, beta, *_ = arrays(shape, dtype)
    add = np.random.default_rng(6).normal(size=shape).astype(dtype)
    y, mean, inv_std = forward(native, rung, x, gamma, beta)
    for relu in (False, True):
        for more in (None, add):
            out = Guarded(shape, dtype)
            statistics = [np.empty_like(mean), np.empty_like(mean)]
            native.norm_fwd(rung, x, gamma, beta, out.array, *statistics, 1e-3, more, relu)
            expected = y if more is None else y + more
            expected = np.maximum(expected, 0) if relu else expected
            limit = 4 * np.finfo(dtype).eps * (np.abs(y) + (0 if more is None else np.abs(more)))
            assert (np.abs(out.check() - expected) <= limit).all()
            np.testing.assert_array_equal(statistics, [mean, inv_std])


@pytest.mark.parametrize("rung", RUNGS)
def test_a_part_of_the_gradients(native, rung):
    """What is not asked for is left out, and the rest is the same."""
    x, gamma, _, g, *_ = arrays((7, 11, 29), "float32")
    _, mean, inv_std = forward(native, rung, x, None, None)
    whole = [np.empty_like(a) for a in (x, mean, mean)]
    native.norm_back(rung, g, x, mean, inv_std, gamma, None, None, *whole)
    for wanted in range(3):
        out = [np.empty_like(a) if i == wanted else None for i, a in enumerate(whole)]
        native.norm_back(rung, g, x, mean, inv_std, gamma, None, None, *out)
        np.testing.assert_array_equal(out[wanted], whole[wanted])


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("shape", [(4, 2, 500), (500, 4, 1)])
def test_a_large_mean_does_not_spoil_the_variance(native, rung, shape):
    x = np.random.default_rng(1).normal(size=shape) + 1e6
    *_, inv_std = forward(native, rung, x, None, None, 0.0)
    np.testing.assert_allclose(inv_std, 1 / x.std((0, 2)), rtol=1e-9)


@pytest.mark.parametrize("rung", RUNGS)
def test_the_number_of_threads_changes_no_bit(native, rung):
    results = []
    for threads in (1, 3):
        native.set_num_threads(threads)
        for shape in ((9, 130, 67), (600, 101, 1)):
            x, gamma, beta, g, *_ = arrays(shape, "float32")
            y, mean, inv_std = forward(native, rung, x, gamma, beta)
            out = [np.empty_like(a) for a in (x, mean, mean)]
            native.norm_back(rung, g, x, mean, inv_std, gamma, None, None, *out)
            results.append([y, mean, inv_std, *out])
    for one, three in zip(results[:2], results[2:], strict=True):
        for a, b in zip(one, three, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rung", ["reference", *RUNGS])
@pytest.mark.parametrize("axes", [(0, 2, 3), (1, 2, 3), (2, 3), (0,), 0, (-1,), (0, 1, 2)])
def test_any_axes_and_memory_order_through_the_op(native, rung, axes):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 6, 5, 2)).swapaxes(1, 3)[:, ::-1]
    shape = norm_back.kept(x.shape, norm_back.axes_of(x.shape, axes))[0]
    gamma, beta, g = rng.normal(size=shape), rng.normal(size=shape), rng.normal(size=x.shape)
    results = []
    for name in ("reference", rung):
        tensors = [mt.tensor(a, requires_grad=True) for a in (x, gamma, beta)]
        ops = (batch_norm, batch_norm_back, batch_norm_back_gamma)
        with mt.use_kernel(ops[0], name), mt.use_kernel(ops[1], name), mt.use_kernel(ops[2], name):
            y, mean, inv_std = mt.batch_norm(*tensors, axes=axes, epsilon=0.1)
            ((y * mt.asarray(g)).sum() + (mean * inv_std).sum()).backward()
        results.append([y.numpy(), *[t.grad.numpy() for t in tensors]])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("x", "gamma", "axes", "reason"),
    [
        (np.ones((2, 3), "f4"), np.ones(3, "f8"), 0, r"must be \(3,\) and float32"),
        (np.ones((2, 3, 4), "f4"), None, 1, "must lie side by side"),
        (np.ones((2, 3), ">f4"), None, 0, "float32 and float64, x is >f4"),
    ],
)
def test_a_forced_kernel_says_what_it_cannot_do(native, x, gamma, axes, reason):
    mt.batch_norm(x, gamma, axes=axes)
    with mt.use_kernel(batch_norm, "k01_naive"), pytest.raises(RuntimeError, match=reason):
        mt.batch_norm(x, gamma, axes=axes)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"x": np.ones((2, 0, 4), "f4")}, ValueError, "x is empty"),
        ({"x": np.ones((2, 3), "f4")}, ValueError, "with 3 axes"),
        ({"y": np.ones((2, 3, 5), "f4")}, ValueError, "y has the shape"),
        ({"mean": np.ones(4, "f4")}, ValueError, "mean has the shape"),
        ({"gamma": np.ones(3, "f8")}, TypeError, "gamma has the dtype float64"),
    ],
)
def test_misfits_are_refused(native, changed, error, message):
    call = {
        "x": np.ones((2, 3, 4), "f4"), "gamma": None, "beta": None, "epsilon": 0.1,
        "y": np.ones((2, 3, 4), "f4"), "mean": np.ones(3, "f4"), "inv_std": np.ones(3, "f4"),
    }  # fmt: skip
    native.norm_fwd("k01_naive", **call)
    with pytest.raises(error, match=message):
        native.norm_fwd("k01_naive", **{**call, **changed})


class TestSumsFoundByTheWay:
    """The rules of gamma and beta take what the rule of x has found, and nothing else."""

    def grads(self, x, g, wanted, epsilon=0.1):
        tensors = [mt.asarray(x), mt.ones(3, dtype="float64"), mt.zeros(3, dtype="float64")]
        for tensor, needs in zip(tensors, wanted, strict=True):
            tensor.requires_grad = needs
        mt.batch_norm(*tensors, axes=(0,), epsilon=epsilon)[0].backward(g)
        return [t.grad for t in tensors]

    @pytest.mark.parametrize("wanted", [(1, 1, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 1)])
    def test_any_of_the_inputs(self, wanted):
        rng = np.random.default_rng(3)
        g, x = mt.asarray(rng.normal(size=(5, 3))), rng.normal(size=(5, 3))
        self.grads(x, g, (True, False, False))  # leaves sums that nobody has taken
        g.data[...] = rng.normal(size=(5, 3))
        found = self.grads(x * 2, g, [bool(w) for w in wanted])
        normed = (x - x.mean(0)) / np.sqrt(x.var(0) + 0.1 / 4)
        for value, exact in zip(found[1:], ((g.data * normed).sum(0), g.data.sum(0)), strict=True):
            if value is not None:
                np.testing.assert_allclose(value.numpy(), exact, atol=1e-12)

    def test_a_changed_gradient_is_noticed(self):
        x, g = mt.asarray(np.arange(6.0).reshape(2, 3)), mt.asarray(np.ones((2, 3)))
        total = mt.asarray(np.full(3, 2.0))
        norm._found.keep((g,), x, total, total)
        g += 1
        assert norm._found.take("dbeta", g) is None
        assert norm._found.take("dgamma", g, x) is None

    def test_they_keep_nothing_large_alive_and_are_taken_once(self):
        x, g = mt.asarray(np.ones((2, 3))), mt.asarray(np.ones((2, 3)))
        sums = mt.asarray(np.ones(3))
        norm._found.keep((g,), x, sums, sums)
        assert norm._found.take("dbeta", g) is sums
        assert norm._found.take("dbeta", g) is None
        other = mt.asarray(np.ones((2, 3)))
        assert norm._found.take("dgamma", other, x) is None
        del g
        gc.collect()
        assert norm._found.dgamma[1][0][0]() is None
