"""Arrays that processes share: named memory, for as short a time as it needs a name."""

from __future__ import annotations

import math
import os
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy

from minitorch.data.errors import PipelineError

__all__ = ["SharedArray", "SharedDataset"]

Array = numpy.ndarray
_PLACE = "/dev/shm"


class SharedArray:
    """An array in shared memory; pickled, it is its name, and unpickled the same memory.

    The process that made it calls :meth:`unlink` as soon as the others have attached to it:
    from then on there is nothing on the system that a crash could leave behind.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = shape, numpy.dtype(dtype)
        size = max(1, math.prod(shape) * self.dtype.itemsize)
        _check_room(size)
        self._memory: SharedMemory | None = SharedMemory(create=True, size=size)
        self._named = True
        self.array: Array | None = self._view()

    def _view(self) -> Array:
        """The memory as an array."""
        assert self._memory is not None
        return numpy.ndarray(self.shape, self.dtype, self._memory.buf)

    def __getstate__(self) -> tuple[str, tuple[int, ...], str]:
        assert self._memory is not None
        return self._memory.name, self.shape, self.dtype.str

    def __setstate__(self, state: tuple[str, tuple[int, ...], str]) -> None:
        name, self.shape, code = state
        self.dtype = numpy.dtype(code)
        self._memory, self._named = SharedMemory(name), False
        self.array = self._view()

    def unlink(self) -> None:
        """Take the name away; who is attached stays so."""
        if self._memory is not None and self._named:
            self._named = False
            self._memory.unlink()

    def close(self) -> None:
        """Let go of the memory, and of its name if it still has one."""
        self.unlink()
        self.array = None  # a view keeps the memory from being closed
        if self._memory is not None:
            self._memory.close()
            self._memory = None


def _check_room(size: int) -> None:
    """Say that there is too little memory, where the system would end the process."""
    if os.path.isdir(_PLACE):
        there = os.statvfs(_PLACE)
        free = there.f_bavail * there.f_frsize
        if free < size:
            raise PipelineError(
                f"{size / 1e6:.0f} MB of shared memory are needed, {_PLACE} has "
                f"{free / 1e6:.0f} MB; give it more (containers: --shm-size), or use fewer "
                f"workers, or none"
            )


class SharedDataset:
    """A dataset's images where workers see them, without a copy each."""

    def __init__(self, data: Any) -> None:
        self.name, self.y, self.classes = data.name, data.y, data.classes
        self.x = SharedArray(data.x.shape, data.x.dtype)
        assert self.x.array is not None
        self.x.array[...] = data.x

    def __len__(self) -> int:
        return len(self.y)

    def example(self, index: int) -> Array:
        """One image: a copy, which a transform may spoil."""
        assert self.x.array is not None
        return self.x.array[index].copy()

    def origin(self, index: int) -> str:
        """What to call it in messages."""
        return f"example {index} of {self.name}"
