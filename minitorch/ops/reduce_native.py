"""The kernels of csrc/cpu/reduce as the bodies of sums and means are called."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, is_recording, native_empty

__all__ = [
    "long_enough",
    "mean_native",
    "sum_native",
    "sum_to_native",
    "supports_mean",
    "supports_sum",
    "supports_sum_to",
]

# Elements from which a call of the kernel costs less than NumPy's own sum.
LONG = 1 << 13


def supports_sum(x: Any, *, dtype: Any = None, **_: Any) -> bool | str:
    """Whether the kernel can do this sum or mean, or why not."""
    if getattr(x, "dtype", None) not in NATIVE_FLOATS:
        return f"it sums float32 and float64, x is {getattr(x, 'dtype', type(x).__name__)}"
    if dtype is not None and dtype != x.dtype:
        return f"its result has x's dtype, {dtype} is wanted"
    if x.ndim > 8 or not x.flags.aligned or any(s % x.itemsize for s in x.strides):
        return "x must be aligned and have at most 8 axes"
    return True


def supports_mean(x: Any, *, axis: Any = None, **_: Any) -> bool | str:
    """Whether the kernel can do this mean, or why not: over nothing it is NaN, by the body."""
    return "over no elements the mean is NaN" if not getattr(x, "size", 0) else supports_sum(x)


def long_enough(x: Any, **_: Any) -> bool:
    """Whether the kernel is quicker than NumPy, or no Python is to run at all."""
    return x.size >= LONG or is_recording()


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(a % x.ndim for a in given)


def _summed(native: Any, rung: str, x: Any, axes: Any, shape: Any, divisor: float = 1.0) -> Any:
    y = native_empty(shape, x.dtype)
    native.sum(rung, x, axes, divisor, y)
    return y


def _kept(x: Any, axes: Any, keepdims: bool) -> tuple[int, ...]:
    ones = [(1,) if keepdims else ()]
    return tuple(n for i, m in enumerate(x.shape) for n in (ones[0] if i in axes else (m,)))


def sum_native(
    native: Any, rung: str, x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> Any:
    """``sum`` by csrc/cpu/reduce."""
    axes = _axes(x, axis)
    return _summed(native, rung, x, axes, _kept(x, axes, keepdims))


def mean_native(native: Any, rung: str, x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """``mean`` by csrc/cpu/reduce."""
    axes = _axes(x, axis)
    count = math.prod(x.shape[a] for a in axes)
    return _summed(native, rung, x, axes, _kept(x, axes, keepdims), float(count))


def sum_to_native(native: Any, rung: str, x: Any, *, shape: Any) -> Any:
    """``sum_to`` by csrc/cpu/reduce."""
    ahead = x.ndim - len(shape)
    axes = [k for k, n in enumerate(x.shape) if k < ahead or (shape[k - ahead] == 1 and n != 1)]
    return _summed(native, rung, x, axes, tuple(shape))


def supports_sum_to(x: Any, *, shape: Any) -> bool | str:
    """Whether the kernel can do this ``sum_to``, or why not; the body says what is wrong."""
    ahead = x.ndim - len(shape) if hasattr(x, "ndim") else -1
    if ahead < 0 or any(n not in (1, m) for n, m in zip(shape, x.shape[ahead:], strict=True)):
        return "the shape does not broadcast to x's"
    return supports_sum(x)
