"""Layers that apply a function, shift and scale, or run another layer backwards."""

from __future__ import annotations

from typing import Any

from minitorch import nonlinearities, ops
from minitorch.autograd import Tensor, enable_grad, grad, is_grad_enabled, no_grad
from minitorch.layers.base import Layer, MergeLayer, shown_function
from minitorch.layers.special_rectifiers import (
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    prelu,
    rrelu,
)
from minitorch.layers.special_sharing import BiasLayer, ScaleLayer, standardize
from minitorch.layers.special_transformers import TPSTransformerLayer, TransformerLayer

__all__ = [
    "BiasLayer",
    "ExpressionLayer",
    "InverseLayer",
    "NonlinearityLayer",
    "ParametricRectifierLayer",
    "RandomizedRectifierLayer",
    "ScaleLayer",
    "TPSTransformerLayer",
    "TransformerLayer",
    "prelu",
    "rrelu",
    "standardize",
]


class NonlinearityLayer(Layer):
    """Apply a nonlinearity, and nothing else.

    Parameters
    ----------
    incoming : Layer or tuple
    nonlinearity : callable or None
        None is the identity.
    name : str, optional

    Examples
    --------
    >>> from minitorch.layers import NonlinearityLayer, get_output
    >>> get_output(NonlinearityLayer((None, 2)), {None: [[-1.0, 2.0]]})
    Tensor([[0., 2.]])
    """

    def __init__(
        self, incoming: Any, nonlinearity: Any = nonlinearities.rectify, **kwargs: Any
    ) -> None:
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity

    def _settings(self) -> dict[str, Any]:
        return {"nonlinearity": shown_function(self.nonlinearity)}

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(input)."""
        result: Tensor = self.nonlinearity(input)
        return result


class ExpressionLayer(Layer):
    """Apply a function that may change the shape.

    Parameters
    ----------
    incoming : Layer or tuple
    function : callable
        From tensor to tensor.
    output_shape : None, tuple, callable or "auto"
        None: the input's shape. A callable goes from input shape to output shape.
        "auto": the function is run on zeros, with 0 for unknown lengths; where
        that gives a length of 0 it is unknown.
    name : str, optional

    Raises
    ------
    ValueError
        If the function cannot be run for "auto", or another word is given.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.layers import ExpressionLayer
    >>> total = lambda x: mt.sum(x, axis=-1)
    >>> ExpressionLayer((None, 3, 5), total, output_shape="auto").output_shape
    (None, 3)
    """

    def __init__(
        self, incoming: Any, function: Any, output_shape: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(incoming, **kwargs)
        if isinstance(output_shape, str) and output_shape != "auto":
            raise ValueError(
                f"output_shape is None, a tuple, a callable or 'auto', got {output_shape!r}"
            )
        self.function = function
        self._shape_rule = output_shape
        self.output_shape  # noqa: B018 (raises now if the function cannot be run)

    def _settings(self) -> dict[str, Any]:
        return {"function": shown_function(self.function)}

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The shape by the rule that was given."""
        rule = self._shape_rule
        if rule is None:
            return input_shape
        if rule == "auto":
            return self._try(tuple([n or 0 for n in input_shape]))
        return rule(input_shape) if callable(rule) else tuple(rule)

    @no_grad()
    def _try(self, shape: tuple[int, ...]) -> tuple[int | None, ...]:
        """The output's shape for zeros, None for lengths of 0."""
        try:
            out = self.function(ops.zeros(shape))
        except Exception as error:
            raise self._fail(
                f"output_shape='auto' ran the function on zeros of shape {shape} (0: unknown), and "
                f"got {type(error).__name__}: {error}",
                "Give the output_shape as a tuple or a callable",
            ) from error
        return tuple([n or None for n in out.shape])

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """f(input)."""
        result: Tensor = self.function(input)
        return result


class InverseLayer(MergeLayer):
    """Run a layer backwards: its input gradient, for the incoming as output gradient.

    For a DenseLayer this is the transposed layer with the same weights, for a
    convolution the transposed one, for max pooling the unpooling to the places
    of the maxima.

    Parameters
    ----------
    incoming : Layer or tuple
        Of the layer's output shape.
    layer : Layer
        Of one input.
    name : str, optional

    Raises
    ------
    ValueError
        If the incoming's shape is not that of the layer's output.
    TypeError
        If ``layer`` is no layer of one input.
    RuntimeError
        In a pass, if the layer draws random numbers while nothing below it
        requires a gradient; let the data require one.

    Notes
    -----
    The vector-Jacobian product ``grad(layer_out, layer_in, incoming)``, itself
    differentiable. It walks back through the pass's own graph. If nothing below
    the layer requires a gradient (say, it works on the data), there is none: the
    layer is then computed again for it.

    References
    ----------
    M. Zeiler, G. Taylor and R. Fergus: Adaptive deconvolutional networks for mid and high level
    feature learning, 2011.

    Examples
    --------
    >>> from minitorch.layers import InputLayer, InverseLayer, MaxPool2DLayer, get_output
    >>> pool = MaxPool2DLayer(InputLayer((1, 1, 2, 2)), 2)
    >>> get_output(InverseLayer(pool, pool), [[[[1.0, 2.0], [4.0, 3.0]]]])
    Tensor([[[[0., 0.],
              [4., 0.]]]])
    """

    def __init__(self, incoming: Any, layer: Any, **kwargs: Any) -> None:
        below = getattr(layer, "input_layer", None)
        if below is None:
            raise TypeError(
                f"InverseLayer: layer must be a layer on top of one other, got {layer!r}"
            )
        super().__init__([incoming, layer, below], **kwargs)
        self.layer = layer
        given, made = self.input_shapes[:2]
        if len(given) != len(made) or any(
            a != b for a, b in zip(given, made, strict=True) if None not in (a, b)
        ):
            raise self._fail(
                f"the incoming has shape {given!r}, the output of {layer!r} has {made!r}; they "
                f"must be the same"
            )

    def _settings(self) -> dict[str, Any]:
        return {"layer": self.layer}

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """The shape of that layer's input."""
        return input_shapes[2]

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """grad(layer_out, layer_in, incoming)."""
        incoming, out, source = inputs
        if out is source:  # it passed its input on, as dropout does when deterministic
            return incoming  # type: ignore[no-any-return]
        record = is_grad_enabled()
        if not (record and source.requires_grad):
            source = source.detach().requires_grad_()
            out = self._again(source, kwargs)
        back: Tensor = grad(out, source, incoming, retain_graph=True, create_graph=record)
        return back

    @enable_grad()
    def _again(self, source: Tensor, kwargs: dict[str, Any]) -> Tensor:
        """The layer's output computed once more, for its graph."""
        streams = [v for v in vars(self.layer).values() if isinstance(v, ops.CounterRNG)]
        before = [stream.get_state() for stream in streams]
        once_only = {"batch_norm_update_averages": False}
        out: Tensor = self.layer.get_output_for(source, **{**kwargs, **once_only})
        if before != [stream.get_state() for stream in streams]:
            for stream, state in zip(streams, before, strict=True):
                stream.set_state(state)
            raise RuntimeError(
                f"InverseLayer: {self.layer!r} draws random numbers, and would draw others when it "
                f"is computed again for its gradient; give get_output data that require a gradient"
            )
        return out
