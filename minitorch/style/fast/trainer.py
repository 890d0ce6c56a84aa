"""The training loop of a painting network, and going on from anywhere."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy

from minitorch import layers, updates
from minitorch.autograd import asarray, grad, no_grad
from minitorch.capture import function
from minitorch.distributed import Group
from minitorch.style.fast.events import StyleEpoch, StyleStep
from minitorch.style.fast.painter import Painter
from minitorch.style.fast.perceptual import PerceptualLoss
from minitorch.style.fast.photographs import Photographs
from minitorch.style.fast.recipe import StyleRecipe
from minitorch.style.fast.watch import watch
from minitorch.training.diverge import TrainingDiverged, explain_divergence
from minitorch.training.finding import Finding
from minitorch.training.gradients import norm_of
from minitorch.training.state import capture, check_recipe, restore

__all__ = ["StyleTrainer"]

Array = numpy.ndarray


class StyleTrainer:
    """Trains a network to paint photographs so that a fixed network likes what it sees.

    Parameters
    ----------
    painter : Painter
    recipe : StyleRecipe
    photographs : Photographs
    loss : PerceptualLoss
    captured : bool
        Whether steps run as a captured program (:func:`minitorch.function`); only on the CPU.

    Attributes
    ----------
    step : int
        Batches that were learned from.
    history : list of StyleEpoch
        The first is of the network before it is trained.
    findings : list of Finding
    latest : numpy.ndarray of float32, shape (2n, 3, size, size)
        The held-out photographs and their paintings after the last epoch, from -1 to 1.

    Notes
    -----
    The first call of a captured program is eager and differs in its last bits, so its results are
    dropped and the batch replayed: a run that is resumed ends with the same bits.
    """

    group = Group()  # one process; what drives trainers asks

    def __init__(
        self,
        painter: Painter,
        recipe: StyleRecipe,
        photographs: Photographs,
        loss: PerceptualLoss,
        captured: bool = True,
    ) -> None:
        self.painter, self.recipe, self.photographs = painter, recipe, photographs
        self.params = layers.get_all_params(painter.network, trainable=True)
        self._device = layers.get_device(painter.network)
        self._loss = loss
        self._captured = captured and self._device == "cpu"
        self._program, self._traced = function(self._compute), False
        self.step, self._sum = 0, 0.0
        self.findings: list[Finding] = []
        self._seconds, self._since = 0.0, time.perf_counter()
        self.latest = numpy.empty(0, numpy.float32)
        self.history = [self._judged(0.0)]

    @property
    def total_steps(self) -> int:
        """Of the whole run."""
        return self.recipe.total_steps

    @property
    def finished(self) -> bool:
        """Whether all steps are done and judged."""
        return len(self.history) > self.recipe.epochs

    # -- going ------------------------------------------------------------

    def run(self) -> Iterator[StyleStep | StyleEpoch | Finding]:
        """Train until the steps are done, yielding after each step and epoch.

        What is wrong after an epoch comes before it. The run may be left at any of them and
        gone on with, here by iterating again, or in another process by :meth:`restore`.

        Raises
        ------
        TrainingDiverged
            As soon as a loss or gradient is not finite; parameters are those before that step.
        """
        self._since = time.perf_counter()
        while not self.finished:
            while self.step < len(self.history) * self.recipe.epoch_steps:
                yield self._train()
            self.history.append(self._judged(self._sum / self.recipe.epoch_steps))
            self._sum = 0.0
            found = watch(self.history, self.step)
            self.findings += found
            yield from found
            yield self.history[-1]

    def _train(self) -> StyleStep:
        """A step of Adam on a batch of crops."""
        recipe, number = self.recipe, self.step + 1
        x = self.photographs.crops(recipe.batch_size, recipe.seed, number).astype(numpy.float32)
        loss, content, style, variation, *grads = self._run(x)
        parts = [float(part.item()) for part in (loss, content, style, variation)]
        norm = norm_of(grads)
        if not math.isfinite(parts[0]) or not math.isfinite(norm):
            reason = explain_divergence(lambda: self._losses(self._there(x))[0], self.params)
            raise TrainingDiverged(
                f"training diverged at step {number} (epoch {len(self.history)}): {reason}; try a "
                f"lower learning rate"
            )
        updates.adam(grads, self.params, recipe.learning_rate).apply()
        self.step = number
        self._sum += parts[0]
        return StyleStep(number, len(self.history), *parts, norm)

    def _run(self, x: Array) -> Any:
        """By the program, or eagerly."""
        if not self._captured:
            return self._compute(self._there(x))
        if not self._traced:
            self._program(x)
            self._traced = True
        return self._program(x)

    def _there(self, x: Array) -> Any:
        return asarray(x, device=self._device)

    def _compute(self, x: Any) -> list[Any]:
        """What is captured: the loss, its parts, the gradients."""
        loss, parts = self._losses(x)
        return [loss, *parts, *grad(loss, self.params)]

    def _losses(self, x: Any) -> tuple[Any, list[Any]]:
        """Of photographs from 0 to 255."""
        return self._loss(255 * self.painter(x / 255), x)

    def _judged(self, train_loss: float) -> StyleEpoch:
        """Paint the held-out photographs, and look at them."""
        shown = self.photographs.shown.astype(numpy.float32)
        with no_grad():
            x = self._there(shown)
            y = 255 * self.painter(x / 255)
            loss, parts = self._loss(y, x)
        painted = y.numpy()
        self.latest = numpy.concatenate([shown, painted]) / numpy.float32(127.5) - 1
        figures = [float(value.item()) for value in (loss, *parts)]
        contrast = float(painted.std() / max(shown.std(), 1.0))
        number = len(self.history) if self.step else 0
        return StyleEpoch(number, train_loss, *figures, contrast, round(self.seconds, 3))

    # -- leaving and taking up again --------------------------------------

    @property
    def seconds(self) -> float:
        """How long the run has taken, earlier processes included."""
        return self._seconds + time.perf_counter() - self._since

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Everything to go on from here: arrays, and what JSON can hold."""
        names = [field.name for field in dataclasses.fields(StyleEpoch)]
        return {**capture(self.painter.network), "latest": self.latest}, {
            "recipe": self.recipe.as_dict(),
            "step": self.step,
            "sum": self._sum,
            "history": [[getattr(epoch, name) for name in names] for epoch in self.history],
            "findings": [dataclasses.astuple(finding) for finding in self.findings],
            "seconds": self.seconds,
        }

    def restore(self, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
        """Go to where :meth:`state` was taken.

        Raises
        ------
        ValueError
            If it is of another recipe (the message names what differs) or another network.
        """
        check_recipe(metadata["recipe"], self.recipe.as_dict())
        restore(self.painter.network, arrays)
        self.latest = arrays["latest"]
        self.step, self._sum = int(metadata["step"]), float(metadata["sum"])
        self.findings = [Finding(*finding) for finding in metadata["findings"]]
        self.history = [StyleEpoch(*record) for record in metadata["history"]]
        self._seconds, self._since = float(metadata["seconds"]), time.perf_counter()
