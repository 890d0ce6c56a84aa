"""What a dataset looks like, and what augmentation makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from minitorch.data.batches import stream
from minitorch.data.dataset import Dataset
from minitorch.data.errors import DataError
from minitorch.data.resample import centre_crop, resize_short
from minitorch.data.transforms import (
    ColourJitter,
    Compose,
    Crop,
    Lighting,
    RandomResizedCrop,
    Reflect,
    Rotate,
    Scale,
    Transform,
    Translate,
    example_stream,
)

__all__ = ["Preview", "as_bytes", "preview", "usual_transforms"]

Array = numpy.ndarray
_FILE_SIZE = 112  # rows and columns of what is shown of image files


@dataclass(frozen=True)
class Preview:
    """Examples by class as bytes, shape (classes, columns, channels, rows, columns), and so on.

    ``names`` has a line per class; ``blocks`` the examples and the same ones augmented.
    """

    names: tuple[str, ...]
    blocks: tuple[tuple[str, Array], ...]
    transforms: Compose


def usual_transforms(train: Any, mirrored: bool = True, background: int = 0) -> Compose:
    """What such images are usually trained with.

    Parameters
    ----------
    train : Dataset or ImageFiles
    mirrored : bool
        Whether a mirrored image is still of its class.
    background : int
        What comes in from outside.

    Returns
    -------
    Compose
        Files are cut as GoogLeNet did; small grey images are moved, turned and scaled a
        little; small colour images padded and cropped as for residual networks, under changing
        light.
    """
    mirror = [Reflect()] if mirrored else []
    if not isinstance(train, Dataset):
        return Compose([RandomResizedCrop(_FILE_SIZE), *mirror, ColourJitter()])
    channels, size = train.x.shape[1:3]
    steps: list[Transform]
    if channels == 1:
        steps = [Rotate(10.0), Scale(0.9, 1.1), Translate(max(1, size // 14))]
    else:
        light = Lighting.fit(train.x[:2000])
        steps = [Crop(size, pad=size // 8, fill=background), light, ColourJitter(0.2, 0.2, 0.2)]
    return Compose([*steps, *mirror])


def preview(
    train: Any,
    transforms: Compose,
    classes: int = 12,
    columns: int = 6,
    seed: int = 0,
) -> Preview:
    """Examples of each class, and the same ones augmented.

    Parameters
    ----------
    train : Dataset or ImageFiles
    transforms : Compose
    classes, columns : int
        How many are shown: the largest classes, in their order, and of each so many examples.
    seed : int
        Of the choice, and of the augmentation.

    Returns
    -------
    Preview

    Raises
    ------
    DataError
        For examples that are no images.
    """
    counts = train.counts()
    filled = [label for label, count in enumerate(counts) if count]
    largest = sorted(sorted(filled, key=lambda label: -counts[label])[:classes])
    rng = stream(seed)
    chosen = []
    for label in largest:
        index = numpy.flatnonzero(train.y == label)
        # A small class is shown several times over.
        chosen.append(numpy.resize(rng.permutation(index), columns))
    names = train.class_names or [str(label) for label in range(train.classes)]
    raw = [[train.example(int(i)) for i in row] for row in chosen]
    if raw[0][0].ndim != 3 or raw[0][0].shape[0] not in (1, 3):
        raise DataError(f"{train.name}: examples of shape {raw[0][0].shape} are no images")
    changed = [
        [transforms(x, example_stream(seed, 0, int(i))) for x, i in zip(xs, row, strict=True)]
        for xs, row in zip(raw, chosen, strict=True)
    ]
    if not isinstance(train, Dataset):
        raw = [[centre_crop(resize_short(x, _FILE_SIZE), _FILE_SIZE) for x in xs] for xs in raw]
    return Preview(
        tuple(f"{names[label]} ({counts[label]:,})" for label in largest),
        (("examples", as_bytes(raw)), ("the same ones, augmented", as_bytes(changed))),
        transforms,
    )


def as_bytes(images: Any) -> Array:
    """What can be shown: 0 to 255, also of images that end at 1 or 16."""
    values = numpy.array(images)
    most = values.max(initial=0)
    # A little more is rounding: of images that were standardised and put back.
    top = next(limit for limit in (1, 16, numpy.inf) if most <= 1.001 * limit)
    scale = 255 / top if numpy.isfinite(top) and most > 0 else 1
    return numpy.rint(values * scale).clip(0, 255).astype(numpy.uint8)
