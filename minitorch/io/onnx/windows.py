"""ONNX operators that see a window: convolutions and poolings."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.io.onnx.registry import Node, operator

__all__ = ["Windows"]


@dataclass
class Windows:
    """Kernel, stride, padding and dilation, an entry for each spatial axis."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]

    @classmethod
    def of(cls, node: Node, lengths: tuple[int, ...], kernel: Any) -> Windows:
        """What a node's attributes say for an image of these lengths."""
        count = len(lengths)
        kernel = tuple(node.get("kernel_shape", kernel))
        stride = tuple(node.get("strides", (1,) * count))
        dilation = tuple(node.get("dilations", (1,) * count))
        flat = node.get("pads", (0,) * (2 * count))
        pads = tuple(zip(flat[:count], flat[count:], strict=True))
        mode = node.get("auto_pad", "NOTSET")
        if mode.startswith("SAME"):
            pads = tuple(
                _halves(max(0, (math.ceil(n / s) - 1) * s + (k - 1) * d + 1 - n), mode)
                for n, k, s, d in zip(lengths, kernel, stride, dilation, strict=True)
            )
        elif mode == "VALID":
            pads = ((0, 0),) * count
        return cls(kernel, stride, pads, dilation)

    @property
    def reach(self) -> tuple[int, ...]:
        """From a window's first element to its last, along each axis."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def rounded_up(self, lengths: tuple[int, ...]) -> Windows:
        """With so much padding behind that a last window, begun within the image, is whole."""
        pads = []
        for n, r, s, (a, b) in zip(lengths, self.reach, self.stride, self.pads, strict=True):
            count = math.ceil((n + a + b - r) / s) + 1
            if (count - 1) * s >= n + a:
                count -= 1
            pads.append((a, max(b, (count - 1) * s + r - n - a)))
        return Windows(self.kernel, self.stride, tuple(pads), self.dilation)

    def elements(self, x: Tensor, fill: Any) -> Tensor:
        """The first elements of all windows, then the second, ...: (k, N, C, ...)."""
        padded = ops.pad(x, [(0, 0), (0, 0), *self.pads], value=fill)
        counts = [
            (n - r) // s + 1
            for n, r, s in zip(padded.shape[2:], self.reach, self.stride, strict=True)
        ]
        parts = []
        for place in itertools.product(*map(range, self.kernel)):
            index = [
                slice(p * d, p * d + (c - 1) * s + 1, s)
                for p, d, c, s in zip(place, self.dilation, counts, self.stride, strict=True)
            ]
            parts.append(padded[(slice(None), slice(None), *index)])
        return ops.stack(parts)

    @property
    def dense(self) -> bool:
        """Whether the windows are without holes."""
        return all(d == 1 for d in self.dilation)

    def settings(self) -> dict[str, Any]:
        """As the poolings take them."""
        return {
            "window": self.kernel,
            "stride": self.stride,
            "pad": self.pads,
            "ignore_border": True,
        }


def _halves(total: int, mode: str) -> tuple[int, int]:
    small, large = total // 2, total - total // 2
    return (small, large) if mode == "SAME_UPPER" else (large, small)


@operator("Conv", weights=(1, 2))
def conv(node: Node, x: Tensor, w: Tensor, b: Any = None) -> Tensor:
    """Cross-correlation with filters (K, C / groups, ...), in one to three dimensions."""
    found = Windows.of(node, x.shape[2:], w.shape[2:])
    return ops.conv_fwd(
        x, w, b, stride=found.stride, pad=found.pads, dilation=found.dilation,
        groups=node.get("group", 1),
    )  # fmt: skip


@operator("ConvTranspose", weights=(1, 2))
def conv_transpose(node: Node, x: Tensor, w: Tensor, b: Any = None) -> Tensor:
    """The adjoint of a convolution with these filters, cut to the length that is wanted."""
    found = Windows.of(node, x.shape[2:], w.shape[2:])
    whole = [
        s * (n - 1) + r for n, s, r in zip(x.shape[2:], found.stride, found.reach, strict=True)
    ]
    out = ops.conv_dgrad(
        x, w, size=tuple(whole), stride=found.stride, pad=((0, 0),) * len(whole),
        dilation=found.dilation, groups=node.get("group", 1),
    )  # fmt: skip
    index, behind = [slice(None)] * 2, [(0, 0)] * 2
    for length, (begin, size) in zip(whole, _cut(node, found, x.shape[2:], whole), strict=True):
        index.append(slice(begin, min(length, begin + size)))
        behind.append((0, max(0, begin + size - length)))
    out = ops.pad(out[tuple(index)], behind)
    return out if b is None else out + ops.reshape(b, (-1,) + (1,) * len(whole))


def _cut(
    node: Node, found: Windows, lengths: tuple[int, ...], whole: list[int]
) -> list[tuple[int, int]]:
    """Where the result begins in the whole, and its length, along each axis."""
    extra = node.get("output_padding", (0,) * len(whole))
    sizes, mode = node.get("output_shape"), node.get("auto_pad", "NOTSET")
    if sizes is None and mode.startswith("SAME"):
        sizes = [n * s for n, s in zip(lengths, found.stride, strict=True)]
    if sizes is None:
        return [(a, n + e - a - b) for n, e, (a, b) in zip(whole, extra, found.pads, strict=True)]
    cuts = []
    for n, e, size in zip(whole, extra, sizes[-len(whole) :], strict=True):
        total = max(0, n + e - size)
        begin = total // 2 if mode == "SAME_UPPER" else total - total // 2
        cuts.append((begin, size))
    return cuts


# -- poolings ---------------------------------------------------------------------------


def _pooled(node: Node, x: Tensor) -> Windows:
    found = Windows.of(node, x.shape[2:], ())
    return found.rounded_up(x.shape[2:]) if node.get("ceil_mode") else found


@operator("MaxPool")
def max_pool(node: Node, x: Tensor) -> Any:
    """The largest of every window, and where in x it was."""
    found = _pooled(node, x)
    if len(node.outputs) < 2 and found.dense and x.dtype.kind == "f" and x.ndim <= 5:
        return ops.max_pool(x, **found.settings())
    low = -numpy.inf if x.dtype.kind == "f" else numpy.iinfo(x.dtype).min
    elements = found.elements(x, low)
    chosen = ops.expand_dims(ops.argmax(elements, axis=0), axis=0)
    largest = ops.take_along_axis(elements, chosen, axis=0)[0]
    if len(node.outputs) < 2:
        return largest
    order = "F" if node.get("storage_order") else "C"
    flat = numpy.arange(math.prod(x.shape[2:])).reshape(x.shape[2:], order=order)
    block = numpy.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2] + (1,) * flat.ndim)
    numbers = asarray((flat + block * flat.size).astype("int64"))
    places = ops.take_along_axis(found.elements(numbers, -1), chosen, axis=0)[0]
    return largest, places


@operator("AveragePool")
def average_pool(node: Node, x: Tensor) -> Tensor:
    """The mean of every window; whether the padding counts, an attribute says."""
    found = _pooled(node, x)
    mask = ops.ones((1, 1, *x.shape[2:]), dtype=x.dtype)
    if node.get("count_include_pad"):
        given = Windows.of(node, x.shape[2:], ()).pads
        mask = ops.pad(mask, [(0, 0), (0, 0), *given], value=1.0)
        rest = tuple(
            (0, b - given_b) for (_, b), (_, given_b) in zip(found.pads, given, strict=True)
        )
        counted = Windows(found.kernel, found.stride, rest, found.dilation)
    else:
        counted = found
    return _window_sums(x, found) / _window_sums(mask, counted)


def _window_sums(x: Tensor, found: Windows) -> Tensor:
    if found.dense and x.ndim <= 5:
        return ops.sum_pool(x, **found.settings())
    return ops.sum(found.elements(x, 0.0), axis=0)


@operator("LpPool")
def lp_pool(node: Node, x: Tensor) -> Tensor:
    """The p-norm of every window."""
    p = node.get("p", 2)
    sums = _window_sums(ops.pow(ops.abs(x), p), _pooled(node, x))
    return ops.pow(sums, 1 / p)


def _spatial(x: Tensor) -> tuple[int, ...]:
    return tuple(range(2, x.ndim))


@operator("GlobalAveragePool")
def global_average_pool(node: Node, x: Tensor) -> Tensor:
    """The mean of each channel."""
    return ops.mean(x, axis=_spatial(x), keepdims=True)


@operator("GlobalMaxPool")
def global_max_pool(node: Node, x: Tensor) -> Tensor:
    """The largest of each channel."""
    return ops.max(x, axis=_spatial(x), keepdims=True)


@operator("GlobalLpPool")
def global_lp_pool(node: Node, x: Tensor) -> Tensor:
    """The p-norm of each channel."""
    p = node.get("p", 2)
    return ops.pow(ops.sum(ops.pow(ops.abs(x), p), axis=_spatial(x), keepdims=True), 1 / p)


@operator("MaxUnpool")
def max_unpool(node: Node, x: Tensor, places: Tensor, shape: Any = None) -> Tensor:
    """Every element where MaxPool said that it was, zeros elsewhere."""
    found = Windows.of(node, x.shape[2:], ())
    small = [
        (n - 1) * s - a - b + k
        for n, s, k, (a, b) in zip(x.shape[2:], found.stride, found.kernel, found.pads, strict=True)
    ]
    whole = (*x.shape[:2], *small)
    index = numpy.unravel_index(places.numpy(), whole)
    out = ops.scatter_add(x, tuple(index), whole)
    if shape is None:
        return out
    wanted = [int(n) for n in shape.numpy()]
    return ops.pad(out, [(0, n - m) for n, m in zip(wanted, whole, strict=True)])
