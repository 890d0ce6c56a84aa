"""ONNX operators about shapes, dtypes and constants."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.io.onnx.registry import Node, axes_of, integers, operator

__all__ = ["DTYPES", "dtype_of"]

# TensorProto's numbers; before operator set 6 Cast had their names.
_DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
}  # fmt: skip
DTYPES = tuple(_DTYPES.values())
_OLD = {"FLOAT": 1, "DOUBLE": 11, "FLOAT16": 10}


def dtype_of(node: Node, number: Any) -> str:
    """A dtype by TensorProto's number or old name; NotImplementedError for those NumPy has not."""
    if isinstance(number, str):
        number = _OLD.get(number, number)
    if isinstance(number, str):
        return number.lower()
    if number not in _DTYPES:
        raise node.refuse(f"the dtype of number {number} (bfloat16, float8, text, ...)")
    return _DTYPES[number]


@operator("Identity")
def identity(node: Node, x: Tensor) -> Tensor:
    """x"""
    return x


@operator("Cast")
def cast(node: Node, x: Tensor) -> Tensor:
    """x in another dtype."""
    return ops.astype(x, dtype_of(node, node.get("to")))


@operator("CastLike")
def cast_like(node: Node, x: Tensor, like: Tensor) -> Tensor:
    """x in the dtype of another tensor."""
    return ops.astype(x, like.dtype)


@operator("Constant")
def constant_value(node: Node) -> Tensor:
    """An array of the file."""
    for name, dtype in (("value", None), ("value_float", "float32"), ("value_floats", "float32"),
                        ("value_int", "int64"), ("value_ints", "int64")):  # fmt: skip
        if name in node.attributes:
            return asarray(numpy.asarray(node.get(name), dtype))
    raise node.refuse(f"a constant of {', '.join(node.attributes)}")


@operator("ConstantOfShape")
def constant_of_shape(node: Node, shape: Tensor) -> Tensor:
    """One value, everywhere."""
    value = numpy.asarray(node.get("value", numpy.zeros(1, "float32")))
    return asarray(numpy.full(integers(shape), value.ravel()[0], value.dtype))


@operator("Range")
def arange(node: Node, start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    """Numbers from start to limit, which is not among them."""
    count = max(0, math.ceil((limit.item() - start.item()) / delta.item()))
    return start + ops.astype(ops.arange(count), start.dtype) * delta


@operator("EyeLike")
def eye_like(node: Node, x: Tensor) -> Tensor:
    """Ones on a diagonal, in the shape of x."""
    dtype = dtype_of(node, node.get("dtype")) if "dtype" in node.attributes else x.dtype
    return ops.eye(*x.shape, k=node.get("k", 0), dtype=dtype)


@operator("Shape")
def shape(node: Node, x: Tensor) -> Tensor:
    """The lengths of x's axes."""
    return asarray(numpy.array(x.shape[node.get("start", 0) : node.get("end")], "int64"))


@operator("Size")
def size(node: Node, x: Tensor) -> Tensor:
    """The number of x's elements."""
    return asarray(numpy.array(x.size, "int64"))


@operator("Reshape")
def reshape(node: Node, x: Tensor, lengths: Any = None) -> Tensor:
    """The same elements in another shape; 0 keeps an axis, -1 is what is left."""
    wanted = node.setting("shape", lengths)
    if not node.get("allowzero"):
        wanted = [x.shape[i] if n == 0 else n for i, n in enumerate(wanted)]
    return ops.reshape(x, tuple(wanted))


@operator("Flatten")
def flatten(node: Node, x: Tensor) -> Tensor:
    """Two axes: those before ``axis``, and the others."""
    axis = node.get("axis", 1)
    axis = axis + x.ndim if axis < 0 else axis
    return ops.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@operator("Squeeze")
def squeeze(node: Node, x: Tensor, axes: Any = None) -> Tensor:
    """Without axes of length 1."""
    chosen = node.setting("axes", axes)
    if chosen is None:
        chosen = [i for i, n in enumerate(x.shape) if n == 1]
    chosen = axes_of(chosen, x.ndim)
    if any(x.shape[axis] != 1 for axis in chosen):
        raise ValueError(f"{node!r}: axes {chosen} of {x.shape} are not all of length 1")
    return ops.reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in chosen))


@operator("Unsqueeze")
def unsqueeze(node: Node, x: Tensor, axes: Any = None) -> Tensor:
    """With axes of length 1 at these places of the result."""
    chosen = node.setting("axes", axes)
    rank = x.ndim + len(chosen)
    places, lengths = set(axes_of(chosen, rank)), iter(x.shape)
    return ops.reshape(x, tuple(1 if i in places else next(lengths) for i in range(rank)))


@operator("Transpose")
def transpose(node: Node, x: Tensor) -> Tensor:
    """Axes in another order, by default the reverse."""
    return ops.permute_dims(x, tuple(node.get("perm", range(x.ndim)[::-1])))


@operator("Expand")
def expand(node: Node, x: Tensor, lengths: Tensor) -> Tensor:
    """x broadcast to a shape, which is broadcast to x's as well."""
    return ops.broadcast_to(x, numpy.broadcast_shapes(x.shape, tuple(integers(lengths))))


@operator("Tile", since=6)
def tile(node: Node, x: Tensor, repeats: Tensor) -> Tensor:
    """Copies of x side by side."""
    return ops.tile(x, tuple(integers(repeats)))


@operator("Tile", until=6)
def tile_one_axis(node: Node, x: Tensor, count: Tensor, axis: Tensor) -> Tensor:
    """Copies of x along one axis."""
    repeats = [1] * x.ndim
    repeats[int(axis.item())] = int(count.item())
    return ops.tile(x, tuple(repeats))


@operator("Concat")
def concat(node: Node, *inputs: Tensor) -> Tensor:
    """One behind the other."""
    return ops.concat(inputs, axis=node.get("axis", 1))


@operator("Split")
def split(node: Node, x: Tensor, sizes: Any = None) -> Any:
    """Parts along an axis: of these sizes, or equal ones, the last perhaps smaller."""
    axis = node.get("axis", 0)
    lengths = node.setting("split", sizes)
    if lengths is None:
        count = node.get("num_outputs", len(node.outputs))
        each = math.ceil(x.shape[axis] / count)
        lengths = [each] * (count - 1) + [x.shape[axis] - each * (count - 1)]
    ends = numpy.cumsum([0, *lengths]).tolist()
    before = (slice(None),) * (axis % x.ndim)
    return tuple(x[(*before, slice(a, b))] for a, b in itertools.pairwise(ends))


@operator("Slice")
def slice_(
    node: Node, x: Tensor, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None
) -> Tensor:
    """Some of the elements along some axes."""
    begin, end = node.setting("starts", starts), node.setting("ends", ends)
    chosen = node.setting("axes", axes, range(len(begin)))
    step = integers(steps) if steps is not None else [1] * len(begin)
    index = [slice(None)] * x.ndim
    for axis, a, b, s in zip(chosen, begin, end, step, strict=True):
        length = x.shape[axis]
        if s < 0 and b < -length:
            index[axis] = slice(a, None, s)  # to the first element, and that too
        else:
            index[axis] = slice(a, b, s)
    return x[tuple(index)]


@operator("Pad")
def pad(node: Node, x: Tensor, pads: Any = None, value: Any = None, axes: Any = None) -> Tensor:
    """A border around x; a negative one cuts off."""
    widths = node.setting("pads", pads, node.get("paddings"))
    chosen = axes_of(integers(axes), x.ndim) if axes is not None else tuple(range(x.ndim))
    fill = node.get("value", 0.0) if value is None else value.item()
    pairs = [(0, 0)] * x.ndim
    for place, axis in enumerate(chosen):
        pairs[axis] = (widths[place], widths[place + len(chosen)])
    cut = tuple(
        slice(max(0, -a), length - max(0, -b))
        for length, (a, b) in zip(x.shape, pairs, strict=True)
    )
    kept = [(max(0, a), max(0, b)) for a, b in pairs]
    x = x[cut] if any(min(pair) < 0 for pair in pairs) else x
    mode = node.get("mode", "constant")
    if mode == "constant":
        return ops.pad(x, kept, value=fill)
    return ops.pad(x, kept, mode=mode)


@operator("DepthToSpace")
def depth_to_space(node: Node, x: Tensor) -> Tensor:
    """Groups of channels become blocks of pixels."""
    n, c, h, w = x.shape
    b = node.get("blocksize")
    if node.get("mode", "DCR") == "DCR":
        parts = ops.permute_dims(ops.reshape(x, (n, b, b, c // b**2, h, w)), (0, 3, 4, 1, 5, 2))
    else:
        parts = ops.permute_dims(ops.reshape(x, (n, c // b**2, b, b, h, w)), (0, 1, 4, 2, 5, 3))
    return ops.reshape(parts, (n, c // b**2, h * b, w * b))


@operator("SpaceToDepth")
def space_to_depth(node: Node, x: Tensor) -> Tensor:
    """Blocks of pixels become groups of channels."""
    n, c, h, w = x.shape
    b = node.get("blocksize")
    parts = ops.reshape(x, (n, c, h // b, b, w // b, b))
    if node.get("mode", "DCR") == "CRD":
        parts = ops.permute_dims(parts, (0, 1, 3, 5, 2, 4))
    else:
        parts = ops.permute_dims(parts, (0, 3, 5, 1, 2, 4))
    return ops.reshape(parts, (n, c * b**2, h // b, w // b))


@operator("Trilu")
def trilu(node: Node, x: Tensor, diagonal: Any = None) -> Tensor:
    """A triangle of each matrix, the rest 0."""
    k = 0 if diagonal is None else int(diagonal.item())
    rows, columns = x.shape[-2:]
    steps = numpy.arange(columns)[None, :] - numpy.arange(rows)[:, None]
    keep = steps >= k if node.get("upper", 1) else steps <= k
    return ops.where(asarray(keep), x, ops.zeros_like(x))


@operator("CenterCropPad")
def center_crop_pad(node: Node, x: Tensor, lengths: Tensor) -> Tensor:
    """Cut, or padded with zeros, on both sides alike."""
    wanted = integers(lengths)
    chosen = axes_of(node.get("axes", range(x.ndim)), x.ndim)
    index, widths = [slice(None)] * x.ndim, [(0, 0)] * x.ndim
    for axis, length in zip(chosen, wanted, strict=True):
        less = x.shape[axis] - length
        if less > 0:
            index[axis] = slice(less // 2, less // 2 + length)
        else:
            widths[axis] = (-less // 2, -less - (-less // 2))
    return ops.pad(x[tuple(index)], widths)
