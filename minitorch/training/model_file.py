"""A network's parameters in one safetensors file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from minitorch import layers
from minitorch.io.arrays import FileFormatError, load_arrays, save_arrays

__all__ = ["load_model", "named_params", "save_model"]


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


def save_model(path: str | Path, network: Any, metadata: Mapping[str, Any] | None = None) -> Path:
    """Write all parameters of a network, atomically.

    Parameters
    ----------
    path : str or Path
    network : Layer
    metadata : mapping, optional
        Anything JSON can hold.

    Returns
    -------
    Path
    """
    arrays = {name: p.get_value() for name, p in named_params(network).items()}
    return save_arrays(path, arrays, metadata)


def load_model(path: str | Path, network: Any) -> dict[str, Any]:
    """Set all parameters of a network from a file; returns the file's metadata.

    Raises
    ------
    FileFormatError
        If the file is missing or damaged, or is of another network: the first
        parameter that does not fit is named, and nothing is set.
    """
    arrays, metadata = load_arrays(path)
    set_params(network, arrays, str(path))
    return metadata


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
