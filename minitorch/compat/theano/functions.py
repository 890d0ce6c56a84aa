"""Theano's functions in the tensor world: its names and arguments over minitorch's ops.

They compute at once; ``tensor/__init__.py`` makes the recording ones of them. FUNCTIONS says
which names there are, METHODS which of them variables have as methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minitorch import autograd, ops
from minitorch.autograd import Tensor, get_default_dtype

__all__ = ["FUNCTIONS", "METHODS", "asarray", "plain"]


def asarray(x: Any) -> Tensor:
    """A tensor of whatever can be one; tensors in a list are stacked."""
    if _several(x) and any(isinstance(one, Tensor) for one in x):
        return ops.stack([asarray(one) for one in x])
    return autograd.asarray(x)


def _several(x: Any) -> bool:
    return isinstance(x, list | tuple)


def _lengths(shape: Any) -> tuple[int, ...]:
    """A shape of numbers from one number, several, or a tensor of them."""
    listed = shape if isinstance(shape, Iterable) else [shape]
    return tuple(int(n) for n in listed)


def cast(x: Any, dtype: Any) -> Tensor:
    """The values in another dtype; ``"floatX"`` is the default one."""
    wanted = get_default_dtype() if isinstance(dtype, str) and dtype == "floatX" else dtype
    return asarray(x).astype(np.dtype(wanted))


def _compared(op: Any) -> Any:
    """A comparison whose result is int8, as Theano's: it can be added and averaged."""

    def compare(a: Any, b: Any) -> Tensor:
        return cast(op(asarray(a), b), np.int8)

    compare.__name__ = op.name
    return compare


def switch(condition: Any, if_true: Any, if_false: Any) -> Tensor:
    """Elements of the one where the condition is not 0, of the other elsewhere."""
    return ops.where(asarray(condition) != 0, if_true, if_false)


# -- over some axes -------------------------------------------------------------------


def _reduction(op: Any) -> Any:
    """A reduction with Theano's arguments: dtype is what it computes in."""

    def reduce(x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
        values = asarray(x) if dtype is None else cast(x, dtype)
        where = tuple(axis) if isinstance(axis, list) else axis
        return op(values, axis=where, keepdims=keepdims)

    reduce.__name__ = op.name
    return reduce


def _extreme(op: Any) -> Any:
    """A reduction without a dtype."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
        where = tuple(axis) if isinstance(axis, list) else axis
        return op(asarray(x), axis=where, keepdims=keepdims)

    reduce.__name__ = op.name
    return reduce


def argsort(x: Any, axis: int = -1) -> Tensor:
    """The places of the elements in rising order."""
    return ops.argsort(asarray(x), axis=axis)


def sort(x: Any, axis: int = -1) -> Tensor:
    """The elements in rising order."""
    return ops.sort(asarray(x), axis=axis)


def cumsum(x: Any, axis: int | None = None) -> Tensor:
    """Sums of the elements so far; without an axis of all, flattened."""
    values = asarray(x) if axis is not None else asarray(x).reshape((-1,))
    return ops.cumulative_sum(values, axis=axis or 0)


# -- products -------------------------------------------------------------------------


def dot(a: Any, b: Any) -> Tensor:
    """NumPy's dot: over the last axis of a, and the last but one of b (or its only one)."""
    a, b = asarray(a), asarray(b)
    if not a.ndim or not b.ndim:
        return a * b
    if b.ndim <= 2:
        return ops.matmul(a, b)
    return ops.tensordot(a, b, axes=((a.ndim - 1,), (b.ndim - 2,)))


def batched_dot(a: Any, b: Any) -> Tensor:
    """The matrix product of each pair of elements of two batches."""
    return ops.matmul(asarray(a), asarray(b))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Tensor:
    """Sums of products over some axes of each, given as a number or two lists."""
    pairs = axes if isinstance(axes, int) else tuple(_lengths(one) for one in axes)
    return ops.tensordot(asarray(a), asarray(b), axes=pairs)


# -- shapes ---------------------------------------------------------------------------


def shape(x: Any) -> tuple[int, ...]:
    """Lengths of the axes."""
    return asarray(x).shape


def reshape(x: Any, *shape: Any, ndim: int | None = None) -> Tensor:
    """The elements in another shape; ``ndim`` is accepted for Theano's sake."""
    return asarray(x).reshape(_lengths(shape[0] if len(shape) == 1 else shape))


def flatten(x: Any, ndim: int = 1, outdim: int | None = None) -> Tensor:
    """The first ``ndim - 1`` axes, and all others as one."""
    values = asarray(x)
    kept = values.shape[: (outdim or ndim) - 1]
    return values.reshape((*kept, int(np.prod(values.shape[len(kept) :], dtype=int))))


def dimshuffle(x: Any, *pattern: Any) -> Tensor:
    """The axes in another order, ``"x"`` for new ones of length 1; those left out have length 1."""
    values = asarray(x)
    order: Sequence[Any] = pattern[0] if len(pattern) == 1 and _several(pattern[0]) else pattern
    kept = [axis for axis in order if axis != "x"]
    lost = [axis for axis in range(values.ndim) if axis not in kept]
    if any(values.shape[axis] != 1 for axis in lost):
        raise ValueError(
            f"dimshuffle{tuple(order)}: axes {lost} of {values.shape} are left out, but not all "
            f"of length 1"
        )
    values = ops.permute_dims(values, axes=(*kept, *lost))
    lengths = iter(values.shape)
    return values.reshape(tuple(1 if axis == "x" else next(lengths) for axis in order))


def transpose(x: Any, *axes: Any) -> Tensor:
    """The axes reversed, or in the order given."""
    return asarray(x).transpose(*axes)


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes in each other's place."""
    order = list(range(asarray(x).ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return ops.permute_dims(asarray(x), axes=tuple(order))


def shape_padleft(x: Any, n_ones: int = 1) -> Tensor:
    """New axes of length 1 in front."""
    return asarray(x).reshape((1,) * n_ones + asarray(x).shape)


def shape_padright(x: Any, n_ones: int = 1) -> Tensor:
    """New axes of length 1 behind."""
    return asarray(x).reshape(asarray(x).shape + (1,) * n_ones)


def shape_padaxis(x: Any, axis: int) -> Tensor:
    """A new axis of length 1."""
    return ops.expand_dims(asarray(x), axis=axis)


def addbroadcast(x: Any, *axes: Any) -> Tensor:
    """The tensor as it is: an axis of length 1 always broadcasts here."""
    return asarray(x)


def _tensors(values: Any) -> list[Tensor]:
    return [asarray(value) for value in values]


def concatenate(tensor_list: Any, axis: int = 0) -> Tensor:
    """Tensors behind one another along an axis."""
    return ops.concat(_tensors(tensor_list), axis=axis)


def stack(*tensors: Any, axis: int = 0) -> Tensor:
    """Tensors along a new axis: given as one list, or each as an argument."""
    if len(tensors) == 2 and _several(tensors[0]):
        tensors, axis = tensors[:1], int(tensors[1])
    return ops.stack(_tensors(tensors[0] if len(tensors) == 1 else tensors), axis=axis)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element several times."""
    counts = int(repeats) if not _several(repeats) else list(repeats)
    return ops.repeat(asarray(x), counts, axis=axis)


def tile(x: Any, reps: Any, ndim: int | None = None) -> Tensor:
    """The whole several times along each axis."""
    return ops.tile(asarray(x), _lengths(reps))


# -- new ones --------------------------------------------------------------------------


def as_tensor_variable(x: Any, name: str | None = None, ndim: int | None = None) -> Tensor:
    """A tensor of whatever can be one."""
    return asarray(x)


def constant(x: Any, name: str | None = None, dtype: Any = None) -> Tensor:
    """A tensor that does not change."""
    return asarray(x) if dtype is None else cast(x, dtype)


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros, of the default dtype unless said otherwise."""
    return ops.zeros(_lengths(shape), dtype=dtype)


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Ones, of the default dtype unless said otherwise."""
    return ops.ones(_lengths(shape), dtype=dtype)


def alloc(value: Any, *shape: Any) -> Tensor:
    """A value, broadcast to a shape."""
    return ops.broadcast_to(asarray(value), shape=_lengths(shape))


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Tensor:
    """Numbers in even steps."""
    bounds = [v.item() if isinstance(v, Tensor) else v for v in (start, stop, step)]
    return ops.arange(*bounds, dtype=dtype)


def to_one_hot(y: Any, nb_class: Any, dtype: Any = None) -> Tensor:
    """For each integer a row with a one at its place."""
    places = ops.arange(int(nb_class))
    hits = ops.expand_dims(asarray(y), axis=-1) == places
    return cast(hits, dtype or get_default_dtype())


# -- parts ------------------------------------------------------------------------------


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The places of what is not 0, an array of indices per axis."""
    return tuple(ops.nonzero(asarray(x)))


# -- the tables --------------------------------------------------------------------------


def plain(name: str) -> Any:
    """An op that takes tensors alone, for anything that can be one."""
    op = getattr(ops, name)

    def apply(*values: Any) -> Tensor:
        return op(*_tensors(values[:1]), *values[1:])

    apply.__name__ = name
    apply.__doc__ = op.__doc__
    return apply


# Theano's name to the op's, where the arguments are the same.
_SAME = {
    "abs_": "abs", "add": "add", "sub": "subtract", "mul": "multiply", "true_div": "divide",
    "int_div": "floor_divide", "mod": "remainder", "pow": "pow", "maximum": "maximum",
    "minimum": "minimum", "sqr": "square", "square": "square", "sqrt": "sqrt", "exp": "exp",
    "expm1": "expm1", "log": "log", "log1p": "log1p", "log2": "log2", "log10": "log10",
    "neg": "negative", "inv": "reciprocal", "sgn": "sign", "floor": "floor", "ceil": "ceil",
    "round": "round", "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin",
    "arccos": "acos", "arctan": "atan", "arctan2": "atan2", "sinh": "sinh", "cosh": "cosh",
    "tanh": "tanh", "erf": "erf", "clip": "clip", "isnan": "isnan", "isinf": "isinf",
    "and_": "bitwise_and", "or_": "bitwise_or", "xor": "bitwise_xor", "outer": "outer",
    "invert": "bitwise_invert",
}  # fmt: skip

FUNCTIONS: dict[str, Any] = {
    **{theano: plain(name) for theano, name in _SAME.items()},
    "eq": _compared(ops.equal),
    "neq": _compared(ops.not_equal),
    "lt": _compared(ops.less),
    "le": _compared(ops.less_equal),
    "gt": _compared(ops.greater),
    "ge": _compared(ops.greater_equal),
    "switch": switch,
    "where": switch,
    "sum": _reduction(ops.sum),
    "mean": _reduction(ops.mean),
    "prod": _reduction(ops.prod),
    **{name: _extreme(getattr(ops, name)) for name in ("max", "min", "argmax", "argmin")},
    **{name: _extreme(getattr(ops, name)) for name in ("var", "std", "any", "all")},
}
FUNCTIONS |= {
    function.__name__: function
    for function in (
        addbroadcast, alloc, arange, argsort, as_tensor_variable, batched_dot, cast, concatenate,
        constant, cumsum, dot, flatten, nonzero, ones, repeat, reshape, shape, shape_padaxis,
        shape_padleft, shape_padright, sort, stack, swapaxes, tensordot, tile, to_one_hot,
        transpose, zeros,
    )
}  # fmt: skip
FUNCTIONS |= {
    "patternbroadcast": addbroadcast,
    "unbroadcast": addbroadcast,
    "eye": ops.eye,
    "zeros_like": plain("zeros_like"),
    "ones_like": plain("ones_like"),
}

# What variables have as methods, under the function's name or another.
METHODS: dict[str, Any] = {
    name: FUNCTIONS[name]
    for name in (
        "all", "any", "argmax", "argmin", "argsort", "clip", "cumsum", "dot", "flatten", "max",
        "mean", "min", "nonzero", "prod", "repeat", "reshape", "round", "sort", "std", "sum",
        "swapaxes", "transpose", "var",
    )
} | {"astype": cast, "dimshuffle": dimshuffle}  # fmt: skip
