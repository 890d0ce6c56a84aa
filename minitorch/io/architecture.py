"""How the layers of a network are made, in words that JSON can hold, and made again from them.

A layer is written as its kind and its constructor's arguments. An argument is written
as a tagged value: ``{"layer": 3}`` is the fourth layer, ``{"parameter": 0}`` a parameter,
``{"function": "rectify"}`` a function of the library. Names are looked up in tables, here
and in what the caller gives; nothing is imported by name.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from minitorch import init, layers, nonlinearities
from minitorch.autograd import Tensor, find_op, registry
from minitorch.io.arrays import FileFormatError
from minitorch.models import freeze
from minitorch.parameter import Parameter, ParamExpr, expression_of, replay

__all__ = ["describe", "rebuild"]

# Attributes in which a layer's present state, not its birth, is what to write:
# batch_norm and the like take them away from a finished layer.
_STOLEN = ("nonlinearity", "b")
_PLAIN = (str, bool, int, float, type(None))


def _tables() -> dict[str, Any]:
    """Everything that a file may name, by name."""
    found: dict[str, Any] = {}
    for module in (init, nonlinearities, layers):
        names = getattr(module, "__all__", None) or dir(module)
        found |= {n: getattr(module, n) for n in names if n in vars(module) and n[0] != "_"}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, type) or inspect.isfunction(value)
    }


def describe(network: Any, params: list[Parameter]) -> dict[str, Any]:
    """The layers as records, which of them are the outputs, and arrays that they were given.

    Parameters that the network does not list, but was given, are appended to ``params``.
    """
    writer = _Writer(params)
    for layer in layers.get_all_layers(network):
        writer.place_of(layer)
    single = isinstance(network, layers.Layer)
    outputs = [writer.place_of(one) for one in ([network] if single else network)]
    return {
        "layers": writer.records,
        "outputs": outputs[0] if single else outputs,
        "constants": writer.constants,
    }


class _Writer:
    """Turns layers into records; those that an argument brings along are placed first."""

    def __init__(self, params: list[Parameter]) -> None:
        self.params = {id(p): i for i, p in enumerate(params)}
        self.places: dict[Any, int] = {}
        self.records: list[dict[str, Any]] = []
        self.constants: dict[str, numpy.ndarray] = {}
        self.names = {id(value): name for name, value in _tables().items()}

    def place_of(self, layer: Any) -> int:
        """The layer's number."""
        if layer not in self.places:
            arguments = {}
            for name, value in _arguments_of(layer).items():
                try:
                    arguments[name] = self.written(value)
                except TypeError as error:
                    raise TypeError(
                        f"save: {layer!r} was given {name}={value!r}, which a file cannot "
                        f"describe: {error}"
                    ) from None
            self.places[layer] = len(self.records)
            own = [self.params.get(id(p)) for p in layer.get_params(unwrap_shared=False)]
            record = {"kind": type(layer).__name__, "arguments": arguments, "parameters": own}
            self.records.append({**record, "frozen": True} if layer.frozen else record)
        return self.places[layer]

    def written(self, value: Any) -> Any:
        """One argument, as JSON."""
        if isinstance(value, float) and not math.isfinite(value):
            return {"float": repr(value)}
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, numpy.generic):
            return self.written(value.item())
        if isinstance(value, list):
            return [self.written(v) for v in value]
        if isinstance(value, tuple):
            return {"tuple": [self.written(v) for v in value]}
        if isinstance(value, dict):
            return {"dict": [[self.written(k), self.written(v)] for k, v in value.items()]}
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if value is Ellipsis:
            return {"ellipsis": None}
        if isinstance(value, layers.Layer):
            return {"layer": self.place_of(value)}
        return self._number_or_named(value)

    def _number_or_named(self, value: Any) -> Any:
        """Parameters, expressions of them, arrays, functions, objects."""
        if isinstance(value, Parameter):
            if id(value) not in self.params:
                return self._constant(value.numpy())
            return {"parameter": self.params[id(value)]}
        value = expression_of(value)
        if isinstance(value, ParamExpr):
            return self._expression(value)
        if isinstance(value, Tensor | numpy.ndarray):
            return self._constant(value.numpy() if isinstance(value, Tensor) else value)
        if id(value) in self.names:
            return {"function": self.names[id(value)]}
        if inspect.isfunction(value) or isinstance(value, type):
            if value.__name__ == "<lambda>":
                raise TypeError("a lambda has no name; define a function, and give it to load")
            return {"function": value.__name__}
        if registry.get(getattr(value, "name", None)) is value:
            return {"op": value.name}
        return self._object(value)

    def _object(self, value: Any) -> Any:
        """An object as its kind and its attributes."""
        if not hasattr(value, "__dict__"):
            raise TypeError(f"a {type(value).__name__} is no layer, array, number or function")
        attributes = {name: self.written(v) for name, v in vars(value).items()}
        return {"object": type(value).__name__, "attributes": attributes}

    def _expression(self, value: ParamExpr) -> Any:
        """Tied weights: the parameter and the view ops."""
        path = getattr(value.function, "path", None)
        if path is None:
            raise TypeError(
                "the function of a ParamExpr has no name in a file; views (W=other.W.T) do"
            )
        ops = [[view_op.name, self.written(dict(static))] for view_op, static in path]
        return {"view of": self.written(value.params[0]), "by": ops}

    def _constant(self, value: Any) -> Any:
        array = numpy.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"an array of {array.dtype} is none of numbers")
        key = f"{len(self.constants):03d}"
        self.constants[key] = array
        return {"array": key}


def _arguments_of(layer: Any) -> dict[str, Any]:
    """The constructor's arguments; parameters that the layer has take the place of their origin."""
    args, kwargs = layer.creation
    signature = inspect.signature(type(layer).__init__)
    bound = signature.bind(layer, *args, **kwargs)
    bound.apply_defaults()
    found = dict(list(bound.arguments.items())[1:])
    for p in signature.parameters.values():
        if p.kind is p.VAR_KEYWORD:
            found |= found.pop(p.name, {})
        elif p.kind is p.VAR_POSITIONAL and found.pop(p.name, ()):
            raise TypeError(f"save: {layer!r} takes *{p.name}, whose names are not known")
    for name in found:
        now = vars(layer).get(name)
        if isinstance(now, Parameter) or (name in _STOLEN and name in vars(layer)):
            found[name] = now
    if "input_var" in found:
        found["input_var"] = None  # data are no part of an architecture
    return found


# -- and back ---------------------------------------------------------------------------


def rebuild(
    description: Mapping[str, Any],
    params: Sequence[Parameter],
    constants: Mapping[str, numpy.ndarray],
    known: Sequence[Any],
) -> Any:
    """The network that :func:`describe` described; FileFormatError for unknown names."""
    reader = _Reader(params, constants, known)
    for record in description["layers"]:
        reader.add(record)
    outputs = description["outputs"]
    if isinstance(outputs, int):
        return reader.layers[outputs]
    return [reader.layers[i] for i in outputs]


class _Reader:
    """Turns records into layers."""

    def __init__(
        self,
        params: Sequence[Parameter],
        constants: Mapping[str, numpy.ndarray],
        known: Sequence[Any],
    ) -> None:
        self.params, self.constants = list(params), constants
        self.given: set[int] = set()  # parameters that some layer has, by number
        self.names = _tables() | {one.__name__: one for one in known}
        self.layers: list[Any] = []

    def add(self, record: Mapping[str, Any]) -> None:
        """Make the next layer."""
        kind = self._named(record["kind"])
        if not (isinstance(kind, type) and issubclass(kind, layers.Layer)):
            raise FileFormatError(f"{record['kind']!r} is no kind of layer")
        arguments = {name: self.read(value) for name, value in record["arguments"].items()}
        layer = kind(**arguments)
        own = layer.get_params(unwrap_shared=False)
        for p, place in zip(own, record["parameters"], strict=True):
            if place is not None and p is not self.params[place]:
                self._adopt(place, p)
            self.given.add(place)
        if record.get("frozen"):
            freeze(layer)
        self.layers.append(layer)

    def _adopt(self, place: int, p: Parameter) -> None:
        """A parameter that a layer has made by itself takes the place of the saved one."""
        saved = self.params[place]
        if p.shape != saved.shape or place in self.given:
            raise FileFormatError(
                f"a layer makes {p!r} where the file has {saved!r}"
                + (", which another layer has already" if place in self.given else "")
            )
        p.data, p.name, p.requires_grad = saved.data, saved.name, saved.requires_grad
        self.params[place] = p

    def _named(self, name: str) -> Any:
        if name not in self.names:
            raise FileFormatError(
                f"it needs {name!r}, which is none of minitorch's; give it as "
                f"load(path, known=[{name}])"
            )
        return self.names[name]

    def read(self, value: Any) -> Any:
        """One argument."""
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, list):
            return [self.read(v) for v in value]
        tag, content = next(iter(value.items()))
        if tag == "object":
            return self._object(content, value["attributes"])
        if tag == "view of":
            path = [(_view_op(name), self.read(static)) for name, static in value["by"]]
            return replay(self.read(content), path)
        return getattr(self, f"_read_{tag}")(content)

    def _read_tuple(self, content: list[Any]) -> tuple[Any, ...]:
        return tuple(self.read(v) for v in content)

    def _read_dict(self, content: list[Any]) -> dict[Any, Any]:
        return {self.read(k): self.read(v) for k, v in content}

    def _read_float(self, content: str) -> float:
        return float(content)

    def _read_slice(self, content: list[Any]) -> slice:
        return slice(*content)

    def _read_ellipsis(self, content: None) -> Any:
        return Ellipsis

    def _read_layer(self, content: int) -> Any:
        return self.layers[content]

    def _read_parameter(self, content: int) -> Any:
        return self.params[content]

    def _read_array(self, content: str) -> Any:
        return numpy.array(self.constants[content])

    def _read_op(self, content: str) -> Any:
        return find_op(content)

    def _read_function(self, content: str) -> Any:
        return self._named(content)

    def _object(self, name: str, attributes: Mapping[str, Any]) -> Any:
        """An object of a known class, its attributes set and its constructor not called."""
        kind = self._named(name)
        if not isinstance(kind, type) or issubclass(kind, layers.Layer):
            raise FileFormatError(f"{name!r} is no class of plain objects")
        made = object.__new__(kind)
        for key, value in attributes.items():
            vars(made)[key] = self.read(value)
        return made


def _view_op(name: str) -> Any:
    found = find_op(name)
    if not getattr(found, "view", False):
        raise FileFormatError(f"{name!r} is no op that gives a view")
    return found
