"""What all adversarial trainings do: epochs of steps, Adam, divergence, leaving and going on."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy

from minitorch import layers, random, updates
from minitorch.data.batches import Batches
from minitorch.distributed import Group
from minitorch.generative.watch import Watch
from minitorch.training.averages import WeightAverage, with_values
from minitorch.training.diverge import TrainingDiverged, explain_divergence
from minitorch.training.finding import Finding
from minitorch.training.gradients import norm_of
from minitorch.training.state import capture, check_recipe, part, restore

__all__ = ["AdversarialTrainer"]

Array = numpy.ndarray
_LAST, _AVERAGE = "last", "average/"  # fixed samples of the epoch before, running averages


class AdversarialTrainer(abc.ABC):
    """Drives two players, a batch at a time; what a batch does is for who extends it.

    Who does gives ``_train_on(x, y)``, which makes the steps of a batch and returns their event,
    ``_end_epoch()``, which looks at the samples and returns the epoch's, and ``samples()``, what is
    made for those that are compared from epoch to epoch.

    Parameters
    ----------
    players : object
        With ``both``, the networks, and ``params``, a list of what each learns.
    recipe : object
        With ``epochs``, ``discriminator_steps``, ``learning_rate``, ``beta1``, ``beta2`` and
        ``as_dict()``; if it has an ``ema`` that is not 0, averages of the first network's weights
        are kept, which decay so.
    batches : Batches
    watch : Watch

    Attributes
    ----------
    step : int
        Batches that were trained on.
    history : list
        The epochs' events.
    findings : list of Finding
    latest : numpy.ndarray
        Those samples as they were after the last epoch.
    """

    group = Group()  # one process; what drives trainers asks
    epoch_type: ClassVar[Any]
    sums: ClassVar[int]  # how many numbers are added up in an epoch

    def __init__(self, players: Any, recipe: Any, batches: Batches, watch: Watch) -> None:
        self.players, self.recipe, self.batches = players, recipe, batches
        self.history: list[Any] = []
        self.findings: list[Finding] = []
        self.step = 0
        decay = getattr(recipe, "ema", 0.0)
        self._average = WeightAverage(players.both[0], decay) if decay else None
        self.latest: Array = self.samples()
        self._watch = watch
        self._sums: list[float] = [0.0] * self.sums
        self._seconds, self._since = 0.0, time.perf_counter()

    @property
    def total_steps(self) -> int:
        """Batches of the whole run."""
        return int(self.recipe.epochs * len(self.batches))

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return bool(self.batches.epoch >= self.recipe.epochs)

    def run(self) -> Iterator[Any]:
        """Train until the epochs are done, yielding after each step and epoch.

        What is wrong with a step or an epoch comes before it. The run may be left at any of them
        and gone on with, here by iterating again, or in another process by :meth:`restore`.

        Raises
        ------
        TrainingDiverged
            As soon as a loss or gradient is not finite; the player's parameters are
            those before that step.
        """
        self._since = time.perf_counter()
        while not self.finished:
            for x, y in self.batches:
                event = self._train_on(x, y)
                yield from self._noted(self._watch.step(event))
                yield event
            epoch = self._end_epoch()
            self._sums = [0.0] * self.sums
            yield from self._noted(self._watch.epoch(epoch, self.step))
            self.history.append(epoch)
            yield epoch

    @abc.abstractmethod
    def samples(self) -> Array:
        """What is made now, of what is fixed."""

    def chosen(self) -> contextlib.AbstractContextManager[None]:
        """The first network with the weights that count: their averages, if these are kept."""
        return with_values(self.players.both[0], self._average and self._average.values())

    @abc.abstractmethod
    def _train_on(self, x: Array, y: Array) -> Any:
        """Make the steps of a batch; their event."""

    @abc.abstractmethod
    def _end_epoch(self) -> Any:
        """Look at the samples; the epoch's event."""

    def _noted(self, found: list[Finding]) -> list[Finding]:
        self.findings += found
        return found

    def _move(self, which: int, loss: float, grads: list[Any], again: Callable[[], Any]) -> float:
        """Adam's step of a player's parameters; the gradients' norm."""
        norm, params, recipe = norm_of(grads), self.players.params[which], self.recipe
        if not math.isfinite(loss) or not math.isfinite(norm):
            player = ("generator", "discriminator")[which]
            raise TrainingDiverged(
                f"training diverged at step {self.step + 1} (epoch {self.batches.epoch + 1}) in "
                f"the {player}: {explain_divergence(again, params)}; try a lower learning rate"
            )
        rates = recipe.learning_rate, recipe.beta1, recipe.beta2
        updates.adam(grads, params, *rates).apply()
        if which == 0 and self._average is not None:
            self._average.add((self.step + 1) // recipe.discriminator_steps)
        return norm

    def _renewed(self, samples: Array) -> float:
        """Take new samples for the latest ones; how far they are from those, on average."""
        moved = numpy.square(samples - self.latest, dtype=numpy.float64)
        self.latest = samples
        return float(numpy.sqrt(moved.reshape(len(samples), -1).sum(axis=1)).mean())

    # -- leaving and taking up again --------------------------------------

    @property
    def seconds(self) -> float:
        """How long the run has taken, earlier processes included."""
        return self._seconds + time.perf_counter() - self._since

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Everything to go on from here: arrays, and what JSON can hold."""
        names = [field.name for field in dataclasses.fields(self.epoch_type)]
        arrays = {**capture(self.players.both), _LAST: self.latest}
        if self._average is not None:
            arrays |= {_AVERAGE + name: value for name, value in self._average.values().items()}
        return arrays, {
            "recipe": self.recipe.as_dict(),
            "step": self.step,
            "batches": self.batches.state(),
            "sums": self._sums,
            "noise": layers.get_all_random_states(self.players.both),
            "random": random.get_state(),
            "history": [[getattr(epoch, name) for name in names] for epoch in self.history],
            "watch": self._watch.state(),
            "findings": [dataclasses.astuple(finding) for finding in self.findings],
            "seconds": self.seconds,
        }

    def restore(self, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
        """Go to where :meth:`state` was taken.

        Raises
        ------
        ValueError
            If it is of another recipe (the message names what differs) or other networks.
        """
        check_recipe(metadata["recipe"], self.recipe.as_dict())
        restore(self.players.both, arrays)
        layers.set_all_random_states(self.players.both, metadata["noise"])
        random.set_state(metadata["random"])
        if self._average is not None:
            self._average.restore(part(arrays, _AVERAGE))
        self.latest = arrays[_LAST]
        self.step, self._sums = int(metadata["step"]), list(metadata["sums"])
        self.batches.restore(metadata["batches"])
        self._watch.restore(metadata["watch"])
        self.findings = [Finding(*finding) for finding in metadata["findings"]]
        self.history = [self.epoch_type(*record) for record in metadata["history"]]
        self._seconds, self._since = float(metadata["seconds"]), time.perf_counter()
