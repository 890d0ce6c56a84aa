"""The rungs of csrc/cuda/conv as the bodies of the convolution ops are called.

The images may lie in memory with their channels first or last; a result lies as
the image that the op is given does.
"""

from __future__ import annotations

from typing import Any

from minitorch.backend.arrays import backend_of
from minitorch.backend.device_kernels import as_bits
from minitorch.ops.conv_shape import conv_output_length

__all__ = [
    "conv_dgrad_device",
    "conv_dgrad_supports",
    "conv_fwd_device",
    "conv_fwd_supports",
    "conv_wgrad_device",
    "conv_wgrad_supports",
]

DTYPES = ("float16", "bfloat16", "float32", "float64")


def _module(array: Any) -> Any:
    """The array module that made ``array``."""
    return backend_of(array).xp


def _channels_last(a: Any) -> bool:
    """Whether the channels (axis 1) are what lies next to each other in memory."""
    return a.shape[1] > 1 and a.strides[1] == a.itemsize


def _empty(like: Any, shape: tuple[int, ...]) -> Any:
    """An array of ``shape`` (N, C, ...), channels last in memory if they are in ``like``."""
    xp = _module(like)
    if not _channels_last(like):
        return xp.empty(shape, dtype=like.dtype)
    return xp.moveaxis(xp.empty((shape[0], *shape[2:], shape[1]), dtype=like.dtype), -1, 1)


def _workspace(like: Any, count: int) -> Any:
    """``count`` bytes beside ``like``, or None for 0."""
    return _module(like).empty(count, dtype="uint8") if count else None


def _reason(arrays: tuple[Any, ...]) -> str:
    """Why no rung can take these arrays, or ""."""
    given = [a for a in arrays if a is not None]
    if any(a.dtype != given[0].dtype for a in given):
        dtypes = ", ".join(sorted({str(a.dtype) for a in given}))
        return f"its arrays must be of one dtype, they are {dtypes}"
    if str(given[0].dtype) not in DTYPES:
        return f"it computes in {', '.join(DTYPES)}, the arrays are {given[0].dtype}"
    if given[0].ndim > 5:
        return f"it has one to three spatial axes, the arrays have {given[0].ndim - 2}"
    return ""


def conv_fwd_supports(
    native: Any, rung: str, x: Any, w: Any, b: Any = None, **static: Any
) -> bool | str:
    """Whether a rung can do this ``conv_fwd``: True, or why not."""
    return (
        _reason((x, w, b))
        or native.conv_fwd_supports(rung, as_bits(x), as_bits(w), (), **static)
        or True
    )


def conv_dgrad_supports(native: Any, rung: str, dy: Any, w: Any, **static: Any) -> bool | str:
    """Whether a rung can do this ``conv_dgrad``: True, or why not."""
    return (
        _reason((dy, w))
        or native.conv_dgrad_supports(rung, as_bits(dy), as_bits(w), **static)
        or True
    )


def conv_wgrad_supports(native: Any, rung: str, x: Any, dy: Any, **static: Any) -> bool | str:
    """Whether a rung can do this ``conv_wgrad``: True, or why not."""
    return (
        _reason((x, dy))
        or native.conv_wgrad_supports(rung, as_bits(x), as_bits(dy), **static)
        or True
    )


def conv_fwd_device(
    native: Any,
    rung: str,
    x: Any,
    w: Any,
    b: Any = None,
    *,
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
    stream: int = 0,
) -> Any:
    """``conv_fwd`` by a rung of csrc/cuda/conv."""
    static = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
    rows = zip(x.shape[2:], w.shape[2:], stride, pad, dilation, strict=True)
    y = _empty(x, (x.shape[0], w.shape[0], *[conv_output_length(*row) for row in rows]))
    x, w, out = as_bits(x), as_bits(w), as_bits(y)
    work = _workspace(x, native.conv_fwd_workspace(rung, x, w, (), **static))
    b = b if b is None else as_bits(b if b.flags.c_contiguous else b.copy())
    native.conv_fwd(rung, x, w, out, bias=b, workspace=work, stream=stream, **static)
    return y


def conv_dgrad_device(
    native: Any,
    rung: str,
    dy: Any,
    w: Any,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
    stream: int = 0,
) -> Any:
    """``conv_dgrad`` by a rung of csrc/cuda/conv."""
    static = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
    dx = _empty(dy, (dy.shape[0], w.shape[1] * groups, *size))
    dy, w, out = as_bits(dy), as_bits(w), as_bits(dx)
    work = _workspace(dy, native.conv_dgrad_workspace(rung, dy, w, size, **static))
    native.conv_dgrad(rung, dy, w, out, workspace=work, stream=stream, **static)
    return dx


def conv_wgrad_device(
    native: Any,
    rung: str,
    x: Any,
    dy: Any,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
    stream: int = 0,
) -> Any:
    """``conv_wgrad`` by a rung of csrc/cuda/conv."""
    static = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
    dw = _module(x).empty((dy.shape[1], x.shape[1] // groups, *size), dtype=x.dtype)
    x, dy, out = as_bits(x), as_bits(dy), as_bits(dw)
    work = _workspace(x, native.conv_wgrad_workspace(rung, x, dy, size, **static))
    native.conv_wgrad(rung, x, dy, out, workspace=work, stream=stream, **static)
    return dw
