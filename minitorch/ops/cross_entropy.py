"""Cross-entropies: from scores (logits), and from probabilities.

All of them return one loss per row or element; average them with ``mean``. From
scores they are exact for any score. From probabilities too, if these are what
``softmax`` or ``sigmoid`` returned: such tensors remember their scores (see
:mod:`minitorch.ops.provenance`), and the loss and its gradient are taken from there.
Other probabilities are taken at their word: a true class of probability 0 costs inf.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.ops.activations import sigmoid_op
from minitorch.ops.compare import where
from minitorch.ops.exponential import log
from minitorch.ops.gathering import take_along_axis
from minitorch.ops.label_loss import label_loss
from minitorch.ops.logic import logical_and
from minitorch.ops.provenance import logits_of
from minitorch.ops.shape import expand_dims
from minitorch.ops.softmax import log_softmax
from minitorch.ops.targets import as_targets, check_scores, class_labels

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "xlogy",
]


@op(formula="y = x1 ln x2, and 0 where x1 = 0", linear=("x1",), quiet=True)
def xlogy(xp: Any, x1: Any, x2: Any) -> Any:
    """x1 ln x2, with 0 ln 0 = 0: a class that does not occur costs nothing.

    Parameters
    ----------
    x1, x2 : Tensor, broadcastable

    Returns
    -------
    Tensor of the broadcast shape

    Examples
    --------
    >>> import minitorch as mt
    >>> x2 = mt.tensor([0.0, 0.5], requires_grad=True)
    >>> y = mt.xlogy(mt.asarray([0.0, 2.0]), x2)
    >>> y.detach()
    Tensor([ 0.       , -1.3862944])
    >>> y.sum().backward()
    >>> x2.grad
    Tensor([0., 4.])
    """
    nothing = xp.logical_and(xp.equal(x1, 0), xp.logical_not(xp.isnan(x2)))
    return x1 * xp.log(xp.where(nothing, 1, x2))


@xlogy.vjp("x1")
def xlogy_dx1(g: Tensor, x2: Tensor) -> Any:
    """dL/dx1 = g ln x2"""
    return g * log(x2)


@xlogy.vjp("x2")
def xlogy_dx2(g: Tensor, x1: Tensor, x2: Tensor) -> Any:
    """dL/dx2 = g x1 / x2, and 0 where both are 0"""
    return g * (x1 / where(logical_and(x1 == 0, x2 == 0), 1, x2))


def softmax_cross_entropy(logits: Tensor, targets: Any, *, axis: int = -1) -> Tensor:
    """Cross-entropy of class scores: -ln softmax(logits)[label], one loss per row.

    Parameters
    ----------
    logits : Tensor, (N, ..., classes)
        Scores, one per class along ``axis``.
    targets : integer Tensor, (N, ...), or Tensor, (N, ..., classes)
        Labels from 0 to classes - 1, or probabilities (one-hot rows, say) of
        the shape of the logits; then the loss is -Σ t ln softmax.
    axis : int
        Along which the classes lie.

    Returns
    -------
    Tensor, (N, ...)

    Raises
    ------
    TypeError
        If targets have another number of axes, labels are no integers, or
        logits hold no floating-point numbers.
    ValueError
        If a label is out of range, shapes differ, or there is nothing to score.

    Notes
    -----
    With m the largest score, the loss is ln Σ e^(x_j - m) - (x_label - m): no
    exponential overflows and no logarithm of 0 is taken. Its gradient towards the
    logits is softmax(logits) minus 1 at the label.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[200.0, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> y = mt.softmax_cross_entropy(x, mt.asarray([1, 0]))
    >>> y.detach()
    Tensor([200.       ,   0.6931472])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[ 1. , -1. ],
            [-0.5,  0.5]])
    """
    return _from_logits("softmax_cross_entropy", logits, targets, axis)


def _from_logits(name: str, logits: Any, targets: Any, axis: int) -> Tensor:
    """The loss of labels or of probabilities as targets."""
    check_scores(name, logits, axis)
    labels, probabilities = class_labels(name, logits, targets, axis)
    if labels is not None:
        result: Tensor = label_loss(logits, labels, axis=axis)
        return result
    logs = log_softmax(logits, axis=axis)
    # A class of probability 0 costs nothing, even at a score of -inf.
    harmless = logical_and(probabilities == 0, logs == -float("inf"))
    costs = probabilities * where(harmless, 0, logs)
    return -costs.sum(axis=axis)


def categorical_crossentropy(predictions: Tensor, targets: Any, *, axis: int = -1) -> Tensor:
    """Cross-entropy of class probabilities: -ln p[label], one loss per row.

    Parameters
    ----------
    predictions : Tensor, (N, ..., classes)
        Probabilities along ``axis``. What :func:`softmax` returned is exact at
        any score; other tensors are taken as they are.
    targets : integer Tensor, (N, ...), or Tensor, (N, ..., classes)
        Labels from 0 to classes - 1, or probabilities (one-hot rows, say) of
        the shape of the predictions; then the loss is -Σ t ln p, with 0 ln 0 = 0.
    axis : int
        Along which the classes lie.

    Returns
    -------
    Tensor, (N, ...)

    Raises
    ------
    TypeError
        If targets have another number of axes, labels are no integers, or
        predictions hold no floating-point numbers.
    ValueError
        If a label is out of range, shapes differ, or there is nothing to score.

    Notes
    -----
    For probabilities straight from softmax the gradient goes straight to the
    scores; that of the probabilities themselves is not computed, unless they
    have a hook (or ``retain_grad``).

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[200.0, 0.0]], requires_grad=True)
    >>> y = mt.categorical_crossentropy(mt.softmax(x), mt.asarray([1]))
    >>> y.detach()
    Tensor([200.])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([[ 1., -1.]])
    """
    name = "categorical_crossentropy"
    check_scores(name, predictions, axis)
    logits = logits_of(predictions, "softmax", axis % predictions.ndim)
    if logits is not None:
        return _from_logits(name, logits, targets, axis)
    labels, probabilities = class_labels(name, predictions, targets, axis)
    if labels is None:
        return -xlogy(probabilities, predictions).sum(axis=axis)
    index = expand_dims(labels, axis=axis).astype("int64")
    return -log(take_along_axis(predictions, index, axis=axis)).sum(axis=axis)


@op(formula="y = ln(1 + e^x) - t x", linear=("t",), quiet=True, name="sigmoid_cross_entropy")
def sigmoid_loss(xp: Any, x: Any, t: Any) -> Any:
    """-t ln s - (1 - t) ln(1 - s), s = sigmoid x; :func:`sigmoid_cross_entropy` calls this op."""
    return xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-xp.abs(x)))


@sigmoid_loss.vjp("x")
def sigmoid_loss_dx(g: Tensor, x: Tensor, t: Tensor) -> Any:
    """dL/dx = (sigmoid x - t) g"""
    return (sigmoid_op(x) - t) * g


@sigmoid_loss.vjp("t")
def sigmoid_loss_dt(g: Tensor, x: Tensor) -> Any:
    """dL/dt = -x g"""
    return -(x * g)


def sigmoid_cross_entropy(logits: Tensor, targets: Any) -> Tensor:
    """Binary cross-entropy of scores: -t ln s - (1 - t) ln(1 - s), s = sigmoid(logits).

    Parameters
    ----------
    logits : Tensor
        Scores of any shape.
    targets : Tensor, as logits, or a number
        0 or 1 (or bool), or probabilities in between.

    Returns
    -------
    Tensor, as logits

    Raises
    ------
    TypeError
        If logits hold no floating-point numbers.
    ValueError
        If shapes differ, or there is nothing to score.

    Notes
    -----
    Computed as max(x, 0) - t x + ln(1 + e^-|x|), which neither overflows nor
    takes a logarithm of 0. Its gradient is sigmoid(x) - t.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([200.0, -200.0, 0.0], requires_grad=True)
    >>> y = mt.sigmoid_cross_entropy(x, mt.asarray([0, 1, 1]))
    >>> y.detach()
    Tensor([200.       , 200.       ,   0.6931472])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([ 1. , -1. , -0.5])
    """
    result: Tensor = sigmoid_loss(logits, as_targets("sigmoid_cross_entropy", logits, targets))
    return result


def binary_crossentropy(predictions: Tensor, targets: Any) -> Tensor:
    """Binary cross-entropy of probabilities: -t ln p - (1 - t) ln(1 - p).

    Parameters
    ----------
    predictions : Tensor
        Probabilities of any shape. What :func:`sigmoid` returned is exact at any
        score; other tensors are taken as they are.
    targets : Tensor, as predictions, or a number
        0 or 1 (or bool), or probabilities in between.

    Returns
    -------
    Tensor, as predictions

    Raises
    ------
    TypeError
        If predictions hold no floating-point numbers.
    ValueError
        If shapes differ, or there is nothing to score.

    Notes
    -----
    For probabilities straight from sigmoid the gradient goes straight to the
    scores; that of the probabilities themselves is not computed, unless they
    have a hook (or ``retain_grad``).

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([200.0, 0.0], requires_grad=True)
    >>> y = mt.binary_crossentropy(mt.sigmoid(x), mt.asarray([0, 1]))
    >>> y.detach()
    Tensor([200.       ,   0.6931472])
    >>> y.sum().backward()
    >>> x.grad
    Tensor([ 1. , -0.5])
    """
    targets = as_targets("binary_crossentropy", predictions, targets)
    logits = logits_of(predictions, "sigmoid")
    if logits is not None:
        result: Tensor = sigmoid_loss(logits, targets)
        return result
    return -(xlogy(targets, predictions) + xlogy(1 - targets, 1 - predictions))


@xlogy.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4, away=(0.0,)), make.positive(3, 4))
    yield Sample.of(make(3, 1), make.positive(4), note="broadcast")


@sigmoid_loss.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4, low=-5.0, high=5.0, away=(0.0,)), make(3, 4, low=0.0, high=1.0))
