"""The ops: one family a file; here they are gathered and bound to the tensor.

The namespace follows the Python Array API standard (2024.12): its names, its
arguments, its promotion. The table at the end of this file gives ``Tensor``
its operators and methods; nothing else does.
"""

# ruff: noqa: F403, F405 (the families say in their __all__ what they export)

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy

from minitorch.autograd.inplace import write
from minitorch.autograd.op import Op, registry
from minitorch.autograd.tensor import Tensor
from minitorch.backend.arrays import is_place
from minitorch.backend.device import device
from minitorch.ops import decompositions, matrix_functions, norms, solvers  # for minitorch.linalg
from minitorch.ops import index as _index
from minitorch.ops import numpy_protocol as _numpy
from minitorch.ops.activations import *
from minitorch.ops.arithmetic import *
from minitorch.ops.avg_pooling import *
from minitorch.ops.compare import *
from minitorch.ops.complex_parts import *
from minitorch.ops.conv import *
from minitorch.ops.conv_transpose import *
from minitorch.ops.convolve import *
from minitorch.ops.creation import *
from minitorch.ops.cross_entropy import *
from minitorch.ops.dtypes import *
from minitorch.ops.einsum import *
from minitorch.ops.elementwise_native import attach_elementwise
from minitorch.ops.embedding import *
from minitorch.ops.exponential import *
from minitorch.ops.gathering import *
from minitorch.ops.global_pooling import *
from minitorch.ops.grad_clip import *
from minitorch.ops.grids import *
from minitorch.ops.gru import *
from minitorch.ops.gru_back import *
from minitorch.ops.hyperbolic import *
from minitorch.ops.indexing import *
from minitorch.ops.joining import *
from minitorch.ops.label_loss import *
from minitorch.ops.logic import *
from minitorch.ops.loss import *
from minitorch.ops.lstm import *
from minitorch.ops.lstm_back import *
from minitorch.ops.matmul import *
from minitorch.ops.max_pooling import *
from minitorch.ops.norm import *
from minitorch.ops.norm_back import *
from minitorch.ops.padding import *
from minitorch.ops.piecewise import *
from minitorch.ops.pool import *
from minitorch.ops.pool_sum import *
from minitorch.ops.power import *
from minitorch.ops.random import *
from minitorch.ops.reduce import *
from minitorch.ops.response import *
from minitorch.ops.rounding import *
from minitorch.ops.sampling import *
from minitorch.ops.scan import *
from minitorch.ops.sets import *
from minitorch.ops.shape import *
from minitorch.ops.softmax import *
from minitorch.ops.sorting import *
from minitorch.ops.special import *
from minitorch.ops.statistics import *
from minitorch.ops.steps import *
from minitorch.ops.sum_pooling import *
from minitorch.ops.transfer import *
from minitorch.ops.transfer import to_device
from minitorch.ops.trigonometric import *
from minitorch.ops.truth import *

attach_elementwise(entry for entry in registry.values() if isinstance(entry, Op))

# What the families say they export, and nothing else of this module.
__all__ = sorted(
    name
    for module, family in sys.modules.items()
    if module.startswith("minitorch.ops.")
    for name in getattr(family, "__all__", ())
    if name in globals() and not isinstance(globals()[name], ModuleType)
)

# -- the table: what Tensor can do ----------------------------------------

# Python's operators; each gets a reflected and an in-place form as well.
BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
}
COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
UNARY = {"neg": "negative", "pos": "positive", "abs": "abs", "invert": "bitwise_invert"}
# Methods, as NumPy's arrays have them; an op stored on a class is a method.
METHODS = (
    "abs", "all", "any", "argmax", "argmin", "argsort", "astype", "broadcast_to", "clip", "conj",
    "cos", "exp", "log", "logsumexp", "max", "mean", "min", "nonzero", "permute_dims", "pow",
    "prod", "repeat", "reshape", "round", "sin", "sqrt", "square", "squeeze", "std", "sum",
    "sum_to", "take", "tanh", "var",
)  # fmt: skip


def _operator(name: str, operand: Any) -> Any:
    """``x <operator> other``; NotImplemented lets Python try the other side."""

    def method(self: Tensor, other: Any) -> Any:
        if other.__class__ is not Tensor and not isinstance(other, operand):
            return NotImplemented
        return call(self, other)

    call = registry[name]
    return method


def _reflected(name: str, operand: Any) -> Any:
    def method(self: Tensor, other: Any) -> Any:
        return call(other, self) if isinstance(other, operand) else NotImplemented

    call = registry[name]
    return method


def _in_place(name: str, operand: Any) -> Any:
    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, operand):
            return NotImplemented
        value = call(self, other)
        if value.shape != self.shape:
            raise ValueError(f"{name} in place: the result {value.shape} does not fit {self.shape}")
        write(self, value)
        return self

    call = registry[name]
    return method


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    """The axes reversed, or in the order given (as numbers or one tuple)."""
    order: Any = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
    return permute_dims(self, axes=tuple(order) or tuple(range(self.ndim))[::-1])


def _t(self: Tensor) -> Tensor:
    """The transpose of a matrix."""
    if self.ndim != 2:
        raise ValueError(
            f".T is for matrices, this tensor has shape {self.shape}; use permute_dims"
        )
    return permute_dims(self, axes=(1, 0))


def _reshape(self: Tensor, *shape: Any, copy: Any = None) -> Tensor:
    """The same elements in another shape, given as numbers or one tuple."""
    wanted: Any = shape[0] if len(shape) == 1 else shape
    return reshape(self, shape=wanted) if copy is None else reshape(self, shape=wanted, copy=copy)


def _getitem(self: Tensor, index: Any) -> Tensor:
    """The part that an index selects; a recorded call owns the arrays in it."""
    return getitem(self, index=_index.Index.of(index, copy=self._needs))


def _array_namespace(self: Tensor, /, *, api_version: str | None = None) -> Any:
    """The module whose functions work on tensors: minitorch."""
    if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        raise ValueError(f"version {api_version} of the array API is not supported")
    import minitorch

    return minitorch


def _to(self: Tensor, target: Any, dtype: Any = None) -> Tensor:
    """The tensor on a device, in a dtype, or both; itself if it is so already.

    ``x.to("cuda")``, ``x.to(mt.float64)``, ``x.to("cuda:1", mt.float16)``. Gradients flow back
    to where x is.
    """
    if isinstance(target, device) or (isinstance(target, str) and is_place(target)):
        self = to_device(self, str(target))
    elif dtype is None:
        dtype = target
    else:
        raise TypeError(f"to: {target!r} is no device; give to(dtype) or to(device, dtype)")
    if isinstance(dtype, Tensor):  # NumPy would take its dtype and leave the device
        raise TypeError("to: takes a device or a dtype, not a tensor; give to(y.device, y.dtype)")
    try:
        same = dtype is None or self.dtype == numpy.dtype(dtype)
    except TypeError:
        raise TypeError(
            f"to: {dtype!r} is neither a device ('cpu', 'cuda', 'cuda:<index>', 'emulated') "
            f"nor a dtype"
        ) from None
    return self if same else astype(self, dtype=dtype)


def _cpu(self: Tensor) -> Tensor:
    """The tensor in host memory: itself if it is there, else a copy that gradients flow through."""
    return to_device(self, "cpu")


def _cuda(self: Tensor, device: str = "cuda") -> Tensor:
    """The tensor on a GPU: itself if it is there, else a copy that gradients flow through."""
    return to_device(self, device)


def _bind() -> None:
    # Python's bool is an int; the name `bool` is the dtype here.
    operand = (Tensor, int, float, complex, numpy.ndarray, numpy.generic)
    for python, name in BINARY.items():
        setattr(Tensor, f"__{python}__", _operator(name, operand))
        setattr(Tensor, f"__r{python}__", _reflected(name, operand))
        setattr(Tensor, f"__i{python}__", _in_place(name, operand))
    for python, name in COMPARISONS.items():
        setattr(Tensor, f"__{python}__", _operator(name, operand))
    for python, name in UNARY.items():
        setattr(Tensor, f"__{python}__", registry[name])
    for name in METHODS:
        setattr(Tensor, name, registry[name])
    extras: dict[str, Any] = {
        "T": property(_t),
        "mT": property(matrix_transpose),
        "__array_namespace__": _array_namespace,
        "__array_function__": _numpy.array_function,
        "__array_ufunc__": _numpy.array_ufunc,
        "__getitem__": _getitem,
        "__setitem__": setitem,
        "flatten": flatten,
        "reshape": _reshape,
        "cpu": _cpu,
        "cuda": _cuda,
        "to": _to,
        "to_device": to_device,
        "transpose": _transpose,
    }
    for name, value in extras.items():
        setattr(Tensor, name, value)


_bind()
