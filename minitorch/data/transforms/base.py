"""What all transforms share: one after the other, and whose random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy

__all__ = ["Compose", "Transform", "apply", "example_stream"]

Array = numpy.ndarray
Transform = Callable[[Array, numpy.random.Generator], Array]


def example_stream(seed: int, epoch: int, index: int) -> numpy.random.Generator:
    """The random numbers of one example in one epoch.

    Philox enciphers a counter with a key: the key is the seed, the counter's upper half
    (index, epoch). So they depend on nothing else: not on the other examples, the
    batch, or the process that draws them; and no two streams meet.

    Examples
    --------
    >>> int(example_stream(1, 0, 5).integers(1000)) == int(example_stream(1, 0, 5).integers(1000))
    True
    """
    counter = numpy.array([0, 0, index, epoch], numpy.uint64)
    return numpy.random.Generator(numpy.random.Philox(key=seed, counter=counter))


class Compose:
    """Transforms one after the other.

    Parameters
    ----------
    transforms : sequence of callable

    Examples
    --------
    >>> import numpy as np
    >>> from minitorch.data.transforms import Crop, Reflect
    >>> both = Compose([Crop(28, pad=4), Reflect()])
    >>> both(np.zeros((1, 28, 28), np.uint8), np.random.default_rng(0)).shape
    (1, 28, 28)
    """

    def __init__(self, transforms: Iterable[Transform]) -> None:
        self.transforms = tuple(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"Compose: {transform!r} is no transform: it cannot be called")

    def __call__(self, image: Array, rng: numpy.random.Generator) -> Array:
        for transform in self.transforms:
            image = transform(image, rng)
        return image

    def __repr__(self) -> str:
        return f"Compose({list(self.transforms)!r})"


def apply(
    transform: Transform,
    x: Array,
    seed: int = 0,
    epoch: int = 0,
    indices: Sequence[int] | None = None,
) -> Array:
    """A batch with each image transformed by random numbers of its own.

    Parameters
    ----------
    transform : callable
    x : numpy.ndarray, shape (n, channels, rows, columns)
    seed, epoch : int
    indices : sequence of int, optional
        The examples' numbers in their dataset; default 0 to n - 1. They choose the random
        numbers, as :func:`example_stream` says.

    Returns
    -------
    numpy.ndarray, shape (n, ...)
    """
    chosen: Any = range(len(x)) if indices is None else indices
    return numpy.stack(
        [
            transform(image, example_stream(seed, epoch, int(index)))
            for image, index in zip(x, chosen, strict=True)
        ]
    )
