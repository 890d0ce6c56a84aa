"""The networks for photographs, minitorch.models' own: VGG-16, VGG-19 up to conv5_1, ResNet-50."""

from __future__ import annotations

from typing import Any

from benchmarks.cpu.networks import SMALL
from benchmarks.cpu.workloads import Size
from minitorch import layers
from minitorch.models import build, freeze, truncate, vgg_body
from minitorch.models.parts import HE

__all__ = ["resnet50", "vgg16", "vgg19_features"]

# Where Gatys et al. look: five layers for the style, then one for the content.
LOOKED_AT = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", "conv4_2")


def _settings(size: Size) -> dict[str, Any]:
    image = (3, size.side, size.side)
    return {"num_classes": size.classes, "input_shape": image, "width": size.width}


def vgg16(size: Size) -> Any:
    """Column D, without dropout: two libraries' noise differs."""
    return build("vgg16", dropout=0, W=HE, **_settings(size))


def vgg19_features(size: Size) -> list[Any]:
    """VGG-19's layers that Gatys et al. 2016 look at, its weights not to be trained."""
    body = vgg_body("E", (3, size.side, size.side), size.width, HE)
    freeze(layers.get_all_layers(body))
    return [truncate(body, name) for name in LOOKED_AT]


def resnet50(size: Size) -> Any:
    """He et al. 2015, the stride in the 3 x 3 convolution."""
    return build("resnet50", residual_gamma=SMALL, **_settings(size))
