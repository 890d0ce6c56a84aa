"""What the registry keeps of a network: how to build it, where it comes from, where weights are."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minitorch.layers import count_params, summary
from minitorch.parameter import without_values
from minitorch.utils import did_you_mean

__all__ = ["Model"]


@dataclass(frozen=True)
class Model:
    """A network by its name.

    Parameters
    ----------
    name : str
    builder : callable
        From keyword settings to the output layer.
    input_shape : tuple of int, (channels, rows, columns)
        Of one example, as the source has it.
    paper : str
        Authors, title, year.
    weights : str
        Files or packages that hold trained weights; empty if none are known.

    Examples
    --------
    >>> from minitorch.models import MODELS
    >>> MODELS["lenet"].figures()
    {'parameters': 233196, 'multiply_adds': 2095360, 'layers': 7}
    """

    name: str
    builder: Callable[..., Any]
    input_shape: tuple[int, ...]
    paper: str
    weights: str = ""

    def build(self, **options: Any) -> Any:
        """The network; TypeError with close names for settings that it does not have."""
        known = inspect.signature(self.builder).parameters
        for option in options:
            if option not in known:
                hint = did_you_mean(option, known, otherwise="its settings are")
                raise TypeError(f"{self.name} has no setting {option!r}; {hint}")
        return self.builder(**options)

    @property
    def classifies(self) -> bool:
        """Whether its outputs are the probabilities of as many classes as one likes."""
        return "num_classes" in inspect.signature(self.builder).parameters

    def figures(self) -> dict[str, int | None]:
        """Trained parameters, multiply-adds for one example, layers; no weights are drawn."""
        with without_values():
            network = self.build()
        found = summary(network)
        return {
            "parameters": count_params(network, trainable=True),
            "multiply_adds": found.multiply_adds,
            "layers": len(found.lines),
        }
