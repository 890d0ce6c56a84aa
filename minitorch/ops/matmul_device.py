"""The kernels of csrc/cuda/matmul as matmul's body is called."""

from __future__ import annotations

import math
from typing import Any

from minitorch.backend.arrays import HALVES, backend_of
from minitorch.backend.device_kernels import DEVICE_FLOATS, as_bits, workspace

__all__ = ["matmul_on_device", "matmul_order", "supports_matmul"]

MULTIPROCESSORS = 132  # of an H200: fewer tiles leave part of it idle


def _operands(xp: Any, x1: Any, x2: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """Both factors as matrices or batches of them, and the shape of the product.

    Views as far as possible; leading axes that only one factor has, or has more of,
    are brought to one batch axis.
    """
    a = x1 if x1.ndim > 1 else x1[None]
    b = x2 if x2.ndim > 1 else x2[:, None]
    lead = () if a.ndim == b.ndim == 2 else _broadcast(a.shape[:-2], b.shape[:-2])
    rows = (a.shape[-2],) if x1.ndim > 1 else ()
    columns = (b.shape[-1],) if x2.ndim > 1 else ()
    shape = (*lead, *rows, *columns)
    if b.ndim == 2 and a.ndim > 2 and a.flags.c_contiguous:
        # One product over all the batch instead of a batch of products.
        return a.reshape(math.prod(a.shape[:-1]), a.shape[-1]), b, shape
    return _batch(xp, a, lead), _batch(xp, b, lead), shape


def _broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(len(one), len(other))
    pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True)
    return tuple([m if n == 1 else n for m, n in pairs])


def _batch(xp: Any, a: Any, lead: tuple[int, ...]) -> Any:
    """A matrix, or (batch, rows, columns) with a batch of 1 or all of ``lead``."""
    if a.ndim == 2:
        return a
    if math.prod(a.shape[:-2]) == 1:
        return a.reshape(1, *a.shape[-2:])
    return xp.broadcast_to(a, (*lead, *a.shape[-2:])).reshape(math.prod(lead), *a.shape[-2:])


def supports_matmul(module: Any, rung: str, x1: Any, x2: Any) -> bool | str:
    """Whether a rung can do this product, or why not."""
    if not (hasattr(x1, "dtype") and hasattr(x2, "dtype")) or x1.dtype != x2.dtype:
        return "both factors must be of one dtype"
    if x1.dtype not in DEVICE_FLOATS and x1.dtype not in HALVES:
        return f"it computes in floating point, the factors are {x1.dtype}"
    if not (x1.ndim and x2.ndim) or x1.shape[-1] != x2.shape[-2 if x2.ndim > 1 else 0]:
        return "the factors do not fit"
    a, b, _ = _operands(backend_of(x1).xp, x1, x2)
    return module.matmul_supports(rung, as_bits(a), as_bits(b)) or True


def matmul_order(x1: Any, x2: Any) -> tuple[str, ...]:
    """Which rungs to choose first where nothing was timed, by what they are made for."""
    rows = x1.shape[-2] if x1.ndim > 1 else 1
    columns = x2.shape[-1] if x2.ndim > 1 else 1
    if min(rows, columns) <= (8 if x1.dtype == "float64" else 16):
        return ("k10_skinny",)
    batch = max(math.prod(x1.shape[:-2]), math.prod(x2.shape[:-2]))
    tiles = batch * -(-rows // 128) * -(-columns // 128)
    if tiles * 4 < MULTIPROCESSORS and x1.shape[-1] >= 512:
        return ("k09_split_k",)
    if x1.dtype == "float32" and tiles * 2 < MULTIPROCESSORS:
        return ("k08_multistage",)
    return ()


def matmul_on_device(module: Any, rung: str, x1: Any, x2: Any, *, stream: int) -> Any:
    """``matmul`` by a rung of csrc/cuda/matmul."""
    xp = backend_of(x1).xp
    a, b, shape = _operands(xp, x1, x2)
    y = xp.empty(shape, dtype=x1.dtype)
    if y.size:
        a, b = as_bits(a), as_bits(b)
        batch = max(m.shape[0] if m.ndim == 3 else 1 for m in (a, b))
        room = workspace(xp, module.matmul_workspace(rung, a, b))
        out = as_bits(y).reshape(batch, a.shape[-2], b.shape[-1])
        module.matmul(rung, a, b, out, workspace=room, stream=stream)
    return y
