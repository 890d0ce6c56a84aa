"""NumPy's functions, called with tensors: ours where there is one, never a lost gradient."""

from __future__ import annotations

import sys
from typing import Any

import numpy

from minitorch.autograd.mode import mode
from minitorch.autograd.op import registry
from minitorch.autograd.tensor import Tensor

__all__ = ["array_function", "array_ufunc"]

# NumPy's names where they differ from the standard's.
UFUNCS = {
    "absolute": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
    "arcsinh": "asinh", "arctan": "atan", "arctan2": "atan2", "arctanh": "atanh",
    "conjugate": "conj", "invert": "bitwise_invert", "left_shift": "bitwise_left_shift",
    "power": "pow", "rint": "round", "right_shift": "bitwise_right_shift",
    "true_divide": "divide",
}  # fmt: skip
FUNCTIONS = {"amax": "max", "amin": "min", "concatenate": "concat", "ravel": "flatten"}
# Their answers have no gradient to lose.
QUESTIONS = {
    "allclose", "array2string", "array_equal", "array_equiv", "array_repr", "array_str", "isclose",
    "iscomplexobj", "isrealobj", "may_share_memory", "ndim", "shape", "shares_memory", "size",
}  # fmt: skip
WRITERS = {"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}


def _refuse(name: str) -> TypeError:
    return TypeError(
        f"numpy.{name} is not for tensors; use minitorch's functions, or take the values out with "
        f".numpy()"
    )


def array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """``np.sin(tensor)`` is ``minitorch.sin(tensor)``.

    Raises
    ------
    TypeError
        Where minitorch has no such op, for ``reduce`` and its kin, and for ``out=``.
    """
    name = UFUNCS.get(ufunc.__name__, ufunc.__name__)
    target = options.pop("out", (None,))[0]
    if method != "__call__" or options or name not in registry or isinstance(target, Tensor):
        raise _refuse(f"{ufunc.__name__} ({method})")
    if target is not None:  # array += tensor
        raise TypeError("a NumPy array cannot take a tensor in place; write array + tensor")
    return registry[name](*inputs)


def _plain(value: Any) -> Any:
    """``value`` with arrays for the tensors in it."""
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, tuple | list):
        return type(value)([_plain(item) for item in value])
    return value


def _is_lost(value: Any) -> bool:
    """Whether NumPy would lose a gradient, or fetch values from a device unasked."""
    if isinstance(value, tuple | list):
        return any(map(_is_lost, value))
    if not isinstance(value, Tensor):
        return False
    return value.device != "cpu" or (mode.grad and value.requires_grad)


def array_function(self: Tensor, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    """``np.concatenate(tensors)`` is ``minitorch.concat(tensors)``.

    What minitorch has under NumPy's name (or the standard's) is called in its
    place. The rest of NumPy gets the values, where no gradient can be lost.

    Raises
    ------
    TypeError
        Where one would be lost, for tensors that are not on the CPU, and for functions
        that write into their argument.
    """
    if not all(issubclass(t, Tensor | numpy.ndarray) for t in types):
        return NotImplemented
    name = function.__name__
    ops = sys.modules["minitorch.ops"]
    ours = FUNCTIONS.get(name, name)
    if function.__module__ == "numpy" and ours in ops.__all__:
        return getattr(ops, ours)(*args, **kwargs)
    inputs = [*args, *kwargs.values()]
    if name in WRITERS or (name not in QUESTIONS and _is_lost(inputs)):
        raise _refuse(name)
    return function(*_plain(args), **{key: _plain(value) for key, value in kwargs.items()})
