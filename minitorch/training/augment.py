"""Augmentation in words: "crop:4,reflect" becomes transforms of ``minitorch.data``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.data.transforms import (
    ColourJitter,
    Crop,
    Erase,
    Lighting,
    RandomResizedCrop,
    Reflect,
    Rotate,
    Scale,
    Translate,
)
from minitorch.data.transforms.base import Transform
from minitorch.utils import did_you_mean

__all__ = ["WORDS", "augmentation", "parse_augment"]

# Word -> (default number, what it does, (number, pixels, background, images) -> transform).
# The images are some of the training set, for what is fitted to them.
Make = Callable[[float, int, int, Any], Transform]
WORDS: dict[str, tuple[float, str, Make]] = {
    "reflect": (0.5, "mirrored, with that probability", lambda p, s, b, x: Reflect(p)),
    "crop": (4, "a border of so many pixels, then a piece of the old size",
             lambda n, s, b, x: Crop(s, pad=int(n), fill=b)),
    "translate": (2, "moved by up to so many pixels", lambda n, s, b, x: Translate(int(n), b)),
    "rotate": (10, "turned by up to so many degrees", lambda n, s, b, x: Rotate(n, b)),
    "scale": (0.1, "magnified by up to that share, or made as much smaller",
              lambda n, s, b, x: Scale(1 / (1 + n), 1 + n, b)),
    "piece": (0.08, "a piece of at least that share of the area, scaled to the old size",
              lambda n, s, b, x: RandomResizedCrop(s, area=(n, 1.0))),
    "lighting": (0.1, "a step of that size along the principal colours",
                 lambda n, s, b, x: Lighting.fit(x, sigma=n)),
    "jitter": (0.4, "brightness, contrast and saturation changed by up to that share",
               lambda n, s, b, x: ColourJitter(n, n, n)),
    "erase": (0.5, "with that probability a rectangle overwritten",
              lambda p, s, b, x: Erase(p, fill=b)),
}  # fmt: skip


def parse_augment(text: str) -> list[tuple[str, float]]:
    """The words of a description, and their numbers.

    Parameters
    ----------
    text : str
        Words of :data:`WORDS` with commas between them, each with a number behind a colon
        if it is not the usual one; they are done in this order.

    Raises
    ------
    ValueError
        For another word, with close ones, or no number where one is expected.

    Examples
    --------
    >>> parse_augment("crop:4, reflect")
    [('crop', 4.0), ('reflect', 0.5)]
    """
    found = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        word, colon, number = (part.strip() for part in item.partition(":"))
        if word not in WORDS:
            raise ValueError(f"augment: no word {word!r}; {did_you_mean(word, WORDS)}")
        try:
            found.append((word, float(number) if colon else float(WORDS[word][0])))
        except ValueError:
            raise ValueError(f"augment: {item!r} needs a number behind the colon") from None
    return found


def augmentation(text: str, size: int, background: int, images: Any) -> list[Transform]:
    """The transforms that a description means.

    Parameters
    ----------
    text : str
        See :func:`parse_augment`.
    size : int
        Pixels of an image, each way.
    background : int
        The value of an empty pixel.
    images : numpy.ndarray, shape (n, channels, rows, columns)
        Some of the training set's.

    Examples
    --------
    >>> augmentation("crop:4,reflect", 32, 0, None)
    [Crop(size=32, where='random', pad=4, fill=0), Reflect(p=0.5)]
    """
    return [WORDS[word][2](n, size, background, images) for word, n in parse_augment(text)]
