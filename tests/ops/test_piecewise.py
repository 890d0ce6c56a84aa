"""Kinks and ties: which gradient is chosen where two pieces meet."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt


def gradients(function, *values):
    """The gradients of the sum of ``function`` towards each of the values."""
    inputs = [mt.tensor(np.asarray(v, np.float64), requires_grad=True) for v in values]
    return [g.tolist() for g in mt.grad(function(*inputs).sum(), inputs)]


def test_abs_has_gradient_zero_at_zero():
    assert gradients(mt.abs, [-2.0, 0.0, 3.0]) == [[-1.0, 0.0, 1.0]]
    assert mt.abs(mt.asarray(np.int8([-3, 3]))).tolist() == [3, 3]


def test_sign():
    out = mt.sign(mt.asarray([-2.0, -0.0, 0.0, 5.0, math.nan])).tolist()
    assert out[:4] == [-1.0, 0.0, 0.0, 1.0] and math.isnan(out[4])
    assert not mt.sign(mt.tensor([1.0], requires_grad=True)).requires_grad


def test_signbit_sees_negative_zero():
    assert mt.signbit(mt.asarray([-0.0, 0.0, -1.0])).tolist() == [True, False, True]


def test_copysign_values_and_gradient():
    a, b = [1.0, -2.0, 0.0, 3.0], [-1.0, -1.0, -1.0, 0.0]
    out = mt.copysign(mt.asarray(a), mt.asarray(b)).tolist()
    assert out == [math.copysign(p, q) for p, q in zip(a, b, strict=True)]
    sign_of = mt.asarray(np.float64(b))
    assert gradients(lambda x: mt.copysign(x, sign_of), a) == [[-1.0, 1.0, -0.0, 1.0]]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_extremes_split_ties(name):
    da, db = gradients(getattr(mt, name), [1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    larger = [0.0, 0.5, 1.0]
    assert da == (larger if name == "maximum" else larger[::-1])
    assert [p + q for p, q in zip(da, db, strict=True)] == [1.0, 1.0, 1.0]


def test_extremes_of_infinities_still_split():
    da, db = gradients(mt.maximum, [math.inf, -math.inf], [math.inf, 0.0])
    assert da == [0.5, 0.0] and db == [0.5, 1.0]


def test_extremes_pass_nan_on():
    x = mt.asarray([math.nan, 1.0])
    assert np.isnan(mt.maximum(x, mt.asarray([1.0, math.nan])).numpy()).all()
    assert np.isnan(mt.minimum(x, mt.asarray([1.0, math.nan])).numpy()).all()


def test_maximum_with_itself():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    assert mt.grad(mt.maximum(x, x).sum(), x).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "bounds", [(-1.0, 1.0), (None, 1.0), (-1.0, None), (None, None), (1.0, -1.0)]
)
def test_clip_values(bounds):
    low, high = bounds
    values = [-2.0, -1.0, 0.0, 1.0, 2.0]
    out = mt.clip(mt.asarray(values), min=low, max=high)
    oracle = values
    oracle = oracle if low is None else [max(v, low) for v in oracle]
    oracle = oracle if high is None else [min(v, high) for v in oracle]
    assert out.tolist() == oracle


def test_clip_passes_the_gradient_at_its_bounds():
    x = [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert gradients(lambda t: mt.clip(t, -1.0, 1.0), x) == [[0.0, 1.0, 1.0, 1.0, 0.0]]
    assert gradients(lambda t: mt.clip(t, max=1.0), x) == [[1.0, 1.0, 1.0, 1.0, 0.0]]
    assert gradients(lambda t: mt.clip(t), x) == [[1.0] * 5]


def test_clip_gives_the_rest_to_the_bounds():
    dx, dlow, dhigh = gradients(mt.clip, [-2.0, 0.0, 2.0, 0.5], -1.0, [1.0, 1.0, 1.0, -3.0])
    assert dx == [0.0, 1.0, 0.0, 0.0]
    assert dlow == 1.0 and dhigh == [0.0, 0.0, 1.0, 1.0]


def test_clip_copies_and_keeps_the_dtype():
    x = mt.asarray(np.float32([1.0, 5.0]))
    assert not np.shares_memory(mt.clip(x).numpy(), x.numpy())
    assert mt.clip(x, mt.asarray(np.float64(2.0)), 3.0).dtype == np.float32
    assert mt.clip(mt.asarray(np.int8([1, 5])), 2, 3).dtype == np.int8


def test_clip_passes_nan_on():
    assert math.isnan(mt.clip(mt.asarray(math.nan), 0.0, 1.0).item())
