"""The steps of the update rules that most trainings use, each as one op.

:mod:`minitorch.updates` calls them; they are ops so that a device can take a step in one
pass over its arrays instead of one per operator. All are constants: nothing is
differentiated through a step.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.ops.steps_device import attach_step
from minitorch.ops.steps_native import attach_native_step

__all__ = ["adam_step", "momentum_step", "nesterov_momentum_step", "sgd_step"]


@op(formula="p' = p - rate · g", constant=True, aligned=True)
def sgd_step(xp: Any, p: Any, g: Any, *, rate: float) -> Any:
    """A step of gradient descent.

    Parameters
    ----------
    p, g : Tensor, of one shape
        A parameter and its gradient.
    rate : float
        The learning rate.

    Returns
    -------
    Tensor, as p

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.sgd_step(mt.asarray([1.0, 2.0]), mt.asarray([2.0, 4.0]), rate=0.25)
    Tensor([0.5, 1. ])
    """
    return p - g * rate


@op(
    formula="p' = v · momentum + (p - rate · g), v' = p' - p",
    constant=True,
    aligned=True,
    outputs=("new_p", "new_v"),
)
def momentum_step(xp: Any, p: Any, g: Any, v: Any, *, rate: float, momentum: float) -> Any:
    """A step of gradient descent with momentum.

    Parameters
    ----------
    p, g, v : Tensor, of one shape
        A parameter, its gradient and its velocity.
    rate, momentum : float

    Returns
    -------
    new_p, new_v : Tensor, as p

    Examples
    --------
    >>> import minitorch as mt
    >>> p, g, v = mt.asarray([1.0]), mt.asarray([2.0]), mt.asarray([-0.5])
    >>> mt.momentum_step(p, g, v, rate=0.25, momentum=0.5)
    (Tensor([0.25]), Tensor([-0.75]))
    """
    new_p = v * momentum + (p - g * rate)
    return new_p, new_p - p


@op(
    formula="v' = v · momentum + (s - p), p' = v' · momentum + s, s = p - rate · g",
    constant=True,
    aligned=True,
    outputs=("new_p", "new_v"),
)
def nesterov_momentum_step(xp: Any, p: Any, g: Any, v: Any, *, rate: float, momentum: float) -> Any:
    """A step of gradient descent with Nesterov's momentum.

    Parameters
    ----------
    p, g, v, rate, momentum
        As for :func:`momentum_step`.

    Returns
    -------
    new_p, new_v : Tensor, as p

    Examples
    --------
    >>> import minitorch as mt
    >>> p, g, v = mt.asarray([1.0]), mt.asarray([2.0]), mt.asarray([-0.5])
    >>> mt.nesterov_momentum_step(p, g, v, rate=0.25, momentum=0.5)
    (Tensor([0.125]), Tensor([-0.75]))
    """
    stepped = p - g * rate
    new_v = v * momentum + (stepped - p)
    return new_v * momentum + stepped, new_v


@op(
    formula="m' = b1 m + (1 - b1) g, v' = b2 v + (1 - b2) g², p' = p - rate m' / (√v' + epsilon)",
    constant=True,
    aligned=True,
    outputs=("new_p", "new_m", "new_v"),
)
def adam_step(
    xp: Any,
    p: Any,
    g: Any,
    m: Any,
    v: Any,
    *,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> Any:
    """A step of Adam.

    Parameters
    ----------
    p, g, m, v : Tensor, of one shape
        A parameter, its gradient, and the averages of the gradient and of its square.
    rate : float
        The learning rate, already corrected for the averages' start at 0.
    beta1, beta2 : float
    epsilon : float

    Returns
    -------
    new_p, new_m, new_v : Tensor, as p

    Examples
    --------
    >>> import minitorch as mt
    >>> p, g, zero = mt.asarray([4.0]), mt.asarray([8.0]), mt.asarray([0.0])
    >>> mt.adam_step(p, g, zero, zero, rate=0.5, beta1=0.5, beta2=0.75, epsilon=0.0)
    (Tensor([3.5]), Tensor([4.]), Tensor([16.]))
    """
    new_m = m * beta1 + g * (1 - beta1)
    new_v = v * beta2 + g * g * (1 - beta2)
    return p - new_m * rate / (xp.sqrt(new_v) + epsilon), new_m, new_v


for _op, _rule in (
    (sgd_step, "sgd"),
    (momentum_step, "momentum"),
    (nesterov_momentum_step, "nesterov"),
    (adam_step, "adam"),
):
    attach_native_step(_op, _rule)
    attach_step(_op, _rule)


@sgd_step.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4), make(3, 4), rate=0.1)


@momentum_step.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 5), make(3, 5), make(3, 5), rate=0.1, momentum=0.9)


@nesterov_momentum_step.samples
def _(make: Any) -> Any:
    yield Sample.of(make(7), make(7), make(7), rate=0.1, momentum=0.9)


@adam_step.samples
def _(make: Any) -> Any:
    arrays = [make(5, 3), make(5, 3), make(5, 3), make.positive(5, 3)]
    yield Sample.of(*arrays, rate=0.01, beta1=0.9, beta2=0.99, epsilon=1e-8)
