"""``lasagne.random``: the generator that initialisers and noise layers share."""

from minitorch.random import get_rng, set_rng

__all__ = ["get_rng", "set_rng"]
