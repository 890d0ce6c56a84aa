"""Expressions with another part: ``set_subtensor`` and ``inc_subtensor``."""

from __future__ import annotations

from typing import Any

from minitorch.autograd import Tensor, asarray
from minitorch.compat.theano.expression import Expression, item

__all__ = ["inc_subtensor", "set_subtensor"]


def _changed(increment: bool) -> Any:
    """set_subtensor or inc_subtensor."""

    def change(x: Any, index: Any, value: Any) -> Tensor:
        out = asarray(x) * 1
        out[index] = out[index] + value if increment else value  # type: ignore[index]
        return out

    change.__name__ = "inc_subtensor" if increment else "set_subtensor"
    return change


_SET, _INC = _changed(False), _changed(True)


def _of_part(function: Any, part: Any, value: Any) -> Expression:
    if not isinstance(part, Expression) or part.function is not item:
        raise TypeError(f"{function.__name__}: the first argument is a part x[index], not {part!r}")
    return Expression(function, (*part.args, value))


def set_subtensor(part: Any, value: Any) -> Expression:
    """x with other elements in the part ``x[index]``.

    Examples
    --------
    >>> from minitorch.compat.theano import tensor as T
    >>> x = T.vector("x")
    >>> set_subtensor(x[:1], 5.0).eval({x: [1.0, 2.0]})
    array([5., 2.], dtype=float32)
    """
    return _of_part(_SET, part, value)


def inc_subtensor(part: Any, value: Any) -> Expression:
    """x with something added to the part ``x[index]``."""
    return _of_part(_INC, part, value)
