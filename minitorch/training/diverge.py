"""Where a NaN began: the layer, the op and the line, once a loss or gradient is not finite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from minitorch import AnomalyError, detect_anomaly, grad, observe
from minitorch.autograd.hooks import NanGuard

__all__ = ["TrainingDiverged", "explain_divergence"]


class TrainingDiverged(RuntimeError):
    """A loss or gradient that is NaN or infinite; the message says where it began."""


def explain_divergence(loss: Callable[[], Any], params: Sequence[Any]) -> str:
    """In which layer the NaN or infinity of a step began, in one line.

    The step is computed again, watched: first the parameters, then every result
    of the forward, then every gradient of the backward.

    Parameters
    ----------
    loss : callable
        Computes the loss anew from the same data and noise.
    params : sequence of Parameter

    Returns
    -------
    str
    """
    for p in params:
        if not numpy.isfinite(p.numpy()).all():
            return f"the parameter {p.name} was not finite any more before this step"
    guard = NanGuard()
    with numpy.errstate(all="ignore"):
        with observe(guard):
            value = loss()
        if guard.found is not None:
            return guard.found
        try:
            with detect_anomaly(infinities=True):
                grad(loss(), params)
        except AnomalyError as error:
            where = error.origin.scope if error.origin is not None else ""
            first = str(error).splitlines()[0]
            return f"{first}{f' in layer {where}' if where else ''}"
    return f"the loss was {float(value.item()):g}, and finite when it was computed again"
