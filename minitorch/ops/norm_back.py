"""The gradients of batch normalisation as ops: what a backward that is not recorded runs.

Each formula stands here once, as a function that takes arrays or tensors alike: it is the
op's body, and where the gradient is to be differentiated again, the rule itself.
"""

from __future__ import annotations

from math import prod
from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.backend.device_kernels import attach_device
from minitorch.backend.native import attach
from minitorch.ops.norm_device import back_device, back_gamma_device, back_supports
from minitorch.ops.norm_native import (
    back_gamma_native,
    back_native,
    supports_back,
    supports_back_gamma,
)

__all__ = ["batch_norm_back", "batch_norm_back_gamma"]


def axes_of(x_shape: tuple[int, ...], axes: Any) -> tuple[int, ...]:
    """The axes to normalise over, counted from the front."""
    given = (axes,) if isinstance(axes, int) else tuple(axes)
    rank = len(x_shape)
    if (
        not given
        or any(not -rank <= a < rank for a in given)
        or len({a % rank for a in given}) < len(given)
    ):
        raise ValueError(f"batch_norm: axes must be different axes of x {x_shape}, got {axes}")
    return tuple(sorted([a % rank for a in given]))


def kept(
    x_shape: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape of the parameters, without and with the normalised axes (as length 1)."""
    narrow = tuple([n for i, n in enumerate(x_shape) if i not in axes])
    wide = tuple([1 if i in axes else n for i, n in enumerate(x_shape)])
    return narrow, wide


def _normalised(x: Any, mean: Any, inv_std: Any, wide: tuple[int, ...]) -> Any:
    """x̂ = (x - mean) · inv_std."""
    return (x - mean.reshape(wide)) * inv_std.reshape(wide)


def x_gradient(
    g: Any,
    g_mean: Any,
    g_inv_std: Any,
    x: Any,
    mean: Any,
    inv_std: Any,
    gamma: Any,
    axes: tuple[int, ...],
) -> Any:
    """The gradient towards x, of arrays or tensors; g, g_mean, g_inv_std are the outputs'."""
    _, wide = kept(x.shape, axes)
    count = prod([x.shape[a] for a in axes])
    centred = _normalised(x, mean, inv_std, wide)
    h = g if gamma is None else g * gamma.reshape(wide)
    along = (h * centred).mean(axis=axes, keepdims=True)
    along = along + (g_inv_std * inv_std).reshape(wide) / count
    shift = g_mean.reshape(wide) / count
    return (h - h.mean(axis=axes, keepdims=True) - centred * along) * inv_std.reshape(wide) + shift


def gamma_gradient(g: Any, x: Any, mean: Any, inv_std: Any, axes: tuple[int, ...]) -> Any:
    """The gradient towards gamma, of arrays or tensors."""
    _, wide = kept(x.shape, axes)
    return (g * _normalised(x, mean, inv_std, wide)).sum(axis=axes)


@op(
    formula="dx = inv_std (h - mean h - x̂ mean(h x̂)) + (g_mean - g_inv_std inv_std² x̂) / m, "
    "dgamma = Σ g x̂, dbeta = Σ g",
    outputs=("dx", "dgamma", "dbeta"),
    constant=True,
    upcast=True,
)
def batch_norm_back(
    xp: Any,
    g: Any,
    g_mean: Any,
    g_inv_std: Any,
    x: Any,
    mean: Any,
    inv_std: Any,
    gamma: Any = None,
    *,
    axes: Any,
) -> Any:
    """The gradients of :func:`batch_norm` towards x, gamma and beta, in one step.

    Parameters
    ----------
    g : Tensor, as x
    g_mean, g_inv_std : Tensor, as mean
        The gradients of the three outputs.
    x : Tensor
    mean, inv_std : Tensor, of the shape of x without ``axes``
        What :func:`batch_norm` returned.
    gamma : Tensor, as mean, optional
    axes : int or tuple of int
        As for :func:`batch_norm`.

    Returns
    -------
    dx : Tensor, as x
    dgamma, dbeta : Tensor, as mean
        Sums that dx needs anyway. All are constants: where a gradient is differentiated
        again, other ops compute it.

    Notes
    -----
    With x̂ = (x - mean) · inv_std, h = gamma · g and m elements per parameter.

    Examples
    --------
    >>> import minitorch as mt
    >>> x, one, zero = mt.asarray([[0.0], [2.0]]), mt.asarray([1.0]), mt.asarray([0.0])
    >>> mt.batch_norm_back(mt.asarray([[1.0], [0.0]]), zero, zero, x, one, one, axes=0)
    (Tensor([[0.],
            [0.]]), Tensor([-1.]), Tensor([1.]))
    """
    axes = axes_of(x.shape, axes)
    dx = x_gradient(g, g_mean, g_inv_std, x, mean, inv_std, gamma, axes)
    return dx, gamma_gradient(g, x, mean, inv_std, axes), g.sum(axis=axes)


@op(formula="dgamma = Σ g x̂", constant=True, upcast=True)
def batch_norm_back_gamma(xp: Any, g: Any, x: Any, mean: Any, inv_std: Any, *, axes: Any) -> Any:
    """The gradient of :func:`batch_norm` towards gamma, in one step.

    Parameters
    ----------
    g, x : Tensor
    mean, inv_std : Tensor, of the shape of x without ``axes``
    axes : int or tuple of int
        As for :func:`batch_norm_back`.

    Returns
    -------
    Tensor, as mean
        A constant, as that of :func:`batch_norm_back`.

    Examples
    --------
    >>> import minitorch as mt
    >>> x, one = mt.asarray([[0.0], [2.0]]), mt.asarray([1.0])
    >>> mt.batch_norm_back_gamma(mt.asarray([[1.0], [3.0]]), x, one, one, axes=0)
    Tensor([2.])
    """
    return gamma_gradient(g, x, mean, inv_std, axes_of(x.shape, axes))


attach(batch_norm_back, "norm", back_native, supports=supports_back)
attach(batch_norm_back_gamma, "norm", back_gamma_native, supports=supports_back_gamma)
attach_device(batch_norm_back, "norm", back_device, supports=back_supports)
attach_device(batch_norm_back_gamma, "norm", back_gamma_device, supports=back_supports)


@batch_norm_back.samples
def _(make: Any) -> Any:
    narrow = [make(2), make(2), make(3, 2, 4), make(2), make.positive(2)]
    yield Sample.of(make(3, 2, 4), *narrow, make(2), axes=(0, 2))
    narrow = [make(3), make(3), make(4, 3), make(3), make.positive(3)]
    yield Sample.of(make(4, 3), *narrow, axes=0, note="without gamma")


@batch_norm_back_gamma.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 2, 4), make(3, 2, 4), make(2), make.positive(2), axes=(0, 2))
