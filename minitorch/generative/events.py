"""What an adversarial training tells while it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["GanEpoch", "GanStep"]


@dataclass(frozen=True, slots=True)
class GanStep:
    """One minibatch is done: a step of the discriminator, and one of the generator in its turn.

    ``real`` and ``fake`` are the mean probabilities of being real that the discriminator gave to
    real and to made images (a critic: mean values). ``generator_loss`` and its gradients' norm
    are None where the generator did not move.
    """

    kind: ClassVar[str] = "step"
    number: int
    epoch: int
    discriminator_loss: float
    real: float
    fake: float
    generator_loss: float | None
    generator_norm: float | None


@dataclass(frozen=True, slots=True)
class GanEpoch:
    """One epoch is done: mean losses, and how the fixed samples look by numbers.

    ``diversity`` is the mean distance between samples over that between real images: 1 if they
    differ as much, near 0 if all are one picture. ``moved`` is how far the fixed samples are
    from those of the epoch before, over the same. ``seconds`` counts from the start of the run,
    interruptions left out.
    """

    kind: ClassVar[str] = "epoch"
    number: int
    discriminator_loss: float
    generator_loss: float
    diversity: float
    moved: float
    seconds: float
