"""Losses and scores under Lasagne's names: one value per element or row.

Nothing is averaged: ``loss.mean()`` or :func:`aggregate` does that. The mathematics is
in ``minitorch/ops/loss.py`` and ``cross_entropy.py``; what comes out of a softmax or a
sigmoid remembers its logits, so that cross-entropies are exact for any of them.

Where predictions are a column (n, 1) and targets a vector (n,), as a network with one
output unit gives them, the targets are made a column too: compared as they are,
every prediction would meet every target.
"""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, asarray, no_grad
from minitorch.ops.targets import check_scores, class_labels

__all__ = [
    "aggregate",
    "align_targets",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_hinge_loss",
    "categorical_accuracy",
    "categorical_crossentropy",
    "huber_loss",
    "multiclass_hinge_loss",
    "squared_error",
]


def align_targets(predictions: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Targets (n,) as a column where predictions are one, (n, 1); all else as it is.

    Parameters
    ----------
    predictions, targets : Tensor, array or number

    Returns
    -------
    predictions, targets : Tensor

    Examples
    --------
    >>> import minitorch as mt
    >>> [x.shape for x in align_targets(mt.ones((3, 1)), mt.zeros(3))]
    [(3, 1), (3, 1)]
    """
    predictions, targets = asarray(predictions), asarray(targets)
    if predictions.ndim == 2 and predictions.shape[1] == 1 and targets.ndim == 1:
        targets = ops.expand_dims(targets, axis=1)
    return predictions, targets


def binary_crossentropy(predictions: Any, targets: Any) -> Tensor:
    """-t ln p - (1 - t) ln(1 - p), element by element.

    Parameters
    ----------
    predictions : Tensor
        Probabilities in (0, 1), such as a sigmoid gives.
    targets : Tensor, as predictions
        0 or 1, or probabilities.

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
    >>> x = mt.tensor([200.0, 0.0], requires_grad=True)
    >>> loss = binary_crossentropy(mt.nonlinearities.sigmoid(x), [0, 1])
    >>> loss.detach()
    Tensor([200.       ,   0.6931472])
    >>> loss.sum().backward()
    >>> x.grad
    Tensor([ 1. , -0.5])
    """
    return ops.binary_crossentropy(*align_targets(predictions, targets))


def categorical_crossentropy(predictions: Any, targets: Any) -> Tensor:
    """-ln p[label], or -Σ t ln p for targets that are distributions; one loss per row.

    Parameters
    ----------
    predictions : Tensor of shape (n, classes)
        Probabilities, such as a softmax gives.
    targets : integer Tensor (n,), or Tensor (n, classes)
        Labels from 0, or one-hot rows or other distributions.

    Returns
    -------
    Tensor of shape (n,)

    Raises
    ------
    TypeError
        For targets of another rank, or labels that are no integers.
    ValueError
        For a label out of range, shapes that differ, or an empty batch.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.tensor([[200.0, 0.0]], requires_grad=True)
    >>> loss = categorical_crossentropy(mt.nonlinearities.softmax(x), [1])
    >>> loss.detach()
    Tensor([200.])
    >>> loss.sum().backward()
    >>> x.grad
    Tensor([[ 1., -1.]])
    """
    return ops.categorical_crossentropy(asarray(predictions), asarray(targets))


def squared_error(a: Any, b: Any) -> Tensor:
    """(a - b)², element by element.

    Parameters
    ----------
    a : Tensor
    b : Tensor, as a

    Returns
    -------
    Tensor, as a

    Raises
    ------
    TypeError
        If a holds no floating-point numbers.
    ValueError
        If shapes differ, or a is empty.

    Examples
    --------
    >>> import minitorch as mt
    >>> squared_error(mt.asarray([1.0, 5.0]), [2.0, 2.0])
    Tensor([1., 9.])
    """
    return ops.squared_error(*align_targets(a, b))


def aggregate(loss: Tensor, weights: Any = None, mode: str = "mean") -> Tensor:
    """One number of many losses, each with a weight if weights are given.

    Parameters
    ----------
    loss : Tensor
    weights : Tensor, broadcastable to the loss, optional
    mode : "mean", "sum" or "normalized_sum"
        The last divides the sum by that of the weights.

    Returns
    -------
    Tensor, 0-d

    Raises
    ------
    ValueError
        For another mode, or "normalized_sum" without weights.

    Examples
    --------
    >>> import minitorch as mt
    >>> loss = mt.asarray([1.0, 2.0, 3.0])
    >>> aggregate(loss), aggregate(loss, weights=[1.0, 0.0, 1.0], mode="normalized_sum")
    (Tensor(2.), Tensor(2.))
    """
    if mode not in ("mean", "sum", "normalized_sum"):
        raise ValueError(f"mode must be 'mean', 'sum' or 'normalized_sum', got {mode!r}")
    if mode == "normalized_sum" and weights is None:
        raise ValueError("require weights for mode='normalized_sum'")
    if weights is not None:
        weights = asarray(weights)
        loss = loss * weights
    if mode == "mean":
        return ops.mean(loss)
    total: Tensor = ops.sum(loss)
    return total / ops.sum(weights) if mode == "normalized_sum" else total


def binary_hinge_loss(
    predictions: Any,
    targets: Any,
    delta: float = 1,
    log_odds: bool | None = None,
    binary: bool = True,
) -> Tensor:
    """max(0, delta - p t), t = ±1, element by element.

    Parameters
    ----------
    predictions : Tensor
        Scores if ``log_odds``, else probabilities (of a sigmoid).
    targets : Tensor, as predictions
        0 or 1 if ``binary``, else -1 or 1.
    delta : float
        The margin.
    log_odds : bool
        It must be given: Lasagne changed its mind about the default.
    binary : bool

    Returns
    -------
    Tensor, as predictions

    Raises
    ------
    FutureWarning
        If ``log_odds`` is not given.
    TypeError
        If predictions hold no floating-point numbers.
    ValueError
        If shapes differ, or predictions are empty.

    Examples
    --------
    >>> import minitorch as mt
    >>> binary_hinge_loss(mt.asarray([0.25, -2.0]), [1, 1], log_odds=True)
    Tensor([0.75, 3.  ])
    """
    if log_odds is None:
        raise FutureWarning(
            "binary_hinge_loss: say whether predictions are log-odds (log_odds=True: scores, no "
            "sigmoid) or probabilities (log_odds=False)"
        )
    predictions, targets = align_targets(predictions, targets)
    return ops.binary_hinge_loss(predictions, targets, delta, log_odds, binary)


def multiclass_hinge_loss(predictions: Any, targets: Any, delta: float = 1) -> Tensor:
    """max(0, max_{j != label} p_j - p_label + delta), one loss per row.

    Parameters
    ----------
    predictions : Tensor of shape (n, classes)
        Scores.
    targets : integer Tensor (n,), or one-hot Tensor (n, classes)
    delta : float
        The margin.

    Returns
    -------
    Tensor of shape (n,)

    Raises
    ------
    TypeError
        For targets of another rank, or labels that are no integers.
    ValueError
        For a label out of range, rows that are not one-hot, or shapes that differ.

    Examples
    --------
    >>> import minitorch as mt
    >>> multiclass_hinge_loss(mt.asarray([[2.0, 1.5, 0.0]]), [0])
    Tensor([0.5])
    """
    return ops.multiclass_hinge_loss(asarray(predictions), asarray(targets), delta)


def huber_loss(predictions: Any, targets: Any, delta: float = 1) -> Tensor:
    """d² / 2 where |d| <= delta, else delta (|d| - delta / 2); d = p - t.

    Parameters
    ----------
    predictions : Tensor
    targets : Tensor, as predictions
    delta : float
        Above 0.

    Returns
    -------
    Tensor, as predictions

    Raises
    ------
    TypeError
        If predictions hold no floating-point numbers.
    ValueError
        If shapes differ, predictions are empty or delta is not positive.

    Examples
    --------
    >>> import minitorch as mt
    >>> huber_loss(mt.asarray([0.5, -3.0]), [0.0, 0.0])
    Tensor([0.125, 2.5  ])
    """
    predictions, targets = align_targets(predictions, targets)
    return ops.huber_loss(predictions, targets, delta)


@no_grad()
def binary_accuracy(predictions: Any, targets: Any, threshold: float = 0.5) -> Tensor:
    """1 where the prediction is on the target's side of the threshold, else 0.

    Parameters
    ----------
    predictions : Tensor
        Probabilities; at the threshold they mean 1.
    targets : Tensor, as predictions
        0 or 1.
    threshold : float

    Returns
    -------
    Tensor, as predictions
        Without a gradient.

    Raises
    ------
    ValueError
        If shapes differ.

    Examples
    --------
    >>> import minitorch as mt
    >>> binary_accuracy(mt.asarray([0.4, 0.5, 0.9]), [0, 0, 1])
    Tensor([1., 0., 1.])
    """
    predictions, targets = align_targets(predictions, targets)
    if targets.shape not in (predictions.shape, ()):
        raise ValueError(
            f"binary_accuracy: predictions are {predictions.shape}, targets {targets.shape}; they "
            f"must have one shape"
        )
    hits = ops.equal((predictions >= threshold).astype(targets.dtype), targets)
    return hits.astype(predictions.dtype)


@no_grad()
def categorical_accuracy(predictions: Any, targets: Any, top_k: int = 1) -> Tensor:
    """1 where the right class is among the ``top_k`` largest predictions, else 0.

    Parameters
    ----------
    predictions : Tensor of shape (n, classes)
        Probabilities or scores.
    targets : integer Tensor (n,), or Tensor (n, classes)
        Labels, or rows whose largest entry is at the label.
    top_k : int

    Returns
    -------
    Tensor of shape (n,)
        Without a gradient. Of equal predictions the first counts as larger.

    Raises
    ------
    TypeError
        For targets of another rank, or labels that are no integers.
    ValueError
        For a label out of range, if shapes differ, or ``top_k`` is not from 1 to
        the number of classes.

    Examples
    --------
    >>> import minitorch as mt
    >>> p = mt.asarray([[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]])
    >>> categorical_accuracy(p, [1, 1]), categorical_accuracy(p, [1, 1], top_k=2)
    (Tensor([1., 0.]), Tensor([1., 1.]))
    """
    predictions = asarray(predictions)
    check_scores("categorical_accuracy", predictions, -1)
    labels, rows = class_labels("categorical_accuracy", predictions, targets, -1)
    if rows is not None:
        labels = ops.argmax(rows, axis=-1)
    classes = predictions.shape[-1]
    if not 1 <= top_k <= classes:
        raise ValueError(f"categorical_accuracy: top_k must be in 1 to {classes}, got {top_k}")
    if top_k == 1:
        hits = ops.equal(ops.argmax(predictions, axis=-1), labels)
    else:
        top = ops.argsort(predictions, axis=-1, descending=True)[..., :top_k]
        hits = ops.any(ops.equal(top, ops.expand_dims(labels, axis=-1)), axis=-1)
    return hits.astype(predictions.dtype)
