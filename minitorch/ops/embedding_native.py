"""The kernels of csrc/cpu/embedding as the bodies of the embedding's ops are called."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch.backend.native import NATIVE_FLOATS, native_array, native_empty

__all__ = ["embedding_fwd_native", "embedding_wgrad_native", "supports_embedding"]

_INDICES = (numpy.dtype("int32"), numpy.dtype("int64"))


def supports_embedding(values: Any, index: Any, **_: Any) -> bool | str:
    """Whether the kernels can do it, or why not."""
    if values.dtype not in NATIVE_FLOATS:
        return f"it copies float32 and float64, the vectors are {values.dtype}"
    if getattr(index, "dtype", None) not in _INDICES:
        return f"indices are int32 or int64, got {getattr(index, 'dtype', type(index).__name__)}"
    return True


def _vectors(shape: tuple[int, ...], first: int) -> tuple[int, int]:
    """(number, length) of vectors whose axes come behind the ``first`` ones."""
    return math.prod(shape[:first]), math.prod(shape[first:])


def embedding_fwd_native(native: Any, rung: str, w: Any, index: Any) -> Any:
    """``embedding`` by a rung of csrc/cpu/embedding."""
    y = native_empty((*index.shape, *w.shape[1:]), w.dtype)
    flat = native_array(index).reshape(-1)
    w = native_array(w).reshape(_vectors(w.shape, 1))
    native.embedding_gather(rung, w, flat, y.reshape(_vectors(y.shape, index.ndim)))
    return y


def embedding_wgrad_native(native: Any, rung: str, y: Any, index: Any, *, rows: int) -> Any:
    """``embedding_wgrad`` by a rung of csrc/cpu/embedding."""
    w = native_empty((rows, *y.shape[index.ndim :]), y.dtype)
    flat = native_array(index).reshape(-1)
    y = native_array(y).reshape(_vectors(y.shape, index.ndim))
    native.embedding_scatter(rung, y, flat, w.reshape(_vectors(w.shape, 1)))
    return w
