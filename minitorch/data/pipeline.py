"""A pipeline: examples read, transformed and put into batches, here or by workers."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import numpy

from minitorch.data.batches import BatchOrder
from minitorch.data.make import Maker, Source
from minitorch.data.standardise import Standardiser
from minitorch.data.transforms.base import Transform
from minitorch.data.workers import Workers

__all__ = ["Pipeline"]

Array = numpy.ndarray


class Pipeline(BatchOrder):
    """Batches of augmented examples, the same ones for any number of workers.

    Iterating yields what is left of the current epoch as pairs (x, y), then the next
    epoch begins, as with :class:`~minitorch.data.Batches`. The order depends on (seed, epoch),
    the random numbers of an example's transforms on (seed, epoch, its index), so an
    iteration is left and taken up again by two integers, and workers change its speed only.

    Parameters
    ----------
    source : Dataset or ImageFiles
        Or anything with ``y``, ``classes``, ``len()``, ``example(index)`` and ``origin(index)``.
    transforms : callable or sequence of callables
        Called with one image and a generator; see :mod:`minitorch.data.transforms`. What
        comes out has one shape.
    batch_size : int
        The last batch of an epoch is smaller if it does not divide the number of examples.
    workers : int
        Processes that make batches; 0 makes them here, when they are asked for.
    prefetch : int
        How many batches each worker is ahead.
    seed : int
    shuffle : bool
    standardiser : Standardiser, optional
        Applied to each batch at the end; it makes float32 of it. Keep it with the model:
        its ``undo`` and ``picture`` are for showing.

    Attributes
    ----------
    epoch, position : int
        Epochs completed, and batches of the current one that were handed out.
    shape, dtype
        Of one example that comes out.
    classes : int

    Raises
    ------
    ValueError
        For no examples or settings below their least.
    PipelineError
        When a batch cannot be made: by an example, which is named with its file, or
        because a worker was killed. The workers are ended then.

    Notes
    -----
    Workers are spawned at the first batch, so a script keeps its work under ``if __name__ ==
    "__main__":``, and transforms are defined at the top of a module. They share one copy
    of a Dataset's images. They end with the pipeline (:meth:`close`, the ``with`` statement,
    garbage collection, the interpreter's end, however it comes), and no shared memory has a
    name once they run, so nothing is left behind.

    A worker sends no array through a pipe: it writes its batch into a slot of shared memory,
    of which the one who iterates gets a copy that is theirs.

    Examples
    --------
    >>> from minitorch.data import toy_digits
    >>> from minitorch.data.transforms import Translate
    >>> batches = Pipeline(toy_digits(20), [Translate(2)], batch_size=8)
    >>> [x.shape for x, y in batches]
    [(8, 1, 28, 28), (8, 1, 28, 28), (4, 1, 28, 28)]
    >>> batches.state()
    {'epoch': 1, 'position': 0, 'count': 20, 'batch_size': 8, 'seed': 0, 'shuffle': 1}
    """

    def __init__(
        self,
        source: Source,
        transforms: Transform | Sequence[Transform] = (),
        batch_size: int = 32,
        workers: int = 0,
        prefetch: int = 2,
        seed: int = 0,
        shuffle: bool = True,
        standardiser: Standardiser | None = None,
    ) -> None:
        super().__init__(len(source), batch_size, seed, shuffle)
        if workers < 0 or prefetch < 1:
            raise ValueError(
                f"Pipeline: workers >= 0 and prefetch >= 1, found {workers} and {prefetch}"
            )
        steps: Sequence[Transform] = (transforms,) if callable(transforms) else tuple(transforms)
        for step in steps:
            if not callable(step):
                raise TypeError(f"Pipeline: {step!r} is no transform: it cannot be called")
        self.source, self.classes, self.y = source, source.classes, source.y
        self.standardiser = standardiser
        self.workers, self.prefetch = int(workers), int(prefetch)
        self._maker = Maker(source, steps, standardiser, self.seed)
        self.shape, self.dtype = self._maker.shape, self._maker.dtype
        self._orders: dict[int, Array] = {}
        self._running: weakref.finalize[Any, Any] | None = None
        self._pool: Workers | None = None

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        while self.position < len(self):
            number = self.epoch * len(self) + self.position
            x = self._batch(number)
            y = self.y[self._task(number)[1]]
            # Counted before it is used: a state saved after the step is the state to resume from.
            self.position += 1
            yield x, y
        self.epoch += 1
        self.position = 0

    def _task(self, number: int) -> tuple[int, Array]:
        """The epoch of a batch, and the examples in it (of this part of it)."""
        epoch, position = divmod(number, len(self))
        if epoch not in self._orders:
            # Two at most: workers are ahead of who iterates by less than an epoch, or by more
            # where epochs are shorter than their lead.
            for old in [e for e in self._orders if not self.epoch <= e <= epoch]:
                del self._orders[old]
            self._orders[epoch] = self.order(epoch)
        return epoch, self.chosen(self._orders[epoch], position)

    def split(self, part: int, parts: int) -> None:
        """As for :class:`~minitorch.data.Batches`; only the part is made."""
        super().split(part, parts)
        self.close()  # what the workers made ahead is of the part before

    def _batch(self, number: int) -> Array:
        """Batch ``number``, made here or by the workers."""
        if self.workers == 0:
            return self._maker.batch(*self._task(number))
        try:
            if self._pool is None:
                self._pool = Workers(self._maker, self.workers, self.prefetch, self.batch_size)
                self._running = weakref.finalize(self, self._pool.close)
            return self._pool.take(number, self._task)
        except BaseException:  # Ctrl-C too: half of an answer may have been read
            self.close()
            raise

    def close(self) -> None:
        """End the workers; iterating starts new ones."""
        if self._running is not None:
            self._running()
        self._running = self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def state(self) -> dict[str, int]:
        """Where the iteration stands, and what its order depends on."""
        return {
            **super().state(),
            "count": self.count,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shuffle": int(self.shuffle),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to where ``state()`` was taken.

        Raises
        ------
        ValueError
            If there is no such place, or the state is of another order (the message
            names what differs). Transforms and workers are not compared.
        """
        ours = self.state()
        keys = ("count", "batch_size", "seed", "shuffle")
        different = [
            f"{k} was {state[k]}, is {ours[k]}" for k in keys if state.get(k, ours[k]) != ours[k]
        ]
        if different:
            raise ValueError(f"Pipeline: the state is of another pipeline: {', '.join(different)}")
        super().restore(state)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_pool": None, "_running": None}
