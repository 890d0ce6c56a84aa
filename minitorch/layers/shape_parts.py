"""Borders and parts: layers that make the input larger or smaller."""

from __future__ import annotations

import numbers
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer
from minitorch.ops.padding import MODES
from minitorch.utils import as_tuple

__all__ = ["PadLayer", "SliceLayer", "pad"]


class PadLayer(Layer):
    """Surround the input with a border: of a constant, or of the input again.

    Parameters
    ----------
    incoming : Layer or tuple
    width : int, or one int or (int, int) per padded axis
        Lengths of the border before and after, not negative.
    val : number
        The constant.
    batch_ndim : int
        So many leading axes are left alone.
    mode : "constant", "edge", "reflect", "symmetric" or "wrap"
        What the border is made of; see :func:`minitorch.pad`.
    name : str, optional

    Raises
    ------
    ValueError
        For a negative width, a wrong number of them, another mode, or a ``batch_ndim``
        that is no number of leading axes.
    TypeError
        If a width is no integer.

    Examples
    --------
    >>> from minitorch.layers import PadLayer
    >>> PadLayer((None, 3, 28, 28), (1, (0, 2))).output_shape
    (None, 3, 30, 30)
    """

    def __init__(
        self,
        incoming: Any,
        width: Any,
        val: Any = 0,
        batch_ndim: int = 2,
        mode: str = "constant",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        if mode not in ("constant", *MODES):
            raise ValueError(f"PadLayer: mode is 'constant', {str(MODES)[1:-1]}, not {mode!r}")
        rank = len(self.input_shape)
        if not 0 <= batch_ndim <= rank:
            raise self._fail(
                f"an input of {rank} axes does not have batch_ndim={batch_ndim} leading ones"
            )
        widths = as_tuple(width, rank - batch_ndim)
        self.width = tuple([as_tuple(entry, 2, int) for entry in widths])
        if any(side < 0 for sides in self.width for side in sides):
            raise ValueError(f"PadLayer: a width must not be negative, got {width}")
        self.val = val
        self.batch_ndim = batch_ndim
        self.mode = mode

    def _settings(self) -> dict[str, Any]:
        rest = {
            "val": (self.val, 0),
            "batch_ndim": (self.batch_ndim, 2),
            "mode": (self.mode, "constant"),
        }
        return {"width": self.width, **{k: v for k, (v, usual) in rest.items() if v != usual}}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The lengths with their borders."""
        if len(input_shape) != self.batch_ndim + len(self.width):
            raise self._fail(
                f"it pads the last {len(self.width)} of {self.batch_ndim + len(self.width)} axes, "
                f"got {tuple(input_shape)}"
            )
        padded = zip(input_shape[self.batch_ndim :], self.width, strict=True)
        lengths = [None if n is None else n + sum(sides) for n, sides in padded]
        return (*input_shape[: self.batch_ndim], *lengths)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The input with its border."""
        width = ((0, 0),) * self.batch_ndim + self.width
        return ops.pad(input, width, mode=self.mode, value=self.val)


pad = PadLayer


class SliceLayer(Layer):
    """A part of the input along one axis.

    Parameters
    ----------
    incoming : Layer or tuple
    indices : int or slice
        An integer drops the axis.
    axis : int
    name : str, optional

    Raises
    ------
    ValueError
        If the axis or the index is not there, or nothing is left.
    TypeError
        For other indices.

    Examples
    --------
    >>> from minitorch.layers import SliceLayer
    >>> SliceLayer((None, 10, 4), -1, axis=1).output_shape  # the last time step
    (None, 4)
    >>> SliceLayer((None, 10, 4), slice(2, None, 3), axis=1).output_shape
    (None, 3, 4)
    """

    def __init__(self, incoming: Any, indices: Any, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        if not isinstance(indices, numbers.Integral | slice):
            raise TypeError(f"SliceLayer: indices must be an integer or a slice, got {indices!r}")
        self.slice = indices
        self.axis = axis
        self.output_shape  # noqa: B018 (raises now if there is no such part)

    def _settings(self) -> dict[str, Any]:
        return {"indices": self.slice, "axis": self.axis}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The input's shape, with that axis shorter or gone."""
        shape, rank = list(input_shape), len(input_shape)
        if not -rank <= self.axis < rank:
            raise self._fail(
                f"an input of {rank} axes has no axis={self.axis}",
                f"Use an axis from 0 to {rank - 1}" if rank else "",
            )
        length = shape[self.axis]
        single = not isinstance(self.slice, slice)
        if length is not None:
            part = range(length)[
                slice(self.slice, (self.slice + 1) or None) if single else self.slice
            ]
            if not part:
                raise self._fail(
                    f"{self.slice} selects nothing of axis {self.axis} of {tuple(input_shape)}",
                    f"Use indices from 0 to {length - 1}" if length else "",
                )
            shape[self.axis] = len(part)
        if single:
            del shape[self.axis]
        return tuple(shape)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """That part of the input."""
        self.get_output_shape_for(input.shape)
        before = (slice(None),) * (self.axis % input.ndim)
        return input[(*before, self.slice)]  # type: ignore[no-any-return]
