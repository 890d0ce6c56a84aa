"""The pass over the layers that ``get_output`` makes, and that layers with networks inside make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minitorch import utils
from minitorch.autograd import Tensor, scope
from minitorch.layers.base import Layer, MergeLayer, walk
from minitorch.layers.input import InputLayer

__all__ = ["accepted_kwargs", "evaluate", "evaluate_inside"]


def evaluate(
    layers: Iterable[Layer], outputs: dict[Any, Tensor], kwargs: Mapping[str, Any]
) -> None:
    """Compute layers, in their order, into ``outputs``, which holds the data."""
    with scope("") as here:  # errors and reports name the layer
        for place, layer in enumerate(layers):
            if layer not in outputs:
                here.rename(layer.name or f"{type(layer).__name__}[{place}]")
                outputs[layer] = _compute(layer, place, outputs, kwargs)


def evaluate_inside(
    network: Layer, entry: Layer, data: Tensor, kwargs: Mapping[str, Any]
) -> Tensor:
    """The output of a network inside a layer.

    Keywords that it does not take are not reported: they may be for layers outside.
    """
    outputs: dict[Any, Tensor] = {entry: data}
    evaluate(walk([network], outputs), outputs, kwargs)
    return outputs[network]


def accepted_kwargs(layers: Iterable[Layer]) -> set[str]:
    """The keywords of ``get_output`` that some layer takes."""
    found = {"deterministic"}
    for layer in layers:
        found.update(utils.inspect_kwargs(layer.get_output_for), layer.get_output_kwargs)
    return found


def _compute(layer: Any, place: int, outputs: Mapping[Any, Tensor], kwargs: Any) -> Tensor:
    """One layer's output from those below it; an error gets a note that says which."""
    if isinstance(layer, InputLayer):
        return _held_by(layer)
    try:
        values = [outputs[source] for source in layer.sources()]
    except KeyError:  # a source that is None, and no data for it
        raise ValueError(
            f"get_output() was called without giving an input for the free-floating layer "
            f"{layer!r}. Please call it with a dictionary mapping this layer to its output, or "
            f"None to its input"
        ) from None
    given = values if isinstance(layer, MergeLayer) else values[0]
    try:
        result: Tensor = layer.get_output_for(given, **kwargs)
    except Exception as error:
        shapes = ", ".join(str(value.shape) for value in values)
        error.add_note(f"in layer {place} of the network, {layer!r}, for input {shapes}")
        raise
    return result


def _held_by(layer: InputLayer) -> Tensor:
    """The data of an input layer that was given none."""
    if layer.input_var is None:
        raise ValueError(
            f"get_output() was given no data for {layer!r}; call get_output(network, data)"
        )
    layer.check(layer.input_var)
    return layer.input_var
