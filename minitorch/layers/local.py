"""Locally connected layers: convolutions whose filters differ from place to place."""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.conv import Conv2DLayer
from minitorch.utils import as_tuple

__all__ = ["LocallyConnected2DLayer"]


class LocallyConnected2DLayer(Conv2DLayer):
    """A Conv2DLayer with filters of its own for every place.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns), fixed but for the batch.
    num_filters, filter_size, untie_biases, b, nonlinearity, flip_filters, name
        As for :class:`BaseConvLayer`; the filter's lengths are odd.
    stride : 1 or (1, 1)
    pad : "same"
    W : Parameter, array or callable
        Of shape (num_filters, channels, *filter_size, rows, columns), or, channelwise,
        (num_filters, *filter_size, rows, columns).
    channelwise : bool
        Filter k sees channel k alone; there are as many filters as channels.

    Raises
    ------
    ValueError
        As :class:`BaseConvLayer`, for an input shape that is not fixed, and for
        ``channelwise`` with another number of filters than channels.
    TypeError
        If a size is no integer.
    NotImplementedError
        For another stride or pad, even filters, or groups.

    Notes
    -----
    y[n, k, p] = f(Σ_{c,r} x[n, c, p + r - size // 2] W[k, c, r, p] + b[k]), with the
    filters turned round first if they are flipped: one product of images per tap.

    Examples
    --------
    >>> from minitorch.layers import LocallyConnected2DLayer
    >>> layer = LocallyConnected2DLayer((None, 3, 8, 8), 16, 3)
    >>> layer.output_shape, layer.W.shape
    ((None, 16, 8, 8), (16, 3, 3, 3, 8, 8))
    """

    def __init__(
        self,
        incoming: Any,
        num_filters: int,
        filter_size: Any,
        stride: Any = (1, 1),
        pad: Any = "same",
        untie_biases: bool = False,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        flip_filters: bool = True,
        channelwise: bool = False,
        **kwargs: Any,
    ) -> None:
        if as_tuple(stride, 2, int) != (1, 1):
            raise NotImplementedError(
                f"LocallyConnected2DLayer requires stride=1 / (1, 1), but got {stride!r}."
            )
        if pad != "same":
            raise NotImplementedError(
                f"LocallyConnected2DLayer requires pad='same', but got {pad!r}."
            )
        if kwargs.get("num_groups", 1) != 1:
            raise NotImplementedError(
                "LocallyConnected2DLayer has no groups but channelwise=True, a channel each."
            )
        self.channelwise = channelwise
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

    def _settings(self) -> dict[str, Any]:
        shown = super()._settings()
        del shown["pad"]
        return {**shown, "channelwise": True} if self.channelwise else shown

    def get_W_shape(self) -> tuple[int, ...]:  # noqa: N802 (Lasagne's name)
        """(filters, channels, *filter_size, rows, columns), without channels if channelwise."""
        shape, filters = self.input_shape, self.num_filters
        if None in shape[1:]:
            raise self._fail(
                f"A LocallyConnected2DLayer requires a fixed input shape (except for the batch "
                f"size). Got {shape!r}"
            )
        if self.channelwise and filters != shape[1]:
            raise self._fail(
                f"num_filters and the number of input channels should match when channelwise is "
                f"true, but got num_filters={filters!r} and {shape[1]} input channels",
                f"Use num_filters={shape[1]}",
            )
        seen = () if self.channelwise else (shape[1],)
        return (filters, *seen, *self.filter_size, *shape[2:])

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, filters, rows, columns)."""
        if len(input_shape) != 4 or tuple(input_shape[1:]) != tuple(self.input_shape[1:]):
            raise self._fail(
                f"its filters are made for {tuple(self.input_shape)}, got {tuple(input_shape)}"
            )
        return (input_shape[0], self.num_filters, *input_shape[2:])

    def convolve(self, input: Any, bias: Any, **kwargs: Any) -> Tensor:
        """The sum over the taps of shifted images times the tap's weights, plus the bias."""
        self.get_output_shape_for(input.shape)
        (rows, columns), (high, wide) = self.filter_size, input.shape[2:]
        margins = ((0, 0), (0, 0), (rows // 2,) * 2, (columns // 2,) * 2)
        padded = ops.pad(input, margins)
        products = "nkhw,khw->nkhw" if self.channelwise else "nchw,kchw->nkhw"
        out = None if bias is None else bias.reshape((-1, 1, 1))
        for i in range(rows):
            for j in range(columns):
                tap = (rows - 1 - i, columns - 1 - j) if self.flip_filters else (i, j)
                weights = self.W[(..., *tap, slice(None), slice(None))]
                shifted = padded[:, :, i : i + high, j : j + wide]
                part = ops.einsum(products, shifted, weights)
                out = part if out is None else out + part
        return out  # type: ignore[return-value]
