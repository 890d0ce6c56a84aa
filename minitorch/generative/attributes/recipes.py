"""Everything that decides how attributes are learned, in one frozen record."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from minitorch.generative.recipes import check_numbers
from minitorch.training.recipes import check_kinds

__all__ = ["AttributeRecipe"]

_POSITIVE = (
    "size", "width", "levels", "epochs", "batch_size", "discriminator_steps", "learning_rate"
)  # fmt: skip
_BELOW_ONE = ("beta1", "beta2", "ema")


@dataclass(frozen=True, slots=True)
class AttributeRecipe:
    """How to train an editor of attributes.

    Parameters
    ----------
    model : str
        "attributes".
    data : str
        emoji-people, or a folder of images with a table of attributes as CelebA has.
    attributes : str
        Those to edit, their names with commas between; default: skin,gender, or all of a table.
    images : int
        How many of a table's images to read; 0: all.
    size : int
        Pixels each way that images are scaled to.
    width : int
        Filters of the layers next to the image.
    levels : int
        How often the encoder halves the image.
    epochs : int
        How often the discriminator sees each example.
    batch_size : int
        Examples per step.
    discriminator_steps : int
        Steps of the discriminator for each of the editor.
    learning_rate : float
        Of Adam, for both.
    beta1 : float
        The decay of Adam's mean, in [0, 1).
    beta2 : float
        The decay of Adam's mean square, in [0, 1).
    ema : float
        The decay of the averages of the editor's weights that edits are made with; 0: the last.
    penalty : float
        Weight of the critic's gradient penalty.
    adversarial : float
        Weight of looking real, in the editor's loss.
    reconstruction : float
        Weight of the mean absolute error, where the attributes stay as they are.
    classified : float
        Weight of having the wanted attributes, in the editor's loss.
    change : float
        Weight of the mean absolute change by an edit.
    noise : float
        Standard deviation of the noise that the discriminator's images get, from -1 to 1.
    shift : int
        Most pixels that training images are moved each way; they are mirrored as well.
    seed : int
        Of weights, edits and order.

    Raises
    ------
    ValueError
        For a number out of range.

    Examples
    --------
    >>> AttributeRecipe().replace(attributes="skin").attribute_names
    ('skin',)
    """

    model: str = "attributes"
    data: str = "emoji-people"
    attributes: str = ""
    images: int = 0
    size: int = 64
    width: int = 16
    levels: int = 4
    epochs: int = 100
    batch_size: int = 16
    discriminator_steps: int = 1
    learning_rate: float = 2e-3
    beta1: float = 0.5
    beta2: float = 0.99
    ema: float = 0.995
    penalty: float = 10.0
    adversarial: float = 1.0
    reconstruction: float = 100.0
    classified: float = 10.0
    change: float = 5.0
    noise: float = 0.2
    shift: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model != "attributes":
            raise ValueError(f"recipe: these are settings of attributes, not of {self.model}")
        check_kinds(self)
        check_numbers(self, _POSITIVE, _BELOW_ONE)
        if self.shift >= self.size:
            raise ValueError(f"recipe: shift is below the size, {self.size}, not {self.shift}")

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """The names in ``attributes``."""
        return tuple(name.strip() for name in self.attributes.split(",") if name.strip())

    def as_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return dataclasses.asdict(self)

    def replace(self, **changes: Any) -> AttributeRecipe:
        """The recipe with other settings."""
        return dataclasses.replace(self, **changes)
