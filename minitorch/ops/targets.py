"""What losses are given to aim at: labels and targets, checked at the door."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.create import asarray
from minitorch.autograd.fresh import check_values
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import BACKENDS, backend_of
from minitorch.ops.compare import equal
from minitorch.ops.shape import expand_dims

__all__ = ["as_targets", "check_scores", "class_labels", "hits"]


def _as_tensor(like: Tensor, values: Any) -> Tensor:
    """``values`` as a tensor; lists and numbers go to the device of ``like``."""
    if isinstance(values, Tensor):
        return values
    if isinstance(values, float):  # a Python number takes the other side's type
        return asarray(values, dtype=like.dtype, device=like.device)
    return asarray(values, device=None if type(values) in BACKENDS else like.device)


def _check_predictions(name: str, x: Any) -> None:
    """A floating-point tensor that is not empty."""
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{name}: predictions must be a tensor, got a {type(x).__name__}; "
            f"make one with minitorch.asarray"
        )
    if x.dtype.kind != "f":
        raise TypeError(f"{name}: predictions must be floating-point, got {x.dtype}")
    if x.size == 0:
        raise ValueError(f"{name}: there is nothing to score, predictions are {x.shape}")


def check_scores(name: str, x: Any, axis: int) -> None:
    """A floating-point tensor that is not empty, with classes along ``axis``."""
    _check_predictions(name, x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: predictions {x.shape} have no axis {axis}")


def as_targets(name: str, x: Any, targets: Any) -> Tensor:
    """Targets for every element of x, or one for all; integers become x's dtype."""
    _check_predictions(name, x)
    targets = _as_tensor(x, targets)
    if targets.shape not in (x.shape, ()):
        raise ValueError(
            f"{name}: predictions are {x.shape}, targets {targets.shape}; they must have one shape "
            f"((n, 1) broadcast against (n,) would compare each with all), so reshape one"
        )
    if targets.dtype.kind == "f":
        return targets
    if targets.dtype.kind not in "iub":
        raise TypeError(f"{name}: targets must be real numbers, got {targets.dtype}")
    return targets.astype(x.dtype)


def class_labels(
    name: str, x: Tensor, targets: Any, axis: int
) -> tuple[Tensor, None] | tuple[None, Tensor]:
    """(labels, None) for integer labels, (None, probabilities) for one value per class."""
    targets = _as_tensor(x, targets)
    if targets.ndim == x.ndim:
        return None, as_targets(name, x, targets)
    rows = tuple([n for i, n in enumerate(x.shape) if i != axis % x.ndim])
    if targets.ndim != x.ndim - 1:
        raise TypeError(
            f"{name}: rank mismatch: predictions are {x.shape}, targets {targets.shape}; give "
            f"integer labels {rows} or probabilities {x.shape}"
        )
    if targets.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels must be integers, got {targets.dtype} {targets.shape}; "
            f"for probabilities give the shape {x.shape}"
        )
    if targets.shape != rows:
        raise ValueError(
            f"{name}: predictions are {x.shape}, so labels must be {rows}, got {targets.shape}"
        )
    _check_range(name, targets, x.shape[axis])
    return targets, None


def _check_range(name: str, labels: Tensor, classes: int) -> None:
    """Every label from 0 to classes - 1; the error shows the first that is not."""

    def check(data: Any) -> None:
        xp = backend_of(data).xp
        wrong = xp.logical_or(data < 0, data >= classes)
        if wrong.any():
            flat = int(xp.argmax(wrong.reshape(-1)))
            place = tuple([int(i) for i in xp.unravel_index(flat, data.shape)])
            raise ValueError(
                f"{name}: label {int(data.reshape(-1)[flat])} at {place} is out of range, there "
                f"are {classes} classes: 0 to {classes - 1}"
            )

    check_values(check, labels)


def hits(labels: Any, shape: tuple[int, ...], axis: int) -> Tensor:
    """Where a class is the label: bool, of ``shape``, which has the classes along ``axis``."""
    data = labels.data if isinstance(labels, Tensor) else labels
    xp = backend_of(data).xp
    classes = xp.arange(shape[axis]).reshape(
        [-1 if i == axis % len(shape) else 1 for i in range(len(shape))]
    )
    if isinstance(labels, Tensor):
        return equal(expand_dims(labels, axis=axis), classes)
    return Tensor(xp.equal(xp.expand_dims(data, axis), classes))
