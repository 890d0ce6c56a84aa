"""The cross-entropy of labels, from scores: the op, and its gradient as an op of its own."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.loss_device import attach_loss
from minitorch.ops.loss_native import attach_native_loss
from minitorch.ops.shape import expand_dims
from minitorch.ops.softmax import softmax_op
from minitorch.ops.targets import hits

__all__ = ["softmax_cross_entropy_dx"]


@op(
    name="softmax_cross_entropy",
    formula="y = ln Σ_j e^x_j - x_label",
    constant=("labels",),
    upcast=True,
    quiet=True,
)
def label_loss(xp: Any, x: Any, labels: Any, *, axis: int = -1) -> Any:
    """-ln softmax(x)[label]; see :func:`minitorch.softmax_cross_entropy`, which calls this op."""
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    total = xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))
    picked = xp.take_along_axis(shifted, xp.expand_dims(labels, axis), axis=axis)
    return xp.squeeze(total - picked, axis=axis)


@label_loss.vjp("x")
def label_loss_dx(g: Tensor, x: Tensor, labels: Tensor, axis: int) -> Any:
    """dL/dx = (softmax x - 1 at the label) g"""
    return softmax_cross_entropy_dx(g, x, labels, axis=axis)


@op(
    formula="dx_i = (softmax(x)_i - [i = label]) g",
    constant=("labels",),
    linear=("g",),
    upcast=True,
    quiet=True,
)
def softmax_cross_entropy_dx(xp: Any, g: Any, x: Any, labels: Any, *, axis: int = -1) -> Any:
    """The gradient of :func:`softmax_cross_entropy` towards the scores, in one step.

    Parameters
    ----------
    g : Tensor, (N, ...)
        The gradient of the losses.
    x : Tensor, (N, ..., classes)
        The scores.
    labels : integer Tensor, (N, ...)
    axis : int
        Along which the classes lie.

    Returns
    -------
    Tensor, as x

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.asarray([[0.0, 0.0]])
    >>> mt.softmax_cross_entropy_dx(mt.asarray([1.0]), x, mt.asarray([1]))
    Tensor([[ 0.5, -0.5]])
    """
    powers = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    shares = powers / xp.sum(powers, axis=axis, keepdims=True)
    return (shares - hits(labels, x.shape, axis).data) * xp.expand_dims(g, axis)


def _softmax_less_hit(x: Tensor, labels: Tensor, axis: int) -> Tensor:
    return softmax_op(x, axis=axis) - hits(labels, x.shape, axis)


@softmax_cross_entropy_dx.vjp("g")
def softmax_cross_entropy_dx_dg(h: Tensor, x: Tensor, labels: Tensor, axis: int) -> Any:
    """dL/dg = Σ h (softmax x - 1 at the label)"""
    return (h * _softmax_less_hit(x, labels, axis)).sum(axis=axis)


@softmax_cross_entropy_dx.vjp("x")
def softmax_cross_entropy_dx_dx(h: Tensor, g: Tensor, x: Tensor, axis: int) -> Any:
    """dL/dx = s (u - Σ u s) with s = softmax x and u = h g"""
    s, u = softmax_op(x, axis=axis), h * expand_dims(g, axis=axis)
    return s * (u - (u * s).sum(axis=axis, keepdims=True))


attach_native_loss(label_loss, "entropy")
attach_native_loss(softmax_cross_entropy_dx, "back")
attach_loss(label_loss, "entropy")
attach_loss(softmax_cross_entropy_dx, "back")


@label_loss.samples
def _(make: Any) -> Any:
    yield Sample.of(make(4, 3, low=-3.0, high=3.0), make.ints(4, high=3))
    yield Sample.of(make(2, 3, 2), make.ints(2, 2, high=3), axis=1)


@softmax_cross_entropy_dx.samples
def _(make: Any) -> Any:
    yield Sample.of(make(4), make(4, 3, low=-3.0, high=3.0), make.ints(4, high=3))
    yield Sample.of(make(2, 2), make(2, 3, 2), make.ints(2, 2, high=3), axis=1)
