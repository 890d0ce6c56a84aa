"""``theano.function``: a plan of expressions, called with values."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minitorch.autograd import Tensor, asarray
from minitorch.compat.theano.expression import Expression, parts
from minitorch.compat.theano.placeholder import Placeholder
from minitorch.compat.theano.plan import Plan
from minitorch.parameter import Parameter
from minitorch.updates import apply_updates

__all__ = ["Function", "MissingInputError", "UnusedInputError", "function"]


class MissingInputError(ValueError):
    """An output needs a placeholder that is no input of the function."""


class UnusedInputError(ValueError):
    """A function was given an input that nothing in it uses."""


class Function:
    """What :func:`function` returns: call it with a value per input.

    Attributes
    ----------
    inputs : list of Placeholder
    name : str or None
    """

    def __init__(
        self,
        inputs: list[Placeholder],
        outputs: Any,
        updates: dict[Any, Any],
        plan: Plan,
        name: str | None,
        downcast: bool | None,
    ) -> None:
        self.inputs = inputs
        self.name = name
        self._outputs = outputs
        self._updates = updates
        self._plan = plan
        self._downcast = downcast

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for these values; then all updates are made together."""
        values = self._plan.run(self._given(args, kwargs))
        outputs = _results(self._outputs, values)  # copies, from before the updates
        if self._updates:
            apply_updates({p: _value(new, values) for p, new in self._updates.items()})
        return outputs

    def _given(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[Placeholder, Tensor]:
        """The inputs' values, by place or by name."""
        if len(args) > len(self.inputs):
            raise TypeError(
                f"{self!r} takes {len(self.inputs)} inputs ({self._listed()}), got {len(args)}"
            )
        given: dict[Placeholder, Any] = dict(zip(self.inputs, args, strict=False))
        named = {one.name: one for one in self.inputs if one.name}
        for name, value in kwargs.items():
            if name not in named or named[name] in given:
                problem = "twice" if name in named else "which is not among its inputs"
                raise TypeError(f"{self!r} was given {name!r}, {problem} ({self._listed()})")
            given[named[name]] = value
        missing = [one for one in self.inputs if one not in given]
        if missing:
            raise TypeError(
                f"{self!r} takes {len(self.inputs)} inputs, got {len(given)}: there is no value "
                f"for {', '.join(map(repr, missing))}"
            )
        return {one: one.accept(value, self._downcast) for one, value in given.items()}

    def _listed(self) -> str:
        return ", ".join(one.label() for one in self.inputs) or "none"

    def __repr__(self) -> str:
        return f"<Function {self.name}>" if self.name else "<Function>"


def _value(expression: Any, values: Mapping[Expression, Any]) -> Any:
    return values[expression] if isinstance(expression, Expression) else expression


def _results(outputs: Any, values: Mapping[Expression, Any]) -> Any:
    """NumPy arrays in the structure of the outputs."""
    if outputs is None:
        return []
    if isinstance(outputs, list | tuple):
        return [_results(one, values) for one in outputs]
    if isinstance(outputs, Mapping):
        return {name: _results(one, values) for name, one in outputs.items()}
    found = _value(outputs, values)
    if isinstance(found, list | tuple):  # a node with several results
        return [np.array(asarray(one).numpy()) for one in found]
    return np.array(asarray(found).numpy())


def _pairs(given: Any, what: str) -> dict[Any, Any]:
    """Updates or givens as a dictionary, each key once."""
    if given is None:
        return {}
    items = list(given.items() if isinstance(given, Mapping) else given)
    if any(not isinstance(item, list | tuple) or len(item) != 2 for item in items):
        raise TypeError(f"function: {what} is a dictionary or a list of pairs")
    found = dict(items)
    if len(found) < len(items):
        raise ValueError(f"function: {what} names a variable twice")
    return found


def function(
    inputs: Iterable[Any],
    outputs: Any = None,
    updates: Any = None,
    givens: Any = None,
    allow_input_downcast: bool | None = None,
    on_unused_input: str = "raise",
    name: str | None = None,
    **ignored: Any,
) -> Function:
    """A function that computes expressions for values of placeholders.

    Parameters
    ----------
    inputs : list of Placeholder
    outputs : Expression or SharedVariable, list or dict of them, optional
    updates : dict or list of pairs, optional
        New values of shared variables. All are computed from the old ones, and assigned
        together when the outputs are computed.
    givens : dict or list of pairs, optional
        Other expressions, shared variables or arrays to use in the place of expressions.
    allow_input_downcast : bool, optional
        True: convert values to the placeholder's dtype whatever is lost.
    on_unused_input : "raise", "warn" or "ignore"
    name : str, optional
    **ignored
        Accepted for Theano's sake (``mode``, ``profile``, ...).

    Returns
    -------
    Function
        Its results are NumPy arrays: one for one output, else a list or dict of them.

    Raises
    ------
    MissingInputError
        If a placeholder is needed and neither an input nor given.
    UnusedInputError
        If an input is not needed.
    TypeError
        If an input is no placeholder, an update not for a shared variable, or a
        replacement not for an expression.
    ValueError
        For another ``on_unused_input``, or a variable that is updated twice.

    Notes
    -----
    Every call walks the expressions anew, each once: a dropout mask is drawn once a
    call, and batch normalisation that is part of the function takes in one batch.

    Examples
    --------
    >>> from minitorch.compat import theano
    >>> from minitorch.compat.theano import tensor as T
    >>> total, x = theano.shared(0.0), T.scalar("x")
    >>> add = theano.function([x], total, updates=[(total, total + x)])
    >>> add(2), add(3), total.get_value()
    (array(0., dtype=float32), array(2., dtype=float32), array(5., dtype=float32))
    """
    listed, new, instead = list(inputs), _pairs(updates, "updates"), _pairs(givens, "givens")
    _check(listed, outputs, new, instead)
    plan = Plan([*parts(outputs), *parts(new)], instead)
    _check_placeholders(listed, plan, on_unused_input)
    return Function(listed, outputs, new, plan, name, allow_input_downcast)


def _check(inputs: list[Any], outputs: Any, updates: Any, givens: Any) -> None:
    """Whether everything is of the right kind."""
    for one in inputs:
        if not isinstance(one, Placeholder):
            raise TypeError(
                f"function: an input is a placeholder (T.matrix(), ...), not {one!r}; shared "
                f"variables need not be named, and expressions are replaced by givens"
            )
    if len(set(inputs)) < len(inputs):
        raise ValueError("function: an input is named twice")
    for one in updates:
        if not isinstance(one, Parameter):
            raise TypeError(f"function: updates are for shared variables, not for {one!r}")
    for one in givens:
        if not isinstance(one, Expression):
            raise TypeError(
                f"function: givens replace expressions, not {one!r}; set_value changes a shared "
                f"variable"
            )


def _check_placeholders(inputs: list[Any], plan: Plan, on_unused: str) -> None:
    """Whether the inputs are what the plan needs."""
    missing = [one for one in plan.placeholders if one not in inputs]
    if missing:
        raise MissingInputError(
            f"function: {', '.join(map(repr, missing))} is needed, but is no input and not in "
            f"givens; it was made at {missing[0].site}"
        )
    if on_unused not in ("raise", "warn", "ignore"):
        raise ValueError(f"on_unused_input is 'raise', 'warn' or 'ignore', not {on_unused!r}")
    unused = [one for one in inputs if one not in plan.placeholders]
    if unused and on_unused != "ignore":
        text = (
            f"function: {', '.join(map(repr, unused))} is not needed for the outputs or updates; "
            f"leave it out, or say on_unused_input='ignore'"
        )
        if on_unused == "raise":
            raise UnusedInputError(text)
        warnings.warn(text, stacklevel=3)
