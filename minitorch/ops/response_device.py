"""The rungs of csrc/cuda/response as local response normalisation and its gradient are called."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.arrays import backend_of
from minitorch.backend.device_kernels import DEVICE_FLOATS

__all__ = ["back_device", "fwd_device", "supports"]


def _planes(a: Any) -> Any:
    """``a`` as (outer, channels, inner), contiguous."""
    shape = (a.shape[0], a.shape[1], math.prod(a.shape[2:]))
    return backend_of(a).xp.ascontiguousarray(a).reshape(shape)


def supports(
    module: Any, rung: str, *arrays: Any, n: int = 5, k: float = 2.0, **static: Any
) -> bool | str:
    """Whether a rung can do this case, or why not; the last array is x."""
    x = arrays[-1]
    if x.dtype not in DEVICE_FLOATS:
        return f"it computes in floating point, x is {x.dtype}"
    if any(a.dtype != x.dtype or a.shape != x.shape for a in arrays):
        return "g and x must be of one shape and dtype"
    if x.ndim < 2 or n < 1 or n % 2 == 0 or not k > 0:
        return "the op itself says what is wrong"
    return module.response_supports(rung, _planes(x), n=n) or True


def fwd_device(
    module: Any,
    rung: str,
    x: Any,
    *,
    alpha: float = 1e-4,
    k: float = 2.0,
    beta: float = 0.75,
    n: int = 5,
    stream: int,
) -> Any:
    """``local_response_norm`` by a rung of csrc/cuda/response."""
    planes = _planes(x)
    y = backend_of(x).xp.empty(planes.shape, dtype=x.dtype)
    module.response(rung, planes, y, alpha=alpha, k=k, beta=beta, n=n, stream=stream)
    return y.reshape(x.shape)


def back_device(module: Any, rung: str, g: Any, x: Any, **static: Any) -> Any:
    """``local_response_norm_back`` by a rung of csrc/cuda/response."""
    planes = _planes(x)
    dx = backend_of(x).xp.empty(planes.shape, dtype=x.dtype)
    module.response(rung, planes, dx, _planes(g), **static)
    return dx.reshape(x.shape)
