"""What every layer is: inputs, parameters with tags, a shape rule and an output."""

from __future__ import annotations

import reprlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from minitorch import utils
from minitorch.autograd import Tensor
from minitorch.parameter import Parameter

__all__ = ["Layer", "MergeLayer", "Shape"]

# Lengths of the axes; None where it is only known with the data.
Shape = tuple[int | None, ...]


def _check_shape(shape: Any, layer: Any) -> None:
    if any(length is not None and length <= 0 for length in shape):
        raise ValueError(
            f"Cannot create Layer with a non-positive input_shape dimension. "
            f"input_shape={tuple(shape)!r}, self.name={layer.name!r}"
        )


def _chain(layer: Any) -> list[Any]:
    """The layers that lead to this one along first inputs, from the input on."""
    found: list[Any] = []
    while layer is not None and len(found) < 12:
        found.append(layer)
        layer = next(iter(layer._incoming()), None)
    return found[::-1]


def describe_chain(layer: Any) -> str:
    """A table of the layers above with their shapes, for error messages."""
    rows = [
        f"    {type(one).__name__:<22} {one.name or '':<12} {one.output_shape}"
        for one in _chain(layer)
    ]
    return "\n".join(["the layers above it:", *rows]) if rows else ""


class Layer:
    """Base class of all layers with one input.

    Parameters
    ----------
    incoming : Layer or tuple
        The layer that feeds this one, or the shape of its input (a
        "free-floating" layer).
    name : str, optional
        Parameters are named ``<name>.<parameter>``; reports name the layer.

    Attributes
    ----------
    input_layer : Layer or None
    input_shape : tuple
    params : OrderedDict of Parameter to set of str
        The parameters and their tags.

    Raises
    ------
    ValueError
        If an input length is not positive, or the shapes do not fit: with the
        table of the layers above.
    """

    def __init__(self, incoming: Any, name: str | None = None) -> None:
        self.name = name
        self.params: OrderedDict[Parameter, set[str]] = OrderedDict()
        self.get_output_kwargs: list[str] = []
        if isinstance(incoming, tuple):
            self.input_shape: Any = incoming
            self.input_layer: Layer | None = None
        elif isinstance(incoming, Layer):
            self.input_shape = incoming.output_shape
            self.input_layer = incoming
        else:
            raise TypeError(
                f"{type(self).__name__}: incoming is a Layer or a shape tuple, not "
                f"{reprlib.repr(incoming)}"
            )
        _check_shape(self.input_shape, self)

    def _incoming(self) -> list[Any]:
        """The layers that feed this one."""
        return [] if self.input_layer is None else [self.input_layer]

    def _fail(self, rule: str, change: str) -> ValueError:
        """A shape error: the layer, the rule that failed, what would fit, the layers above."""
        above = "\n".join(describe_chain(one) for one in self._incoming()[:1])
        label = type(self).__name__ + (f" {self.name!r}" if self.name else "")
        return ValueError(f"{label}: {rule}. {change}" + (f"\n{above}" if above else ""))

    def _settings(self) -> dict[str, Any]:
        """Hyper-parameters that ``repr`` shows."""
        return {}

    def __repr__(self) -> str:
        parts = [f"{k}={v!r}" for k, v in self._settings().items()]
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    @property
    def output_shape(self) -> Shape:
        """Shape of the output, None for unknown lengths."""
        shape = self.get_output_shape_for(self.input_shape)
        if any(not (length is None or hasattr(length, "__index__")) for length in shape):
            raise ValueError(
                f"{type(self).__name__} returned an output shape of {shape!r}, which is not a tuple of "
                f"integers and None; mend its get_output_shape_for"
            )
        return tuple(shape)

    def get_params(self, unwrap_shared: bool = True, **tags: bool) -> list[Parameter]:
        """The layer's parameters in the order of their registration.

        Parameters
        ----------
        unwrap_shared : bool
            Accepted for Lasagne's sake.
        **tags : bool
            ``tag=True`` keeps those that have all such tags, ``tag=False`` those
            that have none.
        """
        wanted = {tag for tag, value in tags.items() if value}
        unwanted = {tag for tag, value in tags.items() if not value}
        return [p for p, have in self.params.items() if wanted <= have and not unwanted & have]

    def add_param(self, spec: Any, shape: Any, name: str | None = None, **tags: bool) -> Parameter:
        """Register a parameter.

        Parameters
        ----------
        spec : Parameter, array, number or callable
            See :func:`minitorch.utils.create_param`; a Parameter is shared.
        shape : tuple of int
        name : str, optional
        **tags : bool
            ``trainable`` and ``regularizable`` are True unless said otherwise.

        Returns
        -------
        Parameter
        """
        given = {"trainable": True, "regularizable": True, **tags}
        if name is not None and self.name is not None:
            name = f"{self.name}.{name}"
        param = utils.create_param(spec, shape, name, trainable=given["trainable"])
        self.params[param] = {tag for tag, value in given.items() if value}
        return param

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The output's shape for an input of ``input_shape``; by default the same."""
        return input_shape

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The output for an input; every layer accepts keywords that are not for it."""
        raise NotImplementedError


class MergeLayer(Layer):
    """Base class of layers with several inputs.

    Parameters
    ----------
    incomings : list of Layer or tuple
    name : str, optional

    Attributes
    ----------
    input_layers : list of (Layer or None)
    input_shapes : list of tuple
    """

    def __init__(self, incomings: Sequence[Any], name: str | None = None) -> None:
        self.name = name
        self.params = OrderedDict()
        self.get_output_kwargs = []
        self.input_layers: list[Layer | None] = [
            None if isinstance(one, tuple) else one for one in incomings
        ]
        self.input_shapes: list[Any] = [
            one if isinstance(one, tuple) else one.output_shape for one in incomings
        ]
        for shape in self.input_shapes:
            _check_shape(shape, self)

    def _incoming(self) -> list[Any]:
        return [one for one in self.input_layers if one is not None]

    @property
    def output_shape(self) -> Shape:
        """Shape of the output, None for unknown lengths."""
        return tuple(self.get_output_shape_for(self.input_shapes))

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """The output's shape for a list of input shapes."""
        raise NotImplementedError

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The output for a list of inputs."""
        raise NotImplementedError
