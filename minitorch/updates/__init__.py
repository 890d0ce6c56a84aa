"""Update rules: from gradients to new values of parameters, in Lasagne's words.

A rule computes all new values from the old ones and returns them; ``apply()``
then assigns them together:

    updates.adam(loss, params).apply()

Rules can be chained and edited before they are applied:

    new = updates.apply_momentum(updates.rmsprop(loss, params, 0.01))
    new[w] = updates.norm_constraint(new[w], 3.0)
    new.apply()

What a rule has to remember between calls (velocities, moments, step counts) is
kept on the parameter it belongs to (``p.slots["adam.m"]``); :func:`get_state`,
:func:`set_state` and :func:`reset_state` list, restore and forget it. So a rule that is
applied to the same parameters from two places of a program has one memory, not two.

:class:`LBFGS` is no such rule: it calls the loss as often as it needs, so it wants the same
function at every step, such as a picture's.

Every hyper-parameter may be a number, a 0-d tensor (one that is changed while
training goes on, say), or a function without arguments that gives its current value.

Formulas are Lasagne's. They differ from PyTorch's in that momentum holds the
learning rate inside the velocity, adagrad, rmsprop and adadelta take epsilon inside the
root, and adam does not correct epsilon for the bias. Half-precision parameters keep
their slots in float32.
"""

from minitorch.updates.adaptive import adadelta, adagrad, adam, adamax, amsgrad, rmsprop
from minitorch.updates.constraints import norm_constraint, total_norm_constraint
from minitorch.updates.core import Slot, Updates, apply_updates, get_or_compute_grads
from minitorch.updates.descent import (
    apply_momentum,
    apply_nesterov_momentum,
    momentum,
    nesterov_momentum,
    sgd,
)
from minitorch.updates.lbfgs import LBFGS
from minitorch.updates.state import get_state, reset_state, set_state

__all__ = [
    "LBFGS",
    "Slot",
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
