"""The nine steps, in numbers that every library is given: sizes, data, learning rates.

Nothing here needs more than NumPy: a peer's worker imports it in a Python of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["IMAGENET", "STYLE_WEIGHT", "TOLERANCE", "WORKLOADS", "Size", "Workload", "arrays_for"]

# Losses of the first three steps must agree to this share of their size: float32 sums taken in
# another order, two updates apart.
TOLERANCE = 1e-3
CLASSES = 10
CHARACTERS = 64  # the language model's vocabulary
NOISE = 100  # what the generator starts from
STYLE_WEIGHT = 1e4  # of the style's loss beside the content's
IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))  # mean and deviation of pixels


@dataclass(frozen=True)
class Size:
    """How large a workload is.

    Attributes
    ----------
    batch : int
    side : int
        Rows and columns of an image; time steps of a sequence.
    width : int
        Channels of the first convolution, or units of a layer: the rest is in proportion.
    classes : int
    """

    batch: int
    side: int
    width: int
    classes: int = CLASSES


@dataclass(frozen=True)
class Workload:
    """A training step: what it is called, its size, and a small size for tests."""

    title: str
    full: Size
    quick: Size
    rate: float


WORKLOADS = {
    "mlp": Workload("MLP 784-256-256-10", Size(128, 28, 256), Size(4, 28, 8), 0.01),
    "lenet": Workload("LeNet", Size(128, 28, 20), Size(2, 28, 20), 0.01),
    "lstm": Workload(
        "LSTM 2 x 256, 35 steps", Size(32, 35, 256, CHARACTERS), Size(2, 3, 8, CHARACTERS), 0.1
    ),
    "resnet20": Workload("ResNet-20, 32 x 32", Size(128, 32, 16), Size(2, 8, 4), 0.01),
    "dcgan": Workload("DCGAN 64 x 64, G + D", Size(32, 64, 64), Size(2, 64, 2), 2e-5),
    "vgg16": Workload("VGG-16, 224 x 224", Size(4, 224, 64, 1000), Size(2, 32, 2), 1e-5),
    "resnet50": Workload("ResNet-50, 224 x 224", Size(4, 224, 64, 1000), Size(4, 64, 8), 1e-4),
    "gatys": Workload("Gatys, VGG-19 at 256 x 256", Size(1, 256, 64), Size(1, 32, 2), 0.02),
    "painting": Workload(
        "minitorch style, VGG-19 at 256 x 256", Size(1, 256, 64), Size(1, 32, 2), 0.0
    ),
}


def arrays_for(name: str, size: Size) -> list[np.ndarray]:
    """The batch of a workload: what its step takes, always the same."""
    rng = np.random.default_rng(0)

    def images(channels: int, batch: int = size.batch) -> np.ndarray:
        return rng.normal(size=(batch, channels, size.side, size.side)).astype(np.float32)

    if name == "lstm":
        text = rng.integers(0, size.classes, (size.batch, size.side + 1))
        return [text[:, :-1].copy(), text[:, 1:].reshape(-1).copy()]
    if name == "dcgan":
        noise = rng.normal(size=(size.batch, NOISE, 1, 1)).astype(np.float32)
        return [np.tanh(images(3)), noise]
    if name == "gatys":  # the image that is painted, the content, the style
        return [images(3), images(3), images(3)]
    if name == "painting":  # the same, as pixels
        return [128 + 50 * images(3) for _ in range(3)]
    x = images(1 if name in ("mlp", "lenet") else 3)
    return [x, rng.integers(0, size.classes, size.batch)]
