"""``lasagne.init``: minitorch's initialisers, as they are."""

# ruff: noqa: F403 (the module says in __all__ what it exports)

from minitorch.init import *
