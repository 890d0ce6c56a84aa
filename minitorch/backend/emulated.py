"""The emulated device: memory and elementwise arithmetic of ``device="emulated"``.

It stands in for a GPU where there is none. Its arrays are NumPy's in a type of their
own, so that a tensor of it is as foreign to the CPU's as CuPy's would be: mixing raises,
nothing is transferred by itself, and a 0-d result stays an array. What CuPy does on a
GPU, NumPy does here; the hand-written kernels of csrc/cuda run as they are, compiled
into ``minitorch._emulated``. Every byte of it is counted, and can be limited, so that
running out of memory can be met without a GPU.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy

from minitorch.backend.arrays import Backend
from minitorch.backend.memory import MemoryInfo, out_of_memory

__all__ = ["EmulatedArray", "fenced", "load", "namespace", "set_memory_limit"]

# Public functions of NumPy that CuPy 14 does not have: an op body must not use them.
ABSENT = frozenset({
    "block", "bmat", "einsum_path", "errstate", "frompyfunc", "geomspace", "insert",
    "histogram_bin_edges", "matvec", "nanpercentile", "nanquantile", "ndenumerate", "nditer",
    "spacing", "unstack", "vecdot", "vecmat",
    "linalg.diagonal", "linalg.matrix_norm", "linalg.multi_dot", "linalg.outer",
    "linalg.svdvals", "linalg.tensordot", "linalg.trace", "linalg.vecdot", "linalg.vector_norm",
})  # fmt: skip


class _Full(MemoryError):
    """An array does not fit the limit; carries the bytes that it asked for."""

    def __str__(self) -> str:
        return f"the emulated device has no room for {self.args[0]} bytes"


class _Ledger:
    """Who holds how many bytes of the device: by the arrays of NumPy that own them."""

    def __init__(self) -> None:
        self.limit: int | None = None
        self._owners: dict[int, tuple[int, weakref.ref[Any]]] = {}

    @property
    def used(self) -> int:
        """Bytes of all arrays."""
        return sum(size for size, _ in list(self._owners.values()))

    def enter(self, array: EmulatedArray) -> None:
        """Count the memory under an array, unless it is counted already."""
        owner = _owner(array)
        key, size = id(owner), owner.nbytes
        if key in self._owners:
            return
        if self.limit is not None and self.used + size > self.limit:
            raise _Full(size)
        gone = weakref.ref(owner, lambda _: self._owners.pop(key, None))
        self._owners[key] = size, gone


_ledger = _Ledger()


def set_memory_limit(limit: int | None) -> None:
    """Give the emulated device so much memory: what does not fit raises, as on a GPU.

    Parameters
    ----------
    limit : int or None
        Bytes; None, as at first, for no limit.

    Raises
    ------
    TypeError, ValueError
        If it is no such number.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch.backend.emulated import set_memory_limit
    >>> set_memory_limit(mt.memory_info("emulated").used + 1024)
    >>> mt.zeros((16, 1024), device="emulated")
    Traceback (most recent call last):
    minitorch.backend.memory.OutOfMemoryError: zeros: out of memory: asked for 64.0 KiB on ...
    >>> set_memory_limit(None)
    """
    if limit is not None:
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise TypeError(f"set_memory_limit: takes bytes or None, not {limit!r}")
        if limit < 0:
            raise ValueError(f"set_memory_limit: the limit must not be negative, got {limit}")
    _ledger.limit = limit


def _owner(array: Any) -> Any:
    """The array that owns the memory which ``array`` lies in."""
    while isinstance(array.base, numpy.ndarray):
        array = array.base
    return array


class EmulatedDevice:
    """The only device of its kind; CuPy's arrays name theirs in the same way."""

    id = 0

    def __repr__(self) -> str:
        return "<EmulatedDevice>"


_DEVICE = EmulatedDevice()


class EmulatedArray(numpy.ndarray):
    """An array in the emulated device's memory. ``get()`` copies it to the host."""

    def __array_finalize__(self, obj: Any) -> None:
        _ledger.enter(self)

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
    if kind is numpy.ndarray:
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
        return _Namespace(value, f"{value.__name__.rpartition('.')[2]}.")
    if callable(value) and not isinstance(value, type):
        return _Function(value)
    return value


class _Namespace:
    """What NumPy has in common with CuPy: op bodies get it as ``xp``."""

    def __init__(self, module: ModuleType, prefix: str = "") -> None:
        self._module = module
        self._prefix = prefix

    def __repr__(self) -> str:
        return f"<{self._module.__name__} for the emulated device>"

    def __getattr__(self, name: str) -> Any:
        if self._prefix + name in ABSENT:
            raise AttributeError(f"CuPy has no {self._prefix}{name}, so neither has xp")
        member = _member(getattr(self._module, name))
        setattr(self, name, member)  # the next time it is found at once
        return member


def _on_device(data: Any, dtype: Any, copy: bool, order: Any) -> Any:
    """An array of ``data``; one from the host is copied, as a transfer does."""
    if type(data) is EmulatedArray and not copy:
        return numpy.asarray(data.view(numpy.ndarray), dtype, order=order).view(EmulatedArray)
    return numpy.array(_to_host(data), dtype, order=order, copy=True).view(EmulatedArray)


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


FENCE, FENCE_BYTE = 256, 0xA5  # bytes on either side of an array, and what they are full of
_fences: list[Any] | None = None  # the bytes of what was allocated, fences and all


def _empty(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    """``numpy.empty`` on the device; inside :func:`fenced`, between fences and full of NaNs."""
    if _fences is None:
        return numpy.empty(shape, dtype, order).view(EmulatedArray)
    dtype = numpy.dtype(dtype)
    size = int(numpy.prod(shape, dtype=int)) * dtype.itemsize
    raw = numpy.empty(size + 3 * FENCE, numpy.uint8)
    start = -raw.ctypes.data % FENCE  # a multiple of 256, as a GPU's allocator gives
    raw = raw[start : start + size + 2 * FENCE]
    raw[:] = FENCE_BYTE
    raw[FENCE:-FENCE] = 0xFF
    _fences.append(raw)
    inside = raw[FENCE:-FENCE].view(dtype)
    return inside.reshape(shape, order=order).view(EmulatedArray)


@contextlib.contextmanager
def fenced() -> Iterator[None]:
    """Put fences round every array that ``xp.empty`` allocates, and look at them in the end.

    Raises
    ------
    RuntimeError
        If a kernel wrote on one; a test's tool, not for several threads.
    """
    global _fences
    _fences, before = [], _fences
    try:
        yield
        for raw in _fences:
            for side, fence in (("before", raw[:FENCE]), ("after", raw[-FENCE:])):
                if (fence != FENCE_BYTE).any():
                    inside = raw.size - 2 * FENCE
                    raise RuntimeError(f"something was written {side} an array of {inside} bytes")
    finally:
        _fences = before


namespace: Any = _Namespace(numpy)
namespace.empty = _empty
namespace.asarray = _asarray
namespace.array = _array
namespace.ascontiguousarray = lambda a, dtype=None: _on_device(a, dtype, False, "C")


class EmulatedBackend(Backend):
    """NumPy under another type, whose memory is counted."""

    def same_memory(self, array: Any, origin: Any) -> bool:
        """By the owner: views that NumPy makes have other bases than those that are wrapped."""
        return _owner(array) is _owner(origin)

    def run(self, what: str, arrays: Sequence[Any], fn: Callable[..., Any], *args: Any) -> Any:
        """``fn(*args)``; OutOfMemoryError where an array does not fit the limit."""
        return self.make(what, self.name, fn, *args)

    def make(self, what: str, place: str, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """``fn(*args, **named)``; OutOfMemoryError where an array does not fit the limit."""
        try:
            return fn(*args, **named)
        except _Full as full:
            asked = full.args[0]
        raise out_of_memory(what, asked, self.memory(place))

    def memory(self, place: str) -> MemoryInfo:
        """Every byte of the device's arrays, and the limit if one is set."""
        used, limit = _ledger.used, _ledger.limit
        free = None if limit is None else max(0, limit - used)
        return MemoryInfo(self.name, used, used, free, limit)

    def empty_cache(self, place: str) -> None:
        """Nothing is kept."""


def load() -> EmulatedBackend:
    """The backend."""
    return EmulatedBackend("emulated", namespace, EmulatedArray)
