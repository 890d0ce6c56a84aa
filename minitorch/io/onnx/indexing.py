"""ONNX operators that choose elements by index, and put them there."""

from __future__ import annotations

import math
from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.io.onnx.registry import Node, operator

__all__: list[str] = []


def _positive(indices: Tensor, length: int) -> Any:
    """Indices as an array, those from the end counted from the beginning."""
    array = indices.numpy()
    return numpy.where(array < 0, array + length, array)


@operator("Gather", weights=(0,))
def gather(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    """Whole slices of x along an axis."""
    axis = node.get("axis", 0) % x.ndim
    return x[(*(slice(None),) * axis, _positive(indices, x.shape[axis]))]


@operator("GatherElements")
def gather_elements(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    """Elements of x, their index along an axis given for each."""
    return x[_grid(indices, node.get("axis", 0), x)]


def _grid(indices: Tensor, axis: int, x: Tensor) -> tuple[Any, ...]:
    """The whole index of elements whose index along one axis is given."""
    axis = axis % x.ndim
    places = list(numpy.indices(indices.shape))
    places[axis] = _positive(indices, x.shape[axis])
    return tuple(places)


@operator("GatherND")
def gather_nd(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    """Parts of x, each by the first entries of an index."""
    return x[_parts(indices, node.get("batch_dims", 0), x)]


def _parts(indices: Tensor, batch: int, x: Tensor) -> tuple[Any, ...]:
    """The index that the last axis of ``indices`` spells out, behind ``batch`` axes in common."""
    array = indices.numpy()
    lead = array.shape[:batch]
    places = [
        numpy.arange(n).reshape([-1 if i == j else 1 for j in range(array.ndim - 1)])
        for i, n in enumerate(lead)
    ]
    last = [_positive(asarray(array[..., k]), x.shape[batch + k]) for k in range(array.shape[-1])]
    return (*places, *last)


def _scattered(x: Tensor, index: tuple[Any, ...], values: Tensor, reduction: str) -> Tensor:
    """x with values at an index; for places named twice, one value after the other."""
    if reduction == "add":
        return x + ops.astype(ops.scatter_add(values, index, x.shape), x.dtype)
    places = numpy.arange(math.prod(x.shape)).reshape(x.shape)[index]
    for turn in _turns(places):
        chosen = tuple(part[turn] for part in numpy.broadcast_arrays(*index))
        some = values[turn]
        mask = numpy.zeros(x.shape, bool)
        mask[chosen] = True
        spread = ops.astype(ops.scatter_add(some, chosen, x.shape), x.dtype)
        new = {
            "none": lambda x, v: v,
            "mul": ops.multiply,
            "max": ops.maximum,
            "min": ops.minimum,
        }[reduction](x, spread)
        x = ops.where(asarray(mask), new, x)
    return x


def _turns(places: Any) -> list[Any]:
    """Masks over the first axes of the updates, none of which names a place twice."""
    rows = places.reshape(places.shape[0], -1) if places.ndim > 1 else places.reshape(-1, 1)
    if numpy.unique(places).size == places.size:
        return [numpy.ones(places.shape[:1], bool)]
    if places.ndim == 1 or all(numpy.unique(row).size == row.size for row in rows):
        return [numpy.arange(len(rows)) == i for i in range(len(rows))]
    flat = []
    for i in range(places.size):
        mask = numpy.zeros(places.size, bool)
        mask[i] = True
        flat.append(mask.reshape(places.shape))
    return flat


@operator("ScatterElements", "Scatter")
def scatter_elements(node: Node, x: Tensor, indices: Tensor, values: Tensor) -> Tensor:
    """x with single elements replaced, or combined with others."""
    index = _grid(indices, node.get("axis", 0), x)
    return _scattered(x, index, values, node.get("reduction", "none"))


@operator("ScatterND")
def scatter_nd(node: Node, x: Tensor, indices: Tensor, values: Tensor) -> Tensor:
    """x with whole parts replaced, or combined with others."""
    index = _parts(indices, 0, x)
    trailing = x.shape[len(index) :]
    if trailing:  # written out, so that every element has an index of its own
        lead = index[0].shape
        grid = numpy.indices(trailing)
        index = (
            *(numpy.broadcast_to(i.reshape(lead + (1,) * len(trailing)), lead + trailing)
              for i in index),
            *(numpy.broadcast_to(g, lead + trailing) for g in grid),
        )  # fmt: skip
    return _scattered(x, index, values, node.get("reduction", "none"))


@operator("OneHot")
def one_hot(node: Node, indices: Tensor, depth: Tensor, values: Tensor) -> Tensor:
    """values[1] at an index along a new axis, values[0] elsewhere."""
    count, axis = int(depth.item()), node.get("axis", -1)
    places = indices.numpy().astype("int64")
    places = numpy.where(places < 0, places + count, places)
    hot = numpy.moveaxis(places[..., None] == numpy.arange(count), -1, axis)
    return ops.where(asarray(hot), values[1], values[0])


@operator("NonZero")
def non_zero(node: Node, x: Tensor) -> Tensor:
    """The indices of what is not 0, a row for each axis."""
    return asarray(numpy.array(numpy.nonzero(x.numpy()), "int64"))


@operator("Compress")
def compress(node: Node, x: Tensor, condition: Tensor) -> Tensor:
    """The slices, or elements, for which the condition holds."""
    places = numpy.flatnonzero(condition.numpy())
    if node.get("axis") is None:
        return ops.reshape(x, (-1,))[places]
    return x[(*(slice(None),) * (node.get("axis") % x.ndim), places)]


@operator("TopK")
def top_k(node: Node, x: Tensor, count: Any = None) -> Any:
    """The largest or smallest along an axis, in order, and where they were."""
    k = node.setting("k", count)
    k, axis = (k[0] if isinstance(k, list) else k), node.get("axis", -1)
    order = ops.argsort(x, axis=axis, descending=bool(node.get("largest", 1)), stable=True)
    keep = (*(slice(None),) * (axis % x.ndim), slice(0, k))
    places = ops.astype(order[keep], "int64")
    return ops.take_along_axis(x, places, axis=axis), places


@operator("ReverseSequence")
def reverse_sequence(node: Node, x: Tensor, lengths: Tensor) -> Tensor:
    """The first elements of each sequence in the reverse order."""
    time, batch = node.get("time_axis", 0), node.get("batch_axis", 1)
    steps = numpy.arange(x.shape[time])[:, None]
    ends = lengths.numpy()[None, :]
    places = numpy.where(steps < ends, ends - 1 - steps, steps)  # (time, batch)
    index = list(numpy.indices(x.shape))
    index[time] = places[index[time], index[batch]]
    return x[tuple(index)]


@operator("Unique")
def unique(node: Node, x: Tensor) -> Any:
    """Different elements, or slices; where each was first, what became of each, how many."""
    axis = node.get("axis")
    values, first, inverse, counts = numpy.unique(
        x.numpy(), return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    inverse = inverse.ravel()
    if not node.get("sorted", 1):
        order = numpy.argsort(first)
        values = numpy.take(values, order, axis=axis or 0)
        first, counts = first[order], counts[order]
        inverse = numpy.argsort(order)[inverse]
    rest = (asarray(numpy.asarray(part, "int64")) for part in (first, inverse, counts))
    return (asarray(values), *rest)
