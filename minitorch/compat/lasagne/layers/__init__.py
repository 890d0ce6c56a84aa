"""``lasagne.layers``; ``front.py`` says what its layers have in addition to minitorch's."""

from minitorch.compat.lasagne.layers import base, corrmm, cuda_convnet, dnn, helper
from minitorch.compat.lasagne.layers.front import NAMES

globals().update(NAMES)
__all__ = list(NAMES)
