"""``lasagne.layers.cuda_convnet``: what Lasagne computed by cuda-convnet, under the same names."""

from minitorch.compat.lasagne.layers.front import recording
from minitorch.layers import cuda_convnet as core

globals().update(recording(core))
