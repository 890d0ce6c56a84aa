"""A network's parameters, each with its name in another library and the way between the values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import layers
from minitorch.io.weight_names import naming_of
from minitorch.parameter import Parameter

__all__ = ["Slot", "by_name", "by_order"]

Convert = Callable[[numpy.ndarray], numpy.ndarray]

_DENSE = (layers.DenseLayer, layers.NINLayer)
_CONV = (layers.Conv1DLayer, layers.Conv2DLayer, layers.Conv3DLayer)
_TRANSPOSED = (layers.TransposedConv2DLayer, layers.TransposedConv3DLayer)
# What PyTorch calls the parameters of a layer that has these here.
_ROLES = {
    "W": "weight",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "mean": "running_mean",
    "inv_std": "running_var",
    "alpha": "weight",
}


def _same(array: numpy.ndarray) -> numpy.ndarray:
    return array


def _turned(array: numpy.ndarray) -> numpy.ndarray:
    """Filters turned round: what a correlation does by one, a convolution does by the other."""
    return numpy.flip(array, tuple(range(2, array.ndim)))


def _swapped(array: numpy.ndarray) -> numpy.ndarray:
    return numpy.swapaxes(array, 0, 1)


@dataclass(frozen=True)
class Slot:
    """Where one array goes.

    Parameters
    ----------
    param : Parameter
    label : str
        What reports call it.
    key : str
        The entry's name in the other library.
    shape : tuple of int
        The entry's shape.
    to_ours, to_theirs : callable
    """

    param: Parameter
    label: str
    key: str
    shape: tuple[int, ...]
    to_ours: Convert = _same
    to_theirs: Convert = _same

    def misfit(self, array: numpy.ndarray) -> str:
        """Why an array can't go there; empty if it can."""
        if array.dtype.kind not in "biuf":
            return f"it is {array.dtype}, expected real numbers for {self.label}"
        if not self._fits(array.shape):
            return f"its shape is {array.shape}, expected {self.shape} for {self.label}"
        if self.key.endswith("running_var") and not (array >= 0).all():
            return f"it has values that are no variances, for {self.label}"
        return ""

    def _fits(self, shape: tuple[int, ...]) -> bool:
        """A matrix may come as filters of the whole image, or of 1 x 1."""
        if shape == self.shape or self.to_ours is _same:
            return shape == self.shape
        first = self.shape[:1]
        matrix = len(self.shape) == 2 or len(shape) == 2
        return matrix and shape[:1] == first and math.prod(shape) == math.prod(self.shape)


def by_name(network: Any, scheme: str, flipped: bool = True) -> list[Slot]:
    """The slots of all parameters under the names of a scheme.

    Raises
    ------
    ValueError
        For a scheme that is not known, or does not have this network; for a layer that has
        parameters but no name.
    """
    if scheme == "lasagne":
        return [_own_name(slot) for slot in by_order(network, flipped)]
    every = layers.get_all_layers(network)
    ordered = [layer.name for layer in every if layer.name]
    naming = naming_of(ordered, scheme)
    theirs = naming.names(ordered)
    found = []
    for layer, attribute, param in _params(every):
        if layer.name is None:
            raise ValueError(
                f"weights are found by the layers' names, and {layer!r} has none; give it one, "
                f"or the values in order, by layers.set_all_param_values"
            )
        key = f"{theirs[layer.name]}.{_ROLES.get(attribute, attribute)}"
        whole = bool(naming.as_conv and re.fullmatch(naming.as_conv, layer.name))
        found.append(_slot(layer, attribute, param, key, whole))
    return found


def by_order(network: Any, flipped: bool) -> list[Slot]:
    """The slots of Lasagne's lists; ``flipped`` says whether its filters were turned round."""
    found = []
    every = layers.get_all_layers(network)
    for number, (layer, attribute, param) in enumerate(_params(every)):
        label = param.name or f"{attribute} of {layer!r}"
        conv = attribute == "W" and isinstance(layer, _CONV)
        way = _turned if conv and layer.flip_filters != flipped else _same
        found.append(Slot(param, label, f"array {number}", param.shape, way, way))
    return found


def _own_name(slot: Slot) -> Slot:
    """By the parameter's name here, which is Lasagne's."""
    return Slot(slot.param, slot.label, slot.label, slot.shape, slot.to_ours, slot.to_theirs)


def _params(every: list[Any]) -> Iterator[tuple[Any, str, Parameter]]:
    """Layer, attribute and parameter, in the order of get_all_params, each parameter once."""
    seen = set()
    for layer in every:
        for param in layer.get_params():
            if id(param) not in seen:
                seen.add(id(param))
                named = (name for name, value in vars(layer).items() if value is param)
                label = (param.name or "").rpartition(".")[2] or "parameter"
                yield layer, next(named, label), param


def _slot(layer: Any, attribute: str, param: Parameter, key: str, whole: bool) -> Slot:
    """PyTorch's side of a parameter."""
    label, shape = param.name or key, param.shape
    if attribute == "W" and isinstance(layer, _DENSE):
        inputs = [n for n in layer.input_shape[1:] if n is not None] if whole else []
        theirs = (shape[1], *(inputs if len(inputs) > 1 else (shape[0], 1, 1)[: 3 if whole else 1]))
        return Slot(
            param, label, key, theirs,
            lambda a: a.reshape(shape[1], -1).T,
            lambda a: a.T.reshape(theirs),
        )  # fmt: skip
    if attribute == "W" and isinstance(layer, layers.DilatedConv2DLayer):
        swapped = (shape[1], shape[0], *shape[2:])
        return Slot(param, label, key, swapped, _swapped, _swapped)
    if attribute == "W" and isinstance(layer, _CONV) and layer.flip_filters:
        return Slot(param, label, key, shape, _turned, _turned)
    if attribute == "W" and isinstance(layer, _TRANSPOSED) and not layer.flip_filters:
        return Slot(param, label, key, shape, _turned, _turned)
    if attribute == "inv_std":
        return Slot(
            param, label, key, shape,
            lambda a: (a.astype(numpy.float64) + layer.epsilon) ** -0.5,
            lambda a: _variance(a, layer.epsilon),
        )  # fmt: skip
    return Slot(param, label, key, shape)


def _variance(inv_std: numpy.ndarray, epsilon: float) -> numpy.ndarray:
    """The variance of which 1 / sqrt(variance + epsilon) was kept."""
    wide = inv_std.astype(numpy.float64) ** -2 - epsilon
    return numpy.maximum(wide, 0).astype(inv_std.dtype)
