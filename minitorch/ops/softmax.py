"""softmax and log_softmax: scores turned into probabilities."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.exponential import exp
from minitorch.ops.loss_device import attach_loss
from minitorch.ops.loss_native import attach_native_loss
from minitorch.ops.provenance import remember

__all__ = ["log_softmax", "softmax"]


def _check_axis(name: str, x: Any, axis: int) -> None:
    """An axis of x that holds something."""
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: x {x.shape} has no axis {axis}")
    if x.shape[axis] == 0:
        raise ValueError(f"{name}: x {x.shape} has no elements along axis {axis}")


@op(name="softmax", formula="y_i = e^x_i / Σ_j e^x_j", upcast=True, quiet=True)
def softmax_op(xp: Any, x: Any, *, axis: int = -1) -> Any:
    """Probabilities along one axis; see :func:`minitorch.softmax`, which calls this op."""
    _check_axis("softmax", x, axis)
    powers = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


@softmax_op.vjp("x")
def softmax_dx(g: Tensor, out: Tensor, axis: int) -> Any:
    """dL/dx = y (g - Σ g y)"""
    return out * (g - (g * out).sum(axis=axis, keepdims=True))


def softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    """Positive numbers that sum to 1 along an axis, in the ratios e^x_i : e^x_j.

    Parameters
    ----------
    x : Tensor
        Scores (logits) of any shape.
    axis : int
        Along which the classes lie.

    Returns
    -------
    Tensor, as x
        It remembers x, so that :func:`categorical_crossentropy` of it is exact even
        where a probability has rounded to 0; see :mod:`minitorch.ops.provenance`.

    Raises
    ------
    ValueError
        If there is no such axis, or it is empty.

    Notes
    -----
    The largest score of each row is subtracted first: it changes nothing and no
    exponential overflows. A row that is -inf throughout, or holds +inf, is NaN.

    References
    ----------
    Bridle: Probabilistic interpretation of feedforward classification network
    outputs, 1990.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[0.0, 0.0], [200.0, 0.0]], requires_grad=True)
    >>> y = mt.softmax(x)
    >>> y.detach()
    Tensor([[0.5, 0.5],
            [1. , 0. ]])
    >>> y[0, 0].backward()
    >>> x.grad
    Tensor([[ 0.25, -0.25],
            [ 0.  ,  0.  ]])
    """
    out: Tensor = softmax_op(x, axis=axis)
    return remember(out, x, "softmax", axis % out.ndim)


@op(formula="y_i = x_i - ln Σ_j e^x_j", upcast=True, quiet=True)
def log_softmax(xp: Any, x: Any, *, axis: int = -1) -> Any:
    """The logarithm of :func:`softmax`, exact where that rounds to 0.

    Parameters
    ----------
    x : Tensor
        Scores (logits) of any shape.
    axis : int
        Along which the classes lie.

    Returns
    -------
    Tensor, as x

    Raises
    ------
    ValueError
        If there is no such axis, or it is empty.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([200.0, 0.0], requires_grad=True)
    >>> y = mt.log_softmax(x)
    >>> y.detach()
    Tensor([   0., -200.])
    >>> y[1].backward()
    >>> x.grad
    Tensor([-1.,  1.])
    """
    _check_axis("log_softmax", x, axis)
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


@log_softmax.vjp("x")
def log_softmax_dx(g: Tensor, out: Tensor, axis: int) -> Any:
    """dL/dx = g - softmax x · Σ g"""
    return g - exp(out) * g.sum(axis=axis, keepdims=True)


attach_native_loss(softmax_op, "softmax")
attach_native_loss(log_softmax, "log_softmax")
attach_loss(softmax_op, "softmax")
attach_loss(log_softmax, "log_softmax")


@softmax_op.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4, low=-3.0, high=3.0))
    yield Sample.of(make(2, 3, 2), axis=1)
    yield Sample.of(make(5), axis=0, note="1-d")


@log_softmax.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4, low=-3.0, high=3.0))
    yield Sample.of(make(2, 3, 2), axis=1)
