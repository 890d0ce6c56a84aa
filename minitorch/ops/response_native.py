"""The rungs of csrc/cpu/response as local response normalisation and its gradient are called."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, native_array, native_empty

__all__ = ["back_native", "fwd_native", "supports"]


def _planes(a: Any) -> Any:
    """``a`` as (outer, channels, inner), contiguous."""
    return native_array(a).reshape(a.shape[0], a.shape[1], math.prod(a.shape[2:]))


def supports(*arrays: Any, n: int = 5, k: float = 2.0, **static: Any) -> bool | str:
    """Whether the kernels can do this case, or why not; the last array is x."""
    x = arrays[-1]
    if x.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, x is {x.dtype}"
    if any(a.dtype != x.dtype or a.shape != x.shape for a in arrays):
        return "g and x must be of one shape and dtype"
    if x.ndim < 2 or n < 1 or n % 2 == 0 or not k > 0:
        return "the op itself says what is wrong"
    return True


def fwd_native(
    native: Any,
    rung: str,
    x: Any,
    *,
    alpha: float = 1e-4,
    k: float = 2.0,
    beta: float = 0.75,
    n: int = 5,
) -> Any:
    """``local_response_norm`` by a rung of csrc/cpu/response."""
    y = native_empty(x.shape, x.dtype)
    native.response(rung, _planes(x), _planes(y), alpha=alpha, k=k, beta=beta, n=n)
    return y


def back_native(native: Any, rung: str, g: Any, x: Any, **static: Any) -> Any:
    """``local_response_norm_back`` by a rung of csrc/cpu/response."""
    dx = native_empty(x.shape, x.dtype)
    native.response(rung, _planes(x), _planes(dx), _planes(g), **static)
    return dx
