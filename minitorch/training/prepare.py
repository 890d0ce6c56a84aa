"""The data of a run: loaded, held out, scaled, standardised, augmented as its recipe says."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from minitorch.data import (
    DATASETS,
    Dataset,
    ImageFiles,
    Pipeline,
    Preprocessing,
    Standardiser,
    load,
)
from minitorch.data.batches import stream
from minitorch.data.resample import resize
from minitorch.data.transforms import Crop, ResizeShort
from minitorch.models import MODELS
from minitorch.training.augment import augmentation
from minitorch.training.recipes import Recipe

__all__ = ["Prepared", "digest_of", "prepare", "sized"]

Array = numpy.ndarray
_SAMPLE = 2000  # images of a folder whose figures stand for all
_HELD_OUT = 2  # the stream that chooses held-out examples; the trainer has 0 and 1


@dataclass(frozen=True, eq=False)
class Prepared:
    """The data of a run.

    Attributes
    ----------
    train : Dataset or Pipeline
        Standardised.
    test, raw_test : Dataset
        What is measured on, standardised and as bytes.
    standardiser : Standardiser
    background : float
        The value of an empty pixel, standardised.
    class_names : tuple of str
    fingerprint : str
        Of the content.
    against : str
        What is measured on: "test" or "validation".
    short : int or None
        To what image files' shorter side was scaled, before their middle was cut out.
    """

    train: Dataset | Pipeline
    test: Dataset
    raw_test: Dataset
    standardiser: Standardiser
    background: float
    class_names: tuple[str, ...]
    fingerprint: str
    against: str
    short: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image that goes into the network."""
        return tuple(self.test.x.shape[1:])


def prepare(
    recipe: Recipe,
    data_dir: str | Path | None = None,
    workers: int = 0,
    start: Preprocessing | None = None,
) -> Prepared:
    """The data that a recipe names, as it wants them.

    Parameters
    ----------
    recipe : Recipe
        Its data, size, augment, validation, batch_size and seed.
    data_dir : str or Path, optional
        Where the files are; see :func:`minitorch.data.load`.
    workers : int
        Processes that make batches; they change no result.
    start : Preprocessing, optional
        Of the network that the run begins with: images get its size and channels, and are
        standardised as it wants them, not by their own figures.

    Returns
    -------
    Prepared

    Raises
    ------
    DataError
        For data that are missing, damaged, or no images where these are needed.
    """
    size = recipe.size if start is None else start.input_shape[-1]
    train, test = load(recipe.data, data_dir, size)
    if recipe.validation:
        train, test = _split(train, recipe.validation, recipe.seed)
    if start is not None:
        train, test = (_coloured(data, start) for data in (train, test))
    entry = DATASETS.get(recipe.data)
    empty = entry.background if entry else 0
    size = size or (MODELS[recipe.model].input_shape[-1] if _on_disk(train) else 0)
    raw_test = sized(test, size)
    some = _some(train, size)
    standardiser = Standardiser.fit(some) if start is None else start.standardiser
    background = standardiser.apply(numpy.full_like(some[:1], empty))
    if _on_disk(train) or recipe.augment or workers:
        steps = [ResizeShort(size), Crop(size, "centre")] if _on_disk(train) else []
        source = train if _on_disk(train) else sized(train, size)
        steps += augmentation(recipe.augment, some.shape[-1], empty, some)
        batches: Any = Pipeline(
            source, steps, recipe.batch_size, workers, seed=recipe.seed, standardiser=standardiser
        )
    else:
        small = sized(train, size)
        batches = Dataset(standardiser.apply(small.x), small.y, small.classes, "train")
    names = train.class_names or tuple(str(label) for label in range(train.classes))
    return Prepared(
        train=batches,
        test=Dataset(standardiser.apply(raw_test.x), raw_test.y, raw_test.classes, raw_test.name),
        raw_test=raw_test,
        standardiser=standardiser,
        background=float(background.flat[0]),
        class_names=names,
        fingerprint=_fingerprint(train, raw_test),
        against="validation" if recipe.validation else "test",
        short=size if _on_disk(train) else None,
    )


def _on_disk(data: Any) -> bool:
    """Whether images are read when they are needed."""
    return isinstance(data, ImageFiles)


def _split(train: Any, count: int, seed: int) -> tuple[Any, Any]:
    """Training examples, and those held out.

    Sets that come in no order lose their last ones, as with MNIST; in one that is sorted by
    class those would all be of one class, so there they are drawn.
    """
    if not 0 < count < len(train):
        raise ValueError(
            f"recipe: validation can hold out 1 to {len(train) - 1} of {len(train)} training "
            f"images, not {count}"
        )
    order = numpy.arange(len(train))
    if (numpy.diff(train.y) >= 0).all():
        order = stream(seed, _HELD_OUT).permutation(len(train))
    cut = len(train) - count
    return train.take(numpy.sort(order[:cut])), train.take(order[cut:], "validation")


def _coloured(data: Any, start: Preprocessing) -> Any:
    """With the channels that a network takes."""
    if _on_disk(data):
        return dataclasses.replace(data, channels=start.input_shape[0])
    if data.x.ndim != 4 or data.x.shape[1] == start.input_shape[0]:
        return data
    return dataclasses.replace(data, x=start.coloured(data.x))


def sized(data: Any, size: int) -> Dataset:
    """A dataset's images in memory, ``size`` pixels each way; 0: those in memory as they are."""
    if _on_disk(data):
        return data.to_dataset(size)
    if size == 0 or data.x.shape[-2:] == (size, size):
        return data
    if data.x.ndim != 4:
        raise ValueError(f"{data.name}: examples of shape {data.x.shape[1:]} are no images")
    x = numpy.stack([resize(image, (size, size)) for image in data.x])
    return Dataset(x, data.y, data.classes, data.name, data.class_names)


def _some(train: Any, size: int) -> Array:
    """Images that mean and variance are computed from: all that are in memory."""
    if _on_disk(train) and len(train) > _SAMPLE:
        train = train.take(stream(0, _HELD_OUT).permutation(len(train))[:_SAMPLE])
    return sized(train, size).x


def _fingerprint(train: Any, test: Dataset) -> str:
    """Of the content; of files on the disk, their names and lengths."""
    if not _on_disk(train):
        return digest_of(train.x, train.y, test.x, test.y)
    names = "".join(f"{path.name} {path.stat().st_size}\n" for path in train.paths)
    return digest_of(numpy.frombuffer(names.encode(), numpy.uint8), train.y, test.x, test.y)


def digest_of(*arrays: Array) -> str:
    """A short fingerprint of arrays' content."""
    content = hashlib.sha256()
    for array in arrays:
        content.update(memoryview(numpy.ascontiguousarray(array)))
    return content.hexdigest()[:16]
