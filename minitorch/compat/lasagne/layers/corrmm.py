"""``lasagne.layers.corrmm``: what Lasagne computed by matrix products, under the same names."""

from minitorch.compat.lasagne.layers.front import recording
from minitorch.layers import corrmm as core

globals().update(recording(core))
