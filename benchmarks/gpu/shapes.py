"""What is timed: the layers of the classics, and matrix products of every proportion."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

__all__ = ["CONVS", "MATMULS", "PLANES", "SMALL_CONVS", "SMALL_MATMULS", "SMALL_PLANES"]
__all__ += ["Conv", "Matmul", "Planes"]


@dataclass(frozen=True)
class Conv:
    """A convolution layer: its input (N, C, H, W), filters and settings."""

    name: str
    x: tuple[int, int, int, int]
    filters: int
    size: int
    stride: int = 1
    pad: int = 0
    groups: int = 1

    @property
    def w(self) -> tuple[int, int, int, int]:
        """Shape of the filters."""
        return (self.filters, self.x[1] // self.groups, self.size, self.size)

    @property
    def y(self) -> tuple[int, int, int, int]:
        """Shape of the output."""
        side = [(n + 2 * self.pad - self.size) // self.stride + 1 for n in self.x[2:]]
        return (self.x[0], self.filters, side[0], side[1])

    @property
    def flops(self) -> int:
        """Multiplications and additions of the definition, in any of the three directions."""
        return 2 * prod(self.y) * prod(self.w[1:])


@dataclass(frozen=True)
class Matmul:
    """A batch of products (M, K) by (K, N)."""

    name: str
    m: int
    n: int
    k: int
    batch: int = 1

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.batch * self.m * self.n * self.k


@dataclass(frozen=True)
class Planes:
    """What pooling, normalisation and losses work on: (N, C, H, W), or (rows, classes)."""

    name: str
    op: str
    x: tuple[int, ...]


CONVS = [
    Conv("LeNet conv1", (64, 1, 28, 28), 20, 5),
    Conv("LeNet conv2", (64, 20, 12, 12), 50, 5),
    Conv("AlexNet conv1", (128, 3, 227, 227), 96, 11, stride=4),
    Conv("AlexNet conv2", (128, 96, 27, 27), 256, 5, pad=2, groups=2),
    Conv("AlexNet conv3", (128, 256, 13, 13), 384, 3, pad=1),
    Conv("VGG-16 conv1_1", (64, 3, 224, 224), 64, 3, pad=1),
    Conv("VGG-16 conv1_2", (64, 64, 224, 224), 64, 3, pad=1),
    Conv("VGG-16 conv3_2", (64, 256, 56, 56), 256, 3, pad=1),
    Conv("VGG-16 conv5_1", (64, 512, 14, 14), 512, 3, pad=1),
    Conv("GoogLeNet 3a reduce", (128, 192, 28, 28), 96, 1),
    Conv("GoogLeNet 3a 3x3", (128, 96, 28, 28), 128, 3, pad=1),
    Conv("GoogLeNet 3a 5x5", (128, 16, 28, 28), 32, 5, pad=2),
    Conv("ResNet-50 conv1", (256, 3, 224, 224), 64, 7, stride=2, pad=3),
    Conv("ResNet-50 1x1 64-256", (256, 64, 56, 56), 256, 1),
    Conv("ResNet-50 3x3 128", (256, 128, 28, 28), 128, 3, pad=1),
    Conv("ResNet-50 3x3 256 /2", (256, 256, 28, 28), 256, 3, stride=2, pad=1),
    Conv("ResNet-50 1x1 512-2048", (256, 512, 7, 7), 2048, 1),
    Conv("depthwise 3x3", (128, 256, 28, 28), 256, 3, pad=1, groups=256),
]

MATMULS = [
    Matmul("square 256", 256, 256, 256),
    Matmul("square 1024", 1024, 1024, 1024),
    Matmul("square 2048", 2048, 2048, 2048),
    Matmul("square 4096", 4096, 4096, 4096),
    Matmul("square 8192", 8192, 8192, 8192),
    Matmul("LeNet dense", 64, 256, 800),
    Matmul("AlexNet fc6", 128, 4096, 9216),
    Matmul("VGG-16 fc6", 64, 4096, 25088),
    Matmul("skinny 16 x 4096", 16, 4096, 4096),
    Matmul("vector", 1, 4096, 4096),
    Matmul("deep 128 x 128", 128, 128, 131072),
    Matmul("batched 64 x 512", 512, 512, 512, batch=64),
]

PLANES = [
    Planes("AlexNet pool1", "max_pool", (128, 96, 55, 55)),
    Planes("VGG-16 pool2", "max_pool", (64, 128, 112, 112)),
    Planes("ResNet-50 conv2 batch norm", "batch_norm", (256, 256, 56, 56)),
    Planes("AlexNet norm1", "local_response_norm", (128, 96, 27, 27)),
    Planes("ImageNet loss", "softmax_cross_entropy", (8192, 1000)),
    Planes("AlexNet dropout", "dropout", (4096, 9216)),
]

# For trying out the harness where a product of 4096 would take hours.
SMALL_CONVS = [
    Conv("LeNet conv1", (1, 1, 28, 28), 20, 5),
    Conv("small 3x3 /2", (1, 3, 9, 9), 4, 3, stride=2, pad=1),
    Conv("small 3x3", (1, 8, 5, 6), 16, 3, pad=1),
]
SMALL_MATMULS = [Matmul("square 32", 32, 32, 32), Matmul("skinny 3 x 40", 3, 40, 50)]
SMALL_PLANES = [
    Planes("small pool", "max_pool", (2, 3, 9, 9)),
    Planes("small loss", "softmax_cross_entropy", (16, 10)),
]
