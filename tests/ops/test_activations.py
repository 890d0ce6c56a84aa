"""Activations and softmax: against the math module, at extremes, at kinks, both orders."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt

VALUES = [-1e4, -710.0, -200.0, -20.5, -1.0, -1e-3, 0.0, 1e-3, 0.5, 1.0, 20.5, 200.0, 710.0, 1e4]


def exact_sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(max(x, -745.2)) if x > -745 else 0.0


def exact_softplus(x):
    return x if x > 40 else math.log1p(math.exp(x)) if x > -700 else math.exp(max(x, -745.2))


SCALAR = [
    (mt.relu, {}, lambda x: max(x, 0.0)),
    (mt.leaky_relu, {}, lambda x: x if x > 0 else 0.01 * x),
    (mt.leaky_relu, {"leakiness": 0.3}, lambda x: x if x > 0 else 0.3 * x),
    (mt.elu, {}, lambda x: x if x > 0 else math.expm1(x)),
    (mt.elu, {"alpha": 2.5}, lambda x: x if x > 0 else 2.5 * math.expm1(x)),
    (
        mt.selu,
        {},
        lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    ),
    (mt.selu, {"scale": 2.0, "scale_neg": 3.0}, lambda x: 2 * (x if x > 0 else 3 * math.expm1(x))),
    (mt.softplus, {}, exact_softplus),
    (mt.sigmoid, {}, exact_sigmoid),
    (mt.scaled_tanh, {}, math.tanh),
    (
        mt.scaled_tanh,
        {"scale_in": 2 / 3, "scale_out": 1.7159},
        lambda x: 1.7159 * math.tanh(2 / 3 * x),
    ),
]
IDS = [f"{f.__name__}{options or ''}" for f, options, _ in SCALAR]


@pytest.mark.parametrize(("function", "options", "exact"), SCALAR, ids=IDS)
def test_values(function, options, exact):
    out = function(mt.asarray(np.array(VALUES)), **options).numpy()
    np.testing.assert_allclose(out, [exact(v) for v in VALUES], rtol=1e-14, atol=5e-324)


@pytest.mark.parametrize(("function", "options", "exact"), SCALAR, ids=IDS)
def test_gradients_of_both_orders(check_gradients, function, options, exact):
    x = np.array([[-3.0, -1.3, -0.4], [0.3, 0.9, 2.5]])
    check_gradients(lambda x: function(x, **options), x)
    check_gradients(lambda x: function(x, **options) ** 2, x)


@pytest.mark.parametrize(("function", "options", "exact"), SCALAR, ids=IDS)
def test_dtypes_nan_and_memory(function, options, exact):
    for dtype in ("float16", "float32", "float64"):
        x = mt.tensor([-2.0, 0.0, 1.5], dtype=dtype, requires_grad=True)
        y = function(x, **options)
        assert y.dtype == dtype
        tolerance = 4 * float(np.finfo(dtype).eps)
        expected = [exact(v) for v in (-2.0, 0.0, 1.5)]
        np.testing.assert_allclose(y.numpy(), expected, rtol=tolerance, atol=tolerance)
        assert mt.grad(y.sum(), x).dtype == np.dtype(dtype)
    assert np.isnan(function(mt.tensor(math.nan), **options).item())
    data = np.ones(3)
    assert not np.shares_memory(function(mt.asarray(data), **options).numpy(), data)


@pytest.mark.parametrize(
    ("function", "slope"),
    [(mt.relu, 0.0), (mt.leaky_relu, 0.01), (mt.elu, 1.0), (mt.sigmoid, 0.25), (mt.softplus, 0.5)],
)
def test_slope_at_zero(function, slope):
    x = mt.tensor(np.zeros(2), requires_grad=True)
    function(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [slope, slope], rtol=1e-15)


def test_infinities():
    x = mt.tensor([-math.inf, math.inf], requires_grad=True)
    for function, ends, slopes in [
        (mt.relu, [0, math.inf], [0, 1]),
        (mt.elu, [-1, math.inf], [0, 1]),
        (mt.softplus, [0, math.inf], [0, 1]),
        (mt.sigmoid, [0, 1], [0, 0]),
    ]:
        y = function(x)
        np.testing.assert_array_equal(y.numpy(), ends)
        np.testing.assert_array_equal(mt.grad(y, x, mt.ones(2)).numpy(), slopes)


# -- softmax ---------------------------------------------------------------


def exact_softmax(row):
    top = max(row)
    powers = [math.exp(v - top) for v in row]
    return [p / math.fsum(powers) for p in powers]


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_softmax_and_its_logarithm(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 4)) * 5
    out = mt.softmax(mt.asarray(x), axis=axis).numpy()
    logs = mt.log_softmax(mt.asarray(x), axis=axis).numpy()
    expected = np.apply_along_axis(exact_softmax, axis, x)
    np.testing.assert_allclose(out, expected, rtol=1e-14)
    np.testing.assert_allclose(logs, np.log(expected), rtol=1e-12, atol=1e-15)


def test_softmax_gradients_of_both_orders(check_gradients):
    x = np.random.default_rng(0).normal(size=(3, 4))
    for function in (mt.softmax, mt.log_softmax):
        check_gradients(lambda x, f=function: f(x), x)
        check_gradients(lambda x, f=function: f(x, axis=0) ** 2, x)


def test_softmax_at_extremes():
    x = mt.tensor([[1000.0, 0.0], [-1000.0, -1000.0], [0.0, -math.inf]])
    np.testing.assert_array_equal(mt.softmax(x).numpy(), [[1, 0], [0.5, 0.5], [1, 0]])
    logs = mt.log_softmax(x).numpy()
    np.testing.assert_allclose(logs, [[0, -1000], [-math.log(2)] * 2, [0, -math.inf]], rtol=1e-6)
    assert np.isnan(mt.softmax(mt.tensor([-math.inf, -math.inf])).numpy()).all()


def test_softmax_of_halves_is_computed_in_single():
    x = mt.zeros((1, 5000), dtype=mt.float16)
    out = mt.softmax(x)
    assert out.dtype == np.float16
    np.testing.assert_allclose(out.numpy(), 1 / 5000, rtol=1e-3)


@pytest.mark.parametrize("function", [mt.softmax, mt.log_softmax])
def test_softmax_needs_an_axis_with_something_on_it(function):
    with pytest.raises(ValueError, match=r"x \(2, 3\) has no axis 2"):
        function(mt.zeros((2, 3)), axis=2)
    with pytest.raises(ValueError, match=r"has no axis -1"):
        function(mt.tensor(1.0))
    with pytest.raises(ValueError, match="no elements along axis 1"):
        function(mt.zeros((2, 0)), axis=1)
    assert function(mt.zeros((0, 2))).shape == (0, 2)


@pytest.mark.dev
def test_against_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    functional = torch.nn.functional
    x = np.random.default_rng(0).normal(size=(4, 5)) * 3
    pairs = [
        (mt.relu, functional.relu),
        (mt.leaky_relu, functional.leaky_relu),
        (mt.elu, functional.elu),
        (mt.selu, functional.selu),
        (mt.softplus, lambda t: functional.softplus(t, threshold=100)),
        (mt.sigmoid, torch.sigmoid),
        (mt.softmax, lambda t: torch.softmax(t, -1)),
        (mt.log_softmax, lambda t: torch.log_softmax(t, -1)),
    ]
    for ours, theirs in pairs:
        a, t = mt.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        y, z = ours(a), theirs(t)
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol=1e-13, atol=1e-15)
        g = np.random.default_rng(1).normal(size=x.shape)
        y.backward(mt.asarray(g))
        z.backward(torch.tensor(g))
        np.testing.assert_allclose(a.grad.numpy(), t.grad.numpy(), rtol=1e-12, atol=1e-14)
