"""Arrays and where they live: array modules, devices, and moving between them.

A tensor's memory is a plain array of some array module: ``numpy.ndarray`` on
the CPU, ``cupy.ndarray`` on a GPU, ``EmulatedArray`` on the emulated device. The
array's *type* says which backend it belongs to; op bodies receive that backend's
module as ``xp`` and never ask.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from minitorch.backend.memory import MemoryInfo
from minitorch.backend.native import cache_info, empty_cache

__all__ = [
    "BACKENDS",
    "CPU",
    "HALVES",
    "Backend",
    "as_array",
    "backend_named",
    "backend_of",
    "bfloat16",
    "device_of",
    "get_default_dtype",
    "is_on",
    "is_place",
    "place_of",
    "same_backend",
    "set_default_dtype",
    "set_place",
    "shares_memory",
    "to_device",
    "to_numpy",
]

Array = Any  # numpy.ndarray or cupy.ndarray: chosen at run time, so typed by name only


class Backend:
    """One array library: its ``name`` (cpu, cuda, emulated), module ``xp`` and array type.

    This one is the CPU's; backend/cuda.py and backend/emulated.py derive theirs.
    """

    def __init__(self, name: str, xp: Any, array_type: type) -> None:
        self.name = name
        self.xp = xp
        self.array_type = array_type

    def device(self, array: Array) -> str:
        """The device string of one of this backend's arrays."""
        return self.name

    def stream(self, array: Array) -> int:
        """The stream that kernels on ``array`` are to run on, as a pointer; 0 but for CUDA."""
        return 0

    def same_memory(self, array: Array, origin: Array) -> bool:
        """Whether two arrays lie in the same memory, where their ``base`` does not tell."""
        return False

    def run(self, what: str, arrays: Sequence[Array], fn: Callable[..., Any], *args: Any) -> Any:
        """``fn(*args)`` on the device of ``arrays``; ``what`` names it if memory runs out."""
        return fn(*args)

    def make(self, what: str, place: str, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """``fn(*args, **named)``, which makes an array on the device ``place``."""
        return fn(*args, **named)

    def context(self, place: str) -> contextlib.AbstractContextManager[Any]:
        """Makes ``xp`` itself allocate on the device ``place``, where there are several."""
        return contextlib.nullcontext()

    def memory(self, place: str) -> MemoryInfo:
        """What is known of a device's memory."""
        return cache_info()

    def empty_cache(self, place: str) -> None:
        """Give back what is kept for arrays to come."""
        empty_cache()


CPU = Backend("cpu", numpy, numpy.ndarray)
# Looked up by the exact type of an array, on every op call.
BACKENDS: dict[type, Backend] = {numpy.ndarray: CPU}


def _load(name: str) -> Backend:
    """The backend that ``backend/<name>.py`` makes, registered at its first use."""
    for known in BACKENDS.values():
        if known.name == name:
            return known
    backend: Backend = importlib.import_module(f"minitorch.backend.{name}").load()
    return BACKENDS.setdefault(backend.array_type, backend)


def backend_of(array: Array) -> Backend:
    """The backend that an array belongs to; TypeError for anything else."""
    backend = BACKENDS.get(type(array))
    if backend is None:
        raise TypeError(f"not an array of a known device: {type(array).__name__}")
    return backend


def is_place(name: str) -> bool:
    """Whether a string is spelled like a device."""
    kind, _, index = name.partition(":")
    return name in ("cpu", "emulated") or (kind == "cuda" and (name == kind or index.isdigit()))


class _Place(threading.local):
    """Where this thread makes new tensors."""

    name = "cpu"


_place = _Place()


def set_place(name: str) -> str:
    """Make new tensors of this thread on a device; returns where it was before."""
    before, _place.name = _place.name, name
    return before


def place_of(name: Any) -> str:
    """A device's name, of a string or a ``device``; None is where this thread makes tensors."""
    return _place.name if name is None else str(name)


def backend_named(name: Any) -> Backend:
    """The backend of a device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"emulated"``, or None."""
    place = place_of(name)
    if place == "cpu":
        return CPU
    if is_place(place):
        return _load(place.partition(":")[0])
    raise ValueError(f"unknown device {place!r}; known: 'cpu', 'cuda', 'cuda:<index>', 'emulated'")


def device_of(array: Array) -> str:
    """The device string of an array, e.g. ``"cpu"`` or ``"cuda:0"``."""
    return backend_of(array).device(array)


def same_backend(op_name: str, arrays: Sequence[Array]) -> Backend:
    """The one backend of all ``arrays``; mixing devices raises with both named."""
    found: Backend | None = None
    for array in arrays:
        backend = BACKENDS.get(type(array))
        if backend is None or backend is found:
            continue
        if found is not None:
            raise RuntimeError(
                f"{op_name}: inputs are on {found.name} and {backend.name}; "
                f"there is no implicit transfer, move one with .to_device(...)"
            )
        found = backend
    return found or CPU


def as_array(data: Any, dtype: Any = None, device: Any = None, what: str = "asarray") -> Array:
    """A new or shared array of ``data`` on ``device`` (no copy where none is needed).

    Arrays of a device stay where they are unless told otherwise, and so does what
    another library holds on a GPU (``__cuda_array_interface__``); all else goes to
    where this thread makes new tensors.
    """
    kind = type(data)
    if kind is numpy.ndarray and device is None and _place.name == "cpu":
        return numpy.asarray(data, dtype=dtype)
    source = BACKENDS.get(kind)
    if source is None and hasattr(data, "__cuda_array_interface__"):
        source = backend_named("cuda")
        data = source.xp.asarray(data)
    stays = device is None and source is not None and (source is not CPU or _place.name == "cpu")
    place = device_of(data) if stays else place_of(device)
    target = backend_named(place)
    if source is not None and source is not target:
        data = to_numpy(data)
    return target.make(what, place, target.xp.asarray, data, dtype=dtype)


def is_on(array: Array, device: Any) -> bool:
    """Whether an array is on a device; ``"cuda"`` is any GPU."""
    backend = backend_of(array)
    return place_of(device) in (backend.name, backend.device(array))


def to_device(array: Array, device: Any) -> Array:
    """``array`` on ``device``, copied only when it is elsewhere."""
    place = place_of(device)
    return array if is_on(array, place) else as_array(array, None, place, "to_device")


def to_numpy(array: Array) -> numpy.ndarray[Any, Any]:
    """``array`` in host memory, sharing memory when it is there already."""
    host: numpy.ndarray[Any, Any] = array.get() if hasattr(array, "get") else array
    return host


def shares_memory(array: Array, data: Any) -> bool:
    """Whether an array that was made of ``data`` lies in the memory of ``data``."""
    if array is data or (array.base is not None and array.base is data):
        return True
    if hasattr(data, "__cuda_array_interface__"):
        starts = [a.__cuda_array_interface__["data"][0] for a in (array, data)]
        return bool(starts[0] == starts[1])
    if len({type(array), type(data)} & BACKENDS.keys()) == 2:  # on two devices
        return False
    return isinstance(array, numpy.ndarray) and bool(numpy.may_share_memory(array, data))


# The types of 16 bits, in which nothing is summed.
HALVES = {numpy.dtype("float16")}


def bfloat16() -> Any:
    """The dtype that the package ml_dtypes gives NumPy and CuPy; from now on one of ``HALVES``.

    Raises
    ------
    RuntimeError
        If the package is not installed.
    """
    try:
        module = importlib.import_module("ml_dtypes")
    except ImportError:
        raise RuntimeError(
            "NumPy has no bfloat16; the package ml_dtypes has: pip install 'minitorch[bfloat16]'"
        ) from None
    dtype = numpy.dtype(module.bfloat16)
    HALVES.add(dtype)
    return dtype


_default_dtype = numpy.dtype("float32")


def get_default_dtype() -> Any:
    """The dtype of floating-point tensors made from Python numbers."""
    return _default_dtype


def set_default_dtype(dtype: Any) -> None:
    """Make Python floats become ``dtype`` (float16, float32 or float64) tensors."""
    global _default_dtype
    chosen = numpy.dtype(dtype)
    if chosen.kind != "f" or chosen.itemsize > 8:
        raise ValueError(f"the default dtype is float16, float32 or float64, not {chosen}")
    _default_dtype = chosen
