"""``theano.tensor.shared_randomstreams``."""

from minitorch.compat.theano.random import RandomStreams

__all__ = ["RandomStreams"]
