"""Rules that give every weight a step size of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, no_grad
from minitorch.autograd.fresh import fresh, settle
from minitorch.parameter import Parameter
from minitorch.updates.core import Hyper, Slot, Updates, count, now, pairs, slot

__all__ = ["adadelta", "adagrad", "adam", "adamax", "amsgrad", "rmsprop"]


@no_grad()
def adagrad(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 1.0,
    epsilon: float = 1e-6,
) -> Updates:
    """Steps shrink with all gradients so far: a' = a + g²; p' = p - lr · g / sqrt(a' + eps).

    Parameters
    ----------
    loss_or_grads, params, learning_rate
        As for :func:`sgd`.
    epsilon : float
        Inside the root (PyTorch's is outside).

    Returns
    -------
    Updates

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer: Adaptive subgradient methods for online learning and
    stochastic optimization, 2011.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([4.0])
    >>> updates.adagrad((w * w).sum(), [w], learning_rate=1.0, epsilon=0).apply()
    >>> w.get_value(), w.slots["adagrad.accu"].get_value()
    (array([3.], dtype=float32), array([64.], dtype=float32))
    """
    rate = now(learning_rate)
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        accu = slot(p, "adagrad.accu")
        new[accu] = accu + g * g
        new[p] = p - g * rate / ops.sqrt(new[accu] + epsilon)
    return new


@no_grad()
def rmsprop(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 1.0,
    rho: Hyper = 0.9,
    epsilon: float = 1e-6,
) -> Updates:
    """Steps shrink with recent gradients: p' = p - lr · g / sqrt(a' + eps).

    a' = rho·a + (1-rho)·g² is an average of the squares of gradients.

    Parameters
    ----------
    loss_or_grads, params, learning_rate
        As for :func:`sgd`.
    rho : float, 0-d Tensor or callable
        Share of the old average.
    epsilon : float
        Inside the root (PyTorch's is outside).

    Returns
    -------
    Updates

    References
    ----------
    T. Tieleman and G. Hinton: Lecture 6.5, Neural networks for machine learning, 2012.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([4.0])
    >>> updates.rmsprop((w * w).sum(), [w], learning_rate=1.0, rho=0.75, epsilon=0).apply()
    >>> w.get_value()
    array([2.], dtype=float32)
    """
    rate, decay = now(learning_rate), now(rho)
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        accu = slot(p, "rmsprop.accu")
        new[accu] = _average(accu, g * g, decay)
        new[p] = p - g * rate / ops.sqrt(new[accu] + epsilon)
    return new


@no_grad()
def adadelta(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 1.0,
    rho: Hyper = 0.95,
    epsilon: float = 1e-6,
) -> Updates:
    """Steps in the parameters' units: u = g · sqrt(d + eps) / sqrt(a' + eps); p' = p - lr·u.

    a' = rho·a + (1-rho)·g² and d' = rho·d + (1-rho)·u² are averages of the squares of
    gradients and of steps.

    Parameters
    ----------
    loss_or_grads, params, learning_rate
        As for :func:`sgd`.
    rho : float, 0-d Tensor or callable
        Share of the old averages.
    epsilon : float
        It also starts the first step, when d is 0.

    Returns
    -------
    Updates

    References
    ----------
    M. Zeiler: Adadelta: an adaptive learning rate method, 2012.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([4.0])
    >>> updates.adadelta((w * w).sum(), [w], rho=0.75).apply()
    >>> w.get_value()
    array([3.998], dtype=float32)
    """
    rate, decay = now(learning_rate), now(rho)
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        accu, delta = slot(p, "adadelta.accu"), slot(p, "adadelta.delta_accu")
        new[accu] = _average(accu, g * g, decay)
        step = g * ops.sqrt(delta + epsilon) / ops.sqrt(new[accu] + epsilon)
        new[p] = p - step * rate
        new[delta] = _average(delta, step * step, decay)
    return new


def _average(old: Tensor, fresh: Tensor, decay: float) -> Tensor:
    """decay · old + (1 - decay) · fresh."""
    return old * decay + fresh * (1 - decay)


def _unbias(t: int, betas: tuple[float, float]) -> float:
    """The factor for step t that undoes the averages' start at 0."""

    def compute() -> float:
        steps, b1, b2 = settle(t), *map(settle, betas)
        return math.sqrt(1 - b2**steps) / (1 - b1**steps)

    factor: float = fresh(compute)
    return factor


def _moments(
    p: Parameter, g: Tensor, rule: str, betas: tuple[float, float], new: Updates
) -> tuple[Tensor, Tensor, float]:
    """New averages of g and g², and :func:`_unbias`."""
    b1, b2 = betas
    m, v = slot(p, f"{rule}.m"), slot(p, f"{rule}.v")
    t = count(p, rule, new)
    new[m], new[v] = _average(m, g, b1), _average(v, g * g, b2)
    return new[m], new[v], _unbias(t, betas)


@no_grad()
def adam(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 0.001,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    epsilon: float = 1e-8,
) -> Updates:
    """Steps along the average gradient, by its deviation: p' = p - a · m' / (sqrt(v') + eps).

    m' = b1·m + (1-b1)·g, v' = b2·v + (1-b2)·g² and a = lr · sqrt(1 - b2^t) / (1 - b1^t) at
    step t = 1, 2, ...

    Parameters
    ----------
    loss_or_grads, params, learning_rate
        As for :func:`sgd`.
    beta1, beta2 : float, 0-d Tensor or callable
        Shares of the old averages, in [0, 1).
    epsilon : float
        Not corrected for the bias (PyTorch's is).

    Returns
    -------
    Updates

    References
    ----------
    D. Kingma and J. Ba: Adam: a method for stochastic optimization, 2015.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([4.0])
    >>> updates.adam((w * w).sum(), [w], learning_rate=0.5).apply()
    >>> w.get_value(), w.slots["adam.t"].item()
    (array([3.5], dtype=float32), 1)
    """
    rate, betas = now(learning_rate), (now(beta1), now(beta2))
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        m, v = slot(p, "adam.m"), slot(p, "adam.v")
        step = rate * _unbias(count(p, "adam", new), betas)
        settings = {"beta1": betas[0], "beta2": betas[1], "epsilon": epsilon}
        new.later((p, m, v), partial(ops.adam_step, p, g, m, v, rate=step, **settings))
    return new


@no_grad()
def adamax(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 0.002,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    epsilon: float = 1e-8,
) -> Updates:
    """Adam by the largest gradient: p' = p - lr / (1 - b1^t) · m' / (u' + eps).

    m' = b1·m + (1-b1)·g and u' = max(b2·u, |g|) at step t = 1, 2, ...

    Parameters
    ----------
    loss_or_grads, params, learning_rate, beta1, beta2, epsilon
        As for :func:`adam`.

    Returns
    -------
    Updates

    References
    ----------
    D. Kingma and J. Ba: Adam: a method for stochastic optimization, section 7.1, 2015.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([4.0])
    >>> updates.adamax((w * w).sum(), [w], learning_rate=0.5).apply()
    >>> w.get_value()
    array([3.5], dtype=float32)
    """
    rate, b1, b2 = now(learning_rate), now(beta1), now(beta2)
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        m, u = slot(p, "adamax.m"), slot(p, "adamax.u")
        t = count(p, "adamax", new)
        new[m] = _average(m, g, b1)
        new[u] = ops.maximum(u * b2, ops.abs(g))
        unbiased = rate / (1 - fresh(lambda t=t: settle(b1) ** settle(t)))
        new[p] = p - new[m] * unbiased / (new[u] + epsilon)
    return new


@no_grad()
def amsgrad(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 0.001,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    epsilon: float = 1e-8,
) -> Updates:
    """Adam by its largest deviation so far: w' = max(w, v'); p' = p - a · m' / (sqrt(w') + eps).

    m', v' and a are those of :func:`adam`; the maximum is of v' before the correction
    of its bias.

    Parameters
    ----------
    loss_or_grads, params, learning_rate, beta1, beta2, epsilon
        As for :func:`adam`.

    Returns
    -------
    Updates

    References
    ----------
    S. Reddi, S. Kale and S. Kumar: On the convergence of Adam and beyond, 2018.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([4.0])
    >>> updates.amsgrad((w * w).sum(), [w], learning_rate=0.5).apply()
    >>> w.get_value()
    array([3.5], dtype=float32)
    """
    rate, betas = now(learning_rate), (now(beta1), now(beta2))
    new = Updates()
    for p, g in pairs(loss_or_grads, params):
        m, v, unbias = _moments(p, g, "amsgrad", betas, new)
        top: Slot = slot(p, "amsgrad.v_hat")
        new[top] = ops.maximum(top, v)
        new[p] = p - m * (rate * unbias) / (ops.sqrt(new[top]) + epsilon)
    return new
