"""Going over a graph without leaving a trace, and calling its parts by name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from minitorch.autograd.engine import Step, backward_steps
from minitorch.autograd.hooks import observe
from minitorch.autograd.mode import mode
from minitorch.autograd.node import Node
from minitorch.autograd.tensor import RetainGrad, Tensor
from minitorch.explain.recording import Tape, latest_tape, where
from minitorch.explain.tracing import Trace

__all__ = [
    "Namer",
    "check_tensor",
    "is_freed",
    "leaves_of",
    "nodes_behind",
    "quiet_walk",
    "undisturbed",
]


def check_tensor(t: Any, caller: str) -> Tensor:
    """``t``, or a TypeError that says who asked."""
    if not isinstance(t, Tensor):
        raise TypeError(f"{caller}: a tensor is needed, found a {type(t).__name__}")
    return t


def nodes_behind(output: Tensor) -> list[Node]:
    """Every node that ``output`` was computed by, in the order in which they were recorded."""
    found: dict[int, Node] = {}
    stack = [output.grad_fn]
    while stack:
        node = stack.pop()
        if node is not None and node.seq not in found:
            found[node.seq] = node
            stack.extend(p for p in node.parents if isinstance(p, Node))
    return [found[seq] for seq in sorted(found)]


def leaves_of(nodes: Sequence[Node]) -> list[Tensor]:
    """The leaves that the nodes send gradients to, in the order of their first use."""
    found: dict[int, Tensor] = {}
    for node in nodes:
        for parent in node.parents:
            if isinstance(parent, Tensor):
                found.setdefault(id(parent), parent)
    return list(found.values())


def is_freed(nodes: Sequence[Node]) -> bool:
    """Whether an earlier backward has let the saved values go."""
    return any(node.saved is None for node in nodes)


@contextlib.contextmanager
def undisturbed(nodes: Sequence[Node]) -> Iterator[None]:
    """No observer watches inside, and afterwards every ``.grad`` is what it was before."""
    hooks = [h for node in nodes for row in (node.hooks or {}).values() for h in row]
    targets = [h.target for h in hooks if isinstance(h, RetainGrad)]
    kept = [(t, t.grad) for t in (*targets, *leaves_of(nodes)) if t is not None]
    before, mode.observers = mode.observers, ()
    try:
        yield
    finally:
        mode.observers = before
        for t, g in kept:
            t.grad = g


def quiet_walk(
    output: Tensor,
    grad: Any,
    inputs: Sequence[Tensor],
    visit: Callable[[Step], None],
    nodes: Sequence[Node],
    trace: Trace | None = None,
) -> list[Tensor | None]:
    """Walk from ``output`` to ``inputs``, showing ``visit`` every step.

    The graph is kept, every ``.grad`` stays what it was, and no observer but
    ``trace`` sees it. Hooks do run: they take part in what the gradients are.
    """
    steps = backward_steps([output], [grad], inputs=list(inputs), retain_graph=True)
    with undisturbed(nodes):
        while True:
            try:
                with contextlib.nullcontext() if trace is None else observe(trace):
                    step = next(steps)
            except StopIteration as stop:
                results: list[Tensor | None] = stop.value
                return results
            visit(step)


class Namer:
    """What the nodes and leaves of one graph are called: ``#3 relu``, ``w``.

    Parameters
    ----------
    nodes : sequence of Node
        In recorded order; they are numbered from 1.
    output : Tensor
        Where the graph ends.
    tape : Tape, optional
        Default: the latest one of this thread that is alive.
    names : mapping of str to Tensor, optional
        Names that come before those of the tensors and the tape.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        output: Tensor,
        tape: Tape | None = None,
        names: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.tape = latest_tape() if tape is None else tape
        self.numbers = {node.seq: i for i, node in enumerate(nodes, start=1)}
        self._output = output
        self._given = {id(t): name for name, t in (names or {}).items()}
        unnamed = [leaf for leaf in leaves_of(nodes) if self.tensor(leaf) is None]
        for i, leaf in enumerate(unnamed, start=1):
            self._given[id(leaf)] = f"leaf{i}"

    def tensor(self, t: Tensor) -> str | None:
        """The name of a tensor, None if it has none."""
        given = self._given.get(id(t)) or t.name
        return given if given or self.tape is None else self.tape.name_of(t)

    def result(self, node: Node, slot: int = 0) -> str | None:
        """The name of what a node computed, None if it has none."""
        if self._output.grad_fn is node and len(node.outs) == 1:
            name = self.tensor(self._output)
            if name is not None:
                return name
        call = None if self.tape is None else self.tape.call_at(node)
        return None if call is None else self.tensor(call.outs[slot])

    def label(self, target: Node | Tensor, slot: int = 0) -> str:
        """``#3 relu``, ``#3 relu (h)`` or the name of a leaf."""
        if isinstance(target, Tensor):
            return self.tensor(target) or f"leaf {target.shape}"
        number = self.numbers.get(target.seq)
        base = target.op.name if number is None else f"#{number} {target.op.name}"
        if len(target.outs) > 1:
            base += f".{target.op.outputs[slot]}"
        name = self.result(target, slot)
        return base if name is None else f"{base} ({name})"

    def origin(self, node: Node) -> Any:
        """Where its forward ran, if a tape or the anomaly detector noted it."""
        call = None if self.tape is None else self.tape.call_at(node)
        return node.origin if call is None else call.origin

    def where(self, node: Node) -> str:
        """``model.py:12`` of its forward, "" if it is not known."""
        return where(self.origin(node))

    def scope(self, node: Node) -> str:
        """The layer that it belongs to, "" if there is none."""
        origin = self.origin(node)
        return "" if origin is None else str(origin.scope)
