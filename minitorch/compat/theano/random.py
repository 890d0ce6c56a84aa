"""``RandomStreams``: variables that are drawn anew in every call of a function."""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.compat.theano.expression import deferred
from minitorch.compat.theano.functions import cast
from minitorch.random import draw_seed

__all__ = ["RandomStreams"]


class RandomStreams:
    """A source of random variables, Theano's ``RandomStreams`` and ``MRG_RandomStreams``.

    Parameters
    ----------
    seed : int, optional

    Notes
    -----
    A variable has one value in a call of a function, however often it is used there. The
    numbers are minitorch's (Philox), not Theano's.

    Examples
    --------
    >>> noise = RandomStreams(seed=1).uniform((2,))
    >>> difference = noise - noise
    >>> difference.eval()
    array([0., 0.], dtype=float32)
    """

    def __init__(self, seed: int | None = None, **ignored: Any) -> None:
        self.rng = ops.CounterRNG(draw_seed() if seed is None else seed)

    def _drawn(self, draw: Any, size: Any, *settings: Any) -> Any:
        if size is None:
            raise TypeError(f"RandomStreams.{draw.__name__}: give the size, as numbers or x.shape")
        return deferred(draw)(self.rng, size, *settings)

    def uniform(
        self, size: Any = None, low: Any = 0.0, high: Any = 1.0, ndim: Any = None, dtype: Any = None
    ) -> Any:
        """Numbers from ``low`` to ``high``."""
        return self._drawn(uniform, size, low, high, dtype)

    def normal(
        self, size: Any = None, avg: Any = 0.0, std: Any = 1.0, ndim: Any = None, dtype: Any = None
    ) -> Any:
        """Normally distributed numbers."""
        return self._drawn(normal, size, avg, std, dtype)

    def binomial(
        self, size: Any = None, n: int = 1, p: Any = 0.5, ndim: Any = None, dtype: Any = "int64"
    ) -> Any:
        """1 with probability ``p``, else 0; only for ``n=1``."""
        if n != 1:
            raise NotImplementedError(f"RandomStreams.binomial: only n=1, got {n}")
        return self._drawn(binomial, size, p, dtype)


def _raw(op: Any, rng: Any, size: Any, even: bool = False) -> Tensor:
    """Standard numbers of a shape."""
    lengths = tuple(int(n) for n in size) if isinstance(size, list | tuple) else (int(size),)
    count = 1
    for n in lengths:
        count *= n
    return op(lengths, **rng.take(count + count % 2 if even else count))


def uniform(rng: Any, size: Any, low: Any, high: Any, dtype: Any) -> Tensor:
    """low + (high - low) · u."""
    return cast(_raw(ops.random_uniform, rng, size) * (high - low) + low, dtype or "floatX")


def normal(rng: Any, size: Any, avg: Any, std: Any, dtype: Any) -> Tensor:
    """avg + std · z."""
    values = _raw(ops.random_normal, rng, size, even=True) * std + avg
    return values if dtype is None else cast(values, dtype)


def binomial(rng: Any, size: Any, p: Any, dtype: Any) -> Tensor:
    """u < p."""
    return cast(_raw(ops.random_uniform, rng, size) < p, dtype)
