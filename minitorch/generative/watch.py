"""What goes wrong between two players, seen from a few numbers: one has won, one is stuck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from minitorch.generative.events import GanStep
from minitorch.training.finding import Finding

__all__ = ["Watch", "spread"]

Array = numpy.ndarray
_DECAY = 0.99  # of the running means: some 100 steps are looked at
# Bounds, and where a finding counts as gone: a figure that sways about a bound is said once.
_SURE, _UNSURE = 0.99, 0.95
_ALIKE, _UNLIKE = 0.25, 0.35
_STILL, _MOVING = 1e-3, 2e-3
_STEPS = 200  # of the generator, before its samples are judged
_SLOW = 1000  # the same, where they have been alike from the start


def spread(images: Array, labels: Array | None = None) -> float:
    """Mean Euclidean distance between two different images.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, ...)
    labels : numpy.ndarray, shape (n,), optional
        Then only pairs of one class count.

    Returns
    -------
    float
        0 if there is no pair.

    Notes
    -----
    ‖a - b‖² = ‖a‖² + ‖b‖² - 2ab, in float64, for all pairs in one product.

    Examples
    --------
    >>> spread(numpy.array([[0.0, 0.0], [3.0, 4.0]]))
    5.0
    """
    flat = images.reshape(len(images), -1).astype(numpy.float64)
    flat = flat - flat.mean(axis=0)  # less to cancel
    lengths = (flat * flat).sum(axis=1)
    squares = lengths[:, None] + lengths - 2 * flat @ flat.T
    pairs = numpy.triu(numpy.ones(squares.shape, bool), 1)
    if labels is not None:
        pairs &= labels[:, None] == labels
    if not pairs.any():
        return 0.0
    return float(numpy.sqrt(squares.clip(0)[pairs]).mean())


class Watch:
    """Says once when the discriminator has won, and when samples are all alike or stand still.

    Parameters
    ----------
    critic : bool
        The discriminator gives values without bounds, of which none is a victory.

    Notes
    -----
    - ``discriminator_won``: over the last 100 steps or so, real images got more than 0.99 and made
      ones less than 0.01. By the saturating loss the generator then learns nothing, by the other
      one it is pushed about.
    - ``mode_collapse``: samples differ less than a quarter as much as real images do.
    - ``stopped_learning``: the fixed samples of two epochs are the same to a thousandth.

    The last two are looked for once the generator has made 200 steps; before, its samples are
    alike because it has not learned yet. If they have never differed more, as where there are few
    images, it is given 1000. What was said is said again only after it was clearly gone.
    """

    def __init__(self, critic: bool = False) -> None:
        self._critic = critic
        self._steps = 0  # of the generator
        self._real, self._fake = 0.5, 0.5
        self._most = 0.0  # the diversity of the best epoch
        self._said: list[str] = []

    def step(self, event: GanStep) -> list[Finding]:
        """What a step shows."""
        self._steps += event.generator_loss is not None
        if self._critic:
            return []
        self._real = _DECAY * self._real + (1 - _DECAY) * event.real
        self._fake = _DECAY * self._fake + (1 - _DECAY) * event.fake
        sure = min(self._real, 1 - self._fake)
        return self._once(
            "discriminator_won", sure > _SURE, sure < _UNSURE, event.number,
            f"the discriminator has won: it gives real images {self._real:.3f} and made ones "
            f"{self._fake:.3f} (1 is real), so the generator learns little. Try a lower "
            f"learning rate, --smooth 0.1, fewer --discriminator-steps, or wgan_gp.",
        )  # fmt: skip

    def epoch(self, event: Any, step: int) -> list[Finding]:
        """What the fixed samples show: an epoch's event has ``diversity`` and ``moved``."""
        self._most = max(self._most, event.diversity)
        if self._steps < _STEPS:
            return []
        begun = self._most >= _ALIKE or self._steps >= _SLOW
        found = self._once(
            "mode_collapse", begun and event.diversity < _ALIKE, event.diversity > _UNLIKE, step,
            f"the samples look alike: they differ {event.diversity:.2f} times as much as real "
            f"images do (expected: near 1). Try another seed, a lower learning rate, or wgan_gp.",
        )  # fmt: skip
        return found + self._once(
            "stopped_learning", event.moved < _STILL, event.moved > _MOVING, step,
            f"the generator stands still: in an epoch its samples moved by {event.moved:.1e} of "
            f"the distance between real images. Look at the losses: has one player won?",
        )  # fmt: skip

    def _once(self, kind: str, wrong: bool, gone: bool, step: int, message: str) -> list[Finding]:
        """A finding, if it is new; it may come again once it was gone."""
        if gone:
            self._said = [k for k in self._said if k != kind]
        if not wrong or kind in self._said:
            return []
        self._said.append(kind)
        return [Finding(kind, step, "", message)]

    def state(self) -> dict[str, Any]:
        """What JSON can hold, to go on from."""
        return {
            "steps": self._steps,
            "means": [self._real, self._fake],
            "most": self._most,
            "said": list(self._said),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to where :meth:`state` was taken."""
        self._steps = int(state["steps"])
        self._real, self._fake = state["means"]
        self._most = float(state["most"])
        self._said = list(state["said"])
