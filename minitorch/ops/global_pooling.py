"""Global pooling: every channel of an image reduced to one number."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.max_pooling import check_input
from minitorch.ops.reduce import max_, mean, sum_

__all__ = ["global_avg_pool", "global_max_pool", "global_sum_pool"]


def _global(name: str, x: Any, op: Any) -> Tensor:
    """Reduce all spatial axes."""
    check_input(name, x)
    if len(x.shape) < 3 or 0 in x.shape[2:]:
        raise ValueError(
            f"{name}: x must have the axes (batch, channels, spatial...), none of the latter "
            f"empty, got {tuple(x.shape)}"
        )
    result: Tensor = op(x, axis=tuple(range(2, len(x.shape))))
    return result


@composite(formula="y[n,c] = max_q x[n,c,q]")
def global_max_pool(x: Tensor) -> Tensor:
    """The largest element of every channel over all positions.

    Parameters
    ----------
    x : Tensor, (N, C, spatial...)

    Returns
    -------
    Tensor, (N, C)

    Raises
    ------
    ValueError
        If there is no spatial axis, or an empty one.
    TypeError
        If x holds no real numbers.

    Notes
    -----
    Equal largest elements share the gradient evenly, as in :func:`max`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 5.0, 5.0]]], requires_grad=True)
    >>> y = mt.global_max_pool(x)
    >>> y.detach()
    Tensor([[5.]])
    >>> y.backward()
    >>> x.grad
    Tensor([[[0. , 0.5, 0.5]]])
    """
    return _global("global_max_pool", x, max_)


@composite(formula="y[n,c] = Σ_q x[n,c,q] / positions")
def global_avg_pool(x: Tensor) -> Tensor:
    """The mean of every channel over all positions.

    Parameters
    ----------
    x : Tensor, (N, C, spatial...)

    Returns
    -------
    Tensor, (N, C)

    Raises
    ------
    ValueError
        If there is no spatial axis, or an empty one.
    TypeError
        If x holds no real numbers.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 5.0]]], requires_grad=True)
    >>> y = mt.global_avg_pool(x)
    >>> y.detach()
    Tensor([[3.]])
    >>> y.backward()
    >>> x.grad
    Tensor([[[0.5, 0.5]]])
    """
    return _global("global_avg_pool", x, mean)


@composite(formula="y[n,c] = Σ_q x[n,c,q]")
def global_sum_pool(x: Tensor) -> Tensor:
    """The sum of every channel over all positions.

    Parameters
    ----------
    x : Tensor, (N, C, spatial...)

    Returns
    -------
    Tensor, (N, C)

    Raises
    ------
    ValueError
        If there is no spatial axis, or an empty one.
    TypeError
        If x holds no real numbers.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[[1.0, 5.0]]], requires_grad=True)
    >>> y = mt.global_sum_pool(x)
    >>> y.detach()
    Tensor([[6.]])
    >>> y.backward()
    >>> x.grad
    Tensor([[[1., 1.]]])
    """
    return _global("global_sum_pool", x, sum_)


@global_max_pool.samples
def _(make: Any) -> Any:
    yield Sample.of(make.distinct(2, 2, 3, 2))


@global_avg_pool.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 3, 2))


@global_sum_pool.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 2, 3, 2))
