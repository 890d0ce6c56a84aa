"""A batch in parts: what layers must know when each process has only some of its rows.

Most layers treat every row alone. Two kinds do not: batch normalisation averages over all rows,
and noise is drawn for all of them from one stream. Inside ``part_of_batch(part)`` such layers
compute for their rows exactly what they would in the whole batch. How the parts talk is
not known here: a part brings a function that adds tensors over all parts.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.ops.random import LANES

__all__ = ["BatchPart", "part_of_batch"]


@dataclass(frozen=True)
class BatchPart:
    """The rows ``start`` to ``stop`` of a batch of ``total`` rows.

    A part without rows still takes part, as the others wait for its sums: it is given one row,
    any of them, whose results count for nothing.

    Attributes
    ----------
    start, stop, total : int
    add : callable
        From a tensor to the sum of all parts' tensors; differentiable.

    Examples
    --------
    >>> part = BatchPart(2, 5, 8, add=lambda tensor: tensor)
    >>> part.weight, part.rows([0, 1, 2, 3, 4, 5, 6, 7])
    (0.375, [2, 3, 4])
    """

    start: int
    stop: int
    total: int
    add: Callable[[Tensor], Tensor]

    @property
    def weight(self) -> float:
        """Its share of the batch: a mean over the batch is the weighted sum of the parts' means."""
        return (self.stop - self.start) / self.total

    @property
    def empty(self) -> bool:
        """Whether its one row counts for nothing."""
        return self.start == self.stop

    def rows(self, whole: Any) -> Any:
        """Of what has one entry for each row of the batch, this part's; of an empty part, one."""
        return whole[:1] if self.empty else whole[self.start : self.stop]


class _Current(threading.local):
    part: BatchPart | None = None


_current = _Current()


@contextlib.contextmanager
def part_of_batch(part: BatchPart | None) -> Iterator[None]:
    """Inside the ``with`` block this thread's layers get these rows of a batch; None: all of it.

    Parameters
    ----------
    part : BatchPart or None

    Examples
    --------
    Two halves, one after the other, drop what the whole batch would:

    >>> import minitorch as mt
    >>> from minitorch import layers
    >>> net = layers.DropoutLayer((None, 4))
    >>> begin = layers.get_all_random_states(net)
    >>> whole = layers.get_output(net, {None: mt.ones((4, 4))})
    >>> for start in (0, 2):
    ...     layers.set_all_random_states(net, begin)
    ...     with part_of_batch(BatchPart(start, start + 2, 4, add=lambda tensor: tensor)):
    ...         half = layers.get_output(net, {None: mt.ones((2, 4))})
    ...     bool((half == whole[start:start + 2]).all())
    True
    True
    """
    before, _current.part = _current.part, part
    try:
        yield
    finally:
        _current.part = before


def current_part() -> BatchPart | None:
    """The part that this thread's layers get; None for whole batches."""
    return _current.part


def take_rows(rng: ops.CounterRNG, rows: int, per_row: int) -> tuple[dict[str, int], int]:
    """Where a part's random numbers lie, if the whole batch takes ``per_row`` for each of its rows.

    Returns
    -------
    taken : dict
        The ``seed`` and ``offset`` of a stream.
    skip : int
        How many of its first numbers belong to rows before: a block has several, and a
        stream is entered at a block.
    """
    part = _current.part
    if part is None:
        return rng.take(rows * per_row), 0
    taken = rng.take(part.total * per_row)
    blocks, skip = divmod(part.start * per_row, LANES)
    return {**taken, "offset": taken["offset"] + blocks}, skip


def dropout(x: Tensor, rng: ops.CounterRNG, p: float, rescale: bool, shared_axes: Any) -> Tensor:
    """``ops.dropout`` with the mask that the part's rows have in the whole batch."""
    shared = {axis % x.ndim for axis in shared_axes}
    mask = tuple([1 if axis in shared else n for axis, n in enumerate(x.shape)])
    result: Tensor
    if _current.part is None or 0 in shared or x.ndim == 0:
        taken = rng.take(prod(mask))
        result = ops.dropout(x, p=p, rescale=rescale, shared_axes=shared_axes, **taken)
        return result
    taken, skip = take_rows(rng, x.shape[0], prod(mask[1:]))
    ones = ops.ones((skip + prod(mask),), dtype=x.dtype, device=x.device)
    keep = ops.dropout(ones, p=p, rescale=False, **taken)[skip:].reshape(mask)
    result = (ops.divide(x, 1 - p) if rescale else x) * keep
    return result


def gaussian_noise(x: Tensor, rng: ops.CounterRNG, sigma: float) -> Tensor:
    """``ops.gaussian_noise`` with what is added to the part's rows in the whole batch."""
    result: Tensor
    if _current.part is None or x.ndim == 0:
        result = ops.gaussian_noise(x, sigma=sigma, **rng.take(x.size))
        return result
    taken, skip = take_rows(rng, x.shape[0], prod(x.shape[1:]))
    zeros = ops.zeros((skip + x.size,), dtype=x.dtype, device=x.device)
    result = x + ops.gaussian_noise(zeros, sigma=sigma, **taken)[skip:].reshape(x.shape)
    return result


def uniform(shape: tuple[int, ...], rng: ops.CounterRNG, same: bool, **settings: Any) -> Tensor:
    """``ops.random_uniform`` with the numbers of the part's rows; ``same``: all rows share them."""
    if _current.part is None or same or not shape:
        return ops.random_uniform(shape, **rng.take(prod(shape)), **settings)
    taken, skip = take_rows(rng, shape[0], prod(shape[1:]))
    drawn: Tensor = ops.random_uniform((skip + prod(shape),), **taken, **settings)
    return drawn[skip:].reshape(shape)


def batch_norm(
    x: Tensor, gamma: Any = None, beta: Any = None, *, axes: Any, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """``ops.batch_norm`` with the mean and variance of the whole batch.

    The variance is a second pass over x, as in the op, so the parts add twice; that of the
    gradient are the adjoints of these two sums.
    """
    part = _current.part
    if part is None:
        out: tuple[Tensor, Tensor, Tensor]
        out = ops.batch_norm(x, gamma, beta, axes=axes, epsilon=epsilon)
        return out
    axes = tuple(sorted({axis % x.ndim for axis in axes}))
    if 0 not in axes:
        raise ValueError(
            f"batch_norm: axes={axes} keep the batch, so a part of it has no statistics in common "
            f"with the others; use StandardizationLayer, or one process"
        )
    count = part.total * prod([x.shape[axis] for axis in axes[1:]])
    wide = tuple([1 if axis in axes else n for axis, n in enumerate(x.shape)])
    narrow = tuple([n for axis, n in enumerate(x.shape) if axis not in axes])

    def mean_of_all(values: Tensor) -> Tensor:
        # In double precision, as the op's sums are.
        own = ops.sum(values, axis=axes, keepdims=True, dtype="float64")
        mean: Tensor = ops.divide(part.add(own * 0.0 if part.empty else own), count)
        return mean

    mean: Tensor = mean_of_all(x).astype(x.dtype)
    centred: Tensor = ops.subtract(x, mean)
    inv_std = (1 / ops.sqrt(mean_of_all(centred * centred) + epsilon)).astype(x.dtype)
    y = centred * (inv_std if gamma is None else inv_std * gamma.reshape(wide))
    if beta is not None:
        y = y + beta.reshape(wide)
    return y, mean.reshape(narrow), inv_std.reshape(narrow)
