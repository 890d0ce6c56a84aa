"""Everything that a network and its update rule remember, as arrays and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from minitorch import layers, updates
from minitorch.io.arrays import FileFormatError

__all__ = ["capture", "check_recipe", "named_params", "part", "restore", "set_params"]

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


def check_recipe(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """ValueError, naming what differs, if a checkpoint is of other settings."""
    different = [k for k in {**theirs, **ours} if theirs.get(k) != ours.get(k)]
    if different:
        pairs = ", ".join(f"{k} was {theirs.get(k)!r}, is {ours.get(k)!r}" for k in different)
        raise ValueError(f"the checkpoint is of another configuration: {pairs}")


def part(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names begin so, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def named_params(network: Any) -> dict[str, Any]:
    """Every parameter of a network under a name that is unique and sorts in its order.

    The order is that of ``layers.get_all_params``; it is the format of files.

    Examples
    --------
    >>> from minitorch.models import build_mlp
    >>> list(named_params(build_mlp((3,))))
    ['000.dense1.W', '001.dense1.b', '002.output.W', '003.output.b']
    """
    params = layers.get_all_params(network)
    return {f"{i:03d}.{p.name or 'param'}": p for i, p in enumerate(params)}


def set_params(network: Any, arrays: Mapping[str, numpy.ndarray], source: str) -> None:
    """Set all parameters from arrays of the same names and shapes, or none."""
    params = named_params(network)
    if params.keys() != arrays.keys():
        odd = min(params.keys() ^ arrays.keys())
        owner = "the network" if odd in params else "the file"
        raise FileFormatError(
            f"{source}: it is of another network: {len(arrays)} parameters for {len(params)}; "
            f"only {owner} has {odd!r}"
        )
    for name, p in params.items():
        if arrays[name].shape != p.shape:
            raise FileFormatError(
                f"{source}: it is of another network: {name!r} is {arrays[name].shape} in the "
                f"file, {p.shape} in the network"
            )
    for name, p in params.items():
        p.set_value(arrays[name])
