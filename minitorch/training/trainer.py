"""The training loop: one step, one epoch, and everything needed to go on from anywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import asarray, grad, layers, objectives, random, regularization, updates
from minitorch.data.batches import Batches, shift_images, stream
from minitorch.data.dataset import Dataset
from minitorch.data.pipeline import Pipeline
from minitorch.training.diverge import TrainingDiverged, explain_divergence
from minitorch.training.metrics import evaluate
from minitorch.training.recipes import Recipe
from minitorch.training.schedules import find_schedule
from minitorch.training.state import capture, restore

__all__ = ["Epoch", "Step", "Trainer"]

Array = numpy.ndarray
_SHIFTS = 1  # the streams of a run: 0 orders the examples, 1 moves the images


@dataclass(frozen=True, slots=True)
class Step:
    """One minibatch is done: how many of the run, its loss, the learning rate it had."""

    number: int
    epoch: int
    loss: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch is done; losses in nats, errors as shares of 1, of this epoch.

    The training figures are means over the epoch's minibatches, with dropout
    and while the weights changed; the test figures are of the epoch's end.
    ``seconds`` counts from the start of the run, interruptions left out.
    """

    number: int
    learning_rate: float
    train_loss: float
    train_error: float
    test_loss: float
    test_error: float
    seconds: float


class Trainer:
    """Trains a classifier with Nesterov momentum, step by step.

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

    Attributes
    ----------
    history : list of Epoch
        The epochs so far.
    step : int
        Minibatches done so far.

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
    ) -> None:
        self.network, self.recipe, self.test = network, recipe, test
        self.background = background
        self.params = layers.get_all_params(network, trainable=True)
        self.device = layers.get_device(network)
        self.batches = _batches(train, recipe)
        self.history: list[Epoch] = []
        self.step = 0
        self._schedule = find_schedule(recipe.schedule)
        self._loss_sum, self._wrong = 0.0, 0
        self._seconds, self._since = 0.0, time.perf_counter()
        self._check_shapes(train)

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
        """Minibatches of the whole run."""
        return self.recipe.epochs * len(self.batches)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done and measured."""
        return self.batches.epoch >= self.recipe.epochs

    @property
    def learning_rate(self) -> float:
        """That of the next step."""
        return self.recipe.learning_rate * self._schedule(self.step / self.total_steps)

    def run(self) -> Iterator[Step | Epoch]:
        """Train until the recipe's epochs are done, yielding after each step and epoch.

        The run may be left at any of them and gone on with, here by iterating
        again, or in another process by :meth:`restore`.

        Raises
        ------
        TrainingDiverged
            As soon as a loss or gradient is not finite; the parameters are
            those before that step.
        """
        self._since = time.perf_counter()
        while not self.finished:
            for x, y in self.batches:
                yield self._train_on(x, y)
            yield self._end_epoch()

    def _train_on(self, x: Array, y: Array) -> Step:
        """One step of gradient descent."""
        rate = self.learning_rate
        x = self._moved(x)
        noise = layers.get_all_random_states(self.network)
        prediction, loss, total = self._forward(x, y)
        value = float(loss.item())
        grads = grad(total, self.params)
        if not (numpy.isfinite(value) and all(_finite(g) for g in grads)):
            raise self._diverged(x, y, noise)
        momentum = self.recipe.momentum
        updates.nesterov_momentum(grads, self.params, rate, momentum).apply()
        self._loss_sum += value * len(y)
        self._wrong += int((prediction.numpy().argmax(axis=1) != y).sum())
        self.step += 1
        return Step(self.step, self.batches.epoch + 1, value, rate)

    def _forward(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """The network's output, the loss of the data, and with the penalty."""
        x, y = (asarray(a, device=self.device) for a in (x, y))
        prediction = layers.get_output(self.network, x)
        loss = objectives.categorical_crossentropy(prediction, y).mean()
        if self.recipe.l2 == 0:
            return prediction, loss, loss
        penalty = regularization.regularize_network_params(self.network, regularization.l2)
        return prediction, loss, loss + self.recipe.l2 * penalty

    def _moved(self, x: Array) -> Array:
        """The images of this step, shifted by the recipe's few pixels."""
        most = self.recipe.shift
        if most == 0:
            return x
        rng = stream(self.recipe.seed, _SHIFTS, self.step)
        return shift_images(x, rng.integers(-most, most + 1, (len(x), 2)), self.background)

    def _end_epoch(self) -> Epoch:
        """Measure, and start the sums of the next epoch."""
        result = evaluate(self.network, self.test)
        count = self.batches.count
        record = Epoch(
            self.batches.epoch,
            self.recipe.learning_rate * self._schedule((self.step - 1) / self.total_steps),
            self._loss_sum / count,
            self._wrong / count,
            result.loss,
            result.error,
            round(self.seconds, 3),
        )
        self.history.append(record)
        self._loss_sum, self._wrong = 0.0, 0
        return record

    def _diverged(self, x: Array, y: Array, noise: Mapping[str, Any]) -> TrainingDiverged:
        """The error that says where the NaN or infinity began."""
        layers.set_all_random_states(self.network, noise)
        reason = explain_divergence(lambda: self._forward(x, y)[2], self.params)
        return TrainingDiverged(
            f"training diverged at step {self.step + 1} (epoch {self.batches.epoch + 1}, learning "
            f"rate {self.learning_rate:g}): {reason}; try a lower learning rate"
        )

    # -- leaving and taking up again --------------------------------------

    @property
    def seconds(self) -> float:
        """How long the run has taken, earlier processes included."""
        return self._seconds + time.perf_counter() - self._since

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Everything to go on from here: arrays, and what JSON can hold."""
        records = [[getattr(e, name) for name in Epoch.__slots__] for e in self.history]
        return capture(self.network), {
            "recipe": self.recipe.as_dict(),
            "step": self.step,
            "batches": self.batches.state(),
            "sums": [self._loss_sum, self._wrong],
            "noise": layers.get_all_random_states(self.network),
            "random": random.get_state(),
            "history": records,
            "seconds": self.seconds,
        }

    def restore(self, arrays: Mapping[str, Array], metadata: Mapping[str, Any]) -> None:
        """Go to where :meth:`state` was taken.

        Raises
        ------
        ValueError
            If it is of another recipe (the message names what differs) or
            another network.
        """
        theirs, ours = metadata["recipe"], self.recipe.as_dict()
        different = [k for k in {**theirs, **ours} if theirs.get(k) != ours.get(k)]
        if different:
            pairs = ", ".join(f"{k} was {theirs.get(k)!r}, is {ours.get(k)!r}" for k in different)
            raise ValueError(f"the checkpoint is of another configuration: {pairs}")
        restore(self.network, arrays)
        layers.set_all_random_states(self.network, metadata["noise"])
        random.set_state(metadata["random"])
        self.step = int(metadata["step"])
        self.batches.restore(metadata["batches"])
        self._loss_sum, self._wrong = metadata["sums"]
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


def _finite(g: Any) -> bool:
    """Whether a gradient has neither NaN nor infinity."""
    return bool(numpy.isfinite(g.numpy()).all())
