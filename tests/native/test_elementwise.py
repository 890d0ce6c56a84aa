"""Chains of csrc/cpu/elementwise against NumPy, operation by operation and joined."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.native.support import NATIVE, REASON, Guarded

pytestmark = pytest.mark.skipif(NATIVE is None, reason=REASON)
CODES = NATIVE.elementwise_codes if NATIVE else {}
ORACLES = {
    "copy": lambda a: a,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "where": lambda a, b, c: np.where(a != 0, b, c),
}
# Of the result, in units of its last place: these are computed by polynomials.
ULPS = {"exp": 4, "log": 4, "tanh": 4, "sigmoid": 4}
# Blocks are 512 elements, tasks 8192; shapes of broadcast operands end on both.
SHAPES = [
    ((), ()), ((1,), (1,)), ((0, 3), (0, 3)), ((7,), (7,)), ((511,), (511,)), ((512,), (1,)),
    ((513,), (513,)), ((3, 1, 5), (4, 1)), ((2, 3, 4, 5), (3, 1, 1)), ((17, 1031), (1031,)),
    ((8192 * 2 + 1,), ()), ((40, 10, 49), (10, 1)), ((2, 1, 2, 1, 2, 1, 2, 3), (1, 2, 1, 1)),
]  # fmt: skip


def operands(arity, shapes, dtype, seed=0):
    rng = np.random.default_rng(seed)
    for shape in [*shapes, shapes[0]][:arity]:
        x = rng.normal(size=shape)
        yield np.asarray(np.where(rng.random(shape) < 0.1, rng.integers(-1, 2, shape), x), dtype)


def run(shape, inputs, steps, outputs, dtype):
    numbered = [(CODES[n][0], *ops, *[-1] * (3 - len(ops))) for n, ops in steps]
    NATIVE.elementwise(shape, inputs, numbered, outputs, np.dtype(dtype) == np.float64)


def oracle(name, arrays):
    with np.errstate(all="ignore"):
        return ORACLES.get(name, getattr(np, name, None))(*arrays)


def assert_close(found, expected, name):
    if name not in ULPS:
        np.testing.assert_array_equal(found, expected)
        return
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    rounded = np.nan_to_num(expected.astype(found.dtype))
    np.testing.assert_array_max_ulp(np.nan_to_num(found), rounded, ULPS[name])


@pytest.mark.parametrize("isa", NATIVE.isas() if NATIVE else [])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CODES)
def test_every_operation_is_numpys(name, dtype, isa):
    before = NATIVE.isa()
    NATIVE.use_isa(isa)
    try:
        for shapes in SHAPES:
            arrays = list(operands(CODES[name][1], shapes, dtype))
            expected = oracle(name, [a.astype("f8") for a in arrays] if name in ULPS else arrays)
            shape = np.broadcast_shapes(*[a.shape for a in arrays])
            out = Guarded(shape, dtype)
            run(shape, arrays, [(name, range(len(arrays)))], [(len(arrays), out.array)], dtype)
            assert_close(out.check(), np.asarray(expected), name)
    finally:
        NATIVE.use_isa(before)


@pytest.mark.parametrize("name", CODES)
def test_infinities_nans_and_zeros(name):
    edges = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0, -1.0, 1e-40, 3e38], "f4")
    grids = np.meshgrid(*[edges] * CODES[name][1])
    arrays = [g.reshape(-1) for g in grids]
    out = np.empty(arrays[0].shape, "f4")
    run(out.shape, arrays, [(name, range(len(arrays)))], [(len(arrays), out)], "f4")
    wide = [a.astype("f8") for a in arrays] if name in ULPS else arrays
    with np.errstate(all="ignore"):
        expected = np.asarray(oracle(name, wide)).astype("f4")
    if name in ULPS:
        np.testing.assert_allclose(out, expected, rtol=1e-6, atol=1e-44)
    else:
        np.testing.assert_array_equal(out, expected)


def test_masks_are_bytes():
    x, mask = np.arange(-3, 3, dtype="f4"), np.array([True, False] * 3)
    kept, positive = np.empty(6, "f4"), np.empty(6, bool)
    steps = [("greater", (0, 1)), ("multiply", (0, 2))]
    run((6,), [x, np.zeros((), "f4"), mask], steps, [(3, positive), (4, kept)], "f4")
    np.testing.assert_array_equal(positive, x > 0)
    np.testing.assert_array_equal(kept, x * mask)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_chain_in_place_with_turned_and_broadcast_operands(threads):
    before = NATIVE.num_threads()
    NATIVE.set_num_threads(threads)
    try:
        rng = np.random.default_rng(0)
        x, y, b = rng.normal(size=(300, 70)), rng.normal(size=(70, 300)), rng.normal(size=70)
        expected = np.maximum(x * 2.0 + b, y.T) - x
        turned = np.empty((70, 300))
        two = np.array(2.0)
        steps = [
            ("multiply", (0, 3)), ("add", (4, 2)), ("maximum", (5, 1)), ("subtract", (6, 0)),
        ]  # fmt: skip
        run(x.shape, [x, y.T, b, two], steps, [(7, x), (7, turned.T)], "f8")
        np.testing.assert_array_equal(x, expected)
        np.testing.assert_array_equal(turned.T, expected)
    finally:
        NATIVE.set_num_threads(before)


def test_a_long_chain_uses_its_registers_again():
    x = np.linspace(0, 1, 1000, dtype="f4")
    out = np.empty_like(x)
    steps = [("add", (i + 1 if i else 0, 1)) for i in range(60)]
    run((1000,), [x, np.ones((), "f4")], steps, [(61, out)], "f4")
    expected = x
    for _ in range(60):
        expected = expected + np.float32(1)
    np.testing.assert_array_equal(out, expected)


@st.composite
def windows(draw):
    """An array and one of its views, of any element size."""
    dtype = draw(st.sampled_from(["u1", "f2", "i4", "f8"]))
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=4)))
    base = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    cut = tuple(slice(None, None, draw(st.sampled_from([1, 2, -1]))) for _ in shape)
    return np.asarray(base[cut]).transpose(draw(st.permutations(range(len(shape)))))


@pytest.mark.skipif(NATIVE is None, reason=REASON)
@settings(max_examples=60)
@given(windows(), windows())
def test_copies_between_windows(source, other):
    out = Guarded(source.shape, source.dtype)
    NATIVE.copy(source, out.array)
    np.testing.assert_array_equal(out.check(), source)
    target = np.zeros_like(other, source.dtype)
    if source.ndim == 0:
        NATIVE.copy(source, target)
        np.testing.assert_array_equal(target, np.full(target.shape, source))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"inputs": [np.ones(3, "f8")]}, TypeError, "one floating-point dtype"),
        ({"inputs": [np.ones(4, "f4")]}, ValueError, "does not fit"),
        ({"steps": [(99, 0, -1, -1)]}, ValueError, "no such step"),
        ({"steps": [(1, 0, -1, -1)]}, ValueError, "wrong operands"),
        ({"steps": [(0, 1, -1, -1)]}, ValueError, "wrong operands"),
        ({"outputs": [(5, np.ones(3, "f4"))]}, ValueError, "no step"),
        ({"outputs": [(0, np.broadcast_to(np.float32(1), 3))]}, ValueError, "not writeable"),
        ({"shape": (1,) * 9}, ValueError, "at most 8 axes"),
    ],
)
def test_wrong_chains_are_refused(change, error, message):
    given = {
        "shape": (3,),
        "inputs": [np.ones(3, "f4")],
        "steps": [(0, 0, -1, -1)],
        "outputs": [(1, np.ones(3, "f4"))],
        "wide": False,
    }
    with pytest.raises(error, match=message):
        NATIVE.elementwise(**{**given, **change})
