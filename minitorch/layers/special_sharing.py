"""Bias and scale, and what layers share whose parameter is the same along some axes."""

from __future__ import annotations

import numbers
from typing import Any

from minitorch import init
from minitorch.autograd import Tensor, asarray
from minitorch.layers.base import Layer

__all__ = ["BiasLayer", "ScaleLayer", "SharingLayer", "standardize"]


class SharingLayer(Layer):
    """A layer with a parameter, or random numbers, that are shared along some axes.

    Parameters
    ----------
    incoming : Layer or tuple
    shared_axes : "auto", "all", int or tuple of int
        "auto" is all but the second axis.
    name : str, optional

    Raises
    ------
    ValueError
        If an axis is not there.
    """

    def __init__(self, incoming: Any, shared_axes: Any = "auto", **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        rank = len(self.input_shape)
        self._given_axes = shared_axes
        if isinstance(shared_axes, str) and shared_axes not in ("auto", "all"):
            raise ValueError(
                f"{type(self).__name__}: shared_axes is 'auto', 'all', an axis or a tuple of them, "
                f"got {shared_axes!r}"
            )
        if shared_axes == "auto":
            shared_axes = [axis for axis in range(rank) if axis != 1]
        elif shared_axes == "all":
            shared_axes = range(rank)
        elif isinstance(shared_axes, numbers.Integral):
            shared_axes = [shared_axes]
        if any(not -rank <= axis < rank for axis in shared_axes):
            raise self._fail(
                f"an input of {rank} axes does not have all of shared_axes={tuple(shared_axes)}",
                f"Use axes from 0 to {rank - 1}" if rank else "",
            )
        self.shared_axes = tuple([axis % rank for axis in shared_axes])

    def _settings(self) -> dict[str, Any]:
        return {} if self._given_axes == "auto" else {"shared_axes": self.shared_axes}

    def _kept_shape(self, what: str) -> tuple[int, ...]:
        """The parameter's shape: that of the input without the shared axes."""
        lengths = enumerate(self.input_shape)
        shape = tuple([n for axis, n in lengths if axis not in self.shared_axes])
        if None in shape:
            raise self._fail(
                f"{type(self).__name__} needs specified input sizes for all axes that {what} are "
                f"not shared over; got {self.input_shape!r} with shared_axes={self.shared_axes}",
                "Give those axes a length",
            )
        return shape

    def _wide_shape(self, shape: Any) -> tuple[int, ...]:
        """A shape with length 1 along the shared axes."""
        return tuple([1 if axis in self.shared_axes else n for axis, n in enumerate(shape)])

    def _spread(self, param: Any) -> Tensor:
        """The parameter, with axes of length 1 where it is shared."""
        result: Tensor = param.reshape(self._wide_shape(self.input_shape))
        return result


class BiasLayer(SharingLayer):
    """Add a learned bias.

    Parameters
    ----------
    incoming : Layer or tuple
    b : Parameter, array, callable or None
        Of the input's shape without the shared axes; not regularised. None adds nothing.
    shared_axes : "auto", "all", int or tuple of int
        Axes along which one bias serves all; "auto" is all but the second.
    name : str, optional

    Raises
    ------
    ValueError
        If an axis is not there, or one that is not shared has no fixed length.

    Examples
    --------
    >>> from minitorch.layers import BiasLayer
    >>> BiasLayer((None, 3, 28, 28)).b
    <Parameter b: (3,) float32>
    """

    def __init__(
        self,
        incoming: Any,
        b: Any = init.Constant(0),  # noqa: B008 (stateless)
        shared_axes: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, shared_axes, **kwargs)
        self.b = None
        if b is not None:
            self.b = self.add_param(b, self._kept_shape("biases"), "b", regularizable=False)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """input + b."""
        return input if self.b is None else input + self._spread(self.b)


class ScaleLayer(SharingLayer):
    """Multiply by learned numbers.

    Parameters
    ----------
    incoming : Layer or tuple
    scales : Parameter, array or callable
        Of the input's shape without the shared axes; not regularised.
    shared_axes : "auto", "all", int or tuple of int
        Axes along which one number serves all; "auto" is all but the second.
    name : str, optional

    Raises
    ------
    ValueError
        If an axis is not there, or one that is not shared has no fixed length.

    Examples
    --------
    >>> from minitorch.layers import ScaleLayer
    >>> ScaleLayer((None, 3, 28, 28), shared_axes=(0, 1)).scales
    <Parameter scales: (28, 28) float32>
    """

    def __init__(
        self,
        incoming: Any,
        scales: Any = init.Constant(1),  # noqa: B008 (stateless)
        shared_axes: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, shared_axes, **kwargs)
        shape = self._kept_shape("scales")
        self.scales = self.add_param(scales, shape, "scales", regularizable=False)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """input · scales."""
        result: Tensor = input * self._spread(self.scales)
        return result


def standardize(layer: Any, offset: Any, scale: Any, shared_axes: Any = "auto") -> ScaleLayer:
    """Take a fixed offset from a layer's output, then divide by a fixed scale.

    Parameters
    ----------
    layer : Layer or tuple
    offset, scale : number or array
        Such as the training data's mean and standard deviation; an array has the
        input's shape without the shared axes. They are not trained.
    shared_axes : "auto", "all", int or tuple of int
        As for :class:`BiasLayer`.

    Returns
    -------
    ScaleLayer
        On a BiasLayer.

    Raises
    ------
    ValueError
        As :class:`BiasLayer`.

    Examples
    --------
    >>> from minitorch.layers import get_output, standardize
    >>> net = standardize((None, 2), offset=[1.0, 2.0], scale=[2.0, 4.0])
    >>> get_output(net, {None: [[3.0, 6.0]]})
    Tensor([[1., 1.]])
    """
    shift = BiasLayer(layer, _filled(-asarray(offset)), shared_axes)
    _fix(shift, shift.b)
    scaled = ScaleLayer(shift, _filled(1.0 / asarray(scale)), shared_axes)
    _fix(scaled, scaled.scales)
    return scaled


def _filled(value: Tensor) -> Any:
    """A number for all elements, or an array as it is."""
    return value if value.ndim else init.Constant(value.item())


def _fix(layer: Layer, param: Any) -> None:
    """Train a parameter no longer."""
    param.requires_grad = False
    layer.params[param].discard("trainable")
