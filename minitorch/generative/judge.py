"""The classifier that scores samples: a LeNet, trained on the same images."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from minitorch import io, layers, random
from minitorch.data.dataset import Dataset
from minitorch.generative.score import Scorer
from minitorch.io.arrays import FileFormatError
from minitorch.models import build
from minitorch.training.recipes import Recipe
from minitorch.training.trainer import Trainer

__all__ = ["NAME", "open_judge", "open_scorer", "train_judge"]

NAME = "judge.safetensors"  # of its file in a run's folder


def train_judge(
    train: Dataset, test: Dataset, steps: int = 1800, seed: int = 0
) -> tuple[Any, float]:
    """A LeNet for images from -1 to 1, of 16 x 16 pixels or more.

    Parameters
    ----------
    train, test : Dataset
        Images as float32 from -1 to 1; ``test`` is only measured on.
    steps : int
        Of 100 images each, at least; the last epoch is completed. 1800 are three epochs of MNIST.
    seed : int

    Returns
    -------
    (Layer, float)
        The network and its error on the test images.
    """
    state = random.get_state()  # of a run that this one is an aside of
    random.seed(seed)
    network = build("lenet", num_classes=train.classes, input_shape=train.x.shape[1:])
    epochs = math.ceil(steps / math.ceil(len(train) / 100))
    recipe = Recipe("lenet", epochs=epochs, batch_size=100, rule="adam", learning_rate=1e-3)
    trainer = Trainer(network, recipe.replace(seed=seed), train, test)
    for _ in trainer.run():
        pass
    random.set_state(state)
    return network, trainer.history[-1].test_error


def open_scorer(
    path: str | Path, train: Dataset, test: Dataset, about: str, most: int, steps: int = 1800
) -> Scorer:
    """The scorer of a file, trained and written there first if there is none for these data.

    Parameters
    ----------
    path : str or Path
    train, test : Dataset
        As for :func:`train_judge`; every other test image, ``most`` at most, is a real one to
        compare with; the rest may be scored.
    about : str
        What says which data they are; a file of others is written anew.
    most : int
    steps : int
        Of its training, if there is any.

    Returns
    -------
    Scorer
    """
    path = Path(path)
    if path.exists() and io.read_about(path).get("data") == about:
        network = io.load(path, restore_generator=False)
    else:
        network, error = train_judge(train, test, steps)
        io.save(network, path, about={"data": about, "error": error}, optimiser=False)
    layers.to_device(network, "cpu")
    return Scorer(network, test.x[::2][:most])


def open_judge(folder: str | Path) -> Any:
    """The classifier that a run's samples were scored by.

    Parameters
    ----------
    folder : str or Path
        Of the run.

    Returns
    -------
    Layer

    Raises
    ------
    FileFormatError
        If there is none, or its file is damaged.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise FileFormatError(
            f"{folder}: there is no {NAME}, which says what samples are of; the command that "
            f"trained the run makes it, if --scored is not 0"
        )
    return io.load(path, restore_generator=False)
