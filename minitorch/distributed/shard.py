"""Each rank's part of the data: of every batch while training, of the whole when measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy

from minitorch.data.batches import Batches
from minitorch.data.pipeline import Pipeline
from minitorch.distributed.group import Group
from minitorch.distributed.sums import all_sum
from minitorch.layers import BatchPart

__all__ = ["Shard", "in_parts"]

Array = numpy.ndarray


class Shard:
    """This rank's contiguous part of each global batch.

    Order, epochs and states are those of the whole, so a checkpoint of any number of ranks is
    one of any other. A pipeline reads and transforms this part only.

    Parameters
    ----------
    batches : Batches or Pipeline
        The same on all ranks. From now on it hands out parts.
    group : Group

    Attributes
    ----------
    part : BatchPart or None
        Which rows of its batch the last pair (x, y) is, for ``layers.part_of_batch``; None, all of
        them, in a group of one.

    Examples
    --------
    >>> import numpy as np
    >>> shard = Shard(Batches(np.arange(6), np.arange(6), 4, shuffle=False), Group(rank=1, size=2))
    >>> [(x.tolist(), shard.part.start, shard.part.stop, shard.weight) for x, y in shard]
    [([2, 3], 2, 4, 0.5), ([5], 1, 2, 0.5)]
    """

    def __init__(self, batches: Batches | Pipeline, group: Group) -> None:
        batches.split(group.rank, group.size)
        self.batches, self.group = batches, group
        # Sums inside of a graph have an order of their own, apart from the buckets'.
        self._add = partial(all_sum, group=group.twin())
        self.part: BatchPart | None = None

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        for x, y in self.batches:
            if self.group.size > 1:
                # The position counts this batch already.
                self.part = BatchPart(*self.batches.span(self.batches.position - 1), add=self._add)
            yield x, y

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.batches)

    @property
    def weight(self) -> float:
        """The part's share of its batch, which :class:`GradientAverager` wants."""
        return 1.0 if self.part is None else self.part.weight

    @property
    def count(self) -> int:
        """Examples of an epoch, those of all ranks."""
        return self.batches.count

    @property
    def batch_size(self) -> int:
        """Examples of a batch, those of all ranks."""
        return self.batches.batch_size

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return self.batches.epoch

    @property
    def position(self) -> int:
        """Batches of the current epoch that were handed out."""
        return self.batches.position

    def order(self, epoch: int) -> Array:
        """In which order the examples come in an epoch, those of all ranks."""
        return self.batches.order(epoch)

    def state(self) -> dict[str, int]:
        """Where the iteration stands; the same on all ranks."""
        return self.batches.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go to where ``state()`` was taken."""
        self.batches.restore(state)

    def close(self) -> None:
        """End a pipeline's workers."""
        if isinstance(self.batches, Pipeline):
            self.batches.close()


def in_parts(function: Callable[[Array], Array], x: Array, group: Group, unit: int = 500) -> Array:
    """``function(x)`` for a function of rows, each rank computing a part; all get all of it.

    Parameters
    ----------
    function : callable
        Of arrays (n, ...), for example ``lambda x: training.predict(network, x)``.
    x : numpy.ndarray, shape (n, ...)
        The same on all ranks.
    group : Group
    unit : int
        Parts are cut at multiples of it. If the function goes by batches of that size, the result
        has the bits of one process.

    Returns
    -------
    numpy.ndarray, shape (n, ...)

    Examples
    --------
    >>> import numpy as np
    >>> in_parts(lambda x: 2 * x, np.arange(3), Group())
    array([0, 2, 4])
    """
    units = -(-len(x) // unit)
    start, stop = (units * r // group.size * unit for r in (group.rank, group.rank + 1))
    mine = function(x[start:stop]) if start < min(stop, len(x)) else None
    parts = [part for part in group.gather(mine) if part is not None]
    return numpy.concatenate(parts) if parts else function(x)
