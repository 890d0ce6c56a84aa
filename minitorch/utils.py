"""Small helpers that layers and update rules share, most under Lasagne's names."""

from __future__ import annotations

import difflib
import inspect
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from minitorch import init, ops
from minitorch.autograd import Tensor, asarray, get_default_dtype
from minitorch.parameter import Parameter, ParamExpr, expression_of, values_left_out

__all__ = [
    "as_theano_expression",
    "as_tuple",
    "collect_shared_vars",
    "compute_norms",
    "create_param",
    "did_you_mean",
    "floatX",
    "inspect_kwargs",
    "norm_axes_of",
    "one_hot",
    "shared_empty",
    "unique",
    "unroll_scan",
]


def floatX(array: Any) -> np.ndarray[Any, Any]:  # noqa: N802 (Lasagne's name)
    """A NumPy array of the default dtype.

    Examples
    --------
    >>> floatX([1, 2])
    array([1., 2.], dtype=float32)
    """
    return np.asarray(array, dtype=get_default_dtype())


def shared_empty(dim: int = 2, dtype: Any = None) -> Parameter:
    """A parameter of ``dim`` axes of length 1, holding 0.

    Parameters
    ----------
    dim : int
    dtype : dtype, optional
        The default dtype if left out.

    Notes
    -----
    In Lasagne it is a place for data of any size; here a parameter keeps its shape, and
    data are handed to ``get_output``.

    Examples
    --------
    >>> shared_empty(3).shape
    (1, 1, 1)
    """
    return Parameter(np.zeros((1,) * dim, dtype=dtype or get_default_dtype()))


def as_theano_expression(input: Any) -> Tensor:
    """A tensor of whatever can be one; the name is Lasagne's, Theano has no part in it.

    Parameters
    ----------
    input : Tensor, ParamExpr, array or number

    Raises
    ------
    TypeError
        If it holds no numbers.

    Examples
    --------
    >>> as_theano_expression([1.0, 2.0])
    Tensor([1., 2.])
    """
    return input.evaluate() if isinstance(input, ParamExpr) else asarray(input)


def collect_shared_vars(expressions: Any) -> list[Parameter]:
    """The parameters that expressions are made of, each once.

    Parameters
    ----------
    expressions : Parameter, ParamExpr or Tensor, or iterable of them
        A computed tensor knows its parameters by its history, as long as it has one.

    Returns
    -------
    list of Parameter
        In the order of the expressions.

    Examples
    --------
    >>> a, b = Parameter([1.0], name="a"), Parameter([2.0], name="b")
    >>> collect_shared_vars([b, a + b])
    [<Parameter b: (1,) float32>, <Parameter a: (1,) float32>]
    """
    single = isinstance(expressions, Tensor | ParamExpr)
    found: dict[Parameter, None] = {}
    for one in [expressions] if single else expressions:
        if isinstance(one, Parameter):
            found.setdefault(one)
        elif isinstance(one, ParamExpr):
            found.update(dict.fromkeys(one.sources()))
        else:
            found.update(dict.fromkeys(_leaves_of(asarray(one))))
    return list(found)


def _leaves_of(value: Tensor) -> list[Parameter]:
    """The parameters at the ends of a tensor's history, without recursion."""
    found: list[Parameter] = []
    waiting: list[Any] = [value.grad_fn]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Parameter):
            found.append(node)
        elif node is not None and not isinstance(node, Tensor) and id(node) not in seen:
            seen.add(id(node))
            waiting += [edge[0] for edge in reversed(node.edges) if edge is not None]
    return found


def as_tuple(x: Any, N: int, t: type | tuple[type, ...] | None = None) -> tuple[Any, ...]:
    """A tuple of N elements from one value (repeated) or an iterable of N.

    Parameters
    ----------
    x : value or iterable
    N : int
    t : type or tuple of types, optional
        What every element has to be; ``int`` also admits NumPy's integers.

    Raises
    ------
    TypeError
        For elements of another type.
    ValueError
        For an iterable of another length.

    Examples
    --------
    >>> as_tuple(2, 3), as_tuple([1, 2], 2)
    ((2, 2, 2), (1, 2))
    """
    try:
        elements = tuple(x)
    except TypeError:
        elements = (x,) * N
    kinds: Any = numbers.Integral if t is int else t
    if kinds is not None and not all(isinstance(v, kinds) for v in elements):
        name = t.__name__ if isinstance(t, type) else " or ".join(k.__name__ for k in t or ())
        raise TypeError(f"expected a single value or an iterable of {name}, got {x} instead")
    if len(elements) != N:
        raise ValueError(f"expected a single value or an iterable with length {N}, got {x} instead")
    return tuple(int(v) for v in elements) if t is int else elements


def one_hot(x: Any, m: int | None = None) -> Tensor:
    """A one at the place that each integer names, zeros elsewhere.

    Parameters
    ----------
    x : integer Tensor or array of any shape, from 0 to m - 1
    m : int, optional
        How many places; default: the largest value plus one.

    Returns
    -------
    Tensor of shape ``x.shape + (m,)``, of the default dtype

    Raises
    ------
    TypeError
        If x holds no integers.
    ValueError
        If a value is out of range.

    Examples
    --------
    >>> one_hot([0, 2], 3)
    Tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """
    labels = asarray(x)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"one_hot: x holds {labels.dtype}, not integers; use x.astype(int64)")
    highest = int(ops.max(labels).item()) if labels.size else -1
    count = highest + 1 if m is None else m
    if labels.size and (highest >= count or int(ops.min(labels).item()) < 0):
        low = int(ops.min(labels).item())
        raise ValueError(f"one_hot: x goes from {low} to {highest}, it must be in 0 to {count - 1}")
    places = ops.arange(count, device=labels.device)
    return (ops.expand_dims(labels, axis=-1) == places).astype(get_default_dtype())


def unique(values: Iterable[Any]) -> list[Any]:
    """The values in order, each once."""
    return list(dict.fromkeys(values))


def inspect_kwargs(function: Callable[..., Any]) -> list[str]:
    """Names of a function's parameters that have defaults.

    Examples
    --------
    >>> inspect_kwargs(lambda x, deterministic=False, **kwargs: x)
    ['deterministic']
    """
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is not p.empty]


def norm_axes_of(ndim: int, norm_axes: int | Iterable[int] | None) -> tuple[int, ...]:
    """The axes that the norm of one unit is taken over.

    Parameters
    ----------
    ndim : int
    norm_axes : int or iterable of int, optional
        Default: (0,) for a matrix (the weights into one unit), all but the
        first for 3 to 5 axes (one filter).

    Raises
    ------
    ValueError
        If none are given for another number of axes.
    """
    if isinstance(norm_axes, int):
        return (norm_axes,)
    if norm_axes is not None:
        return tuple(norm_axes)
    if ndim == 2:
        return (0,)
    if ndim in (3, 4, 5):
        return tuple(range(1, ndim))
    raise ValueError(f"unsupported tensor dimensionality {ndim}; must specify norm_axes")


def compute_norms(array: Any, norm_axes: int | Iterable[int] | None = None) -> np.ndarray[Any, Any]:
    """Norms of an array's units, over the axes that ``norm_constraint`` would take.

    Parameters
    ----------
    array : array_like, Tensor
    norm_axes : int or iterable of int, optional
        See :func:`norm_axes_of`; without them the elements of a vector are units.

    Raises
    ------
    ValueError
        If no axes are given for no axis, or more than 5.

    Examples
    --------
    >>> compute_norms([[3.0, 0.0], [4.0, 2.0]])
    array([5., 2.])
    """
    values = array.numpy() if isinstance(array, Tensor) else np.asarray(array)
    if norm_axes is None and values.ndim == 1:
        return np.abs(values)
    axes = norm_axes_of(values.ndim, norm_axes)
    result: np.ndarray[Any, Any] = np.sqrt((values**2).sum(axis=axes))
    return result


def unroll_scan(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Sequence[Tensor],
    non_sequences: Sequence[Any],
    n_steps: int,
    go_backwards: bool = False,
) -> list[Tensor]:
    """Apply a step again and again, each time to the next elements and to its last results.

    Parameters
    ----------
    fn : callable
        ``fn(*elements, *states, *non_sequences)`` returns the new states: a tensor,
        or a list or tuple of them.
    sequences : Tensor, or sequence of Tensor (or of sequences of Tensor)
        Their elements are along the first axis.
    outputs_info : sequence of Tensor
        The states before the first step.
    non_sequences : sequence
        Handed to every step as they are.
    n_steps : int
        At least 1.
    go_backwards : bool
        Begin with element ``n_steps - 1``.

    Returns
    -------
    list of Tensor
        For each state its value after every step, along a new first axis.

    Raises
    ------
    ValueError
        If ``n_steps`` is not positive.

    Examples
    --------
    >>> import minitorch as mt
    >>> x = mt.asarray([1.0, 2.0, 3.0])
    >>> unroll_scan(lambda x, total, scale: total + x * scale, x, [mt.asarray(0.0)], [10], 3)
    [Tensor([10., 30., 60.])]
    """
    if n_steps < 1:
        raise ValueError(f"unroll_scan: n_steps is {n_steps}, it must be at least 1")
    listed = sequences if isinstance(sequences, list | tuple) else [sequences]
    states, found = list(outputs_info), []
    steps = range(n_steps)
    for i in reversed(steps) if go_backwards else steps:
        out = fn(*[sequence[i] for sequence in listed], *states, *non_sequences)
        states = list(out) if isinstance(out, list | tuple) else [out]
        found.append(states)
    return [ops.stack(each) for each in zip(*found, strict=True)]


def create_param(
    spec: Any, shape: Iterable[int], name: str | None = None, trainable: bool = True
) -> Any:
    """A parameter of ``shape`` from whatever may specify one.

    Parameters
    ----------
    spec : Parameter, ParamExpr, array, number, or callable from a shape to one of these
        A Parameter is used as it is: that is how weights are shared. A view of one
        (``other.W.T``) and a ParamExpr are computed anew at every use: tied weights.
        A number is an array without axes.
    shape : iterable of int
    name : str, optional
        Given to a parameter or expression that has none.
    trainable : bool
        Whether a new parameter requires a gradient.

    Returns
    -------
    Parameter or ParamExpr

    Raises
    ------
    ValueError
        For non-positive lengths, or a value of another shape.
    TypeError
        If ``spec`` is none of these.

    Examples
    --------
    >>> create_param(lambda shape: np.ones(shape), (2, 3), name="W")
    <Parameter W: (2, 3) float64>
    """
    shape = tuple(shape)
    if any(not isinstance(length, numbers.Integral) or length <= 0 for length in shape):
        raise ValueError(
            f"Cannot create param with a non-positive shape dimension. "
            f"Tried to create param with shape={shape!r}, name={name!r}"
        )
    drawn = isinstance(spec, init.Initializer) and not isinstance(spec, init.Constant)
    if drawn and values_left_out():
        return Parameter.blank(shape, name, trainable)
    if callable(spec):
        spec = spec(shape)
    spec = expression_of(spec)
    if isinstance(spec, Parameter | ParamExpr):
        kind = "parameter" if isinstance(spec, Parameter) else "expression"
        _check_shape(spec, shape, name, kind)
        if spec.name is None:
            spec.name = name
        return spec
    if isinstance(spec, Tensor) and spec.requires_grad:
        raise TypeError(
            f"cannot initialize parameter {name}: a computed tensor would go stale after the first "
            f"update; give minitorch.parameter.ParamExpr(function, parameters) to compute it anew "
            f"each time, a Parameter (to share it), an array, or an initializer"
        )
    if not isinstance(spec, numbers.Number | np.ndarray | np.generic | list | tuple | Tensor):
        raise TypeError(
            f"cannot initialize parameter {name}: spec is not a numpy array, a number, a parameter "
            f"or a callable giving one, but {spec!r}"
        )
    created = Parameter(spec, name=name, trainable=trainable)
    _check_shape(created, shape, name, "provided numpy array")
    return created


def _check_shape(found: Any, shape: tuple[int, ...], name: str | None, what: str) -> None:
    """A value of the wrong shape; a number by itself may have been meant for all elements."""
    if found.shape != shape:
        hint = "; minitorch.init.Constant(value) fills any shape" if found.shape == () else ""
        raise ValueError(
            f"cannot initialize parameter {name}: the {what} has shape {found.shape}, should be "
            f"{shape}{hint}"
        )


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "there are") -> str:
    """The end of an error about an unknown name: the known one close to it, or all of them.

    Examples
    --------
    >>> did_you_mean("lenett", ["lenet", "vgg16"])
    "did you mean 'lenet'?"
    >>> did_you_mean("zzz", ["lenet", "vgg16"])
    'there are lenet, vgg16'
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"{otherwise} {', '.join(names) or 'none'}"
