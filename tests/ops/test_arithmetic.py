"""Arithmetic: values against Python's own numbers, dtypes, kinks and rules."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import minitorch as mt

PAIRS = [
    ("add", operator.add),
    ("subtract", operator.sub),
    ("multiply", operator.mul),
    ("divide", operator.truediv),
    ("floor_divide", operator.floordiv),
    ("remainder", operator.mod),
]
SHAPES = [((), ()), ((0,), (0,)), ((1,), (3,)), ((3, 1), (4,)), ((2, 3), ())]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "oracle"), PAIRS)
def test_pairs_agree_with_python(name, oracle, shapes):
    rng = np.random.default_rng(0)
    a = rng.uniform(-5, 5, shapes[0])
    b = rng.uniform(0.5, 3, shapes[1]) * rng.choice([-1, 1], shapes[1])
    out = getattr(mt, name)(mt.asarray(a), mt.asarray(b))
    rows = [oracle(float(p), float(q)) for p, q in np.broadcast(a, b)]
    assert out.shape == np.broadcast_shapes(*shapes)
    np.testing.assert_allclose(out.numpy().ravel(), rows, rtol=1e-15)


@pytest.mark.parametrize(("name", "oracle"), PAIRS)
def test_pairs_take_integers_and_scalars(name, oracle):
    a, b = [7, -7, 9], 2
    out = getattr(mt, name)(mt.asarray(a), b)
    assert out.tolist() == [oracle(p, b) for p in a]
    assert out.dtype == (np.float64 if name == "divide" else np.int64)


def test_python_scalars_do_not_widen():
    x = mt.asarray(np.float32([1, 2]))
    assert mt.add(x, 1.5).dtype == np.float32
    assert mt.multiply(2, x).dtype == np.float32
    assert mt.add(mt.asarray(np.float16([1])), 1.0).dtype == np.float16


def test_arrays_promote_as_numpy_does():
    a, b = np.float32([1]), np.float64([2])
    assert mt.add(mt.asarray(a), mt.asarray(b)).dtype == np.float64
    assert mt.add(mt.asarray(np.int8([1])), mt.asarray(np.uint8([1]))).dtype == np.int16


def test_gradients_keep_their_inputs_dtype_and_shape():
    a = mt.tensor(np.ones((3, 1), np.float32), requires_grad=True)
    b = mt.tensor(np.full(4, 2.0, np.float64), requires_grad=True)
    mt.divide(a, b).sum().backward()
    assert a.grad.dtype == np.float32 and a.grad.tolist() == [[2.0]] * 3
    assert b.grad.dtype == np.float64 and b.grad.tolist() == [-0.75] * 4


def test_division_by_zero_is_quiet():
    out = mt.divide(mt.asarray([1.0, -1.0, 0.0]), 0.0)
    assert out.tolist()[:2] == [math.inf, -math.inf] and math.isnan(out.tolist()[2])
    assert mt.reciprocal(mt.asarray([0.0, -0.0])).tolist() == [math.inf, -math.inf]
    assert math.isnan(mt.remainder(mt.asarray(1.0), 0.0).item())


def test_positive_and_negative_own_their_memory():
    x = mt.asarray(np.float64([1.0, -2.0]))
    for out, expected in ((mt.positive(x), [1.0, -2.0]), (mt.negative(x), [-1.0, 2.0])):
        assert out.tolist() == expected
        assert not np.shares_memory(out.numpy(), x.numpy())


def test_remainder_has_the_divisors_sign():
    a = mt.asarray([7.0, -7.0, 7.0, -7.0])
    b = mt.asarray([3.0, 3.0, -3.0, -3.0])
    assert mt.remainder(a, b).tolist() == [1.0, 2.0, -2.0, -1.0]


def test_remainder_gradient_is_minus_the_quotient():
    a = mt.tensor(np.float64([7.5, -7.5]), requires_grad=True)
    b = mt.tensor(np.float64([2.0, 2.0]), requires_grad=True)
    da, db = mt.grad(mt.remainder(a, b).sum(), [a, b])
    assert da.tolist() == [1.0, 1.0] and db.tolist() == [-3.0, 4.0]


def test_floor_divide_is_constant():
    x = mt.tensor([7.5], requires_grad=True)
    assert not mt.floor_divide(x, 2.0).requires_grad


def test_shapes_that_do_not_broadcast_raise():
    with pytest.raises(ValueError, match="broadcast"):
        mt.add(mt.asarray([1.0, 2.0]), mt.asarray([1.0, 2.0, 3.0]))


def test_what_is_no_number_raises():
    with pytest.raises(TypeError, match="add: cannot compute with a list"):
        mt.add(mt.asarray([1.0]), [1.0])


def test_numbers_alone_give_the_default_dtype():
    assert mt.sqrt(2.0).dtype == mt.divide(1, 2).dtype == np.float32
    assert mt.add(1, 2).dtype == np.int64
    assert mt.sqrt(mt.asarray(np.float64(2.0))).dtype == np.float64
