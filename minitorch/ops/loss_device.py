"""The rungs of csrc/cuda/loss as the bodies of softmax and its cross-entropy are called."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from minitorch.backend.arrays import backend_of
from minitorch.backend.device_kernels import DEVICE_FLOATS, attach_device

__all__ = ["attach_loss"]


def attach_loss(op: Any, pass_: str) -> None:
    """Give ``op`` the rungs of csrc/cuda/loss, which call it ``pass_``."""
    calls: dict[str, Callable[..., Any]] = {"entropy": _entropy, "back": _back}
    call = calls.get(pass_, partial(_softmax, pass_))
    attach_device(op, "loss", call, supports=partial(_supports, pass_))


def _rows(a: Any, axis: int) -> Any:
    """``a`` as (outer, classes, inner), contiguous."""
    xp = backend_of(a).xp
    axis %= a.ndim
    shape = (math.prod(a.shape[:axis]), a.shape[axis], math.prod(a.shape[axis + 1 :]))
    return xp.ascontiguousarray(a).reshape(shape)


def _per_row(a: Any, rows: Any) -> Any:
    """One value per row as (outer, inner), contiguous."""
    return backend_of(a).xp.ascontiguousarray(a).reshape(rows.shape[0], rows.shape[2])


def _labels(labels: Any, rows: Any) -> Any:
    """Labels of a type that the kernels read."""
    wide = labels if str(labels.dtype) in ("int32", "int64") else labels.astype("int64")
    return _per_row(wide, rows)


def _softmax(pass_: str, module: Any, rung: str, x: Any, *, axis: int = -1, stream: int) -> Any:
    """``softmax`` or ``log_softmax``, called ``pass_``."""
    rows = _rows(x, axis)
    y = backend_of(x).xp.empty(rows.shape, dtype=x.dtype)
    module.loss(rung, pass_, rows, y, stream=stream)
    return y.reshape(x.shape)


def _entropy(module: Any, rung: str, x: Any, labels: Any, *, axis: int = -1, stream: int) -> Any:
    """``softmax_cross_entropy`` of labels."""
    rows = _rows(x, axis)
    y = backend_of(x).xp.empty((rows.shape[0], rows.shape[2]), dtype=x.dtype)
    module.loss(rung, "entropy", rows, y, _labels(labels, rows), stream=stream)
    return y.reshape(labels.shape)


def _back(
    module: Any, rung: str, g: Any, x: Any, labels: Any, *, axis: int = -1, stream: int
) -> Any:
    """Its gradient."""
    rows = _rows(x, axis)
    y = backend_of(x).xp.empty(rows.shape, dtype=x.dtype)
    module.loss(rung, "back", rows, y, _labels(labels, rows), _per_row(g, rows), stream=stream)
    return y.reshape(x.shape)


def _supports(pass_: str, module: Any, rung: str, *arrays: Any, axis: int = -1) -> bool | str:
    """Whether a rung can do this case, or why not."""
    x = arrays[1] if pass_ == "back" else arrays[0]
    if x.dtype not in DEVICE_FLOATS:
        return f"it computes in floating point, the scores are {x.dtype}"
    if not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        return f"there are no classes along axis {axis}"
    if pass_ == "back" and arrays[0].dtype != x.dtype:
        return "scores and gradient must be of one dtype"
    return module.loss_supports(rung, pass_, _rows(x, axis)) or True
