"""``lasagne.utils``."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch import utils as core
from minitorch.autograd import asarray
from minitorch.compat.theano.expression import Expression, deferred
from minitorch.compat.theano.plan import ordered
from minitorch.compat.theano.shared import adopt, shared
from minitorch.layers import Layer, get_all_params
from minitorch.parameter import Parameter
from minitorch.utils import (
    as_tuple,
    compute_norms,
    floatX,
    inspect_kwargs,
    unique,
    unroll_scan,
)

__all__ = [
    "as_theano_expression",
    "as_tuple",
    "collect_shared_vars",
    "compute_norms",
    "create_param",
    "floatX",
    "inspect_kwargs",
    "one_hot",
    "shared_empty",
    "unique",
    "unroll_scan",
]

one_hot = deferred(core.one_hot)


def shared_empty(dim: int = 2, dtype: Any = None) -> Any:
    """A shared variable of ``dim`` axes, to be filled by ``set_value`` with data of any size."""
    return shared(np.zeros((1,) * dim, dtype=dtype or floatX(0).dtype))


def as_theano_expression(input: Any) -> Any:
    """An expression of whatever can be one."""
    if isinstance(input, Expression | Parameter):
        return input
    return Expression(asarray, (input,))


def collect_shared_vars(expressions: Any) -> list[Any]:
    """The shared variables that expressions are made of, each once, in their order.

    Examples
    --------
    >>> a = shared(1.0, "a")
    >>> collect_shared_vars([a * 2 + a])
    [<SharedData a: () float32>]
    """
    listed = expressions if isinstance(expressions, list | tuple) else [expressions]
    found: list[Any] = []
    for one in listed:
        if isinstance(one, Parameter):
            found.append(one)
        elif isinstance(one, Expression):
            for node in ordered([one]):
                found += _shared_in([*node.args, *node.kwargs.values()])
    return unique(found)


def _shared_in(value: Any) -> list[Any]:
    """Shared variables in a node's arguments, and those of layers among them."""
    if isinstance(value, Parameter):
        return [value]
    if isinstance(value, Layer):
        return get_all_params(value)
    if isinstance(value, dict):
        value = list(value.values())
    return [p for v in value for p in _shared_in(v)] if isinstance(value, list | tuple) else []


def create_param(spec: Any, shape: Any, name: str | None = None) -> Any:
    """A shared variable of a shape; see :func:`minitorch.utils.create_param`."""
    return adopt(core.create_param(spec, shape, name))
