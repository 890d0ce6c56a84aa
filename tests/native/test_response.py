"""Every rung of csrc/cpu/response against float64, within the bound of its sums and powers."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.ops.response import local_response_norm, local_response_norm_back
from tests.native.support import Guarded, rungs

RUNGS = rungs("response")
DTYPES = ("float32", "float64")
# (outer, channels, inner): strips are of 16, 32 or 64 places, vectors of 2 to 8.
SHAPES = (
    (1, 1, 1), (2, 3, 7), (2, 7, 8), (1, 5, 9), (2, 6, 63), (1, 6, 64), (1, 6, 65), (3, 40, 31),
    (2, 96, 29), (0, 3, 4), (3, 4, 0),
)  # fmt: skip
SETTINGS = (
    {"alpha": 0.3, "k": 2.0, "beta": 0.75, "n": 5},
    {"alpha": 0.5, "k": 1.0, "beta": 0.5, "n": 1},
    {"alpha": 2.0, "k": 0.1, "beta": 1.3, "n": 9},
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("settings", SETTINGS, ids=["usual", "alone", "wide"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_equals_the_body(native, isa, rung, shape, settings, dtype):
    """s has n + 2 roundings, and its power of beta times as many; exp and log have 4 each.

    A logarithm's error counts beta |ln s| times in the power; the gradient's sums have n terms.
    """
    rng = np.random.default_rng(sum(shape))
    x, g = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    n, beta = settings["n"], settings["beta"]
    most = settings["k"] + settings["alpha"] * n * (x.astype("f8") ** 2).max(initial=0)
    logs = beta * max(abs(np.log(settings["k"])), abs(np.log(most)))
    relative = ((beta + 1) * (n + 2) + 8 * logs + 12 + n) * np.finfo(dtype).eps
    y, dx = Guarded(shape, dtype), Guarded(shape, dtype)
    native.response(rung, x, y.array, **settings)
    native.response(rung, x, dx.array, g, **settings)
    wide = [a.astype("f8") for a in (g, x)]
    exact = local_response_norm.body(np, wide[1], **settings)
    assert (np.abs(y.check() - exact) <= relative * np.abs(exact)).all()
    exact = local_response_norm_back.body(np, *wide, **settings)
    # Both parts of the gradient in absolute value: with |g| and |x| the second is subtracted.
    parts = [np.abs(a) for a in wide]
    whole = local_response_norm_back.body(np, *parts, **settings)
    first = parts[0] * local_response_norm.body(np, np.where(parts[1], parts[1], 1), **settings)
    first = first / np.where(parts[1], parts[1], 1)
    assert (np.abs(dx.check() - exact) <= relative * (2 * first - whole)).all()


@pytest.mark.parametrize("rung", ["reference", *RUNGS])
@pytest.mark.parametrize("axes", [0, 1, 2])
def test_any_shape_and_memory_order_through_the_op(native, rung, axes):
    x = np.random.default_rng(2).normal(size=(3, 8, *[5, 4][:axes])).swapaxes(0, -1)[::-1]
    results = []
    for name in ("reference", rung):
        a = mt.tensor(x, requires_grad=True)
        with (
            mt.use_kernel(local_response_norm, name),
            mt.use_kernel(local_response_norm_back, name),
        ):
            y = mt.local_response_norm(a, alpha=0.4)
            (y * y).sum().backward()
        results.append([y.numpy(), a.grad.numpy()])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("rung", RUNGS)
def test_the_number_of_threads_changes_no_bit(native, rung):
    x, g = np.random.default_rng(0).normal(size=(2, 4, 40, 301)).astype("f4")
    results = []
    for threads in (1, 3):
        native.set_num_threads(threads)
        y, dx = np.empty_like(x), np.empty_like(x)
        native.response(rung, x, y, **SETTINGS[0])
        native.response(rung, x, dx, g, **SETTINGS[0])
        results.append((y, dx))
    for one, three in zip(*results, strict=True):
        np.testing.assert_array_equal(one, three)


def test_a_forced_kernel_says_what_it_cannot_do(native):
    with (
        mt.use_kernel(local_response_norm_back, "k02_strips"),
        pytest.raises(RuntimeError, match="one shape and dtype"),
    ):
        local_response_norm_back(np.ones((1, 2), "f4"), np.ones((1, 2), "f8"), **SETTINGS[0])
    with pytest.raises(ValueError, match="n must be an odd number"):
        mt.local_response_norm(np.ones((1, 2), "f4"), n=4)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"y": np.ones((2, 3, 5), "f4")}, ValueError, "y has the shape"),
        ({"g": np.ones((2, 3, 4), "f8")}, TypeError, "g has the dtype float64"),
        ({"n": 2}, ValueError, "n must be odd"),
        ({"k": 0.0}, ValueError, "and k positive"),
    ],
)
def test_misfits_are_refused(native, changed, error, message):
    one = np.ones((2, 3, 4), "f4")
    call = {"x": one, "y": one.copy(), "g": one, **SETTINGS[0]}
    native.response("k01_naive", **call)
    with pytest.raises(error, match=message):
        native.response("k01_naive", **{**call, **changed})
