"""Upscaling and resizing, ways back from a pooling's shape."""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer, MergeLayer
from minitorch.utils import as_tuple

__all__ = ["ResizeLayer", "Upscale1DLayer", "Upscale2DLayer", "Upscale3DLayer"]


class _UpscaleLayer(Layer):
    """What upscaling layers of 1 to 3 spatial axes share; see :class:`Upscale2DLayer`."""

    axes = 0

    def __init__(
        self, incoming: Any, scale_factor: Any, mode: str = "repeat", **kwargs: Any
    ) -> None:
        super().__init__(incoming, **kwargs)
        self._check(self.input_shape)
        self.scale_factor = as_tuple(scale_factor, self.axes, int)
        if min(self.scale_factor) < 1:
            raise ValueError(f"Scale factor must be >= 1, not {self.scale_factor}")
        if mode not in ("repeat", "dilate"):
            raise ValueError(f"Mode must be either 'repeat' or 'dilate', not {mode}")
        self.mode = mode

    def _settings(self) -> dict[str, Any]:
        mode = {} if self.mode == "repeat" else {"mode": self.mode}
        return {"scale_factor": self.scale_factor, **mode}

    def _check(self, shape: Any) -> None:
        if len(shape) != self.axes + 2:
            raise self._fail(
                f"Tried to create a {self.axes}D upscaling layer with input shape {shape!r}. "
                f"Expected {self.axes + 2} input dimensions (batchsize, channels, {self.axes} "
                f"spatial dimensions)",
                "Use the layer of the input's rank",
            )

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, channels, *lengths times the factors)."""
        self._check(input_shape)
        scaled = zip(input_shape[2:], self.scale_factor, strict=True)
        return (*input_shape[:2], *[None if n is None else n * k for n, k in scaled])

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """Every element repeated, or followed by zeros."""
        out: Tensor = input
        if self.mode == "dilate":
            places = tuple([slice(None, None, k) for k in self.scale_factor])
            shape = self.get_output_shape_for(input.shape)
            return ops.scatter_add(out, index=(..., *places), shape=shape)
        for axis, factor in enumerate(self.scale_factor, start=2):
            if factor > 1:
                out = ops.repeat(out, factor, axis=axis)
        return out


class Upscale1DLayer(_UpscaleLayer):
    """Make sequences longer; see :class:`Upscale2DLayer` for the parameters."""

    axes = 1


class Upscale2DLayer(_UpscaleLayer):
    """Make images larger.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns).
    scale_factor : int or (int, int)
        At least 1.
    mode : "repeat" or "dilate"
        Repeat every pixel, or put zeros below and to the right of it.
    name : str, optional

    Raises
    ------
    ValueError
        For another mode, a wrong rank, or a factor below 1.
    TypeError
        If a factor is no integer.

    Examples
    --------
    >>> from minitorch.layers import Upscale2DLayer, get_output
    >>> image = [[[[1.0, 2.0]]]]
    >>> get_output(Upscale2DLayer((1, 1, 1, 2), 2), {None: image})
    Tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    >>> get_output(Upscale2DLayer((1, 1, 1, 2), 2, mode="dilate"), {None: image})
    Tensor([[[[1., 0., 2., 0.],
              [0., 0., 0., 0.]]]])
    """

    axes = 2


class Upscale3DLayer(_UpscaleLayer):
    """Make volumes larger; see :class:`Upscale2DLayer` for the parameters."""

    axes = 3


class ResizeLayer(MergeLayer):
    """Bring images to the rows and columns of others, by bilinear interpolation.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns).
    like : Layer or tuple
        Of four axes; only its rows and columns matter.
    name : str, optional

    Raises
    ------
    ValueError
        If one of them does not have four axes.

    Notes
    -----
    Pixels are squares that cover the same area in both, see
    :func:`minitorch.resize_bilinear`; so an image that was pooled down, whatever was left over
    at its border, comes back to the size that it had.

    Examples
    --------
    >>> from minitorch.layers import InputLayer, MaxPool2DLayer, ResizeLayer
    >>> image = InputLayer((None, 3, 35, 50))
    >>> small = MaxPool2DLayer(image, 4, ignore_border=False)
    >>> small.output_shape, ResizeLayer(small, image).output_shape
    ((None, 3, 9, 13), (None, 3, 35, 50))
    """

    def __init__(self, incoming: Any, like: Any, **kwargs: Any) -> None:
        super().__init__([incoming, like], **kwargs)
        self.output_shape  # noqa: B018 (raises now if these are no images)

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """(batch, channels) of the first, (rows, columns) of the second."""
        if any(len(shape) != 4 for shape in input_shapes):
            raise self._fail(
                f"both inputs have the axes (batch, channels, rows, columns), got "
                f"{input_shapes[0]!r} and {input_shapes[1]!r}"
            )
        return (*input_shapes[0][:2], *input_shapes[1][2:])

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The first input, resized."""
        image, like = inputs
        size = tuple(like.shape[2:])
        if tuple(image.shape[2:]) == size:
            return image  # type: ignore[no-any-return]
        return ops.resize_bilinear(image, size=size)
