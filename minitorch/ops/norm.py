"""Batch normalisation; local response normalisation stands in ``response.py``."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from minitorch.autograd.mode import is_grad_enabled
from minitorch.autograd.op import Sample, composite, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.device_kernels import attach_device
from minitorch.backend.native import attach
from minitorch.ops.norm_back import (
    axes_of,
    batch_norm_back,
    batch_norm_back_gamma,
    gamma_gradient,
    kept,
    x_gradient,
)
from minitorch.ops.norm_device import batch_norm_device, batch_norm_supports
from minitorch.ops.norm_native import batch_norm_native, supports_batch_norm

__all__ = ["batch_norm", "batch_norm_inference"]


def _check(name: str, x: Any, axes: tuple[int, ...], **parameters: Any) -> None:
    """x holds floating-point numbers, parameters have the shape of the axes that are kept."""
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: x must be floating-point, got {x.dtype}")
    narrow, _ = kept(x.shape, axes)
    for what, value in parameters.items():
        if value is not None and tuple(value.shape) != narrow:
            raise ValueError(
                f"{name}: {what} must be {narrow} for x {tuple(x.shape)} normalised over the axes "
                f"{axes}, got {tuple(value.shape)}"
            )


@op(
    formula="y = gamma · (x - mean) · inv_std + beta, inv_std = 1 / √(var + epsilon)",
    linear=("gamma", "beta"),
    outputs=("y", "mean", "inv_std"),
    upcast=True,
)
def batch_norm(
    xp: Any, x: Any, gamma: Any = None, beta: Any = None, *, axes: Any, epsilon: float = 1e-4
) -> Any:
    """Shift and scale x to mean 0 and variance 1 over some axes, then by beta and gamma.

    Parameters
    ----------
    x : Tensor
    gamma, beta : Tensor, of the shape of x without ``axes``, optional
        Scale and shift; None leaves that step out.
    axes : int or tuple of int
        The axes that mean and variance are taken over: all but 1 for a batch
        of images, (0, 2, 3).
    epsilon : float
        Added to the variance.

    Returns
    -------
    y : Tensor, as x
    mean : Tensor, of the shape of gamma
    inv_std : Tensor, of the shape of gamma
        1 / √(var + epsilon), with the variance that divides by the number of elements.
        These two are for running averages; they are differentiable as well.

    Raises
    ------
    ValueError
        For axes that x does not have, parameters of another shape, or nothing
        to average (an empty batch).
    TypeError
        If x holds no floating-point numbers.

    Notes
    -----
    The variance is the mean of (x - mean)², a second pass over x: the one-pass
    E[x²] - E[x]² loses all digits when the mean is large. Over a single element
    per parameter the variance is 0 and y = beta.

    With x̂ = (x - mean) · inv_std, m elements per parameter and h = gamma · g:
    dL/dx = inv_std · (h - mean(h) - x̂ · mean(h x̂)), dL/dgamma = Σ g x̂, dL/dbeta = Σ g.

    References
    ----------
    Ioffe, Szegedy: Batch normalization: accelerating deep network training by
    reducing internal covariate shift, 2015.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[0.0], [2.0]], requires_grad=True)
    >>> y, mean, inv_std = mt.batch_norm(x, axes=0, epsilon=0.0)
    >>> y.detach(), mean.detach(), inv_std.detach()
    (Tensor([[-1.],
            [ 1.]]), Tensor([1.]), Tensor([1.]))
    >>> y[0].sum().backward()  # whatever x, y is -1 and 1
    >>> x.grad
    Tensor([[0.],
            [0.]])
    """
    axes = axes_of(x.shape, axes)
    narrow, wide = kept(x.shape, axes)
    _check("batch_norm", x, axes, gamma=gamma, beta=beta)
    if 0 in x.shape:
        raise ValueError(f"batch_norm: x {x.shape} is empty, it has no mean over the axes {axes}")
    # Sums in double precision: over a batch of images they have a million terms.
    mean = xp.mean(x, axis=axes, keepdims=True, dtype=xp.float64).astype(x.dtype)
    centred = x - mean
    var = xp.mean(centred * centred, axis=axes, keepdims=True, dtype=xp.float64)
    inv_std = (1 / xp.sqrt(var + epsilon)).astype(x.dtype)
    y = centred * (inv_std if gamma is None else inv_std * gamma.reshape(wide))
    if beta is not None:
        y = y + beta.reshape(wide)
    return y, mean.reshape(narrow), inv_std.reshape(narrow)


class _Found(threading.local):
    """The gradients towards gamma and beta that the rule of x has found by the way.

    The engine runs a node's rules one after the other, so the next two can take them, each
    once. They know them by the tensors that they are made of (of the outputs'
    gradients some are made for one visit of the node alone) and these tensors' versions.
    """

    dgamma: tuple[Tensor, Any] | None = None
    dbeta: tuple[Tensor, Any] | None = None

    def keep(self, g: tuple[Tensor, ...], x: Tensor, dgamma: Tensor, dbeta: Tensor) -> None:
        """Note both, without keeping g and x alive."""
        made_of = [(weakref.ref(t), t.version) for t in (*g, x)]
        self.dgamma, self.dbeta = (dgamma, made_of), (dbeta, made_of[:-1])

    def take(self, what: str, *made_of: Tensor) -> Tensor | None:
        """One of them; None if it is of other tensors."""
        found, known = getattr(self, what) or (None, ())
        for (ref, version), tensor in zip(known, made_of, strict=bool(known)):
            if ref() is not tensor or version != tensor.version:
                return None
        setattr(self, what, None)
        result: Tensor | None = found
        return result


_found = _Found()


@batch_norm.vjp("x")
def batch_norm_dx(g: Any, x: Tensor, gamma: Any, mean: Tensor, inv_std: Tensor, axes: Any) -> Any:
    """dL/dx = inv_std (h - mean h - x̂ mean(h x̂)) + (g_mean - g_inv_std inv_std² x̂) / m"""
    if is_grad_enabled():  # to be differentiated again: in ops that can be
        return x_gradient(*g, x, mean, inv_std, gamma, axes_of(x.shape, axes))
    dx, dgamma, dbeta = batch_norm_back(*g, x, mean, inv_std, gamma, axes=axes)
    _found.keep(g, x, dgamma, dbeta)
    return dx


@batch_norm.vjp("gamma")
def batch_norm_dgamma(g: Any, x: Tensor, mean: Tensor, inv_std: Tensor, axes: Any) -> Any:
    """dL/dgamma = Σ g_y x̂"""
    if is_grad_enabled():
        return gamma_gradient(g[0], x, mean, inv_std, axes_of(x.shape, axes))
    found = _found.take("dgamma", *g, x)
    if found is not None:
        return found
    return batch_norm_back_gamma(g[0], x, mean, inv_std, axes=axes)


@batch_norm.vjp("beta")
def batch_norm_dbeta(g: Any, x_shape: Any, axes: Any) -> Any:
    """dL/dbeta = Σ g_y"""
    found = None if is_grad_enabled() else _found.take("dbeta", *g)
    return g[0].sum(axis=axes_of(x_shape, axes)) if found is None else found


attach(batch_norm, "norm", batch_norm_native, supports=supports_batch_norm)
attach_device(batch_norm, "norm", batch_norm_device, supports=batch_norm_supports)


@composite(formula="y = gamma · (x - mean) · inv_std + beta")
def batch_norm_inference(
    x: Tensor,
    mean: Tensor,
    inv_std: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    *,
    axes: Any,
) -> Tensor:
    """Batch normalisation with a mean and deviation that are given, not taken from x.

    Parameters
    ----------
    x : Tensor
    mean, inv_std : Tensor, of the shape of x without ``axes``
        Running averages of what :func:`batch_norm` returned.
    gamma, beta : Tensor, of that shape, optional
    axes : int or tuple of int
        As for :func:`batch_norm`.

    Returns
    -------
    Tensor, as x

    Raises
    ------
    ValueError
        For axes that x does not have, or parameters of another shape.
    TypeError
        If x holds no floating-point numbers.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0], [3.0]], requires_grad=True)
    >>> y = mt.batch_norm_inference(x, mt.asarray([1.0]), mt.asarray([0.5]), axes=0)
    >>> y.detach()
    Tensor([[0.],
            [1.]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[0.5],
            [0.5]])
    """
    axes = axes_of(x.shape, axes)
    _, wide = kept(x.shape, axes)
    _check("batch_norm_inference", x, axes, mean=mean, inv_std=inv_std, gamma=gamma, beta=beta)
    scale = inv_std if gamma is None else inv_std * gamma
    y = (x - mean.reshape(wide)) * scale.reshape(wide)
    return y if beta is None else y + beta.reshape(wide)


@batch_norm.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 2, 4), make.positive(2), make(2), axes=(0, 2))
    yield Sample.of(make(4, 3), axes=0, epsilon=0.1, note="bare")
    yield Sample.of(make(4, 2, 3), beta=make(4), axes=(-1, 1), note="rows, beta only")


@batch_norm_inference.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 2, 4), make(2), make.positive(2), make(2), make(2), axes=(0, 2))
    yield Sample.of(make(4, 3), make(3), make.positive(3), axes=0)
