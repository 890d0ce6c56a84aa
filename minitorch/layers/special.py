"""Layers that apply a function."""

from __future__ import annotations

from typing import Any

from minitorch import nonlinearities
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer, shown_function

__all__ = ["NonlinearityLayer"]


class NonlinearityLayer(Layer):
    """Apply a nonlinearity, and nothing else.

    Parameters
    ----------
    incoming : Layer or tuple
    nonlinearity : callable or None
        None is the identity.
    name : str, optional

    Examples
    --------
    >>> from minitorch.layers import NonlinearityLayer, get_output
    >>> get_output(NonlinearityLayer((None, 2)), {None: [[-1.0, 2.0]]})
    Tensor([[0., 2.]])
    """

    def __init__(
        self, incoming: Any, nonlinearity: Any = nonlinearities.rectify, **kwargs: Any
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity

    def _settings(self) -> dict[str, Any]:
        return {"nonlinearity": shown_function(self.nonlinearity)}

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(input)."""
        result: Tensor = self.nonlinearity(input)
        return result
