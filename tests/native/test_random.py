"""Every rung of csrc/cpu/random gives the recipe's numbers: dropout to the bit."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.random import dropout, gaussian_noise
from tests.native.support import Guarded, rungs

RUNGS = rungs("random")
DTYPES = ("float32", "float64")
# Blocks have 8 numbers, tasks 2,048 blocks.
SIZES = (0, 1, 2, 7, 8, 9, 97, 16383, 16384, 16385, 40001)
COUNTERS = ((0, 0), (1, 5), (2**64 - 1, 2**64 - 1), (3, 2**64 - 2))


def numbers(size, dtype):
    rng = np.random.default_rng(size)
    x = rng.normal(size=size).astype(dtype)
    x[::5] = 0
    x[1::7] = -np.inf
    x[2::11] = np.nan
    return x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rung", RUNGS)
def test_dropout_equals_the_body_to_the_bit(native, isa, rung, size, dtype):
    """The sign of zeros and what becomes of infinities included."""
    x = numbers(size, dtype)
    for seed, offset in COUNTERS:
        for p, rescale in ((0.3, True), (0.5, False), (0.0, True), (1 - 2**-40, True)):
            y = Guarded((size, 1, 1), dtype)
            divisor, threshold = 1 - p if rescale else 1.0, int(p * 2**32 + 0.5)
            native.dropout(rung, x.reshape(-1, 1, 1), y.array, seed, offset, threshold, divisor)
            static = {"p": p, "seed": seed, "offset": offset, "rescale": rescale}
            with np.errstate(invalid="ignore", over="ignore"):
                expected = dropout.body(np, x, **static)
            found = y.check().reshape(-1)
            np.testing.assert_array_equal(found, expected)
            known = ~np.isnan(expected)
            assert (np.signbit(found) == np.signbit(expected))[known].all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rung", RUNGS)
def test_noise_equals_the_body(native, isa, rung, size, dtype):
    """Normal numbers in double, by the C library's functions here and NumPy's there: some units."""
    x = np.random.default_rng(size).normal(size=size).astype(dtype)
    for seed, offset in COUNTERS:
        y = Guarded((size, 1, 1), dtype)
        native.noise(rung, x.reshape(-1, 1, 1), y.array, seed, offset, 0.7)
        expected = gaussian_noise.body(np, x, sigma=0.7, seed=seed, offset=offset)
        limit = 8 * np.finfo(dtype).eps * (1 + np.abs(expected) + np.abs(x))
        assert (np.abs(y.check().reshape(-1) - expected) <= limit).all()


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("axes", [(), 0, (2, 3), (1,), (-1,), (0, 1), (0, 1, 2, 3)])
def test_shared_axes_through_the_op(native, isa, rung, axes):
    x = np.random.default_rng(1).normal(size=(5, 7, 3, 4)).swapaxes(0, 2)[:, ::-1]
    static = {"p": 0.4, "seed": 9, "offset": 3, "shared_axes": axes}
    with mt.use_kernel(dropout, rung):
        found = dropout(x, **static).numpy()
    np.testing.assert_array_equal(found, dropout.body(np, x, **static))


@pytest.mark.parametrize("rung", RUNGS)
def test_the_gradient_has_the_same_mask(native, rung):
    x = mt.ones((33, 5)).requires_grad_()
    with mt.use_kernel(dropout, rung):
        y = mt.dropout(x, p=0.25, seed=4, offset=1)
        y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())


@pytest.mark.parametrize("rung", RUNGS)
def test_the_number_of_threads_changes_no_bit(native, rung):
    x = np.random.default_rng(0).normal(size=(100, 5, 100)).astype("f4")
    results = []
    for threads in (1, 3):
        native.set_num_threads(threads)
        y, z = np.empty_like(x), np.empty_like(x)
        native.dropout(rung, x, y, 1, 2, 2**31, 0.5)
        native.noise(rung, x.reshape(-1, 1, 1), z.reshape(-1, 1, 1), 1, 2, 0.1)
        results.append((y, z))
    for one, three in zip(*results, strict=True):
        np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize(
    ("x", "changed", "reason"),
    [
        (np.ones(3, "f2"), {}, "x is float16"),
        (np.ones((2, 3, 4), "f4"), {"shared_axes": (0, 2)}, "lie side by side"),
    ],
)
def test_a_forced_dropout_says_what_it_cannot_do(native, x, changed, reason):
    static = {"p": 0.5, "seed": 1, "offset": 0, "rescale": True, "shared_axes": (), **changed}
    verdict = [k.supports(x, **static) for b, k in dropout.kernels if b == "cpu"]
    assert all(reason in v for v in verdict)
    assert dropout(x, **static).shape == x.shape


def test_wrong_arguments_are_refused_as_by_the_body(native):
    x = np.ones(3, "f4")
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\), got 1"):
        mt.dropout(x, p=1, seed=1)
    with pytest.raises(TypeError, match="seed must be an integer"):
        mt.dropout(x, seed=1.5)
    with pytest.raises(ValueError, match="shared_axes=3"):
        mt.dropout(x, seed=1, shared_axes=3)
    with pytest.raises(ValueError, match="sigma must not be negative"):
        mt.gaussian_noise(x, sigma=-1, seed=1)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.ones((2, 1, 1), "f4"), np.ones((3, 1, 1), "f4"), ValueError, "y has the shape"),
        (np.ones((2, 1, 1), "i4"), np.ones((2, 1, 1), "f4"), TypeError, "dtype int32"),
        (np.ones((1, 2, 1), "f4"), np.ones((1, 2, 1), "f4"), ValueError, "noise of its own"),
    ],
)
def test_misfits_are_refused(native, x, y, error, message):
    with pytest.raises(error, match=message):
        native.noise("k01_naive", x, y, 1, 0, 0.5)
