"""Convolutional layers."""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.conv_base import BaseConvLayer
from minitorch.layers.conv_transposed import (
    Deconv2DLayer,
    Deconv3DLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
from minitorch.ops.conv_shape import conv_output_shape
from minitorch.utils import as_tuple

__all__ = [
    "BaseConvLayer",
    "Conv1DLayer",
    "Conv2DLayer",
    "Conv3DLayer",
    "Deconv2DLayer",
    "Deconv3DLayer",
    "DilatedConv2DLayer",
    "TransposedConv2DLayer",
    "TransposedConv3DLayer",
]


class _ConvLayer(BaseConvLayer):
    """A BaseConvLayer that may be given another function to convolve with."""

    def __init__(
        self,
        incoming: Any,
        num_filters: int,
        filter_size: Any,
        stride: Any = 1,
        pad: Any = 0,
        untie_biases: bool = False,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        flip_filters: bool = True,
        convolution: Any = None,
        **kwargs: Any,
    ) -> None:
        self.convolution = convolution
        super().__init__(
            incoming,
            num_filters,
            filter_size,
            stride,
            pad,
            untie_biases,
            W,
            b,
            nonlinearity,
            flip_filters,
            **kwargs,
        )


class Conv1DLayer(_ConvLayer):
    """Convolution along one axis; input (batch, channels, length).

    Parameters and errors are those of :class:`BaseConvLayer`, and ``convolution``: a
    function to use instead of ``minitorch.conv1d``, called as that is.

    Examples
    --------
    >>> from minitorch.layers import Conv1DLayer
    >>> Conv1DLayer((None, 3, 100), 8, 5, stride=2).output_shape
    (None, 8, 48)
    """

    axes = 1


class Conv2DLayer(_ConvLayer):
    """Convolution of images; input (batch, channels, rows, columns).

    Parameters and errors are those of :class:`BaseConvLayer`, and ``convolution``: a
    function to use instead of ``minitorch.conv2d``, called as that is.

    Examples
    --------
    >>> from minitorch.layers import Conv2DLayer, InputLayer
    >>> layer = Conv2DLayer(InputLayer((None, 1, 28, 28)), num_filters=20, filter_size=5)
    >>> layer
    Conv2DLayer(num_filters=20, filter_size=(5, 5), nonlinearity=rectify)
    >>> layer.output_shape
    (None, 20, 24, 24)
    """

    axes = 2


class Conv3DLayer(_ConvLayer):
    """Convolution of volumes; input (batch, channels, depth, rows, columns).

    Parameters and errors are those of :class:`BaseConvLayer`, and ``convolution``: a
    function to use instead of ``minitorch.conv3d``, called as that is.

    Examples
    --------
    >>> from minitorch.layers import Conv3DLayer
    >>> Conv3DLayer((None, 1, 8, 28, 28), 4, 3, pad="same").output_shape
    (None, 4, 8, 28, 28)
    """

    axes = 3


class DilatedConv2DLayer(BaseConvLayer):
    """Cross-correlation of images with filters whose taps lie apart.

    Parameters
    ----------
    incoming, num_filters, filter_size, untie_biases, b, nonlinearity, num_groups, name
        As for :class:`BaseConvLayer`.
    dilation : int or (int, int)
        Pixels from one tap to the next.
    pad : 0, (0, 0) or "valid"
    W : Parameter, array or callable
        Of shape (channels / num_groups, num_filters, *filter_size): the first two are
        swapped.
    flip_filters : False

    Raises
    ------
    ValueError, TypeError
        As :class:`BaseConvLayer`.
    NotImplementedError
        For padding (put a :class:`PadLayer` before it) or flipped filters.

    References
    ----------
    F. Yu and V. Koltun: Multi-scale context aggregation by dilated convolutions, 2016.

    Examples
    --------
    >>> from minitorch.layers import DilatedConv2DLayer
    >>> DilatedConv2DLayer((None, 3, 32, 32), 8, 3, dilation=4).output_shape
    (None, 8, 24, 24)
    """

    axes = 2
    flips = False

    def __init__(
        self,
        incoming: Any,
        num_filters: int,
        filter_size: Any,
        dilation: Any = (1, 1),
        pad: Any = 0,
        untie_biases: bool = False,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        flip_filters: bool = False,
        **kwargs: Any,
    ) -> None:
        self.dilation = as_tuple(dilation, 2, int)
        if pad != "valid" and (isinstance(pad, str) or as_tuple(pad, 2, int) != (0, 0)):
            raise NotImplementedError(
                f"DilatedConv2DLayer requires pad=0 / (0,0) / 'valid', but got {pad!r}. For a "
                f"padded dilated convolution, add a PadLayer."
            )
        if flip_filters:
            raise NotImplementedError("DilatedConv2DLayer requires flip_filters=False.")
        super().__init__(
            incoming,
            num_filters,
            filter_size,
            1,
            pad,
            untie_biases,
            W,
            b,
            nonlinearity,
            flip_filters,
            **kwargs,
        )

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), "dilation": self.dilation}

    def get_W_shape(self) -> tuple[int, ...]:  # noqa: N802 (Lasagne's name)
        """The shape of the weights, (channels / groups, filters, *filter_size)."""
        return (self.input_shape[1] // self.num_groups, self.num_filters, *self.filter_size)

    def _geometry(self) -> dict[str, Any]:
        return {"dilation": self.dilation, "groups": self.num_groups}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, filters, *places); ValueError if the filters do not fit."""
        depth, filters, *size = self.get_W_shape()
        shape = (filters, depth, *size)
        try:
            return conv_output_shape(
                input_shape, shape, name=type(self).__name__, **self._geometry()
            )
        except ValueError as error:
            raise self._fail(str(error)) from None

    def convolve(self, input: Any, bias: Any, **kwargs: Any) -> Tensor:
        """The cross-correlation, plus the bias."""
        filters = ops.permute_dims(self.W, axes=(1, 0, 2, 3))
        return ops.conv2d(input, filters, bias, **self._geometry())
