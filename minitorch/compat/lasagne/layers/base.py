"""``lasagne.layers.base``."""

from minitorch.compat.lasagne.layers.front import NAMES, Layer

__all__ = ["Layer", "MergeLayer"]

MergeLayer = NAMES["MergeLayer"]
