"""The rungs of csrc/cpu/random as the bodies of dropout and gaussian_noise are called."""

from __future__ import annotations

from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, native_array, native_empty
from minitorch.ops.counter import check_counter, mask_layout

__all__ = ["dropout_native", "noise_native", "supports_dropout", "supports_noise"]


def supports_dropout(x: Any, *, p: float = 0.5, shared_axes: Any = (), **static: Any) -> bool | str:
    """Whether the kernels can do this ``dropout``, or why not."""
    if x.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, x is {x.dtype}"
    if not 0 <= p < 1:
        return f"p must be in [0, 1), got {p}"
    axes = (shared_axes,) if isinstance(shared_axes, int) else tuple(shared_axes)
    if any(not -x.ndim <= a < x.ndim for a in axes):
        return "x does not have all of the shared axes"
    return mask_layout(x.shape, shared_axes) is not None or "the shared axes must lie side by side"


def dropout_native(
    native: Any,
    rung: str,
    x: Any,
    *,
    p: float = 0.5,
    seed: int,
    offset: int = 0,
    rescale: bool = True,
    shared_axes: Any = (),
) -> Any:
    """``dropout`` by a rung of csrc/cpu/random."""
    check_counter("dropout", seed, offset)
    y = native_empty(x.shape, x.dtype)
    layout = mask_layout(x.shape, shared_axes)
    threshold, divisor = int(p * 2**32 + 0.5), 1 - p if rescale else 1.0
    arrays = (native_array(x).reshape(layout), y.reshape(layout))
    native.dropout(rung, *arrays, int(seed), int(offset), threshold, divisor)
    return y


def supports_noise(x: Any, *, sigma: float = 0.1, **static: Any) -> bool | str:
    """Whether the kernels can do this ``gaussian_noise``, or why not."""
    if x.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, x is {x.dtype}"
    if not sigma >= 0:
        return f"sigma must not be negative, got {sigma}"
    return True


def noise_native(
    native: Any, rung: str, x: Any, *, sigma: float = 0.1, seed: int, offset: int = 0
) -> Any:
    """``gaussian_noise`` by a rung of csrc/cpu/random."""
    check_counter("gaussian_noise", seed, offset)
    y = native_empty(x.shape, x.dtype)
    arrays = (native_array(x).reshape(-1, 1, 1), y.reshape(-1, 1, 1))
    native.noise(rung, *arrays, int(seed), int(offset), float(sigma))
    return y
