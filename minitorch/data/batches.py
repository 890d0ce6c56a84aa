"""Minibatches in a seeded order that can be left and taken up again anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy

__all__ = ["BatchOrder", "Batches", "shift_images", "stream"]

Array = numpy.ndarray


def stream(seed: int, *place: int) -> numpy.random.Generator:
    """A random generator that depends on the seed and a place, on nothing before it.

    Randomness by place (epoch, batch) instead of by history is what makes a
    run resumable anywhere without saving a generator.

    Parameters
    ----------
    seed : int
    *place : int
        Non-negative integers, e.g. the epoch and the batch.

    Examples
    --------
    >>> bool(stream(1, 5).integers(100) == stream(1, 5).integers(100))
    True
    """
    # spawn_key, not a list as entropy: there, a place that ends in zeros is the place without them.
    sequence = numpy.random.SeedSequence(seed, spawn_key=place)
    return numpy.random.Generator(numpy.random.PCG64(sequence))


class BatchOrder:
    """Which examples are in which batch, and where an iteration stands.

    The order of an epoch depends on ``seed`` and the epoch's number only, so
    ``state()`` is a few integers. What has batches to give extends this.

    Parameters
    ----------
    count : int
        How many examples there are.
    batch_size : int
        The last batch of an epoch is smaller if it does not divide ``count``.
    seed : int
    shuffle : bool
        Whether to change the order at all.

    Attributes
    ----------
    part, parts : int
        Which part of every batch is handed out, see :meth:`split`; 0 of 1.
    """

    def __init__(self, count: int, batch_size: int, seed: int = 0, shuffle: bool = True) -> None:
        name = type(self).__name__
        if count == 0:
            raise ValueError(f"{name}: there are no examples")
        if batch_size < 1:
            raise ValueError(f"{name}: the batch size is at least 1, not {batch_size}")
        if seed < 0:
            raise ValueError(f"{name}: the seed is not negative, this one is {seed}")
        self.count = int(count)
        self.batch_size, self.seed, self.shuffle = int(batch_size), int(seed), bool(shuffle)
        self.epoch = 0
        self.position = 0
        self.part, self.parts = 0, 1

    def __len__(self) -> int:
        """Batches of an epoch."""
        return (self.count + self.batch_size - 1) // self.batch_size

    def order(self, epoch: int) -> Array:
        """In which order the examples come in an epoch."""
        if not self.shuffle:
            return numpy.arange(self.count)
        return stream(self.seed, epoch).permutation(self.count)

    def split(self, part: int, parts: int) -> None:
        """Hand out only one of several contiguous parts of every batch, from now on.

        Which examples are in a batch, and what :meth:`state` says, does not change.

        Parameters
        ----------
        part, parts : int
            Part ``part`` of ``parts``, counted from 0. Parts differ by a row at most.

        Raises
        ------
        ValueError
            If there is no such part.
        """
        if not 0 <= part < parts:
            raise ValueError(
                f"{type(self).__name__}.split: of {parts} parts there is none of number {part}"
            )
        self.part, self.parts = int(part), int(parts)

    def span(self, position: int) -> tuple[int, int, int]:
        """Which rows of a batch the part has: start, stop, and the rows of the batch."""
        rows = min(self.batch_size, self.count - position * self.batch_size)
        return rows * self.part // self.parts, rows * (self.part + 1) // self.parts, rows

    def chosen(self, order: Array, position: int) -> Array:
        """Which examples are handed out at a position of an epoch's order.

        A part without rows (of a last batch with fewer examples than parts) gets the batch's first.
        """
        start, stop, _ = self.span(position)
        first = position * self.batch_size
        if start == stop:
            return order[first : first + 1]
        return order[first + start : first + stop]

    def state(self) -> dict[str, int]:
        """Where the iteration stands."""
        return {"epoch": self.epoch, "position": self.position}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to where ``state()`` was taken.

        Raises
        ------
        ValueError
            If there is no such place.
        """
        epoch, position = int(state["epoch"]), int(state["position"])
        if epoch < 0 or not 0 <= position <= len(self):
            raise ValueError(
                f"{type(self).__name__}: an epoch has {len(self)} batches, there is no position "
                f"{position} in epoch {epoch}"
            )
        self.epoch, self.position = epoch, position


class Batches(BatchOrder):
    """The examples of ``x`` and ``y`` in batches, in another order each epoch.

    Iterating yields what is left of the current epoch, then the next epoch
    begins. :class:`~minitorch.data.Pipeline` does the same with augmentation, files and workers.

    Parameters
    ----------
    x, y : numpy.ndarray, shapes (n, ...) and (n,)
    batch_size : int
        The last batch of an epoch is smaller if it does not divide n.
    seed : int
    shuffle : bool
        Whether to change the order at all.

    Attributes
    ----------
    epoch : int
        Epochs completed.
    position : int
        Batches of the current epoch that were handed out.

    Raises
    ------
    ValueError
        For lengths that differ, no examples, or a batch size below 1.

    Examples
    --------
    >>> import numpy as np
    >>> batches = Batches(np.arange(5), np.arange(5), batch_size=2, shuffle=False)
    >>> [x.tolist() for x, y in batches]
    [[0, 1], [2, 3], [4]]
    >>> batches.epoch, batches.position
    (1, 0)
    """

    def __init__(
        self, x: Array, y: Array, batch_size: int, seed: int = 0, shuffle: bool = True
    ) -> None:
        if len(x) != len(y):
            raise ValueError(f"Batches: {len(x)} examples but {len(y)} labels")
        super().__init__(len(x), batch_size, seed, shuffle)
        self.x, self.y = x, y

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        order = self.order(self.epoch)
        while self.position < len(self):
            chosen = self.chosen(order, self.position)
            # Counted before it is used: a state saved after the step is the state to resume from.
            self.position += 1
            yield self.x[chosen], self.y[chosen]
        self.epoch += 1
        self.position = 0


def shift_images(x: Array, offsets: Array, fill: float = 0.0) -> Array:
    """Each image moved by whole pixels; what comes in from outside is ``fill``.

    Parameters
    ----------
    x : numpy.ndarray, shape (n, channels, rows, columns)
    offsets : array of int, shape (n, 2)
        Pixels down and to the right, per image.
    fill : float

    Returns
    -------
    numpy.ndarray, shape of x

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[[[1, 2], [3, 4]]]])
    >>> shift_images(x, np.array([[0, 1]]))[0, 0]
    array([[0, 1],
           [0, 3]])
    """
    offsets = numpy.asarray(offsets)
    if x.ndim != 4 or offsets.shape != (len(x), 2):
        raise ValueError(
            f"shift_images: expected x (n, channels, rows, columns) and offsets (n, 2), found "
            f"{x.shape} and {offsets.shape}"
        )
    most = int(numpy.abs(offsets).max(initial=0))
    padded = numpy.pad(
        x, ((0, 0), (0, 0), (most, most), (most, most)), constant_values=x.dtype.type(fill)
    )
    windows = numpy.lib.stride_tricks.sliding_window_view(padded, x.shape[2:], axis=(2, 3))
    down, right = (most - offsets).T
    # One window per image: integers on three axes, with the channels kept by a slice.
    return windows[numpy.arange(len(x)), :, down, right]
