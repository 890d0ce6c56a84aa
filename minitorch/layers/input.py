"""Where data enter a network."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from minitorch.autograd import asarray
from minitorch.layers.base import Layer, Shape

__all__ = ["InputLayer"]


class InputLayer(Layer):
    """A place for data; it computes nothing.

    Parameters
    ----------
    shape : tuple
        Lengths of the axes, None where they may vary (the batch).
    input_var : array or Tensor, optional
        The data to use when ``get_output`` is given none.
    name : str, optional

    Raises
    ------
    ValueError
        If ``input_var`` has another rank, or a length is not positive.

    Examples
    --------
    >>> from minitorch.layers import InputLayer
    >>> InputLayer((None, 1, 28, 28)).output_shape
    (None, 1, 28, 28)
    """

    def __init__(
        self, shape: Any, input_var: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        self.name = name
        self.params = OrderedDict()
        self.get_output_kwargs = []
        self.input_layer = None
        self.shape: Shape = tuple(shape)
        self.input_shape = self.shape
        if any(length is not None and length <= 0 for length in self.shape):
            raise ValueError(
                f"Cannot create InputLayer with a non-positive shape dimension. "
                f"shape={self.shape!r}, self.name={name!r}"
            )
        if input_var is not None:
            input_var = asarray(input_var)
            if input_var.ndim != len(self.shape):
                raise ValueError(
                    f"shape has {len(self.shape)} dimensions, but variable has {input_var.ndim}"
                )
        self.input_var = input_var

    def _settings(self) -> dict[str, Any]:
        return {"shape": self.shape}

    @property
    def output_shape(self) -> Shape:
        """The shape that was given."""
        return self.shape
