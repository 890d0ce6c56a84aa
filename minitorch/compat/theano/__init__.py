"""Theano's front: placeholders, shared variables, and functions made of expressions.

Enough of it to run scripts that were written for Lasagne; there is no compiler here.
Expressions note what to compute, and a function computes it with minitorch's tensors.
"""

from __future__ import annotations

from typing import Any

from minitorch.compat.theano import compile, gradient, sandbox, tensor
from minitorch.compat.theano.compile import Function, function
from minitorch.compat.theano.config import config
from minitorch.compat.theano.expression import Expression
from minitorch.compat.theano.gradient import grad
from minitorch.compat.theano.shared import shared
from minitorch.utils import did_you_mean

Variable = Expression

_NAMES = ("Variable", "config", "function", "grad", "gradient", "shared", "tensor")


def __getattr__(name: str) -> Any:
    raise AttributeError(f"theano has no {name!r} here; {did_you_mean(name, _NAMES)}")
