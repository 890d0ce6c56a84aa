"""Passes that are made again and again: captured programs on the CPU, eager on other devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from minitorch import CaptureError, asarray, function, grad, layers, no_grad
from minitorch.autograd import Tensor
from minitorch.look.rectifiers import Rule, waking
from minitorch.look.subject import Score, Subject

__all__ = ["Answers", "Uphill"]

Array = numpy.ndarray


class Program:
    """Calls a function of one tensor, by replaying it where that can be done.

    A layer that reads values in Python cannot be captured (``CaptureError``); a network with one is
    computed as it is.
    """

    def __init__(self, compute: Callable[[Tensor], list[Tensor]], device: str) -> None:
        self._compute, self._device = compute, device
        self._captured = function(compute) if device == "cpu" else None

    def __call__(self, x: Array) -> list[Tensor]:
        if self._captured is not None:
            try:
                found: list[Tensor] = self._captured(x)
                return found
            except CaptureError:
                self._captured = None
        return self._compute(asarray(x, device=self._device))


class Uphill:
    """Which way a score rises: (d score / d x, the score), for images of any one size at a time.

    While the gradient is nothing but zeros, as that of a unit that is not active, rectifiers let
    what would wake the unit through.

    Parameters
    ----------
    subject : Subject
    score : callable
        See :meth:`Subject.score`.
    stop : Layer, optional
        The score needs no layers behind it.
    """

    def __init__(self, subject: Subject, score: Score, stop: Any = None) -> None:
        def passing(rule: Rule | None) -> Program:
            def compute(x: Tensor) -> list[Tensor]:
                x = x.detach().requires_grad_()
                value = score(subject.values(x, stop, rule))
                return [grad(value, x), value]

            return Program(compute, subject.device)

        self._usual, self._waking = passing(None), passing(waking)

    def __call__(self, x: Array) -> tuple[Array, float]:
        gradient, value = self._usual(x)
        if not gradient.numpy().any():
            gradient, value = self._waking(x)
        return gradient.numpy(), float(value.item())


class Answers:
    """Classes' probabilities, as :meth:`Subject.probabilities`, of many batches of one size.

    Parameters
    ----------
    subject : Subject
    size : int
        Of the batches that will be most of the work; they are cut to what the memory is good for.
    """

    def __init__(self, subject: Subject, size: int) -> None:
        def compute(x: Tensor) -> list[Tensor]:
            return [layers.get_output(subject.network, x, deterministic=True)]

        self._subject, self._program = subject, Program(compute, subject.device)
        self.size = min(size, subject.at_a_time)

    def __call__(self, x: Array) -> Array:
        whole = len(x) - len(x) % self.size
        with no_grad():
            parts: Sequence[Array] = [
                self._program(x[start : start + self.size])[0].numpy().reshape(self.size, -1)
                for start in range(0, whole, self.size)
            ]
        found = [self._subject.as_probabilities(part) for part in parts]
        if whole < len(x):
            found.append(self._subject.probabilities(x[whole:]))
        out: Array = numpy.concatenate(found)
        return out
