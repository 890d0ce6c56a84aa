"""What a step of a backward looks like: plain data for terminals, pages and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from minitorch.autograd.tensor import Tensor
from minitorch.explain.values import is_bad, show

__all__ = ["InputView", "RuleView", "StepView"]


@dataclass(slots=True)
class RuleView:
    """A gradient rule: the inputs it is for, its formula and its source."""

    name: str
    inputs: tuple[str, ...]
    formula: str
    source: str


@dataclass(slots=True)
class InputView:
    """What one input of the op gets.

    Attributes
    ----------
    argument : str
        The op's name for it.
    target : str
        What it is called in the graph; "constant" if no gradient goes there.
    grad : Tensor or None
    notes : list of str
        Un-broadcasting, casts, and whether it adds to earlier contributions.
    """

    argument: str
    target: str
    shape: tuple[int, ...] | None
    grad: Tensor | None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class StepView:
    """One step of a backward.

    Attributes
    ----------
    index, total : int
        From 1; nodes come first, then the leaves.
    kind : "op" or "leaf"
    label, op, name : str
        ``#3 relu (h)``, ``relu``, ``h``.
    formula, call : str
        ``y = max(x, 0)``, ``relu((8, 4)) -> (8, 4)``.
    where, scope : str
        Line and layer of the forward, "" if unknown.
    value : Tensor or None
        The result, if it is known.
    saved : dict
        What the forward kept for the rules, by name.
    grad : Tensor or tuple
        The gradient that came in (of a leaf: that it gets).
    rules : list of RuleView
    ran : list of str
        The ops that the rules called.
    inputs : list of InputView
    notes : list of str
    source : Node or Tensor
    """

    index: int
    total: int
    kind: str
    label: str
    op: str
    name: str
    formula: str
    call: str
    where: str
    scope: str
    value: Any
    saved: dict[str, Any]
    grad: Any
    rules: list[RuleView]
    ran: list[str]
    inputs: list[InputView]
    notes: list[str]
    source: Any

    def as_dict(self) -> dict[str, Any]:
        """For JSON: values as they are printed."""
        plain = (
            "index",
            "total",
            "kind",
            "label",
            "op",
            "name",
            "formula",
            "call",
            "where",
            "scope",
        )
        return {
            **{name: getattr(self, name) for name in plain},
            "value": show(self.value),
            "saved": {name: show(value) for name, value in self.saved.items()},
            "gradient": show(self.grad),
            "rules": [asdict(rule) for rule in self.rules],
            "inputs": [
                {
                    "argument": v.argument,
                    "target": v.target,
                    "gradient": show(v.grad),
                    "notes": v.notes,
                }
                for v in self.inputs
            ],
            "notes": self.notes,
            "flaw": self.flaw,
        }

    @property
    def flaw(self) -> str:
        """ "NaN" or "infinity" if a gradient that comes in or goes out holds one, else ""."""
        whole = self.grad if isinstance(self.grad, tuple) else (self.grad,)
        found = [is_bad(g) for g in (*whole, *(view.grad for view in self.inputs))]
        return "NaN" if "NaN" in found else "infinity" if "infinity" in found else ""
