"""Lasagne's front over minitorch: its modules, whose functions record for ``theano.function``."""

from minitorch.compat.lasagne import (
    init,
    layers,
    nonlinearities,
    objectives,
    random,
    regularization,
    updates,
    utils,
)
