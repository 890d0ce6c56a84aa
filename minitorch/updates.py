"""Update rules: from gradients to new values of parameters, in Lasagne's words.

A rule computes all new values from the old ones and returns them; ``apply()``
then assigns them together:

    updates.adam(loss, params).apply()

Rules can be chained and edited before they are applied:

    new = updates.apply_momentum(updates.rmsprop(loss, params, 0.01))
    new[w] = updates.norm_constraint(new[w], 3.0)
    new.apply()

What a rule has to remember between calls (velocities, moments, step counts)
are parameters themselves, kept on the parameter they belong to
(``p.slots["adam.m"]``); :func:`get_state` and :func:`set_state` save them.

Formulas are Lasagne's. They differ from PyTorch's in that momentum holds the
learning rate inside the velocity, adagrad and rmsprop take epsilon inside the
root, and adam does not correct epsilon for the bias.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minitorch import ops
from minitorch.autograd import Tensor, asarray, grad, no_grad
from minitorch.autograd.inplace import write
from minitorch.parameter import Parameter

__all__ = [
    "Updates",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "apply_momentum",
    "apply_nesterov_momentum",
    "apply_updates",
    "get_or_compute_grads",
    "get_state",
    "momentum",
    "nesterov_momentum",
    "norm_constraint",
    "reset_state",
    "rmsprop",
    "set_state",
    "sgd",
    "total_norm_constraint",
]

# A number, a 0-d tensor, or a function that gives one: for values that change.
Hyper = Any


class Updates(OrderedDict[Parameter, Tensor]):
    """New values by parameter; nothing is assigned before :meth:`apply`."""

    def apply(self) -> None:
        """Assign all values together: each was computed from the old ones.

        Raises
        ------
        ValueError
            If a value does not have its parameter's shape (nothing is assigned then).
        """
        apply_updates(self)


def apply_updates(updates: Mapping[Parameter, Any]) -> None:
    """Assign ``{parameter: new value}`` in two phases; see :meth:`Updates.apply`."""
    cells = [id(p._cell) for p in updates]
    ready: list[tuple[Parameter, Tensor]] = []
    for parameter, value in updates.items():
        new = asarray(value)
        if new.shape != parameter.shape:
            raise ValueError(
                f"update of {parameter!r} has shape {new.shape}; a parameter never changes its shape"
            )
        # A value that lies in a parameter's memory would change under way.
        ready.append((parameter, new.detach() * 1 if id(new._cell) in cells else new))
    with no_grad():
        for parameter, new in ready:
            write(parameter, new)


def get_or_compute_grads(
    loss_or_grads: Tensor | Sequence[Tensor], params: Sequence[Parameter]
) -> list[Tensor]:
    """The gradients themselves, or those of a loss towards the parameters.

    Raises
    ------
    ValueError
        If something in ``params`` is no Parameter, the loss has several
        elements, or the numbers of gradients and parameters differ.
    RuntimeError
        If the loss does not depend on a parameter; the message names it.
    """
    for p in params:
        if not isinstance(p, Parameter):
            raise ValueError(
                f"params must contain parameters only, found a {type(p).__name__}; make one with "
                f"minitorch.parameter.Parameter(value)"
            )
    if not isinstance(loss_or_grads, Tensor):
        grads = list(loss_or_grads)
        if len(grads) != len(params):
            raise ValueError(f"got {len(grads)} gradient expressions for {len(params)} parameters")
        return grads
    if loss_or_grads.size != 1:
        raise ValueError(
            f"a loss has one element, this one has shape {loss_or_grads.shape}; take its mean()"
        )
    fixed = [p for p in params if not p.requires_grad]
    if fixed:
        raise ValueError(f"{fixed[0]!r} does not require a gradient; it cannot be trained")
    grads = grad(loss_or_grads, list(params), allow_unused=True)
    lost = [f"{i} ({p!r})" for i, (p, g) in enumerate(zip(params, grads, strict=True)) if g is None]
    if lost:
        raise RuntimeError(f"the loss does not depend on parameter {', '.join(lost)}")
    return grads


def _now(hyper: Hyper) -> Any:
    """The current value of a hyper-parameter."""
    value = hyper() if callable(hyper) else hyper
    return value.item() if isinstance(value, Tensor) else float(value)


def _slot(p: Parameter, name: str, like: Any = None) -> Parameter:
    """What a rule remembers about p under a name; zeros at first."""
    slot = p.slots.get(name)
    if slot is None:
        zeros = np.zeros(p.shape, p.dtype) if like is None else like
        slot = p.slots[name] = Parameter(
            zeros, name=f"{p.name or 'parameter'}.{name}", trainable=False
        )
    return slot


def _params_of(loss_or_grads: Any, params: Iterable[Parameter]) -> list[tuple[Parameter, Tensor]]:
    listed = list(params)
    return list(zip(listed, get_or_compute_grads(loss_or_grads, listed), strict=True))


def sgd(loss_or_grads: Any, params: Iterable[Parameter], learning_rate: Hyper) -> Updates:
    """Stochastic gradient descent: p - lr · g.

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
    >>> updates.sgd((w * w).sum(), [w], learning_rate=0.1).apply()
    >>> w.get_value()
    array([0.8, 1.6], dtype=float32)
    """
    rate = _now(learning_rate)
    new = Updates()
    with no_grad():
        for p, g in _params_of(loss_or_grads, params):
            new[p] = p - g * rate
    return new


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
        Those to add momentum to; default: all that the updates change.
    momentum : float, 0-d Tensor or callable

    Returns
    -------
    Updates
    """
    m = _now(momentum)
    new = Updates(updates)
    with no_grad():
        for p in list(updates) if params is None else list(params):
            velocity = _slot(p, "momentum.velocity")
            x = velocity * m + updates[p]
            new[velocity] = x - p
            new[p] = x
    return new


def momentum(
    loss_or_grads: Any, params: Iterable[Parameter], learning_rate: Hyper, momentum: Hyper = 0.9
) -> Updates:
    """SGD with momentum: v' = m·v - lr·g; p' = p + v'."""
    return apply_momentum(sgd(loss_or_grads, params, learning_rate), momentum=momentum)


def apply_nesterov_momentum(
    updates: Mapping[Parameter, Tensor],
    params: Iterable[Parameter] | None = None,
    momentum: Hyper = 0.9,
) -> Updates:
    """Add Nesterov momentum: x = m·v + updates[p] - p; v' = x; p' = m·x + updates[p].

    Parameters are those of :func:`apply_momentum`.
    """
    m = _now(momentum)
    new = Updates(updates)
    with no_grad():
        for p in list(updates) if params is None else list(params):
            velocity = _slot(p, "nesterov_momentum.velocity")
            x = velocity * m + (updates[p] - p)
            new[velocity] = x
            new[p] = x * m + updates[p]
    return new


def nesterov_momentum(
    loss_or_grads: Any, params: Iterable[Parameter], learning_rate: Hyper, momentum: Hyper = 0.9
) -> Updates:
    """SGD with Nesterov momentum: v' = m·v - lr·g; p' = p + m·v' - lr·g.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl and G. Hinton: On the importance of initialization and momentum
    in deep learning, 2013.
    """
    return apply_nesterov_momentum(sgd(loss_or_grads, params, learning_rate), momentum=momentum)


def adagrad(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 1.0,
    epsilon: float = 1e-6,
) -> Updates:
    """a' = a + g²; p' = p - lr · g / sqrt(a' + eps).

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer: Adaptive subgradient methods, 2011.
    """
    rate = _now(learning_rate)
    new = Updates()
    with no_grad():
        for p, g in _params_of(loss_or_grads, params):
            accu = _slot(p, "adagrad.accu")
            new[accu] = accu + g * g
            new[p] = p - g * rate / ops.sqrt(new[accu] + epsilon)
    return new


def rmsprop(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 1.0,
    rho: Hyper = 0.9,
    epsilon: float = 1e-6,
) -> Updates:
    """a' = rho·a + (1-rho)·g²; p' = p - lr · g / sqrt(a' + eps).

    References
    ----------
    T. Tieleman and G. Hinton: Lecture 6.5, Neural networks for machine learning, 2012.
    """
    rate, decay = _now(learning_rate), _now(rho)
    new = Updates()
    with no_grad():
        for p, g in _params_of(loss_or_grads, params):
            accu = _slot(p, "rmsprop.accu")
            new[accu] = accu * decay + g * g * (1 - decay)
            new[p] = p - g * rate / ops.sqrt(new[accu] + epsilon)
    return new


def adadelta(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 1.0,
    rho: Hyper = 0.95,
    epsilon: float = 1e-6,
) -> Updates:
    """a' = rho·a + (1-rho)·g²; u = g · sqrt(d + eps) / sqrt(a' + eps); p' = p - lr·u; d' = rho·d + (1-rho)·u².

    References
    ----------
    M. Zeiler: Adadelta: an adaptive learning rate method, 2012.
    """
    rate, decay = _now(learning_rate), _now(rho)
    new = Updates()
    with no_grad():
        for p, g in _params_of(loss_or_grads, params):
            accu, delta = _slot(p, "adadelta.accu"), _slot(p, "adadelta.delta_accu")
            new[accu] = accu * decay + g * g * (1 - decay)
            change = g * ops.sqrt(delta + epsilon) / ops.sqrt(new[accu] + epsilon)
            new[p] = p - change * rate
            new[delta] = delta * decay + change * change * (1 - decay)
    return new


def _count(p: Parameter, rule: str, new: Updates) -> int:
    """This step's number, from 1; the slot's update is added to ``new``."""
    t = _slot(p, f"{rule}.t", np.zeros((), np.int64))
    new[t] = t + 1
    return int(t.item()) + 1


def adam(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 0.001,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    epsilon: float = 1e-8,
) -> Updates:
    """m' = b1·m + (1-b1)·g; v' = b2·v + (1-b2)·g²; p' = p - a · m' / (sqrt(v') + eps).

    a = lr · sqrt(1 - b2^t) / (1 - b1^t) at step t = 1, 2, ...

    References
    ----------
    D. Kingma and J. Ba: Adam: a method for stochastic optimization, 2015.
    """
    b1, b2 = _now(beta1), _now(beta2)
    new = Updates()
    with no_grad():
        for p, g in _params_of(loss_or_grads, params):
            m, v = _slot(p, "adam.m"), _slot(p, "adam.v")
            t = _count(p, "adam", new)
            a = _now(learning_rate) * math.sqrt(1 - b2**t) / (1 - b1**t)
            new[m] = m * b1 + g * (1 - b1)
            new[v] = v * b2 + g * g * (1 - b2)
            new[p] = p - new[m] * a / (ops.sqrt(new[v]) + epsilon)
    return new


def adamax(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 0.002,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    epsilon: float = 1e-8,
) -> Updates:
    """m' = b1·m + (1-b1)·g; u' = max(b2·u, |g|); p' = p - lr / (1 - b1^t) · m' / (u' + eps).

    References
    ----------
    D. Kingma and J. Ba: Adam, section 7.1, 2015.
    """
    b1, b2 = _now(beta1), _now(beta2)
    new = Updates()
    with no_grad():
        for p, g in _params_of(loss_or_grads, params):
            m, u = _slot(p, "adamax.m"), _slot(p, "adamax.u")
            t = _count(p, "adamax", new)
            new[m] = m * b1 + g * (1 - b1)
            new[u] = ops.maximum(u * b2, ops.abs(g))
            new[p] = p - new[m] * (_now(learning_rate) / (1 - b1**t)) / (new[u] + epsilon)
    return new


def amsgrad(
    loss_or_grads: Any,
    params: Iterable[Parameter],
    learning_rate: Hyper = 0.001,
    beta1: Hyper = 0.9,
    beta2: Hyper = 0.999,
    epsilon: float = 1e-8,
) -> Updates:
    """Adam with the largest v' so far in the root: p' = p - a · m' / (sqrt(max v') + eps).

    References
    ----------
    S. Reddi, S. Kale and S. Kumar: On the convergence of Adam and beyond, 2018.
    """
    b1, b2 = _now(beta1), _now(beta2)
    new = Updates()
    with no_grad():
        for p, g in _params_of(loss_or_grads, params):
            m, v, top = (_slot(p, f"amsgrad.{name}") for name in ("m", "v", "v_hat"))
            t = _count(p, "amsgrad", new)
            a = _now(learning_rate) * math.sqrt(1 - b2**t) / (1 - b1**t)
            new[m] = m * b1 + g * (1 - b1)
            new[v] = v * b2 + g * g * (1 - b2)
            new[top] = ops.maximum(top, new[v])
            new[p] = p - new[m] * a / (ops.sqrt(new[top]) + epsilon)
    return new


def norm_constraint(
    tensor_var: Tensor,
    max_norm: Hyper,
    norm_axes: Iterable[int] | None = None,
    epsilon: float = 1e-7,
) -> Tensor:
    """Scale down what has a norm above ``max_norm``: w · min(norm, max) / (eps + norm).

    Parameters
    ----------
    tensor_var : Tensor
    max_norm : float
    norm_axes : iterable of int, optional
        The axes of one norm. Default: (0,) for a matrix (incoming weights of a
        unit), all but the first for 3 to 5 axes (one filter).
    epsilon : float

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    ValueError
        If no axes are given for another rank.
    """
    ndim = tensor_var.ndim
    if norm_axes is not None:
        axes = tuple(norm_axes)
    elif ndim == 2:
        axes = (0,)
    elif ndim in (3, 4, 5):
        axes = tuple(range(1, ndim))
    else:
        raise ValueError(f"unsupported tensor dimensionality {ndim}; must specify norm_axes")
    norms = ops.sqrt(ops.sum(tensor_var * tensor_var, axis=axes, keepdims=True))
    target = ops.minimum(norms, _now(max_norm))
    return tensor_var * (target / (norms + epsilon))


def total_norm_constraint(
    tensor_vars: Iterable[Tensor], max_norm: Hyper, epsilon: float = 1e-7, return_norm: bool = False
) -> Any:
    """Scale several tensors (gradients) so that their common norm is at most ``max_norm``.

    Returns
    -------
    list of Tensor, or (list of Tensor, 0-d Tensor)
        With ``return_norm`` also the norm before.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio: On the difficulty of training recurrent neural networks, 2013.
    """
    tensors = list(tensor_vars)
    squares = ops.sum(tensors[0] * tensors[0])
    for t in tensors[1:]:
        squares = squares + ops.sum(t * t)
    norm = ops.sqrt(squares)
    multiplier = ops.minimum(norm, _now(max_norm)) / (norm + epsilon)
    scaled = [t * multiplier.astype(t.dtype) for t in tensors]
    return (scaled, norm) if return_norm else scaled


# -- what the rules remember -----------------------------------------------


def get_state(params: Sequence[Parameter]) -> dict[str, np.ndarray[Any, Any]]:
    """Everything that rules remember about ``params``: ``"<index>/<slot>"`` -> array (a copy)."""
    return {
        f"{i}/{name}": slot.get_value()
        for i, p in enumerate(params)
        for name, slot in p.slots.items()
    }


def set_state(params: Sequence[Parameter], state: Mapping[str, Any]) -> None:
    """Restore what :func:`get_state` gave, dropping anything else that is remembered.

    Raises
    ------
    ValueError
        For a key that fits no parameter, before anything is changed.
    """
    found: list[tuple[Parameter, str, Any]] = []
    for key, value in state.items():
        index, _, name = key.partition("/")
        if not (index.isdigit() and name and int(index) < len(params)):
            raise ValueError(f"state {key!r} fits none of the {len(params)} parameters")
        found.append((params[int(index)], name, value))
    reset_state(params)
    for p, name, value in found:
        _slot(p, name, np.asarray(value))


def reset_state(params: Iterable[Parameter]) -> None:
    """Forget everything that rules remember about ``params``."""
    for p in params:
        p.slots.clear()
