"""From a tensor to the :class:`Graph` behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minitorch.autograd.engine import Step
from minitorch.autograd.node import VERSION, Node
from minitorch.autograd.tensor import Tensor
from minitorch.explain.graphs import Graph, Link, Vertex
from minitorch.explain.recording import Tape
from minitorch.explain.values import as_numpy, show
from minitorch.explain.walking import (
    Namer,
    check_tensor,
    is_freed,
    leaves_of,
    nodes_behind,
    quiet_walk,
)

__all__ = ["graph"]


def graph(
    output: Tensor,
    *,
    grad: Any = None,
    gradients: bool = True,
    tape: Tape | None = None,
    names: Mapping[str, Tensor] | None = None,
    limit: int = 500,
) -> Graph:
    """The graph behind ``output``, with values and gradients where they can be known.

    Parameters
    ----------
    output : Tensor
    grad : Tensor, optional
        The gradient to start from; 1 for a tensor of one element.
    gradients : bool
        Walk backward for the gradients. The graph is kept and no ``.grad`` changes.
    tape : Tape, optional
        What :func:`record` kept of the forward. Without one, only values that
        some rule saved are known.
    names : mapping of str to Tensor, optional
        What to call tensors that have no ``name``.
    limit : int
        So many of the last ops are shown, and a note says how many are not.

    Returns
    -------
    Graph

    Raises
    ------
    TypeError
        If ``output`` is not a tensor.
    ValueError
        If ``limit`` is not positive.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> a = mt.tensor(2.0, requires_grad=True)
    >>> g = explain.graph(a * a + a, names={"a": a})
    >>> [(v.label, explain.show(v.grad)) for v in g.vertices.values()]
    [('a', '5'), ('#1 multiply', '1'), ('#2 add', '1')]
    """
    check_tensor(output, "graph")
    if limit < 1:
        raise ValueError(f"graph: limit must be positive, found {limit}")
    nodes = nodes_behind(output)
    namer = Namer(nodes, output, tape, names)
    builder = _Builder(output, namer, nodes[-limit:])
    if len(nodes) > limit:
        builder.graph.notes.append(
            f"{len(nodes) - limit} earlier ops are not shown (limit={limit})"
        )
    if gradients and nodes:
        builder.add_gradients(grad, nodes)
    return builder.build()


class _Builder:
    """Collects the vertices of one graph."""

    def __init__(self, output: Tensor, namer: Namer, nodes: Sequence[Node]) -> None:
        self.graph = Graph()
        self.output = output
        self.namer = namer
        self.nodes = nodes
        self.values: dict[tuple[int, int], Any] = {}  # (seq, slot)
        self.grads: dict[int, Any] = {}  # by the id of the node or leaf
        self.keys: dict[int, str] = {}  # by the id of the node or leaf
        self.constants: dict[int, str] = {}

    def add_gradients(self, grad: Any, nodes: Sequence[Node]) -> None:
        if is_freed(nodes):
            self.graph.notes.append(
                "gradients inside the graph are not known: a backward has freed what the rules need"
            )
        elif grad is None and self.output.size != 1:
            self.graph.notes.append(
                f"no gradients: the output has shape {self.output.shape}; give the one to start "
                f"from as grad="
            )
        else:
            leaves = leaves_of(nodes)
            quiet_walk(self.output, grad, leaves, self._note, nodes)

    def _note(self, step: Step) -> None:
        several = isinstance(step.node, Node) and len(step.node.outs) > 1
        self.grads[id(step.node)] = tuple(step.grad) if several else step.grad

    def build(self) -> Graph:
        self._find_values()
        output = self.output.grad_fn
        for node in self.nodes:
            self._add_op(node)
        if output is None:
            self._add_leaf(self.output)
        self.graph.output = self.keys[id(self.output if output is None else output)]
        return self.graph

    def _find_values(self) -> None:
        """What saved inputs, saved outputs, the tape and the output itself tell."""
        for node in self.nodes:
            saved = _unwritten(node)
            for argument, edge in zip(_arguments(node), node.edges, strict=True):
                if edge is not None and isinstance(edge[0], Node) and argument in saved:
                    self.values[edge[0].seq, edge[1]] = saved[argument]
            for slot, name in enumerate(node.op.outputs):
                if name in saved:
                    self.values[node.seq, slot] = saved[name]
            for slot in range(len(node.outs)):
                known = self.namer.tape and self.namer.tape.value(node, slot)
                if known is not None:
                    self.values[node.seq, slot] = known
        last = self.output.grad_fn
        if last is not None and len(last.outs) == 1:
            self.values[last.seq, 0] = self.output

    def _add_op(self, node: Node) -> None:
        key = self.keys[id(node)] = f"n{self.namer.numbers[node.seq]}"
        self._add_inputs(node, key)
        slots = range(len(node.outs))
        known = [self.values.get((node.seq, slot)) for slot in slots]
        label = f"#{self.namer.numbers[node.seq]} {node.op.name}"
        shape, dtype = node.outs[0]
        self.graph.vertices[key] = Vertex(
            key, "op", label, self.namer.result(node), node.op.name, node.op.formula, shape, dtype,
            known[0] if len(known) == 1 else tuple(known), self.grads.get(id(node)),
            self.namer.where(node), self.namer.scope(node), node,
        )  # fmt: skip

    def _add_inputs(self, node: Node, key: str) -> None:
        call = self.namer.tape.call_at(node) if self.namer.tape else None
        saved = _unwritten(node)
        arguments = _arguments(node)
        for position, (argument, edge) in enumerate(zip(arguments, node.edges, strict=True)):
            if edge is None:
                value = saved.get(argument) if call is None else call.inputs[position]
                source = None if value is None else self._add_constant(value)
            elif isinstance(edge[0], Tensor):
                source = self._add_leaf(edge[0])
            else:
                source = self.keys.get(id(edge[0])) or self._add_constant("earlier ops")
            if source is not None:
                self.graph.links.append(Link(source, key, argument, position))

    def _add_leaf(self, leaf: Tensor) -> str:
        if id(leaf) not in self.keys:
            key = self.keys[id(leaf)] = f"t{self._count('leaf')}"
            label = self.namer.label(leaf)
            self.graph.vertices[key] = Vertex(
                key, "leaf", label, self.namer.tensor(leaf), "", "", leaf.shape, leaf.dtype,
                leaf, self.grads.get(id(leaf), leaf.grad), source=leaf,
            )  # fmt: skip
        return self.keys[id(leaf)]

    def _count(self, kind: str) -> int:
        return sum(vertex.kind == kind for vertex in self.graph.vertices.values())

    def _add_constant(self, value: Any) -> str:
        # Numbers are made anew at every use; tensors are shared.
        known = self.constants.get(id(value)) if isinstance(value, Tensor) else None
        if known is not None:
            return known
        key = f"c{self._count('constant')}"
        array = as_numpy(value)
        name = None
        if isinstance(value, Tensor):
            name = self.namer.tensor(value)
            self.constants[id(value)] = key
        self.graph.vertices[key] = Vertex(
            key, "constant", name or show(value), name, "", "",
            () if array is None else array.shape, None if array is None else array.dtype,
            value, source=value,
        )  # fmt: skip
        return key


def _arguments(node: Node) -> tuple[str, ...]:
    names: tuple[str, ...] = node.op.input_names(len(node.edges))
    return names


def _unwritten(node: Node) -> dict[str, Any]:
    """What the node saved, if none of it has been written in place since."""
    stale = any(c[VERSION] != v for c, v in zip(node.cells, node.versions, strict=True))
    return {} if stale else node.named_saved()
