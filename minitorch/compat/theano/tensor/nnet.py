"""``theano.tensor.nnet``: what networks are made of, recorded."""

from __future__ import annotations

from typing import Any

from minitorch.compat.theano.expression import deferred
from minitorch.compat.theano.networks import NNET
from minitorch.utils import did_you_mean

globals().update({name: deferred(function) for name, function in NNET.items()})


def __getattr__(name: str) -> Any:
    raise AttributeError(f"theano.tensor.nnet has no {name!r} here; {did_you_mean(name, NNET)}")
