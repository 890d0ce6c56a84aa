"""The measuring of gradient checks: differences of values, kinks, and where it is wrong.

See :mod:`minitorch.autograd.check` for the checks themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minitorch.autograd.check_problem import (
    ROUNDING,
    Array,
    GradcheckError,
    NotDifferentiableError,
    Problem,
    Where,
)

__all__ = ["Measure", "fail", "measure"]

# Sixth-order central difference: f'(x) ≈ Σ c_k (f(x + k h) - f(x - k h)) / h.
_CENTRAL = (45 / 60, -9 / 60, 1 / 60)
# Third-order one-sided difference: f'(x±) ≈ ± Σ d_k (f(x ± k h) - f(x)) / h.
_ONE_SIDED = (3.0, -3 / 2, 1 / 3)
# The first try costs two values; for smooth functions it errs by about 1e-10.
_QUICK = 1e-5
# Wide steps are exact for smooth functions; narrow ones do not reach a kink or a pole nearby.
_STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


@dataclass(frozen=True)
class Measure:
    """The derivative along one direction, by the rules and by differences.

    ``error`` is relative, and 0 within rounding. ``jump`` is how far the
    derivatives from the left and from the right lie apart if that is a kink, else 0.
    """

    analytic: float
    numeric: float
    error: float
    left: float = float("nan")
    right: float = float("nan")
    jump: float = 0.0

    def per(self, length: float) -> Measure:
        """The same derivatives along a direction of unit length."""
        parts = (self.left / length, self.right / length, self.jump / length)
        return Measure(self.analytic / length, self.numeric / length, self.error, *parts)

    @property
    def gap(self) -> float:
        """Absolute difference, infinite where there is no numeric value."""
        gap = abs(self.analytic - self.numeric)
        return gap if np.isfinite(gap) else float("inf")


def measure(problem: Problem, g: dict[int, Array], v: dict[int, Array]) -> Measure:
    """Compare the rules with differences along v, with as few function values as will do."""
    products = [g[i] * v[i] for i in v]
    analytic = float(sum(p.sum() for p in products))
    # The usual size of <g, v> for a random v of this length: what errors are relative to.
    scale = max(abs(analytic), float(np.sqrt(sum((p**2).sum() for p in products))))
    numeric, bend = _near(problem, v, _QUICK)
    error = abs(analytic - numeric)
    if error <= 1e-8 * scale:
        if abs(bend) > 1e-5 * scale:
            # A smooth function's bend shrinks with the step, a kink's does not.
            bend = (8 * _near(problem, v, _QUICK / 8)[1] - bend) / 7
        if abs(bend) <= 1e-5 * scale + 100 * problem.noise / _QUICK:
            return Measure(analytic, numeric, error / scale if error else 0.0)
    return _measure_closely(problem, v, analytic, scale)


def _near(problem: Problem, v: dict[int, Array], step: float) -> tuple[float, float]:
    """The central difference, and how far the one-sided ones lie apart."""
    after, before = problem.value(v, step), problem.value(v, -step)
    return (after - before) / (2 * step), (after - 2 * problem.here + before) / step


def _measure_closely(
    problem: Problem, v: dict[int, Array], analytic: float, scale: float
) -> Measure:
    """The best of several steps, unless the narrowest ones show a kink."""
    best, uncertain = Measure(analytic, float("nan"), float("inf")), float("inf")
    kinks = []
    for step in _STEPS:
        ahead = [problem.value(v, k * step) - problem.here for k in (1, 2, 3)]
        behind = [problem.value(v, -k * step) - problem.here for k in (1, 2, 3)]
        if not np.isfinite([*ahead, *behind]).all():
            continue
        numeric = float(np.dot(_CENTRAL, np.subtract(ahead, behind)) / step)
        right = float(np.dot(_ONE_SIDED, ahead) / step)
        left = float(-np.dot(_ONE_SIDED, behind) / step)
        # Of the function values, and of x + h v, which moves along the slope.
        slope = max(map(abs, [*ahead, *behind])) / step
        rounding = (problem.noise + ROUNDING * slope) / step
        gap = abs(analytic - numeric)
        error = (gap - rounding) / max(scale, abs(numeric)) if gap > rounding else 0.0
        if gap + rounding < uncertain:  # a narrow step excuses much: not the least error counts
            best, uncertain = Measure(analytic, numeric, error, left, right), gap + rounding
        jump = abs(right - left)
        if gap + rounding <= 1e-9 * scale and jump <= 1e-6 * scale + 10 * rounding:
            return best
        is_kink = jump > 1e-5 * max(scale, abs(left), abs(right)) + 10 * rounding
        kinks.append(Measure(analytic, numeric, error, left, right, jump if is_kink else 0.0))
    # Where a function is smooth, both sides meet as the step shrinks.
    if kinks and all(m.jump for m in kinks[-2:]):
        return kinks[-1]
    return best


def locate(
    problem: Problem, g: dict[int, Array], badness: Callable[[Measure], float]
) -> tuple[Where, Measure]:
    """The element that is worst, by halving the direction, and what is measured there."""
    found = {i: badness(measure(problem, g, problem.direction([i]))) for i in problem.active}
    worst = max(found, key=lambda i: found[i])
    length = problem.unit_length(worst).ravel()
    candidates = np.arange(problem.inputs[worst].size)
    while candidates.size > 1:
        halves = np.array_split(candidates, 2)
        values = [problem.rng.normal(size=half.size) * length[half] for half in halves]
        bad = [
            badness(measure(problem, g, problem.along(worst, half, w)))
            for half, w in zip(halves, values, strict=True)
        ]
        candidates = halves[int(np.argmax(bad))]
    element = int(candidates[0])
    index = np.unravel_index(element, problem.inputs[worst].shape)
    found_there = measure(problem, g, problem.along(worst, element, length[element]))
    return (worst, tuple(int(k) for k in index)), found_there.per(float(length[element]))


def _hint(m: Measure) -> str:
    """What the two numbers have to do with each other, if it is something usual."""
    if not np.isfinite(m.numeric):
        return "; no step size gives a finite function value nearby"
    if m.analytic == 0:
        return "; the rule, or a detach() on the way, cuts this input off"
    if abs(m.numeric) < 1e-9 * abs(m.analytic):
        return "; the function does not depend on it"
    ratio = m.analytic / m.numeric
    for factor, words in ((-1, "the sign is wrong"), (2, "twice too large"), (0.5, "half of it")):
        if abs(ratio - factor) < 1e-4:
            return f"; {words}"
    return ""


def fail(problem: Problem, g: dict[int, Array], m: Measure, rtol: float, order: str) -> None:
    """Raise the error that says where and how much."""
    if m.jump:
        where, m_there = locate(problem, g, lambda m: m.jump)
        raise NotDifferentiableError(
            f"{problem.name}: not differentiable at {problem.place(where)}: the derivative is "
            f"{m_there.left:.6g} from the left and {m_there.right:.6g} from the right (the rule "
            f"says {m_there.analytic:.6g}); choose another point",
            m.error,
            where,
            m_there.analytic,
            m_there.numeric,
        )
    where, m_there = locate(problem, g, lambda m: m.gap)
    raise GradcheckError(
        f"{problem.name}: wrong {order} gradient towards {problem.place(where)}: analytic "
        f"{m_there.analytic:.10g}, numeric {m_there.numeric:.10g}{_hint(m_there)} (relative error "
        f"along the direction that was tried {m.error:.3g}, allowed {rtol:.3g})",
        m.error,
        where,
        m_there.analytic,
        m_there.numeric,
    )
