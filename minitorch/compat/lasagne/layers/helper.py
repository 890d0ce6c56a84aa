"""``lasagne.layers.helper``: walking networks."""

from minitorch.compat.lasagne.layers.front import NAMES
from minitorch.layers import helper as core

__all__ = list(core.__all__)

globals().update({name: NAMES[name] for name in core.__all__})
