"""Lasagne's nouns: layers that know their shapes and their parameters, evaluated eagerly."""

# ruff: noqa: F403 (the modules say in __all__ what they export)

from minitorch.layers.base import *
from minitorch.layers.batch_part import *
from minitorch.layers.conv import *
from minitorch.layers.dense import *
from minitorch.layers.embedding import *
from minitorch.layers.helper import *
from minitorch.layers.input import *
from minitorch.layers.local import *
from minitorch.layers.merge import *
from minitorch.layers.noise import *
from minitorch.layers.normalization import *
from minitorch.layers.pool import *
from minitorch.layers.recurrent import *
from minitorch.layers.report import *
from minitorch.layers.shape import *
from minitorch.layers.special import *
