"""What every layer is: inputs, parameters with tags, a shape rule and an output."""

from __future__ import annotations

import numbers
import reprlib
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from minitorch import utils
from minitorch.autograd import Tensor
from minitorch.parameter import ParamExpr, expression_of

__all__ = ["Layer", "MergeLayer", "Shape"]

# Lengths of the axes; None where it is only known with the data.
Shape = tuple[int | None, ...]

# How many of the layers above an error lists.
_SHOWN = 12


def walk(layers: Iterable[Any], stop_at: Collection[Any] = ()) -> list[Any]:
    """Layers and all that feed them, inputs first, each once; without recursion."""
    found: dict[Any, None] = {}
    opened: set[Any] = set(stop_at)
    waiting = list(layers)[::-1]
    while waiting:
        layer = waiting.pop()
        if layer in found or layer is None:
            continue
        if layer in opened:
            found[layer] = None
            continue
        # First what feeds it; then, met again, the layer itself.
        opened.add(layer)
        waiting.append(layer)
        waiting += layer.sources()[::-1]
    return list(found)


def table(layers: Sequence[Any]) -> str:
    """Layers with their names and output shapes, one a line, for error messages."""
    rows = [(type(one).__name__, one.name or "", str(one.output_shape)) for one in layers]
    widths = [max((len(row[i]) for row in rows[-_SHOWN:]), default=0) for i in (0, 1)]
    lines = [f"    {a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows[-_SHOWN:]]
    if len(rows) > _SHOWN:
        lines.insert(0, f"    ... {len(rows) - _SHOWN} more")
    return "\n".join(lines)


def _is_length(length: Any) -> bool:
    return length is None or isinstance(length, numbers.Integral)


def check_lengths(layer: Any, shape: Any, kind: str = "Layer", word: str = "input_shape") -> None:
    """Positive integers and None, or an error that names the layer."""
    if not all(map(_is_length, shape)):
        raise TypeError(
            f"{type(layer).__name__}: {word} holds integers and None (any length), got {shape!r}"
        )
    if any(length is not None and length <= 0 for length in shape):
        raise ValueError(
            f"Cannot create {kind} with a non-positive {word} dimension. "
            f"{word}={shape!r}, self.name={layer.name!r}"
        )


def shown_function(function: Any) -> str:
    """How a nonlinearity is called in a layer's repr."""
    return getattr(function, "__name__", None) or repr(function)


def _transposed(spec: Any, shape: Any) -> str:
    """The usual mistake: weights as another library has them."""
    found = getattr(spec, "shape", ())
    fits = len(found) == 2 and tuple(found[::-1]) == tuple(shape)
    return "Its transpose would fit" if fits else ""


class _Remembering:
    """Notes what an object is made with, so that a file can say how to make it again.

    A class of its own: ``inspect.signature(Layer)`` is to show the constructor of Layer.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__new__(cls)
        # Expressions, not the tensors that they were: those hold a history, and go stale.
        made.__dict__["creation"] = (
            tuple(expression_of(value) for value in args),
            {name: expression_of(value) for name, value in kwargs.items()},
        )
        return made


class Layer(_Remembering):
    """Base class of all layers with one input.

    A layer of one's own overrides :meth:`get_output_for`, :meth:`get_output_shape_for`
    where the shape changes, and the constructor where there are parameters.

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
    input_shape : tuple of (int or None)
    params : OrderedDict of Parameter (or ParamExpr) to set of str
        The parameters and their tags. An attribute that a ParamExpr is assigned to
        (tied weights) is computed anew whenever it is read.
    creation : tuple
        The constructor's arguments, as ``(args, kwargs)``.
    frozen : bool
        Whether ``minitorch.models.freeze`` keeps the layer as it is.
    get_output_kwargs : list of str
        Keywords that :func:`get_output` may be given for this layer besides
        those that :meth:`get_output_for` names.

    Raises
    ------
    ValueError
        If an input length is not positive, or the shapes do not fit: with the
        rule that failed, a change that would fit, and a table of the layers above.
    TypeError
        If ``incoming`` is neither.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import init, layers
    >>> class ScaleLayer(layers.Layer):
    ...     def __init__(self, incoming, **kwargs):
    ...         super().__init__(incoming, **kwargs)
    ...         self.scale = self.add_param(init.Constant(3.0), (1,), name="scale")
    ...     def get_output_for(self, input, **kwargs):
    ...         return input * self.scale
    >>> net = ScaleLayer(layers.InputLayer((None, 2)), name="s")
    >>> net.output_shape, layers.get_all_params(net)
    ((None, 2), [<Parameter s.scale: (1,) float32>])
    >>> layers.get_output(net, [[1.0, 2.0]]).sum().backward()
    >>> net.scale.grad
    Tensor([3.])
    """

    frozen = False

    def __init__(self, incoming: Any, name: str | None = None) -> None:
        self._start(name)
        self.input_layer, self.input_shape = self._accept(incoming)

    def _start(self, name: str | None) -> None:
        self.name = name
        self.params: OrderedDict[Any, set[str]] = OrderedDict()
        self.get_output_kwargs: list[str] = []

    def _accept(self, incoming: Any) -> tuple[Layer | None, Any]:
        """A layer and its output shape, or None and a shape, checked."""
        if not isinstance(incoming, Layer | tuple):
            raise TypeError(
                f"{type(self).__name__}: incoming is a Layer or a shape tuple, not "
                f"{reprlib.repr(incoming)}"
            )
        below = None if isinstance(incoming, tuple) else incoming
        shape: Any = incoming if isinstance(incoming, tuple) else incoming.output_shape
        check_lengths(self, shape)
        return below, shape

    def __setattr__(self, name: str, value: Any) -> None:
        expressions = self.__dict__.setdefault("_expressions", {})
        expressions.pop(name, None)
        if isinstance(value, ParamExpr):
            self.__dict__.pop(name, None)
            expressions[name] = value
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """What is no ordinary attribute: an expression, computed now."""
        found = self.__dict__.get("_expressions", {}).get(name)
        if found is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return found.evaluate()

    def sources(self) -> list[Layer | None]:
        """The layers that feed this one; None for an input given by its shape."""
        return [self.input_layer]

    def networks_inside(self) -> dict[str, Layer]:
        """Networks that the layer runs by itself, by the attribute that holds them."""
        return {}

    def _fail(self, rule: str, change: str = "") -> ValueError:
        """A shape error: the layer, the rule that failed, what would fit, the layers above."""
        kind = type(self).__name__
        label = kind + (f" {self.name!r}" if self.name else "")
        rule = rule.removeprefix(f"{kind}: ") + (f". {change}" if change else "")
        above = table(walk(self.sources()))
        return ValueError(
            f"{label}: {rule}" + (f"\nthe layers above it:\n{above}" if above else "")
        )

    def _settings(self) -> dict[str, Any]:
        """Hyper-parameters that ``repr`` shows."""
        return {}

    def __repr__(self) -> str:
        parts = [f"{k}={v!s}" for k, v in self._settings().items()]
        if self.name is not None:
            parts.append(f"name={self.name!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def _checked(self, shape: Any) -> Shape:
        """What get_output_shape_for returned, if it is a shape."""
        if not isinstance(shape, tuple | list) or not all(map(_is_length, shape)):
            raise ValueError(
                f"{type(self).__name__} returned an output shape of {shape!r}, which is not a "
                f"tuple of integers and None; mend its get_output_shape_for"
            )
        return tuple(shape)

    @property
    def output_shape(self) -> Shape:
        """Shape of the output, None for unknown lengths; worked out on each access."""
        return self._checked(self.get_output_shape_for(self.input_shape))

    def get_params(self, unwrap_shared: bool = True, **tags: bool) -> list[Any]:
        """The layer's parameters in the order of their registration.

        Parameters
        ----------
        unwrap_shared : bool
            Give the parameters that expressions are made of, not the expressions.
        **tags : bool
            ``tag=True`` keeps those that have all such tags, ``tag=False`` those
            that have none.

        Returns
        -------
        list of Parameter (and of ParamExpr, unless ``unwrap_shared``)

        Examples
        --------
        >>> from minitorch.layers import DenseLayer
        >>> DenseLayer((None, 3), 2, name="d").get_params(regularizable=False)
        [<Parameter d.b: (2,) float32>]
        """
        wanted = {tag for tag, value in tags.items() if value}
        unwanted = {tag for tag, value in tags.items() if not value}
        kept = [p for p, have in self.params.items() if wanted <= have and not unwanted & have]
        return utils.collect_shared_vars(kept) if unwrap_shared else kept

    def add_param(self, spec: Any, shape: Any, name: str | None = None, **tags: bool) -> Any:
        """Register a parameter.

        Parameters
        ----------
        spec : Parameter, ParamExpr, array, number or callable
            See :func:`minitorch.utils.create_param`; a Parameter is shared, a view of one
            or a ParamExpr ties the weights.
        shape : tuple of int
        name : str, optional
            ``<layer's name>.<name>`` becomes the parameter's if both are given.
        **tags : bool
            ``trainable`` and ``regularizable`` are True unless said otherwise.

        Returns
        -------
        Parameter or ParamExpr
            To be assigned to an attribute, which then reads as a tensor in both cases.

        Raises
        ------
        ValueError, TypeError
            See :func:`minitorch.utils.create_param`.
        """
        given = {"trainable": True, "regularizable": True, **tags}
        if name is not None and self.name is not None:
            name = f"{self.name}.{name}"
        try:
            param = utils.create_param(spec, shape, name, trainable=given["trainable"])
        except ValueError as error:
            raise self._fail(str(error), _transposed(spec, shape)) from None
        self.params[param] = {tag for tag, value in given.items() if value}
        return param

    def remove_param(self, attribute: str) -> None:
        """Forget the parameter, or the expression of one, that an attribute holds: it is None now.

        Examples
        --------
        >>> from minitorch.layers import DenseLayer
        >>> layer = DenseLayer((None, 3), 2, name="d")
        >>> layer.remove_param("b")
        >>> layer.b, layer.get_params()
        (None, [<Parameter d.W: (3, 2) float32>])
        """
        # Reading the attribute of an expression would compute it.
        held = self._expressions.get(attribute)
        del self.params[getattr(self, attribute) if held is None else held]
        setattr(self, attribute, None)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """The output's shape for an input of ``input_shape``; by default the same."""
        return input_shape

    def get_output_for(self, input: Any, **kwargs: Any) -> Tensor:
        """The output for an input; every layer accepts keywords that are not for it."""
        raise NotImplementedError(f"{type(self).__name__} has no get_output_for")


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

    Raises
    ------
    ValueError, TypeError
        As :class:`Layer`.

    Examples
    --------
    >>> from minitorch.layers import InputLayer, MergeLayer, get_output
    >>> class SumLayer(MergeLayer):
    ...     def get_output_shape_for(self, input_shapes):
    ...         return input_shapes[0]
    ...     def get_output_for(self, inputs, **kwargs):
    ...         return inputs[0] + inputs[1]
    >>> a, b = InputLayer((None, 2)), InputLayer((None, 2))
    >>> get_output(SumLayer([a, b]), {a: [[1.0, 2.0]], b: [[3.0, 4.0]]})
    Tensor([[4., 6.]])
    """

    def __init__(self, incomings: Sequence[Any], name: str | None = None) -> None:
        self._start(name)
        pairs = [self._accept(incoming) for incoming in incomings]
        self.input_layers: list[Layer | None] = [below for below, _ in pairs]
        self.input_shapes: list[Any] = [shape for _, shape in pairs]

    def sources(self) -> list[Layer | None]:
        """The layers that feed this one; None for an input given by its shape."""
        return list(self.input_layers)

    @property
    def output_shape(self) -> Shape:
        """Shape of the output, None for unknown lengths; worked out on each access."""
        return self._checked(self.get_output_shape_for(self.input_shapes))

    def get_output_shape_for(self, input_shapes: Any) -> Any:
        """The output's shape for a list of input shapes."""
        raise NotImplementedError(f"{type(self).__name__} has no get_output_shape_for")

    def get_output_for(self, inputs: Any, **kwargs: Any) -> Tensor:
        """The output for a list of inputs."""
        raise NotImplementedError(f"{type(self).__name__} has no get_output_for")
