"""Rectifiers whose slope is learned, or drawn at random."""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities, ops, random
from minitorch.autograd import Tensor
from minitorch.layers import batch_part
from minitorch.layers.special_sharing import SharingLayer

__all__ = ["ParametricRectifierLayer", "RandomizedRectifierLayer", "prelu", "rrelu"]


def _leaky(x: Any, slope: Tensor) -> Tensor:
    """x where it is positive, else slope · x; so the derivative at 0 is the slope."""
    result: Tensor = ops.where(x > 0, x, slope * x)
    return result


class ParametricRectifierLayer(SharingLayer):
    """A leaky rectifier whose slope is learned: x where it is positive, alpha · x elsewhere.

    Parameters
    ----------
    incoming : Layer or tuple
    alpha : Parameter, array or callable
        The slopes, of the input's shape without the shared axes; trained, not regularised.
    shared_axes : "auto", "all", int or tuple of int
        Axes along which one slope serves all; "auto" is all but the second.
    name : str, optional

    Raises
    ------
    ValueError
        If an axis is not there, or one that is not shared has no fixed length.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun: Delving deep into rectifiers, 2015.

    Examples
    --------
    >>> from minitorch.layers import ParametricRectifierLayer, get_output
    >>> layer = ParametricRectifierLayer((None, 3, 28, 28))
    >>> layer.alpha
    <Parameter alpha: (3,) float32>
    >>> get_output(ParametricRectifierLayer((None, 2)), {None: [[-1.0, 2.0]]}).detach()
    Tensor([[-0.25,  2.  ]])
    """

    def __init__(
        self,
        incoming: Any,
        alpha: Any = init.Constant(0.25),  # noqa: B008 (stateless)
        shared_axes: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, shared_axes, **kwargs)
        shape = self._kept_shape("alphas")
        self.alpha = self.add_param(alpha, shape, name="alpha", regularizable=False)

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The rectified input."""
        return _leaky(input, self._spread(self.alpha))


def _without_nonlinearity(layer: Any) -> Any:
    """The layer, its nonlinearity made the identity."""
    if getattr(layer, "nonlinearity", None) is not None:
        layer.nonlinearity = nonlinearities.identity
    return layer


def prelu(layer: Any, **kwargs: Any) -> ParametricRectifierLayer:
    """Give a layer a :class:`ParametricRectifierLayer` in place of its nonlinearity.

    Parameters
    ----------
    layer : Layer
        Its nonlinearity becomes the identity, for good.
    **kwargs
        For :class:`ParametricRectifierLayer`.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, prelu
    >>> net = prelu(DenseLayer((None, 4), 3), name="act")
    >>> net, net.input_layer
    (ParametricRectifierLayer(name='act'), DenseLayer(num_units=3, nonlinearity=linear))
    """
    return ParametricRectifierLayer(_without_nonlinearity(layer), **kwargs)


class RandomizedRectifierLayer(SharingLayer):
    """A leaky rectifier whose slope is drawn anew in every pass while training.

    Parameters
    ----------
    incoming : Layer or tuple
    lower, upper : float
        The slope is uniform between them; when deterministic it is their mean.
    shared_axes : "auto", "all", int or tuple of int
        Axes along which one draw serves all; "auto" is all but the second.
    name : str, optional

    Raises
    ------
    ValueError
        If ``lower`` is above ``upper``, or an axis is not there.

    Notes
    -----
    The layer has a stream of its own, as a :class:`DropoutLayer` has.

    References
    ----------
    B. Xu, N. Wang, T. Chen and M. Li: Empirical evaluation of rectified activations in
    convolutional network, 2015.

    Examples
    --------
    >>> from minitorch.layers import RandomizedRectifierLayer, get_output
    >>> layer = RandomizedRectifierLayer((None, 2), lower=0.25, upper=0.75)
    >>> get_output(layer, {None: [[-1.0, 2.0]]}, deterministic=True)
    Tensor([[-0.5,  2. ]])
    """

    def __init__(
        self,
        incoming: Any,
        lower: float = 0.3,
        upper: float = 0.8,
        shared_axes: Any = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, shared_axes, **kwargs)
        if not lower <= upper:
            raise ValueError(
                f"Upper bound for RandomizedRectifierLayer needs to be higher than lower bound, "
                f"got lower={lower}, upper={upper}"
            )
        self.lower = lower
        self.upper = upper
        self.rng = ops.CounterRNG(random.draw_seed())

    def _settings(self) -> dict[str, Any]:
        return {"lower": self.lower, "upper": self.upper, **super()._settings()}

    def get_output_for(self, input: Any, deterministic: bool = False, **kwargs: Any) -> Tensor:
        """The rectified input, of mean slope if ``deterministic``."""
        if deterministic or self.lower == self.upper:
            mean: Tensor = ops.leaky_relu(input, leakiness=(self.lower + self.upper) / 2)
            return mean
        slope = batch_part.uniform(
            self._wide_shape(input.shape),
            self.rng,
            same=0 in self.shared_axes,
            low=self.lower,
            high=self.upper,
            dtype=input.dtype if input.dtype.kind == "f" else None,
            device=input.device,
        )
        return _leaky(input, slope)


def rrelu(layer: Any, **kwargs: Any) -> RandomizedRectifierLayer:
    """Give a layer a :class:`RandomizedRectifierLayer` in place of its nonlinearity.

    Parameters
    ----------
    layer : Layer
        Its nonlinearity becomes the identity, for good.
    **kwargs
        For :class:`RandomizedRectifierLayer`.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, rrelu
    >>> rrelu(DenseLayer((None, 4), 3), upper=0.5)
    RandomizedRectifierLayer(lower=0.3, upper=0.5)
    """
    return RandomizedRectifierLayer(_without_nonlinearity(layer), **kwargs)
