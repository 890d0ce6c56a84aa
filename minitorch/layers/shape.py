"""Layers that change the shape."""

from __future__ import annotations

import math
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer

__all__ = ["FlattenLayer", "flatten"]


class FlattenLayer(Layer):
    """Keep the first ``outdim - 1`` axes and make the rest one.

    Parameters
    ----------
    incoming : Layer or tuple
    outdim : int
        Rank of the output, from 1 to that of the input.
    name : str, optional

    Raises
    ------
    ValueError
        If ``outdim`` is out of this range.

    Examples
    --------
    >>> from minitorch.layers import FlattenLayer
    >>> FlattenLayer((None, 50, 4, 4)).output_shape
    (None, 800)
    """

    def __init__(self, incoming: Any, outdim: int = 2, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        if outdim < 1:
            raise ValueError(f"Dim must be >0, was {outdim}")
        if outdim > len(self.input_shape):
            raise self._fail(
                f"an input of {len(self.input_shape)} axes cannot be flattened to outdim={outdim}",
                f"Use outdim={len(self.input_shape)} at most",
            )
        self.outdim = outdim

    def _settings(self) -> dict[str, Any]:
        return {"outdim": self.outdim}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The leading axes, then the product of the others (None if one is)."""
        trailing = input_shape[self.outdim - 1 :]
        length = None if any(n is None for n in trailing) else math.prod(trailing)
        return (*input_shape[: self.outdim - 1], length)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The input in that shape."""
        return ops.flatten(input, self.outdim - 1)


flatten = FlattenLayer
