"""The pass over the layers that ``get_output`` makes, and that layers with networks inside make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minitorch import utils
from minitorch.autograd import Tensor, checkpoint, scope
from minitorch.layers.base import Layer, MergeLayer, walk
from minitorch.layers.input import InputLayer

__all__ = ["accepted_kwargs", "evaluate", "evaluate_inside", "evaluate_kept"]


def evaluate(
    layers: Iterable[Layer], outputs: dict[Any, Tensor], kwargs: Mapping[str, Any]
) -> None:
    """Compute layers, in their order, into ``outputs``, which holds the data."""
    with scope("") as here:  # errors and reports name the layer
        for place, layer in enumerate(layers):
            if layer not in outputs:
                here.rename(layer.name or f"{type(layer).__name__}[{place}]")
                outputs[layer] = _compute(layer, place, outputs, kwargs)


def evaluate_kept(
    kept: Iterable[Layer],
    layers: list[Any],
    outputs: dict[Any, Tensor],
    kwargs: Mapping[str, Any],
) -> None:
    """Compute the layers ``kept``, each together with what lies between it and those before it.

    The backward computes again what lies between, so that none of it is kept.

    Raises
    ------
    ValueError
        If something between is used by a layer beyond as well: it would be computed twice
        in the forward, with other dropout masks.
    """
    wanted = set(kept)
    if strange := wanted - set(layers):
        raise ValueError(
            f"get_output: checkpoint has {strange.pop()!r}, which is not computed here"
        )
    for layer in [one for one in layers if one in wanted and one not in outputs]:
        between = [one for one in walk([layer], outputs) if one not in outputs]
        inside = set(between) - {layer}
        for beyond in layers:
            if beyond not in inside and beyond is not layer and beyond not in outputs:
                for source in beyond.sources():
                    if source in inside:
                        raise ValueError(
                            f"get_output: {source!r} lies between checkpoints and is used beyond "
                            f"{layer!r}, by {beyond!r}: add it to checkpoint"
                        )
        entries = [one for one in outputs if any(one in b.sources() for b in between)]
        outputs[layer] = _recomputed(layer, between, entries, outputs, kwargs)


def _recomputed(
    layer: Any, between: list[Any], entries: list[Any], outputs: Mapping[Any, Tensor], kwargs: Any
) -> Tensor:
    """One layer's output from those of ``entries``, by a checkpointed pass."""

    def run(*values: Tensor) -> Tensor:
        inner = dict(zip(entries, values, strict=True))
        evaluate(between, inner, kwargs)
        return inner[layer]

    params = {id(p): p for one in between for p in one.get_params() if p.requires_grad}
    return checkpoint(run, *[outputs[one] for one in entries], params=list(params.values()))


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
