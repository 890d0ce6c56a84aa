"""The rungs of csrc/cpu/loss as the bodies of softmax and its cross-entropy are called."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, attach, native_array, native_empty

__all__ = ["attach_native_loss"]


def attach_native_loss(op: Any, pass_: str) -> None:
    """Give ``op`` the rungs of csrc/cpu/loss, which call it ``pass_``."""
    calls: dict[str, Callable[..., Any]] = {"entropy": _entropy, "back": _back}
    call = calls.get(pass_, partial(_softmax, pass_))
    attach(op, "loss", call, supports=partial(_supports, pass_))


def _rows(a: Any, axis: int) -> Any:
    """``a`` as (outer, classes, inner), contiguous."""
    axis %= a.ndim
    shape = (math.prod(a.shape[:axis]), a.shape[axis], math.prod(a.shape[axis + 1 :]))
    return native_array(a).reshape(shape)


def _per_row(a: Any, rows: Any) -> Any:
    """One value per row as (outer, inner), contiguous."""
    return native_array(a).reshape(rows.shape[0], rows.shape[2])


def _softmax(pass_: str, native: Any, rung: str, x: Any, *, axis: int = -1) -> Any:
    """``softmax`` or ``log_softmax``, called ``pass_``."""
    y = native_empty(x.shape, x.dtype)
    native.loss(rung, pass_, _rows(x, axis), _rows(y, axis))
    return y


def _entropy(native: Any, rung: str, x: Any, labels: Any, *, axis: int = -1) -> Any:
    """``softmax_cross_entropy`` of labels."""
    y = native_empty(labels.shape, x.dtype)
    rows = _rows(x, axis)
    native.loss(rung, "entropy", rows, _per_row(y, rows), _per_row(labels, rows))
    return y


def _back(native: Any, rung: str, g: Any, x: Any, labels: Any, *, axis: int = -1) -> Any:
    """Its gradient."""
    y = native_empty(x.shape, x.dtype)
    rows = _rows(x, axis)
    native.loss(rung, "back", rows, _rows(y, axis), _per_row(labels, rows), _per_row(g, rows))
    return y


def _supports(pass_: str, *arrays: Any, axis: int = -1) -> bool | str:
    """Whether the kernels can do this case, or why not."""
    x = arrays[1] if pass_ == "back" else arrays[0]
    if x.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, the scores are {x.dtype}"
    if not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        return f"there are no classes along axis {axis}"
    if pass_ in ("softmax", "log_softmax"):
        return True
    labels = arrays[-1]
    rows = tuple([n for i, n in enumerate(x.shape) if i != axis % x.ndim])
    if getattr(labels, "dtype", None) not in ("int32", "int64") or labels.shape != rows:
        return f"labels must be int32 or int64, {rows}"
    if pass_ == "back" and (arrays[0].dtype != x.dtype or arrays[0].shape != rows):
        return f"the gradient must be {x.dtype}, {rows}"
    return True
