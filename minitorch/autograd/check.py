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
from typing import Any

import numpy as np

from minitorch.autograd.check_problem import (
    GradcheckError,
    Problem,
    direction,
    discrepancy,
    fail,
    floating_outputs,
    input_name,
    unit,
)
from minitorch.autograd.engine import grad
from minitorch.autograd.mode import enable_grad
from minitorch.autograd.tensor import Tensor

__all__ = ["GradcheckError", "adjoint_check", "gradcheck", "gradgradcheck"]


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
    problem = Problem(fn, inputs, kwargs or {}, constant, seed)
    g = problem.gradients()
    worst = 0.0
    tries = [direction(problem) for _ in range(directions)]
    if exhaustive:
        tries += [
            unit(problem, (i, index))
            for i in problem.active
            for index in np.ndindex(problem.inputs[i].shape)
        ]
    for v in tries:
        error, _, _ = discrepancy(problem, g, v)
        worst = max(worst, error)
        if not error <= rtol:
            fail(problem, g, error, rtol, order)
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
    problem = Problem(fn, inputs, kwargs or {}, constant, seed)
    count = len(problem.inputs)

    def first_order(*everything: Any) -> tuple[Tensor, ...]:
        with enable_grad():
            # Under no_grad (function values only) the inputs come as constants.
            given = [
                x if i not in problem.active or x.requires_grad else x.detach().requires_grad_()
                for i, x in enumerate(everything[:count])
            ]
            outs = floating_outputs(fn(*given, **problem.kwargs))
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
    problem = Problem(fn, inputs, kwargs or {}, (), seed)
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
            f"{problem.name}: the rule towards input {input_name(fn, position)} is not the "
            f"adjoint: <A dx, y> = {left:.15g} but <dx, A'y> = {right:.15g} (relative error "
            f"{error:.3g}, allowed {rtol:.3g})",
            error,
        )
    return error
