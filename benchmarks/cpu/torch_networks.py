"""The same networks as a PyTorch user writes them; parameters in the order of minitorch's."""

from __future__ import annotations

from typing import Any

from torch import nn

from benchmarks.cpu.workloads import NOISE, Size

__all__ = ["discriminator", "generator", "lenet", "lstm", "mlp", "resnet20", "resnet50",
           "vgg16", "vgg19_features"]  # fmt: skip


def mlp(size: Size) -> Any:
    """784-256-256-10."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, size.width), nn.ReLU(),
        nn.Linear(size.width, size.width), nn.ReLU(), nn.Linear(size.width, size.classes),
    )  # fmt: skip


def lenet(size: Size) -> Any:
    """20C5-MP2-50C5-MP2-FC256-FC10."""
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10),
    )  # fmt: skip


class CharacterLSTM(nn.Module):
    """An embedding, two LSTM layers, scores of characters for every step.

    PyTorch adds two biases where Lasagne has one; the second stays 0.
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size.classes, size.width)
        self.lstm = nn.LSTM(size.width, size.width, 2, batch_first=True)
        self.scores = nn.Linear(size.width, size.classes)
        for second in (self.lstm.bias_hh_l0, self.lstm.bias_hh_l1):
            nn.init.zeros_(second).requires_grad_(False)

    def forward(self, text: Any) -> Any:
        """Scores, of shape (batch * steps, characters)."""
        hidden, _ = self.lstm(self.embedding(text))
        return self.scores(hidden.flatten(0, 1))


def lstm(size: Size) -> Any:
    """Two layers of 256 units."""
    return CharacterLSTM(size)


def conv_norm(channels: int, filters: int, size: int, stride: int = 1) -> list[Any]:
    """A convolution that keeps the image (or takes every ``stride``-th place), normalised."""
    conv = nn.Conv2d(channels, filters, size, stride, size // 2, bias=False)
    return [conv, nn.BatchNorm2d(filters)]


class Block(nn.Module):
    """A residual block: what it computes, plus its short cut."""

    def __init__(self, inner: Any, shortcut: Any) -> None:
        super().__init__()
        self.inner, self.shortcut = inner, shortcut
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        """relu(inner(x) + shortcut(x))."""
        return self.relu(self.inner(x) + self.shortcut(x))


class PaddedShortcut(nn.Module):
    """Every other pixel, and channels of zeros."""

    def __init__(self, pad: int) -> None:
        super().__init__()
        self.pad = pad

    def forward(self, x: Any) -> Any:
        """x[:, :, ::2, ::2] between zeros."""
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad))


def resnet20(size: Size) -> Any:
    """Three stages of three blocks."""
    channels = size.width
    parts = [*conv_norm(3, channels, 3), nn.ReLU(inplace=True)]
    for stage in range(3):
        filters = size.width << stage
        for _ in range(3):
            stride = filters // channels
            inner = nn.Sequential(
                *conv_norm(channels, filters, 3, stride), nn.ReLU(inplace=True),
                *conv_norm(filters, filters, 3),
            )  # fmt: skip
            shortcut = PaddedShortcut(filters // 4) if stride > 1 else nn.Identity()
            parts.append(Block(inner, shortcut))
            channels = filters
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, size.classes)
    )


def resnet50(size: Size) -> Any:
    """Four stages of bottlenecks, the stride in the 3 x 3 convolution."""
    channels = size.width
    parts: list[Any] = [*conv_norm(3, channels, 7, 2), nn.ReLU(inplace=True)]
    parts.append(nn.MaxPool2d(3, 2, 1))
    for stage, blocks in enumerate((3, 4, 6, 3)):
        filters = size.width << stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            inner = nn.Sequential(
                *conv_norm(channels, filters, 1), nn.ReLU(inplace=True),
                *conv_norm(filters, filters, 3, stride), nn.ReLU(inplace=True),
                *conv_norm(filters, 4 * filters, 1),
            )  # fmt: skip
            project = conv_norm(channels, 4 * filters, 1, stride) if not block else [nn.Identity()]
            parts.append(Block(inner, nn.Sequential(*project)))
            channels = 4 * filters
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, size.classes)
    )


def _vgg_stages(size: Size, depths: tuple[int, ...]) -> list[Any]:
    """3 x 3 convolutions and rectifiers, pooling between the stages."""
    parts: list[Any] = []
    channels = 3
    for stage, (depth, factor) in enumerate(zip(depths, (1, 2, 4, 8, 8), strict=True)):
        parts += [nn.MaxPool2d(2)] if stage else []
        for _ in range(depth):
            parts += [nn.Conv2d(channels, factor * size.width, 3, padding=1)]
            parts += [nn.ReLU(inplace=True)]
            channels = factor * size.width
    return parts


def vgg16(size: Size) -> Any:
    """Column D, without dropout."""
    units, places = 64 * size.width, (size.side // 32) ** 2
    return nn.Sequential(
        *_vgg_stages(size, (2, 2, 3, 3, 3)), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8 * size.width * places, units), nn.ReLU(inplace=True),
        nn.Linear(units, units), nn.ReLU(inplace=True), nn.Linear(units, size.classes),
    )  # fmt: skip


class StyleFeatures(nn.Module):
    """VGG-19 up to conv5_1, giving the layers that Gatys et al. look at."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.parts = nn.Sequential(*_vgg_stages(size, (2, 2, 4, 4, 1)))
        self.requires_grad_(False)

    def forward(self, x: Any) -> list[Any]:
        """conv1_1, conv2_1, conv3_1, conv4_1, conv5_1, then conv4_2."""
        rectified = []
        for part in self.parts:
            x = part(x)
            if isinstance(part, nn.ReLU):
                rectified.append(x)
        return [rectified[i] for i in (0, 2, 4, 8, 12, 9)]


def vgg19_features(size: Size) -> Any:
    """A module that gives a list."""
    return StyleFeatures(size)


def generator(size: Size) -> Any:
    """100 numbers to an image of 64 x 64."""
    parts: list[Any] = []
    channels = NOISE
    for number, factor in enumerate((8, 4, 2, 1)):
        stride, pad = (2, 1) if number else (1, 0)
        filters = factor * size.width
        parts += [nn.ConvTranspose2d(channels, filters, 4, stride, pad, bias=False)]
        parts += [nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]
        channels = filters
    return nn.Sequential(*parts, nn.ConvTranspose2d(channels, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator(size: Size) -> Any:
    """An image of 64 x 64 to a score."""
    parts: list[Any] = []
    channels = 3
    for factor in (1, 2, 4, 8):
        filters = factor * size.width
        parts += [nn.Conv2d(channels, filters, 4, 2, 1, bias=False)]
        parts += [nn.BatchNorm2d(filters)] if factor > 1 else []
        parts += [nn.LeakyReLU(0.2, inplace=True)]
        channels = filters
    return nn.Sequential(*parts, nn.Conv2d(channels, 1, 4, bias=False), nn.Flatten(0))
