"""Vectors for integers."""

from __future__ import annotations

from typing import Any

from minitorch import init, ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer
from minitorch.utils import as_tuple

__all__ = ["EmbeddingLayer"]


class EmbeddingLayer(Layer):
    """Look up a learned vector for every integer, such as a word's number.

    Parameters
    ----------
    incoming : Layer or tuple
        Of any shape; it gives integers from 0 to ``input_size`` - 1.
    input_size : int
        How many different integers there are.
    output_size : int
        The vectors' length.
    W : Parameter, array or callable
        Of shape (input_size, output_size).
    name : str, optional

    Raises
    ------
    ValueError
        If a size is not positive; with the data, for an integer out of range.
    TypeError
        If a size is no integer; with the data, if they are no integers.

    Examples
    --------
    >>> from minitorch.layers import EmbeddingLayer, get_output
    >>> layer = EmbeddingLayer((None, 3), input_size=2, output_size=2, W=[[0.0, 1.0], [2.0, 3.0]])
    >>> layer.output_shape
    (None, 3, 2)
    >>> get_output(layer, {None: [[1, 0, 1]]}).detach()
    Tensor([[[2., 3.],
             [0., 1.],
             [2., 3.]]])
    """

    def __init__(
        self,
        incoming: Any,
        input_size: int,
        output_size: int,
        W: Any = init.Normal(),  # noqa: B008 (stateless)
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        (self.input_size,) = as_tuple(input_size, 1, int)
        (self.output_size,) = as_tuple(output_size, 1, int)
        self.W = self.add_param(W, (self.input_size, self.output_size), name="W")

    def _settings(self) -> dict[str, Any]:
        return {"input_size": self.input_size, "output_size": self.output_size}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The input's shape, then the vectors' length."""
        return (*input_shape, self.output_size)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The rows of W that the integers name."""
        return ops.embedding(input, self.W)
