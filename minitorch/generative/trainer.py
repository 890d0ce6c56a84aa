"""The adversarial training loop: algorithm 1 of the first paper."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch.data.batches import Batches, stream
from minitorch.data.dataset import Dataset
from minitorch.generative.adversarial import AdversarialTrainer
from minitorch.generative.events import GanEpoch, GanStep
from minitorch.generative.players import Players
from minitorch.generative.recipes import GanRecipe
from minitorch.generative.sampler import one_hot
from minitorch.generative.watch import Watch, spread

__all__ = ["GanTrainer"]

Array = numpy.ndarray
# The streams of a run beside that of the order: what each step draws, and the fixed samples.
_JUDGED, _MADE, _FIXED = 1, 2, 3
_SAMPLES = 100


class GanTrainer(AdversarialTrainer):
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

    epoch_type = GanEpoch
    sums = 4  # of losses and how many, of either player

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
        self.fixed = self._fixed()
        self._unit = self._real_spread()
        batches = Batches(train.x, train.y, recipe.batch_size, recipe.seed)
        watch = Watch(critic=recipe.objective == "wasserstein")
        super().__init__(self.players, recipe, batches, watch)

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
        self._sums[2] += made
        self._sums[3] += 1
        return made, norm

    def _end_epoch(self) -> GanEpoch:
        """Look at the fixed samples."""
        samples, labels = self.samples(), self.fixed[1]
        judged, batches, made, steps = self._sums
        return GanEpoch(
            self.batches.epoch,
            judged / batches,
            made / max(steps, 1),
            spread(samples, labels) / self._unit,
            self._renewed(samples) / self._unit,
            round(self.seconds, 3),
        )

    def samples(self) -> Array:
        """What is made of the fixed noise now, from -1 to 1."""
        with self.chosen():
            return self.players.samples(*self.fixed)
