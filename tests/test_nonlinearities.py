"""Nonlinearities: values against the math module, kinks, gradients of both orders, errors."""

import math
import re

import numpy as np
import pytest

import minitorch as mt
from minitorch import nonlinearities as nl
from minitorch.testing import gradcheck, gradgradcheck

SCALE, NEGATIVE = 1.0507009873554805, 1.6732632423543772

# function, in plain Python, and its slope at 0
TABLE = [
    (nl.sigmoid, lambda x: 1 / (1 + math.exp(-x)), 0.25),
    (nl.tanh, math.tanh, 1),
    (nl.ScaledTanH(), math.tanh, 1),
    (nl.ScaledTanH(0.5, 2), lambda x: 2 * math.tanh(0.5 * x), 1),
    (nl.ScaledTanh(2 / 3, 1.7159), lambda x: 1.7159 * math.tanh(2 / 3 * x), 1.7159 * 2 / 3),
    (nl.rectify, lambda x: max(x, 0), 0),
    (nl.relu6, lambda x: min(max(x, 0), 6), 1),
    (nl.leaky_rectify, lambda x: x if x > 0 else 0.01 * x, 0.01),
    (nl.very_leaky_rectify, lambda x: x if x > 0 else x / 3, 1 / 3),
    (nl.LeakyRectify(0.2), lambda x: x if x > 0 else 0.2 * x, 0.2),
    (nl.elu, lambda x: x if x > 0 else math.expm1(x), 1),
    (nl.SELU(), lambda x: x if x > 0 else math.expm1(x), 1),
    (nl.SELU(2, 3), lambda x: 2 * (x if x > 0 else 3 * math.expm1(x)), 6),
    (nl.selu, lambda x: SCALE * (x if x > 0 else NEGATIVE * math.expm1(x)), SCALE * NEGATIVE),
    (nl.softplus, lambda x: math.log1p(math.exp(x)), 0.5),
    (nl.linear, lambda x: x, 1),
]
NAMES = [getattr(row[0], "__name__", repr(row[0])) for row in TABLE]


@pytest.mark.parametrize(("function", "exact", "slope"), TABLE, ids=NAMES)
def test_values_and_gradients(function, exact, slope):
    x = np.array([[-30.0, -2.0, -0.3], [0.4, 1.0, 20.0]])
    expected = [[exact(v) for v in row] for row in x]
    np.testing.assert_allclose(function(mt.asarray(x)).numpy(), expected, rtol=1e-12, atol=1e-15)
    assert gradcheck(function, [x[:, 1:]]) < 1e-6
    gradgradcheck(lambda t: function(t) * t, [x[:, 1:]])


@pytest.mark.parametrize(("function", "exact", "slope"), TABLE, ids=NAMES)
def test_the_slope_at_zero(function, exact, slope):
    x = mt.tensor(np.zeros(1), requires_grad=True)
    y = function(x) * 1
    assert y.item() == pytest.approx(exact(0.0), abs=1e-15)
    y.backward()
    assert x.grad.item() == pytest.approx(slope, rel=1e-12)


def test_softmax():
    x = np.array([[0.0, math.log(3)], [1000.0, 999.0]])
    e = math.e
    expected = [[0.25, 0.75], [e / (1 + e), 1 / (1 + e)]]
    np.testing.assert_allclose(nl.softmax(mt.asarray(x)).numpy(), expected, rtol=1e-12)
    gradcheck(nl.softmax, [np.random.default_rng(0).normal(size=(3, 4))])


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), ()])
def test_softmax_is_for_matrices(shape):
    with pytest.raises(ValueError, match=re.escape(f"x has shape {shape}; flatten it first")):
        nl.softmax(mt.ones(shape))


def test_softmax_and_sigmoid_remember_their_logits():
    x = mt.tensor([[200.0, 0.0]], requires_grad=True)
    assert mt.categorical_crossentropy(nl.softmax(x), mt.asarray([1])).item() == 200
    assert mt.binary_crossentropy(nl.sigmoid(x), mt.asarray([[0, 1]]))[0, 0].item() == 200


def test_identity_is_linear():
    assert nl.identity is nl.linear and nl.ScaledTanH is nl.ScaledTanh
    x = mt.ones(3)
    assert nl.identity(x) is x


def test_repr():
    assert repr(nl.LeakyRectify(0.5)) == "LeakyRectify(leakiness=0.5)"
    assert repr(nl.ScaledTanH(2, 3)) == "ScaledTanH(scale_in=2, scale_out=3)"
    assert repr(nl.SELU(1, 2)) == "SELU(scale=1, scale_neg=2)"


def test_integers_are_welcome_where_the_result_is_one():
    assert nl.rectify(mt.asarray([-1, 2])).tolist() == [0, 2]
