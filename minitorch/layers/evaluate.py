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
    wanted: Iterable[Layer], outputs: dict[Any, Tensor], kwargs: Mapping[str, Any]
) -> list[Layer]:
    """Compute what ``wanted`` needs into ``outputs``, which holds the data; returns the layers."""
    layers = walk(wanted, outputs)
    for place, layer in enumerate(layers):
        if layer not in outputs:
            outputs[layer] = _compute(layer, place, outputs, kwargs)
    return layers


def evaluate_inside(
    network: Layer, entry: Layer, data: Tensor, kwargs: Mapping[str, Any]
) -> Tensor:
    """The output of a network inside a layer.

    Keywords that it does not take are not reported: they may be for layers outside.
    """
    outputs: dict[Any, Tensor] = {entry: data}
    evaluate([network], outputs, kwargs)
    return outputs[network]


def accepted_kwargs(layers: Iterable[Layer]) -> set[str]:
    """The keywords of ``get_output`` that some layer takes."""
    found = {"deterministic"}
    for layer in layers:
        found.update(utils.inspect_kwargs(layer.get_output_for), layer.get_output_kwargs)
    return found


def _input_of(layer: Layer, source: Any, outputs: Mapping[Any, Tensor]) -> Tensor:
    """What a layer gets from one of its sources; None stands for a free-floating input."""
    if source in outputs:
        return outputs[source]
    raise ValueError(
        f"get_output() was called without giving an input for the free-floating layer {layer!r}. "
        f"Please call it with a dictionary mapping this layer to its output, or None to its input"
    )


def _compute(layer: Any, place: int, outputs: Mapping[Any, Tensor], kwargs: Any) -> Tensor:
    """One layer's output from those below it; errors and reports name the layer."""
    if isinstance(layer, InputLayer):
        if layer.input_var is None:
            raise ValueError(
                f"get_output() was given no data for {layer!r}; call get_output(network, data)"
            )
        layer.check(layer.input_var)
        return layer.input_var
    values = [_input_of(layer, source, outputs) for source in layer.sources()]
    with scope(layer.name or f"{type(layer).__name__}[{place}]"):
        try:
            result: Tensor = layer.get_output_for(
                values if isinstance(layer, MergeLayer) else values[0], **kwargs
            )
        except Exception as error:
            shapes = ", ".join(str(value.shape) for value in values)
            error.add_note(f"in layer {place} of the network, {layer!r}, for input {shapes}")
            raise
    return result
