"""A whole network in one file: architecture, parameters, optimiser state, random state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy

from minitorch import layers, random, updates
from minitorch.io.architecture import describe, rebuild
from minitorch.io.arrays import FileFormatError, load_arrays, read_metadata, save_arrays
from minitorch.parameter import Parameter

__all__ = ["load", "load_with_about", "read_about", "save"]

_KIND = "network-1"
_PARAM, _SLOT, _CONSTANT = "param/", "slot/", "constant/"


def save(
    network: Any,
    path: str | Path,
    about: Mapping[str, Any] | None = None,
    optimiser: bool = True,
) -> Path:
    """Write a network to a file from which :func:`load` makes it again.

    Parameters
    ----------
    network : Layer or list of Layer
    path : str or Path
        Replaced in one step: nobody sees half of the file, and a failure leaves the old.
    about : mapping, optional
        Anything that JSON can hold, for :func:`read_about`: names of classes, how images are
        prepared, a recipe.
    optimiser : bool
        False leaves out what update rules keep: a smaller file, for a network that is done.

    Returns
    -------
    Path

    Raises
    ------
    TypeError
        If a layer was given something that a file cannot describe: a lambda, an object
        of another library. The message names the layer and the argument. Or if JSON cannot
        hold ``about``.
    ValueError
        For NaN or infinity in ``about``.
    OSError
        If it cannot be written.

    Notes
    -----
    The file is safetensors. Its metadata are JSON and say in plain words how every
    layer is made, so they can be read without this library; arrays are the parameters
    (``param/000.conv1.W``) and what update rules keep for them
    (``slot/0/adam.m``). The states of all noise layers and of
    ``minitorch.random``'s generator go with them: training goes on bit for bit.

    Examples
    --------
    >>> import tempfile
    >>> from minitorch import io, layers
    >>> net = layers.DenseLayer(layers.InputLayer((None, 3)), 2, name="out")
    >>> path = io.save(net, tempfile.mkdtemp() + "/net.safetensors")
    >>> twin = io.load(path)
    >>> twin, bool((twin.W == net.W).all())
    (DenseLayer(num_units=2, nonlinearity=rectify, name='out'), True)
    """
    params: list[Parameter] = list(layers.get_all_params(network))
    description = describe(network, params)
    arrays = {_name(i, p): p.get_value() for i, p in enumerate(params)}
    if optimiser:
        arrays |= {_SLOT + key: value for key, value in updates.get_state(params).items()}
    arrays |= {_CONSTANT + key: value for key, value in description.pop("constants").items()}
    metadata = {
        "kind": _KIND,
        "about": dict(about or {}),
        "summary": str(layers.summary(network)).split("\n"),
        **description,
        "parameters": [
            {"name": p.name, "array": _name(i, p), "trainable": p.requires_grad}
            for i, p in enumerate(params)
        ],
        "streams": layers.get_all_random_states(network),
        "generator": random.get_state(),
    }
    return save_arrays(path, arrays, metadata)


def _name(place: int, p: Parameter) -> str:
    return f"{_PARAM}{place:03d}.{p.name or 'param'}"


def load(path: str | Path, known: Iterable[Any] = (), restore_generator: bool = True) -> Any:
    """Make the network again that :func:`save` wrote.

    Parameters
    ----------
    path : str or Path
    known : iterable of classes and functions
        One's own layers, initialisers and nonlinearities that the file names. Nothing is
        imported or called because a file says so.
    restore_generator : bool
        Set ``minitorch.random``'s generator to the state in the file; otherwise it is
        left as it was.

    Returns
    -------
    Layer or list of Layer, as saved

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, of another kind, or names something unknown.

    Notes
    -----
    Parameters come back on the CPU; ``layers.to_device`` moves them.
    """
    return load_with_about(path, known, restore_generator)[0]


def load_with_about(
    path: str | Path, known: Iterable[Any] = (), restore_generator: bool = True
) -> tuple[Any, dict[str, Any]]:
    """The same, and what ``about`` was: both of one reading, whose checksum is right.

    Parameters and errors are those of :func:`load`.

    Returns
    -------
    (network, about)
    """
    arrays, metadata = load_arrays(path)
    _check_kind(path, metadata)
    before = random.get_state()
    finished = False
    try:
        network = _rebuilt(arrays, metadata, list(known))
        random.set_state(metadata["generator"] if restore_generator else before)
        finished = True
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None
    except Exception as error:
        raise FileFormatError(f"{path}: the network cannot be made again: {error!r}") from error
    finally:
        if not finished:
            random.set_state(before)
    return network, metadata.get("about", {})


def read_about(path: str | Path) -> dict[str, Any]:
    """What :func:`save` was given as ``about``; empty if that was nothing.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    FileFormatError
        If the file is missing, damaged, or of another kind.

    Notes
    -----
    Only the head of the file is read, so this is quick, and its checksum, which is over
    everything, is left to :func:`load`.

    Examples
    --------
    >>> import tempfile
    >>> from minitorch import io, layers
    >>> net = layers.DenseLayer(layers.InputLayer((None, 3)), 2)
    >>> path = io.save(net, tempfile.mkdtemp() + "/net.safetensors", {"classes": ["a", "b"]})
    >>> io.read_about(path)
    {'classes': ['a', 'b']}
    """
    metadata = read_metadata(path)
    _check_kind(path, metadata)
    found: dict[str, Any] = metadata.get("about", {})
    return found


def _check_kind(path: str | Path, metadata: Mapping[str, Any]) -> None:
    if metadata.get("kind") != _KIND:
        raise FileFormatError(
            f"{path}: expected a file of kind {_KIND!r}, found {metadata.get('kind')!r}; "
            f"minitorch.io.load_arrays reads any"
        )


def _rebuilt(
    arrays: Mapping[str, numpy.ndarray], metadata: Mapping[str, Any], known: list[Any]
) -> Any:
    """Layers, then what they hold."""
    entries = metadata["parameters"]
    params = [Parameter(arrays[e["array"]], e["name"], e["trainable"]) for e in entries]
    constants = {
        key.removeprefix(_CONSTANT): value
        for key, value in arrays.items()
        if key.startswith(_CONSTANT)
    }
    network = rebuild(metadata, params, constants, known)
    found = [p.shape for p in layers.get_all_params(network)]
    if found != [p.shape for p in params]:
        raise FileFormatError(
            f"the layers have parameters of shape {found}, the file {[p.shape for p in params]}"
        )
    slots = {k.removeprefix(_SLOT): v for k, v in arrays.items() if k.startswith(_SLOT)}
    updates.set_state(layers.get_all_params(network), slots)
    layers.set_all_random_states(network, metadata["streams"])
    return network
