"""What the run of losses and predictions says: a state of a few numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy

from minitorch.training.checkup_inputs import labels_of
from minitorch.training.finding import Finding

__all__ = ["Watch"]

# Steps and examples whose losses and errors are judged together.
BLOCK_STEPS = 100
BLOCK_EXAMPLES = 1000
# From this step on a network should know something.
PATIENCE = 300
# Standard deviations between the error of guessing and one that is better.
SIGMAS = 3.0
# A loss within this share of ln(classes) is that of equal probabilities.
EQUAL = 0.01
# A block's loss may lie so much of ln(classes) above the best block's.
RISE = 0.25
# The mean loss of ten steps, in units of the first or of ln(classes).
BLOWN_UP = 10.0
# Wrong ones among the examples of a run of steps with one answer for a whole batch.
MISCALLED = 500


@dataclass(slots=True)
class Watch:
    """Sums over the running block of steps, the best block, and the run of equal answers.

    Parameters
    ----------
    classes : int or None
        None for a regression.
    chance : float or None
        ln(classes), if the loss is a cross-entropy.
    """

    classes: int | None
    chance: float | None
    first: float | None = None
    best: float | None = None
    recent: list[float] = field(default_factory=list)
    steps: int = 0
    losses: list[float] = field(default_factory=lambda: [0.0, 0.0])  # their sum, and of squares
    wrong: int = 0
    seen: list[int] = field(default_factory=list)  # labels of the block, by class
    answer: int = -1
    # The run of steps with one answer for a whole batch: steps, examples, wrong ones.
    alike: list[int] = field(default_factory=lambda: [0, 0, 0])

    def note(self, step: int, loss: float, predicted: Any, y: Any) -> Iterator[Finding]:
        """Take a step in; what is wrong by now."""
        if not math.isfinite(loss):
            yield Finding(
                "not_finite",
                step,
                "",
                f"The loss is {loss:g}. Lower the learning rate; diagnose() says in which layer "
                f"it began.",
            )
            return
        self.first = loss if self.first is None else self.first
        self.recent = [*self.recent[-9:], loss]
        self.steps += 1
        self.losses = [self.losses[0] + loss, self.losses[1] + loss * loss]
        if self.classes is not None and predicted is not None:
            yield from self._answers(step, labels_of(predicted), labels_of(y))
        yield from self._blown_up(step)
        if self.steps >= BLOCK_STEPS and (not self.seen or sum(self.seen) >= BLOCK_EXAMPLES):
            yield from self._block(step)
            self.steps, self.wrong, self.seen, self.losses = 0, 0, [], [0.0, 0.0]

    def state(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return dataclasses.asdict(self)

    # -- answers ----------------------------------------------------------

    def _answers(self, step: int, predicted: Any, labels: Any) -> Iterator[Finding]:
        """Count errors; notice if only one class is ever answered."""
        assert self.classes is not None
        counts = numpy.bincount(labels.astype(int), minlength=self.classes)
        wrong = int((predicted != labels).sum())
        self.wrong += wrong
        self.seen = (counts + (self.seen or 0)).tolist()
        answer = int(predicted[0])
        # A batch of one example shows nothing by itself: its answer has to be the last one.
        if (predicted != answer).any() or (len(predicted) == 1 and answer != self.answer):
            self.answer, self.alike = answer, [0, 0, 0]
            return
        self.answer = answer
        self.alike = [a + b for a, b in zip(self.alike, (1, len(labels), wrong), strict=True)]
        steps, total, others = self.alike
        if steps >= BLOCK_STEPS and others >= MISCALLED:
            yield Finding(
                "constant_prediction",
                step,
                "",
                f"For {steps} steps the network has given all examples of a batch the same "
                f"answer, {answer} at last, and {others} of the {total} were of other classes; "
                f"{MISCALLED} in {BLOCK_STEPS} steps are too many. Look for dead units, and begin "
                f"anew with a lower learning rate.",
            )

    # -- losses -----------------------------------------------------------

    def _blown_up(self, step: int) -> Iterator[Finding]:
        """A loss far above the first one, within a few steps."""
        assert self.first is not None
        mean = sum(self.recent) / len(self.recent)
        limit = BLOWN_UP * max(self.first, self.chance or 0)
        if len(self.recent) == 10 and mean > limit > 0:
            yield self._rising(step, mean, 10, self.first, "of the first step", limit)

    def _block(self, step: int) -> Iterator[Finding]:
        """A block of steps is full."""
        mean = self.losses[0] / self.steps
        variance = max(self.losses[1] / self.steps - mean * mean, 0.0)
        noise = SIGMAS * math.sqrt(variance / self.steps)
        scale = self.chance or abs(self.first or 0)
        best = mean if self.best is None else self.best
        limit = best + RISE * scale + noise
        if mean > limit:
            yield self._rising(step, mean, self.steps, best, "of the best ones", limit)
        self.best = min(best, mean)
        if step < PATIENCE:
            return
        if self.chance is not None and abs(mean - self.chance) <= EQUAL * self.chance:
            yield self._equal(step, mean)
        if self.seen:
            yield from self._guessing(step)

    def _rising(
        self, step: int, mean: float, steps: int, before: float, which: str, limit: float
    ) -> Finding:
        return Finding(
            "loss_rising",
            step,
            "",
            f"The mean loss of the last {steps} steps is {mean:.3g}, that {which} was "
            f"{before:.3g}; more than {limit:.3g} is no noise. Lower the learning rate, perhaps "
            f"to a tenth.",
        )

    def _equal(self, step: int, mean: float) -> Finding:
        return Finding(
            "loss_at_chance",
            step,
            "",
            f"The mean loss of the last {self.steps} steps is {mean:.4g}, within {EQUAL:.0%} of "
            f"ln({self.classes}) = {self.chance:.4g}, what equal probabilities for all classes "
            f"cost. Nothing of the inputs arrives at the outputs: look at the initial weights, "
            f"dead units, and the learning rate.",
        )

    def _guessing(self, step: int) -> Iterator[Finding]:
        """The error against that of always answering with the most frequent class."""
        total = sum(self.seen)
        share = max(self.seen) / total
        error, chance = self.wrong / total, 1 - share
        sigma = math.sqrt(share * chance / total)
        # Twice as many right answers as by guessing must show, or the block is too small.
        if 0 < SIGMAS * sigma <= share and error >= chance - SIGMAS * sigma:
            yield Finding(
                "chance_level",
                step,
                "",
                f"After {step} steps {error:.1%} of the last {total} answers are wrong; always to "
                f"answer {self.seen.index(max(self.seen))} is wrong for {chance:.1%}, and less "
                f"than {chance - SIGMAS * sigma:.1%} would be better than chance. Look whether the "
                f"labels belong to their inputs and whether a few examples can be learnt by heart; "
                f"try other learning rates.",
            )
