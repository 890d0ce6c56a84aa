"""Where a script's functions, which know expressions, meet minitorch's, which know values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from minitorch.autograd import Tensor, is_grad_enabled
from minitorch.compat.theano.expression import Expression, parts, running
from minitorch.compat.theano.placeholder import Placeholder
from minitorch.compat.theano.plan import Plan
from minitorch.parameter import Parameter

__all__ = ["on_expressions", "traced"]


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function written for expressions, for values as well.

    It is called with placeholders in the place of computed tensors, and the expression that
    it returns is computed at once.

    Examples
    --------
    >>> import minitorch as mt
    >>> traced(lambda x: x.dimshuffle(1, 0))(mt.ones((2, 3))).shape
    (3, 2)
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        given: dict[Placeholder, Tensor] = {}
        args = tuple(_replaced(value, given) for value in args)
        with running(False):
            made = function(*args, **kwargs)
        if not given or not isinstance(made, Expression):
            return made
        return Plan([made]).run(given, record=is_grad_enabled())[made]

    return call


def _replaced(value: Any, given: dict[Placeholder, Tensor]) -> Any:
    """An argument with placeholders for computed tensors, which are noted."""
    if isinstance(value, list | tuple):
        return type(value)([_replaced(inner, given) for inner in value])
    if not isinstance(value, Tensor) or isinstance(value, Parameter):
        return value
    place = Placeholder(str(value.dtype), value.ndim, "input")
    given[place] = value
    return place


def on_expressions(method: Callable[..., Any]) -> Callable[..., Any]:
    """A ``get_output_for`` of minitorch's: records for expressions, computes for values."""

    @functools.wraps(method)
    def call(self: Any, input: Any, *args: Any, **kwargs: Any) -> Any:
        if next(parts(input), None) is not None:
            return Expression(method, (self, input, *args), kwargs)
        with running():
            return method(self, input, *args, **kwargs)

    call.takes_both = True  # type: ignore[attr-defined]
    return call
