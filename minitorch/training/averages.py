"""A running average of a network's weights, which often classifies better than the last ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy

from minitorch import asarray, no_grad
from minitorch.training.state import named_params, set_params

__all__ = ["WeightAverage", "with_values"]

Array = numpy.ndarray


class WeightAverage:
    """Exponentially decaying averages of all parameters, running statistics too.

    Parameters
    ----------
    network : Layer
    decay : float
        In [0, 1).

    Notes
    -----
    After step t, a <- d a + (1 - d) p with d = min(decay, (1 + t) / (10 + t)): the first
    averages forget the random start quickly.

    References
    ----------
    B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.

    Examples
    --------
    >>> from minitorch.models import build_mlp
    >>> average = WeightAverage(build_mlp((3,)), decay=0.99)
    >>> average.add(step=1)
    >>> sorted(average.values())[0]
    '000.dense1.W'
    """

    def __init__(self, network: Any, decay: float) -> None:
        self._params = named_params(network)
        self._decay = decay
        with no_grad():
            self._average = {name: p.detach() * 1 for name, p in self._params.items()}

    def add(self, step: int) -> None:
        """Take in the parameters after a step, counted from 1."""
        decay = min(self._decay, (1 + step) / (10 + step))
        with no_grad():
            for name, p in self._params.items():
                old = self._average[name]
                self._average[name] = old + (p.detach() - old) * (1 - decay)

    def values(self) -> dict[str, Array]:
        """The averages, by the parameters' names in files."""
        return {name: value.numpy() for name, value in self._average.items()}

    def restore(self, values: Mapping[str, Array]) -> None:
        """Go on from what :meth:`values` gave."""
        for name, p in self._params.items():
            self._average[name] = asarray(values[name], device=p.device)


@contextlib.contextmanager
def with_values(network: Any, values: Mapping[str, Array] | None) -> Iterator[None]:
    """The network with other values for all of its parameters meanwhile; None changes nothing."""
    if values is None:
        yield
        return
    last = {name: p.get_value() for name, p in named_params(network).items()}
    set_params(network, values, "the other values")
    try:
        yield
    finally:
        set_params(network, last, "the last values")
