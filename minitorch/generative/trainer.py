"""The adversarial training loop: algorithm 1 of the first paper, and going on from anywhere."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy

from minitorch import layers, random, updates
from minitorch.data.batches import Batches, stream
from minitorch.data.dataset import Dataset
from minitorch.distributed import Group
from minitorch.generative.events import GanEpoch, GanStep
from minitorch.generative.players import Players
from minitorch.generative.recipes import GanRecipe
from minitorch.generative.sampler import one_hot
from minitorch.generative.watch import Watch, spread
from minitorch.training.averages import WeightAverage, with_values
from minitorch.training.diverge import TrainingDiverged, explain_divergence
from minitorch.training.finding import Finding
from minitorch.training.gradients import norm_of
from minitorch.training.state import capture, check_recipe, part, restore

__all__ = ["GanTrainer"]

Array = numpy.ndarray
# The streams of a run beside that of the order: what each step draws, and the fixed samples.
_JUDGED, _MADE, _FIXED = 1, 2, 3
_LAST, _AVERAGE = "last", "average/"  # fixed samples of the epoch before, running averages
_SAMPLES = 100


class GanTrainer:
    """Trains a generator against a discriminator, a batch at a time.

    Parameters
    ----------
    generator, discriminator : Layer
    recipe : GanRecipe
    train : Dataset
        Images as float32 from -1 to 1. Labels count for conditional generators only.
    captured : bool
        Whether whole batches run as captured programs (:func:`minitorch.function`).

    Attributes
    ----------
    step : int
        Batches that the discriminator has seen; after every ``recipe.discriminator_steps`` of
        them the generator makes a step.
    history : list of GanEpoch
    findings : list of Finding
    fixed : (numpy.ndarray, numpy.ndarray or None)
        Noise, and labels if classes count, of the samples that are compared from epoch to epoch.
    latest : numpy.ndarray
        Those samples as they were after the last epoch.

    Raises
    ------
    ValueError
        If the images do not fit.

    Examples
    --------
    >>> from minitorch import random
    >>> from minitorch.data import toy_digits
    >>> from minitorch.generative import GANS, GanRecipe, pixels_to_signed
    >>> data = pixels_to_signed(toy_digits(200, size=14, noise=0))
    >>> random.seed(0)
    >>> pair = GANS["gan"].build(8, (1, 14, 14), hidden=(32,))
    >>> trainer = GanTrainer(*pair, GanRecipe("gan", latent=8, epochs=2), data)
    >>> [event.number for event in trainer.run() if event.kind == "epoch"]
    [1, 2]
    >>> trainer.samples().shape
    (100, 1, 14, 14)
    """

    group = Group()  # one process; what drives trainers asks

    def __init__(
        self,
        generator: Any,
        discriminator: Any,
        recipe: GanRecipe,
        train: Dataset,
        captured: bool = True,
    ) -> None:
        self.players = Players(generator, discriminator, recipe, captured)
        self.recipe, self.train = recipe, train
        self._check(train)
        self.batches = Batches(train.x, train.y, recipe.batch_size, recipe.seed)
        self.history: list[GanEpoch] = []
        self.findings: list[Finding] = []
        self.step = 0
        self._average = WeightAverage(generator, recipe.ema) if recipe.ema else None
        self.fixed = self._fixed()
        self._watch = Watch(critic=recipe.objective == "wasserstein")
        self._unit = self._real_spread()
        self.latest = self.samples()
        self._sums = [0.0, 0, 0.0, 0]  # of losses and how many, of either player
        self._seconds, self._since = 0.0, time.perf_counter()

    def _check(self, train: Dataset) -> None:
        """The data against the networks."""
        wanted = self.players.generator.output_shape[1:]
        if train.x.shape[1:] != wanted:
            raise ValueError(
                f"GanTrainer: the generator makes images of shape {wanted}, the training data "
                f"have {train.x.shape[1:]}"
            )
        if train.x.dtype != numpy.float32 or train.x.min() < -1 or train.x.max() > 1:
            raise ValueError(
                f"GanTrainer: images are float32 from -1 to 1, as tanh makes them; these are "
                f"{train.x.dtype} from {train.x.min():g} to {train.x.max():g}; pixels_to_signed "
                f"makes them of bytes"
            )
        if self.players.classes not in (0, train.classes):
            raise ValueError(
                f"GanTrainer: the generator has {self.players.classes} classes, the training data "
                f"{train.classes}"
            )

    def _fixed(self) -> tuple[Array, Array | None]:
        """Noise for a square of samples; its columns are classes where they count."""
        rng = stream(self.recipe.seed, _FIXED)
        z = rng.standard_normal((_SAMPLES, self.players.latent), numpy.float32)
        return z, self._labels(numpy.arange(_SAMPLES))

    def _labels(self, numbers: Array) -> Array | None:
        return numbers % self.players.classes if self.players.classes else None

    def _real_spread(self) -> float:
        """How far as many real images are from each other; a unit for what is made."""
        chosen = stream(self.recipe.seed, _FIXED, 1).permutation(len(self.train.x))[: 5 * _SAMPLES]
        labels = self.train.y[chosen] if self.players.classes else None
        return spread(self.train.x[chosen], labels) or 1.0

    # -- going ------------------------------------------------------------

    @property
    def total_steps(self) -> int:
        """Batches of the whole run."""
        return self.recipe.epochs * len(self.batches)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.batches.epoch >= self.recipe.epochs

    def run(self) -> Iterator[GanStep | GanEpoch | Finding]:
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
            yield from self._noted(self._watch.epoch(epoch, self.step))
            self.history.append(epoch)
            yield epoch

    def _noted(self, found: list[Finding]) -> list[Finding]:
        self.findings += found
        return found

    def _train_on(self, x: Array, y: Array) -> GanStep:
        """A step of the discriminator, and if its turn has come one of the generator."""
        players, recipe, number = self.players, self.recipe, self.step + 1
        rng = stream(recipe.seed, _JUDGED, number)
        z = rng.standard_normal((len(x), players.latent), numpy.float32)
        given = [x, z, rng.random(len(x), numpy.float32)]
        if players.classes:
            given.append(one_hot(y, players.classes))
        loss, real, fake, *grads = players.judged(*given)
        judged = float(loss.item())
        self._move(
            1, judged, grads, lambda: players.discriminator_loss(*players.tensors(*given))[0]
        )
        self._sums[0] += judged
        self._sums[1] += 1
        made = norm = None
        if number % recipe.discriminator_steps == 0:
            made, norm = self._make(len(x), number)
        self.step = number
        answers = float(real.item()), float(fake.item())
        return GanStep(number, self.batches.epoch + 1, judged, *answers, made, norm)

    def _make(self, rows: int, number: int) -> tuple[float, float]:
        """A step of the generator: its loss, and the norm of its gradients."""
        players, rng = self.players, stream(self.recipe.seed, _MADE, number)
        given = [rng.standard_normal((rows, players.latent), numpy.float32)]
        if players.classes:
            given.append(one_hot(rng.integers(0, players.classes, rows), players.classes))
        loss, *grads = players.made(*given)
        made = float(loss.item())
        norm = self._move(0, made, grads, lambda: players.generator_loss(*players.tensors(*given)))
        if self._average is not None:
            self._average.add(number // self.recipe.discriminator_steps)
        self._sums[2] += made
        self._sums[3] += 1
        return made, norm

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
        return norm

    def _end_epoch(self) -> GanEpoch:
        """Look at the fixed samples, and start the sums of the next epoch."""
        samples, labels = self.samples(), self.fixed[1]
        moved = numpy.square(samples - self.latest, dtype=numpy.float64)
        judged, batches, made, steps = self._sums
        self.latest, self._sums = samples, [0.0, 0, 0.0, 0]
        return GanEpoch(
            self.batches.epoch,
            judged / batches,
            made / max(steps, 1),
            spread(samples, labels) / self._unit,
            float(numpy.sqrt(moved.reshape(len(samples), -1).sum(axis=1)).mean()) / self._unit,
            round(self.seconds, 3),
        )

    def samples(self) -> Array:
        """What is made of the fixed noise now, from -1 to 1."""
        with self.chosen():
            return self.players.samples(*self.fixed)

    def chosen(self) -> contextlib.AbstractContextManager[None]:
        """The generator with the weights that samples are of: their running average, if kept."""
        return with_values(self.players.generator, self._average and self._average.values())

    # -- leaving and taking up again --------------------------------------

    @property
    def seconds(self) -> float:
        """How long the run has taken, earlier processes included."""
        return self._seconds + time.perf_counter() - self._since

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Everything to go on from here: arrays, and what JSON can hold."""
        names = [field.name for field in dataclasses.fields(GanEpoch)]
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
        self.history = [GanEpoch(*record) for record in metadata["history"]]
        self._seconds, self._since = float(metadata["seconds"]), time.perf_counter()
