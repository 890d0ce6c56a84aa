"""Recipes: everything that decides how a run goes, in one frozen record.

Two runs with the same recipe, data and machine end with the same bits. A recipe is what the
flags of ``python -m minitorch train`` and the lines of its TOML file set; the named ones were
chosen on held-out training images (``--validation``), not on the test set.
"""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minitorch.models import MODELS
from minitorch.training.augment import parse_augment
from minitorch.training.precision import find_precision
from minitorch.training.rules import find_rule
from minitorch.training.schedules import find_schedule
from minitorch.utils import did_you_mean

__all__ = [
    "RECIPES",
    "Recipe",
    "check_kinds",
    "command_of",
    "find_recipe",
    "read_config",
    "write_config",
]

_NOT_NEGATIVE = (
    "weight_decay", "clip", "warmup", "shift", "size", "validation", "patience", "seed",
)  # fmt: skip
_BELOW_ONE = ("momentum", "dropout", "label_smoothing", "ema")


def check_kinds(recipe: Any) -> None:
    """The fields of a frozen record; whole numbers do for floats, and become some.

    Raises
    ------
    ValueError
        For a value of another kind: those of a TOML file may be of any.
    """
    for field in dataclasses.fields(recipe):
        value, kind = getattr(recipe, field.name), str(field.type)
        fits: Any = {"str": str, "int": int, "float": (int, float)}[kind]
        if not isinstance(value, fits) or isinstance(value, bool):
            what = {"str": "text", "int": "a whole number", "float": "a number"}[kind]
            raise ValueError(f"recipe: {field.name} is {what}, not {value!r}")
        if kind == "float":
            object.__setattr__(recipe, field.name, float(value))


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train a network.

    Parameters
    ----------
    model : str
        The network's name in :data:`minitorch.models.MODELS`.
    data : str
        The dataset's name, as :func:`minitorch.data.load` takes it.
    weights : str
        A trained network to begin with, as :func:`minitorch.training.open_classifier` takes it: a
        run's folder, a file, a name such as efficientnet_lite0. For other classes it gets a new
        head; images are prepared as it wants them.
    trained : str
        With weights: "all", or "head", the last layer alone.
    epochs : int
        How often each example is seen.
    batch_size : int
        Examples per step.
    learning_rate : float
        The highest one; the schedule multiplies it.
    rule : str
        The update rule, a name of :data:`minitorch.training.RULES`.
    momentum : float
        Of the rules that have one, in [0, 1).
    schedule : str
        How the learning rate changes, a name of :data:`minitorch.training.SCHEDULES`.
    warmup : float
        Epochs over which the learning rate rises evenly to its highest, before the schedule.
    dropout : float
        The probability to drop a unit, in [0, 1); 0 leaves what the model usually has.
    weight_decay : float
        Times the weights, added to their gradient; "adamw" shrinks the weights by it instead.
    label_smoothing : float
        The share of each target that goes to all classes evenly, in [0, 1).
    clip : float
        The norm of all gradients together that is not exceeded; 0 clips nothing.
    ema : float
        The decay of the running average of all weights that is measured and saved in their
        place, in [0, 1); 0 keeps none.
    precision : str
        What products are computed in: "float32", or for GPUs "float16", whose gradients are
        scaled, or "bfloat16"; weights stay float32.
    shift : int
        Training images are moved by up to so many pixels in each direction.
    augment : str
        What else is done to training images, such as "crop:4,reflect"; see ``--help`` for all.
    size : int
        Images are scaled to so many pixels each way; 0 takes them as they are, and files to the
        size that the network was published for.
    validation : int
        How many of the last training images are held out to measure on, instead of the test set.
    patience : int
        Epochs without a lower error after which the training ends, with the best weights; it
        needs held-out images. 0 trains all epochs.
    seed : int
        Of the initial weights, the order, the dropout and the augmentation.

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
    data: str = "mnist"
    weights: str = ""
    trained: str = "all"
    epochs: int = 20
    batch_size: int = 100
    learning_rate: float = 0.05
    rule: str = "nesterov"
    momentum: float = 0.9
    schedule: str = "cosine"
    warmup: float = 0.0
    dropout: float = 0.0
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    clip: float = 0.0
    ema: float = 0.0
    precision: str = "float32"
    shift: int = 0
    augment: str = ""
    size: int = 0
    validation: int = 0
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        check_kinds(self)
        find_rule(self.rule)
        find_schedule(self.schedule)
        find_precision(self.precision)
        parse_augment(self.augment)
        for name in ("epochs", "batch_size"):
            self._require(name, getattr(self, name) >= 1, "at least 1")
        for name in _NOT_NEGATIVE:
            self._require(name, 0 <= getattr(self, name) < math.inf, "not negative")
        for name in _BELOW_ONE:
            self._require(name, 0 <= getattr(self, name) < 1, "in [0, 1)")
        if self.trained not in ("all", "head") or (self.trained == "head" and not self.weights):
            raise ValueError(
                f"recipe: trained is 'all', or with weights 'head', not {self.trained!r}"
            )
        self._require("learning_rate", 0 < self.learning_rate < math.inf, "positive and finite")
        self._require("warmup", self.warmup < self.epochs, f"less than the {self.epochs} epochs")
        if self.validation == 0 and (self.patience or self.schedule == "plateau"):
            what = "patience" if self.patience else "the schedule plateau"
            raise ValueError(
                f"recipe: {what} decides by what is measured, which must not be the test set: hold "
                f"out training images with validation"
            )

    def _require(self, name: str, holds: bool, what: str) -> None:
        """One message for all fields."""
        if not holds:
            raise ValueError(f"recipe: {name} must be {what}, not {getattr(self, name)}")

    def replace(self, **changes: Any) -> Recipe:
        """The recipe with some fields changed; None leaves a field as it is."""
        given = {name: value for name, value in changes.items() if value is not None}
        return dataclasses.replace(self, **given)

    def as_dict(self) -> dict[str, Any]:
        """The fields, for JSON and TOML."""
        return dataclasses.asdict(self)


# One recipe for the three on digits: moving these by a pixel does what dropout and weight decay
# would, and better, on the held-out images.
_NAMED = (
    Recipe("mlp64", epochs=20, shift=1),
    Recipe("mlp256", epochs=20, shift=1),
    Recipe("lenet", epochs=8, shift=1),
    Recipe("lenet", "fashion", epochs=15, shift=1, augment="reflect", weight_decay=5e-4),
    Recipe(
        "resnet20", "fashion", epochs=25, batch_size=128, learning_rate=0.1, weight_decay=5e-4,
        warmup=1.0, augment="crop:2,reflect",
    ),
)  # fmt: skip
RECIPES: dict[tuple[str, str], Recipe] = {(r.model, r.data): r for r in _NAMED}

# For other data, what is usual for a family of networks, by how its names begin. Deep ones
# without normalisation begin as their papers have it; their gradients can be far too long.
_DEEP = {"learning_rate": 0.01, "weight_decay": 5e-4, "clip": 1.0}
_RESIDUAL = {"learning_rate": 0.1, "weight_decay": 1e-4, "batch_size": 128, "warmup": 1.0}
_USUAL: dict[str, dict[str, Any]] = {
    "alexnet": _DEEP,
    "vgg": _DEEP,
    "nin": _DEEP,
    "googlenet": _DEEP,
    "squeezenet": _DEEP,
    "inception": {"rule": "rmsprop", "learning_rate": 0.002, "clip": 2.0, "weight_decay": 4e-5},
    "resnet": _RESIDUAL,
    "preresnet": _RESIDUAL,
    "efficientnet": {"rule": "adamw", "learning_rate": 0.002, "weight_decay": 0.01, "warmup": 1.0},
}


def find_recipe(model: str, data: str = "mnist") -> Recipe:
    """The recipe for a network on a dataset: the one chosen for the two, else the usual one.

    Raises
    ------
    ValueError
        If there is no such model, with close names, or it is no classifier.

    Examples
    --------
    >>> find_recipe("lenet").shift, find_recipe("resnet20", "cifar10").learning_rate
    (1, 0.1)
    """
    if model not in MODELS:
        raise ValueError(f"no model named {model!r}; {did_you_mean(model, MODELS)}")
    if not MODELS[model].classifies:
        able = [name for name, entry in MODELS.items() if entry.classifies]
        raise ValueError(f"{model} gives pictures, not classes; {did_you_mean(model, able)}")
    if (model, data) in RECIPES:
        return RECIPES[model, data]
    usual = next((v for name, v in _USUAL.items() if model.startswith(name)), {})
    epochs = usual.get("epochs", 20)
    return Recipe(model, data, **{**usual, "epochs": epochs})


def command_of(recipe: Any, usual: Mapping[str, Any] | None = None) -> list[str]:
    """The shortest command that trains by a recipe.

    Parameters
    ----------
    recipe : Recipe
        Or another record with a ``model`` and ``as_dict``.
    usual : mapping, optional
        Settings that the command need not name. Default: those that the model is trained with.

    Examples
    --------
    >>> command_of(find_recipe("lenet", "fashion").replace(seed=2))[3:]
    ['train', 'lenet', '--data', 'fashion', '--seed', '2']
    """
    if usual is None:
        usual = _usual(recipe)
    words = ["python", "-m", "minitorch", "train", recipe.model]
    for name, value in recipe.as_dict().items():
        if name != "model" and value != usual[name]:
            words += ["--" + name.replace("_", "-"), str(value)]
    return words


def _usual(recipe: Recipe) -> dict[str, Any]:
    """The settings of a command that names the model and the data only."""
    if recipe.model in MODELS and MODELS[recipe.model].classifies:
        return find_recipe(recipe.model, recipe.data).as_dict() | {"data": "mnist"}
    return Recipe(recipe.model).as_dict()


def read_config(path: str | Path, record: type = Recipe) -> dict[str, Any]:
    """The fields of a recipe in a TOML file; ``record`` is the kind of recipe.

    Raises
    ------
    ValueError
        If it is no TOML, or has a line that no recipe has; close names are given.
    OSError
        If it cannot be read.
    """
    try:
        found = tomllib.loads(Path(path).read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: this is no TOML: {error}") from None
    known = [field.name for field in dataclasses.fields(record)]
    for name in found:
        if name not in known:
            raise ValueError(f"{path}: a recipe has no {name!r}; {did_you_mean(name, known)}")
    return found


def write_config(recipe: Any) -> str:
    """The TOML of a recipe: a line per field.

    Examples
    --------
    >>> write_config(find_recipe("lenet")).splitlines()[:2]
    ['model = "lenet"', 'data = "mnist"']
    """
    # JSON's strings and numbers are TOML's too.
    lines = [f"{name} = {json.dumps(value)}" for name, value in recipe.as_dict().items()]
    return "\n".join(lines) + "\n"
