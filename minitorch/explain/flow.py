"""Following a gradient from a loss to one tensor, and measuring it at every node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minitorch.autograd.engine import Step
from minitorch.autograd.node import Node
from minitorch.autograd.tensor import Tensor
from minitorch.explain.tracing import Trace
from minitorch.explain.values import as_numpy, is_bad, norm
from minitorch.explain.walking import is_freed, nodes_behind, quiet_walk

__all__ = ["Flow", "Outlet", "Passage", "follow", "nodes_between"]


@dataclass(slots=True, eq=False)
class Outlet:
    """The gradient that a node sends to one input on the way to the tensor."""

    argument: str
    target: Node | Tensor
    norm: float
    nonzero: float  # share of its elements
    flaw: str
    notes: list[str]
    grad: Any = None  # kept only where something happens


@dataclass(slots=True, eq=False)
class Passage:
    """A node on the way: the gradient that came in, and what went on towards the tensor."""

    node: Node
    norm: float
    nonzero: float
    flaw: str
    saved: dict[str, Any]
    outlets: list[Outlet]
    grad: Any = None

    @property
    def factor(self) -> float:
        """How much longer the gradient left than it came (0/0 counts as 1)."""
        most = max((outlet.norm for outlet in self.outlets), default=0.0)
        return most / self.norm if self.norm else 1.0

    @property
    def blocks(self) -> bool:
        """Whether something came in and nothing went on."""
        return self.norm > 0 and all(outlet.norm == 0 for outlet in self.outlets)

    @property
    def breaks(self) -> bool:
        """Whether what came in was finite and what went on is not."""
        return not self.flaw and any(outlet.flaw for outlet in self.outlets)


@dataclass(eq=False)
class Flow:
    """All passages from a loss to a tensor, in the order of the walk.

    Attributes
    ----------
    grad : Tensor or None
        What the tensor gets.
    arrivals : int
        How many contributions it is the sum of.
    """

    passages: list[Passage] = field(default_factory=list)
    grad: Tensor | None = None
    arrivals: int = 0


def nodes_between(loss: Tensor, t: Tensor) -> list[Node] | None:
    """The nodes that a gradient passes from ``loss`` to ``t``; None if ``t`` is not behind it."""
    target = t if t.grad_fn is None else t.grad_fn
    if loss is t or loss.grad_fn is target:
        return []
    leading: set[int] = set()
    found = []
    for node in nodes_behind(loss):  # what lies before a node comes before it
        if any(_leads(parent, target, leading) for parent in node.parents):
            leading.add(node.seq)
            found.append(node)
    return found or None


def _leads(parent: Node | Tensor | None, target: Node | Tensor, leading: set[int]) -> bool:
    return parent is target or (isinstance(parent, Node) and parent.seq in leading)


def follow(loss: Tensor, t: Tensor, between: Sequence[Node], grad: Any = None) -> Flow | None:
    """Measure the gradient of ``loss`` on its way to ``t``; None if saved values are freed."""
    if is_freed(between):
        return None
    flow = Flow()
    target = t if t.grad_fn is None else t.grad_fn
    leading = {node.seq for node in between}
    trace = Trace()

    def visit(step: Step) -> None:
        if isinstance(step.node, Node) and step.node.seq in leading:
            passage = _measure(step, step.node, target, leading, trace)
            flow.passages.append(passage)
            flow.arrivals += sum(outlet.target is target for outlet in passage.outlets)

    if grad is None and loss.size != 1:
        grad = np.ones(loss.shape)
    nodes = nodes_behind(loss)
    flow.grad = quiet_walk(loss, grad, [t], visit, nodes, trace)[0]
    return flow


def _measure(
    step: Step, node: Node, target: Node | Tensor, leading: set[int], trace: Trace
) -> Passage:
    names = node.op.input_names(len(node.edges))
    outlets = []
    for name, edge, g in zip(names, node.edges, step.input_grads, strict=True):
        if edge is not None and g is not None and _leads(edge[0], target, leading):
            notes = trace.notes_on(g)
            outlets.append(Outlet(name, edge[0], norm(g), _share(g), is_bad(g), notes, g))
    parts = step.grad if isinstance(step.grad, tuple | list) else (step.grad,)
    known = [g for g in parts if g is not None]
    flaws = [is_bad(g) for g in known]
    passage = Passage(
        node,
        norm=max(map(norm, known), default=0.0),
        nonzero=max(map(_share, known), default=0.0),
        flaw=next((flaw for flaw in flaws if flaw), ""),
        saved=trace.saved,
        outlets=outlets,
        grad=known[0] if known else None,
    )
    if not (passage.blocks or passage.breaks):  # let the arrays go
        passage.grad = None
        for outlet in outlets:
            outlet.grad = None
    return passage


def _share(g: Any) -> float:
    array = as_numpy(g)
    return 0.0 if array is None or array.size == 0 else np.count_nonzero(array) / array.size
