"""Watching the rules of one node at work."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.engine import Step
from minitorch.autograd.hooks import Observer
from minitorch.autograd.node import Node
from minitorch.explain.values import show

__all__ = ["Trace"]


class Trace(Observer):
    """What the rules of the latest node asked for, called and returned.

    Attributes
    ----------
    saved : dict
        The node's saved values, by name.
    ran : list of str
        The ops that the rules called, and those of the engine after them.
    """

    def __init__(self) -> None:
        self.saved: dict[str, Any] = {}
        self.ran: list[str] = []
        self.fitted: list[tuple[Any, str]] = []
        self._inside = False

    def before_rules(self, node: Node, grad: Any) -> None:
        """Begin with a new node."""
        self.saved = node.named_saved()
        self.ran, self.fitted, self._inside = [], [], True

    def after_rules(self, step: Step) -> None:
        """The node is done."""
        self._inside = False

    def after_op(self, op: Any, inputs: tuple[Any, ...], out: Any, static: dict[str, Any]) -> None:
        """Note an op; sums and casts are the engine's way to fit a gradient to its input."""
        if not self._inside:
            return
        shapes = ", ".join(_shape(x) for x in inputs if x is not None)
        results = out if isinstance(out, tuple) else (out,)
        self.ran.append(f"{op.name}({shapes}) -> {', '.join(str(t.shape) for t in results)}")
        if op.name == "sum_to":
            note = f"summed from {_shape(inputs[0])} to {out.shape}, because it was broadcast"
            self.fitted.append((out, note))
        elif op.name == "astype":
            self.fitted.append((out, f"cast to {out.dtype}"))

    def notes_on(self, grad: Any) -> list[str]:
        """What the engine did to a rule's result before it sent it on."""
        return [note for out, note in self.fitted if out is grad]


def _shape(x: Any) -> str:
    shape = getattr(x, "shape", None)
    return show(x) if shape is None else str(shape)
