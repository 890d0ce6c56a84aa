"""Functions of a batch on networks that are trained: eager, or as programs that are replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from minitorch import asarray, function, layers

__all__ = ["Programs"]

Array = numpy.ndarray


class Programs:
    """Calls functions of arrays, of whole batches as programs (:func:`minitorch.function`).

    Parameters
    ----------
    networks : list of Layer
        What the functions may move: running averages, the noise's places.
    batch_size : int
        Batches of so many rows are captured; 0: none is. Only on the CPU.

    Notes
    -----
    A program's first call is an eager one and differs in its last bits. Its results are
    dropped, what it moved is put back, and the batch replayed: a resumed run ends with the
    same bits (see :class:`minitorch.training.gradients.Gradients`).
    """

    def __init__(self, networks: Sequence[Any], batch_size: int) -> None:
        self._networks = list(networks)
        self.device = layers.get_device(self._networks[0])
        self._whole = batch_size if self.device == "cpu" else 0
        self._programs: dict[Callable[..., Any], Callable[..., Any]] = {}

    def __call__(self, compute: Callable[..., Any], given: Sequence[Array]) -> Any:
        """What ``compute`` gives for tensors of these arrays."""
        if len(given[0]) != self._whole:
            return compute(*self.tensors(*given))
        if compute not in self._programs:
            self._programs[compute] = self._traced(function(compute), given)
        return self._programs[compute](*given)

    def _traced(self, program: Callable[..., Any], given: Sequence[Array]) -> Callable[..., Any]:
        """Make the program, leaving the networks as they were."""
        moved = layers.get_all_params(self._networks, trainable=False)
        values = [p.get_value() for p in moved]
        noise = layers.get_all_random_states(self._networks)
        program(*given)
        for p, value in zip(moved, values, strict=True):
            p.set_value(value)
        layers.set_all_random_states(self._networks, noise)
        return program

    def tensors(self, *given: Array) -> tuple[Any, ...]:
        """Arrays on the networks' device."""
        return tuple(asarray(a, device=self.device) for a in given)
