"""The rungs of csrc/cuda/pool as the bodies of the pooling ops are called."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from minitorch.backend.arrays import backend_of
from minitorch.backend.device_kernels import DEVICE_FLOATS, attach_device
from minitorch.ops.pool_shape import pool_output_length

__all__ = ["attach_pool"]

BACK = ("unmax", "unsum")  # the passes that write the image
INDEXED = ("max", "unmax", "at")


def attach_pool(op: Any, pass_: str) -> None:
    """Give ``op`` the rungs of csrc/cuda/pool, which call it ``pass_``."""
    call: Callable[..., Any] = partial(_pool, pass_)
    attach_device(op, "pool", call, supports=partial(_supports, pass_))


def _mean(count_padding: bool | None) -> str:
    """What a mean counts, for the kernels; None: it is a sum."""
    return "none" if count_padding is None else "padded" if count_padding else "inside"


def _arrays(
    pass_: str,
    given: Any,
    index: Any,
    size: Any,
    window: Any,
    stride: Any,
    pad: Any,
    ignore_border: bool,
) -> tuple[Any, Any, Any]:
    """Image, windows and index: the given ones contiguous, the others new."""
    xp = backend_of(given).xp
    given = xp.ascontiguousarray(given)
    if index is not None:
        index = xp.ascontiguousarray(index)
    if pass_ in BACK:
        return xp.empty((*given.shape[:2], *size), dtype=given.dtype), given, index
    rows = zip(given.shape[2:], window, stride, pad, strict=True)
    count = [pool_output_length(*row, ignore_border) for row in rows]
    y = xp.empty((*given.shape[:2], *count), dtype=given.dtype)
    if pass_ == "max":
        index = xp.empty(y.shape, dtype="uint8" if math.prod(window) <= 255 else "int32")
    return given, y, index


def _pool(
    pass_: str,
    module: Any,
    rung: str,
    given: Any,
    index: Any = None,
    *,
    window: Any,
    stride: Any,
    pad: Any,
    ignore_border: bool,
    size: Any = None,
    count_padding: bool | None = None,
    stream: int,
) -> Any:
    """The op of this pass by a rung of csrc/cuda/pool."""
    x, y, index = _arrays(pass_, given, index, size, window, stride, pad, ignore_border)
    settings = {"window": window, "stride": stride, "pad": pad, "mean": _mean(count_padding)}
    module.pool(rung, pass_, x, y, index, stream=stream, **settings)
    return (y, index) if pass_ == "max" else x if pass_ in BACK else y


def _supports(
    pass_: str,
    module: Any,
    rung: str,
    given: Any,
    index: Any = None,
    *,
    window: Any,
    stride: Any,
    pad: Any,
    ignore_border: bool,
    size: Any = None,
    count_padding: bool | None = None,
) -> bool | str:
    """Whether a rung can do this case, or why not."""
    if given.dtype not in DEVICE_FLOATS:
        return f"it computes in floating point, the images are {given.dtype}"
    if not 3 <= given.ndim <= 5:
        return f"it has one to three spatial axes, the images have {given.ndim - 2}"
    if pass_ in INDEXED[1:] and str(getattr(index, "dtype", None)) not in ("uint8", "int32"):
        return "its indices are uint8 or int32"
    try:
        x, y, index = _arrays(pass_, given, index, size, window, stride, pad, ignore_border)
        settings = {"window": window, "stride": stride, "pad": pad, "mean": _mean(count_padding)}
        return module.pool_supports(rung, pass_, x, y, index, **settings) or True
    except (TypeError, ValueError) as error:  # what the kernels cannot even describe
        return str(error)
