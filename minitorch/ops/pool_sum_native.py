"""The rungs of csrc/cpu/pool_sum as the bodies of sum and average pooling are called.

One spatial axis is taken as an image of one row.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from minitorch.backend.native import attach, native_empty, native_planes
from minitorch.ops.pool_native import supports_pool
from minitorch.ops.pool_shape import pool_output_length

__all__ = ["attach_native_sum"]


def attach_native_sum(op: Any, back: bool) -> None:
    """Give ``op``, a pooling or (``back``) its adjoint, the rungs of csrc/cpu/pool_sum."""
    attach(op, "pool_sum", _unpool if back else _pool, supports=partial(_supports, back))


def _supports(back: bool, x: Any, *, window: Any, pad: Any, **static: Any) -> bool | str:
    """Whether the kernels can do this case, or why not."""
    return supports_pool(x, static["size"] if back else x.shape[2:], window, pad)


def _settings(window: Any, stride: Any, pad: Any, count_padding: bool | None) -> dict[str, Any]:
    """The static arguments for two spatial axes; ``count_padding`` is None for sums."""
    if len(window) == 1:
        window, stride, pad = (1, *window), (1, *stride), ((0, 0), *pad)
    mean = {None: "none", False: "image", True: "padded"}[count_padding]
    before, after = zip(*pad, strict=True)
    return {"window": window, "stride": stride, "pad": before, "pad_after": after, "mean": mean}


def _pool(
    native: Any,
    rung: str,
    x: Any,
    *,
    window: Any,
    stride: Any,
    pad: Any,
    ignore_border: bool,
    count_padding: bool | None = None,
) -> Any:
    """``sum_pool`` and ``avg_pool``."""
    rows = zip(x.shape[2:], window, stride, pad, strict=True)
    y = native_empty(
        (*x.shape[:2], *[pool_output_length(*r, ignore_border) for r in rows]), x.dtype
    )
    settings = _settings(window, stride, pad, count_padding)
    native.pool_sum(rung, native_planes(x), native_planes(y), **settings)
    return y


def _unpool(
    native: Any,
    rung: str,
    y: Any,
    *,
    size: Any,
    window: Any,
    stride: Any,
    pad: Any,
    ignore_border: bool,
    count_padding: bool | None = None,
) -> Any:
    """``sum_unpool`` and ``avg_unpool``."""
    x = native_empty((*y.shape[:2], *size), y.dtype)
    settings = _settings(window, stride, pad, count_padding)
    native.pool_unsum(rung, native_planes(x), native_planes(y), **settings)
    return x
