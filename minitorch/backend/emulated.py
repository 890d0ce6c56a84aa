"""The emulated device: memory and elementwise arithmetic of ``device="emulated"``.

It stands in for a GPU where there is none. Its arrays are NumPy's in a type of their
own, so that a tensor of it is as foreign to the CPU's as CuPy's would be: mixing raises,
nothing is transferred by itself, and a 0-d result stays an array. What CuPy does on a
GPU, NumPy does here; the hand-written kernels of csrc/cuda run as they are, compiled
into ``minitorch._emulated``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy

__all__ = ["EmulatedArray", "namespace"]


class EmulatedDevice:
    """The only device of its kind; CuPy's arrays name theirs in the same way."""

    id = 0

    def __repr__(self) -> str:
        return "<EmulatedDevice>"


_DEVICE = EmulatedDevice()


class EmulatedArray(numpy.ndarray):
    """An array in the emulated device's memory. ``get()`` copies it to the host."""

    @property
    def device(self) -> Any:
        """The device."""
        return _DEVICE

    def get(self) -> numpy.ndarray[Any, Any]:
        """A copy in host memory."""
        return numpy.array(self.view(numpy.ndarray), order="K")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _call(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _call(func, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return _wrap(super().__getitem__(key))


def _unwrap(value: Any) -> Any:
    """What NumPy computes with; an array in host memory is refused, as CuPy does."""
    kind = type(value)
    if kind is EmulatedArray:
        return value.view(numpy.ndarray)
    if kind is numpy.ndarray and value.ndim:
        raise TypeError(
            f"an array {value.shape} in host memory meets arrays on the emulated device; "
            f"move it there with xp.asarray"
        )
    if kind is tuple or kind is list:
        return kind(map(_unwrap, value))
    return value


def _wrap(value: Any) -> Any:
    """A result as an array of the device; what is no array stays."""
    if isinstance(value, numpy.ndarray | numpy.generic):
        return value if type(value) is EmulatedArray else numpy.asarray(value).view(EmulatedArray)
    if isinstance(value, tuple):
        parts = map(_wrap, value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [_wrap(part) for part in value]
    return value


def _call(fn: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    given = {name: _unwrap(value) for name, value in kwargs.items()}
    result = fn(*map(_unwrap, args), **given)
    out = kwargs.get("out")
    if out is not None:  # NumPy has written into it and returned another view of it
        return out[0] if isinstance(out, tuple) and len(out) == 1 else out
    return _wrap(result)


class _Function:
    """A function of NumPy's whose results are on the device."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.__name__ = getattr(fn, "__name__", "function")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call(self.fn, args, kwargs)

    def __getattr__(self, name: str) -> Any:  # add.at, add.reduce
        return _member(getattr(self.fn, name))


def _member(value: Any) -> Any:
    if isinstance(value, ModuleType):
        return _Namespace(value)
    if callable(value) and not isinstance(value, type):
        return _Function(value)
    return value


class _Namespace:
    """NumPy for the emulated device: op bodies get it as ``xp``."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __repr__(self) -> str:
        return f"<{self._module.__name__} for the emulated device>"

    def __getattr__(self, name: str) -> Any:
        member = _member(getattr(self._module, name))
        setattr(self, name, member)  # the next time it is found at once
        return member


def _on_device(data: Any, dtype: Any, copy: bool, order: Any) -> Any:
    """An array of ``data``; one from the host is copied, as a transfer does."""
    if type(data) is EmulatedArray and not copy:
        return numpy.asarray(data.view(numpy.ndarray), dtype, order=order).view(EmulatedArray)
    if isinstance(data, list | tuple):
        data = _to_host(data)
    return numpy.array(data, dtype, order=order, copy=True).view(EmulatedArray)


def _to_host(data: Any) -> Any:
    if type(data) is EmulatedArray:
        return data.view(numpy.ndarray)
    return [_to_host(part) for part in data] if isinstance(data, list | tuple) else data


def _asarray(data: Any, dtype: Any = None, order: Any = "K", copy: bool | None = None) -> Any:
    """``numpy.asarray`` onto the device."""
    return _on_device(data, dtype, bool(copy), order)


def _array(data: Any, dtype: Any = None, copy: bool = True, order: Any = "K") -> Any:
    """``numpy.array`` onto the device."""
    return _on_device(data, dtype, copy, order)


namespace: Any = _Namespace(numpy)
namespace.asarray = _asarray
namespace.array = _array
namespace.ascontiguousarray = lambda a, dtype=None: _on_device(a, dtype, False, "C")
