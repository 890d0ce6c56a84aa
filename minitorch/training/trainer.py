"""The training loop: one step, one epoch, and everything needed to go on from anywhere."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy

from minitorch import layers, random
from minitorch.data.batches import Batches, shift_images, stream
from minitorch.data.dataset import Dataset
from minitorch.data.pipeline import Pipeline
from minitorch.distributed import Group, Shard, in_parts, synchronise
from minitorch.training.averages import WeightAverage, with_values
from minitorch.training.checkup import Checkup
from minitorch.training.diverge import TrainingDiverged, explain_divergence
from minitorch.training.events import Epoch, Step
from minitorch.training.finding import Finding
from minitorch.training.gradients import Gradients, SharedGradients, norm_of
from minitorch.training.metrics import Evaluation, predict
from minitorch.training.precision import LossScaler
from minitorch.training.recipes import Recipe
from minitorch.training.rules import find_rule
from minitorch.training.schedules import find_schedule, on_plateau, warmed_up
from minitorch.training.state import capture, check_recipe, named_params, part, restore

__all__ = ["Trainer"]

Array = numpy.ndarray
_SHIFTS = 1  # the streams of a run: 0 orders the examples, 1 moves the images
_AVERAGE, _BEST = "average/", "best/"


class Trainer:
    """Trains a classifier, step by step.

    Parameters
    ----------
    network : Layer
        Its output layer, ending in a softmax. Batches go to the device that it is on.
    recipe : Recipe
    train : Dataset or Pipeline
        Standardised: float32 of the network's input shape. A pipeline has the recipe's batch
        size; what it does to the images comes before the recipe's shift.
    test : Dataset
        Likewise; it is only measured on, after each epoch.
    background : float
        The value of an empty pixel, which comes in when images are shifted.
    captured : bool
        On the CPU, whole batches run as a captured program (:func:`minitorch.function`), which
        is faster; False runs all eagerly, for layers that a program cannot follow.
    group : Group, optional
        The ranks that train together (:mod:`minitorch.distributed`), each with these data;
        default: this process alone.

    Attributes
    ----------
    history : list of Epoch
        The epochs so far.
    step : int
        Minibatches done so far.
    findings : list of Finding
        What was wrong so far, see :class:`~minitorch.training.Checkup`.
    scaler : LossScaler or None
        What scales the gradients of float16.

    Raises
    ------
    ValueError
        If the data do not fit the network.

    Examples
    --------
    >>> from minitorch import random
    >>> from minitorch.data import Standardiser, Dataset, toy_digits
    >>> from minitorch.models import build_mlp
    >>> raw = toy_digits(200, size=14, noise=0)
    >>> data = Dataset(Standardiser.fit(raw.x).apply(raw.x), raw.y, classes=10)
    >>> random.seed(0)
    >>> network = build_mlp((16,), input_shape=(1, 14, 14))
    >>> trainer = Trainer(network, Recipe("mlp", epochs=3), data, data)
    >>> events = list(trainer.run())
    >>> [event.number for event in events if isinstance(event, Epoch)]
    [1, 2, 3]
    >>> trainer.history[-1].train_loss < trainer.history[0].train_loss
    True
    """

    def __init__(
        self,
        network: Any,
        recipe: Recipe,
        train: Dataset | Pipeline,
        test: Dataset,
        background: float = 0.0,
        captured: bool = True,
        group: Group | None = None,
    ) -> None:
        self.group = group or Group()
        synchronise(network, self.group)
        self.network, self.recipe, self.test = network, recipe, test
        self.background = background
        self.params = layers.get_all_params(network, trainable=True)
        self.batches = Shard(_batches(train, recipe), self.group)
        self.history: list[Epoch] = []
        self.step = 0
        self.findings: list[Finding] = []
        self._check_shapes(train)
        self._checkup = Checkup(network, train.classes)
        # A pipeline is judged by its first batch.
        self._all = (train.x, train.y) if isinstance(train, Dataset) else None
        settings = (network, self.params, recipe.label_smoothing)
        if self.group.size > 1:
            self._gradients: Gradients = SharedGradients(*settings, recipe.precision, self.batches)
        else:
            whole = recipe.batch_size if captured else 0
            self._gradients = Gradients(*settings, whole, recipe.precision)
        self.scaler = LossScaler() if recipe.precision == "float16" else None
        self._rule, self._schedule = find_rule(recipe.rule), find_schedule(recipe.schedule)
        shrunk = layers.get_all_params(network, trainable=True, regularizable=True)
        self._shrunk = {id(p) for p in shrunk} if recipe.weight_decay else set()
        self._average = WeightAverage(network, recipe.ema) if recipe.ema else None
        self._best: dict[str, Array] = {}
        self._loss_sum, self._wrong = 0.0, 0
        self._seconds, self._since = 0.0, time.perf_counter()

    def _check_shapes(self, train: Dataset | Pipeline) -> None:
        """The data against the network's two ends."""
        found = train.shape if isinstance(train, Pipeline) else train.x.shape[1:]
        wanted = next(
            layer.output_shape[1:]
            for layer in layers.get_all_layers(self.network)
            if isinstance(layer, layers.InputLayer)
        )
        if found != wanted or self.test.x.shape[1:] != wanted:
            raise ValueError(
                f"Trainer: the network takes inputs of shape {wanted}, the training data have "
                f"{found}, the test data {self.test.x.shape[1:]}"
            )
        outputs = self.network.output_shape
        if outputs[1:] != (train.classes,):
            raise ValueError(
                f"Trainer: {train.classes} classes need a network with as many outputs, this one "
                f"has output shape {outputs}"
            )

    # -- going ------------------------------------------------------------

    @property
    def total_steps(self) -> int:
        """Minibatches of the whole run, if it is not stopped early."""
        return self.recipe.epochs * len(self.batches)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done and measured, or no lower error came for long enough."""
        if self.batches.epoch >= self.recipe.epochs:
            return True
        waited = len(self.history) - self.best_epoch
        return 0 < self.recipe.patience <= waited

    @property
    def best_epoch(self) -> int:
        """The first epoch with the lowest error that was measured; 0 before there is one."""
        errors = [epoch.test_error for epoch in self.history]
        return 1 + errors.index(min(errors)) if errors else 0

    @property
    def learning_rate(self) -> float:
        """That of the next step."""
        return self._rate(self.step)

    def _rate(self, step: int) -> float:
        """The learning rate after so many steps."""
        total = self.total_steps
        # A first step without any would be lost: the rise begins one step up.
        warm = self.recipe.warmup * len(self.batches) / total
        done = (step + 1 if step < warm * total else step) / total
        rate = self.recipe.learning_rate * warmed_up(self._schedule, min(done, 1.0), warm)
        if self.recipe.schedule == "plateau":
            rate *= on_plateau([epoch.test_loss for epoch in self.history])
        return rate

    def run(self) -> Iterator[Step | Epoch | Finding]:
        """Train until the recipe's epochs are done, yielding after each step and epoch.

        What is wrong with a step comes before it, once it is done.

        The run may be left at any of them and gone on with, here by iterating
        again, or in another process by :meth:`restore`.

        Raises
        ------
        TrainingDiverged
            As soon as a loss or gradient is not finite; the parameters are
            those before that step. Scaled gradients may be, until the scale is 1.
        """
        self._since = time.perf_counter()
        while not self.finished:
            for x, y in self.batches:
                yield from self._train_on(x, y)
            yield self._end_epoch()

    def _train_on(self, x: Array, y: Array) -> Iterator[Step | Finding]:
        """One step of gradient descent, and before it what is wrong, once the step is done."""
        rate = self.learning_rate
        x = self._moved(x)
        found = self._look(x, y, rate)
        noise = layers.get_all_random_states(self.network)
        scaler = self.scaler
        loss, predicted, wrong, grads = self._gradients(x, y, scaler and scaler.scale)
        norm = norm_of(grads)
        finite = math.isfinite(norm)
        if not math.isfinite(loss) or not (finite or (scaler and not scaler.exhausted)):
            error = self._diverged(x, y, noise)
            for finding in found:
                error.add_note(str(finding))
            raise error
        if scaler is not None:
            scaler.update(finite)
        if finite:
            self._descend(grads, norm, rate)
        part = self.batches.part
        self._loss_sum += loss * (len(y) if part is None else part.total)
        self._wrong += wrong
        self.step += 1
        if self._average is not None:
            self._average.add(self.step)
        if self.group.first:
            found += self._checkup.watch(self.step, loss, predicted, y)
        self.findings += found
        yield from found
        norm = norm if finite else math.inf
        yield Step(self.step, self.batches.epoch + 1, loss, rate, norm)

    def _look(self, x: Array, y: Array, rate: float) -> list[Finding]:
        """What is wrong with the data, before the first step, and inside, before a few."""
        if not self.group.first:
            return []
        found = self._checkup.data(*(self._all or (x, y))) if self.step == 0 else []
        if self._checkup.due(self.step + 1, len(self.batches)):
            steepest = self.recipe.rule in ("sgd", "momentum", "nesterov")
            found += self._checkup.probe(x, y, self.step + 1, rate if steepest else None)
        return found

    def _descend(self, grads: list[Any], norm: float, rate: float) -> None:
        """Clip the gradients, add the weights' decay, and move the parameters."""
        recipe = self.recipe
        if 0 < recipe.clip < norm:
            grads = [g * (recipe.clip / norm) for g in grads]
        decay = recipe.weight_decay
        aside = recipe.rule == "adamw"
        if decay and not aside:
            grads = [
                g + decay * p.detach() if id(p) in self._shrunk else g
                for g, p in zip(grads, self.params, strict=True)
            ]
        new = self._rule(grads, self.params, rate, recipe.momentum)
        if decay and aside:
            for p in self.params:
                if id(p) in self._shrunk:
                    new[p] = new[p] - rate * decay * p.detach()
        new.apply()

    def _moved(self, x: Array) -> Array:
        """The images of this step, shifted by the recipe's few pixels."""
        most = self.recipe.shift
        if most == 0:
            return x
        rng, part = stream(self.recipe.seed, _SHIFTS, self.step), self.batches.part
        rows = len(x) if part is None else part.total
        offsets = rng.integers(-most, most + 1, (rows, 2))
        return shift_images(x, offsets if part is None else part.rows(offsets), self.background)

    def _end_epoch(self) -> Epoch:
        """Measure, and start the sums of the next epoch."""
        with self.averaged():
            result = self.evaluate()
            count = self.batches.count
            record = Epoch(
                self.batches.epoch,
                self._rate(self.step - 1),
                self._loss_sum / count,
                self._wrong / count,
                result.loss,
                result.error,
                round(self.seconds, 3),
            )
            self.history.append(record)
            if self.recipe.patience and self.best_epoch == record.number:
                self._best = {n: p.get_value() for n, p in named_params(self.network).items()}
        self._loss_sum, self._wrong = 0.0, 0
        return record

    def evaluate(self) -> Evaluation:
        """The network on the test data, each rank computing a part."""
        predicted = in_parts(lambda x: predict(self.network, x), self.test.x, self.group)
        return Evaluation(predicted, self.test.y)

    def _diverged(self, x: Array, y: Array, noise: Mapping[str, Any]) -> TrainingDiverged:
        """The error that says where the NaN or infinity began."""
        layers.set_all_random_states(self.network, noise)
        reason = "a loss or gradient is not finite; one process says where it began"
        if self.group.size == 1:  # the others would wait for the sums of the one that finds it
            reason = explain_divergence(lambda: self._gradients.loss(x, y), self.params)
        return TrainingDiverged(
            f"training diverged at step {self.step + 1} (epoch {self.batches.epoch + 1}, learning "
            f"rate {self.learning_rate:g}): {reason}; try a lower learning rate"
        )

    # -- which weights count ----------------------------------------------

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """The network with the running average of its weights, if one is kept."""
        return with_values(self.network, self._average and self._average.values())

    def chosen(self) -> contextlib.AbstractContextManager[None]:
        """The network with the weights that are to be used: the best epoch's or the average."""
        return with_values(self.network, self._best) if self._best else self.averaged()

    # -- leaving and taking up again --------------------------------------

    @property
    def seconds(self) -> float:
        """How long the run has taken, earlier processes included."""
        return self._seconds + time.perf_counter() - self._since

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Everything to go on from here: arrays, and what JSON can hold."""
        records = [[getattr(e, name) for name in Epoch.__slots__] for e in self.history]
        arrays = capture(self.network)
        if self._average is not None:
            arrays |= {_AVERAGE + name: v for name, v in self._average.values().items()}
        arrays |= {_BEST + name: v for name, v in self._best.items()}
        return arrays, {
            "recipe": self.recipe.as_dict(),
            "step": self.step,
            "batches": self.batches.state(),
            "sums": [self._loss_sum, self._wrong],
            "noise": layers.get_all_random_states(self.network),
            "random": random.get_state(),
            "history": records,
            "checkup": self._checkup.state(),
            "findings": [dataclasses.astuple(finding) for finding in self.findings],
            "seconds": self.seconds,
            "scaler": None if self.scaler is None else self.scaler.state(),
        }

    def restore(self, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
        """Go to where :meth:`state` was taken.

        Raises
        ------
        ValueError
            If it is of another recipe (the message names what differs) or
            another network.
        """
        # A setting that a checkpoint's time did not have was as it is by default.
        theirs = {**Recipe(self.recipe.model).as_dict(), **metadata["recipe"]}
        check_recipe(theirs, self.recipe.as_dict())
        restore(self.network, arrays)
        layers.set_all_random_states(self.network, metadata["noise"])
        random.set_state(metadata["random"])
        if self._average is not None:
            self._average.restore(part(arrays, _AVERAGE))
        self._best = part(arrays, _BEST)
        self.step = int(metadata["step"])
        self.batches.restore(metadata["batches"])
        self._loss_sum, self._wrong = metadata["sums"]
        self._checkup.restore(metadata.get("checkup", self._checkup.state()))
        self.findings = [Finding(*finding) for finding in metadata.get("findings", [])]
        if self.scaler is not None:
            self.scaler.restore(metadata["scaler"])
        self.history = [Epoch(*record) for record in metadata["history"]]
        self._seconds, self._since = float(metadata["seconds"]), time.perf_counter()


def _batches(train: Dataset | Pipeline, recipe: Recipe) -> Batches | Pipeline:
    """What hands out the training data, in the recipe's batches."""
    if not isinstance(train, Pipeline):
        return Batches(train.x, train.y, recipe.batch_size, recipe.seed)
    if train.batch_size != recipe.batch_size:
        raise ValueError(
            f"Trainer: the pipeline makes batches of {train.batch_size}, the recipe says "
            f"{recipe.batch_size}"
        )
    if train.dtype.kind != "f":
        raise ValueError(
            f"Trainer: the pipeline's images are {train.dtype}, a network takes floats; give the "
            f"pipeline a standardiser"
        )
    return train
