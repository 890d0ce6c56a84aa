"""The rungs of csrc/cuda/random as the bodies of dropout and gaussian_noise are called."""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import backend_of
from minitorch.backend.device_kernels import DEVICE_FLOATS
from minitorch.ops.counter import check_counter, mask_layout

__all__ = ["dropout_device", "dropout_supports", "noise_device", "noise_supports"]


def dropout_supports(
    module: Any,
    rung: str,
    x: Any,
    *,
    p: float = 0.5,
    seed: int,
    offset: int = 0,
    rescale: bool = True,
    shared_axes: Any = (),
) -> bool | str:
    """Whether a rung can do this ``dropout``, or why not."""
    if x.dtype not in DEVICE_FLOATS:
        return f"it computes in floating point, x is {x.dtype}"
    if not 0 <= p < 1:
        return f"p must be in [0, 1), got {p}"
    axes = (shared_axes,) if isinstance(shared_axes, int) else tuple(shared_axes)
    if any(not -x.ndim <= a < x.ndim for a in axes):
        return "x does not have all of the shared axes"
    layout = mask_layout(x.shape, shared_axes)
    if layout is None:
        return "the shared axes must lie side by side"
    if layout[1] > 1 and rung != "k01_naive":
        return "every element must have a number of its own"
    return True


def dropout_device(
    module: Any,
    rung: str,
    x: Any,
    *,
    p: float = 0.5,
    seed: int,
    offset: int = 0,
    rescale: bool = True,
    shared_axes: Any = (),
    stream: int,
) -> Any:
    """``dropout`` by a rung of csrc/cuda/random."""
    check_counter("dropout", seed, offset)
    xp = backend_of(x).xp
    y = xp.empty(x.shape, dtype=x.dtype)
    module.dropout(
        rung,
        xp.ascontiguousarray(x),
        y,
        seed=int(seed),
        offset=int(offset),
        threshold=int(p * 2**32 + 0.5),
        divisor=1 - p if rescale else 1.0,
        layout=mask_layout(x.shape, shared_axes),
        stream=stream,
    )
    return y


def noise_supports(
    module: Any, rung: str, x: Any, *, sigma: float = 0.1, seed: int, offset: int = 0
) -> bool | str:
    """Whether a rung can do this ``gaussian_noise``, or why not."""
    if x.dtype not in DEVICE_FLOATS:
        return f"it computes in floating point, x is {x.dtype}"
    if not sigma >= 0:
        return f"sigma must not be negative, got {sigma}"
    return True


def noise_device(
    module: Any,
    rung: str,
    x: Any,
    *,
    sigma: float = 0.1,
    seed: int,
    offset: int = 0,
    stream: int,
) -> Any:
    """``gaussian_noise`` by a rung of csrc/cuda/random."""
    check_counter("gaussian_noise", seed, offset)
    xp = backend_of(x).xp
    y = xp.empty(x.shape, dtype=x.dtype)
    module.random_fill(
        rung,
        "noise",
        y,
        xp.ascontiguousarray(x),
        seed=int(seed),
        offset=int(offset),
        spread=float(sigma),
        stream=stream,
    )
    return y
