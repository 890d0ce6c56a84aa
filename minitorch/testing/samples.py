"""What ops' samplers draw their inputs from."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["SampleMaker"]

Array = np.ndarray[Any, Any]


class SampleMaker:
    """Arrays to test on, the same for the same seed.

    Parameters
    ----------
    seed : int

    Examples
    --------
    >>> from minitorch.testing import SampleMaker
    >>> make = SampleMaker(0)
    >>> make(2, 3).shape, make.ints(4, high=3).dtype
    ((2, 3), dtype('int64'))
    """

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def __call__(
        self,
        *shape: int,
        low: float = -1.0,
        high: float = 1.0,
        away: tuple[float, ...] = (),
        gap: float = 0.05,
    ) -> Array:
        """Uniform in [low, high], at least ``gap`` from every point in ``away``."""
        values = self.rng.uniform(low, high, size=shape)
        for _ in range(100):
            close = np.zeros(shape, bool)
            for point in away:
                close |= np.abs(values - point) < gap
            if not close.any():
                return values
            values = np.where(close, self.rng.uniform(low, high, size=shape), values)
        raise ValueError(f"no values in [{low}, {high}] are {gap} away from {away}")

    def positive(self, *shape: int) -> Array:
        """Uniform in [0.5, 2]."""
        return self.rng.uniform(0.5, 2.0, size=shape)

    def distinct(self, *shape: int) -> Array:
        """Shuffled values at least 0.05 apart, centred at 0."""
        count = int(np.prod(shape, dtype=int))
        values = (np.arange(count) - (count - 1) / 2) * 0.1
        values = values + self.rng.uniform(-0.025, 0.025, size=count)
        return self.rng.permutation(values).reshape(shape)

    def ints(self, *shape: int, low: int = 0, high: int = 10) -> Array:
        """Integers in [low, high)."""
        return self.rng.integers(low, high, size=shape)

    def bools(self, *shape: int) -> Array:
        """Booleans, some of them true and some false where there are several."""
        values = self.rng.random(size=shape) < 0.5
        if values.size > 1 and (values.all() or not values.any()):
            values.flat[0] = not values.flat[0]
        return values
