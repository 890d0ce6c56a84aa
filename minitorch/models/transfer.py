"""Transfer learning: cut a network, put another head on it, keep layers as they are.

Its three forms, with a network that has been trained on something larger:

1. retrain all: ``replace_head``, then train as usual;
2. a frozen body and a new head, then fine-tuning: ``replace_head`` and ``freeze``, train,
   ``unfreeze``, train with a smaller rate;
3. features for another classifier, such as a linear support vector machine:
   ``get_output(truncate(network, "fc7"), images, deterministic=True)``.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from minitorch.layers import DenseLayer, DropoutLayer, Layer, get_all_layers
from minitorch.nonlinearities import softmax
from minitorch.parameter import Parameter
from minitorch.utils import did_you_mean

__all__ = ["freeze", "named_layers", "replace_head", "truncate", "unfreeze"]

# How layers that make features call the number of them.
_COUNTS = ("num_units", "num_filters")


def named_layers(network: Any) -> dict[str, Layer]:
    """The layers of a network that have names, by these, inputs first.

    Parameters
    ----------
    network : Layer or list of Layer

    Returns
    -------
    dict of str to Layer

    Raises
    ------
    ValueError
        If two layers share a name.

    Examples
    --------
    >>> from minitorch.models import build
    >>> named_layers(build("lenet"))["conv2"].output_shape
    (None, 50, 8, 8)
    """
    found: dict[str, Layer] = {}
    for layer in get_all_layers(network):
        if layer.name is not None and found.setdefault(layer.name, layer) is not layer:
            raise ValueError(f"two layers are called {layer.name!r}: {found[layer.name]}, {layer}")
    return found


def truncate(network: Any, name: str) -> Layer:
    """The network up to a layer: that layer.

    Parameters
    ----------
    network : Layer or list of Layer
    name : str
        The last layer to keep.

    Returns
    -------
    Layer
        Not a copy: its parameters are the network's.

    Raises
    ------
    ValueError
        If there is no such layer, with close names; if there are two.

    Examples
    --------
    >>> from minitorch.models import build
    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     vgg19 = build("vgg19")
    >>> truncate(vgg19, "pool5").output_shape
    (None, 512, 7, 7)
    """
    found = named_layers(network)
    if name not in found:
        hint = did_you_mean(name, found, otherwise="its layers are")
        raise ValueError(f"truncate: the network has no layer {name!r}; {hint}")
    return found[name]


def replace_head(
    network: Any,
    num_classes: int,
    after: str | None = None,
    hidden: Sequence[int] = (),
    dropout: float = 0.5,
) -> Any:
    """A network for other classes on the body of this one.

    Parameters
    ----------
    network : Layer or list of Layer
        For a list, such as GoogLeNet with its auxiliary heads, every head is replaced.
    num_classes : int
    after : str, optional
        The last layer to keep; dense layers are put on it. By default only the last layer with
        weights is replaced, by one of its kind for ``num_classes``, and what lies behind it is
        made again.
    hidden : sequence of int
        With ``after``: units of rectified layers before the last.
    dropout : float
        With ``hidden``: the probability to drop one of these units.

    Returns
    -------
    Layer or list of Layer
        The new output. The body is not a copy: its parameters are the old network's, which
        still works. The new layers' weights are drawn anew.

    Raises
    ------
    ValueError
        If there is no layer ``after``, or none that can be replaced; for ``hidden`` without
        ``after``.

    Examples
    --------
    >>> from minitorch.layers import get_all_layers
    >>> from minitorch.models import build
    >>> network = build("lenet")
    >>> replace_head(network, 3)
    DenseLayer(num_units=3, nonlinearity=softmax, name='output')

    The lecture's: VGG-19 up to pool5, FC1024 with dropout, FC21.

    >>> from minitorch.parameter import without_values
    >>> with without_values():
    ...     network = replace_head(build("vgg19"), 21, after="pool5", hidden=[1024])
    >>> [one.name for one in get_all_layers(network)][-4:]
    ['pool5', 'head.fc1', 'head.drop1', 'head.fc2']
    """
    if after is None and hidden:
        raise ValueError("replace_head: hidden layers need a place; give after='pool5' or the like")
    if not isinstance(network, Layer) and after is None:
        return [replace_head(one, num_classes) for one in network]
    if after is None:
        return _with_other_classes(network, num_classes)
    net = truncate(network, after)
    for number, units in enumerate(hidden, start=1):
        net = DenseLayer(net, units, name=f"head.fc{number}")
        if dropout > 0:
            net = DropoutLayer(net, p=dropout, name=f"head.drop{number}")
    return DenseLayer(net, num_classes, nonlinearity=softmax, name=f"head.fc{len(hidden) + 1}")


def _with_other_classes(network: Layer, num_classes: int) -> Layer:
    """The last layer with weights for another number of classes, and the ones behind it again."""
    behind: list[Layer] = []
    layer: Any = network
    while layer is not None and not any(hasattr(layer, count) for count in _COUNTS):
        behind.append(layer)
        below = layer.sources()
        layer = below[0] if len(below) == 1 else None
    if layer is None:
        raise ValueError(
            f"replace_head: found no dense or convolutional layer below {network} before the "
            f"network branches or ends; give after=, the last layer to keep"
        )
    count = next(name for name in _COUNTS if hasattr(layer, name))
    net = _again(layer, layer.input_layer or layer.input_shape, {count: num_classes})
    for one in reversed(behind):
        net = _again(one, net, {})
    return net


def _again(layer: Layer, incoming: Any, changes: dict[str, Any]) -> Layer:
    """A layer made as this one was, on another one, its parameters drawn anew."""
    args, kwargs = layer.creation
    signature = inspect.signature(type(layer).__init__)
    arguments = dict(list(signature.bind(layer, *args, **kwargs).arguments.items())[1:])
    for p in signature.parameters.values():
        if p.kind is p.VAR_KEYWORD:
            arguments |= arguments.pop(p.name, {})
    own = vars(layer)
    for name in list(arguments):
        # What was loaded, or given as an array, has the old shape: the default begins it.
        if own.get(name) in layer.params and not callable(arguments[name]):
            del arguments[name]
    # batch_norm and the like take these away from a finished layer.
    taken = {name: own[name] for name in ("nonlinearity", "b") if name in own}
    if taken.get("b", 0) is not None:
        taken.pop("b", None)
    entrance = next(iter(list(signature.parameters)[1:]))
    made: Layer = type(layer)(**{**arguments, **taken, **changes, entrance: incoming})
    return made


def freeze(layers: Layer | Iterable[Layer]) -> None:
    """Keep layers as they are: their parameters are trained no longer.

    Parameters
    ----------
    layers : Layer or iterable of Layer
        Exactly these; ``get_all_layers(truncate(network, "pool5"))`` gives all up to one.

    Raises
    ------
    TypeError
        For something that is no layer.

    Notes
    -----
    The parameters' tag ``trainable`` gives way to ``frozen`` (so that
    ``get_all_params(trainable=True)`` leaves them out), and they ask for no gradient: the
    backward does not go below the first layer that is trained. A normalisation that is frozen
    goes by its averages, in training too, and leaves them alone; those of other layers go on.
    Dropout in a frozen body still drops. A parameter that a layer shares with one that is not
    frozen is frozen for both, so freeze both. :func:`unfreeze` takes all that back, and
    ``io.save`` remembers it.

    Examples
    --------
    >>> from minitorch.layers import get_all_layers, get_all_params
    >>> from minitorch.models import build
    >>> network = replace_head(build("lenet"), 3)
    >>> freeze(get_all_layers(truncate(network, "dense")))
    >>> get_all_params(network, trainable=True)
    [<Parameter output.W: (256, 3) float32>, <Parameter output.b: (3,) float32>]
    >>> unfreeze(get_all_layers(network))
    >>> len(get_all_params(network, trainable=True))
    8
    """
    for layer in _each(layers, "freeze"):
        for param, tags in layer.params.items():
            if "trainable" in tags:
                tags.remove("trainable")
                tags.add("frozen")
                if isinstance(param, Parameter):
                    param.requires_grad, param.grad = False, None
        layer.frozen = True


def unfreeze(layers: Layer | Iterable[Layer]) -> None:
    """Train again what :func:`freeze` froze; other parameters are left as they are.

    Parameters and errors are those of :func:`freeze`.
    """
    for layer in _each(layers, "unfreeze"):
        for param, tags in layer.params.items():
            if "frozen" in tags:
                tags.remove("frozen")
                tags.add("trainable")
                if isinstance(param, Parameter):
                    param.requires_grad = True
        layer.frozen = False


def _each(layers: Any, who: str) -> list[Layer]:
    found = [layers] if isinstance(layers, Layer) else layers
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise TypeError(f"{who}: expected a layer or layers, got {layers!r}")
    found = list(found)
    for one in found:
        if not isinstance(one, Layer):
            raise TypeError(
                f"{who}: expected layers, got {one!r}; truncate(network, name) finds one"
            )
    return found
