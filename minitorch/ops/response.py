"""Local response normalisation: what AlexNet and GoogLeNet had before batch normalisation."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from minitorch.autograd.mode import is_grad_enabled
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.device_kernels import attach_device
from minitorch.backend.native import attach
from minitorch.ops import response_native
from minitorch.ops.pool_sum import sum_pool
from minitorch.ops.response_device import back_device, fwd_device, supports

__all__ = ["local_response_norm", "local_response_norm_back"]


def _check(x: Any, k: float, n: int) -> None:
    if x.dtype.kind != "f":
        raise TypeError(f"local_response_norm: x must be floating-point, got {x.dtype}")
    if x.ndim < 2:
        raise ValueError(
            f"local_response_norm: x must have the axes (batch, channels, ...), "
            f"got {tuple(x.shape)}"
        )
    if n < 1 or n % 2 == 0:
        raise ValueError(f"local_response_norm: n must be an odd number of channels, got {n}")
    if not k > 0:
        raise ValueError(f"local_response_norm: k must be positive, got {k}")


def _around(xp: Any, n: int) -> Callable[[Any], Any]:
    """Of arrays: the sum over the n channels around each one."""

    def around(a: Any) -> Any:
        channels = a.shape[1]
        total = a.copy()
        for away in range(1, min(n // 2, channels - 1) + 1):
            total[:, away:] += a[:, :-away]
            total[:, :-away] += a[:, away:]
        return total

    return around


def _tensor_around(n: int) -> Callable[[Tensor], Tensor]:
    """The same of tensors: a pooling window that runs over channels as over rows."""

    def around(a: Tensor) -> Tensor:
        rows = a.reshape((a.shape[0], 1, a.shape[1], prod(a.shape[2:])))
        window: dict[str, Any] = {"window": (n, 1), "stride": (1, 1), "ignore_border": True}
        return sum_pool(rows, pad=((n // 2, n // 2), (0, 0)), **window).reshape(a.shape)

    return around


def _gradient(
    g: Any, x: Any, around: Callable[[Any], Any], alpha: float, k: float, beta: float
) -> Any:
    """dL/dx, of arrays or tensors."""
    s = around(x * x) * alpha + k
    own = g * s**-beta
    return own - x * around(own * x / s) * (2 * alpha * beta)


@op(formula="y[c] = x[c] / (k + alpha Σ_{|j - c| <= n/2} x[j]²)^beta", upcast=True)
def local_response_norm(
    xp: Any, x: Any, *, alpha: float = 1e-4, k: float = 2.0, beta: float = 0.75, n: int = 5
) -> Any:
    """Divide every element by what the neighbouring channels do at its place.

    Parameters
    ----------
    x : Tensor, (N, C, ...)
    alpha : float
        Weight of the sum of squares; it is not divided by n (Caffe's and ONNX's is).
    k : float
        Added to it, above 0.
    beta : float
        The exponent.
    n : int
        How many channels are summed, an odd number; fewer at both ends.

    Returns
    -------
    Tensor, as x

    Raises
    ------
    ValueError
        If x has no channels axis, n is even or below 1, or k is not positive.
    TypeError
        If x holds no floating-point numbers.

    Notes
    -----
    With s[c] = k + alpha Σ x[j]² over the same j,
    dL/dx[c] = g[c] s[c]^-beta - 2 alpha beta x[c] Σ_{|j - c| <= n/2} g[j] x[j] s[j]^(-beta - 1).

    References
    ----------
    Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional
    neural networks, 2012.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[1.0, 1.0]], requires_grad=True)
    >>> y = mt.local_response_norm(x, alpha=1.0, k=6.0, beta=1.0, n=3)
    >>> y.detach()
    Tensor([[0.125, 0.125]])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[0.0625, 0.0625]])
    """
    _check(x, k, n)
    return x * (_around(xp, n)(x * x) * alpha + k) ** -beta


@op(
    formula="dx[c] = g[c] s[c]^-beta - 2 alpha beta x[c] Σ_j g[j] x[j] s[j]^(-beta - 1)",
    constant=True,
    upcast=True,
)
def local_response_norm_back(
    xp: Any, g: Any, x: Any, *, alpha: float, k: float, beta: float, n: int
) -> Any:
    r"""The gradient of :func:`local_response_norm`, in one step.

    Parameters
    ----------
    g, x : Tensor, (N, C, ...)
    alpha, k, beta : float
    n : int
        As for :func:`local_response_norm`.

    Returns
    -------
    Tensor, as x
        A constant: where a gradient is differentiated again, other ops compute it.

    Notes
    -----
    s[c] = k + alpha Σ_j x[j]², both sums over the channels j with \|j - c\| <= n / 2.

    Examples
    --------
    >>> import minitorch as mt
    >>> one = mt.ones((1, 2))
    >>> mt.local_response_norm_back(one, one, alpha=1.0, k=6.0, beta=1.0, n=3)
    Tensor([[0.0625, 0.0625]])
    """
    _check(x, k, n)
    return _gradient(g, x, _around(xp, n), alpha, k, beta)


@local_response_norm.vjp("x")
def local_response_norm_dx(
    g: Tensor, x: Tensor, alpha: float, k: float, beta: float, n: int
) -> Any:
    """dL/dx[c] = g[c] s[c]^-beta - 2 alpha beta x[c] Σ_j g[j] x[j] s[j]^(-beta - 1)"""
    if is_grad_enabled():  # to be differentiated again: in ops that can be
        return _gradient(g, x, _tensor_around(n), alpha, k, beta)
    return local_response_norm_back(g, x, alpha=alpha, k=k, beta=beta, n=n)


for _op, _call in (
    (local_response_norm, response_native.fwd_native),
    (local_response_norm_back, response_native.back_native),
):
    attach(_op, "response", _call, supports=response_native.supports)
attach_device(local_response_norm, "response", fwd_device, supports=supports)
attach_device(local_response_norm_back, "response", back_device, supports=supports)


@local_response_norm.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 6, 3), alpha=0.5)
    yield Sample.of(make(1, 2, 2, 2), alpha=0.5, k=1.0, beta=0.5, n=3)
    yield Sample.of(make(2, 3, 1), alpha=0.5, n=9, note="a window wider than the channels")


@local_response_norm_back.samples
def _(make: Any) -> Any:
    yield Sample.of(make(2, 6, 3), make(2, 6, 3), alpha=0.5, k=2.0, beta=0.75, n=5)
    yield Sample.of(make(2, 3), make(2, 3), alpha=0.5, k=1.0, beta=0.5, n=9)
