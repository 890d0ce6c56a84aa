"""Penalties on weights, added to a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.layers import Layer, get_all_params

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
    """Σ |x|, of slope 0 at 0.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    >>> mt.regularization.l1(x).backward()
    >>> x.grad
    Tensor([-1.,  0.,  1.])
    """
    return ops.sum(ops.abs(x))


def l2(x: Tensor) -> Tensor:
    """Σ x² (without a factor of 1/2).

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([-2.0, 3.0], requires_grad=True)
    >>> mt.regularization.l2(x).backward()
    >>> x.grad
    Tensor([-4.,  6.])
    """
    return ops.sum(ops.square(x))


def apply_penalty(
    tensor_or_tensors: Tensor | Iterable[Tensor], penalty: Penalty, **kwargs: Any
) -> Tensor:
    """The total penalty of one tensor or several; 0 for none.

    Parameters
    ----------
    tensor_or_tensors : Tensor or iterable of Tensor
    penalty : callable
        ``penalty(tensor, **kwargs)`` gives a 0-d tensor.

    Returns
    -------
    Tensor, 0-d

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.regularization.apply_penalty([mt.ones(2), mt.ones(3)], mt.regularization.l2)
    Tensor(5.)
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
        :func:`l1`, :func:`l2`, or another; ``kwargs`` are for it.
    tags : dict
        As for ``Layer.get_params``.

    Returns
    -------
    Tensor, 0-d

    Examples
    --------
    >>> from minitorch import init, layers, regularization
    >>> layer = layers.DenseLayer((None, 3), 2, W=init.Constant(2.0))
    >>> regularization.regularize_layer_params(layer, regularization.l2)
    Tensor(24., grad_fn=sum)
    """
    listed = [layer] if isinstance(layer, Layer) else layer
    params = [p for one in listed for p in one.get_params(**tags)]
    return apply_penalty(params, penalty, **kwargs)


def regularize_layer_params_weighted(
    layers: Mapping[Layer, float],
    penalty: Penalty,
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Tensor:
    """Like :func:`regularize_layer_params`, with a factor for each layer.

    Parameters
    ----------
    layers : dict of Layer to float
    penalty, tags, **kwargs
        As there.

    Returns
    -------
    Tensor, 0-d
    """
    terms = [
        regularize_layer_params(layer, penalty, tags, **kwargs) * factor
        for layer, factor in layers.items()
    ]
    return apply_penalty(terms, lambda term: term)


def regularize_network_params(
    layer: Layer | Iterable[Layer],
    penalty: Penalty,
    tags: Mapping[str, bool] = REGULARIZABLE,
    **kwargs: Any,
) -> Tensor:
    """The penalty of all parameters of the network that ends in ``layer``, by tags.

    Parameters
    ----------
    layer : Layer or iterable of Layer
        The output layer or layers. What they share counts once.
    penalty, tags, **kwargs
        As for :func:`regularize_layer_params`.

    Returns
    -------
    Tensor, 0-d

    Examples
    --------
    >>> from minitorch import layers, objectives, regularization
    >>> net = layers.DenseLayer((None, 3), 2, b=None)
    >>> penalty = regularization.regularize_network_params(net, regularization.l2)
    >>> penalty.shape
    ()
    """
    return apply_penalty(get_all_params(layer, **tags), penalty, **kwargs)
