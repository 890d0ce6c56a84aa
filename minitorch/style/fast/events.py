"""What the training of a painting network tells while it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["StyleEpoch", "StyleStep"]


@dataclass(frozen=True, slots=True)
class StyleStep:
    """One batch is done: its loss, the weighted parts that this is made of, its gradients' norm."""

    kind: ClassVar[str] = "step"
    number: int
    epoch: int
    loss: float
    content: float
    style: float
    variation: float
    gradient_norm: float


@dataclass(frozen=True, slots=True)
class StyleEpoch:
    """Held-out photographs have been painted and judged.

    ``train_loss`` is the mean over the epoch's steps; the other losses are of the held-out
    photographs at its end. ``contrast`` is the standard deviation of their paintings' pixels over
    that of the photographs' own: near 0, paintings are one flat colour. ``seconds`` counts from
    the start of the run, interruptions left out.
    """

    kind: ClassVar[str] = "epoch"
    number: int
    train_loss: float
    loss: float
    content: float
    style: float
    variation: float
    contrast: float
    seconds: float
