"""The kernel of csrc/cpu/elementwise as the bodies of single elementwise ops are called.

Which ops there are, the kernel says. A captured step joins several of them into one call; here
each is a call of its own, for arrays that are worth several threads and vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy

from minitorch.backend.native import NATIVE_FLOATS, load_extension, native_empty

__all__ = ["COMPARE", "attach_elementwise"]

# Elements from which a call of the kernel costs less than NumPy's.
LARGE = 1 << 15
COMPARE = frozenset(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"])


def _supports(*arrays: Any, **static: Any) -> bool | str:
    """Whether the kernel can do an op on these, or why not."""
    floats = {a.dtype for a in arrays if isinstance(a, numpy.ndarray) and a.dtype.kind != "b"}
    if len(floats) != 1 or not floats <= set(NATIVE_FLOATS):
        found = ", ".join(sorted(map(str, floats))) or "no floating-point arrays"
        return f"it computes in float32 or float64, with masks and numbers; these are {found}"
    for a in arrays:
        if isinstance(a, numpy.ndarray):
            if a.ndim > 8 or not a.flags.aligned or any(s % a.itemsize for s in a.strides):
                return "the arrays must be aligned and have at most 8 axes"
        elif isinstance(a, bool) or not isinstance(a, int | float):
            return f"a {type(a).__name__} is no number that it takes"
    if static:
        return "it takes no settings"
    return True


def _kernel(native: Any, name: str) -> Callable[..., Any]:
    code, arity = native.elementwise_codes[name]
    step = (code, *range(arity), *[-1] * (3 - arity))

    def fn(xp: Any, *arrays: Any, **static: Any) -> Any:
        dtype = next(a.dtype for a in arrays if hasattr(a, "dtype") and a.dtype.kind == "f")
        inputs = [a if isinstance(a, numpy.ndarray) else _cell(a, dtype) for a in arrays]
        shape = numpy.broadcast_shapes(*[a.shape for a in inputs])
        out = native_empty(shape, numpy.bool_ if name in COMPARE else dtype)
        native.elementwise(shape, inputs, [step], [(arity, out)], dtype == numpy.float64)
        return out

    return fn


def _cell(number: float, dtype: Any) -> Any:
    cell = native_empty((), dtype)
    cell[...] = number
    return cell


def attach_elementwise(ops: Iterable[Any]) -> None:
    """Give the kernel to those of ``ops`` that it has a code for, for large arrays."""
    native, missing = load_extension("_cpu")
    for op in ops:
        if native is None:
            op.kernels.missing = missing
            continue
        if op.name not in native.elementwise_codes or op.name in ("copy", "where"):
            continue
        if op.name.startswith("logical") or any(True for _ in op.statics):
            continue
        op.kernel(
            "cpu",
            "k01_blocks",
            supports=_supports,
            idea="a block of elements at a time, in vectors and threads",
        )(_kernel(native, op.name))
        op.least = LARGE
