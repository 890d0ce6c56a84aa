"""L-BFGS and its line search, against scipy's and the conditions themselves."""

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch.parameter import Parameter
from minitorch.updates import LBFGS
from minitorch.updates.line_search import Point, strong_wolfe


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def minimised(function, start, steps=200, **settings):
    w = Parameter(np.asarray(start, np.float64))
    rule = LBFGS(lambda: function(w), [w], **settings)
    losses = []
    while not rule.converged and len(losses) < steps:
        losses.append(rule.step())
        if losses[-1] < 1e-20:
            break
    return w.numpy(), losses, rule


@pytest.mark.parametrize("size", [2, 3, 10])
def test_rosenbrock(size):
    start = np.tile([-1.2, 1.0], size)[:size]
    found, losses, rule = minimised(rosenbrock, start)
    np.testing.assert_allclose(found, 1, atol=1e-8)
    assert (np.diff(losses) <= 0).all()
    assert rule.evaluated < 2 * len(losses) + 10


@pytest.mark.parametrize("seed", range(2))
def test_as_scipys(seed):
    """A convex quadratic with curvatures from 1 to 1,000: as low, in about as many calls."""
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    matrix = turn * np.geomspace(1, 1e3, 30) @ turn.T
    target, start = rng.normal(size=(2, 30))

    def value(x):
        return 0.5 * (x - target) @ matrix @ (x - target)

    theirs = optimize.minimize(
        value, start, jac=lambda x: matrix @ (x - target), method="L-BFGS-B",
        options={"maxcor": 10, "ftol": 0, "gtol": 1e-8, "maxiter": 1000},
    )  # fmt: skip
    w = Parameter(start)
    a, t = mt.asarray(matrix), mt.asarray(target)
    rule = LBFGS(lambda: 0.5 * ((w - t) @ a @ (w - t)), [w])
    while rule.evaluated < theirs.nfev + 20 and not rule.converged:
        rule.step()
    np.testing.assert_allclose(w.numpy(), target, atol=1e-6)
    assert rule.loss < 1e-10


def test_the_first_steps_are_the_formulas():
    """The recursion against H as a matrix: H' = (I - r s yT) H (I - r y sT) + r s sT."""
    rng = np.random.default_rng(1)
    scales = mt.asarray(np.arange(1.0, 6))
    w = Parameter(rng.normal(size=5))
    rule = LBFGS(lambda: (scales * w**2).sum() + (w**4).sum(), [w], history=3)
    points, gradients = [], []
    for _ in range(6):
        rule.step()
        points.append(w.numpy().copy())
        gradients.append(2 * np.arange(1.0, 6) * points[-1] + 4 * points[-1] ** 3)
    pairs = list(zip(np.diff(points, axis=0), np.diff(gradients, axis=0), strict=True))[-3:]
    s, y = pairs[-1]
    h = np.eye(5) * (s @ y) / (y @ y)
    for s, y in pairs:
        left = np.eye(5) - np.outer(s, y) / (s @ y)
        h = left @ h @ left.T + np.outer(s, s) / (s @ y)
    old = w.numpy().copy()
    rule.step()
    moved, wanted = w.numpy() - old, -h @ gradients[-1]
    np.testing.assert_allclose(moved / np.linalg.norm(moved), wanted / np.linalg.norm(wanted), 1e-7)


def test_several_parameters_and_given_gradients(toy):
    params = toy.parameters()

    @mt.function
    def both():
        loss = toy.loss_of(params)
        return loss, mt.grad(loss, params)

    rule = LBFGS(both, params)
    for _ in range(25):
        rule.step()
    for p, target in zip(params, toy.target, strict=True):
        np.testing.assert_allclose(p.numpy(), target, atol=1e-6)


def test_it_says_when_there_is_nothing_to_gain():
    w = Parameter(np.zeros(3))
    rule = LBFGS(lambda: (w**2).sum(), [w])
    assert rule.step() == 0 and rule.converged
    np.testing.assert_array_equal(w.numpy(), 0)


def test_it_comes_back_from_where_the_function_is_not_finite():
    found, losses, _ = minimised(lambda x: (x - mt.log(x)).sum(), [8.0, 0.05], steps=60)
    np.testing.assert_allclose(found, 1, atol=1e-5)
    assert np.isfinite(losses).all()


def test_others_may_move_the_parameters():
    w = Parameter(np.array([3.0]))
    rule = LBFGS(lambda: (w**2).sum(), [w])
    rule.step()
    w.set_value(np.array([5.0]))
    rule.reset()
    assert rule.step() < 25


def test_curvature_is_kept_when_targets_move():
    scale, target = np.array([1.0, 30.0, 900.0]), Parameter(np.zeros(3))
    w = Parameter(np.array([4.0, 3.0, 2.0]))
    evaluations = []
    for forget in (True, False):
        rule = LBFGS(lambda: (scale * (w - target) ** 2).sum(), [w])
        for there in (np.zeros(3), np.array([1.0, -2.0, 3.0])):
            target.set_value(there)
            rule.reset(forget=forget)
            before = rule.evaluated
            while not rule.loss < 1e-12:
                rule.step()
        evaluations.append(rule.evaluated - before)
    assert evaluations[1] < evaluations[0]


def test_errors():
    w = Parameter(np.array([1.0]))
    with pytest.raises(ValueError, match="no parameters"):
        LBFGS(lambda: w.sum(), [])
    with pytest.raises(ValueError, match="0 < c1 < c2 < 1, got 0.9 and 0.1"):
        LBFGS(lambda: w.sum(), [w], c1=0.9, c2=0.1)
    with pytest.raises(ValueError, match="longer than 0, not 0"):
        LBFGS(lambda: w.sum(), [w], first=0)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        LBFGS(lambda: w.sum(), [w], history=0)
    with pytest.raises(FloatingPointError, match="loss is nan"):
        LBFGS(lambda: (w * math.nan).sum(), [w]).step()


LINES = {
    "quadratic": (lambda t: (t - 3) ** 2, lambda t: 2 * (t - 3)),
    # Moré and Thuente's first function: hardly curved, its minimum at sqrt(2).
    "more": (lambda t: -t / (t * t + 2), lambda t: (t * t - 2) / (t * t + 2) ** 2),
    "quartic": (lambda t: (t - 1) ** 4 - t / 10, lambda t: 4 * (t - 1) ** 3 - 0.1),
    "waves": (lambda t: math.cos(5 * t) - t, lambda t: -5 * math.sin(5 * t) - 1),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("c2", [0.1, 0.9])
def test_both_conditions_hold(name, first, c2):
    value, slope = LINES[name]
    calls = []

    def phi(t):
        calls.append(t)
        return Point(t, value(t), slope(t))

    start = Point(0.0, value(0.0), slope(0.0))
    found = strong_wolfe(phi, start, first, c2=c2)
    assert found.t > 0 and len(calls) <= 20
    assert found.value <= start.value + 1e-4 * found.t * start.slope
    assert abs(found.slope) <= -c2 * start.slope


def test_a_line_that_only_rises():
    start = Point(0.0, 1.0, -1.0)  # what rounding can look like
    assert strong_wolfe(lambda t: Point(t, 1 + t, 1.0), start, 1.0) is start
