"""``lasagne.updates``: dictionaries from shared variables to the expressions of new values.

A rule is run once on zeros when it is called, to learn which variables it updates; those that
it remembers things in are in the dictionary, too. Every call of a rule has a memory of its
own, as in Lasagne.
"""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from minitorch import ops
from minitorch import updates as core
from minitorch.autograd import no_grad
from minitorch.compat.theano.expression import (
    Expression,
    deferred,
    is_running,
    item,
    items_of,
    running,
)
from minitorch.compat.theano.gradient import grad
from minitorch.parameter import Parameter

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "apply_momentum",
    "apply_nesterov_momentum",
    "get_or_compute_grads",
    "momentum",
    "nesterov_momentum",
    "norm_constraint",
    "rmsprop",
    "sgd",
    "total_norm_constraint",
]

# In the place of a hyper-parameter without a value: in the range of all of them.
_ANY = 0.5

norm_constraint = deferred(core.norm_constraint)


def get_or_compute_grads(loss_or_grads: Any, params: Iterable[Any]) -> list[Any]:
    """The gradients themselves, or expressions of those of a loss.

    Parameters
    ----------
    loss_or_grads : Expression, or list of Expression
    params : iterable of SharedVariable

    Raises
    ------
    ValueError
        If something in ``params`` is no shared variable, or the gradients are not one
        per parameter.
    """
    listed = list(params)
    for p in listed:
        if not isinstance(p, Parameter):
            raise ValueError(
                f"params must contain shared variables only. If it contains arbitrary parameter "
                f"expressions, then lasagne.utils.collect_shared_vars() may help you; found {p!r}"
            )
    if not isinstance(loss_or_grads, list | tuple):
        return grad(loss_or_grads, listed)
    if len(loss_or_grads) != len(listed):
        raise ValueError(
            f"Got {len(loss_or_grads)} gradient expressions for {len(listed)} parameters"
        )
    return list(loss_or_grads)


@contextmanager
def _memory(slots: Mapping[Parameter, dict[str, Any]]) -> Iterator[None]:
    """Inside, parameters remember things in ``slots``."""
    usual = {p: p.slots for p in slots}
    for p, own in slots.items():
        p.slots = own
    try:
        yield
    finally:
        for p, own in usual.items():
            p.slots = own


def _deferred_rule(
    rule: Callable[..., Any],
    params: Iterable[Parameter],
    dry: tuple[Any, ...],
    *args: Any,
    **hyper: Any,
) -> OrderedDict[Any, Any]:
    """The updates of a rule as expressions; ``dry`` has values in the place of ``args``."""
    slots: dict[Parameter, dict[str, Any]] = {p: {} for p in params}

    def step(*values: Any, **settings: Any) -> Any:
        with _memory(slots):
            return rule(*values, **settings)

    step.__name__ = rule.__name__
    any_values = {k: _ANY if isinstance(v, Expression) else v for k, v in hyper.items()}
    with running(), no_grad():
        updated = list(step(*dry, **any_values))
    node = Expression(step, args, hyper)
    return OrderedDict((key, Expression(item, (node, key))) for key in updated)


def _of_gradients(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that takes a loss or gradients."""
    signature = inspect.signature(rule)

    @functools.wraps(rule, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if is_running():
            return rule(*args, **kwargs)
        hyper = signature.bind(*args, **kwargs).arguments
        first, params = hyper.pop("loss_or_grads"), list(hyper.pop("params"))
        grads = get_or_compute_grads(first, params)
        with running():
            zeros = [ops.zeros_like(p) for p in params]
        return _deferred_rule(rule, params, (zeros, params), grads, params, **hyper)

    return call


def _of_updates(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that takes what another returned."""
    signature = inspect.signature(rule)

    @functools.wraps(rule, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        if is_running():
            return rule(*args, **kwargs)
        hyper = signature.bind(*args, **kwargs).arguments
        updates, params = dict(hyper.pop("updates")), hyper.pop("params", None)
        params = params if params is None else list(params)
        as_they_are = {p: p for p in updates}
        made = _deferred_rule(rule, updates, (as_they_are, params), updates, params, **hyper)
        # What it leaves alone stays the expression that it was, and may still be edited.
        untouched = (p for p in updates if params is not None and p not in set(params))
        made.update((p, updates[p]) for p in untouched)
        return made

    return call


sgd = _of_gradients(core.sgd)
momentum = _of_gradients(core.momentum)
nesterov_momentum = _of_gradients(core.nesterov_momentum)
adagrad = _of_gradients(core.adagrad)
rmsprop = _of_gradients(core.rmsprop)
adadelta = _of_gradients(core.adadelta)
adam = _of_gradients(core.adam)
adamax = _of_gradients(core.adamax)
amsgrad = _of_gradients(core.amsgrad)
apply_momentum = _of_updates(core.apply_momentum)
apply_nesterov_momentum = _of_updates(core.apply_nesterov_momentum)


def total_norm_constraint(
    tensor_vars: Iterable[Any], max_norm: Any, epsilon: float = 1e-7, return_norm: bool = False
) -> Any:
    """Expressions scaled so that their common norm is at most ``max_norm``.

    Parameters
    ----------
    tensor_vars : iterable of Expression
    max_norm, epsilon, return_norm
        As for :func:`minitorch.updates.total_norm_constraint`.

    Returns
    -------
    list of Expression, or (list of Expression, Expression)
    """
    listed = list(tensor_vars)
    node = Expression(core.total_norm_constraint, (listed, max_norm, epsilon, True))
    scaled, norm = items_of(node, 2)
    found = items_of(scaled, len(listed))
    return (found, norm) if return_norm else found
