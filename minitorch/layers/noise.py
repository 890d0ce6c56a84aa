"""Layers that add noise while training."""

from __future__ import annotations

import math
from typing import Any

from minitorch import ops, random
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer

__all__ = ["DropoutLayer", "dropout"]


class DropoutLayer(Layer):
    """Set inputs to zero at random while training; the identity when deterministic.

    Parameters
    ----------
    incoming : Layer or tuple
    p : float
        Probability of dropping, in [0, 1).
    rescale : bool
        Divide what is kept by 1 - p, so that the expectation stays.
    shared_axes : tuple of int
        Axes along which one draw decides for all.
    name : str, optional

    Raises
    ------
    ValueError
        If ``p`` is not in [0, 1).

    Notes
    -----
    The layer has a stream of its own, seeded at construction from
    ``minitorch.random.get_rng()``; its state is two integers (``rng.get_state()``).
    """

    def __init__(
        self,
        incoming: Any,
        p: float = 0.5,
        rescale: bool = True,
        shared_axes: tuple[int, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        if not 0 <= p < 1:
            raise ValueError(f"DropoutLayer: p is a probability in [0, 1), got {p}")
        self.p = p
        self.rescale = rescale
        self.shared_axes = tuple(shared_axes)
        self.rng = ops.CounterRNG(random.draw_seed())

    def _settings(self) -> dict[str, Any]:
        return {"p": self.p, **({"shared_axes": self.shared_axes} if self.shared_axes else {})}

    def get_output_for(self, input: Any, deterministic: bool = False, **kwargs: Any) -> Tensor:
        """The input with some elements dropped; unchanged if ``deterministic`` or p is 0."""
        if deterministic or self.p == 0:
            return input  # type: ignore[no-any-return]
        shared = {a % input.ndim for a in self.shared_axes}
        count = math.prod(n for a, n in enumerate(input.shape) if a not in shared)
        result: Tensor = ops.dropout(
            input,
            p=self.p,
            rescale=self.rescale,
            shared_axes=self.shared_axes,
            **self.rng.take(count),
        )
        return result


dropout = DropoutLayer
