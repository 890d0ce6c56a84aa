"""Pooling over features, and over whole images."""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer, shown_function
from minitorch.utils import as_tuple

__all__ = ["FeaturePoolLayer", "FeatureWTALayer", "GlobalPoolLayer"]


class _GroupedLayer(Layer):
    """A layer that works on groups of neighbours along one axis."""

    group = ""  # what a group is called, for the error's text

    def __init__(self, incoming: Any, pool_size: int, axis: int = 1, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        (self.pool_size,) = as_tuple(pool_size, 1, int)
        (self.axis,) = as_tuple(axis, 1, int)
        rank = len(self.input_shape)
        if not -rank <= self.axis < rank:
            raise self._fail(
                f"an input of {rank} axes has no axis={axis}", f"Use an axis from 0 to {rank - 1}"
            )
        self._check(self.input_shape)

    def _settings(self) -> dict[str, Any]:
        axis = {} if self.axis == 1 else {"axis": self.axis}
        return {"pool_size": self.pool_size, **axis}

    def _check(self, input_shape: Any) -> None:
        count, size = input_shape[self.axis], self.pool_size
        if size < 1:
            raise self._fail(f"pool_size must be at least 1, got {size}")
        if count is not None and count % size:
            raise self._fail(
                f"Number of input feature maps ({count}) is not a multiple of the {self.group} "
                f"size (pool_size={size})",
                f"Use {-(-count // size) * size} feature maps below, or another pool_size",
            )

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The input's shape; ValueError if the groups do not come out even."""
        self._check(input_shape)
        return input_shape

    def _grouped(self, input: Any) -> tuple[Tensor, int]:
        """The input with its axis split into groups and members, and the members' axis."""
        self._check(input.shape)
        axis = self.axis % input.ndim
        groups = (input.shape[axis] // self.pool_size, self.pool_size)
        return input.reshape((*input.shape[:axis], *groups, *input.shape[axis + 1 :])), axis + 1


class FeaturePoolLayer(_GroupedLayer):
    """Reduce every ``pool_size`` neighbouring features to one: with max, maxout.

    Parameters
    ----------
    incoming : Layer or tuple
    pool_size : int
        It divides the number of features.
    axis : int
    pool_function : callable
        From a tensor and ``axis=`` to the tensor without that axis.
    name : str, optional

    Raises
    ------
    ValueError
        If the pool size does not divide the axis, or the axis is not there.
    TypeError
        If the pool size or the axis is no integer.

    References
    ----------
    I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville and Y. Bengio: Maxout networks, 2013.

    Examples
    --------
    >>> from minitorch.layers import FeaturePoolLayer, get_output
    >>> get_output(FeaturePoolLayer((None, 4), 2), {None: [[1.0, 5.0, 3.0, 2.0]]})
    Tensor([[5., 3.]])
    """

    group = "pool"

    def __init__(
        self,
        incoming: Any,
        pool_size: int,
        axis: int = 1,
        pool_function: Any = ops.max,
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, pool_size, axis, **kwargs)
        self.pool_function = pool_function

    def _settings(self) -> dict[str, Any]:
        shown = super()._settings()
        usual = self.pool_function is ops.max
        return shown if usual else {**shown, "pool_function": shown_function(self.pool_function)}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The input's shape, with that axis shorter."""
        shape = list(super().get_output_shape_for(input_shape))
        if shape[self.axis] is not None:
            shape[self.axis] //= self.pool_size
        return tuple(shape)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The pool function of every group."""
        grouped, members = self._grouped(input)
        result: Tensor = self.pool_function(grouped, axis=members)
        return result


class FeatureWTALayer(_GroupedLayer):
    """Winner take all: of every ``pool_size`` neighbouring features only the largest stays.

    The others become zero; of equal ones the first wins.

    Parameters
    ----------
    incoming : Layer or tuple
    pool_size : int
        It divides the number of features.
    axis : int
    name : str, optional

    Raises
    ------
    ValueError, TypeError
        As :class:`FeaturePoolLayer`.

    References
    ----------
    R. Srivastava, J. Masci, S. Kazerounian, F. Gomez and J. Schmidhuber: Compete to compute, 2013.

    Examples
    --------
    >>> from minitorch.layers import FeatureWTALayer, get_output
    >>> get_output(FeatureWTALayer((None, 4), 2), {None: [[1.0, 5.0, 3.0, 2.0]]})
    Tensor([[0., 5., 3., 0.]])
    """

    group = "region"

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The winners at their places, zeros elsewhere."""
        grouped, members = self._grouped(input)
        places = ops.arange(self.pool_size, device=input.device)
        places = places.reshape((-1, *[1] * (grouped.ndim - members - 1)))
        winners = ops.argmax(grouped, axis=members, keepdims=True) == places
        result: Tensor = ops.where(winners, grouped, 0.0).reshape(input.shape)
        return result


class GlobalPoolLayer(Layer):
    """Reduce every channel to one number, whatever the size of the image.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, ...).
    pool_function : callable
        From a tensor and ``axis=`` to the tensor without that axis.
    name : str, optional

    Raises
    ------
    ValueError
        If there is nothing beyond the channels.

    References
    ----------
    M. Lin, Q. Chen and S. Yan: Network in network, 2013.

    Examples
    --------
    >>> from minitorch.layers import GlobalPoolLayer
    >>> GlobalPoolLayer((None, 512, None, None)).output_shape
    (None, 512)
    """

    def __init__(self, incoming: Any, pool_function: Any = ops.mean, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        self.pool_function = pool_function
        if len(self.input_shape) < 3:
            raise self._fail(
                f"expected (batchsize, channels) and at least one more axis to pool over, got "
                f"{self.input_shape!r}",
                "Leave the layer out for this input",
            )

    def _settings(self) -> dict[str, Any]:
        return {"pool_function": shown_function(self.pool_function)}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """(batch, channels)."""
        return tuple(input_shape[:2])

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The pool function of every channel."""
        result: Tensor = self.pool_function(ops.flatten(input, 2), axis=2)
        return result
