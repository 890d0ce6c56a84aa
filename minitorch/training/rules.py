"""Update rules by name, all called alike: gradients, parameters, rate, momentum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitorch import updates
from minitorch.utils import did_you_mean

__all__ = ["RULES", "find_rule"]

Rule = Callable[[Sequence[Any], Sequence[Any], float, float], updates.Updates]


def _without_momentum(rule: Callable[..., updates.Updates]) -> Rule:
    """A rule that has settings of its own in momentum's place."""
    return lambda grads, params, rate, momentum: rule(grads, params, rate)


RULES: dict[str, Rule] = {
    "sgd": _without_momentum(updates.sgd),
    "momentum": updates.momentum,
    "nesterov": updates.nesterov_momentum,
    "adagrad": _without_momentum(updates.adagrad),
    "rmsprop": _without_momentum(updates.rmsprop),
    "adadelta": _without_momentum(updates.adadelta),
    "adam": _without_momentum(updates.adam),
    "adamw": _without_momentum(updates.adam),  # weight decay aside from the gradient
    "adamax": _without_momentum(updates.adamax),
    "amsgrad": _without_momentum(updates.amsgrad),
}


def find_rule(name: str) -> Rule:
    """The rule of that name; ValueError with close names otherwise."""
    if name in RULES:
        return RULES[name]
    raise ValueError(f"no update rule named {name!r}; {did_you_mean(name, RULES)}")
