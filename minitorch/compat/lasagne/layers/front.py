"""Minitorch's layers, with parameters that record and placeholders as inputs.

Every layer class of ``minitorch.layers`` has a subclass here of the same name. What a layer
computes is minitorch's; when it computes is ``theano.function``'s matter.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from minitorch import layers as core
from minitorch.autograd import is_grad_enabled
from minitorch.compat.lasagne.tracing import on_expressions, traced
from minitorch.compat.lasagne.utils import collect_shared_vars
from minitorch.compat.theano.expression import Expression, is_running, items_of, parts
from minitorch.compat.theano.placeholder import Placeholder
from minitorch.compat.theano.plan import Plan
from minitorch.compat.theano.shared import SharedData, adopt
from minitorch.parameter import ParamExpr

# -- layers -----------------------------------------------------------------------------


class Layer(core.Layer):
    """Base class of layers; see :class:`minitorch.layers.Layer`.

    The ``get_output_for`` of a script's own layers is given expressions, as it was written
    for, whenever a function runs; what it returns is computed at once.

    Examples
    --------
    >>> class MeanLayer(Layer):
    ...     def get_output_for(self, input, **kwargs):
    ...         return input.mean(axis=1).dimshuffle(0, "x")
    ...     def get_output_shape_for(self, input_shape):
    ...         return (input_shape[0], 1)
    >>> l_in = InputLayer((None, 2))
    >>> get_output(MeanLayer(l_in)).eval({l_in.input_var: [[1.0, 2.0]]})
    array([[1.5]], dtype=float32)
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls).get("get_output_for")
        if own is not None and not hasattr(own, "takes_both"):
            cls.get_output_for = traced(own)

    def add_param(self, spec: Any, shape: Any, name: str | None = None, **tags: bool) -> Any:
        """Register a parameter; an expression of shared variables ties the weights."""
        if isinstance(spec, Expression):
            spec = _tied(spec)
        return adopt(super().add_param(spec, shape, name, **tags))


def _tied(expression: Expression) -> ParamExpr:
    """An expression of shared variables, computed anew wherever a layer uses it."""
    plan = Plan([expression])
    if plan.placeholders:
        raise TypeError(
            f"a parameter is an expression of shared variables, {expression!r} needs "
            f"{plan.placeholders[0]!r}"
        )

    def compute(*_: Any) -> Any:
        return plan.run({}, record=is_grad_enabled())[expression]

    return ParamExpr(compute, *collect_shared_vars(expression))


class InputLayer(Layer, core.InputLayer):
    """A place for data: a placeholder, one of its own if none is given.

    Parameters
    ----------
    shape : tuple of (int or None)
    input_var : Expression, SharedVariable or array, optional
    name : str, optional

    Attributes
    ----------
    input_var : Expression, SharedVariable or Tensor

    Raises
    ------
    ValueError
        If a placeholder has another number of axes.

    Examples
    --------
    >>> InputLayer((None, 1, 28, 28)).input_var
    <Placeholder input: float32, 4 axes>
    """

    def __init__(
        self, shape: Any, input_var: Any = None, name: str | None = None, **kwargs: Any
    ) -> None:
        known = None if isinstance(input_var, Expression) else input_var
        super().__init__(shape, known, name, **kwargs)
        if isinstance(input_var, Placeholder) and input_var.ndim != len(self.shape):
            raise ValueError(
                f"shape has {len(self.shape)} dimensions, but variable has {input_var.ndim}"
            )
        if input_var is None:
            label = "input" if name is None else f"{name}.input"
            input_var = Placeholder("floatX", len(self.shape), label)
        if isinstance(input_var, Expression):
            self.input_var: Any = input_var


class ReshapeLayer(Layer, core.ReshapeLayer):
    """See :class:`minitorch.layers.ReshapeLayer`; lengths may be expressions.

    Attributes
    ----------
    lengths : dict of SharedVariable to Expression
        The places in the shape that ``get_output`` fills in.
    """

    def __init__(self, incoming: Any, shape: Any, **kwargs: Any) -> None:
        self.lengths: dict[Any, Expression] = {}
        super().__init__(incoming, tuple(self._place(entry) for entry in shape), **kwargs)

    def _place(self, entry: Any) -> Any:
        if not isinstance(entry, Expression):
            return entry
        place = SharedData(1, "length")
        self.lengths[place] = entry
        return place


class ExpressionLayer(Layer, core.ExpressionLayer):
    """See :class:`minitorch.layers.ExpressionLayer`; the function is given expressions."""

    def __init__(
        self, incoming: Any, function: Any, output_shape: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(incoming, traced(function), output_shape, **kwargs)


_PACKAGE = "minitorch.compat.lasagne.layers"
_KINDS: dict[type, type] = {
    core.Layer: Layer,
    core.InputLayer: InputLayer,
    core.ReshapeLayer: ReshapeLayer,
    core.ExpressionLayer: ExpressionLayer,
}


def _kind(kind: type) -> type:
    """The subclass here of a layer class of minitorch."""
    if kind not in _KINDS:
        below = [_kind(base) for base in kind.__bases__ if issubclass(base, core.Layer)]
        settings: dict[str, Any] = {
            "__doc__": kind.__doc__,
            "__module__": "minitorch.compat.lasagne.layers",
        }
        if "get_output_for" in vars(kind):
            settings["get_output_for"] = on_expressions(vars(kind)["get_output_for"])
        _KINDS[kind] = type(kind.__name__, (*below, kind), settings)
    return _KINDS[kind]


def _adopted(make: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes layers, whose layers become those of this module."""

    @functools.wraps(make)
    def call(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        for layer in core.get_all_layers(made):
            if not isinstance(layer, Layer):
                layer.__class__ = _kind(type(layer))
            for param in layer.params:
                adopt(param)
        return made

    return call


# Functions that make layers of minitorch's classes.
_MAKERS = {
    "batch_norm", "batch_norm_dnn", "bc01_to_c01b", "c01b_to_bc01", "dropout_channels",
    "dropout_locations", "instance_norm", "layer_norm", "prelu", "rrelu", "spatial_dropout",
    "standardize",
}  # fmt: skip


def recording(module: Any) -> dict[str, Any]:
    """What a module of ``minitorch.layers`` exports, its layers as those of this file."""
    made: dict[str, Any] = {}
    for name in getattr(module, "__all__", dir(module)):
        value = getattr(module, name)
        if isinstance(value, type) and issubclass(value, core.Layer):
            made[name] = _kind(value)
        elif not name.startswith("_") and not inspect.ismodule(value):
            made[name] = _adopted(value) if name in _MAKERS else value
    return made


# -- outputs ------------------------------------------------------------------------------


def get_all_params(layer: Any, unwrap_shared: bool = True, **tags: bool) -> list[Any]:
    """All parameters of a network, as shared variables; see minitorch's."""
    return [adopt(p) for p in core.get_all_params(layer, unwrap_shared, **tags)]


def get_output(layer_or_layers: Any, inputs: Any = None, **kwargs: Any) -> Any:
    """The output of one layer, or of several, as an expression.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
    inputs : Expression, array, dict or None
        In the place of the input layers' variables, or by layer.
    **kwargs
        Handed to every layer: ``deterministic=True`` and the like.

    Returns
    -------
    Expression, or list of Expression

    Raises
    ------
    TypeError
        For a dictionary key that is no layer.
    ValueError, TypeError
        When the function is called: as :func:`minitorch.layers.get_output`.

    Examples
    --------
    >>> net = NAMES["DenseLayer"](InputLayer((None, 3)), 2)
    >>> get_output(net)
    <Expression get_output>
    """
    if is_running():
        return core.get_output(layer_or_layers, inputs, **kwargs)
    several = not isinstance(layer_or_layers, core.Layer)
    wanted = list(layer_or_layers) if several else [layer_or_layers]
    given = inputs if isinstance(inputs, Mapping) else {}
    for key in given:
        if key is not None and not isinstance(key, core.Layer):
            raise TypeError(
                f"get_output(): the dictionary's keys are layers (or None, for free-floating "
                f"ones), found {key!r} of type {type(key).__name__}"
            )
    used = core.get_all_layers(wanted, treat_as_input=[key for key in given if key is not None])
    if inputs is None or given:
        inputs = {**_variables(used), **given} or None
    shapes = [one.lengths for one in used if isinstance(one, ReshapeLayer)]
    lengths = [pair for found in shapes for pair in found.items()]
    node = Expression(_outputs, (wanted, inputs, lengths), kwargs)
    node.name = "get_output"
    found = items_of(node, len(wanted))
    for layer, one in zip(wanted, found, strict=True):
        one.name = "get_output" if layer.name is None else f"get_output({layer.name})"
    return found if several else found[0]


def _variables(used: list[Any]) -> dict[Any, Any]:
    """What feeds the input layers that were not given anything."""
    ends = [one for one in used if isinstance(one, core.InputLayer)]
    return {one: one.input_var for one in ends if next(parts(one.input_var), None) is not None}


def _outputs(wanted: list[Any], inputs: Any, lengths: Any, **kwargs: Any) -> list[Any]:
    """The outputs now, after filling in lengths that are known now."""
    for place, length in lengths:
        place.set_value(length)
    found: list[Any] = core.get_output(wanted, inputs, **kwargs)
    return found


NAMES = recording(core) | {"get_all_params": get_all_params, "get_output": get_output}
