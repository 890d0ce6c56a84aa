"""One recorded op: where its gradient goes, and what its rules saved for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from minitorch.autograd.op import Op
    from minitorch.autograd.plan import Plan
    from minitorch.autograd.tensor import Tensor

__all__ = ["EPOCH", "VERSION", "Edge", "Node"]

# A storage's cell is a two-element list, shared by the tensor, its views and
# what was saved of it: a list literal is the cheapest shared object there is.
VERSION = 0  # cell[VERSION] counts the in-place writes to the memory
EPOCH = 1  # cell[EPOCH] counts those writes that also changed a history

# (node that made the input, or the leaf tensor itself; which output of that
# node it is; shape and dtype that its gradient must have)
Edge: TypeAlias = "tuple[Node | Tensor, int, tuple[int, ...], Any]"


class Node:
    """A step of the tape.

    Attributes
    ----------
    op : Op
    plan : Plan
        Which rules run, and from which saved values.
    seq : int
        Position on the tape: larger than that of every node it depends on.
    edges : list of (Edge or None)
        Per input, None where no gradient is wanted.
    saved : list or None
        The values that the rules asked for; None once they are freed.
    cells : list of cell
        The version cells of the saved tensors.
    versions : list of int
        What they said when the tensors were saved.
    static : dict
        Keyword arguments of the call.
    outs : list of (shape, dtype)
        What came out, one entry per output.
    hooks : dict or None
        Output slot -> functions that see (and may replace) its gradient.
    origin : Origin or None
        Where the forward ran; kept while anomaly detection is on.
    """

    __slots__ = (
        "__weakref__",
        "cells",
        "edges",
        "hooks",
        "op",
        "origin",
        "outs",
        "plan",
        "saved",
        "seq",
        "static",
        "versions",
    )

    def __init__(
        self,
        op: Op,
        plan: Plan,
        seq: int,
        edges: list[Edge | None],
        saved: list[Any],
        cells: list[list[int]],
        versions: list[int],
        static: dict[str, Any],
        outs: list[tuple[tuple[int, ...], Any]],
    ) -> None:
        self.op = op
        self.plan = plan
        self.seq = seq
        self.edges = edges
        self.saved: list[Any] | None = saved
        self.cells = cells
        self.versions = versions
        self.static = static
        self.outs = outs
        self.hooks: dict[int, list[Any]] | None = None
        self.origin: Any = None

    def __repr__(self) -> str:
        return f"<Node {self.seq}: {self.describe()}>"

    def describe(self) -> str:
        """The call in one line, e.g. ``matmul((8, 4), (4, 2)) -> (8, 2)``."""
        sources = ", ".join("const" if edge is None else str(edge[2]) for edge in self.edges)
        results = ", ".join(str(shape) for shape, _ in self.outs)
        return f"{self.op.name}({sources}) -> {results}"

    @property
    def parents(self) -> tuple[Node | Tensor | None, ...]:
        """Per input: the node that made it, the leaf tensor, or None (constant)."""
        return tuple(None if edge is None else edge[0] for edge in self.edges)

    def named_saved(self) -> dict[str, Any]:
        """The saved values under the names by which the rules ask for them."""
        return dict(zip(self.plan.save_names, self.saved or (), strict=False))

    def release(self) -> None:
        """Let go of the saved values."""
        self.saved = None

    def unpack(self, create_graph: bool) -> list[Any]:
        """The saved values, checked to be what they were when they were saved."""
        saved = self.saved
        if saved is None:
            raise RuntimeError(
                f"backward through {self.describe()} a second time: its saved values are freed. "
                f"Pass retain_graph=True to the first backward."
            )
        for cell, version in zip(self.cells, self.versions):  # noqa: B905 (strict costs time)
            if cell[VERSION] != version:
                self._complain_stale()
        if create_graph and self.plan.out_positions:
            return self._with_history(saved)
        return saved

    def _with_history(self, saved: list[Any]) -> list[Any]:
        # A node that kept its own output would be a reference cycle, so it
        # kept a bare copy of the handle; here the output gets its history back.
        values = list(saved)
        for position, slot in self.plan.out_positions:
            values[position] = values[position].with_history(self, slot)
        return values

    def _complain_stale(self) -> None:
        before = {
            id(cell): version for cell, version in zip(self.cells, self.versions, strict=True)
        }
        for name, value in self.named_saved().items():
            cell = getattr(value, "_cell", [0, 0])
            saved_at = before.get(id(cell), cell[VERSION])
            if saved_at != cell[VERSION]:
                raise RuntimeError(
                    f"{self.op.name}: the saved value {name!r} {value.shape} was written in place "
                    f"after it was saved (version {cell[VERSION]}, saved at {saved_at}); its "
                    f"gradient would be wrong. Write to a copy instead"
                    f"{'' if self.origin is None else chr(10) + str(self.origin)}"
                )
