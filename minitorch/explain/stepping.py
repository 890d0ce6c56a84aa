"""The steps of a backward with everything worth seeing in them.

:func:`steps` iterates the engine's own walk; there is no second one. An observer
that is on only while the engine runs sees what each rule did.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Generator, Mapping
from functools import lru_cache
from typing import Any

from minitorch.autograd.engine import Step, backward_steps
from minitorch.autograd.hooks import observe
from minitorch.autograd.node import Node
from minitorch.autograd.tensor import Tensor
from minitorch.explain.recording import Tape
from minitorch.explain.tracing import Trace
from minitorch.explain.values import as_numpy, show
from minitorch.explain.views import InputView, RuleView, StepView
from minitorch.explain.walking import Namer, check_tensor, leaves_of, nodes_behind

__all__ = ["source_of", "steps"]

_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


@lru_cache(maxsize=512)
def source_of(function: Callable[..., Any]) -> str:
    """A function's own source, or a line that says that there is none."""
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return f"# the source of {getattr(function, '__name__', function)} is not in a file"


class _Walk:
    """Turns the engine's steps into views."""

    def __init__(self, output: Tensor, tape: Tape | None, names: Any) -> None:
        nodes = nodes_behind(output)
        leaves = leaves_of(nodes) or [output]
        self.namer = Namer(nodes, output, tape, names)
        self.total = len(nodes) + len(leaves)
        self.index = 0
        self.trace = Trace()
        # (target, slot) -> the contributions so far: how many, and their sum
        self.sums: dict[tuple[int, int], tuple[int, Any]] = {}
        self.before = {id(leaf): leaf.grad for leaf in leaves}
        self.values = {} if output.grad_fn is None else {id(output.grad_fn): output}

    def view(self, step: Step) -> StepView:
        self.index += 1
        return self._leaf(step) if isinstance(step.node, Tensor) else self._op(step, step.node)

    def _op(self, step: Step, node: Node) -> StepView:
        several = len(node.outs) > 1
        names = node.op.input_names(len(node.edges))
        inputs = [
            self._input(name, edge, g)
            for name, edge, g in zip(names, node.edges, step.input_grads, strict=True)
        ]
        return StepView(
            self.index, self.total, "op", self.namer.label(node), node.op.name,
            self.namer.result(node) or "", node.op.formula, node.describe(),
            self.namer.where(node), self.namer.scope(node), self._value(node), self.trace.saved,
            tuple(step.grad) if several else step.grad, _rules(node), self.trace.ran, inputs,
            self._gathered((id(node), 0)), node,
        )  # fmt: skip

    def _value(self, node: Node) -> Any:
        known = self.values.get(id(node))
        if known is None and self.namer.tape is not None:
            known = self.namer.tape.value(node)
        return self.trace.saved.get(node.op.outputs[0]) if known is None else known

    def _input(self, name: str, edge: Any, g: Tensor | None) -> InputView:
        if edge is None or g is None:
            reason = "constant" if edge is None else "no gradient"
            return InputView(name, reason, None if edge is None else edge[2], None)
        target, slot, shape, _ = edge
        view = InputView(name, self.namer.label(target, slot), shape, g, self.trace.notes_on(g))
        key, part = (id(target), slot), as_numpy(g)
        count, before = self.sums.get(key, (0, None))
        total = part if before is None or part is None else before + part
        self.sums[key] = (count + 1, total)
        if count:
            rank = _ORDINALS.get(count + 1, f"{count + 1}th")
            sums = f"{show(before)} + {show(part)} = {show(total)}"
            view.notes.append(
                f"{rank} contribution to {view.target}: {_sum_text(part, sums, total)}"
            )
        return view

    def _gathered(self, key: tuple[int, int]) -> list[str]:
        count, _ = self.sums.get(key, (0, None))
        return (
            [f"the gradient that came in is the sum of {count} contributions"] if count > 1 else []
        )

    def _leaf(self, step: Step) -> StepView:
        leaf: Any = step.node
        label = self.namer.label(leaf)
        notes = self._gathered((id(leaf), 0))
        before = self.before.get(id(leaf))
        if before is not None:
            sums = f"{show(before)} + {show(step.grad)} = {show(leaf.grad)}"
            text = _sum_text(as_numpy(before), sums, leaf.grad)
            notes.append(f"{label}.grad was not empty, so this adds to it: {text}")
        return StepView(
            self.index, self.total, "leaf", label, "", self.namer.tensor(leaf) or "", "",
            f"{label}.grad", "", "", leaf, {}, step.grad, [], [], [], notes, leaf,
        )  # fmt: skip


def _sum_text(part: Any, sums: str, total: Any) -> str:
    """The sum in numbers if they are few, else what it comes to."""
    return sums if part is None or part.size <= 6 else f"the sum so far is {show(total)}"


def _rules(node: Node) -> list[RuleView]:
    """The rules that run for this node, each once with all inputs it serves."""
    served: dict[int, tuple[Any, list[str]]] = {}
    for position, name in enumerate(node.op.arrays):
        rule = node.op.rules.get(name)
        last = len(node.edges) if name == node.op.variadic else position + 1
        if rule is not None and any(edge is not None for edge in node.edges[position:last]):
            served.setdefault(id(rule.fn), (rule, []))[1].append(name)
    return [
        RuleView(rule.name, tuple(names), inspect.getdoc(rule.fn) or "", source_of(rule.fn))
        for rule, names in served.values()
    ]


def steps(
    output: Tensor,
    grad: Any = None,
    *,
    retain_graph: bool = True,
    tape: Tape | None = None,
    names: Mapping[str, Tensor] | None = None,
) -> Generator[StepView, None, None]:
    """Run ``output.backward()`` one op at a time, and show each step.

    Parameters
    ----------
    output : Tensor
        Usually a loss.
    grad : Tensor, optional
        The gradient to start from; 1 for a tensor of one element.
    retain_graph : bool
        Keep what was saved (unlike ``backward``), so that the walk may be left
        and begun again.
    tape, names
        As in :func:`graph`.

    Yields
    ------
    StepView
        Nodes from the last recorded to the first, then leaves. Grad mode and
        observers are the caller's own between the steps. ``.grad`` of the leaves
        is filled at the end: who leaves before the first leaf changes no
        ``.grad``, who leaves later changes all of them.

    Raises
    ------
    TypeError, RuntimeError
        As ``backward``.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> a = mt.tensor(2.0, requires_grad=True)
    >>> a.name = "a"
    >>> for step in explain.steps(a * a + a):
    ...     print(step.label, [view.notes for view in step.inputs])
    #2 add [[], []]
    #1 multiply [['second contribution to a: 1 + 2 = 3'], ['third contribution to a: 3 + 2 = 5']]
    a []
    """
    check_tensor(output, "steps")
    walk = _Walk(output, tape, names)
    engine = backward_steps([output], [grad], retain_graph=retain_graph)
    leaves_began = False
    try:
        while True:
            # The observer is on while the engine runs, never across a yield.
            try:
                with observe(walk.trace):
                    step = next(engine)
            except StopIteration:
                return
            leaves_began = leaves_began or isinstance(step.node, Tensor)
            yield walk.view(step)
    finally:
        if leaves_began:
            for _ in engine:
                pass
