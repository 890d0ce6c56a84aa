"""The devices that the kernel tests run on: the emulated one always, a GPU where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.backend.cuda import cuda_status
from minitorch.backend.native import load_extension
from minitorch.testing.kernels import ALL_SCHEDULES as ALL
from minitorch.testing.kernels import FEW_SCHEDULES as FEW

__all__ = ["ALL", "FEW", "GUARD", "GUARD_BYTE", "ROUND", "Device", "from_bfloat16", "to_bfloat16"]

GUARD = 64  # elements before and after an output
GUARD_BYTE = 0xA5


class Device:
    """A compiled module and its memory: arrays go in by ``to``, outputs are checked by ``get``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module, self.missing = load_extension(f"_{name}")
        if name == "cuda" and not self.missing:
            available, reason = cuda_status()
            self.missing = "" if available else reason
        self._guarded: list[tuple[Any, Any]] = []

    def to(self, a: Any) -> Any:
        """A copy of ``a`` in the device's memory, laid out as it is."""
        a = np.asarray(a)
        if self.name == "emulated":
            return _aligned_copy(a) if a.flags.c_contiguous else a
        import cupy

        return cupy.asarray(a)

    def empty(self, shape: Any, dtype: Any) -> Any:
        """Memory for an output: full of NaNs (of ones, as bits), with guards before and after."""
        if self.name == "emulated":
            xp: Any = np
        else:
            import cupy as xp
        dtype = np.dtype(dtype)
        count = int(np.prod(shape))
        raw = xp.full((count + 2 * GUARD) * dtype.itemsize, GUARD_BYTE, xp.uint8)
        if self.name == "emulated":
            raw = _aligned_copy(raw)
        inside = raw[GUARD * dtype.itemsize : (GUARD + count) * dtype.itemsize]
        inside[:] = 0xFF
        out = inside.view(dtype).reshape(shape)
        self._guarded.append((out, raw))
        return out

    def get(self, a: Any) -> np.ndarray[Any, Any]:
        """``a`` in host memory; fails if something was written next to it."""
        for out, raw in self._guarded:
            if out is a:
                edge = GUARD * out.dtype.itemsize
                around = self._host(raw)
                assert (around[:edge] == GUARD_BYTE).all(), "written before the output"
                assert (around[len(around) - edge :] == GUARD_BYTE).all(), (
                    "written after the output"
                )
        return self._host(a)

    def _host(self, a: Any) -> np.ndarray[Any, Any]:
        return np.asarray(a) if self.name == "emulated" else a.get()


def _aligned_copy(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy aligned to 256 bytes, as memory on a GPU is."""
    raw = np.empty(a.nbytes + 256, np.uint8)
    first = -raw.ctypes.data % 256
    copy = raw[first : first + a.nbytes].view(a.dtype).reshape(a.shape)
    copy[...] = a
    return copy


def to_bfloat16(a: Any) -> np.ndarray[Any, Any]:
    """float32 rounded to the nearest bfloat16 (ties to even), as uint16."""
    bits = np.asarray(a, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def from_bfloat16(a: Any) -> np.ndarray[Any, Any]:
    """What the uint16 of a bfloat16 stands for, as float32."""
    return (np.asarray(a).astype(np.uint32) << 16).view(np.float32)


# dtype of the kernels -> how arrays of it are made and read, and its unit roundoff
ROUND = {
    "float16": (lambda a: np.asarray(a, np.float16), lambda a: np.asarray(a, np.float64), 2.0**-11),
    "bfloat16": (to_bfloat16, lambda a: from_bfloat16(a).astype(np.float64), 2.0**-8),
    "float32": (lambda a: np.asarray(a, np.float32), lambda a: np.asarray(a, np.float64), 2.0**-24),
    "float64": (lambda a: np.asarray(a, np.float64), lambda a: np.asarray(a, np.float64), 2.0**-53),
}
