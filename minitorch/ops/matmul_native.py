"""The kernels of csrc/cpu/matmul as the body of ``matmul`` is called: operands as they lie."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch.backend.native import NATIVE_FLOATS, is_recording, native_empty

__all__ = [
    "matmul_fwd_native",
    "packed_product_pays",
    "product_of_rows_pays",
    "supports_native_matmul",
]

_LEADING = 4  # axes of a batch that the kernels walk over


def supports_native_matmul(x1: Any, x2: Any) -> bool | str:
    """Whether the kernels can do this product, or why not."""
    if x1.__class__ is x2.__class__ is numpy.ndarray and x1.ndim == x2.ndim == 2:  # the usual one
        plain = x1.dtype is x2.dtype and x1.dtype in NATIVE_FLOATS
        if plain and x1.shape[1] == x2.shape[0] and _on_elements(x1) and _on_elements(x2):
            return True
    if not all(hasattr(x, "shape") and x.ndim for x in (x1, x2)):
        return "it multiplies arrays with one axis at least"
    if x1.dtype != x2.dtype or x1.dtype not in NATIVE_FLOATS:
        return (
            f"it computes in float32 and float64, the arrays are {x1.dtype} and {x2.dtype}; both "
            f"must be of one dtype"
        )
    if max(x1.ndim, x2.ndim) - 2 > _LEADING:
        return f"it takes {_LEADING + 2} axes at most, got {x1.ndim} and {x2.ndim}"
    if x1.shape[-1] != x2.shape[-2 if x2.ndim > 1 else 0]:
        return f"the shapes {x1.shape} and {x2.shape} do not fit"
    if not (_on_elements(x1) and _on_elements(x2)):
        return "the arrays must be aligned, with strides of whole elements"
    return True


def _on_elements(x: Any) -> bool:
    """Whether every element lies where a pointer to its dtype may point."""
    flags = x.flags
    if not flags.aligned:
        return False
    whole: bool = flags.forc or not any(s % x.itemsize for s in x.strides)
    return whole


def _sizes(x1: Any, x2: Any) -> tuple[int, int, int, int]:
    """Rows, columns and steps of a product, and how many products there are."""
    if x1.ndim == x2.ndim == 2:
        return x1.shape[0], x2.shape[1], x1.shape[1], 1
    if x2.ndim < 3:  # one product over all the batch
        return math.prod(x1.shape[:-1]), x2.shape[-1] if x2.ndim > 1 else 1, x1.shape[-1], 1
    rows = x1.shape[-2] if x1.ndim > 1 else 1
    count = max(math.prod(x1.shape[:-2]), math.prod(x2.shape[:-2]))
    return rows, x2.shape[-1], x1.shape[-1], count


def packed_product_pays(x1: Any, x2: Any) -> bool:
    """Whether ``k03_packed`` is the one to choose: tiles of 6 x 16 are mostly full.

    With fewer columns, or so little work that the call counts, NumPy's BLAS is quicker,
    where Python runs at all.
    """
    rows, columns, steps, count = _sizes(x1, x2)
    enough = rows * columns * steps * count >= 1 << 14
    return is_recording() or (rows > 4 and columns >= 16 and enough)


def product_of_rows_pays(x1: Any, x2: Any) -> bool:
    """Whether ``k02_rows`` is: a few rows times a matrix that has to come from memory."""
    rows, columns, steps, _ = _sizes(x1, x2)
    return 1 < rows <= 4 and columns >= 256 and columns * steps >= 1 << 20


def matmul_fwd_native(
    native: Any, rung: str, x1: Any, x2: Any, *, bias: Any = None, relu: bool = False
) -> Any:
    """``matmul`` by a rung of csrc/cpu/matmul; then a bias for each column, and ``relu``."""
    end = {} if bias is None and not relu else {"bias": bias, "relu": relu}
    if x1.ndim == x2.ndim == 2:
        y = native_empty((x1.shape[0], x2.shape[1]), x1.dtype)
        native.matmul(rung, x1, x2, y, **end)
        return y
    a = x1 if x1.ndim > 1 else x1[None]
    b = x2 if x2.ndim > 1 else x2[:, None]
    leading = numpy.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, columns = x1.shape[-2:-1], x2.shape[-1:] if x2.ndim > 1 else ()
    y = native_empty((*leading, *rows, *columns), x1.dtype)
    if a.ndim > 2 and b.ndim == 2 and a.flags.c_contiguous:
        a = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])  # one product over all the batch
        leading = ()
    whole = y.reshape(*leading, a.shape[-2], b.shape[-1])
    a, b = (x[(None,) * (whole.ndim - x.ndim)] for x in (a, b))
    native.matmul(rung, a, b, whole, **end)
    return y
