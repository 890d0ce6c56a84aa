"""Walking networks: outputs, layers, shapes, parameters, values, random states."""

from __future__ import annotations

import difflib
import math
import warnings
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minitorch import utils
from minitorch.autograd import Tensor, asarray, scope
from minitorch.layers.base import Layer, MergeLayer
from minitorch.layers.input import InputLayer
from minitorch.parameter import Parameter

__all__ = [
    "count_params",
    "get_all_layers",
    "get_all_param_values",
    "get_all_params",
    "get_all_random_states",
    "get_output",
    "get_output_shape",
    "set_all_param_values",
    "set_all_random_states",
]


def _inputs_of(layer: Any) -> list[Any]:
    """The layers that feed a layer (None for free-floating inputs)."""
    if isinstance(layer, MergeLayer):
        return list(layer.input_layers)
    return [layer.input_layer] if not isinstance(layer, InputLayer) else []


def get_all_layers(layer: Any, treat_as_input: Iterable[Layer] | None = None) -> list[Layer]:
    """All layers that lead to one (or several), each once, inputs first.

    Parameters
    ----------
    layer : Layer or list of Layer
    treat_as_input : iterable of Layer, optional
        Layers to stop at; they are listed, what lies below them is not.

    Returns
    -------
    list of Layer
        In topological order; the order of independent branches follows that
        of the question.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, InputLayer, get_all_layers
    >>> bottom = InputLayer((None, 10), name="in")
    >>> [one.name for one in get_all_layers(DenseLayer(bottom, 5, name="out"))]
    ['in', 'out']
    """
    queue: deque[Any] = deque(layer if isinstance(layer, list | tuple) else [layer])
    expanded: set[Any] = set(treat_as_input or ())
    listed: set[Any] = set()
    result: list[Layer] = []
    while queue:
        current = queue[0]
        if current is None:
            queue.popleft()
        elif current not in expanded:
            # First its inputs, then, met again, the layer itself.
            expanded.add(current)
            queue.extendleft(reversed(_inputs_of(current)))
        else:
            queue.popleft()
            if current not in listed:
                listed.add(current)
                result.append(current)
    return result


def _check_keys(inputs: Mapping[Any, Any], what: str) -> None:
    for key in inputs:
        if key is not None and not isinstance(key, Layer):
            raise TypeError(
                f"get_output: {what} are given by layer, found a key {key!r} of type "
                f"{type(key).__name__}; use {{layer: data}}"
            )


def _given_outputs(layers: Sequence[Layer], all_inputs: Any) -> dict[Any, Tensor]:
    """What the caller provides, by layer."""
    if isinstance(all_inputs, Mapping):
        return {layer: asarray(value) for layer, value in all_inputs.items()}
    if all_inputs is None:
        return {}
    ends = [layer for layer in get_all_layers(list(layers)) if isinstance(layer, InputLayer)]
    if len(ends) > 1:
        raise ValueError(
            f"get_output() was called with a single input expression on a network with multiple input "
            f"layers ({', '.join(map(repr, ends))}). Please call it with a dictionary of input "
            f"expressions instead"
        )
    return {ends[0]: asarray(all_inputs)} if ends else {None: asarray(all_inputs)}


def _check_data(layer: InputLayer, value: Tensor) -> None:
    """Data against the input layer's shape, before any layer computes with them."""
    fits = value.ndim == len(layer.shape) and all(
        want is None or want == have for want, have in zip(layer.shape, value.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"the data have shape {value.shape}, but {layer!r} expects {layer.shape} (None: any length)"
        )


def _input_for(layer: Layer, source: Any, outputs: Mapping[Any, Tensor]) -> Tensor:
    if source is not None:
        return outputs[source]
    if None in outputs:
        return outputs[None]
    raise ValueError(
        f"get_output() was called without giving an input expression for the free-floating layer "
        f"{layer!r}. Please call it with a dictionary mapping this layer to an input expression"
    )


def _compute(layer: Any, outputs: Mapping[Any, Tensor], kwargs: dict[str, Any]) -> Tensor:
    """One layer's output from those below it."""
    if isinstance(layer, InputLayer):
        if layer.input_var is None:
            raise ValueError(
                f"get_output() was given no data for {layer!r}: get_output(network, data)"
            )
        return layer.input_var
    values = [_input_for(layer, source, outputs) for source in _inputs_of(layer)]
    name = layer.name or type(layer).__name__
    with scope(name):
        try:
            result: Tensor = layer.get_output_for(
                values if isinstance(layer, MergeLayer) else values[0], **kwargs
            )
        except Exception as error:
            error.add_note(f"in the layer {layer!r}")
            raise
    return result


def get_output(layer_or_layers: Any, inputs: Any = None, **kwargs: Any) -> Any:
    """The output of one layer, or of several in one pass, computed now.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
        For a list, what is shared is computed once (with one dropout mask).
    inputs : array, Tensor, dict or None
        Data for the only InputLayer; or by layer, where any layer's output may
        be given (what lies below it is not computed) and the key None feeds
        free-floating layers; or None where the input layers hold data.
    **kwargs
        Handed to every layer: ``deterministic=True`` and the like.

    Returns
    -------
    Tensor, or list of Tensor

    Raises
    ------
    ValueError
        If data are missing, or do not have the input layer's shape.
    TypeError
        For a dict key that is no layer.

    Warns
    -----
    UserWarning
        For keywords that no layer takes, with close names.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import DenseLayer, InputLayer, get_output
    >>> net = DenseLayer(InputLayer((None, 4)), 3)
    >>> get_output(net, mt.ones((2, 4))).shape
    (2, 3)
    """
    single = isinstance(layer_or_layers, Layer)
    wanted = [layer_or_layers] if single else list(layer_or_layers)
    if isinstance(inputs, Mapping):
        _check_keys(inputs, "inputs")
    outputs: dict[Any, Tensor] = _given_outputs(wanted, inputs)
    for layer, value in outputs.items():
        if isinstance(layer, InputLayer):
            _check_data(layer, value)
    accepted = {"deterministic"}
    for layer in get_all_layers(wanted, [one for one in outputs if one is not None]):
        if layer not in outputs:
            outputs[layer] = _compute(layer, outputs, kwargs)
            accepted.update(utils.inspect_kwargs(layer.get_output_for), layer.get_output_kwargs)
    _warn_unused(set(kwargs) - accepted, accepted)
    return outputs[layer_or_layers] if single else [outputs[layer] for layer in wanted]


def _warn_unused(unused: set[str], accepted: set[str]) -> None:
    if not unused:
        return
    hints = []
    for name in sorted(unused):
        close = difflib.get_close_matches(name, accepted, n=1)
        hints.append(f"{name} (perhaps you meant {close[0]})" if close else name)
    warnings.warn(
        f"get_output() was called with unused kwargs:\n\t{', '.join(hints)}", stacklevel=3
    )


def get_output_shape(layer_or_layers: Any, input_shapes: Any = None) -> Any:
    """The output shape of one layer or several, for other input shapes if given.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
    input_shapes : tuple, dict or None
        As ``inputs`` of :func:`get_output`, with shapes; None: those of the layers.

    Returns
    -------
    tuple, or list of tuple
    """
    single = isinstance(layer_or_layers, Layer)
    wanted = [layer_or_layers] if single else list(layer_or_layers)
    shapes: dict[Any, Any] = {}
    if isinstance(input_shapes, Mapping):
        _check_keys(input_shapes, "input shapes")
        shapes = dict(input_shapes)
    elif input_shapes is not None:
        ends = [one for one in get_all_layers(wanted) if isinstance(one, InputLayer)]
        if len(ends) > 1:
            raise ValueError("get_output_shape: several input layers; give a dictionary by layer")
        shapes = {ends[0] if ends else None: tuple(input_shapes)}
    for layer in get_all_layers(wanted, [one for one in shapes if one is not None]):
        if layer not in shapes:
            shapes[layer] = _shape_of(layer, shapes)
    return shapes[layer_or_layers] if single else [shapes[layer] for layer in wanted]


def _shape_of(layer: Any, shapes: Mapping[Any, Any]) -> Any:
    if isinstance(layer, InputLayer):
        return layer.shape
    if isinstance(layer, MergeLayer):
        pairs = zip(layer.input_layers, layer.input_shapes, strict=True)
        given = [shapes.get(None, own) if one is None else shapes[one] for one, own in pairs]
        return tuple(layer.get_output_shape_for(given))
    source = layer.input_layer
    below = shapes.get(None, layer.input_shape) if source is None else shapes[source]
    return tuple(layer.get_output_shape_for(below))


def get_all_params(layer: Any, unwrap_shared: bool = True, **tags: bool) -> list[Parameter]:
    """All parameters of a network, each once, in the order of its layers.

    This order is the format of saved values.

    Parameters
    ----------
    layer : Layer or list of Layer
    unwrap_shared : bool
        Accepted for Lasagne's sake.
    **tags : bool
        As for ``Layer.get_params``: ``trainable=True``, ``regularizable=False``, ...

    Returns
    -------
    list of Parameter
    """
    return utils.unique(p for one in get_all_layers(layer) for p in one.get_params(**tags))


def count_params(layer: Any, **tags: bool) -> int:
    """How many numbers the parameters of a network hold."""
    return sum(math.prod(p.shape) for p in get_all_params(layer, **tags))


def get_all_param_values(layer: Any, **tags: bool) -> list[np.ndarray[Any, Any]]:
    """Copies of the values of :func:`get_all_params`, in its order."""
    return [p.get_value() for p in get_all_params(layer, **tags)]


def set_all_param_values(layer: Any, values: Sequence[Any], **tags: bool) -> None:
    """Set the parameters of a network, in the order of :func:`get_all_params`.

    Raises
    ------
    ValueError
        If the number of values or a shape differs; nothing is set then.
    """
    params = get_all_params(layer, **tags)
    if len(params) != len(values):
        raise ValueError(f"mismatch: got {len(values)} values to set {len(params)} parameters")
    for p, value in zip(params, values, strict=True):
        if p.shape != np.shape(value):
            raise ValueError(
                f"mismatch: parameter has shape {p.shape} but value to set has shape {np.shape(value)}"
            )
    for p, value in zip(params, values, strict=True):
        p.set_value(value)


def get_all_random_states(layer: Any) -> dict[str, dict[str, int]]:
    """The states of all layers that draw random numbers: ``"<position>"`` -> integers.

    The position is that in :func:`get_all_layers`.
    """
    return {
        str(i): one.rng.get_state()
        for i, one in enumerate(get_all_layers(layer))
        if hasattr(one, "rng")
    }


def set_all_random_states(layer: Any, states: Mapping[str, Any]) -> None:
    """Restore what :func:`get_all_random_states` gave.

    Raises
    ------
    ValueError
        If the states are those of another network.
    """
    own = {str(i): one for i, one in enumerate(get_all_layers(layer)) if hasattr(one, "rng")}
    if own.keys() != set(states):
        raise ValueError(
            f"random states are for layers {sorted(states)}, this network draws in {sorted(own)}"
        )
    for key, one in own.items():
        one.rng.set_state(states[key])
