"""``lasagne.objectives``: minitorch's, recorded."""

from __future__ import annotations

from typing import Any

from minitorch import objectives as core
from minitorch.compat.theano.expression import deferred, items_of

__all__ = list(core.__all__)

globals().update({name: deferred(getattr(core, name)) for name in core.__all__})
_aligned = deferred(core.align_targets)


def align_targets(predictions: Any, targets: Any) -> Any:
    """Targets (n,) as a column where predictions are one; a pair of expressions."""
    both = _aligned(predictions, targets)
    return both if isinstance(both, tuple) else tuple(items_of(both, 2))
