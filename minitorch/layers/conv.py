"""Convolutional layers."""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer
from minitorch.ops.conv_shape import conv_output_shape
from minitorch.utils import as_tuple

__all__ = ["BaseConvLayer", "Conv1DLayer", "Conv2DLayer", "Conv3DLayer"]

_AXES = {1: "length", 2: "rows, columns", 3: "depth, rows, columns"}


class BaseConvLayer(Layer):
    """What convolutional layers of 1 to 3 spatial axes share.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, *spatial).
    num_filters : int
    filter_size : int or tuple of int
    stride : int or tuple of int
    pad : int, tuple of int, "valid", "full" or "same"
        "same" needs odd filters.
    untie_biases : bool
        A bias for every place instead of one per filter.
    W : Parameter, array, number or callable
        Of shape (num_filters, channels / num_groups, *filter_size).
    b : the same, or None for no bias
    nonlinearity : callable or None
    flip_filters : bool
        True (the default): convolution. False: cross-correlation, as in
        PyTorch and Caffe; weights from there need it.
    num_groups : int
        Must divide both numbers of channels.
    n : int
        Number of spatial axes; by default that of the input.
    name : str, optional

    Raises
    ------
    ValueError
        If rank, channels, groups or filter size do not fit.
    NotImplementedError
        For "same" with an even filter.
    """

    axes: int | None = None  # the spatial axes of a subclass

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
        num_groups: int = 1,
        n: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.n = n or self.axes or len(self.input_shape) - 2
        self._check_input()
        self.num_filters = num_filters
        self.filter_size = as_tuple(filter_size, self.n, int)
        self.stride = as_tuple(stride, self.n, int)
        self.flip_filters = flip_filters
        self.untie_biases = untie_biases
        self.num_groups = num_groups
        self.pad = self._check_pad(pad)
        self._check_groups()
        self.output_shape  # noqa: B018 (raises now if the window does not fit)
        self.W = self.add_param(W, self.get_W_shape(), name="W")
        self.b = None
        if b is not None:
            shape = (num_filters, *self.output_shape[2:]) if untie_biases else (num_filters,)
            self.b = self.add_param(b, shape, name="b", regularizable=False)

    def _check_input(self) -> None:
        if len(self.input_shape) != self.n + 2 or self.n not in _AXES:
            raise self._fail(
                f"Tried to create a {self.n}D convolution layer with input shape {self.input_shape!r}. "
                f"Expected {self.n + 2} input dimensions (batchsize, channels, {_AXES.get(self.n, '...')})",
                "Add the missing axes below, or use the layer for this rank",
            )
        if self.input_shape[1] is None:
            raise self._fail(
                f"a convolution needs a fixed number of channels, got {self.input_shape!r}",
                "Give the second axis a length",
            )

    def _check_pad(self, pad: Any) -> Any:
        if pad == "valid":
            return as_tuple(0, self.n)
        if pad in ("full", "same"):
            if pad == "same" and any(size % 2 == 0 for size in self.filter_size):
                raise NotImplementedError("`same` padding requires odd filter size.")
            return pad
        return as_tuple(pad, self.n, int)

    def _check_groups(self) -> None:
        channels, groups = self.input_shape[1], self.num_groups
        if groups <= 0:
            raise self._fail(f"num_groups (here: {groups}) must be positive", "Use 1 for no groups")
        if self.num_filters % groups or channels % groups:
            raise self._fail(
                f"num_groups (here: {groups}) must evenly divide num_filters (here: "
                f"{self.num_filters}) and the number of input channels (here: {channels})",
                f"Use {(self.num_filters // groups + 1) * groups} filters, or another num_groups",
            )

    def _settings(self) -> dict[str, Any]:
        name = getattr(self.nonlinearity, "__name__", repr(self.nonlinearity))
        shown = {"num_filters": self.num_filters, "filter_size": self.filter_size}
        rest = {"stride": (self.stride, (1,) * self.n), "pad": (self.pad, (0,) * self.n),
                "num_groups": (self.num_groups, 1), "flip_filters": (self.flip_filters, True)}  # fmt: skip
        changed = {k: value for k, (value, default) in rest.items() if value != default}
        return {**shown, **changed, "nonlinearity": name}

    def get_W_shape(self) -> tuple[int, ...]:
        """The shape of the weights."""
        return (self.num_filters, self.input_shape[1] // self.num_groups, *self.filter_size)

    def _geometry(self) -> dict[str, Any]:
        return {"stride": self.stride, "pad": self.pad, "groups": self.num_groups}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, filters, *places)."""
        try:
            return conv_output_shape(
                input_shape, self.get_W_shape(), name=type(self).__name__, **self._geometry()
            )
        except ValueError as error:
            raise self._fail(
                str(error), "See the filter size, stride and pad of this layer"
            ) from None

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(conv(x, W) + b)."""
        convolve = (ops.conv1d, ops.conv2d, ops.conv3d)[self.n - 1]
        bias = None if self.untie_biases else self.b
        out = convolve(input, self.W, bias, flip_filters=self.flip_filters, **self._geometry())
        if self.untie_biases and self.b is not None:
            out = out + self.b
        result: Tensor = self.nonlinearity(out)
        return result


class Conv1DLayer(BaseConvLayer):
    """Convolution along one axis; input (batch, channels, length).

    Parameters and errors are those of :class:`BaseConvLayer`.

    Examples
    --------
    >>> from minitorch.layers import Conv1DLayer
    >>> Conv1DLayer((None, 3, 100), 8, 5, stride=2).output_shape
    (None, 8, 48)
    """

    axes = 1


class Conv2DLayer(BaseConvLayer):
    """Convolution of images; input (batch, channels, rows, columns).

    Parameters and errors are those of :class:`BaseConvLayer`.

    Examples
    --------
    >>> from minitorch.layers import Conv2DLayer, InputLayer
    >>> Conv2DLayer(InputLayer((None, 1, 28, 28)), num_filters=20, filter_size=5).output_shape
    (None, 20, 24, 24)
    """

    axes = 2


class Conv3DLayer(BaseConvLayer):
    """Convolution of volumes; input (batch, channels, depth, rows, columns).

    Parameters and errors are those of :class:`BaseConvLayer`.
    """

    axes = 3
