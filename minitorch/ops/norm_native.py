"""The rungs of csrc/cpu/norm as the bodies of batch normalisation are called."""

from __future__ import annotations

from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, native_array, native_empty
from minitorch.ops.norm_shape import channel_split, narrow_shape

__all__ = [
    "back_gamma_native",
    "back_native",
    "batch_norm_native",
    "supports_back",
    "supports_back_gamma",
    "supports_batch_norm",
]


def _supports(x: Any, whole: tuple[Any, ...], narrow: tuple[Any, ...], axes: Any) -> bool | str:
    """``whole`` are the arrays of x's shape, ``narrow`` those of one value per channel."""
    if x.dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, x is {x.dtype}"
    given = (axes,) if isinstance(axes, int) else tuple(axes)
    if 0 in x.shape or not given or any(not -x.ndim <= a < x.ndim for a in given):
        return "there is nothing to normalise over"
    if len({a % x.ndim for a in given}) < len(given):
        return f"the axes {axes} are not all different"
    if channel_split(x.shape, given) is None:
        return "the axes that are kept must lie side by side"
    shape = narrow_shape(x.shape, given)
    if any(a.dtype != x.dtype or a.shape != x.shape for a in whole):
        return "g and x must be of one shape and dtype"
    if any(a is not None and (a.dtype != x.dtype or a.shape != shape) for a in narrow):
        return f"a channel's values must be {shape} and {x.dtype}, as x is"
    return True


def _rows(a: Any, axes: Any) -> Any:
    """An array of x's shape as (outer, channels, inner)."""
    return native_array(a).reshape(channel_split(a.shape, axes))


def _flat(a: Any) -> Any:
    """One value per channel; None stays."""
    return None if a is None else native_array(a).reshape(-1)


def supports_batch_norm(
    x: Any, gamma: Any = None, beta: Any = None, *, axes: Any, epsilon: float = 1e-4
) -> bool | str:
    """Whether the kernels can do this ``batch_norm``, or why not."""
    return _supports(x, (), (gamma, beta), axes)


def batch_norm_native(
    native: Any,
    rung: str,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    axes: Any,
    epsilon: float = 1e-4,
    add: Any = None,
    relu: bool = False,
) -> Any:
    """``batch_norm`` by a rung of csrc/cpu/norm; then ``+ add`` and ``relu``, if wanted."""
    y = native_empty(x.shape, x.dtype)
    mean, inv_std = (native_empty(narrow_shape(x.shape, axes), x.dtype) for _ in range(2))
    rows = (_rows(x, axes), _flat(gamma), _flat(beta), _rows(y, axes))
    add = None if add is None else _rows(add, axes)
    native.norm_fwd(rung, *rows, _flat(mean), _flat(inv_std), epsilon, add, relu)
    return y, mean, inv_std


def supports_back(
    g: Any,
    g_mean: Any,
    g_inv_std: Any,
    x: Any,
    mean: Any,
    inv_std: Any,
    gamma: Any = None,
    *,
    axes: Any,
) -> bool | str:
    """Whether the kernels can do this ``batch_norm_back``, or why not."""
    return _supports(x, (g,), (g_mean, g_inv_std, mean, inv_std, gamma), axes)


def back_native(
    native: Any,
    rung: str,
    g: Any,
    g_mean: Any,
    g_inv_std: Any,
    x: Any,
    mean: Any,
    inv_std: Any,
    gamma: Any = None,
    *,
    axes: Any,
) -> Any:
    """``batch_norm_back`` by a rung of csrc/cpu/norm."""
    dx = native_empty(x.shape, x.dtype)
    dgamma, dbeta = (native_empty(mean.shape, x.dtype) for _ in range(2))
    narrow = [_flat(a) for a in (mean, inv_std, gamma, g_mean, g_inv_std)]
    wide = (_rows(g, axes), _rows(x, axes))
    native.norm_back(rung, *wide, *narrow, _rows(dx, axes), _flat(dgamma), _flat(dbeta))
    return dx, dgamma, dbeta


def supports_back_gamma(g: Any, x: Any, mean: Any, inv_std: Any, *, axes: Any) -> bool | str:
    """Whether the kernels can do this ``batch_norm_back_gamma``, or why not."""
    return _supports(x, (g,), (mean, inv_std), axes)


def back_gamma_native(
    native: Any, rung: str, g: Any, x: Any, mean: Any, inv_std: Any, *, axes: Any
) -> Any:
    """``batch_norm_back_gamma`` by a rung of csrc/cpu/norm."""
    dgamma = native_empty(mean.shape, x.dtype)
    arrays = (_rows(g, axes), _rows(x, axes), _flat(mean), _flat(inv_std), None, None, None)
    native.norm_back(rung, *arrays, None, _flat(dgamma), None)
    return dgamma
