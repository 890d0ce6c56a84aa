"""Where data enter a network."""

from __future__ import annotations

import math
from typing import Any

from minitorch.autograd import Tensor, asarray
from minitorch.layers.base import Layer, Shape, check_lengths

__all__ = ["InputLayer"]


class InputLayer(Layer):
    """A place for data; it computes nothing.

    Parameters
    ----------
    shape : tuple of (int or None)
        Lengths of the axes, None where they may vary (the batch).
    input_var : array or Tensor, optional
        The data to use when ``get_output`` is given none.
    name : str, optional

    Raises
    ------
    ValueError
        If ``input_var`` has another rank, or a length is not positive.
    TypeError
        If the shape holds something else.

    Examples
    --------
    >>> from minitorch.layers import InputLayer
    >>> InputLayer((None, 1, 28, 28)).output_shape
    (None, 1, 28, 28)
    """

    input_layer = None

    def __init__(
        self, shape: Any, input_var: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        self._start(name)
        self.shape: Shape = tuple(shape)
        check_lengths(self, self.shape, "InputLayer", "shape")
        self.input_shape = self.shape
        self.input_var = None if input_var is None else asarray(input_var)
        if self.input_var is not None and self.input_var.ndim != len(self.shape):
            raise ValueError(
                f"shape has {len(self.shape)} dimensions, but variable has {self.input_var.ndim}"
            )

    def _settings(self) -> dict[str, Any]:
        return {"shape": self.shape}

    def sources(self) -> list[Layer | None]:
        """Nothing feeds it."""
        return []

    @property
    def output_shape(self) -> Shape:
        """The shape that was given."""
        return self.shape

    def check(self, data: Tensor) -> None:
        """Data against the shape, before any layer computes with them.

        Raises
        ------
        ValueError
            If the rank, or a length that is fixed, differs.
        """
        fits = data.ndim == len(self.shape) and all(
            want is None or want == have for want, have in zip(self.shape, data.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"get_output: the data have shape {data.shape}, {self!r} takes {self.shape} "
                f"(None: any length){self._remedy(data)}"
            )

    def _remedy(self, data: Tensor) -> str:
        """A reshape that would fit, where the rank is wrong and only one length is open."""
        fixed = math.prod(n for n in self.shape if n is not None)
        if data.ndim == len(self.shape) or self.shape.count(None) != 1 or data.size % fixed:
            return ""
        wanted = tuple([-1 if n is None else n for n in self.shape])
        return f"; data.reshape({wanted}) would fit"
