"""What update rules remember, to be saved, restored and forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minitorch.autograd import asarray
from minitorch.parameter import Parameter
from minitorch.updates.core import Slot

__all__ = ["get_state", "reset_state", "set_state"]


def get_state(params: Sequence[Parameter]) -> dict[str, np.ndarray[Any, Any]]:
    """Everything that rules remember about ``params``, as arrays of their own.

    Parameters
    ----------
    params : sequence of Parameter
        In an order that will be the same when the state is restored, such as
        that of ``layers.get_all_params``.

    Returns
    -------
    dict
        ``"<index>/<slot>"`` to the slot's value.

    Examples
    --------
    >>> from minitorch import updates
    >>> from minitorch.parameter import Parameter
    >>> w = Parameter([1.0, 2.0])
    >>> updates.momentum((w * w).sum(), [w], learning_rate=0.25).apply()
    >>> updates.get_state([w])
    {'0/momentum.velocity': array([-0.5, -1. ], dtype=float32)}
    """
    return {
        f"{i}/{name}": slot.get_value()
        for i, p in enumerate(params)
        for name, slot in p.slots.items()
    }


def set_state(params: Sequence[Parameter], state: Mapping[str, Any]) -> None:
    """Restore what :func:`get_state` gave, dropping anything else that is remembered.

    Raises
    ------
    ValueError
        For a key or a shape that fits no parameter; nothing is changed then.
    TypeError
        For values that are no numbers; nothing is changed then.
    """
    found: list[tuple[Parameter, str, Slot]] = []
    for key, value in state.items():
        index, _, name = key.partition("/")
        if not (index.isdigit() and name and int(index) < len(params)):
            raise ValueError(f"state {key!r} fits none of the {len(params)} parameters")
        p = params[int(index)]
        slot = Slot(asarray(value, device=p.device), name=f"{p.name or 'parameter'}.{name}")
        if slot.shape not in (p.shape, ()):
            raise ValueError(f"state {key!r} has shape {slot.shape}, {p!r} has {p.shape}")
        found.append((p, name, slot))
    reset_state(params)
    for p, name, slot in found:
        p.slots[name] = slot


def reset_state(params: Iterable[Parameter]) -> None:
    """Forget everything that rules remember about ``params``."""
    for p in params:
        p.slots.clear()
