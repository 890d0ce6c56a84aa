"""Gradient checks that cost a few forwards and, on failure, say where.

A check compares, along random directions, the derivative that the rules give
with one from function values alone: for outputs weighted by u and inputs
moved along v, <vjp(u), v> against a central difference of <u, f(x + h v)>. Two
function values settle most cases; where they do not, a sixth-order difference
with several step sizes does. Only when the two disagree are the inputs bisected,
down to the index whose derivative is wrong. Derivatives from the left and from
the right come out of the same values: where they differ there is a kink, and
the check says so instead of blaming the rule.

Linear ops need no step size: <A dx, y> = <dx, A'y> holds to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.autograd.check_measure import fail, measure
from minitorch.autograd.check_problem import GradcheckError, NotDifferentiableError, Problem
from minitorch.autograd.engine import grad
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import backend_of, to_device

__all__ = [
    "GradcheckError",
    "NotDifferentiableError",
    "adjoint_check",
    "gradcheck",
    "gradgradcheck",
]


def gradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    kwargs: dict[str, Any] | None = None,
    *,
    rtol: float = 1e-6,
    directions: int = 2,
    exhaustive: bool = False,
    constant: Any = (),
    seed: int = 0,
) -> float:
    """Compare a function's gradients with differences of its values.

    Parameters
    ----------
    fn : callable
        From tensors to a floating-point tensor, or a tuple or list with some;
        a function of its inputs alone, that is with fixed random numbers.
    inputs : Tensor, array, or sequence of inputs
        Arrays and tensors in float64 are checked; integers, numbers and whatever
        else are passed on. All on one device: that of the tensors, else the default.
    kwargs : dict, optional
        Passed on.
    rtol : float
        The relative error that is allowed. It is relative to the derivative
        along a direction of this length; what is within the rounding of the
        function's values does not count.
    directions : int
        How many random directions to try in all inputs at once; after these each
        input is moved on its own, so that a small gradient does not hide
        behind a large one. A direction costs 2 to 4 function values, and 36
        more where these do not settle it.
    exhaustive : bool
        Check every element on its own as well.
    constant : collection of int or str
        Positions or names of inputs to leave out.
    seed : int
        Of the directions. NumPy's global generator is left alone.

    Returns
    -------
    float
        The largest relative error that was found.

    Raises
    ------
    GradcheckError
        If a gradient is wrong: the message names function, input, index,
        analytic and numeric value. Also if a value or gradient is not finite, or
        two calls with the same inputs differ.
    NotDifferentiableError
        If the point is on a kink or a jump, even where the rule's convention happens to be
        the mean of both sides: such a point is no evidence.
    TypeError
        For floating-point inputs that are not float64, or none at all, or a
        result that holds no floating-point tensor.

    Examples
    --------
    >>> import minitorch as mt
    >>> import numpy as np
    >>> mt.gradcheck(lambda x, y: mt.tanh(x) * y, [np.ones(3), np.arange(3.0)]) < 1e-8
    True
    >>> mt.gradcheck(lambda x: x * x.detach(), [np.asarray([[1.0, 3.0]])])
    Traceback (most recent call last):
        ...
    minitorch.autograd.check_problem.GradcheckError: <lambda>: wrong first-order gradient
    towards input 'x' at index (0, 1): analytic 3, numeric 6; half of it (...)
    """
    problem = Problem(fn, inputs, kwargs or {}, constant, seed)
    return _compare(problem, rtol, directions, exhaustive, "first-order")


def _compare(problem: Problem, rtol: float, directions: int, exhaustive: bool, order: str) -> float:
    g = problem.gradients()
    tries = [problem.direction() for _ in range(directions)]
    if len(problem.active) > 1:
        tries += [problem.direction([i]) for i in problem.active]
    if exhaustive:
        tries += [
            problem.along(i, k, problem.unit_length(i).flat[k])
            for i in problem.active
            for k in range(problem.inputs[i].size)
        ]
    worst = 0.0
    for v in tries:
        m = measure(problem, g, v)
        if m.jump or not m.error <= rtol:
            fail(problem, g, m, rtol, order)
        worst = max(worst, m.error)
    return worst


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    kwargs: dict[str, Any] | None = None,
    *,
    rtol: float = 1e-6,
    directions: int = 2,
    exhaustive: bool = False,
    constant: Any = (),
    seed: int = 0,
) -> float:
    """Check the second order: the gradient of the gradient, towards inputs and incoming gradients.

    The function that is checked maps the inputs and the gradients coming in
    to the gradients going out. Parameters, result and errors are those of
    :func:`gradcheck`; messages call the incoming gradients ``g0``, ``g1``, ...

    Examples
    --------
    >>> import minitorch as mt
    >>> import numpy as np
    >>> mt.gradgradcheck(lambda x: mt.exp(x) * x, np.arange(3.0)) < 1e-8
    True
    """
    problem = Problem(fn, inputs, kwargs or {}, constant, seed)
    count, active = len(problem.inputs), problem.active
    names = [*problem.names(count), *(f"'g{k}'" for k in range(len(problem.u)))]
    first_order = _FirstOrder(problem, [name.strip("'") for name in names])
    passive = [i for i in range(count) if i not in active]
    point = [
        Tensor(to_device(x, problem.device)) if isinstance(x, np.ndarray) else x
        for x in [*problem.inputs, *problem.u]
    ]
    second = Problem(first_order, point, {}, passive, seed + 1)
    return _compare(second, rtol, directions, exhaustive, "second-order")


class _FirstOrder:
    """The function from inputs and incoming gradients to the gradients of a problem."""

    def __init__(self, problem: Problem, names: list[str]) -> None:
        self.problem, self.name, self._names = problem, problem.name, names

    def input_names(self, count: int) -> list[str]:
        """As of an op."""
        return self._names[:count]

    def __call__(self, *everything: Any) -> tuple[Tensor, ...]:
        problem, count = self.problem, len(self.problem.inputs)
        outs = problem.floating(problem.fn(*everything[:count], **problem.kwargs))
        wanted = [everything[i] for i in problem.active]
        pairs = [(o, w) for o, w in zip(outs, everything[count:], strict=True) if o.requires_grad]
        found: list[Any] = [None] * len(wanted)
        if pairs:
            found = grad(
                [o for o, _ in pairs],
                wanted,
                [w for _, w in pairs],
                create_graph=True,
                allow_unused=True,
            )
        return tuple(
            Tensor(backend_of(x.data).xp.zeros_like(x.data)) if g is None else g
            for x, g in zip(wanted, found, strict=True)
        )


def adjoint_check(
    fn: Callable[..., Any],
    inputs: Any,
    kwargs: dict[str, Any] | None = None,
    *,
    position: int | str = 0,
    rtol: float = 1e-12,
    seed: int = 0,
) -> float:
    """Check <A dx, y> = <dx, A'y> for a function that is linear in one input.

    This dot-product test has no step size and no truncation error: it holds to rounding.

    Parameters
    ----------
    fn, inputs, kwargs, seed
        As for :func:`gradcheck`.
    position : int or str
        The input in which it is linear (or affine), by position or name; the others are held.
    rtol : float
        Relative to |A dx| |y|.

    Returns
    -------
    float
        The relative error.

    Raises
    ------
    GradcheckError
        If the identity does not hold: the rule is not the adjoint, or the function not linear.
    ValueError
        If there is no such input.
    TypeError
        If that input is not a float64 array.

    Examples
    --------
    >>> import minitorch as mt
    >>> import numpy as np
    >>> mt.adjoint_check(mt.matmul, [np.ones((2, 3)), np.ones((3, 4))], position="x2") < 1e-12
    True
    """
    problem = Problem(fn, inputs, kwargs or {}, (), seed)
    at = problem.position(position)
    if at not in problem.active:
        raise TypeError(f"{problem.name}: input {position!r} is not a float64 array")
    dx = problem.rng.normal(size=problem.inputs[at].shape)
    moved, still = list(problem.inputs), list(problem.inputs)
    moved[at], still[at] = np.asarray(dx), np.zeros_like(problem.inputs[at])
    images = [a - b for a, b in zip(problem.evaluate(moved), problem.evaluate(still), strict=True)]
    left, right = problem.weigh(images), float((dx * problem.gradients()[at]).sum())
    size = sum(
        float(np.linalg.norm(a) * np.linalg.norm(w)) for a, w in zip(images, problem.u, strict=True)
    )
    error = abs(left - right) / max(size, 1e-300) if left != right else 0.0
    if not error <= rtol:
        raise GradcheckError(
            f"{problem.name}: the rule towards input {problem.names(at + 1)[at]} is not the "
            f"adjoint: <A dx, y> = {left:.15g} but <dx, A'y> = {right:.15g} (relative error "
            f"{error:.3g}, allowed {rtol:.3g})",
            error,
            analytic=right,
            numeric=left,
        )
    return error
