"""Gradients as expressions: the tape is walked when the function is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch import autograd, ops
from minitorch.autograd import Tensor, asarray
from minitorch.compat.theano.expression import Expression, deferred, items_of
from minitorch.compat.theano.shared import SharedVariable
from minitorch.parameter import Parameter

__all__ = ["Gradients", "disconnected_grad", "grad", "grad_clip"]

_CHOICES = ("raise", "ignore", "warn")


class Gradients(Expression):
    """The gradients of one expression towards several things, by one walk over the tape."""

    __slots__ = ()

    @property
    def wrt(self) -> list[Any]:
        """What the gradients are towards."""
        return list(self.args[1])


def grad(cost: Any, wrt: Any, disconnected_inputs: str = "raise") -> Any:
    """The gradient of a cost, as an expression.

    Parameters
    ----------
    cost : Expression
        Of one element.
    wrt : Expression or SharedVariable, or sequence of them
    disconnected_inputs : "raise", "ignore" or "warn"
        What to do about something that the cost does not depend on; the last two give
        zeros.

    Returns
    -------
    Expression, or list of Expression

    Raises
    ------
    TypeError
        If ``wrt`` holds something else, or the cost is no expression.
    ValueError
        For another choice of ``disconnected_inputs``.
    RuntimeError
        When the function is called: if the cost does not depend on something in ``wrt``.

    Notes
    -----
    A shared variable that a gradient is asked for takes part in gradients from then on,
    whether it was made to be trained or not.

    Theano finds disconnected inputs when it builds the graph; here they are found at
    the first call.

    Examples
    --------
    >>> from minitorch.compat import theano
    >>> from minitorch.compat.theano import tensor as T
    >>> x = T.vector("x")
    >>> slope = theano.function([x], T.grad(T.sum(x ** 3), x))
    >>> slope([1.0, 2.0])
    array([ 3., 12.], dtype=float32)
    """
    if disconnected_inputs not in _CHOICES:
        raise ValueError(f"disconnected_inputs is one of {_CHOICES}, not {disconnected_inputs!r}")
    if not isinstance(cost, Expression | Parameter):
        raise TypeError(f"grad: the cost is an expression, not a {type(cost).__name__}")
    several = isinstance(wrt, list | tuple)
    targets = list(wrt) if several else [wrt]
    for one in targets:
        if not isinstance(one, Expression | Parameter):
            raise TypeError(f"grad: wrt holds a {type(one).__name__}, which is no variable")
        if isinstance(one, SharedVariable) and one.dtype.kind == "f":
            one.requires_grad = True
    node = Gradients(_gradients, (cost, targets, disconnected_inputs), name="grad")
    found = items_of(node, len(targets))
    return found if several else found[0]


def _gradients(
    cost: Any, wrt: Sequence[Tensor], disconnected: str, create_graph: bool, retain_graph: bool
) -> list[Tensor]:
    """The gradients of a computed cost."""
    if cost.size != 1:
        raise ValueError(
            f"a cost has one element, this one has shape {cost.shape}; take its mean()"
        )
    for i, one in enumerate(wrt):
        if not isinstance(one, Tensor) or not one.requires_grad:
            raise ValueError(
                f"there is no gradient towards wrt[{i}] ({one!r}): it holds no floating-point "
                f"numbers, or is a parameter that is not trained"
            )
    found: list[Any] = [None] * len(wrt)
    if cost.requires_grad and wrt:
        keep = retain_graph or create_graph
        found = autograd.grad(
            cost, wrt, create_graph=create_graph, retain_graph=keep, allow_unused=True
        )
    lost = [f"{i} ({wrt[i]!r})" for i, g in enumerate(found) if g is None]
    if lost and disconnected == "raise":
        raise RuntimeError(f"the cost does not depend on wrt {', '.join(lost)}")
    return [ops.zeros_like(x) if g is None else g for x, g in zip(wrt, found, strict=True)]


@deferred
def disconnected_grad(x: Any) -> Tensor:
    """The value, which no gradient flows through."""
    return asarray(x).detach()


@deferred
def grad_clip(x: Any, lower_bound: float, upper_bound: float) -> Tensor:
    """The value; the gradient that flows back through it is limited."""
    return ops.grad_clip(asarray(x), lower=lower_bound, upper=upper_bound)
