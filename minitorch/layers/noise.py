"""Layers that add noise while training."""

from __future__ import annotations

from typing import Any

from minitorch import ops, random
from minitorch.autograd import Tensor
from minitorch.layers import batch_part
from minitorch.layers.base import Layer

__all__ = [
    "DropoutLayer",
    "GaussianNoiseLayer",
    "dropout",
    "dropout_channels",
    "dropout_locations",
    "spatial_dropout",
]


class DropoutLayer(Layer):
    """Set inputs to zero at random while training; the identity when deterministic.

    Parameters
    ----------
    incoming : Layer or tuple
    p : float
        Probability of dropping, in [0, 1).
    rescale : bool
        Divide what is kept by 1 - p, so that the expectation stays.
    shared_axes : int or tuple of int
        Axes along which one draw decides for all.
    name : str, optional

    Raises
    ------
    ValueError
        If ``p`` is not in [0, 1), or the input does not have a shared axis.

    Notes
    -----
    The layer has a stream of its own, seeded at construction from
    ``minitorch.random.get_rng()``: a mask follows from two integers, the stream's seed
    and offset (``get_all_random_states`` reads those of a whole network). Every
    pass of :func:`get_output` draws a new mask.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov: Dropout:
    a simple way to prevent neural networks from overfitting, 2014.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import DropoutLayer, get_output
    >>> mt.random.seed(3)
    >>> layer = DropoutLayer((None, 6), p=0.5)
    >>> get_output(layer, {None: mt.ones((1, 6))})
    Tensor([[2., 0., 2., 2., 0., 0.]])
    >>> get_output(layer, {None: mt.ones((1, 6))}, deterministic=True)
    Tensor([[1., 1., 1., 1., 1., 1.]])
    """

    def __init__(
        self,
        incoming: Any,
        p: float = 0.5,
        rescale: bool = True,
        shared_axes: Any = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        if not 0 <= p < 1:
            raise ValueError(
                f"DropoutLayer: p is the probability of dropping, in [0, 1), got {p}; p=1 would "
                f"drop everything"
            )
        self.p = p
        self.rescale = rescale
        self.shared_axes = (shared_axes,) if isinstance(shared_axes, int) else tuple(shared_axes)
        rank = len(self.input_shape)
        if any(not -rank <= axis < rank for axis in self.shared_axes):
            raise self._fail(
                f"an input of {rank} axes does not have all of shared_axes={self.shared_axes}",
                f"Use axes from 0 to {rank - 1}",
            )
        self.rng = ops.CounterRNG(random.draw_seed())

    def _settings(self) -> dict[str, Any]:
        rest = {"rescale": (self.rescale, True), "shared_axes": (self.shared_axes, ())}
        return {"p": self.p, **{k: value for k, (value, usual) in rest.items() if value != usual}}

    def get_output_for(self, input: Any, deterministic: bool = False, **kwargs: Any) -> Tensor:
        """The input with some elements dropped; unchanged if ``deterministic`` or p is 0."""
        if deterministic or self.p == 0:
            return input  # type: ignore[no-any-return]
        return batch_part.dropout(input, self.rng, self.p, self.rescale, self.shared_axes)


dropout = DropoutLayer


def dropout_channels(incoming: Any, *args: Any, **kwargs: Any) -> DropoutLayer:
    """Drop whole channels: a DropoutLayer that shares its draws along all axes from 2 on.

    Parameters
    ----------
    incoming, *args, **kwargs
        As for :class:`DropoutLayer`.

    References
    ----------
    J. Tompson, R. Goroshin, A. Jain, Y. LeCun and C. Bregler: Efficient object localization
    using convolutional networks, 2014.

    Examples
    --------
    >>> from minitorch.layers import dropout_channels
    >>> dropout_channels((None, 16, 8, 8), p=0.2)
    DropoutLayer(p=0.2, shared_axes=(2, 3))
    """
    rank = len(incoming.output_shape if isinstance(incoming, Layer) else incoming)
    return DropoutLayer(incoming, *args, shared_axes=tuple(range(2, rank)), **kwargs)


spatial_dropout = dropout_channels


def dropout_locations(incoming: Any, *args: Any, **kwargs: Any) -> DropoutLayer:
    """Drop all channels of a place: a DropoutLayer that shares its draws along axis 1.

    Parameters
    ----------
    incoming, *args, **kwargs
        As for :class:`DropoutLayer`.

    Examples
    --------
    >>> from minitorch.layers import dropout_locations
    >>> dropout_locations((None, 16, 8, 8), p=0.2)
    DropoutLayer(p=0.2, shared_axes=(1,))
    """
    return DropoutLayer(incoming, *args, shared_axes=(1,), **kwargs)


class GaussianNoiseLayer(Layer):
    """Add normally distributed noise while training; the identity when deterministic.

    Parameters
    ----------
    incoming : Layer or tuple
    sigma : float
        The noise's standard deviation, not negative.
    name : str, optional

    Raises
    ------
    ValueError
        If ``sigma`` is negative.

    Notes
    -----
    The layer has a stream of its own, as a :class:`DropoutLayer` has.

    References
    ----------
    K.-C. Jim, C. Giles and B. Horne: An analysis of noise in recurrent neural networks, 1996.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import GaussianNoiseLayer, get_output
    >>> get_output(GaussianNoiseLayer((2,)), {None: mt.ones(2)}, deterministic=True)
    Tensor([1., 1.])
    """

    def __init__(self, incoming: Any, sigma: float = 0.1, **kwargs: Any) -> None:
        super().__init__(incoming, **kwargs)
        if not sigma >= 0:
            raise ValueError(f"GaussianNoiseLayer: sigma must not be negative, got {sigma}")
        self.sigma = sigma
        self.rng = ops.CounterRNG(random.draw_seed())

    def _settings(self) -> dict[str, Any]:
        return {"sigma": self.sigma}

    def get_output_for(self, input: Any, deterministic: bool = False, **kwargs: Any) -> Tensor:
        """The input with noise; unchanged if ``deterministic`` or sigma is 0."""
        if deterministic or self.sigma == 0:
            return input  # type: ignore[no-any-return]
        return batch_part.gaussian_noise(input, self.rng, self.sigma)
