"""``lasagne.layers.dnn``: what Lasagne computed by cuDNN, under the same names."""

from minitorch.compat.lasagne.layers.front import recording
from minitorch.layers import dnn as core

globals().update(recording(core))
