"""Gradient descent, and momentum for it or for any other rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, no_grad
from minitorch.parameter import Parameter
from minitorch.updates.core import Hyper, Updates, now, pairs, slot, trained

__all__ = ["apply_momentum", "apply_nesterov_momentum", "momentum", "nesterov_momentum", "sgd"]


@no_grad()
def sgd(loss_or_grads: Any, params: Iterable[Parameter], learning_rate: Hyper) -> Updates:
    """Stochastic gradient descent: p' = p - lr · g.

    Parameters
    ----------
    loss_or_grads : Tensor or sequence of Tensor
        A loss of one element, or a gradient per parameter.
    params : iterable of Parameter
    learning_rate : float, 0-d Tensor or callable

    Returns
    -------
    Updates

    Raises
    ------
    ValueError, RuntimeError
        See :func:`get_or_compute_grads`.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> updates.sgd((w * w).sum(), [w], learning_rate=0.25).apply()
    >>> w.get_value()
    array([0.5, 1. ], dtype=float32)
    """
    rate = now(learning_rate)
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        new.later((p,), partial(_sgd, p, g, rate))
    return new


def _sgd(p: Parameter, g: Tensor, rate: float) -> tuple[Tensor]:
    return (ops.sgd_step(p, g, rate=rate),)


@no_grad()
def apply_momentum(
    updates: Mapping[Parameter, Tensor],
    params: Iterable[Parameter] | None = None,
    momentum: Hyper = 0.9,
) -> Updates:
    """Add momentum to updates: x = m·v + updates[p]; v' = x - p; p' = x.

    Parameters
    ----------
    updates : Updates
        Of any rule.
    params : iterable of Parameter, optional
        Those to add momentum to. Default: all that are updated, but not what
        rules remember (Lasagne takes these too).
    momentum : float, 0-d Tensor or callable

    Returns
    -------
    Updates

    Raises
    ------
    ValueError
        If a parameter is not updated.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0])
    >>> for step in range(2):
    ...     new = updates.sgd((w * w).sum(), [w], learning_rate=0.25)
    ...     updates.apply_momentum(new, momentum=0.5).apply()
    >>> w.get_value()
    array([0.], dtype=float32)
    """
    m = now(momentum)
    new = Updates(updates)
    for p in trained(updates, params):
        velocity = slot(p, "momentum.velocity", updates)
        x = velocity * m + updates[p]
        new[velocity] = x - p
        new[p] = x
    return new


@no_grad()
def momentum(
    loss_or_grads: Any, params: Iterable[Parameter], learning_rate: Hyper, momentum: Hyper = 0.9
) -> Updates:
    """SGD with momentum: v' = m·v - lr·g; p' = p + v'.

    Parameters
    ----------
    loss_or_grads, params, learning_rate
        As for :func:`sgd`.
    momentum : float, 0-d Tensor or callable

    Returns
    -------
    Updates

    Notes
    -----
    The velocity holds the learning rate: after a change of the rate, old steps
    go on as they were. PyTorch's velocity holds bare gradients.

    References
    ----------
    B. Polyak: Some methods of speeding up the convergence of iteration methods, 1964.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0])
    >>> updates.momentum((w * w).sum(), [w], learning_rate=0.25).apply()
    >>> w.get_value(), w.slots["momentum.velocity"].get_value()
    (array([0.5], dtype=float32), array([-0.5], dtype=float32))
    """
    rate, m = now(learning_rate), now(momentum)
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        v = slot(p, "momentum.velocity")
        new.later((p, v), partial(ops.momentum_step, p, g, v, rate=rate, momentum=m))
    return new


@no_grad()
def apply_nesterov_momentum(
    updates: Mapping[Parameter, Tensor],
    params: Iterable[Parameter] | None = None,
    momentum: Hyper = 0.9,
) -> Updates:
    """Add Nesterov's momentum: x = m·v + updates[p] - p; v' = x; p' = m·x + updates[p].

    Parameters
    ----------
    updates, params, momentum
        As for :func:`apply_momentum`, with the same errors.

    Returns
    -------
    Updates

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0])
    >>> new = updates.sgd((w * w).sum(), [w], learning_rate=0.25)
    >>> updates.apply_nesterov_momentum(new, momentum=0.5).apply()
    >>> w.get_value()
    array([0.25], dtype=float32)
    """
    m = now(momentum)
    new = Updates(updates)
    for p in trained(updates, params):
        velocity = slot(p, "nesterov_momentum.velocity", updates)
        x = velocity * m + (updates[p] - p)
        new[velocity] = x
        new[p] = x * m + updates[p]
    return new


@no_grad()
def nesterov_momentum(
    loss_or_grads: Any, params: Iterable[Parameter], learning_rate: Hyper, momentum: Hyper = 0.9
) -> Updates:
    """SGD with Nesterov's momentum: v' = m·v - lr·g; p' = p + m·v' - lr·g.

    Parameters
    ----------
    loss_or_grads, params, learning_rate
        As for :func:`sgd`.
    momentum : float, 0-d Tensor or callable

    Returns
    -------
    Updates

    Notes
    -----
    The parameters are those at which the next gradient is taken, a step of m·v
    ahead; so the gradient needs no special place.

    References
    ----------
    Y. Nesterov: A method for solving a convex programming problem with convergence rate
    O(1/k²), 1983.
    I. Sutskever, J. Martens, G. Dahl and G. Hinton: On the importance of initialization
    and momentum in deep learning, 2013.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0])
    >>> updates.nesterov_momentum((w * w).sum(), [w], 0.25, momentum=0.5).apply()
    >>> w.get_value()
    array([0.25], dtype=float32)
    """
    rate, m = now(learning_rate), now(momentum)
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        v = slot(p, "nesterov_momentum.velocity")
        new.later((p, v), partial(ops.nesterov_momentum_step, p, g, v, rate=rate, momentum=m))
    return new
