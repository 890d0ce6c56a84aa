"""Making a batch: the one piece of code that a pipeline runs here or in a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy

from minitorch.data.errors import PipelineError
from minitorch.data.standardise import Standardiser
from minitorch.data.transforms.base import Transform, example_stream

__all__ = ["Maker", "Source"]

Array = numpy.ndarray


class Source(Protocol):
    """What a pipeline reads: a Dataset, ImageFiles, or anything that has these."""

    y: Array
    classes: int

    def __len__(self) -> int: ...

    def example(self, index: int) -> Array:
        """One image."""
        ...

    def origin(self, index: int) -> str:
        """What to call it in messages."""
        ...


class Maker:
    """Examples, transformed and put together; nothing in it depends on earlier calls."""

    def __init__(
        self,
        source: Source,
        transforms: Sequence[Transform],
        standardiser: Standardiser | None,
        seed: int,
    ) -> None:
        self.source, self.transforms = source, tuple(transforms)
        self.standardiser, self.seed = standardiser, seed
        first = self._example(0, 0)
        self.shape, self.raw_dtype = first.shape, first.dtype
        probe = self._finished(first[None])
        self.dtype = probe.dtype

    def _example(self, epoch: int, index: int) -> Array:
        """One image, transformed with random numbers of its own."""
        step = "reading it"
        try:
            image = self.source.example(index)
            if self.transforms:
                rng = example_stream(self.seed, epoch, index)
                for transform in self.transforms:
                    step = repr(transform)[:100]
                    image = transform(image, rng)
                step = "its transforms"
            if not isinstance(image, numpy.ndarray):
                raise TypeError(f"expected an array, found {type(image).__name__}")
            return image
        except Exception as error:
            raise PipelineError(
                f"{self.source.origin(index)}: {step}: {type(error).__name__}: {error}"
            ) from error

    def _finished(self, x: Array) -> Array:
        """A raw batch, standardised if it is to be."""
        return x if self.standardiser is None else self.standardiser.apply(x)

    def batch(self, epoch: int, indices: Array) -> Array:
        """The images at ``indices`` in that epoch, in one array.

        Raises
        ------
        PipelineError
            If reading or a transform fails, or an image has another shape than the first
            of the source; the example is named.
        """
        x = numpy.empty((len(indices), *self.shape), self.raw_dtype)
        for row, index in zip(x, indices.tolist(), strict=True):
            image = self._example(epoch, index)
            if image.shape != self.shape or image.dtype != self.raw_dtype:
                raise PipelineError(
                    f"{self.source.origin(index)}: comes out as {image.dtype} {image.shape}, but "
                    f"example 0 as {self.raw_dtype} {self.shape}; a batch needs one shape: end "
                    f"with Crop or RandomResizedCrop"
                )
            row[...] = image
        return self._finished(x)

    def with_source(self, source: Any) -> Maker:
        """The same over a source that holds the same images elsewhere."""
        twin = object.__new__(Maker)
        twin.__dict__.update(self.__dict__, source=source)
        return twin
