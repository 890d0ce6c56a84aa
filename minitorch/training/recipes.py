"""Recipes: everything that decides how a run goes, in one frozen record.

Two runs with the same recipe, data and machine end with the same bits. The
three named recipes reach the lecture's table; they were chosen on the last
10,000 training images, held out (``--validation 10000``), not on the test set.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from minitorch.training.schedules import find_schedule
from minitorch.utils import did_you_mean

__all__ = ["RECIPES", "Recipe", "find_recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train a network.

    Parameters
    ----------
    model : str
        The network's name in :data:`minitorch.models.MODELS`.
    epochs : int
        How often each example is seen.
    batch_size : int
    learning_rate : float
        The highest one; the schedule multiplies it.
    momentum : float
        Of Nesterov's rule, in [0, 1).
    schedule : str
        A name of :data:`minitorch.training.SCHEDULES`.
    dropout : float
        The probability to drop a unit, in [0, 1); see the model.
    l2 : float
        The coefficient of the sum of squares of all weights in the loss.
    shift : int
        Training images are moved by up to so many pixels in each direction.
    validation : int
        How many of the last training images are held out to validate on,
        instead of the test set.
    seed : int
        Of the initial weights, the order, the dropout and the shifts.

    Raises
    ------
    ValueError
        For a value out of range.

    Examples
    --------
    >>> find_recipe("mlp64").replace(epochs=3).epochs
    3
    """

    model: str
    epochs: int = 20
    batch_size: int = 100
    learning_rate: float = 0.05
    momentum: float = 0.9
    schedule: str = "cosine"
    dropout: float = 0.0
    l2: float = 0.0
    shift: int = 0
    validation: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        find_schedule(self.schedule)
        for name in ("epochs", "batch_size"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in ("shift", "validation", "seed", "l2"):
            self._require(name, getattr(self, name) >= 0, "not negative")
        for name in ("momentum", "dropout"):
            self._require(name, 0 <= getattr(self, name) < 1, "in [0, 1)")
        self._require("learning_rate", 0 < self.learning_rate < float("inf"), "positive and finite")

    def _require(self, name: str, holds: bool, what: str) -> None:
        """One message for all fields."""
        if not holds:
            raise ValueError(f"recipe: {name} must be {what}, not {getattr(self, name)}")

    def replace(self, **changes: Any) -> Recipe:
        """The recipe with some fields changed; None leaves a field as it is."""
        given = {name: value for name, value in changes.items() if value is not None}
        return dataclasses.replace(self, **given)

    def as_dict(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return dataclasses.asdict(self)


# One recipe for all three: moving the digits by a pixel does what dropout and weight decay
# would, and better, on the held-out images.
RECIPES: dict[str, Recipe] = {
    "mlp64": Recipe("mlp64", epochs=20, shift=1),
    "mlp256": Recipe("mlp256", epochs=20, shift=1),
    "lenet": Recipe("lenet", epochs=8, shift=1),
}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name; ValueError with close names otherwise."""
    if name in RECIPES:
        return RECIPES[name]
    raise ValueError(f"no recipe named {name!r}; {did_you_mean(name, RECIPES)}")
