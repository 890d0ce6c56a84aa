"""Walking networks: outputs, layers, shapes, parameters, values, random states."""

from __future__ import annotations

import difflib
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from minitorch import utils
from minitorch.autograd import Tensor, asarray
from minitorch.layers.base import Layer, MergeLayer, walk
from minitorch.layers.evaluate import accepted_kwargs, evaluate, evaluate_kept
from minitorch.layers.input import InputLayer
from minitorch.ops.random import CounterRNG
from minitorch.parameter import Parameter

__all__ = [
    "count_params",
    "get_all_layers",
    "get_all_param_values",
    "get_all_params",
    "get_all_random_states",
    "get_device",
    "get_output",
    "get_output_shape",
    "set_all_param_values",
    "set_all_random_states",
    "to_device",
]


def _listed(layer_or_layers: Any) -> list[Layer]:
    """One layer or several, as a list."""
    found = [layer_or_layers] if isinstance(layer_or_layers, Layer) else layer_or_layers
    if not isinstance(found, Iterable) or isinstance(found, Tensor | str):
        raise TypeError(f"expected a layer or a list of layers, got {layer_or_layers!r}")
    found = list(found)
    for one in found:
        if not isinstance(one, Layer):
            raise TypeError(f"expected a layer or a list of layers, got {one!r} in it")
    return found


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
    return walk(_listed(layer), set(treat_as_input or ()))


def _provided(
    wanted: list[Layer], given: Any, who: str, convert: Callable[[Any], Any]
) -> tuple[dict[Any, Any], list[Layer]]:
    """What the caller provides, by layer, and all layers that are needed then, inputs first."""
    if given is None:
        return {}, walk(wanted)
    if isinstance(given, Mapping):
        for key in given:
            if key is not None and not isinstance(key, Layer):
                raise TypeError(
                    f"{who}: the dictionary's keys are layers (or None, for free-floating ones), "
                    f"found {key!r} of type {type(key).__name__}"
                )
        return {layer: convert(value) for layer, value in given.items()}, walk(wanted, given)
    layers = walk(wanted)
    ends = [one for one in layers if isinstance(one, InputLayer)]
    if len(ends) > 1:
        names = ", ".join(map(repr, ends))
        raise ValueError(
            f"{who} was called with a single input on a network with multiple input layers "
            f"({names}). Please call it with a dictionary {{layer: input}} instead"
        )
    return {end: convert(given) for end in ends}, layers


def get_output(
    layer_or_layers: Any, inputs: Any = None, *, checkpoint: Any = (), **kwargs: Any
) -> Any:
    """The output of one layer, or of several in one pass, computed now.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
        For a list, what is shared is computed once (with one dropout mask).
    inputs : array, Tensor, dict or None
        Data for the only InputLayer; or by layer, where any layer's output may
        be given (what lies below it is not computed) and the key None feeds
        free-floating layers; or None where the input layers hold data.
    checkpoint : iterable of Layer
        Layers whose outputs are kept for the backward; what lies between them is computed
        again there instead (see :func:`minitorch.checkpoint`): less memory, more time.
    **kwargs
        Handed to every layer: ``deterministic=True`` and the like.

    Returns
    -------
    Tensor, or list of Tensor

    Raises
    ------
    ValueError
        If data are missing, or do not have the input layer's shape; if something between
        checkpoints is used beyond them.
    TypeError
        For a dictionary key that is no layer.

    Warns
    -----
    UserWarning
        For keywords that no layer takes, with close names.

    Notes
    -----
    An error that a layer raises carries a note that names the layer, and so do
    the reports of ``NanGuard`` and ``detect_anomaly``.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import DenseLayer, InputLayer, get_output
    >>> net = DenseLayer(InputLayer((None, 4)), 3)
    >>> y = get_output(net, mt.ones((2, 4)))
    >>> y.shape
    (2, 3)
    >>> y.sum().backward()
    >>> net.W.grad.shape
    (4, 3)
    """
    wanted = _listed(layer_or_layers)
    outputs, layers = _provided(wanted, inputs, "get_output()", asarray)
    for layer, value in outputs.items():
        if isinstance(layer, InputLayer):
            layer.check(value)
    if checkpoint:
        evaluate_kept(checkpoint, layers, outputs, kwargs)
    evaluate(walk(wanted, outputs) if checkpoint else layers, outputs, kwargs)
    if kwargs.keys() - {"deterministic"}:
        _warn_unused(kwargs, layers)
    results = [outputs[layer] for layer in wanted]
    return results[0] if isinstance(layer_or_layers, Layer) else results


def _warn_unused(kwargs: Mapping[str, Any], layers: Sequence[Layer]) -> None:
    """Keywords that no layer takes are probably misspelt."""
    accepted = accepted_kwargs(layers)
    hints = []
    for name in sorted(kwargs.keys() - accepted):
        close = difflib.get_close_matches(name, accepted, n=1)
        hints.append(f"{name} (perhaps you meant {close[0]})" if close else name)
    if hints:
        warnings.warn(
            "get_output() was called with unused kwargs:\n\t" + "\n\t".join(hints), stacklevel=3
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
    tuple of (int or None), or list of such

    Raises
    ------
    ValueError
        If a layer does not fit these shapes, or one shape is given for several
        input layers.
    TypeError
        For a dictionary key that is no layer.

    Examples
    --------
    >>> from minitorch.layers import Conv2DLayer, InputLayer, get_output_shape
    >>> net = Conv2DLayer(InputLayer((None, 1, None, None)), 20, 5)
    >>> get_output_shape(net), get_output_shape(net, (8, 1, 28, 28))
    ((None, 20, None, None), (8, 20, 24, 24))
    """
    wanted = _listed(layer_or_layers)
    shapes, layers = _provided(wanted, input_shapes, "get_output_shape()", tuple)
    for layer in layers:
        if layer not in shapes:
            shapes[layer] = _shape_of(layer, shapes)
    results = [shapes[layer] for layer in wanted]
    return results[0] if isinstance(layer_or_layers, Layer) else results


def _shape_of(layer: Any, shapes: Mapping[Any, Any]) -> Any:
    """One layer's output shape from those below it."""
    if isinstance(layer, InputLayer):
        return layer.shape
    several = isinstance(layer, MergeLayer)
    own = layer.input_shapes if several else [layer.input_shape]
    below = [shapes.get(source, s) for source, s in zip(layer.sources(), own, strict=True)]
    return tuple(layer.get_output_shape_for(below if several else below[0]))


def get_all_params(layer: Any, unwrap_shared: bool = True, **tags: bool) -> list[Parameter]:
    """All parameters of a network, each once, in the order of its layers.

    This order is the format of saved values.

    Parameters
    ----------
    layer : Layer or list of Layer
    unwrap_shared : bool
        Give the parameters that expressions (tied weights) are made of.
    **tags : bool
        As for ``Layer.get_params``: ``trainable=True``, ``regularizable=False``, ...

    Returns
    -------
    list of Parameter

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, InputLayer, batch_norm, get_all_params
    >>> net = batch_norm(DenseLayer(InputLayer((None, 4)), 3, name="d"))
    >>> [p.name for p in get_all_params(net, trainable=True)]
    ['d.W', 'd_bn.beta', 'd_bn.gamma']
    """
    return utils.unique(
        p for one in get_all_layers(layer) for p in one.get_params(unwrap_shared, **tags)
    )


def count_params(layer: Any, **tags: bool) -> int:
    """How many numbers the parameters of a network hold.

    Parameters are those of :func:`get_all_params`.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, InputLayer, count_params
    >>> count_params(DenseLayer(InputLayer((None, 4)), 3))
    15
    """
    return sum(math.prod(p.shape) for p in get_all_params(layer, **tags))


def get_all_param_values(layer: Any, **tags: bool) -> list[np.ndarray[Any, Any]]:
    """Copies of the values of :func:`get_all_params`, in its order."""
    return [p.get_value() for p in get_all_params(layer, **tags)]


def set_all_param_values(layer: Any, values: Iterable[Any], **tags: bool) -> None:
    """Set the parameters of a network, in the order of :func:`get_all_params`.

    Parameters
    ----------
    layer : Layer or list of Layer
    values : iterable of array_like
    **tags : bool
        As for :func:`get_all_params`.

    Raises
    ------
    ValueError
        If the number of values or a shape differs; nothing is set then.
    TypeError
        If a value holds no numbers; nothing is set then.

    Examples
    --------
    >>> from minitorch.layers import DenseLayer, get_all_param_values, set_all_param_values
    >>> a, b = DenseLayer((None, 4), 3), DenseLayer((None, 4), 3)
    >>> set_all_param_values(b, get_all_param_values(a))
    >>> bool((a.W == b.W).all())
    True
    """
    params, new = get_all_params(layer, **tags), [asarray(value) for value in values]
    if len(params) != len(new):
        raise ValueError(f"mismatch: got {len(new)} values to set {len(params)} parameters")
    for p, value in zip(params, new, strict=True):
        if p.shape != value.shape:
            raise ValueError(
                f"mismatch: parameter has shape {p.shape} but value to set has shape {value.shape}"
                + (f" ({p.name})" if p.name else "")
            )
    for p, value in zip(params, new, strict=True):
        p.set_value(value)


def _streams(layer: Any) -> dict[str, CounterRNG]:
    """The random streams of all layers, by the layer's place and the attribute's name."""
    found = {}
    for place, one in enumerate(get_all_layers(layer)):
        for name, value in vars(one).items():
            if isinstance(value, CounterRNG):
                found[f"{place}.{name}"] = value
        for name, network in one.networks_inside().items():
            for key, value in _streams(network).items():
                found[f"{place}.{name}.{key}"] = value
    return found


def get_all_random_states(layer: Any) -> dict[str, dict[str, int]]:
    """Where the random streams of all noise layers stand, in plain integers.

    Parameters
    ----------
    layer : Layer or list of Layer

    Returns
    -------
    dict
        ``"<place in get_all_layers>.<attribute>"`` to seed and offset.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import DropoutLayer, InputLayer, get_all_random_states, get_output
    >>> mt.random.seed(0)
    >>> net = DropoutLayer(InputLayer((None, 4)))
    >>> y = get_output(net, mt.ones((2, 4)))
    >>> get_all_random_states(net)
    {'1.rng': {'seed': 209652397, 'offset': 1}}
    """
    return {key: rng.get_state() for key, rng in _streams(layer).items()}


def set_all_random_states(layer: Any, states: Mapping[str, Any]) -> None:
    """Restore what :func:`get_all_random_states` gave.

    Raises
    ------
    ValueError
        If the states are those of another network; nothing is set then.
    """
    streams = _streams(layer)
    if streams.keys() != states.keys():
        raise ValueError(
            f"the state is of another network: it has the noise streams {sorted(states)}, the "
            f"network {sorted(streams)}"
        )
    for key, rng in streams.items():
        rng.set_state(states[key])


def get_device(layer: Any) -> str:
    """The device of a network's parameters; ``"cpu"`` if it has none.

    Parameters
    ----------
    layer : Layer or list of Layer

    Returns
    -------
    str

    Raises
    ------
    RuntimeError
        If they are on several devices.
    """
    found = sorted({p.device for p in get_all_params(layer)})
    if len(found) > 1:
        raise RuntimeError(f"the network's parameters are on several devices: {', '.join(found)}")
    return found[0] if found else "cpu"


def to_device(layer: Any, device: Any) -> Any:
    """Move all parameters of a network to a device, with what update rules keep for them.

    Parameters
    ----------
    layer : Layer or list of Layer
    device : str
        ``"cpu"``, ``"cuda"``, ``"cuda:<index>"`` or ``"emulated"``.

    Returns
    -------
    The same layer or layers; the parameters are the same objects too.

    Raises
    ------
    RuntimeError
        If the device is not there; the message says why. Nothing is moved then.
    ValueError
        For a device that does not exist.

    Examples
    --------
    >>> from minitorch import layers
    >>> net = layers.DenseLayer(layers.InputLayer((None, 3)), 2)
    >>> layers.get_device(layers.to_device(net, "emulated"))
    'emulated'
    """
    asarray(0, device=device)  # fails before anything is moved
    for p in get_all_params(layer):
        p.move_to(device)
    return layer
