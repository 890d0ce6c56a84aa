"""Everything that a network and its update rule remember, as arrays and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from minitorch import updates
from minitorch.training.model_file import named_params, set_params

__all__ = ["capture", "part", "restore"]

Array = numpy.ndarray
_PARAM, _SLOT = "param/", "slot/"


def capture(network: Any) -> dict[str, Array]:
    """All parameters and what the update rule keeps for them."""
    params = named_params(network)
    arrays = {_PARAM + name: p.get_value() for name, p in params.items()}
    slots = updates.get_state(list(params.values()))
    return arrays | {_SLOT + key: value for key, value in slots.items()}


def restore(network: Any, arrays: Mapping[str, Array]) -> None:
    """Set what :func:`capture` took; nothing is set if it does not fit.

    Raises
    ------
    ValueError
        If the arrays are of another network.
    """
    set_params(network, part(arrays, _PARAM), "the state")
    updates.set_state(list(named_params(network).values()), part(arrays, _SLOT))


def part(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names begin so, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
