"""Augmentation as the papers do it: small things that take an image and random numbers.

A transform is called with an image (or a stack that is to be treated alike) of shape (...,
channels, rows, columns), uint8 or float, and a ``numpy.random.Generator``; it returns a new
image of the same dtype and leaves its argument alone. All are plain data, so they go to other
processes, and print as what they are. Whatever has this signature is one too.
"""

from minitorch.data.transforms.base import Compose, Transform, apply, example_stream
from minitorch.data.transforms.colour import ColourJitter, Erase, Lighting
from minitorch.data.transforms.geometry import (
    Crop,
    RandomResizedCrop,
    Reflect,
    ResizeShort,
    Rotate,
    Scale,
    Translate,
)
from minitorch.data.transforms.views import MultiScale, TenCrop, googlenet_views

__all__ = [
    "ColourJitter",
    "Compose",
    "Crop",
    "Erase",
    "Lighting",
    "MultiScale",
    "RandomResizedCrop",
    "Reflect",
    "ResizeShort",
    "Rotate",
    "Scale",
    "TenCrop",
    "Transform",
    "Translate",
    "apply",
    "example_stream",
    "googlenet_views",
]
