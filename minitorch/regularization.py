"""Penalties on weights, added to a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.layers import Layer, get_all_layers

__all__ = [
    "apply_penalty",
    "l1",
    "l2",
    "regularize_layer_params",
    "regularize_layer_params_weighted",
    "regularize_network_params",
]

Penalty = Callable[..., Tensor]
REGULARIZABLE: Mapping[str, bool] = {"regularizable": True}


def l1(x: Tensor) -> Tensor:
    """Σ |x|."""
    return ops.sum(ops.abs(x))


def l2(x: Tensor) -> Tensor:
    """Σ x² (without a factor of 1/2)."""
    return ops.sum(x * x)


def apply_penalty(
    tensor_or_tensors: Tensor | Iterable[Tensor], penalty: Penalty, **kwargs: Any
) -> Tensor:
    """The total penalty of one tensor or several; 0 for none.

    Parameters
    ----------
    tensor_or_tensors : Tensor or iterable of Tensor
    penalty : callable
        ``penalty(tensor, **kwargs)`` -> 0-d tensor.

    Returns
    -------
    Tensor, 0-d
    """
    if isinstance(tensor_or_tensors, Tensor):
        return penalty(tensor_or_tensors, **kwargs)
    terms = [penalty(x, **kwargs) for x in tensor_or_tensors]
    if not terms:
        return asarray(0.0)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def regularize_layer_params(
    layer: Layer | Iterable[Layer],
    penalty: Penalty,
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Tensor:
    """The penalty of the parameters of one layer (or each of several), by tags.

    Parameters
    ----------
    layer : Layer or iterable of Layer
        Only their own parameters, not those of the layers below.
    penalty : callable
    tags : dict
        As for ``Layer.get_params``.

    Returns
    -------
    Tensor, 0-d
    """
    layers = [layer] if isinstance(layer, Layer) else layer
    params = [p for one in layers for p in one.get_params(**tags)]
    return apply_penalty(params, penalty, **kwargs)


def regularize_layer_params_weighted(
    layers: Mapping[Layer, float],
    penalty: Penalty,
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Tensor:
    """Like :func:`regularize_layer_params`, with a factor for each layer."""
    total = asarray(0.0)
    for layer, factor in layers.items():
        total = total + regularize_layer_params(layer, penalty, tags, **kwargs) * factor
    return total


def regularize_network_params(
    layer: Layer | Iterable[Layer],
    penalty: Penalty,
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Tensor:
    """The penalty of all parameters of the network that ends in ``layer``, by tags.

    Shared parameters count once per layer that uses them, as in Lasagne.
    """
    return regularize_layer_params(get_all_layers(layer), penalty, tags, **kwargs)
