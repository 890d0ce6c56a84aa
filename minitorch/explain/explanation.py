"""What ``explain_grad`` answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from minitorch.autograd.hooks import Origin
from minitorch.autograd.node import Node
from minitorch.explain.recording import where

__all__ = ["REASONS", "Explanation", "at"]

# reason -> what it stands for
REASONS = {
    "integer": "its dtype has no gradient",
    "no_requires_grad": "a leaf that was made without requires_grad=True",
    "not_retained": "a computed tensor; only leaves keep their gradient",
    "detached": "cut off by detach(), .numpy() or .data",
    "no_grad": "computed where nothing was recorded",
    "no_derivative": "an op without a derivative lies on the way",
    "unused": "nothing that was computed from it reaches the loss",
    "not_on_path": "not among what the loss was computed from; why is not known",
    "no_backward": "no backward has run since it was made or cleared",
    "nan": "NaN, and the node where it began",
    "inf": "infinite, and the node where that began",
    "zero": "exactly zero, and the node that stopped it",
    "huge": "large, and the node that multiplied it most",
    "tiny": "vanishing, and the node that shrank it most",
    "accumulated": "several backward calls have added up",
    "fine": "nothing is wrong with it",
}


@dataclass(repr=False, eq=False)
class Explanation:
    """Why a gradient is what it is.

    Attributes
    ----------
    reason : str
        A key of ``REASONS``, for programs.
    summary : str
        One sentence.
    details : list of str
        The evidence, and what to do.
    node : Node or None
        Where it began, if that is one node of the graph.
    """

    reason: str
    summary: str
    details: list[str] = field(default_factory=list)
    node: Node | None = None

    @property
    def text(self) -> str:
        """The summary with the details below it."""
        return "\n".join([self.summary, *(f"  {detail}" for detail in self.details)])

    def as_dict(self) -> dict[str, object]:
        """For JSON: reason, summary, details and the node in words."""
        node = None if self.node is None else self.node.describe()
        return {
            "reason": self.reason,
            "summary": self.summary,
            "details": self.details,
            "node": node,
        }

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def at(origin: Origin | None) -> str:
    """``at model.py:12 in net/h1: h = h.detach()``, as much of it as is known."""
    if origin is None or not origin.frames:
        return ""
    layer = f" in {origin.scope}" if origin.scope else ""
    line = (origin.frames[0].line or "").strip()
    line = line if len(line) <= 80 else line[:79] + "…"
    return f" at {where(origin)}{layer}" + (f": {line}" if line else "")
