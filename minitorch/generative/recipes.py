"""Everything that decides how an adversarial run goes, in one frozen record."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minitorch.generative.objectives import OBJECTIVES
from minitorch.generative.registry import find_gan
from minitorch.training.recipes import check_kinds
from minitorch.utils import did_you_mean

__all__ = ["GanRecipe", "check_numbers", "find_gan_recipe"]

_POSITIVE = ("latent", "epochs", "batch_size", "discriminator_steps", "learning_rate")
_BELOW_ONE = ("beta1", "beta2", "ema", "smooth")


def check_numbers(recipe: Any, positive: Sequence[str], below_one: Sequence[str]) -> None:
    """No number of a record is negative; those named are positive, or below 1: ValueError."""
    for field in dataclasses.fields(recipe):
        name, value = field.name, getattr(recipe, field.name)
        if isinstance(value, str):
            continue
        if not math.isfinite(value) or value < 0 or (name in positive and value == 0):
            least = "positive" if name in positive else "not negative"
            raise ValueError(f"recipe: {name} is a {least} number, not {value}")
        if name in below_one and value >= 1:
            raise ValueError(f"recipe: {name} is below 1, not {value}")


@dataclass(frozen=True, slots=True)
class GanRecipe:
    """How to train a generator and a discriminator.

    Parameters
    ----------
    model : str
        A name in :data:`minitorch.generative.GANS`.
    data : str
        The dataset's name, as :func:`minitorch.data.load` takes it.
    size : int
        Pixels each way that images are scaled to; 0: as they come.
    latent : int
        Length of the noise vectors.
    width : int
        Filters of the convolutions next to the image; 0: the builder's. Dense pairs have none.
    epochs : int
        How often the discriminator sees each example.
    batch_size : int
        Examples per step.
    discriminator_steps : int
        Steps of the discriminator for each of the generator (the k of algorithm 1).
    learning_rate : float
        Of Adam, for both.
    beta1 : float
        The decay of Adam's mean, in [0, 1).
    beta2 : float
        The decay of Adam's mean square, in [0, 1).
    objective : str
        What the generator minimises: non_saturating, saturating or wasserstein.
    penalty : float
        Weight of the gradient penalty; 0: none.
    ema : float
        The decay of the running average of the generator's weights, in [0, 1), which samples
        are of; 0: they are of the last weights.
    smooth : float
        One-sided label smoothing: real is 1 - smooth, in [0, 1).
    seed : int
        Of weights, noise and order.

    Raises
    ------
    ValueError
        For a name that is unknown or a number out of range.

    Examples
    --------
    >>> find_gan_recipe("wgan_gp").discriminator_steps
    5
    """

    model: str
    data: str = "mnist"
    size: int = 0
    latent: int = 100
    width: int = 0
    epochs: int = 10
    batch_size: int = 64
    discriminator_steps: int = 1
    learning_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    objective: str = "non_saturating"
    penalty: float = 0.0
    ema: float = 0.0
    smooth: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_kinds(self)
        entry = find_gan(self.model)
        if self.objective not in OBJECTIVES:
            hint = did_you_mean(self.objective, OBJECTIVES)
            raise ValueError(f"recipe: no objective named {self.objective!r}; {hint}")
        check_numbers(self, _POSITIVE, _BELOW_ONE)
        if self.width and "width" not in inspect.signature(entry.generator).parameters:
            raise ValueError(f"recipe: {self.model} is made of dense layers and has no width")
        if self.penalty and entry.norm:
            raise ValueError(
                f"recipe: a gradient penalty is of each image alone, and {self.model}'s "
                f"discriminator normalises batches or drops units; use wgan_gp"
            )

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return dataclasses.asdict(self)

    def replace(self, **changes: Any) -> GanRecipe:
        """The recipe with other settings."""
        return dataclasses.replace(self, **changes)


def find_gan_recipe(model: str, given: Mapping[str, Any] | None = None) -> GanRecipe:
    """The settings of that model's paper, but for those that are given."""
    return GanRecipe(**{**find_gan(model).settings, **(given or {}), "model": model})
