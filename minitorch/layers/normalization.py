"""Normalisation layers."""

from __future__ import annotations

from typing import Any

from minitorch import init, ops
from minitorch.autograd import Tensor, asarray, no_grad, once
from minitorch.layers.base import Layer, MergeLayer
from minitorch.layers.batch_part import batch_norm as normalise
from minitorch.layers.standardization import (
    LocalResponseNormalization2DLayer,
    StandardizationLayer,
    instance_norm,
    layer_norm,
    put_behind,
    strip,
)

__all__ = [
    "BatchNormLayer",
    "ConditionalInstanceNormLayer",
    "LocalResponseNormalization2DLayer",
    "StandardizationLayer",
    "batch_norm",
    "instance_norm",
    "layer_norm",
]


class BatchNormLayer(Layer):
    """Batch normalisation: y = (x - mean) · inv_std · gamma + beta.

    In training mean and inv_std are the batch's, and running averages are kept
    of them: ``running = (1 - alpha) · running + alpha · batch``. When
    deterministic the averages are used.

    Parameters
    ----------
    incoming : Layer or tuple
    axes : "auto", int or tuple of int
        The axes to normalise over; "auto" is all but the second.
    epsilon : float
        Added to the (biased) variance: inv_std = 1 / sqrt(var + epsilon).
    alpha : float
        Weight of a new batch in the averages.
    beta, gamma : Parameter, array, callable or None
        Shift (trained, not regularised) and scale (both); None drops the term.
    mean, inv_std : Parameter, array or callable
        The averages, tagged ``batch_norm_stat``; neither trained nor regularised.
    name : str, optional

    Raises
    ------
    ValueError
        If a kept axis has no fixed length, or an axis is not there.

    Notes
    -----
    inv_std itself is averaged (PyTorch averages the unbiased variance instead; its
    ``momentum`` is alpha), and the parameters are registered in the order beta,
    gamma, mean, inv_std: the order of saved values.

    One forward pass takes one batch into the averages, in place and without a
    gradient. Inside :func:`part_of_batch` the statistics are the whole batch's.

    References
    ----------
    S. Ioffe and C. Szegedy: Batch normalization: accelerating deep network training by
    reducing internal covariate shift, 2015.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import BatchNormLayer, get_output
    >>> layer = BatchNormLayer((None, 1), epsilon=0, alpha=0.5)
    >>> get_output(layer, {None: [[0.0], [4.0]]}).detach()
    Tensor([[-1.],
            [ 1.]])
    >>> layer.mean.get_value(), layer.inv_std.get_value()
    (array([1.], dtype=float32), array([0.75], dtype=float32))
    """

    def __init__(
        self,
        incoming: Any,
        axes: Any = "auto",
        epsilon: float = 1e-4,
        alpha: float = 0.1,
        beta: Any = init.Constant(0),  # noqa: B008 (stateless)
        gamma: Any = init.Constant(1),  # noqa: B008
        mean: Any = init.Constant(0),  # noqa: B008
        inv_std: Any = init.Constant(1),  # noqa: B008
        **kwargs: Any,
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.axes = self._resolve_axes(axes)
        self.epsilon = epsilon
        self.alpha = alpha
        shape = self._kept_shape()
        fixed = {"trainable": False, "regularizable": False, "batch_norm_stat": True}
        self.beta = None
        if beta is not None:
            self.beta = self.add_param(beta, shape, "beta", regularizable=False)
        self.gamma = None if gamma is None else self.add_param(gamma, shape, "gamma")
        self.mean = self.add_param(mean, shape, "mean", **fixed)
        self.inv_std = self.add_param(inv_std, shape, "inv_std", **fixed)

    def _resolve_axes(self, axes: Any) -> tuple[int, ...]:
        rank = len(self.input_shape)
        if axes == "auto":
            axes = (0, *range(2, rank))
        chosen = (axes,) if isinstance(axes, int) else tuple(axes)
        there = {axis % rank for axis in chosen if -rank <= axis < rank}
        if not chosen or len(there) < len(chosen):
            raise self._fail(
                f"axes={chosen} are not one or more different axes of an input of {rank}",
                f"Use axes from 0 to {rank - 1}" if rank else "Give the input a batch axis",
            )
        return chosen

    def _kept_shape(self) -> tuple[int, ...]:
        """The shape of the parameters: the input's without the normalised axes."""
        normalised = {axis % len(self.input_shape) for axis in self.axes}
        shape = tuple(n for axis, n in enumerate(self.input_shape) if axis not in normalised)
        if None in shape:
            raise self._fail(
                f"BatchNormLayer needs specified input sizes for all axes not normalized over; got "
                f"{self.input_shape!r} with axes={self.axes}",
                "Give those axes a length",
            )
        return shape

    def _settings(self) -> dict[str, Any]:
        return {"axes": self.axes, "epsilon": self.epsilon, "alpha": self.alpha}

    def get_output_for(
        self,
        input: Any,
        deterministic: bool = False,
        batch_norm_use_averages: bool | None = None,
        batch_norm_update_averages: bool | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """The normalised input.

        Parameters
        ----------
        input : Tensor
        deterministic : bool
        batch_norm_use_averages : bool, optional
            Normalise by the averages; default: ``deterministic``, and True for a frozen layer.
        batch_norm_update_averages : bool, optional
            Take this batch into the averages; default: ``not deterministic``, and False for a
            frozen layer.
        """
        use, update = batch_norm_use_averages, batch_norm_update_averages
        fixed = deterministic or self.frozen
        use = fixed if use is None else use
        update = not fixed if update is None else update
        out: Tensor
        if use:
            out = self._by_averages(input, copy=update)
            if update:
                with no_grad():
                    _, mean, inv_std = normalise(input, axes=self.axes, epsilon=self.epsilon)
        else:
            out, mean, inv_std = normalise(
                input, self.gamma, self.beta, axes=self.axes, epsilon=self.epsilon
            )
        if update:
            once(lambda: self._average(mean, inv_std))
        return out

    def _by_averages(self, input: Any, copy: bool) -> Tensor:
        # Averages that are about to be written are copied for the backward.
        mean, inv_std = asarray(self.mean, copy=copy), asarray(self.inv_std, copy=copy)
        return ops.batch_norm_inference(input, mean, inv_std, self.gamma, self.beta, axes=self.axes)

    @no_grad()
    def _average(self, *batch: Tensor) -> None:
        """Take a batch's mean and inv_std into the averages."""
        for running, fresh in zip((self.mean, self.inv_std), batch, strict=True):
            running[...] = running * (1 - self.alpha) + fresh * self.alpha  # type: ignore[index]


def batch_norm(layer: Any, **kwargs: Any) -> Layer:
    """Put batch normalisation between a layer and its nonlinearity.

    The layer's nonlinearity moves behind the normalisation, and its bias goes
    (beta does the same).

    Parameters
    ----------
    layer : Layer
    **kwargs
        For :class:`BatchNormLayer`; ``name`` defaults to ``<layer>_bn``, and the
        nonlinearity's layer is called ``<name>_nonlin``.

    Returns
    -------
    Layer

    Examples
    --------
    >>> from minitorch.layers import Conv2DLayer, batch_norm, get_all_params
    >>> net = batch_norm(Conv2DLayer((None, 1, 28, 28), 20, 5, name="c"))
    >>> net
    NonlinearityLayer(nonlinearity=rectify, name='c_bn_nonlin')
    >>> [p.name for p in get_all_params(net)]
    ['c.W', 'c_bn.beta', 'c_bn.gamma', 'c_bn.mean', 'c_bn.inv_std']
    """
    nonlinearity = strip(layer)
    name = kwargs.pop("name", None) or (layer.name and f"{layer.name}_bn")
    return put_behind(BatchNormLayer(layer, name=name, **kwargs), nonlinearity, name)


class ConditionalInstanceNormLayer(MergeLayer):
    """Instance normalisation whose scale and shift depend on a condition, such as a style.

    Parameters
    ----------
    incoming : Layer or tuple
        Of shape (batch, channels, *spatial).
    condition : Layer or tuple
        Of shape (batch, conditions): how much of each. One row serves the whole batch.
    gamma, beta : Parameter, array or callable
        Scale and shift for each condition, (conditions, channels); not regularised.
    epsilon : float
        Added to the (biased) variance.
    name : str, optional

    Raises
    ------
    ValueError
        For inputs of other ranks, or where channels or conditions have no fixed length.

    Notes
    -----
    With x̂ the input of mean 0 and variance 1 over each channel of each image, and s the
    condition, the output is x̂ · (s gamma) + s beta. With s one-hot it is one style's; between,
    styles are mixed.

    References
    ----------
    V. Dumoulin, J. Shlens and M. Kudlur: A learned representation for artistic style, 2017.

    Examples
    --------
    >>> from minitorch.layers import ConditionalInstanceNormLayer, InputLayer
    >>> image, style = InputLayer((None, 8, None, None)), InputLayer((None, 26))
    >>> layer = ConditionalInstanceNormLayer(image, style, name="norm")
    >>> layer.output_shape, layer.get_params()[0]
    ((None, 8, None, None), <Parameter norm.gamma: (26, 8) float32>)
    """

    def __init__(
        self,
        incoming: Any,
        condition: Any,
        gamma: Any = init.Constant(1),  # noqa: B008 (stateless)
        beta: Any = init.Constant(0),  # noqa: B008 (stateless)
        epsilon: float = 1e-5,
        **kwargs: Any,
    ) -> None:
        super().__init__([incoming, condition], **kwargs)
        self.epsilon = epsilon
        channels = self.output_shape[1]
        shape = (self.input_shapes[1][1], channels)
        if None in shape:
            raise self._fail(
                f"channels and conditions need fixed lengths, got {self.input_shapes[0]!r} and "
                f"{self.input_shapes[1]!r}"
            )
        self.gamma = self.add_param(gamma, shape, "gamma", regularizable=False)
        self.beta = self.add_param(beta, shape, "beta", regularizable=False)

    def _settings(self) -> dict[str, Any]:
        return {} if self.epsilon == 1e-5 else {"epsilon": self.epsilon}

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """The first input's."""
        if len(input_shapes[0]) < 3 or len(input_shapes[1]) != 2:
            raise self._fail(
                f"the inputs are (batch, channels, *spatial) and (batch, conditions), got "
                f"{input_shapes[0]!r} and {input_shapes[1]!r}"
            )
        return input_shapes[0]

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """Standardised, then scaled and shifted by what the condition mixes."""
        image, condition = inputs
        pixels = tuple(range(2, image.ndim))
        out, _, _ = ops.batch_norm(image, axes=pixels, epsilon=self.epsilon)
        mixed = [ops.matmul(condition, p) for p in (self.gamma, self.beta)]
        gamma, beta = (m.reshape((*m.shape, *[1] * len(pixels))) for m in mixed)
        result: Tensor = out * gamma + beta
        return result
