"""Layers that apply a function."""

from __future__ import annotations

from typing import Any

from minitorch import nonlinearities
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer

__all__ = ["NonlinearityLayer"]


class NonlinearityLayer(Layer):
    """Apply a nonlinearity, and nothing else.

    Parameters
    ----------
    incoming : Layer or tuple
    nonlinearity : callable or None
        None is the identity.
    name : str, optional
    """

    def __init__(
        self, incoming: Any, nonlinearity: Any = nonlinearities.rectify, **kwargs: Any
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity

    def _settings(self) -> dict[str, Any]:
        return {"nonlinearity": getattr(self.nonlinearity, "__name__", repr(self.nonlinearity))}

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(input)."""
        result: Tensor = self.nonlinearity(input)
        return result
