"""``theano.tensor.signal``."""

from minitorch.compat.theano.tensor.signal import pool
