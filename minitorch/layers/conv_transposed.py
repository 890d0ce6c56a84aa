"""Transposed convolutions, the way back from a convolution's shape."""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.conv_base import BaseConvLayer
from minitorch.ops.conv_shape import conv_transpose_output_shape
from minitorch.utils import as_tuple

__all__ = ["Deconv2DLayer", "Deconv3DLayer", "TransposedConv2DLayer", "TransposedConv3DLayer"]


class _TransposedConvLayer(BaseConvLayer):
    """The adjoint of a convolution; see :class:`TransposedConv2DLayer`."""

    border = "crop"
    flips = False

    def __init__(
        self,
        incoming: Any,
        num_filters: int,
        filter_size: Any,
        stride: Any = 1,
        crop: Any = 0,
        untie_biases: bool = False,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        flip_filters: bool = False,
        output_size: Any = None,
        **kwargs: Any,
    ) -> None:
        size = None if output_size is None else as_tuple(output_size, self.axes or 0, int)
        self.output_size = size
        super().__init__(
            incoming,
            num_filters,
            filter_size,
            stride,
            crop,
            untie_biases,
            W,
            b,
            nonlinearity,
            flip_filters,
            **kwargs,
        )

    @property
    def crop(self) -> Any:
        """What is cut off around the result: integers, "same" or "full"."""
        return self.pad

    def _settings(self) -> dict[str, Any]:
        size = {} if self.output_size is None else {"output_size": self.output_size}
        return {**super()._settings(), **size}

    def get_W_shape(self) -> tuple[int, ...]:  # noqa: N802 (Lasagne's name)
        """The shape of the weights, (channels, filters / groups, *filter_size)."""
        return (self.input_shape[1], self.num_filters // self.num_groups, *self.filter_size)

    def _geometry(self) -> dict[str, Any]:
        return {
            "stride": self.stride,
            "crop": self.pad,
            "groups": self.num_groups,
            "output_size": self.output_size,
        }

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, filters, *places); ValueError if nothing is left, or the size cannot be."""
        try:
            return conv_transpose_output_shape(
                input_shape, self.get_W_shape(), name=type(self).__name__, **self._geometry()
            )
        except ValueError as error:
            change = "Use a smaller crop, or an output_size of that range"
            fits = len(input_shape) == self.n + 2 and input_shape[1] == self.input_shape[1]
            raise self._fail(str(error), change if fits else "") from None

    def convolve(self, input: Any, bias: Any, **kwargs: Any) -> Tensor:
        """The adjoint of the convolution whose filters are turned round the other way."""
        transpose = {2: ops.conv_transpose2d, 3: ops.conv_transpose3d}[self.n]
        return transpose(
            input, self.W, bias, flip_filters=not self.flip_filters, **self._geometry()
        )


class TransposedConv2DLayer(_TransposedConvLayer):
    """Stamp each filter, scaled by each pixel, on a larger image.

    This is the backward pass of a :class:`Conv2DLayer`, so with a stride it makes
    images larger. It is also called a deconvolution.

    Parameters
    ----------
    incoming, num_filters, filter_size, untie_biases, b, nonlinearity, num_groups, name
        As for :class:`BaseConvLayer`.
    stride : int or (int, int)
        Pixels of the result from one stamp to the next.
    crop : int, (int, int), "valid", "full" or "same"
        What to cut off around the result: the ``pad`` of that convolution.
    W : Parameter, array or callable
        Of shape (channels, num_filters / num_groups, *filter_size): the first two are
        swapped, so that ``W=conv.W`` undoes the shape of ``conv``.
    flip_filters : bool
        False (the default): cross-correlate the spread-out input with the filters. That is the
        adjoint of a Conv2DLayer with flip_filters=True (its default), and the other way round.
    output_size : int or (int, int), optional
        Rows and columns of the result, where the stride leaves a choice; default: the
        smallest.

    Raises
    ------
    ValueError
        As :class:`BaseConvLayer`, and if nothing is left, or no convolution
        maps ``output_size`` to the input's.
    TypeError, NotImplementedError
        As :class:`BaseConvLayer`.

    References
    ----------
    M. Zeiler, D. Krishnan, G. Taylor and R. Fergus: Deconvolutional networks, 2010.

    Examples
    --------
    >>> from minitorch.layers import Conv2DLayer, TransposedConv2DLayer
    >>> conv = Conv2DLayer((None, 3, 28, 28), 8, 5, stride=2, pad=2)
    >>> back = TransposedConv2DLayer(conv, 3, 5, stride=2, crop=2, W=conv.W, output_size=28)
    >>> conv.output_shape, back.output_shape
    ((None, 8, 14, 14), (None, 3, 28, 28))
    """

    axes = 2


class TransposedConv3DLayer(_TransposedConvLayer):
    """The adjoint of a Conv3DLayer; see :class:`TransposedConv2DLayer` for the parameters.

    Examples
    --------
    >>> from minitorch.layers import TransposedConv3DLayer
    >>> TransposedConv3DLayer((None, 4, 5, 5, 5), 2, 3, stride=2).output_shape
    (None, 2, 11, 11, 11)
    """

    axes = 3


Deconv2DLayer = TransposedConv2DLayer
Deconv3DLayer = TransposedConv3DLayer
