"""Fully connected layers."""

from __future__ import annotations

import math
from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer, shown_function
from minitorch.utils import as_tuple

__all__ = ["DenseLayer", "NINLayer"]


class DenseLayer(Layer):
    """Every unit sees all inputs: y = f(x W + b).

    Parameters
    ----------
    incoming : Layer or tuple
    num_units : int
    W : Parameter, array or callable
        Of shape (num_inputs, num_units), num_inputs the product of the flattened axes.
    b : the same, or None for no bias
        Of shape (num_units,); not regularised.
    nonlinearity : callable or None
        None is the identity.
    num_leading_axes : int
        How many axes to keep; the rest is flattened. Negative: counted from
        the end, so -1 works on the last axis alone.
    name : str, optional

    Raises
    ------
    ValueError
        If there are too few axes, or a flattened one has no fixed length.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, InputLayer
    >>> DenseLayer(InputLayer((None, 20, 4, 4)), num_units=256).output_shape
    (None, 256)
    """

    def __init__(
        self,
        incoming: Any,
        num_units: int,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        num_leading_axes: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        (self.num_units,) = as_tuple(num_units, 1, int)
        rank = len(self.input_shape)
        if num_leading_axes >= rank:
            raise self._fail(
                f"Got num_leading_axes={num_leading_axes} for a {rank}-dimensional input, leaving "
                f"no trailing axes for the dot product",
                f"Use num_leading_axes={rank - 1} at most",
            )
        if num_leading_axes < -rank:
            raise self._fail(
                f"Got num_leading_axes={num_leading_axes} for a {rank}-dimensional input, "
                f"requesting more trailing axes than there are input dimensions",
                f"Use num_leading_axes={-rank} at least",
            )
        self.num_leading_axes = num_leading_axes
        trailing = self.input_shape[num_leading_axes:]
        if any(length is None for length in trailing):
            raise self._fail(
                f"A DenseLayer requires a fixed input shape (except for the leading axes). "
                f"Got {self.input_shape!r} for num_leading_axes={num_leading_axes}",
                "Give the layer below a fixed shape, or keep that axis with num_leading_axes",
            )
        self.W = self.add_param(W, (math.prod(trailing), num_units), name="W")
        self.b = (
            None if b is None else self.add_param(b, (num_units,), name="b", regularizable=False)
        )

    def _settings(self) -> dict[str, Any]:
        shown = {"num_units": self.num_units, "nonlinearity": shown_function(self.nonlinearity)}
        leading = self.num_leading_axes
        return shown if leading == 1 else {**shown, "num_leading_axes": leading}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The leading axes, then the units."""
        return (*input_shape[: self.num_leading_axes], self.num_units)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(x W + b)."""
        leading = self.num_leading_axes % input.ndim
        if leading + 1 < input.ndim:
            input = ops.flatten(input, leading)
        activation = ops.matmul(input, self.W)
        if self.b is not None:
            activation = activation + self.b
        result: Tensor = self.nonlinearity(activation)
        return result


class NINLayer(Layer):
    """A DenseLayer at every place of an image: a 1 x 1 convolution of any number of axes.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, *spatial); the channels are fixed.
    num_units : int
    untie_biases : bool
        A bias for every place instead of one per unit.
    W : Parameter, array or callable
        Of shape (channels, num_units).
    b : the same, or None for no bias
        Of shape (num_units,), or (num_units, *spatial) if untied; not regularised.
    nonlinearity : callable or None
        None is the identity.
    name : str, optional

    Raises
    ------
    ValueError
        If there is no channels axis, or it has no fixed length, or untied
        biases meet a place without one.
    TypeError
        If ``num_units`` is no integer.

    References
    ----------
    M. Lin, Q. Chen and S. Yan: Network in network, 2013.

    Examples
    --------
    >>> from minitorch.layers import NINLayer
    >>> layer = NINLayer((None, 20, 24, None), num_units=5)
    >>> layer.output_shape, layer.W.shape
    ((None, 5, 24, None), (20, 5))
    """

    def __init__(
        self,
        incoming: Any,
        num_units: int,
        untie_biases: bool = False,
        W: Any = init.GlorotUniform(),  # noqa: B008 (stateless)
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        (self.num_units,) = as_tuple(num_units, 1, int)
        self.untie_biases = untie_biases
        shape = self.input_shape
        if len(shape) < 2 or shape[1] is None:
            raise self._fail(
                f"a NINLayer needs an input (batchsize, channels, ...) with a fixed number of "
                f"channels, got {shape!r}",
                "Give the second axis a length",
            )
        if untie_biases and None in shape[2:]:
            raise self._fail(
                f"untie_biases needs fixed spatial lengths, got {shape!r}",
                "Give these axes a length, or leave the biases tied",
            )
        self.W = self.add_param(W, (shape[1], self.num_units), name="W")
        places = shape[2:] if untie_biases else ()
        self.b = None
        if b is not None:
            self.b = self.add_param(b, (self.num_units, *places), name="b", regularizable=False)

    def _settings(self) -> dict[str, Any]:
        untied = {"untie_biases": True} if self.untie_biases else {}
        shown = {"nonlinearity": shown_function(self.nonlinearity)}
        return {"num_units": self.num_units, **untied, **shown}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, units, *spatial)."""
        return (input_shape[0], self.num_units, *input_shape[2:])

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(W' x + b) at every place."""
        places = input.shape[2:]
        columns = input.reshape((*input.shape[:2], math.prod(places)))
        out = ops.matmul(self.W.T, columns).reshape((input.shape[0], self.num_units, *places))
        if self.b is not None:
            tied = (-1, *[1] * len(places))
            out = out + (self.b if self.untie_biases else self.b.reshape(tied))
        result: Tensor = self.nonlinearity(out)
        return result
