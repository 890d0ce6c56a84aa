"""Everything that decides how a fast network of a style comes out, in one frozen record."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from minitorch.style.loss_network import POOLINGS
from minitorch.training.recipes import check_kinds
from minitorch.utils import did_you_mean

__all__ = ["MULTIPLE", "StyleRecipe"]

MULTIPLE = 4  # the network halves pictures twice and doubles them twice
_LEAST = 32  # pixels of a crop: the loss network's fourth stage then sees 4 x 4 places
_AT_LEAST_1 = ("style_size", "width", "blocks", "epochs", "epoch_steps", "batch_size")
_WEIGHTS = ("content_weight", "style_weight", "variation_weight")


@dataclass(frozen=True, slots=True)
class StyleRecipe:
    """How to train a network that paints photographs in one style.

    Parameters
    ----------
    style : str
        The picture whose style is learned, a file.
    photos : str
        Photographs to learn on: a folder of images, or a dataset's name as
        :func:`minitorch.data.load` takes it.
    weights : str
        Of the loss network, as ``style --weights`` takes them; by default those of a package.
    pooling : str
        Of the loss network: "max", which its weights were trained with, or "average".
    content_layer : str
        Where a painting is to have the photograph's features.
    style_layers : str
        Where it is to have the style's correlations of features, all counting alike.
    content_weight : float
        How much of the photograph stays.
    style_weight : float
        How much of the style comes.
    variation_weight : float
        How smooth paintings are.
    size : int
        Pixels each way of the crops that are learned from, a multiple of 4.
    style_size : int
        The longer side of the style's picture: strokes get the size that they have there.
    width : int
        Filters of the first convolution; those behind it have twice and four times as many.
    blocks : int
        Residual blocks.
    epochs : int
        How often held-out photographs are painted and judged.
    epoch_steps : int
        Steps from one time to the next.
    batch_size : int
        Crops per step.
    learning_rate : float
        Of Adam.
    seed : int
        Of weights and crops.

    Raises
    ------
    ValueError
        For a value of another kind, out of range, or an unknown pooling.

    Examples
    --------
    >>> StyleRecipe("starry.jpg", "photos", epochs=3).total_steps
    300
    """

    style: str
    photos: str
    weights: str = ""
    pooling: str = "max"
    content_layer: str = "relu3_3"
    style_layers: str = "relu1_2,relu2_2,relu3_3,relu4_3"
    content_weight: float = 0.15
    style_weight: float = 1.0
    variation_weight: float = 0.0
    size: int = 256
    style_size: int = 256
    width: int = 32
    blocks: int = 5
    epochs: int = 40
    epoch_steps: int = 100
    batch_size: int = 4
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        check_kinds(self)
        if self.pooling not in POOLINGS:
            hint = did_you_mean(self.pooling, POOLINGS)
            raise ValueError(f"recipe: no pooling {self.pooling!r}; {hint}")
        if self.size < _LEAST or self.size % MULTIPLE:
            raise ValueError(
                f"recipe: size is a multiple of {MULTIPLE} and at least {_LEAST}, not {self.size}"
            )
        for name in _AT_LEAST_1:
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"recipe: {name} is at least 1, not {value}")
        for name in (*_WEIGHTS, "seed"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise ValueError(f"recipe: {name} is 0 or more, not {value}")
        if not self.style_weight:
            raise ValueError("recipe: without style_weight there is no style to learn")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"recipe: learning_rate is above 0, not {self.learning_rate}")

    @property
    def model(self) -> str:
        """What is trained, in messages."""
        return f"the style of {self.style}"

    @property
    def total_steps(self) -> int:
        """Of the whole run."""
        return self.epochs * self.epoch_steps

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return dataclasses.asdict(self)
