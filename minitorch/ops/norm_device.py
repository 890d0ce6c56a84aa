"""The rungs of csrc/cuda/norm as the body of batch_norm is called."""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import backend_of
from minitorch.backend.device_kernels import DEVICE_FLOATS, workspace
from minitorch.ops.norm_shape import channel_split, narrow_shape

__all__ = [
    "back_device",
    "back_gamma_device",
    "back_supports",
    "batch_norm_device",
    "batch_norm_supports",
]


def _channels(x: Any, axes: Any) -> Any:
    """``x`` as (outer, channels, inner), contiguous, to be normalised over all but the channels;
    None where the axes that are kept do not lie side by side."""
    shape = channel_split(x.shape, axes)
    if shape is None:
        return None
    return backend_of(x).xp.ascontiguousarray(x).reshape(shape)


def _reason(module: Any, rung: str, pass_: str, x: Any, narrow: Any, axes: Any) -> str:
    """Why a rung can't do this case, or ""; ``narrow`` are the arrays of one value per channel."""
    if x.dtype not in DEVICE_FLOATS:
        return f"it computes in floating point, x is {x.dtype}"
    given = (axes,) if isinstance(axes, int) else tuple(axes)
    if x.size == 0 or not given or any(not -x.ndim <= a < x.ndim for a in given):
        return "there is nothing to normalise over"
    if len({a % x.ndim for a in given}) < len(given):
        return f"the axes {axes} are not all different"
    rows = _channels(x, given)
    if rows is None:
        return "the axes that are kept must lie side by side"
    shape = narrow_shape(x.shape, given)
    if any(p is not None and (p.dtype != x.dtype or tuple(p.shape) != shape) for p in narrow):
        return f"a channel's values must be {shape} and {x.dtype}, as x is"
    reason: str = module.norm_supports(rung, pass_, rows)
    return reason


def batch_norm_supports(
    module: Any,
    rung: str,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    axes: Any,
    epsilon: float = 1e-4,
) -> bool | str:
    """Whether a rung can do this ``batch_norm``, or why not."""
    return _reason(module, rung, "fwd", x, (gamma, beta), axes) or True


def batch_norm_device(
    module: Any,
    rung: str,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    axes: Any,
    epsilon: float = 1e-4,
    stream: int,
) -> Any:
    """``batch_norm`` by a rung of csrc/cuda/norm."""
    xp = backend_of(x).xp
    rows = _channels(x, axes)
    narrow = narrow_shape(x.shape, axes)
    y = xp.empty(rows.shape, dtype=x.dtype)
    mean, inv_std = (xp.empty(rows.shape[1:2], dtype=x.dtype) for _ in range(2))
    parameters = [_flat(p) for p in (gamma, beta)]
    room = workspace(xp, module.norm_workspace(rung, "fwd", rows))
    module.norm(
        rung, rows, *parameters, y, mean, inv_std, epsilon=epsilon, workspace=room, stream=stream
    )
    return y.reshape(x.shape), mean.reshape(narrow), inv_std.reshape(narrow)


def _flat(a: Any) -> Any:
    """One value per channel, contiguous; None stays."""
    return None if a is None else backend_of(a).xp.ascontiguousarray(a).reshape(-1)


def back_supports(module: Any, rung: str, g: Any, *rest: Any, axes: Any) -> bool | str:
    """Whether a rung can do this ``batch_norm_back`` or ``batch_norm_back_gamma``, or why not."""
    x = next((a for a in rest if a is not None and a.shape == g.shape), None)
    if x is None or g.dtype != x.dtype:
        return "g and x must be of one shape and dtype"
    return _reason(module, rung, "back", x, [a for a in rest if a is not x], axes) or True


def back_device(
    module: Any,
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
    stream: int,
) -> Any:
    """``batch_norm_back`` by a rung of csrc/cuda/norm."""
    xp = backend_of(x).xp
    rows = _channels(x, axes)
    dx = xp.empty(rows.shape, dtype=x.dtype)
    dgamma, dbeta = (xp.empty(rows.shape[1:2], dtype=x.dtype) for _ in range(2))
    narrow = [_flat(a) for a in (gamma, mean, inv_std)]
    module.norm_back(
        rung,
        _channels(g, axes),
        rows,
        *narrow,
        dx,
        dgamma,
        dbeta,
        g_mean=_flat(g_mean),
        g_inv_std=_flat(g_inv_std),
        workspace=workspace(xp, module.norm_workspace(rung, "back", rows)),
        stream=stream,
    )
    return dx.reshape(x.shape), dgamma.reshape(mean.shape), dbeta.reshape(mean.shape)


def back_gamma_device(
    module: Any, rung: str, g: Any, x: Any, mean: Any, inv_std: Any, *, axes: Any, stream: int
) -> Any:
    """``batch_norm_back_gamma`` by a rung of csrc/cuda/norm."""
    xp = backend_of(x).xp
    rows = _channels(x, axes)
    dgamma = xp.empty(rows.shape[1:2], dtype=x.dtype)
    room = workspace(xp, module.norm_workspace(rung, "back", rows))
    arrays = (_channels(g, axes), rows, None, _flat(mean), _flat(inv_std))
    module.norm_back(rung, *arrays, None, dgamma, None, workspace=room, stream=stream)
    return dgamma.reshape(mean.shape)
