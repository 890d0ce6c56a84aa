"""Normalisation layers."""

from __future__ import annotations

from typing import Any

from minitorch import init, nonlinearities, ops
from minitorch.autograd import Tensor, no_grad
from minitorch.autograd.inplace import write
from minitorch.layers.base import Layer
from minitorch.layers.special import NonlinearityLayer

__all__ = ["BatchNormLayer", "batch_norm"]


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
        Added to the (biased) variance.
    alpha : float
        Weight of a new batch in the averages.
    beta, gamma : Parameter, array, number, callable or None
        Shift (trained, not regularised) and scale (both); None drops the term.
    mean, inv_std : the same
        The averages, tagged ``batch_norm_stat``; neither trained nor regularised.
    name : str, optional

    Raises
    ------
    ValueError
        If a kept axis has no fixed length.

    References
    ----------
    S. Ioffe and C. Szegedy: Batch normalization: accelerating deep network training by reducing internal
    covariate shift, 2015.
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
        rank = len(self.input_shape)
        if axes == "auto":
            axes = (0, *range(2, rank))
        elif isinstance(axes, int):
            axes = (axes,)
        self.axes = tuple(axes)
        self.epsilon = epsilon
        self.alpha = alpha
        normalised = {a % rank for a in self.axes}
        shape = tuple(n for a, n in enumerate(self.input_shape) if a not in normalised)
        if any(n is None for n in shape):
            raise self._fail(
                "BatchNormLayer needs specified input sizes for all axes not normalized over; got "
                f"{self.input_shape!r} with axes={self.axes}",
                "Give those axes a length",
            )
        fixed = {"trainable": False, "regularizable": False, "batch_norm_stat": True}
        self.beta = (
            None if beta is None else self.add_param(beta, shape, "beta", regularizable=False)
        )
        self.gamma = None if gamma is None else self.add_param(gamma, shape, "gamma")
        self.mean = self.add_param(mean, shape, "mean", **fixed)
        self.inv_std = self.add_param(inv_std, shape, "inv_std", **fixed)

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
        batch_norm_use_averages : bool, optional
            Normalise by the averages; default: ``deterministic``.
        batch_norm_update_averages : bool, optional
            Take this batch into the averages; default: ``not deterministic``.
        """
        use = deterministic if batch_norm_use_averages is None else batch_norm_use_averages
        update = (
            not deterministic if batch_norm_update_averages is None else batch_norm_update_averages
        )
        out: Tensor
        if use:
            # An update below must not change what the backward will need.
            mean, inv_std = (
                (self.mean * 1, self.inv_std * 1) if update else (self.mean, self.inv_std)
            )
            out = ops.batch_norm_inference(
                input, mean, inv_std, self.gamma, self.beta, axes=self.axes
            )
        if not use or update:
            fresh, mean, inv_std = ops.batch_norm(
                input, self.gamma, self.beta, axes=self.axes, epsilon=self.epsilon
            )
            if not use:
                out = fresh
            if update:
                self._average(self.mean, mean)
                self._average(self.inv_std, inv_std)
        return out

    def _average(self, running: Any, batch: Tensor) -> None:
        with no_grad():
            write(running, running * (1 - self.alpha) + batch.detach() * self.alpha)


def batch_norm(layer: Any, **kwargs: Any) -> Layer:
    """Put batch normalisation between a layer and its nonlinearity.

    The layer's nonlinearity moves behind the normalisation, and its bias goes
    (beta does the same).

    Parameters
    ----------
    layer : Layer
    **kwargs
        For :class:`BatchNormLayer`; ``name`` defaults to ``<layer>_bn``.

    Returns
    -------
    Layer

    Examples
    --------
    >>> from minitorch.layers import Conv2DLayer, batch_norm, get_all_params
    >>> net = batch_norm(Conv2DLayer((None, 1, 28, 28), 20, 5, name="c"))
    >>> [p.name for p in get_all_params(net)]
    ['c.W', 'c_bn.beta', 'c_bn.gamma', 'c_bn.mean', 'c_bn.inv_std']
    """
    nonlinearity = getattr(layer, "nonlinearity", None)
    if nonlinearity is not None:
        layer.nonlinearity = nonlinearities.identity
    if getattr(layer, "b", None) is not None:
        del layer.params[layer.b]
        layer.b = None
    name = kwargs.pop("name", None) or (layer.name and f"{layer.name}_bn")
    out: Layer = BatchNormLayer(layer, name=name, **kwargs)
    if nonlinearity is not None and nonlinearity is not nonlinearities.identity:
        out = NonlinearityLayer(out, nonlinearity, name=name and f"{name}_nonlin")
    return out
