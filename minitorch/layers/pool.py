"""Pooling layers."""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer
from minitorch.layers.pool_features import FeaturePoolLayer, FeatureWTALayer, GlobalPoolLayer
from minitorch.layers.pool_pyramid import SpatialPyramidPoolingLayer
from minitorch.layers.pool_upscale import (
    ResizeLayer,
    Upscale1DLayer,
    Upscale2DLayer,
    Upscale3DLayer,
)
from minitorch.ops.pool_shape import pool_output_shape
from minitorch.utils import as_tuple

__all__ = [
    "FeaturePoolLayer",
    "FeatureWTALayer",
    "GlobalPoolLayer",
    "MaxPool1DLayer",
    "MaxPool2DLayer",
    "MaxPool3DLayer",
    "Pool1DLayer",
    "Pool2DLayer",
    "Pool3DLayer",
    "ResizeLayer",
    "SpatialPyramidPoolingLayer",
    "Upscale1DLayer",
    "Upscale2DLayer",
    "Upscale3DLayer",
]

MODES = ("max", "average_inc_pad", "average_exc_pad", "sum")


class _PoolLayer(Layer):
    """What pooling layers of 1 to 3 spatial axes share.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, *spatial).
    pool_size : int or tuple of int
    stride : int or tuple of int, optional
        Default: the pool size.
    pad : int or tuple of int
        Smaller than the pool size.
    ignore_border : bool
        False: keep a last window that reaches over the border (no padding then).
    mode : "max", "average_inc_pad", "average_exc_pad" or "sum"
    name : str, optional

    Raises
    ------
    ValueError
        For another mode, a wrong rank, or a window that does not fit.
    """

    axes = 0

    def __init__(
        self,
        incoming: Any,
        pool_size: Any,
        stride: Any = None,
        pad: Any = 0,
        ignore_border: bool = True,
        mode: str = "max",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        rank = len(self.input_shape) - 2
        if rank != self.axes:
            raise self._fail(
                f"Tried to create a {self.axes}D pooling layer with input shape "
                f"{self.input_shape!r}. Expected {self.axes + 2} input dimensions (batchsize, "
                f"channels, {self.axes} spatial dimensions)",
                f"Use Pool{rank}DLayer for this input"
                if rank in (1, 2, 3)
                else "Add the missing axes",
            )
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self.pool_size = as_tuple(pool_size, self.axes, int)
        self.stride = self.pool_size if stride is None else as_tuple(stride, self.axes, int)
        self.pad = as_tuple(pad, self.axes, int)
        self.ignore_border = ignore_border
        self.mode = mode
        self.output_shape  # noqa: B018 (raises now if the window does not fit)

    def _settings(self) -> dict[str, Any]:
        rest = {
            "stride": (self.stride, self.pool_size),
            "pad": (self.pad, (0,) * self.axes),
            "ignore_border": (self.ignore_border, True),
            "mode": (self.mode, "max"),
        }
        return {"pool_size": self.pool_size, **{k: v for k, (v, d) in rest.items() if v != d}}

    def _geometry(self) -> dict[str, Any]:
        return {"stride": self.stride, "pad": self.pad, "ignore_border": self.ignore_border}

    def _smallest_change(self, shape: Any) -> str:
        """Which pool size or padding would just fit an input of this shape."""
        if min(self.stride) < 1 or min(self.pad) < 0 or min(self.pool_size) < 1:
            return "Use a pool_size and stride of at least 1, a pad of at least 0"
        if not self.ignore_border and any(self.pad):
            return "Use pad=0, or ignore_border=True"
        if len(shape) != self.axes + 2:
            return ""
        rows = list(zip(shape[2:], self.pool_size, self.pad, strict=True))
        if any(p >= f for _, f, p in rows):
            return f"Use pad={tuple([min(p, f - 1) for _, f, p in rows])}"
        sizes = tuple([f if n is None else min(f, n + 2 * p) for n, f, p in rows])
        return f"The smallest changes that fit: pool_size={sizes}, or ignore_border=False"

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, channels, *windows); ValueError if the window does not fit."""
        try:
            return pool_output_shape(
                input_shape,
                self.pool_size,
                name=type(self).__name__,
                axes=self.axes,
                **self._geometry(),
            )
        except ValueError as error:
            raise self._fail(str(error), self._smallest_change(input_shape)) from None

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The windows' maxima, means or sums."""
        kind = {"max": "max", "sum": "sum"}.get(self.mode, "avg")
        pool = getattr(ops, f"{kind}_pool{self.axes}d")
        options = self._geometry()
        if kind == "avg":
            options["count_padding"] = self.mode == "average_inc_pad"
        result: Tensor = pool(input, self.pool_size, **options)
        return result


class Pool1DLayer(_PoolLayer):
    """Pooling along one axis; see :class:`Pool2DLayer` for the parameters."""

    axes = 1


class Pool2DLayer(_PoolLayer):
    """Pooling of images.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns).
    pool_size : int or (int, int)
    stride : int or (int, int), optional
        Default: the pool size.
    pad : int or (int, int)
        Smaller than the pool size; -inf for max, zeros for the others.
    ignore_border : bool
        False: keep a last window that reaches over the border (no padding then).
    mode : "max", "average_inc_pad", "average_exc_pad" or "sum"
    name : str, optional

    Raises
    ------
    ValueError
        For another mode, a wrong rank, or a window that does not fit.

    Examples
    --------
    >>> from minitorch.layers import Pool2DLayer
    >>> Pool2DLayer((None, 20, 24, 24), 3, stride=2, ignore_border=False).output_shape
    (None, 20, 12, 12)
    """

    axes = 2


class Pool3DLayer(_PoolLayer):
    """Pooling of volumes; see :class:`Pool2DLayer` for the parameters."""

    axes = 3


class _MaxPoolLayer(_PoolLayer):
    def __init__(
        self,
        incoming: Any,
        pool_size: Any,
        stride: Any = None,
        pad: Any = 0,
        ignore_border: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, pool_size, stride, pad, ignore_border, "max", **kwargs)


class MaxPool1DLayer(_MaxPoolLayer, Pool1DLayer):
    """Pool1DLayer with mode "max"."""


class MaxPool2DLayer(_MaxPoolLayer, Pool2DLayer):
    """Pool2DLayer with mode "max".

    Examples
    --------
    >>> from minitorch.layers import MaxPool2DLayer
    >>> MaxPool2DLayer((None, 20, 24, 24), 2).output_shape
    (None, 20, 12, 12)
    """


class MaxPool3DLayer(_MaxPoolLayer, Pool3DLayer):
    """Pool3DLayer with mode "max"."""
