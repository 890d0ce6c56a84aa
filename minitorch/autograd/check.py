"""Gradient checks that cost a few forwards and, on failure, say where.

A check compares, along random directions, the derivative that the rules give
with one from function values alone: for outputs weighted by u and inputs
moved along v, <vjp(u), v> against a sixth-order central difference of
<u, f(x + h v)>. Only when the two disagree are the inputs bisected, down to the
index whose derivative is wrong.

Linear ops need no step size: <A dx, y> = <dx, A'y> holds to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minitorch.autograd.engine import grad
from minitorch.autograd.mode import enable_grad, no_grad
from minitorch.autograd.tensor import Tensor

__all__ = ["GradcheckError", "OpReport", "adjoint_check", "check_op", "gradcheck", "gradgradcheck"]

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
        self.input, self.index = (None, None) if where is None else where


class _Problem:
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
        self.name = getattr(fn, "name", None) or getattr(fn, "__name__", repr(fn))
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
        return [t.numpy() for t in _floating(out)]

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
            outs = _floating(self.fn(*leaves, **self.kwargs))
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
                f"{name}: input {position} is {x.dtype}; a gradient check needs float64, other types "
                f"have too few digits"
            )
        return x
    return x


def _floating(out: Any) -> list[Tensor]:
    outs = out if isinstance(out, tuple | list) else (out,)
    return [t for t in outs if isinstance(t, Tensor) and t.dtype.kind == "f"]


def _dot(a: dict[int, Array], b: dict[int, Array]) -> float:
    return float(sum((a[i] * b[i]).sum() for i in b))


def _discrepancy(
    problem: _Problem, g: dict[int, Array], v: dict[int, Array]
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


def _direction(problem: _Problem, only: Sequence[int] | None = None) -> dict[int, Array]:
    chosen = problem.active if only is None else only
    return {i: np.asarray(problem.rng.normal(size=problem.inputs[i].shape)) for i in chosen}


def _locate(problem: _Problem, g: dict[int, Array], rtol: float) -> tuple[int, tuple[int, ...]]:
    """The input and index whose derivative is wrong, by halving the direction."""
    errors = {i: _discrepancy(problem, g, _direction(problem, [i]))[0] for i in problem.active}
    worst = max(errors, key=lambda i: errors[i])
    shape = problem.inputs[worst].shape
    candidates = np.arange(problem.inputs[worst].size)
    while candidates.size > 1:
        halves = np.array_split(candidates, 2)
        wrong = []
        for half in halves:
            v = np.zeros(problem.inputs[worst].size)
            v[half] = problem.rng.normal(size=half.size)
            _, a, n = _discrepancy(problem, g, {worst: v.reshape(shape)})
            wrong.append(abs(a - n) if np.isfinite(n) else np.inf)
        candidates = halves[int(np.argmax(wrong))]
    return worst, tuple(int(k) for k in np.unravel_index(int(candidates[0]), shape))


def _unit(problem: _Problem, where: tuple[int, tuple[int, ...]]) -> dict[int, Array]:
    v = np.zeros_like(problem.inputs[where[0]])
    v[where[1]] = 1.0
    return {where[0]: v}


def _has_kink(problem: _Problem, v: dict[int, Array]) -> tuple[bool, float, float]:
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


def _input_name(fn: Any, position: int) -> str:
    names = getattr(fn, "arrays", ())
    variadic = getattr(fn, "variadic", None)
    if variadic is not None and position >= fn.arity:
        return f"{variadic}[{position - fn.arity}]"
    return repr(names[position]) if position < len(names) else str(position)


def _fail(problem: _Problem, g: dict[int, Array], error: float, rtol: float, order: str) -> None:
    where = _locate(problem, g, rtol)
    v = _unit(problem, where)
    kink, left, right = _has_kink(problem, v)
    _, analytic, numeric = _discrepancy(problem, g, v)
    place = f"input {_input_name(problem.fn, where[0])} at index {where[1]}"
    if kink:
        raise GradcheckError(
            f"{problem.name}: not differentiable at {place}: the derivative is {left:.6g} from the left "
            f"and {right:.6g} from the right (the rule says {analytic:.6g}); choose another point",
            error,
            where,
        )
    raise GradcheckError(
        f"{problem.name}: wrong {order} gradient towards {place}: analytic {analytic:.10g}, numeric "
        f"{numeric:.10g} (relative error along a random direction {error:.3g}, allowed {rtol:.3g})",
        error,
        where,
    )


def gradcheck(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    kwargs: dict[str, Any] | None = None,
    *,
    rtol: float = 1e-6,
    directions: int = 2,
    exhaustive: bool = False,
    constant: Any = (),
    seed: int = 0,
    order: str = "first-order",
) -> float:
    """Compare a function's gradients with differences of its values.

    Parameters
    ----------
    fn : callable
        From tensors to a tensor, or a tuple of tensors.
    inputs : sequence
        Arrays or tensors in float64 are checked; integers, numbers and the
        like are passed on.
    kwargs : dict, optional
        Passed on.
    rtol : float
        The relative error that is allowed.
    directions : int
        How many random directions to try; each costs 6 to 18 forwards.
    exhaustive : bool
        Check every element on its own as well.
    constant : collection of int
        Positions of inputs to leave out.
    seed : int

    Returns
    -------
    float
        The largest relative error that was found.

    Raises
    ------
    GradcheckError
        If a gradient is wrong: the message names function, input, index,
        analytic and numeric value. If the point is not differentiable it says so.
    TypeError
        For floating-point inputs that are not float64, or none at all.

    Examples
    --------
    >>> import minitorch as mt
    >>> import numpy as np
    >>> from minitorch.autograd.check import gradcheck
    >>> gradcheck(lambda x, y: mt.tanh(x) * y, [np.ones(3), np.arange(3.0)]) < 1e-8
    True
    """
    problem = _Problem(fn, inputs, kwargs or {}, constant, seed)
    g = problem.gradients()
    worst = 0.0
    tries = [_direction(problem) for _ in range(directions)]
    if exhaustive:
        tries += [
            _unit(problem, (i, index))
            for i in problem.active
            for index in np.ndindex(problem.inputs[i].shape)
        ]
    for v in tries:
        error, _, _ = _discrepancy(problem, g, v)
        worst = max(worst, error)
        if not error <= rtol:
            _fail(problem, g, error, rtol, order)
    return worst


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    kwargs: dict[str, Any] | None = None,
    *,
    rtol: float = 1e-6,
    constant: Any = (),
    seed: int = 0,
) -> float:
    """Check the second order: the gradient of the gradient, towards inputs and incoming gradients.

    Parameters, result and errors are those of :func:`gradcheck`.

    Examples
    --------
    >>> import minitorch as mt
    >>> import numpy as np
    >>> from minitorch.autograd.check import gradgradcheck
    >>> gradgradcheck(lambda x: mt.exp(x) * x, [np.arange(3.0)]) < 1e-8
    True
    """
    problem = _Problem(fn, inputs, kwargs or {}, constant, seed)
    count = len(problem.inputs)

    def first_order(*everything: Any) -> tuple[Tensor, ...]:
        with enable_grad():
            # Under no_grad (function values only) the inputs come as constants.
            given = [
                x if i not in problem.active or x.requires_grad else x.detach().requires_grad_()
                for i, x in enumerate(everything[:count])
            ]
            outs = _floating(fn(*given, **problem.kwargs))
            live = [
                (o, w) for o, w in zip(outs, everything[count:], strict=True) if o.requires_grad
            ]
            if not live:
                return tuple(Tensor(np.zeros_like(problem.inputs[i])) for i in problem.active)
            found = grad(
                [o for o, _ in live],
                [given[i] for i in problem.active],
                [w for _, w in live],
                create_graph=True,
                allow_unused=True,
            )
        return tuple(
            Tensor(np.zeros_like(problem.inputs[i])) if g is None else g
            for i, g in zip(problem.active, found, strict=True)
        )

    first_order.name = problem.name  # type: ignore[attr-defined]
    passive = [i for i in range(count) if i not in problem.active]
    return gradcheck(
        first_order,
        [*problem.inputs, *problem.u],
        rtol=rtol,
        constant=passive,
        seed=seed + 1,
        order="second-order",
    )


def adjoint_check(
    fn: Callable[..., Any],
    inputs: Sequence[Any],
    kwargs: dict[str, Any] | None = None,
    *,
    position: int = 0,
    rtol: float = 1e-12,
    seed: int = 0,
) -> float:
    """Check <A dx, y> = <dx, A'y> for a function that is linear in one input.

    Parameters
    ----------
    fn, inputs, kwargs, seed
        As for :func:`gradcheck`.
    position : int
        The input in which it is linear (or affine); the others are held.
    rtol : float
        Relative to |A dx| |y|.

    Returns
    -------
    float
        The relative error.

    Raises
    ------
    GradcheckError
        If the identity does not hold.
    """
    problem = _Problem(fn, inputs, kwargs or {}, (), seed)
    dx = np.asarray(problem.rng.normal(size=problem.inputs[position].shape))
    moved = [dx if i == position else x for i, x in enumerate(problem.inputs)]
    still = [np.zeros_like(dx) if i == position else x for i, x in enumerate(problem.inputs)]
    images = [a - b for a, b in zip(problem.evaluate(moved), problem.evaluate(still), strict=True)]
    left = float(sum((a * w).sum() for a, w in zip(images, problem.u, strict=True)))
    right = float((dx * problem.gradients()[position]).sum())
    norms = [
        float(np.linalg.norm(a) * np.linalg.norm(w)) for a, w in zip(images, problem.u, strict=True)
    ]
    error = abs(left - right) / max(sum(norms), 1e-300) if left != right else 0.0
    if not error <= rtol:
        raise GradcheckError(
            f"{problem.name}: the rule towards input {_input_name(fn, position)} is not the adjoint: "
            f"<A dx, y> = {left:.15g} but <dx, A'y> = {right:.15g} (relative error {error:.3g}, allowed "
            f"{rtol:.3g})",
            error,
        )
    return error


@dataclass
class OpReport:
    """What checking one op of the registry found: the largest errors, and failures in words."""

    name: str
    samples: int = 0
    first: float | None = None
    second: float | None = None
    adjoint: float | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether there were samples and no failures."""
        return not self.failures

    def _take(self, which: str, label: str, check: Callable[[], float]) -> None:
        try:
            error = check()
        except (GradcheckError, TypeError, ValueError, RuntimeError) as failure:
            error = getattr(failure, "error", float("nan"))
            self.failures.append(f"{label}: {failure}")
        known = getattr(self, which)
        setattr(self, which, error if known is None else max(known, error))


def check_op(entry: Any, make: Any, rtol: float = 1e-6, adjoint_rtol: float = 1e-12) -> OpReport:
    """First order, second order and adjoint of an op, on all its samples.

    Parameters
    ----------
    entry : Op or Composite
    make : object
        What samplers draw from (``minitorch.testing.SampleMaker``).
    rtol, adjoint_rtol : float

    Returns
    -------
    OpReport
        Orders are None for an op that is constant by declaration.
    """
    report = OpReport(entry.name)
    samples = list(entry.sampler(make)) if entry.sampler is not None else []
    differentiable = bool(entry.rules) or not hasattr(entry, "variadic")
    if not samples and (differentiable or not entry.constant):
        report.failures.append("it has no samples")
    for k, sample in enumerate(samples):
        report.samples += 1
        label = f"sample {k}" + (f" ({sample.note})" if sample.note else "")
        constant = [
            i for i, name in enumerate(entry.arrays[: len(sample.args)]) if name in entry.constant
        ]
        if not differentiable or not _has_active(sample, constant):
            continue
        arguments = (entry, sample.args, sample.kwargs)
        report._take(
            "first", label, lambda a=arguments, c=constant: gradcheck(*a, rtol=rtol, constant=c)
        )  # type: ignore[misc]
        report._take(
            "second",
            label,
            lambda a=arguments, c=constant: gradgradcheck(*a, rtol=rtol, constant=c),
        )  # type: ignore[misc]
        for position in _linear_positions(entry, sample):
            report._take(
                "adjoint",
                label,
                lambda a=arguments, p=position: adjoint_check(*a, position=p, rtol=adjoint_rtol),  # type: ignore[misc]
            )
    return report


def _has_active(sample: Any, constant: list[int]) -> bool:
    return any(
        isinstance(x, np.ndarray) and x.dtype.kind == "f" and i not in constant
        for i, x in enumerate(sample.args)
    )


def _linear_positions(entry: Any, sample: Any) -> list[int]:
    variadic = getattr(entry, "variadic", None)
    names = [
        variadic if variadic is not None and i >= entry.arity else entry.arrays[i]
        for i in range(
            min(len(sample.args), len(entry.arrays)) if variadic is None else len(sample.args)
        )
    ]
    return [
        i
        for i, name in enumerate(names)
        if name in entry.linear
        and isinstance(sample.args[i], np.ndarray)
        and sample.args[i].dtype.kind == "f"
    ]
