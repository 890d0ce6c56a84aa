"""Everything that a network and its update rule remember, as arrays and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from minitorch import CounterRNG, layers, updates
from minitorch.training.model_file import named_params, set_params

__all__ = ["capture", "noise_state", "restore", "set_noise_state"]

Array = numpy.ndarray
_PARAM, _SLOT = "param/", "slot/"


def _streams(network: Any) -> dict[str, CounterRNG]:
    """The random streams of the noise layers, by the layer's place and attribute."""
    return {
        f"{place}.{name}": value
        for place, layer in enumerate(layers.get_all_layers(network))
        for name, value in vars(layer).items()
        if isinstance(value, CounterRNG)
    }


def noise_state(network: Any) -> dict[str, dict[str, int]]:
    """Where each noise layer's stream stands."""
    return {key: rng.get_state() for key, rng in _streams(network).items()}


def set_noise_state(network: Any, state: Mapping[str, Any]) -> None:
    """Put each noise layer's stream back.

    Raises
    ------
    ValueError
        If the network has other noise layers.
    """
    streams = _streams(network)
    if streams.keys() != state.keys():
        raise ValueError(
            f"the state is of another network: it has the noise streams {sorted(state)}, the "
            f"network {sorted(streams)}"
        )
    for key, rng in streams.items():
        rng.set_state(state[key])


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

    def part(prefix: str) -> dict[str, Array]:
        return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}

    set_params(network, part(_PARAM), "the state")
    updates.set_state(list(named_params(network).values()), part(_SLOT))
