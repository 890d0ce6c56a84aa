"""``lasagne.nonlinearities``: minitorch's, recorded when they are given expressions."""

from __future__ import annotations

from typing import Any

from minitorch import nonlinearities as core
from minitorch.compat.theano.expression import deferred

__all__ = list(core.__all__)


def _recording(kind: Any) -> Any:
    """A nonlinearity with parameters, whose call records."""
    return type(kind.__name__, (kind,), {"__call__": deferred(kind.__call__)})


LeakyRectify = _recording(core.LeakyRectify)
SELU = _recording(core.SELU)
ScaledTanH = ScaledTanh = _recording(core.ScaledTanH)

_FUNCTIONS = (
    "elu", "identity", "leaky_rectify", "linear", "rectify", "selu", "sigmoid", "softmax",
    "softplus", "tanh", "very_leaky_rectify",
)  # fmt: skip
globals().update({name: deferred(getattr(core, name)) for name in _FUNCTIONS})
