"""Array modules and devices: the only file that imports CuPy.

A tensor's memory is a plain array of some array module: ``numpy.ndarray`` on
the CPU, ``cupy.ndarray`` on a GPU, ``EmulatedArray`` on the emulated device. The
array's *type* says which backend it belongs to; op bodies receive that backend's
module as ``xp`` and never ask.
"""

from __future__ import annotations

import contextlib
import importlib.util
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

__all__ = [
    "BACKENDS",
    "CPU",
    "Backend",
    "as_array",
    "backend_named",
    "backend_of",
    "cuda_status",
    "device",
    "device_of",
    "get_default_dtype",
    "is_place",
    "place_of",
    "placed",
    "same_backend",
    "set_default_dtype",
    "to_device",
    "to_numpy",
]

Array = Any  # numpy.ndarray or cupy.ndarray: chosen at run time, so typed by name only


@dataclass(frozen=True, slots=True, eq=False)
class Backend:
    """One array library: its ``name`` (cpu, cuda, emulated), module ``xp`` and array type."""

    name: str
    xp: Any
    array_type: type

    def device(self, array: Array) -> str:
        """The device string of one of this backend's arrays."""
        return f"cuda:{array.device.id}" if self.name == "cuda" else self.name

    def stream(self, array: Array) -> int:
        """The stream that kernels on ``array`` are to run on, as a pointer; 0 but for CUDA."""
        return int(self.xp.cuda.get_current_stream().ptr) if self.name == "cuda" else 0


CPU = Backend("cpu", numpy, numpy.ndarray)
# Looked up by the exact type of an array, on every op call.
BACKENDS: dict[type, Backend] = {numpy.ndarray: CPU}


def cuda_status() -> tuple[bool, str]:
    """Whether CUDA arrays can be made, and if not, the one-line reason."""
    if importlib.util.find_spec("cupy") is None:
        return False, "cupy is not installed (pip install 'minitorch[cuda]')"
    try:
        import cupy

        count = cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # a broken driver raises whatever it likes
        return False, f"cupy finds no usable GPU: {str(error).splitlines()[0]}"
    return (count > 0), f"{count} device(s)"


def _load_cuda() -> Backend:
    """Import CuPy once and register its array type."""
    for backend in BACKENDS.values():
        if backend.name == "cuda":
            return backend
    available, reason = cuda_status()
    if not available:
        raise RuntimeError(f"device 'cuda' is not available: {reason}")
    import cupy

    backend = Backend("cuda", cupy, cupy.ndarray)
    BACKENDS[cupy.ndarray] = backend
    return backend


def _load_emulated() -> Backend:
    """Register the emulated device's array type, once."""
    from minitorch.backend.emulated import EmulatedArray, namespace

    return BACKENDS.setdefault(EmulatedArray, Backend("emulated", namespace, EmulatedArray))


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


class device(contextlib.ContextDecorator):
    """A device, and a context in which new tensors are made there.

    Parameters
    ----------
    name : str
        ``"cpu"``; ``"cuda"`` or ``"cuda:<index>"``, a GPU; ``"emulated"``, which runs the
        CUDA kernels on the CPU.

    Raises
    ------
    ValueError
        For any other name.
    RuntimeError
        If the device is not there; the message says why.

    Examples
    --------
    >>> import minitorch as mt
    >>> with mt.device("emulated"):
    ...     x = mt.ones(3)
    >>> str(x.device), str(mt.ones(3).device)
    ('emulated', 'cpu')
    """

    def __init__(self, name: str) -> None:
        backend_named(name)
        self.name = name
        self._before: list[str] = []

    def __enter__(self) -> device:
        self._before.append(_place.name)
        _place.name = self.name
        return self

    def __exit__(self, *error: object) -> None:
        _place.name = self._before.pop()

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"device({self.name!r})"


def place_of(name: str | device | None) -> str:
    """A device's name; None is where this thread makes new tensors."""
    return _place.name if name is None else str(name)


def backend_named(name: str | device | None) -> Backend:
    """The backend of a device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"emulated"``, or None."""
    place = place_of(name)
    if place == "cpu":
        return CPU
    if place == "emulated":
        return _load_emulated()
    if is_place(place):
        return _load_cuda()
    raise ValueError(f"unknown device {place!r}; known: 'cpu', 'cuda', 'cuda:<index>', 'emulated'")


def placed(name: str | device | None) -> contextlib.AbstractContextManager[Any]:
    """A context in which the backend's module allocates on that device: CUDA's have a number."""
    backend, index = backend_named(name), place_of(name).partition(":")[2]
    if backend.name != "cuda" or not index:
        return contextlib.nullcontext()
    chosen: contextlib.AbstractContextManager[Any] = backend.xp.cuda.Device(int(index))
    return chosen


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


def as_array(data: Any, dtype: Any = None, device: str | device | None = None) -> Array:
    """A new or shared array of ``data`` on ``device`` (no copy where none is needed).

    Arrays of a device stay where they are unless told otherwise; all else goes to where
    this thread makes new tensors.
    """
    backend = BACKENDS.get(type(data)) if device is None else None
    if backend is None or (backend is CPU and _place.name != "cpu"):
        backend = backend_named(device)
    if backend is CPU and type(data) is not numpy.ndarray and type(data) in BACKENDS:
        data = data.get()
    with placed(device):
        return backend.xp.asarray(data, dtype=dtype)


def to_device(array: Array, device: str | device) -> Array:
    """``array`` on ``device``, copied only when it is elsewhere."""
    target, place = backend_named(device), str(device)
    if backend_of(array) is target and place in (target.name, target.device(array)):
        return array
    if target is CPU:
        return to_numpy(array)
    with placed(device):
        return target.xp.asarray(array if target.name == "cuda" else to_numpy(array))


def to_numpy(array: Array) -> numpy.ndarray[Any, Any]:
    """``array`` in host memory, sharing memory when it is there already."""
    host: numpy.ndarray[Any, Any] = array.get() if hasattr(array, "get") else array
    return host


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
