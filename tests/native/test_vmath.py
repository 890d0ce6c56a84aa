"""Every function of csrc/common/vmath.hpp against longer numbers: 4 units in the last place."""

import numpy as np
import pytest

from tests.native.support import Guarded

LONG = np.longdouble
ORACLES = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sigmoid": lambda x: np.where(x < 0, np.exp(-np.abs(x)), 1) / (1 + np.exp(-np.abs(x))),
}
DTYPES = ("float32", "float64")


def call(native, name, x):
    out = Guarded(x.shape, x.dtype)
    native.vmath(name, x, out.array)
    return out.check()


def arguments(name, dtype):
    """Of all sizes: spread evenly over the interesting range, and over the exponents."""
    rng = np.random.default_rng(5)
    info = np.finfo(dtype)
    least, most = np.log(info.smallest_subnormal), np.log(info.max)
    even = rng.uniform(least, most, 40_001)
    near = rng.uniform(-2, 2, 20_000)
    exponents = rng.uniform(info.minexp - info.nmant, info.maxexp, 20_000)
    x = np.concatenate([even, near, np.exp2(exponents) * rng.choice([-1, 1], 20_000)])
    return (np.abs(x) if name == "log" else x).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ORACLES)
def test_every_function_is_within_four_units(native, isa, name, dtype):
    if dtype == "float64" and np.finfo(LONG).nmant <= 52:
        pytest.skip("this machine has no longer numbers")
    x = arguments(name, dtype)
    wide = x.astype(LONG)
    with np.errstate(over="ignore", under="ignore"):
        exact = ORACLES[name](wide)
        unit = np.spacing(np.abs(exact).astype(dtype))
    found = call(native, name, x)
    finite = np.isfinite(unit)
    error = np.abs(found[finite].astype(LONG) - exact[finite]) / unit[finite]
    assert error.max() < 4, f"off by {error.max()} units at {x[finite][error.argmax()]!r}"
    np.testing.assert_array_equal(np.isinf(found[~finite]), True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_are_exact(native, isa, dtype):
    inf, nan, most = np.inf, np.nan, np.finfo(dtype).max
    x = np.array([0.0, -0.0, inf, -inf, nan, most, -most], dtype)
    expected = {
        "exp": [1, 1, inf, 0, nan, inf, 0],
        "log": [-inf, -inf, inf, nan, nan, np.log(most, dtype=dtype), nan],
        "tanh": [0.0, -0.0, 1, -1, nan, 1, -1],
        "sigmoid": [0.5, 0.5, 1, 0, nan, 1, 0],
    }
    for name, values in expected.items():
        found = call(native, name, x)
        np.testing.assert_array_equal(found, np.array(values, dtype), err_msg=name)
    np.testing.assert_array_equal(np.signbit(call(native, "tanh", x[:2])), [False, True])


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 9, 31])
def test_any_length(native, isa, count):
    x = np.linspace(-1, 1, count)
    np.testing.assert_allclose(call(native, "tanh", x), np.tanh(x), rtol=4 * 2.0**-52)


def test_misfits_are_refused(native):
    x = np.ones(3)
    with pytest.raises(ValueError, match="y has the shape"):
        native.vmath("exp", x, np.ones(4))
    with pytest.raises(TypeError, match="y has the dtype float32"):
        native.vmath("exp", x, np.ones(3, "float32"))
    with pytest.raises(ValueError, match="no rung 'sinh'"):
        native.vmath("sinh", x, np.ones(3))
