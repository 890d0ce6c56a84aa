"""What a training tells while it goes: steps and epochs; see finding.py for what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["Epoch", "Step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One minibatch is done: how many of the run, its loss in nats, the learning rate it had.

    ``gradient_norm`` is that of all gradients together, before they were clipped; infinite if
    they left float16's range, so that the step was skipped.
    """

    kind: ClassVar[str] = "step"  # what listeners go by: other trainings have events of their own
    number: int
    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float | None = None


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch is done; losses in nats, errors as shares of 1, of this epoch.

    The training figures are means over the epoch's minibatches, with dropout
    and while the weights changed; the test figures are of the epoch's end.
    ``seconds`` counts from the start of the run, interruptions left out.
    """

    kind: ClassVar[str] = "epoch"
    number: int
    learning_rate: float
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    seconds: float
