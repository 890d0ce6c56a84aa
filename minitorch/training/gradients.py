"""One step's loss and gradients: eager, or as a program that is replayed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy

from minitorch import asarray, autocast, function, grad, layers, objectives
from minitorch.distributed import GradientAverager, Shard

__all__ = ["Gradients", "SharedGradients", "norm_of"]

Array = numpy.ndarray


class Gradients:
    """Computes the loss of a batch, what was predicted, and the gradients of the loss.

    Parameters
    ----------
    network : Layer
    params : sequence of Parameter
        Those that the gradients are taken with respect to.
    label_smoothing : float
        The share of each target that goes to all classes evenly.
    captured : int
        Batches of so many examples are computed by a captured program
        (:func:`minitorch.function`), others eagerly; 0 captures none. Only on the CPU.
    precision : str
        What products are computed in: see :class:`minitorch.autocast`.

    Notes
    -----
    With smoothing s, targets are (1 - s) one-hot + s / classes [1]_.

    A program's first call is an eager one that is watched, and differs from a replay in the
    last bits. So that a run that is resumed ends with the same bits, its results are
    dropped, what it moved (running averages, the noise's places) is put back, and the batch
    replayed.

    References
    ----------
    .. [1] C. Szegedy and others, "Rethinking the inception architecture for computer vision",
       2015, 7.
    """

    def __init__(
        self,
        network: Any,
        params: Sequence[Any],
        label_smoothing: float = 0.0,
        captured: int = 0,
        precision: str = "float32",
    ) -> None:
        self.network, self.params = network, list(params)
        self.device = layers.get_device(network)
        self._smoothing = label_smoothing
        self._cast = autocast(precision)
        self._classes = network.output_shape[1]
        self._captured = captured if self.device == "cpu" else 0
        self._program = function(self._compute)
        self._traced = False

    def __call__(
        self, x: Array, y: Array, scale: float | None = None
    ) -> tuple[float, Array, int, list[Any]]:
        """Loss in nats, predicted classes, how many of them are wrong, gradients.

        With ``scale`` the backward has the gradients times that.
        """
        given = [x, self.targets(y)]
        if scale is None:
            loss, predicted, *grads = self._run(given)
        else:
            given.append(numpy.array(scale, numpy.float32))
            with numpy.errstate(over="ignore", invalid="ignore"):  # the caller looks for it
                loss, predicted, *grads = self._run(given)
        answers = predicted.numpy()
        return float(loss.item()), answers, int((answers != y).sum()), grads

    def _run(self, given: Sequence[Array]) -> Any:
        """By the program, or eagerly."""
        if len(given[0]) != self._captured:
            return self._compute(*(asarray(a, device=self.device) for a in given))
        if not self._traced:
            self._trace(given)
        return self._program(*given)

    def targets(self, y: Array) -> Array:
        """Labels, or distributions if they are to be smoothed."""
        if self._smoothing == 0:
            return y
        rows = numpy.full((len(y), self._classes), self._smoothing / self._classes, numpy.float32)
        rows[numpy.arange(len(y)), y] += 1 - self._smoothing
        return rows

    def loss(self, x: Array, y: Array) -> Any:
        """The loss alone, with its graph."""
        return self._loss(*(asarray(a, device=self.device) for a in (x, self.targets(y))))[0]

    def _loss(self, x: Any, targets: Any) -> tuple[Any, Any]:
        with self._cast:
            prediction = layers.get_output(self.network, x)
            loss = objectives.categorical_crossentropy(prediction, targets).mean()
        return loss, prediction

    def _compute(self, x: Any, targets: Any, scale: Any = None) -> list[Any]:
        """What is captured."""
        loss, prediction = self._loss(x, targets)
        if scale is None:
            grads = grad(loss, self.params)
        else:
            grads = [g / scale for g in grad(loss * scale, self.params)]
        return [loss, prediction.argmax(axis=1), *grads]

    def _trace(self, given: Sequence[Array]) -> None:
        """Make the program, leaving the network as it was."""
        moved = layers.get_all_params(self.network, trainable=False)
        values = [p.get_value() for p in moved]
        noise = layers.get_all_random_states(self.network)
        self._program(*given)
        for p, value in zip(moved, values, strict=True):
            p.set_value(value)
        layers.set_all_random_states(self.network, noise)
        self._traced = True


class SharedGradients(Gradients):
    """The same on several ranks: each has a part of the batch, all get the whole batch's figures.

    Predicted classes are those of the rank's own rows. All is eager, so that sums travel while
    the backward runs.

    Parameters
    ----------
    network, params, label_smoothing, precision
        See :class:`Gradients`.
    batches : Shard
        Where the batches come from.
    """

    def __init__(
        self,
        network: Any,
        params: Sequence[Any],
        label_smoothing: float,
        precision: str,
        batches: Shard,
    ) -> None:
        super().__init__(network, params, label_smoothing, precision=precision)
        self._batches = batches
        self._average = GradientAverager(self.params, batches.group)

    def __call__(
        self, x: Array, y: Array, scale: float | None = None
    ) -> tuple[float, Array, int, list[Any]]:
        """As :meth:`Gradients.__call__`."""
        weight = self._batches.weight
        given = (asarray(a, device=self.device) for a in (x, self.targets(y)))
        with layers.part_of_batch(self._batches.part):
            loss, prediction = self._loss(*given)
        answers = prediction.numpy().argmax(axis=1)
        wrong = float((answers != y).sum()) if weight else 0.0
        figures = numpy.array([weight * float(loss.item()), wrong])
        summed = self._batches.group.start_sum(figures)
        grads = self._average(loss if scale is None else loss * scale, weight)
        summed.wait()
        if scale is not None:
            grads = [g / scale for g in grads]
        return float(figures[0]), answers, int(figures[1]), grads


def norm_of(grads: list[Any]) -> float:
    """The norm of all gradients together; NaN or infinite if an element is."""
    total = 0.0
    for g in grads:
        flat = g.numpy().ravel()
        with numpy.errstate(over="ignore", invalid="ignore"):
            square = float(numpy.dot(flat, flat))
        # Squares overflow where the numbers themselves do not.
        if square == math.inf and numpy.isfinite(flat).all():
            square = float(numpy.square(flat, dtype=numpy.float64).sum())
        total += square
    return math.sqrt(total)
