"""What all convolutional layers share."""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer, shown_function
from minitorch.ops.conv_shape import conv_output_shape
from minitorch.utils import as_tuple

__all__ = ["BaseConvLayer"]

AXES = {1: "length", 2: "rows, columns", 3: "depth, rows, columns"}
_CONVOLUTIONS = {1: ops.conv1d, 2: ops.conv2d, 3: ops.conv3d}


class BaseConvLayer(Layer):
    """What convolutional layers of 1 to 3 spatial axes share.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, *spatial); the channels are fixed.
    num_filters : int
    filter_size : int or tuple of int
    stride : int or tuple of int
    pad : int, tuple of int, "valid", "full" or "same"
        Zeros on both sides of each axis: as many as given, none, all that
        windows can reach (size - 1), or what keeps the length (size // 2; odd
        sizes only).
    untie_biases : bool
        A bias for every place instead of one per filter.
    W : Parameter, array or callable
        Of shape (num_filters, channels / num_groups, *filter_size).
    b : the same, or None for no bias
        Of shape (num_filters,), not regularised.
    nonlinearity : callable or None
        None is the identity.
    flip_filters : bool
        True (the default): convolution. False: cross-correlation, as in
        PyTorch and Caffe; weights from there need it.
    num_groups : int
        Each group of filters sees its own group of channels; it must divide
        both numbers.
    n : int, optional
        Number of spatial axes; default: that of the input.
    name : str, optional

    Raises
    ------
    ValueError
        If rank, channels, groups or filter size do not fit: with a change that
        would, and a table of the layers above.
    TypeError
        If a size, stride or pad is no integer.
    NotImplementedError
        For "same" with an even filter.
    """

    axes: int | None = None  # the spatial axes of a subclass
    border = "pad"  # what a subclass calls it
    flips = True  # the default of flip_filters
    convolution: Any = None  # what to convolve with instead of conv1d, conv2d or conv3d

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
        (self.num_filters,) = as_tuple(num_filters, 1, int)
        self.filter_size = as_tuple(filter_size, self.n, int)
        self.stride = as_tuple(stride, self.n, int)
        self.flip_filters = flip_filters
        self.untie_biases = untie_biases
        self.num_groups = num_groups
        self.pad = self._resolve_pad(pad)
        self._check_counts()
        places = self.output_shape[2:]  # raises now if the window does not fit
        self.W = self.add_param(W, self.get_W_shape(), name="W")
        self.b = None
        if b is not None:
            shape = (
                (self.num_filters, *self._fixed(places)) if untie_biases else (self.num_filters,)
            )
            self.b = self.add_param(b, shape, name="b", regularizable=False)

    # -- what is checked when the layer is made ---------------------------

    def _check_input(self) -> None:
        shape, rank = self.input_shape, self.n + 2
        if len(shape) != rank or self.n not in AXES:
            change = "Give the input those axes"
            if len(shape) == rank - 1:
                change = f"Give the input a channels axis: {(*shape[:1], 1, *shape[1:])}"
            elif len(shape) - 2 in AXES:
                change = f"Use Conv{len(shape) - 2}DLayer for this input"
            raise self._fail(
                f"Tried to create a {self.n}D convolution layer with input shape {shape!r}. "
                f"Expected {rank} input dimensions (batchsize, channels, "
                f"{AXES.get(self.n, '...')})",
                change,
            )
        if shape[1] is None:
            raise self._fail(
                f"a convolution needs a fixed number of channels, got {shape!r}",
                "Give the second axis a length",
            )

    def _resolve_pad(self, pad: Any) -> Any:
        if pad == "valid":
            return as_tuple(0, self.n)
        if pad == "same" and any(size % 2 == 0 for size in self.filter_size):
            raise NotImplementedError("`same` padding requires odd filter size.")
        if isinstance(pad, str) and pad not in ("same", "full"):
            raise ValueError(
                f"{self.border} must be 'valid', 'full', 'same' or integers, got {pad!r}"
            )
        return pad if isinstance(pad, str) else as_tuple(pad, self.n, int)

    def _check_counts(self) -> None:
        channels, filters, groups = self.input_shape[1], self.num_filters, self.num_groups
        if filters <= 0 or any(size <= 0 for size in self.filter_size):
            raise self._fail(
                f"num_filters and filter_size must be positive, got {filters} and "
                f"{self.filter_size}",
                "Use at least 1",
            )
        if groups <= 0:
            raise self._fail(f"num_groups (here: {groups}) must be positive", "Use 1 for no groups")
        if filters % groups or channels % groups:
            change = "Use another num_groups, such as 1"
            if channels % groups == 0:
                change = f"Use num_filters={-(-filters // groups) * groups}, or num_groups=1"
            raise self._fail(
                f"num_groups (here: {groups}) must evenly divide num_filters (here: {filters}) and "
                f"the number of input channels (here: {channels})",
                change,
            )

    def _fixed(self, places: Any) -> Any:
        """The spatial shape that biases of their own per place need."""
        if None in places:
            raise self._fail(
                f"untie_biases needs fixed spatial lengths, got {self.input_shape!r}",
                "Give these axes a length, or leave the biases tied",
            )
        return places

    def _smallest_change(self, shape: Any) -> str:
        """Which filter size, or which padding, would just fit an input of this shape."""
        if min(self.stride) < 1 or (not isinstance(self.pad, str) and min(self.pad) < 0):
            return "Use a stride of at least 1 and a pad of at least 0"
        if isinstance(self.pad, str) or len(shape) != self.n + 2:
            return ""
        rows = list(zip(shape[2:], self.filter_size, self.pad, strict=True))
        if all(n is None or n + 2 * p >= f for n, f, p in rows):
            return ""
        sizes = tuple([f if n is None else min(f, n + 2 * p) for n, f, p in rows])
        pads = tuple([p if n is None else max(p, -((n - f) // 2)) for n, f, p in rows])
        return f"The smallest changes that fit: filter_size={sizes}, or pad={pads}"

    # -- shapes and output ------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        shown = {"num_filters": self.num_filters, "filter_size": self.filter_size}
        rest = {
            "stride": (self.stride, (1,) * self.n),
            self.border: (self.pad, (0,) * self.n),
            "untie_biases": (self.untie_biases, False),
            "flip_filters": (self.flip_filters, self.flips),
            "num_groups": (self.num_groups, 1),
        }
        changed = {k: value for k, (value, default) in rest.items() if value != default}
        return {**shown, **changed, "nonlinearity": shown_function(self.nonlinearity)}

    def get_W_shape(self) -> tuple[int, ...]:  # noqa: N802 (Lasagne's name)
        """The shape of the weights, (filters, channels / groups, *filter_size)."""
        return (self.num_filters, self.input_shape[1] // self.num_groups, *self.filter_size)

    def _geometry(self) -> dict[str, Any]:
        return {"stride": self.stride, "pad": self.pad, "groups": self.num_groups}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, filters, *places); ValueError if the filters do not fit."""
        try:
            return conv_output_shape(
                input_shape, self.get_W_shape(), name=type(self).__name__, **self._geometry()
            )
        except ValueError as error:
            raise self._fail(str(error), self._smallest_change(input_shape)) from None

    def convolve(self, input: Any, bias: Any, **kwargs: Any) -> Tensor:
        """conv(x, W) + bias, the bias one per filter or None; a subclass may do it otherwise."""
        convolution = self.convolution or _CONVOLUTIONS[self.n]
        result: Tensor = convolution(
            input, self.W, bias, flip_filters=self.flip_filters, **self._geometry()
        )
        return result

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(conv(x, W) + b)."""
        out = self.convolve(input, None if self.untie_biases else self.b, **kwargs)
        if self.untie_biases and self.b is not None:
            out = out + self.b
        result: Tensor = self.nonlinearity(out)
        return result
