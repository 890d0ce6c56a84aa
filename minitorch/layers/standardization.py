"""Normalisation without running averages: per example, or across neighbouring channels."""

from __future__ import annotations

import numbers
from typing import Any

from minitorch import nonlinearities, ops
from minitorch.autograd import Tensor
from minitorch.layers.base import Layer
from minitorch.layers.special import BiasLayer, NonlinearityLayer, ScaleLayer

__all__ = [
    "LocalResponseNormalization2DLayer",
    "StandardizationLayer",
    "instance_norm",
    "layer_norm",
    "put_behind",
    "strip",
]


class LocalResponseNormalization2DLayer(Layer):
    """Divide every element by what the neighbouring channels do at its place.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, rows, columns).
    alpha : float
        Weight of the sum of squares; it is not divided by n (Caffe's and ONNX's is).
    k : float
        Added to it, above 0.
    beta : float
        The exponent.
    n : int
        How many channels are summed, an odd number; fewer at both ends.
    name : str, optional

    Raises
    ------
    ValueError
        If the input has no channels axis, or n or k is not positive.
    NotImplementedError
        If n is even.

    Notes
    -----
    y[c] = x[c] / (k + alpha Σ_{|j - c| <= n/2} x[j]²)^beta.

    References
    ----------
    A. Krizhevsky, I. Sutskever and G. Hinton: ImageNet classification with deep convolutional
    neural networks, 2012.

    Examples
    --------
    >>> from minitorch.layers import LocalResponseNormalization2DLayer
    >>> LocalResponseNormalization2DLayer((None, 96, 27, 27))
    LocalResponseNormalization2DLayer(alpha=0.0001, k=2, beta=0.75, n=5)
    """

    def __init__(
        self,
        incoming: Any,
        alpha: float = 1e-4,
        k: float = 2,
        beta: float = 0.75,
        n: int = 5,
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        name = type(self).__name__
        if n % 2 == 0:
            raise NotImplementedError(f"{name}: Only works with odd n, got {n}")
        if n < 1 or not k > 0:
            raise ValueError(f"{name}: n and k must be positive, got n={n} and k={k}")
        if len(self.input_shape) < 2:
            raise self._fail(f"there is no channels axis in {self.input_shape!r}")
        self.alpha = alpha
        self.k = k
        self.beta = beta
        self.n = n

    def _settings(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "k": self.k, "beta": self.beta, "n": self.n}

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The normalised input."""
        return ops.local_response_norm(input, **self._settings())


class StandardizationLayer(Layer):
    """Shift and scale to mean 0 and variance 1, over some axes, the same in training and use.

    Parameters
    ----------
    incoming : Layer or tuple
    axes : "auto", "spatial", "features", int or tuple of int
        The axes to normalise over. "spatial": all but the first two; "features":
        all but the first; "auto": "features" for an input of two axes, else "spatial".
    epsilon : float
        Added to the (biased) variance.
    name : str, optional

    Raises
    ------
    ValueError
        For another word, no axes, or one that is not there.

    Examples
    --------
    >>> from minitorch.layers import StandardizationLayer, get_output
    >>> get_output(StandardizationLayer((None, 2), epsilon=0), {None: [[0.0, 4.0], [1.0, 3.0]]})
    Tensor([[-1.,  1.],
            [-1.,  1.]])
    """

    def __init__(
        self, incoming: Any, axes: Any = "auto", epsilon: float = 1e-4, **kwargs: Any
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.axes = self._resolve(axes)
        self.epsilon = epsilon

    def _resolve(self, axes: Any) -> tuple[int, ...]:
        rank = len(self.input_shape)
        if isinstance(axes, str):
            words = {"spatial": 2, "features": 1, "auto": 1 if rank == 2 else 2}
            if axes not in words:
                raise ValueError(
                    f"StandardizationLayer: axes is 'auto', 'spatial', 'features' or integers, "
                    f"got {axes!r}"
                )
            axes = range(words[axes], rank)
        chosen = (axes,) if isinstance(axes, numbers.Integral) else tuple(axes)
        there = {axis % rank for axis in chosen if -rank <= axis < rank}
        if not chosen or len(there) < len(chosen):
            raise self._fail(
                f"axes={chosen} are not one or more different axes of {self.input_shape!r}",
                "Use axes='features' to normalise over all but the batch",
            )
        return chosen

    def _settings(self) -> dict[str, Any]:
        return {"axes": self.axes, "epsilon": self.epsilon}

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """(x - mean) / sqrt(var + epsilon)."""
        out, _, _ = ops.batch_norm(input, axes=self.axes, epsilon=self.epsilon)
        return out  # type: ignore[no-any-return]


def strip(layer: Any) -> Any:
    """Take a layer's bias and nonlinearity away; return the nonlinearity (None: it had none)."""
    nonlinearity = getattr(layer, "nonlinearity", None)
    if nonlinearity is not None:
        layer.nonlinearity = nonlinearities.identity
    if getattr(layer, "b", None) is not None:
        layer.remove_param("b")
    return nonlinearity


def put_behind(layer: Layer, nonlinearity: Any, name: str | None) -> Layer:
    """The layer, and behind it the nonlinearity if it does something."""
    if nonlinearity is None or nonlinearity is nonlinearities.identity:
        return layer
    return NonlinearityLayer(layer, nonlinearity, name=name and f"{name}_nonlin")


def instance_norm(
    layer: Any, learn_scale: bool = True, learn_bias: bool = True, **kwargs: Any
) -> Layer:
    """Standardise every channel of every image between a layer and its nonlinearity.

    The layer's nonlinearity moves behind the normalisation, and its bias goes.

    Parameters
    ----------
    layer : Layer
    learn_scale, learn_bias : bool
        Put a ScaleLayer and a BiasLayer behind it.
    **kwargs
        For :class:`StandardizationLayer`; ``name`` defaults to ``<layer>_in``, and the
        layers behind are called ``<name>_scale``, ``<name>_bias``, ``<name>_nonlin``.

    Returns
    -------
    Layer

    References
    ----------
    D. Ulyanov, A. Vedaldi and V. Lempitsky: Instance normalization: the missing ingredient for
    fast stylization, 2016.

    Examples
    --------
    >>> from minitorch.layers import Conv2DLayer, get_all_params, instance_norm
    >>> net = instance_norm(Conv2DLayer((None, 1, 28, 28), 20, 5, name="c"))
    >>> [p.name for p in get_all_params(net)]
    ['c.W', 'c_in_scale.scales', 'c_in_bias.b']
    """
    nonlinearity = strip(layer)
    name = kwargs.pop("name", None) or (layer.name and f"{layer.name}_in")
    out: Layer = StandardizationLayer(layer, **{"axes": "spatial", **kwargs}, name=name)
    if learn_scale:
        out = ScaleLayer(out, name=name and f"{name}_scale")
    if learn_bias:
        out = BiasLayer(out, name=name and f"{name}_bias")
    return put_behind(out, nonlinearity, name)


def layer_norm(layer: Any, **kwargs: Any) -> Layer:
    """Standardise every example between a layer and its nonlinearity.

    The layer's nonlinearity moves behind the normalisation, and its bias goes;
    a scale and a bias per channel are learned.

    Parameters
    ----------
    layer : Layer
    **kwargs
        For :class:`StandardizationLayer`; ``name`` defaults to ``<layer>_ln``, and the
        layers behind are called ``<name>_scale``, ``<name>_bias``, ``<name>_nonlin``.

    Returns
    -------
    Layer

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton: Layer normalization, 2016.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, get_all_params, layer_norm
    >>> net = layer_norm(DenseLayer((None, 4), 3, name="d"))
    >>> [p.name for p in get_all_params(net)]
    ['d.W', 'd_ln_scale.scales', 'd_ln_bias.b']
    """
    name = kwargs.pop("name", None) or (layer.name and f"{layer.name}_ln")
    return instance_norm(layer, **{"axes": "features", **kwargs}, name=name)
