"""Single layers, as every library is given them: shapes, settings, data. Needs NumPy only."""

from __future__ import annotations

import dataclasses
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["PARTS", "Part", "arrays_of", "shrunk"]


@dataclass(frozen=True)
class Part:
    """A layer without a network around it.

    Attributes
    ----------
    op : str
    title : str
    x : tuple of int
        Shape of the input.
    w : tuple of int, optional
        Shape of the weights (the second factor of a product).
    settings : dict
        Of the op: stride, pad, window.
    """

    op: str
    title: str
    x: tuple[int, ...]
    w: tuple[int, ...] | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def directions(self) -> tuple[str, ...]:
        """What is timed: the layer, and its gradients towards x and w."""
        if self.op == "matmul":  # its gradients are products as well
            return ("forward",)
        return ("forward", "dx", "dw") if self.op == "conv" else ("forward", "dx")

    @property
    def flops(self) -> int | None:
        """Multiplications and additions of the definition, in any direction."""
        if self.w is None:
            return None
        if self.op == "matmul":
            return 2 * self.x[0] * self.x[1] * self.w[1]
        stride, pad = self.settings["stride"], self.settings["pad"]
        side = (self.x[2] + 2 * pad - self.w[2]) // stride + 1
        return 2 * self.x[0] * side * side * int(np.prod(self.w))


def _conv(
    title: str, batch: int, channels: int, side: int, filters: int, size: int, *more: int
) -> Part:
    stride, pad = more or (1, 0)
    settings = {"stride": stride, "pad": pad}
    x, w = (batch, channels, side, side), (filters, channels, size, size)
    return Part("conv", title, x, w, settings)


def _product(m: int, k: int, n: int) -> Part:
    return Part("matmul", f"{m} x {k} by {k} x {n}", (m, k), (k, n))


PARTS = (
    _conv("LeNet conv1", 128, 1, 28, 20, 5),
    _conv("LeNet conv2", 128, 20, 12, 50, 5),
    _conv("AlexNet conv1 11x11/4", 16, 3, 227, 96, 11, 4, 0),
    _conv("AlexNet conv2 5x5", 16, 96, 27, 256, 5, 1, 2),
    _conv("AlexNet conv3 3x3", 16, 256, 13, 384, 3, 1, 1),
    _conv("VGG conv1_1", 16, 3, 224, 64, 3, 1, 1),
    _conv("VGG conv1_2", 16, 64, 224, 64, 3, 1, 1),
    _conv("VGG conv3_2", 16, 256, 56, 256, 3, 1, 1),
    _conv("VGG conv5_1", 16, 512, 14, 512, 3, 1, 1),
    _conv("ResNet 7x7/2", 16, 3, 224, 64, 7, 2, 3),
    _conv("ResNet 1x1 256->64 at 56", 16, 256, 56, 64, 1, 1, 0),
    _conv("ResNet 1x1 512->2048 at 7", 16, 512, 7, 2048, 1, 1, 0),
    _conv("ResNet 3x3 64 at 56", 16, 64, 56, 64, 3, 1, 1),
    _conv("ResNet 3x3/2 128", 16, 128, 56, 128, 3, 2, 1),
    _conv("CIFAR 3x3 16 channels", 16, 16, 32, 16, 3, 1, 1),
    _conv("CIFAR 3x3 64 channels", 16, 64, 8, 64, 3, 1, 1),
    Part("max_pool", "VGG pool1 2x2", (16, 64, 224, 224), None, {"window": 2, "stride": 2}),
    Part("max_pool", "ResNet pool 3x3/2", (16, 64, 112, 112), None, {"window": 3, "stride": 2}),
    Part("batch_norm", "64 channels at 56", (16, 64, 56, 56)),
    Part("local_response_norm", "AlexNet norm1", (16, 96, 27, 27)),
    Part("softmax_cross_entropy", "128 x 1000", (128, 1000)),
    Part("relu", "VGG conv1", (16, 64, 112, 112)),
    _product(128, 784, 256),
    _product(128, 256, 256),
    _product(128, 256, 10),
    _product(512, 512, 512),
    _product(1024, 1024, 1024),
    _product(2048, 2048, 2048),
)


def shrunk(part: Part) -> Part:
    """The same, small: to see that it works."""

    def small(shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return None if shape is None else tuple(min(n, 16) for n in shape)

    return dataclasses.replace(part, x=(min(part.x[0], 2), *small(part.x)[1:]), w=small(part.w))


def arrays_of(part: Part, y: tuple[int, ...] | None = None) -> list[np.ndarray]:
    """x and w (labels for a loss); given the output's shape, its gradient."""
    rng = np.random.default_rng([zlib.crc32(part.title.encode()), y is not None])
    shapes = [shape for shape in (part.x, part.w) if shape is not None] if y is None else [y]
    found = [rng.standard_normal(shape, np.float32) for shape in shapes]
    if y is None and part.op == "softmax_cross_entropy":
        found.append(rng.integers(0, part.x[1], part.x[0]))
    return found
