"""Limits to the norms of weights and gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor
from minitorch.updates.core import Hyper, now
from minitorch.utils import norm_axes_of

__all__ = ["norm_constraint", "total_norm_constraint"]


def norm_constraint(
    tensor_var: Tensor,
    max_norm: Hyper,
    norm_axes: int | Iterable[int] | None = None,
    epsilon: float = 1e-7,
) -> Tensor:
    """Scale down what has a norm above ``max_norm``: w · min(norm, max) / (eps + norm).

    Parameters
    ----------
    tensor_var : Tensor
        New weights, as a rule gives them.
    max_norm : float, 0-d Tensor or callable
    norm_axes : int or iterable of int, optional
        The axes of one norm. Default: (0,) for a matrix (the weights into one
        unit), all but the first for 3 to 5 axes (one filter).
    epsilon : float

    Returns
    -------
    Tensor, as tensor_var

    Raises
    ------
    ValueError
        If no axes are given for another number of axes.

    References
    ----------
    G. Hinton, N. Srivastava, A. Krizhevsky, I. Sutskever and R. Salakhutdinov: Improving
    neural networks by preventing co-adaptation of feature detectors, 2012.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.updates.norm_constraint(mt.asarray([[3.0, 0.0], [4.0, 0.5]]), 1.0, epsilon=0)
    Tensor([[0.6, 0. ],
            [0.8, 0.5]])
    """
    axes = norm_axes_of(tensor_var.ndim, norm_axes)
    norms = ops.sqrt(ops.sum(ops.square(tensor_var), axis=axes, keepdims=True))
    result: Tensor = tensor_var * (ops.minimum(norms, now(max_norm)) / (norms + epsilon))
    return result


def total_norm_constraint(
    tensor_vars: Iterable[Tensor],
    max_norm: Hyper,
    epsilon: float = 1e-7,
    return_norm: bool = False,
) -> Any:
    """Scale several tensors (gradients) so that their common norm is at most ``max_norm``.

    Parameters
    ----------
    tensor_vars : iterable of Tensor
        At least one.
    max_norm : float, 0-d Tensor or callable
    epsilon : float
        Each is multiplied by min(norm, max_norm) / (epsilon + norm).
    return_norm : bool

    Returns
    -------
    list of Tensor, or (list of Tensor, 0-d Tensor)
        With ``return_norm`` also the norm before.

    Raises
    ------
    ValueError
        If there is no tensor.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio: On the difficulty of training recurrent neural
    networks, 2013.

    Examples
    --------
    >>> import minitorch as mt
    >>> grads = [mt.asarray([3.0]), mt.asarray([4.0])]
    >>> mt.updates.total_norm_constraint(grads, 10.0, epsilon=0, return_norm=True)
    ([Tensor([3.]), Tensor([4.])], Tensor(5.))
    >>> mt.updates.total_norm_constraint(grads, 1.0, epsilon=0)
    [Tensor([0.6]), Tensor([0.8])]
    """
    tensors = list(tensor_vars)
    if not tensors:
        raise ValueError("total_norm_constraint: there is no tensor to constrain")
    squares = ops.sum(ops.square(tensors[0]))
    for t in tensors[1:]:
        squares = squares + ops.sum(ops.square(t))
    norm = ops.sqrt(squares)
    factor = ops.minimum(norm, now(max_norm)) / (norm + epsilon)
    scaled = [t * factor.astype(t.dtype) for t in tensors]
    return (scaled, norm) if return_norm else scaled
