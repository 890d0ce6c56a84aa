"""A stand-in for CuPy with two GPUs: what backend/cuda.py asks of it, answered by NumPy."""

from __future__ import annotations

import contextlib
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import numpy as np

GPU = {"name": b"Stand-in", "major": 9, "minor": 0, "totalGlobalMem": 8 << 30}


class OutOfMemoryError(MemoryError):
    def __init__(self, size):
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: 9 bytes).")


class FakeCupy(ModuleType):
    """The module; ``limit`` is the largest array, ``launched`` what has been recorded."""

    def __init__(self):
        super().__init__("cupy")
        self.__spec__ = ModuleSpec("cupy", None)
        self.__version__ = "14.0.0"
        self.limit, self.current, self.capturing = None, 0, False
        fake = self

        class ndarray(np.ndarray):
            def __array_finalize__(self, obj):
                self.index = getattr(obj, "index", fake.current)

            @property
            def data(self):
                owner = self
                while isinstance(owner.base, np.ndarray):
                    owner = owner.base
                start = self.__array_interface__["data"][0]
                return SimpleNamespace(device_id=self.index, mem=owner, ptr=start)

            @property
            def __cuda_array_interface__(self):
                found = self.__array_interface__
                return {**found, "version": 3, "data": (found["data"][0], False), "stream": None}

            def __dlpack_device__(self):
                return 2, self.index

            def get(self):
                return np.array(self.view(np.ndarray))

        self.ndarray = ndarray
        self.emptied = []
        runtime = SimpleNamespace(
            getDeviceCount=lambda: 2,
            getDeviceProperties=lambda index: GPU,
            getDevice=lambda: self.current,
            memGetInfo=lambda: (1 << 30, 8 << 30),
        )
        self.cuda = SimpleNamespace(
            runtime=runtime,
            Device=self._device,
            Event=lambda: SimpleNamespace(record=lambda stream: None, synchronize=lambda: None),
            get_elapsed_time=lambda begin, end: 0.5,
            get_current_stream=lambda index=-1: SimpleNamespace(
                ptr=100 + (self.current if index < 0 else index),
                is_capturing=lambda: self.capturing,
            ),
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
        )

    def get_default_memory_pool(self):
        return SimpleNamespace(
            used_bytes=lambda: 3 << 30,
            total_bytes=lambda: 4 << 30,
            free_all_blocks=lambda: self.emptied.append(self.current),
        )

    @contextlib.contextmanager
    def _device(self, index):
        before, self.current = self.current, index
        yield
        self.current = before

    def _new(self, array):
        if self.limit is not None and array.nbytes > self.limit:
            raise OutOfMemoryError(array.nbytes)
        out = array.view(self.ndarray)
        out.index = self.current
        return out

    def asarray(self, data, dtype=None):
        """On the current GPU; foreign memory with CUDA's interface is shared."""
        if type(data) is self.ndarray and data.index == self.current:
            return data if dtype is None else data.astype(dtype, copy=False)
        if type(data) is self.ndarray or not hasattr(data, "__cuda_array_interface__"):
            host = data.get() if type(data) is self.ndarray else data
            return self._new(np.array(host, dtype=dtype, copy=True))
        found = dict(data.__cuda_array_interface__, version=3)
        foreign = np.asarray(SimpleNamespace(__array_interface__=found))
        return foreign.view(self.ndarray)

    def from_dlpack(self, x):
        return self._new(np.asarray(x))

    def zeros(self, shape, dtype=None):
        return self._new(np.zeros(shape, dtype))

    def ones(self, shape, dtype=None):
        return self._new(np.ones(shape, dtype))

    def __getattr__(self, name):
        found = getattr(np, name)
        if isinstance(found, type) or not callable(found):
            return found

        def on_device(*args, **named):
            out = found(*args, **named)
            return out.view(self.ndarray) if type(out) is np.ndarray else out

        return on_device
