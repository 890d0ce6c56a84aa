"""Which rungs of csrc/cuda/conv to choose first, by what they are made for.

Where a GPU times its kernels (:func:`minitorch.set_autotune`) its times decide, not these rules.
A rung that is named here and can't do a case, or may not (TF32), is passed over.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["conv_dgrad_order", "conv_fwd_order", "conv_wgrad_order"]

# wgmma reads 128 bytes of channels at a time (64 of float16; zeros where there are fewer) for 64
# filters; what mma.sync is given is narrower, but goes at a lower rate. Until somebody measures
# where the one overtakes the other: from half of that on.
HALF = {"float16": 32, "bfloat16": 32, "float32": 16}
PLAIN = ("k08", "k04", "k03")  # tensor cores; multiply-adds with copies under way; without


def _depthwise(channels: int, groups: int) -> bool:
    """Whether each channel has filters of its own: nothing for a tile of a product to reuse."""
    return groups > 1 and channels == 1


def _tensor_cores(dtype: Any, *channels: int) -> tuple[str, ...]:
    """wgmma and mma.sync; for float32 as TF32, which run only where the user admits it."""
    wide = min(channels) >= HALF.get(str(dtype), 0)
    if str(dtype) in ("float16", "bfloat16"):
        return ("k10", "k08") if wide else ("k08", "k10")
    return ("k11", "k09") if wide else ("k09", "k11")


def _correlation(
    dtype: Any,
    inputs: int,
    outputs: int,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[str, ...]:
    """For sums over the taps of ``inputs`` channels, as fwd and dgrad have them."""
    names = _tensor_cores(dtype, inputs, outputs)
    # Winograd's 16 products instead of 36, by multiply-adds, have a lower floor than tensor cores
    # that make three products of each. With few channels its transforms outweigh the products.
    square = window == (3, 3) and set(stride + dilation) == {1}
    if dtype == "float32" and square and min(inputs, outputs) >= 32:
        names += ("k05",)
    return names + PLAIN


def conv_fwd_order(
    x: Any,
    w: Any,
    b: Any = None,
    *,
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> tuple[str, ...]:
    """Names of rungs (their beginnings) for a ``conv_fwd``, the one to choose first in front."""
    if _depthwise(w.shape[1], groups):
        return ("k06",)
    filters = w.shape[0] // groups
    return _correlation(x.dtype, w.shape[1], filters, w.shape[2:], stride, dilation)


def conv_dgrad_order(
    dy: Any,
    w: Any,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> tuple[str, ...]:
    """The same for a ``conv_dgrad``, whose sums are over filters."""
    if _depthwise(w.shape[1], groups):
        return ("k06",)
    filters = w.shape[0] // groups
    return _correlation(dy.dtype, filters, w.shape[1], w.shape[2:], stride, dilation)


def conv_wgrad_order(
    x: Any,
    dy: Any,
    *,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> tuple[str, ...]:
    """The same for a ``conv_wgrad``, whose sums are over the places of all images."""
    channels, filters = x.shape[1] // groups, dy.shape[1] // groups
    if _depthwise(channels, groups):
        return ("k06",)
    # Where dw is no more than a tile (64 filters x 128 terms) all there is to gain is blocks: sums
    # split among them, and by multiply-adds, which wait for the copies of x and dy all the same.
    places = dy.shape[0] * math.prod(dy.shape[2:])
    if filters <= 64 and channels * math.prod(size) <= 128 and places >= 4096:
        return ("k07", *_tensor_cores(x.dtype, channels, filters), *PLAIN)
    return (*_tensor_cores(x.dtype, channels, filters), "k08", "k07", *PLAIN)
