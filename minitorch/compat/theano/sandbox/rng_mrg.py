"""``theano.sandbox.rng_mrg``."""

from minitorch.compat.theano.random import RandomStreams

MRG_RandomStreams = RandomStreams
