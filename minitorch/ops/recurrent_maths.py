"""What the formulas of recurrent ops need besides operators, for tensors or for arrays.

A formula stands once, as a function that takes either: it is an op's body, and where the
gradient is to be differentiated again, the rule itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minitorch.ops.activations import sigmoid_op
from minitorch.ops.hyperbolic import tanh
from minitorch.ops.joining import concat, stack

__all__ = ["TENSORS", "Maths", "parts"]


@dataclass(frozen=True)
class Maths:
    """Functions and ways to join, of tensors or of the arrays of a device."""

    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    stack: Callable[[list[Any]], Any]  # along a new first axis
    beside: Callable[[list[Any]], Any]  # along the last axis
    behind: Callable[[list[Any]], Any]  # along the first axis

    @staticmethod
    def of(xp: Any) -> Maths:
        """For the arrays of an array module."""
        return Maths(
            tanh=xp.tanh,
            sigmoid=lambda x: sigmoid_op.body(xp, x),
            stack=xp.stack,
            beside=lambda parts: xp.concatenate(parts, axis=-1),
            behind=lambda parts: xp.concatenate(parts, axis=0),
        )


TENSORS = Maths(
    tanh=tanh,
    sigmoid=sigmoid_op,
    stack=stack,
    beside=lambda parts: concat(parts, axis=-1),
    behind=lambda parts: concat(parts, axis=0),
)


def parts(gates: Any, count: int) -> list[Any]:
    """So many equal parts along the last axis."""
    units = gates.shape[-1] // count
    return [gates[..., i * units : (i + 1) * units] for i in range(count)]
