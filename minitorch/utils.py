"""Small helpers that layers share, under Lasagne's names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from minitorch import ops
from minitorch.autograd import Tensor, asarray, get_default_dtype
from minitorch.parameter import Parameter

__all__ = [
    "as_tuple",
    "compute_norms",
    "create_param",
    "floatX",
    "inspect_kwargs",
    "one_hot",
    "unique",
]


def floatX(array: Any) -> np.ndarray[Any, Any]:
    """A NumPy array of the default dtype."""
    return np.asarray(array, dtype=get_default_dtype())


def as_tuple(x: Any, N: int, t: type | tuple[type, ...] | None = None) -> tuple[Any, ...]:
    """A tuple of N elements from one value (repeated) or an iterable of N.

    Parameters
    ----------
    x : value or iterable
    N : int
    t : type or tuple of types, optional
        What every element has to be.

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
    if t is not None and not all(isinstance(v, t) for v in elements):
        name = t.__name__ if isinstance(t, type) else " or ".join(k.__name__ for k in t)
        raise TypeError(f"expected a single value or an iterable of {name}, got {x} instead")
    if len(elements) != N:
        raise ValueError(f"expected a single value or an iterable with length {N}, got {x} instead")
    return elements


def one_hot(x: Tensor, m: int | None = None) -> Tensor:
    """Rows with a one at the given position: integers (n,) to floats (n, m).

    ``m`` defaults to the largest value plus one.
    """
    labels = asarray(x)
    count = int(ops.max(labels).item()) + 1 if m is None else m
    return (ops.expand_dims(labels, axis=-1) == ops.arange(count)).astype(get_default_dtype())


def unique(values: Iterable[Any]) -> list[Any]:
    """The values in order, each once."""
    return list(dict.fromkeys(values))


def inspect_kwargs(function: Callable[..., Any]) -> list[str]:
    """Names of a function's parameters that have defaults."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is not p.empty]


def compute_norms(array: Any, norm_axes: Iterable[int] | None = None) -> np.ndarray[Any, Any]:
    """Norms of an array's units, over the axes that ``norm_constraint`` would take.

    Raises
    ------
    ValueError
        If no axes are given for more than 5 axes.
    """
    values = np.asarray(array)
    if norm_axes is not None:
        axes: tuple[int, ...] | None = tuple(norm_axes)
    elif values.ndim == 1:
        return np.abs(values)
    elif values.ndim == 2:
        axes = (0,)
    elif values.ndim in (3, 4, 5):
        axes = tuple(range(1, values.ndim))
    else:
        raise ValueError(f"unsupported tensor dimensionality {values.ndim}; must specify norm_axes")
    result: np.ndarray[Any, Any] = np.sqrt((values**2).sum(axis=axes))
    return result


def create_param(
    spec: Any, shape: tuple[int, ...], name: str | None = None, trainable: bool = True
) -> Parameter:
    """A parameter of ``shape`` from whatever may specify one.

    Parameters
    ----------
    spec : Parameter, array, number, or callable from a shape to an array
        A Parameter is used as it is: that is how weights are shared.
    shape : tuple of int
    name : str, optional
        Given to a parameter that has none.
    trainable : bool
        Whether a new parameter requires a gradient.

    Returns
    -------
    Parameter

    Raises
    ------
    ValueError
        For non-positive lengths, or a value of another shape.
    TypeError
        If ``spec`` is none of these.
    """
    shape = tuple(shape)
    if any(length is None or length <= 0 for length in shape):
        raise ValueError(
            f"Cannot create param with a non-positive shape dimension. "
            f"Tried to create param with shape={shape!r}, name={name!r}"
        )
    if isinstance(spec, Parameter):
        _check_shape(spec, shape, name, "parameter")
        if spec.name is None:
            spec.name = name
        return spec
    if isinstance(spec, Tensor):
        raise TypeError(
            f"cannot initialize parameter {name}: a computed tensor would go stale after the first "
            f"update; give a Parameter (to share it), an array, or an initializer"
        )
    value = spec(shape) if callable(spec) else spec
    if isinstance(value, Parameter):
        return create_param(value, shape, name, trainable)
    if isinstance(value, int | float):
        value = np.full(shape, value, dtype=get_default_dtype())
    if not isinstance(value, np.ndarray | np.generic | list | tuple | Tensor):
        raise TypeError(
            f"cannot initialize parameter {name}: spec is not a numpy array, a number, a parameter or "
            f"a callable giving one, but {spec!r}"
        )
    created = Parameter(value, name=name, trainable=trainable)
    _check_shape(created, shape, name, "provided numpy array")
    return created


def _check_shape(found: Parameter, shape: tuple[int, ...], name: str | None, what: str) -> None:
    if found.shape != shape:
        raise ValueError(
            f"cannot initialize parameter {name}: the {what} has shape {found.shape}, should be {shape}"
        )
