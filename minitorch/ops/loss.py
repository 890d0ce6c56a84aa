"""Losses of regression, of margins and of ranking, one per element or row.

They are not averaged: ``loss.mean()`` does that. Where a hinge has its kink the
gradient is 0, as that of :func:`relu`. The cross-entropies stand in
``ops/cross_entropy.py``.
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, composite
from minitorch.autograd.tensor import Tensor
from minitorch.ops.activations import relu
from minitorch.ops.compare import where
from minitorch.ops.exponential import log, log1p
from minitorch.ops.piecewise import abs_
from minitorch.ops.power import square
from minitorch.ops.provenance import logits_of
from minitorch.ops.targets import as_targets, check_scores, class_labels, hits

__all__ = [
    "binary_hinge_loss",
    "huber_loss",
    "margin_ranking_loss",
    "multiclass_hinge_loss",
    "squared_error",
]


@composite(formula="y = (p - t)²")
def squared_error(predictions: Tensor, targets: Any) -> Tensor:
    """The square of the difference, element by element.

    Parameters
    ----------
    predictions : Tensor
    targets : Tensor, as predictions, or a number

    Returns
    -------
    Tensor, as predictions

    Raises
    ------
    TypeError
        If predictions hold no floating-point numbers.
    ValueError
        If shapes differ, or predictions are empty.

    Examples
    --------
    >>> import minitorch as mt
    >>> p = mt.tensor([1.0, 5.0], requires_grad=True)
    >>> y = mt.squared_error(p, mt.asarray([2.0, 2.0]))
    >>> y.detach()
    Tensor([1., 9.])
    >>> y.sum().backward()
    >>> p.grad
    Tensor([-2.,  6.])
    """
    result: Tensor = square(predictions - as_targets("squared_error", predictions, targets))
    return result


@composite(formula="y = d² / 2 where |d| <= delta else delta (|d| - delta / 2), d = p - t")
def huber_loss(predictions: Tensor, targets: Any, delta: float = 1.0) -> Tensor:
    """Half the square of small differences, growing only linearly for large ones.

    Parameters
    ----------
    predictions : Tensor
    targets : Tensor, as predictions, or a number
    delta : float
        Where the square goes over into the line, with the same slope; above 0.

    Returns
    -------
    Tensor, as predictions

    Raises
    ------
    TypeError
        If predictions hold no floating-point numbers.
    ValueError
        If shapes differ, predictions are empty or delta is not positive.

    References
    ----------
    Huber: Robust estimation of a location parameter, 1964.

    Examples
    --------
    >>> import minitorch as mt
    >>> p = mt.tensor([0.5, -3.0], requires_grad=True)
    >>> y = mt.huber_loss(p, 0)
    >>> y.detach()
    Tensor([0.125, 2.5  ])
    >>> y.sum().backward()
    >>> p.grad
    Tensor([ 0.5, -1. ])
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, got {delta}")
    difference = predictions - as_targets("huber_loss", predictions, targets)
    size = abs_(difference)
    result: Tensor = where(size <= delta, square(difference) * 0.5, (size - delta / 2) * delta)
    return result


@composite(formula="y = max(0, delta - p t), t = ±1")
def binary_hinge_loss(
    predictions: Tensor,
    targets: Any,
    delta: float = 1.0,
    log_odds: bool = True,
    binary: bool = True,
) -> Tensor:
    """How far a score is from the right side of the margin, element by element.

    Parameters
    ----------
    predictions : Tensor
        Scores; positive ones mean the class 1.
    targets : Tensor, as predictions, or a number
        0 or 1, or -1 or 1 with ``binary=False``.
    delta : float
        The margin.
    log_odds : bool
        False if predictions are probabilities, the output of a sigmoid: the scores are
        then what it was made from (:mod:`minitorch.ops.provenance`), or ln(p / (1 - p)).
    binary : bool
        Whether targets are 0 and 1.

    Returns
    -------
    Tensor, as predictions

    Raises
    ------
    TypeError
        If predictions hold no floating-point numbers.
    ValueError
        If shapes differ, or predictions are empty.

    References
    ----------
    Cortes, Vapnik: Support-vector networks, 1995.

    Examples
    --------
    >>> import minitorch as mt
    >>> p = mt.tensor([0.25, -2.0, 3.0], requires_grad=True)
    >>> y = mt.binary_hinge_loss(p, mt.asarray([1, 1, 0]))
    >>> y.detach()
    Tensor([0.75, 3.  , 4.  ])
    >>> y.sum().backward()
    >>> p.grad
    Tensor([-1., -1.,  1.])
    """
    targets = as_targets("binary_hinge_loss", predictions, targets)
    if binary:
        targets = targets * 2 - 1
    if not log_odds:
        scores = logits_of(predictions, "sigmoid")
        predictions = log(predictions) - log1p(-predictions) if scores is None else scores
    result: Tensor = relu(delta - predictions * targets)
    return result


@composite(formula="y = max(0, max_{j != label} p_j - p_label + delta)")
def multiclass_hinge_loss(predictions: Tensor, targets: Any, delta: float = 1.0) -> Tensor:
    """How far the right class is from leading by a margin, one loss per row.

    Parameters
    ----------
    predictions : Tensor, (N, classes)
        Scores.
    targets : integer Tensor, (N,), or Tensor, (N, classes)
        Labels, or one-hot rows.
    delta : float
        The margin.

    Returns
    -------
    Tensor, (N,)
        Wrong classes that lead together share the gradient evenly.

    Raises
    ------
    TypeError
        If targets have another number of axes, labels are no integers, or
        predictions hold no floating-point numbers.
    ValueError
        If there are fewer than two classes, a label is out of range, a row is
        not one-hot, shapes differ, or predictions are empty.

    References
    ----------
    Crammer, Singer: On the algorithmic implementation of multiclass kernel-based
    vector machines, 2001.

    Examples
    --------
    >>> import minitorch as mt
    >>> p = mt.tensor([[2.0, 1.5, 0.0]], requires_grad=True)
    >>> y = mt.multiclass_hinge_loss(p, mt.asarray([0]))
    >>> y.detach()
    Tensor([0.5])
    >>> y.sum().backward()
    >>> p.grad
    Tensor([[-1.,  1.,  0.]])
    """
    name = "multiclass_hinge_loss"
    check_scores(name, predictions, -1)
    if predictions.ndim != 2 or predictions.shape[1] < 2:
        raise ValueError(
            f"{name}: predictions must be (rows, classes >= 2), got {predictions.shape}"
        )
    labels, onehot = class_labels(name, predictions, targets, -1)
    if onehot is None:
        right = hits(labels, predictions.shape, -1)
    else:
        right = onehot != 0
        if not (right.data.sum(axis=1) == 1).all():
            raise ValueError(f"{name}: every row of the targets must have one entry that is not 0")
    wrong_best = where(right, -float("inf"), predictions).max(axis=1)
    result: Tensor = relu(wrong_best - where(right, predictions, 0).sum(axis=1) + delta)
    return result


@composite(formula="y = max(0, margin - t (x1 - x2)), t = ±1")
def margin_ranking_loss(x1: Tensor, x2: Tensor, targets: Any = 1, margin: float = 0.0) -> Tensor:
    """How far x1 is from ranking above x2 by a margin (below it where the target is -1).

    Parameters
    ----------
    x1, x2 : Tensor of one shape
        Scores of the two things to rank.
    targets : Tensor, as x1, or a number
        1 where x1 should be the larger, -1 where x2 should.
    margin : float

    Returns
    -------
    Tensor, as x1

    Raises
    ------
    TypeError
        If x1 holds no floating-point numbers.
    ValueError
        If shapes differ, or x1 is empty.

    References
    ----------
    Herbrich, Graepel, Obermayer: Large margin rank boundaries for ordinal
    regression, 2000.

    Examples
    --------
    >>> import minitorch as mt
    >>> x1 = mt.tensor([1.0, 1.0], requires_grad=True)
    >>> y = mt.margin_ranking_loss(x1, mt.asarray([0.75, 3.0]), margin=0.5)
    >>> y.detach()
    Tensor([0.25, 2.5 ])
    >>> y.sum().backward()
    >>> x1.grad
    Tensor([-1., -1.])
    """
    name = "margin_ranking_loss"
    x2, targets = as_targets(f"{name}, x2", x1, x2), as_targets(name, x1, targets)
    result: Tensor = relu(margin - targets * (x1 - x2))
    return result


@squared_error.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4), make(3, 4))
    yield Sample.of(make(3), 0.5, note="scalar target")


@huber_loss.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4, low=-3.0, high=3.0, away=(-1.0, 1.0)), 0.0)
    yield Sample.of(make(5, low=-0.4, high=0.4), make(5, low=2.0, high=3.0), 0.5)


@binary_hinge_loss.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 4, low=-2.0, high=2.0, away=(-1.0, 1.0)), make.ints(3, 4, high=2))
    yield Sample.of(make(5, low=0.1, high=0.6), 1, log_odds=False, note="probabilities")


@multiclass_hinge_loss.samples
def _(make: Any) -> Any:
    yield Sample.of(make.distinct(4, 3), make.ints(4, high=3), delta=0.03)


@margin_ranking_loss.samples
def _(make: Any) -> Any:
    yield Sample.of(make(5, low=0.0, high=0.4), make(5, low=0.5, high=0.9), margin=0.05)
