"""What gradient checks work on: a function at a point, directions, differences, the search.

See :mod:`minitorch.autograd.check` for the checks themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.autograd.engine import grad
from minitorch.autograd.mode import enable_grad, no_grad
from minitorch.autograd.tensor import Tensor

__all__ = [
    "GradcheckError",
    "Problem",
    "direction",
    "discrepancy",
    "fail",
    "floating_outputs",
    "input_name",
    "unit",
]

Array = Any
# Sixth-order central difference: f'(x) ≈ Σ c_k (f(x + k h) - f(x - k h)) / h.
_STENCIL = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))
# Wide steps are exact for smooth functions, narrow ones do not reach a kink nearby.
_STEPS = (1e-2, 1e-3, 1e-5)


class GradcheckError(AssertionError):
    """A gradient that is wrong, or a point where there is none.

    Attributes
    ----------
    error : float
        Relative error, NaN where it does not apply.
    input, index : int, tuple of int, or None
        Where.
    """

    def __init__(
        self,
        message: str,
        error: float = float("nan"),
        where: tuple[int, tuple[int, ...]] | None = None,
    ) -> None:
        super().__init__(message)
        self.error = error
        self.input = None if where is None else where[0]
        self.index = None if where is None else where[1]


class Problem:
    """A function at a point, reduced to <u, f(x)>: what every check works on."""

    def __init__(
        self,
        fn: Callable[..., Any],
        inputs: Sequence[Any],
        kwargs: dict[str, Any],
        constant: Any,
        seed: int,
    ) -> None:
        self.fn, self.kwargs = fn, kwargs
        self.name: str = getattr(fn, "name", "") or getattr(fn, "__name__", repr(fn))
        self.rng = np.random.default_rng(seed)
        self.inputs = [_as_input(x, i, self.name) for i, x in enumerate(inputs)]
        self.active = [
            i
            for i, x in enumerate(self.inputs)
            if isinstance(x, np.ndarray) and x.dtype.kind == "f" and i not in constant
        ]
        if not self.active:
            raise TypeError(f"{self.name}: no floating-point input to check")
        outs = self.evaluate(self.inputs)
        for k, out in enumerate(outs):
            if not np.isfinite(out).all():
                raise GradcheckError(
                    f"{self.name}: output {k} is not finite at this point; choose another"
                )
        self.u = [np.asarray(self.rng.normal(size=out.shape)) for out in outs]

    def evaluate(self, inputs: Sequence[Any]) -> list[Array]:
        """The floating-point outputs as arrays."""
        with no_grad():
            out = self.fn(
                *[Tensor(x) if isinstance(x, np.ndarray) else x for x in inputs], **self.kwargs
            )
        return [t.numpy() for t in floating_outputs(out)]

    def value(self, inputs: Sequence[Any]) -> float:
        """<u, f(inputs)>."""
        return float(
            sum((w * out).sum() for w, out in zip(self.u, self.evaluate(inputs), strict=True))
        )

    def moved(self, v: dict[int, Array], step: float) -> list[Any]:
        """The inputs, those in ``v`` moved by step · v."""
        return [np.asarray(x + step * v[i]) if i in v else x for i, x in enumerate(self.inputs)]

    def gradients(self) -> dict[int, Array]:
        """What the rules say: d<u, f>/dx for every active input."""
        leaves = self.leaves()
        with enable_grad():
            outs = floating_outputs(self.fn(*leaves, **self.kwargs))
            pairs = [(o, Tensor(w)) for o, w in zip(outs, self.u, strict=True) if o.requires_grad]
            wanted = [leaves[i] for i in self.active]
            found: list[Any] = [None] * len(wanted)
            if pairs:
                found = grad(
                    [o for o, _ in pairs], wanted, [w for _, w in pairs], allow_unused=True
                )
        return {
            i: np.zeros_like(self.inputs[i]) if g is None else np.array(g.numpy())
            for i, g in zip(self.active, found, strict=True)
        }

    def leaves(self) -> list[Any]:
        """The inputs as tensors; the active ones require a gradient."""
        tensors = [Tensor(x.copy()) if isinstance(x, np.ndarray) else x for x in self.inputs]
        for i in self.active:
            tensors[i].requires_grad_()
        return tensors

    def difference(self, v: dict[int, Array], step: float) -> float:
        """The derivative along v from function values."""
        total = sum(
            c * (self.value(self.moved(v, k * step)) - self.value(self.moved(v, -k * step)))
            for k, c in _STENCIL
        )
        return total / step


def _as_input(x: Any, position: int, name: str) -> Any:
    if isinstance(x, Tensor):
        x = x.numpy()
    if isinstance(x, np.ndarray):
        if x.dtype.kind == "f" and x.dtype != np.float64:
            raise TypeError(
                f"{name}: input {position} is {x.dtype}; a gradient check needs float64, other "
                f"types have too few digits"
            )
        return x
    return x


def floating_outputs(out: Any) -> list[Tensor]:
    outs = out if isinstance(out, tuple | list) else (out,)
    return [t for t in outs if isinstance(t, Tensor) and t.dtype.kind == "f"]


def _dot(a: dict[int, Array], b: dict[int, Array]) -> float:
    return float(sum((a[i] * b[i]).sum() for i in b))


def discrepancy(
    problem: Problem, g: dict[int, Array], v: dict[int, Array]
) -> tuple[float, float, float]:
    """Relative error along v, analytic and numeric derivative; the best of the steps."""
    analytic = _dot(g, v)
    # Two random vectors of these lengths have an inner product of this size.
    sizes = [
        float(np.sqrt((g[i] ** 2).sum() * (v[i] ** 2).mean())) if v[i].size else 0.0 for i in v
    ]
    best = (np.inf, analytic, np.nan)
    for step in _STEPS:
        numeric = problem.difference(v, step)
        if not np.isfinite(numeric):
            continue
        scale = max(abs(analytic), abs(numeric), *sizes, 1e-6)
        error = abs(analytic - numeric) / scale
        if error < best[0]:
            best = (error, analytic, numeric)
        if error < 1e-9:
            break
    return best


def direction(problem: Problem, only: Sequence[int] | None = None) -> dict[int, Array]:
    chosen = problem.active if only is None else only
    return {i: np.asarray(problem.rng.normal(size=problem.inputs[i].shape)) for i in chosen}


def _locate(problem: Problem, g: dict[int, Array], rtol: float) -> tuple[int, tuple[int, ...]]:
    """The input and index whose derivative is wrong, by halving the direction."""
    errors = {i: discrepancy(problem, g, direction(problem, [i]))[0] for i in problem.active}
    worst = max(errors, key=lambda i: errors[i])
    shape = problem.inputs[worst].shape
    candidates = np.arange(problem.inputs[worst].size)
    while candidates.size > 1:
        halves = np.array_split(candidates, 2)
        wrong = []
        for half in halves:
            v = np.zeros(problem.inputs[worst].size)
            v[half] = problem.rng.normal(size=half.size)
            _, a, n = discrepancy(problem, g, {worst: v.reshape(shape)})
            wrong.append(abs(a - n) if np.isfinite(n) else np.inf)
        candidates = halves[int(np.argmax(wrong))]
    return worst, tuple(int(k) for k in np.unravel_index(int(candidates[0]), shape))


def unit(problem: Problem, where: tuple[int, tuple[int, ...]]) -> dict[int, Array]:
    v = np.zeros_like(problem.inputs[where[0]])
    v[where[1]] = 1.0
    return {where[0]: v}


def _has_kink(problem: Problem, v: dict[int, Array]) -> tuple[bool, float, float]:
    """Whether the derivatives from both sides differ at the point itself."""
    here = problem.value(problem.inputs)
    sides = []
    for sign in (1.0, -1.0):
        near, nearer = (
            sign * (problem.value(problem.moved(v, sign * h)) - here) / h for h in (2e-6, 1e-6)
        )
        sides.append(2 * nearer - near)
    right, left = sides
    return bool(abs(right - left) > 1e-3 * max(abs(right), abs(left), 1e-3)), left, right


def input_name(fn: Any, position: int) -> str:
    names = getattr(fn, "arrays", ())
    variadic = getattr(fn, "variadic", None)
    if variadic is not None and position >= fn.arity:
        return f"{variadic}[{position - fn.arity}]"
    return repr(names[position]) if position < len(names) else str(position)


def fail(problem: Problem, g: dict[int, Array], error: float, rtol: float, order: str) -> None:
    where = _locate(problem, g, rtol)
    v = unit(problem, where)
    kink, left, right = _has_kink(problem, v)
    _, analytic, numeric = discrepancy(problem, g, v)
    place = f"input {input_name(problem.fn, where[0])} at index {where[1]}"
    if kink:
        raise GradcheckError(
            f"{problem.name}: not differentiable at {place}: the derivative is {left:.6g} from the "
            f"left and {right:.6g} from the right (the rule says {analytic:.6g}); choose "
            f"another point",
            error,
            where,
        )
    raise GradcheckError(
        f"{problem.name}: wrong {order} gradient towards {place}: analytic {analytic:.10g}, "
        f"numeric {numeric:.10g} (relative error along a random direction {error:.3g}, allowed {rtol:.3g})",
        error,
        where,
    )
