"""Losses and accuracies under Lasagne's names: one value per row or element.

Average them yourself (``.mean()``), or with :func:`aggregate`. A cross-entropy
of what ``softmax`` or ``sigmoid`` returned is computed from their logits, so
that it is exact however confident the network is.
"""

from __future__ import annotations

from typing import Any

from minitorch import ops
from minitorch.autograd import Tensor, asarray, get_default_dtype

__all__ = [
    "aggregate",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_hinge_loss",
    "categorical_accuracy",
    "categorical_crossentropy",
    "huber_loss",
    "multiclass_hinge_loss",
    "squared_error",
]


def _aligned(predictions: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Predictions (n, 1) with targets (n,) would broadcast to (n, n): line them up."""
    a, b = asarray(predictions), asarray(targets)
    if a.ndim == 2 and a.shape[1] == 1 and b.ndim == 1:
        b = ops.expand_dims(b, axis=1)
    elif b.ndim == 2 and b.shape[1] == 1 and a.ndim == 1:
        a = ops.expand_dims(a, axis=1)
    return a, b


def binary_crossentropy(predictions: Any, targets: Any) -> Tensor:
    """-t log p - (1 - t) log(1 - p), per element.

    Parameters
    ----------
    predictions : Tensor
        Probabilities.
    targets : Tensor
        In [0, 1], of the same shape (or (n,) for predictions (n, 1)).
    """
    return ops.binary_crossentropy(*_aligned(predictions, targets))


def categorical_crossentropy(predictions: Any, targets: Any) -> Tensor:
    """-Σ t log p per row, or -log p of the labelled class.

    Parameters
    ----------
    predictions : Tensor of shape (n, classes)
        Probabilities.
    targets : integer Tensor of shape (n,), or Tensor of shape (n, classes)
        Labels, or a distribution per row.

    Returns
    -------
    Tensor of shape (n,)

    Raises
    ------
    TypeError
        If the rank of the targets is neither, or labels are no integers.
    ValueError
        If a label is out of range, or the batch is empty.
    """
    predictions, targets = asarray(predictions), asarray(targets)
    if targets.ndim not in (predictions.ndim, predictions.ndim - 1):
        raise TypeError(
            f"rank mismatch between predictions {predictions.shape} and targets {targets.shape}"
        )
    return ops.categorical_crossentropy(predictions, targets)


def squared_error(a: Any, b: Any) -> Tensor:
    """(a - b)², per element."""
    return ops.squared_error(*_aligned(a, b))


def aggregate(loss: Tensor, weights: Any = None, mode: str = "mean") -> Tensor:
    """One number from element losses.

    Parameters
    ----------
    loss : Tensor
    weights : Tensor, optional
        Multiplied in first.
    mode : "mean", "sum" or "normalized_sum"
        The last divides by the sum of the weights, which it needs.

    Raises
    ------
    ValueError
        For another mode, or "normalized_sum" without weights.
    """
    if weights is not None:
        loss = loss * weights
    if mode == "mean":
        return ops.mean(loss)
    if mode == "sum":
        return ops.sum(loss)
    if mode == "normalized_sum":
        if weights is None:
            raise ValueError("require weights for mode='normalized_sum'")
        return ops.sum(loss) / ops.sum(asarray(weights))
    raise ValueError(f"mode must be 'mean', 'sum' or 'normalized_sum', got {mode!r}")


def binary_hinge_loss(
    predictions: Any,
    targets: Any,
    delta: float = 1,
    log_odds: bool | None = None,
    binary: bool = True,
) -> Tensor:
    """max(0, delta - t · p) with t in {-1, 1}, per element.

    Parameters
    ----------
    predictions : Tensor
        Probabilities, or log odds.
    targets : Tensor
        0 and 1, or -1 and 1 with ``binary=False``.
    delta : float
        The margin.
    log_odds : bool, optional
        False: predictions are probabilities, and are turned into log odds.
        Default: True.
    binary : bool
    """
    predictions, targets = _aligned(predictions, targets)
    if log_odds is False:
        predictions = ops.log(predictions / (1 - predictions))
    return ops.binary_hinge_loss(predictions, targets, delta=delta, binary=binary)


def multiclass_hinge_loss(predictions: Any, targets: Any, delta: float = 1) -> Tensor:
    """max(0, delta + largest other score - score of the class), per row."""
    return ops.multiclass_hinge_loss(asarray(predictions), asarray(targets), delta=delta)


def huber_loss(predictions: Any, targets: Any, delta: float = 1) -> Tensor:
    """e²/2 where |e| <= delta, else delta · (|e| - delta/2), per element; e = p - t."""
    predictions, targets = _aligned(predictions, targets)
    return ops.huber_loss(predictions, targets, delta=delta)


def binary_accuracy(predictions: Any, targets: Any, threshold: float = 0.5) -> Tensor:
    """1 where (p > threshold) equals t, else 0; constant for gradients."""
    predictions, targets = _aligned(predictions, targets)
    hits = (predictions > threshold) == (targets > 0.5 if targets.dtype.kind != "b" else targets)
    return hits.astype(get_default_dtype())


def categorical_accuracy(predictions: Any, targets: Any, top_k: int = 1) -> Tensor:
    """1 where the class is among the ``top_k`` most probable, else 0; constant for gradients.

    Parameters
    ----------
    predictions : Tensor of shape (n, classes)
    targets : integer Tensor of shape (n,), or Tensor of shape (n, classes)
        Labels, or rows of which the largest element marks the class.
    top_k : int

    Returns
    -------
    Tensor of shape (n,)

    Raises
    ------
    TypeError
        If the rank of the targets is neither.
    """
    predictions, targets = asarray(predictions), asarray(targets)
    if targets.ndim == predictions.ndim:
        targets = ops.argmax(targets, axis=-1)
    elif targets.ndim != predictions.ndim - 1:
        raise TypeError(
            f"rank mismatch between predictions {predictions.shape} and targets {targets.shape}"
        )
    if top_k == 1:
        hits = ops.argmax(predictions, axis=-1) == targets
    else:
        best = ops.argsort(predictions, axis=-1)[..., -top_k:]
        hits = ops.any(best == ops.expand_dims(targets, axis=-1), axis=-1)
    return hits.astype(get_default_dtype())
