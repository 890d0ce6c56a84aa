"""Lasagne's names for cuda-convnet's layers, here without its limits on sizes.

cuda-convnet kept its images as (channels, rows, columns, batch), "c01b". The
layers here compute on (batch, channels, rows, columns), "bc01", alone: put a
:class:`ShuffleC01BToBC01Layer` before them and a :class:`ShuffleBC01ToC01BLayer`
behind, instead of ``dimshuffle=False``.
"""

from __future__ import annotations

import math
from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer, shown_function
from minitorch.layers.conv import Conv2DLayer
from minitorch.layers.pool import MaxPool2DLayer
from minitorch.layers.shape import DimshuffleLayer
from minitorch.utils import as_tuple

__all__ = [
    "Conv2DCCLayer",
    "MaxPool2DCCLayer",
    "NINLayer_c01b",
    "ShuffleBC01ToC01BLayer",
    "ShuffleC01BToBC01Layer",
    "bc01_to_c01b",
    "c01b_to_bc01",
]


def _check_layout(name: str, dimshuffle: bool) -> None:
    if not dimshuffle:
        raise NotImplementedError(
            f"{name} works on (batch, channels, rows, columns), dimshuffle=True; put c01b_to_bc01 "
            f"before it and bc01_to_c01b behind"
        )


class Conv2DCCLayer(Conv2DLayer):
    """A Conv2DLayer that does not flip its filters unless asked to.

    Parameters
    ----------
    incoming, num_filters, filter_size, stride, pad, untie_biases, b, nonlinearity, name
        As for :class:`Conv2DLayer`.
    W : Parameter, array, callable or None
        None: GlorotUniform.
    dimshuffle : True
    flip_filters : bool
    partial_sum : int
        Accepted for Lasagne's sake.

    Raises
    ------
    NotImplementedError
        For ``dimshuffle=False``.

    Examples
    --------
    >>> from minitorch.layers.cuda_convnet import Conv2DCCLayer
    >>> Conv2DCCLayer((None, 3, 8, 8), 16, 3).flip_filters
    False
    """

    flips = False

    def __init__(
        self,
        incoming: Any,
        num_filters: int,
        filter_size: Any,
        stride: Any = (1, 1),
        pad: Any = 0,
        untie_biases: bool = False,
        W: Any = None,
        b: Any = init.Constant(0.0),  # noqa: B008 (stateless)
        nonlinearity: Any = nonlinearities.rectify,
        dimshuffle: bool = True,
        flip_filters: bool = False,
        partial_sum: int = 1,
        **kwargs: Any,
    ) -> None:
        _check_layout("Conv2DCCLayer", dimshuffle)
        super().__init__(
            incoming,
            num_filters,
            filter_size,
            stride,
            pad,
            untie_biases,
            init.GlorotUniform() if W is None else W,
            b,
            nonlinearity,
            flip_filters,
            **kwargs,
        )


class MaxPool2DCCLayer(MaxPool2DLayer):
    """A MaxPool2DLayer that keeps the last window over the border.

    Parameters
    ----------
    incoming, pool_size, stride, name
        As for :class:`MaxPool2DLayer`.
    ignore_border : False
    dimshuffle : True

    Raises
    ------
    NotImplementedError
        For the other values of these.

    Examples
    --------
    >>> from minitorch.layers.cuda_convnet import MaxPool2DCCLayer
    >>> MaxPool2DCCLayer((None, 3, 8, 8), 3, stride=2).output_shape
    (None, 3, 4, 4)
    """

    def __init__(
        self,
        incoming: Any,
        pool_size: Any,
        stride: Any = None,
        ignore_border: bool = False,
        dimshuffle: bool = True,
        **kwargs: Any,
    ) -> None:
        _check_layout("MaxPool2DCCLayer", dimshuffle)
        if ignore_border:
            raise NotImplementedError("MaxPool2DCCLayer does not support ignore_border=True.")
        super().__init__(incoming, pool_size, stride, ignore_border=False, **kwargs)


class _ShuffleLayer(DimshuffleLayer):
    order: tuple[int, ...] = ()

    def __init__(self, incoming: Any, **kwargs: Any) -> None:
        super().__init__(incoming, self.order, **kwargs)

    def _settings(self) -> dict[str, Any]:
        return {}


class ShuffleBC01ToC01BLayer(_ShuffleLayer):
    """From (batch, channels, rows, columns) to (channels, rows, columns, batch).

    Examples
    --------
    >>> from minitorch.layers.cuda_convnet import ShuffleBC01ToC01BLayer
    >>> ShuffleBC01ToC01BLayer((None, 3, 8, 9)).output_shape
    (3, 8, 9, None)
    """

    order = (1, 2, 3, 0)


class ShuffleC01BToBC01Layer(_ShuffleLayer):
    """From (channels, rows, columns, batch) to (batch, channels, rows, columns).

    Examples
    --------
    >>> from minitorch.layers.cuda_convnet import ShuffleC01BToBC01Layer
    >>> ShuffleC01BToBC01Layer((3, 8, 9, None)).output_shape
    (None, 3, 8, 9)
    """

    order = (3, 0, 1, 2)


bc01_to_c01b = ShuffleBC01ToC01BLayer
c01b_to_bc01 = ShuffleC01BToBC01Layer


class NINLayer_c01b(Layer):
    """A NINLayer for (channels, rows, columns, batch).

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (channels, *spatial, batch); the channels are fixed.
    num_units : int
    untie_biases : bool
        A bias for every place instead of one per unit.
    W : Parameter, array or callable
        Of shape (num_units, channels).
    b : the same, or None for no bias
        Of shape (num_units,), or (num_units, *spatial) if untied; not regularised.
    nonlinearity : callable or None
        None is the identity.
    name : str, optional

    Raises
    ------
    ValueError
        If the channels, or the places of untied biases, have no fixed length.
    TypeError
        If ``num_units`` is no integer.

    Examples
    --------
    >>> from minitorch.layers.cuda_convnet import NINLayer_c01b
    >>> NINLayer_c01b((3, 8, 9, None), 5).output_shape
    (5, 8, 9, None)
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
        fixed = shape[:-1] if untie_biases else shape[:1]
        if len(shape) < 2 or None in fixed:
            raise self._fail(
                f"a NINLayer_c01b needs an input (channels, ..., batchsize) with a fixed number of "
                f"channels, and of places if the biases are untied; got {shape!r}"
            )
        self.W = self.add_param(W, (self.num_units, shape[0]), name="W")
        self.b = None
        if b is not None:
            self.b = self.add_param(b, (self.num_units, *fixed[1:]), "b", regularizable=False)

    def _settings(self) -> dict[str, Any]:
        untied = {"untie_biases": True} if self.untie_biases else {}
        shown = {"nonlinearity": shown_function(self.nonlinearity)}
        return {"num_units": self.num_units, **untied, **shown}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(units, *spatial, batch)."""
        return (self.num_units, *input_shape[1:])

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(W x + b) at every place."""
        columns = input.reshape((input.shape[0], math.prod(input.shape[1:])))
        out = ops.matmul(self.W, columns).reshape((self.num_units, *input.shape[1:]))
        if self.b is not None:
            out = out + self.b.reshape((*self.b.shape, *[1] * (input.ndim - self.b.ndim)))
        result: Tensor = self.nonlinearity(out)
        return result
