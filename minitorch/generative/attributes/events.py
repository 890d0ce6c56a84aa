"""What a training of attributes tells while it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["EditEpoch", "EditStep"]


@dataclass(frozen=True, slots=True)
class EditStep:
    """One minibatch is done: a step of the discriminator, and one of the editor in its turn.

    ``real`` and ``fake`` are the critic's mean values of real and of edited images, ``known`` the
    cross-entropy of the real images' attributes in nats. What is of the editor is None where it
    did not move: ``reconstruction`` is a mean absolute error of pixels from -1 to 1, ``had`` the
    cross-entropy of the attributes that edits were to have.
    """

    kind: ClassVar[str] = "step"
    number: int
    epoch: int
    discriminator_loss: float
    real: float
    fake: float
    known: float
    generator_loss: float | None
    generator_norm: float | None
    reconstruction: float | None
    had: float | None


@dataclass(frozen=True, slots=True)
class EditEpoch:
    """One epoch is done: mean losses, and how the edits of a few held-out images are.

    ``seen`` is the share of these edits in which the discriminator's classifier sees all wanted
    attributes. ``diversity``, ``moved`` and ``seconds`` are as in
    :class:`~minitorch.generative.GanEpoch`.
    """

    kind: ClassVar[str] = "epoch"
    number: int
    discriminator_loss: float
    generator_loss: float
    reconstruction: float
    had: float
    seen: float
    diversity: float
    moved: float
    seconds: float
