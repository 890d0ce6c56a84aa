"""The graph behind a tensor as plain data: what to print, draw and point at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minitorch.explain.values import show

__all__ = ["Graph", "Link", "Vertex"]


@dataclass(slots=True, eq=False)
class Vertex:
    """An op with its result, a leaf, or a constant that an op took.

    Attributes
    ----------
    key : str
        ``n<number>`` for ops, ``t<i>`` for leaves, ``c<i>`` for constants.
    kind : "op", "leaf" or "constant"
    label : str
        ``#3 relu``, ``w``; what reports call it.
    name : str or None
        That of the result or leaf.
    op, formula : str
        "" for what is no op.
    shape : tuple of int
        Of the (first) result.
    dtype : dtype
    value, grad : Tensor, array, number, tuple or None
        None where it is not known.
    where, scope : str
        Line and layer of the forward, "" if no tape noted them.
    source : Node, Tensor or anything
    """

    key: str
    kind: str
    label: str
    name: str | None
    op: str
    formula: str
    shape: tuple[int, ...]
    dtype: Any
    value: Any = None
    grad: Any = None
    where: str = ""
    scope: str = ""
    source: Any = None


@dataclass(slots=True, frozen=True)
class Link:
    """``source`` went into ``target`` as its argument ``argument``."""

    source: str
    target: str
    argument: str
    position: int


@dataclass(eq=False)
class Graph:
    """Vertices in recorded order, links, and what could not be shown.

    In a notebook it draws itself; ``str()`` is the table of :func:`print_graph`.
    """

    vertices: dict[str, Vertex] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    output: str = ""
    notes: list[str] = field(default_factory=list)

    def inputs_of(self, key: str) -> list[Link]:
        """The links into a vertex, in the order of its arguments."""
        return [link for link in self.links if link.target == key]

    def table(self) -> list[tuple[str, ...]]:
        """A row per leaf and op: label, what it is made of, shape, value, gradient, line."""
        inputs: dict[str, list[str]] = {key: [] for key in self.vertices}
        for link in self.links:
            inputs[link.target].append(_brief(self.vertices[link.source]))
        rows: list[tuple[str, ...]] = []
        for vertex in self.vertices.values():
            if vertex.kind == "constant":
                continue
            made = ", ".join(inputs[vertex.key]) if vertex.kind == "op" else "leaf"
            shown = (show(vertex.value), show(vertex.grad))
            named = f"{vertex.label} ({vertex.name})" if vertex.op and vertex.name else vertex.label
            rows.append((named, made, str(vertex.shape), *shown, vertex.where))
        return rows

    def __str__(self) -> str:
        head = ("result", "of", "shape", "value", "gradient", "line")
        rows = [head, *self.table()]
        last = len(head) if any(row[-1] for row in rows[1:]) else len(head) - 1
        widths = [max(len(row[i]) for row in rows) for i in range(last)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
            for row in rows
        ]
        return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], *self.notes])

    def to_dot(self) -> str:
        """The graph in Graphviz's language; see :func:`to_dot`."""
        from minitorch.explain.drawing import dot_text

        return dot_text(self)

    def to_svg(self) -> str:
        """The graph as a drawing; see :func:`to_svg`."""
        from minitorch.explain.drawing import svg_text

        return svg_text(self)

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _repr_html_(self) -> str:
        return f'<div style="overflow:auto">{self.to_svg()}</div>'


def _brief(vertex: Vertex) -> str:
    """A vertex in a list of inputs: its name, number or value."""
    if vertex.kind == "op":
        return vertex.name or vertex.label.split()[0]
    if vertex.kind == "leaf":
        return vertex.label
    return vertex.name or show(vertex.value)
