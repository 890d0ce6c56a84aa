"""How expressions are evaluated: in which order, and what is recorded for gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minitorch.autograd import Tensor, asarray, set_grad_enabled
from minitorch.compat.theano.expression import Expression, running
from minitorch.compat.theano.gradient import Gradients
from minitorch.compat.theano.placeholder import Placeholder

__all__ = ["Plan", "ordered"]


def ordered(
    wanted: Iterable[Expression], givens: Mapping[Any, Any] | None = None
) -> list[Expression]:
    """Expressions and all that they are made of, each once, inputs first; without recursion.

    An expression in ``givens`` is made of its replacement instead.
    """
    found: dict[Expression, None] = {}
    opened: set[Expression] = set()
    waiting = list(wanted)[::-1]
    while waiting:
        node = waiting[-1]
        if node in opened:
            waiting.pop()
            found.setdefault(node)
            continue
        opened.add(node)
        waiting += inputs_of(node, givens or {})[::-1]
    return list(found)


def inputs_of(node: Expression, givens: Mapping[Any, Any]) -> list[Expression]:
    """What a node is computed from, a replacement if it has one."""
    if node not in givens:
        return node.inputs
    return [givens[node]] if isinstance(givens[node], Expression) else []


class Plan:
    """The order in which to compute expressions, and how.

    Parameters
    ----------
    wanted : iterable of Expression
    givens : dict, optional
        Replacements by expression.

    Attributes
    ----------
    order : list of Expression
    placeholders : list of Placeholder
        Those that need values.

    Notes
    -----
    Only a plan with gradients in it records, unless it is said otherwise. What one gradient
    has used is kept only if there is another, and is differentiable only if another is
    taken of it.
    """

    def __init__(
        self, wanted: Iterable[Expression], givens: Mapping[Any, Any] | None = None
    ) -> None:
        self.givens = dict(givens or {})
        self.order = ordered(wanted, self.givens)
        self.placeholders = [
            one for one in self.order if isinstance(one, Placeholder) and one not in self.givens
        ]
        gradients = [one for one in self.order if isinstance(one, Gradients)]
        self.records = bool(gradients)
        below: set[Expression] = set()
        for one in gradients:
            below.update(ordered(one.inputs, self.givens))
        self.settings = {
            one: {"create_graph": one in below, "retain_graph": len(gradients) > 1}
            for one in gradients
        }
        # Expressions that a gradient is taken towards.
        self.leaves = {e for one in gradients for e in one.wrt if isinstance(e, Expression)}

    def run(
        self, given: Mapping[Placeholder, Any], record: bool | None = None
    ) -> dict[Expression, Any]:
        """The values of all expressions, from those of the placeholders.

        ``record`` is for a plan that is part of a larger computation.
        """
        values: dict[Expression, Any] = {}
        with running(), set_grad_enabled(self.records if record is None else record):
            for node in self.order:
                value = given[node] if node in given else self._compute(node, values)
                values[node] = _leaf(value) if node in self.leaves else value
        return values

    def _compute(self, node: Expression, values: Mapping[Expression, Any]) -> Any:
        """One value; an error says which line of the script made the expression."""
        if node in self.givens:
            other = self.givens[node]
            value = values[other] if isinstance(other, Expression) else asarray(other)
            return node.accept(value) if isinstance(node, Placeholder) else value
        try:
            return node.compute(values, **self.settings.get(node, {}))
        except Exception as error:
            error.add_note(f"while computing {node!r}, made at {node.site}")
            raise


def _leaf(value: Any) -> Any:
    """A value that a gradient can be taken towards: with a history, or the end of one."""
    if isinstance(value, Tensor) and not value.requires_grad and value.dtype.kind == "f":
        return value.detach().requires_grad_()
    return value
