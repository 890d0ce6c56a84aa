"""CUDA devices through CuPy: the only file that imports it.

What CuPy does by itself, and is not done again here:

- arrays come from its memory pool, which keeps what was freed for the next one;
- a copy from the host goes through page-locked memory, runs on the current stream and
  returns before it is done; CuPy keeps the page-locked buffer until the stream has
  passed it. An array that is page-locked already (``cupyx.empty_pinned``) is read where
  it is, so it must not be written before the stream is synchronised. A copy to the
  host waits for the stream;
- CuPy's current stream (``with cupy.cuda.Stream():``) is where its arithmetic runs, and
  by :meth:`CudaBackend.stream` also the hand-written kernels.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import re
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.backend.arrays import Backend
from minitorch.backend.memory import MemoryInfo, format_bytes, out_of_memory
from minitorch.backend.tune import TIMERS

__all__ = ["CudaBackend", "cuda_status", "load"]

ROUNDS, CALLS = 5, 10  # of a timing: the median round of so many calls


def cuda_status() -> tuple[bool, str]:
    """Whether CUDA arrays can be made: what is there, or the one-line reason why not."""
    if importlib.util.find_spec("cupy") is None:
        return False, "cupy is not installed (pip install 'minitorch[cuda]')"
    try:
        import cupy
    except Exception as error:  # a broken installation raises whatever it likes
        return False, f"cupy cannot be imported: {_first_line(error)}"
    runtime = cupy.cuda.runtime
    try:
        count = runtime.getDeviceCount()
    except Exception as error:  # so does a broken driver
        return False, f"cupy {cupy.__version__} finds no usable GPU: {_first_line(error)}"
    if not count:
        return False, f"cupy {cupy.__version__} finds no GPU"
    names = [_describe(runtime.getDeviceProperties(index)) for index in range(count)]
    return True, f"{', '.join(names)}; CuPy {cupy.__version__}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _describe(properties: dict[str, Any]) -> str:
    version = f"{properties['major']}.{properties['minor']}"
    memory = format_bytes(properties["totalGlobalMem"])
    return f"{properties['name'].decode()} (compute capability {version}, {memory})"


class CudaBackend(Backend):
    """CuPy, with the device and the stream of an array, and errors that name the op."""

    def __init__(self) -> None:
        import cupy

        super().__init__("cuda", cupy, cupy.ndarray)
        self.count: int = cupy.cuda.runtime.getDeviceCount()

    def device(self, array: Any) -> str:
        """``"cuda:<index>"``."""
        return f"cuda:{array.data.device_id}"

    def stream(self, array: Any) -> int:
        """The current stream of the array's device."""
        return int(self.xp.cuda.get_current_stream(array.data.device_id).ptr)

    def same_memory(self, array: Any, origin: Any) -> bool:
        """By the allocation: CuPy's strided views have no base."""
        return array.data.mem is origin.data.mem

    def run(self, what: str, arrays: Sequence[Any], fn: Callable[..., Any], *args: Any) -> Any:
        """``fn(*args)`` with the arrays' GPU as the current one.

        Raises
        ------
        RuntimeError
            If the arrays are on several GPUs.
        OutOfMemoryError
            Where CuPy raises its own.
        """
        index = 0
        if self.count > 1:
            index = self._index_of(what, arrays)
        return self._on(index, what, fn, *args)

    def make(self, what: str, place: str, fn: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """``fn(*args, **named)`` with the GPU of that name as the current one."""
        return self._on(self._number(place), what, functools.partial(fn, *args, **named))

    def context(self, place: str) -> contextlib.AbstractContextManager[Any]:
        """CuPy's own: arrays that ``cupy`` makes are then there too."""
        there: contextlib.AbstractContextManager[Any] = self.xp.cuda.Device(self._number(place))
        return there

    def memory(self, place: str) -> MemoryInfo:
        """Of one GPU, with CuPy's default pool."""
        index = self._number(place)
        with self.xp.cuda.Device(index):
            free, total = self.xp.cuda.runtime.memGetInfo()
            pool = self.xp.get_default_memory_pool()
            return MemoryInfo(f"cuda:{index}", pool.used_bytes(), pool.total_bytes(), free, total)

    def empty_cache(self, place: str) -> None:
        """Of one GPU's pool."""
        with self.xp.cuda.Device(self._number(place)):
            self.xp.get_default_memory_pool().free_all_blocks()

    def _number(self, place: str) -> int:
        """Of the GPU that ``"cuda:<index>"`` names; ``"cuda"`` is the current one."""
        number = place.partition(":")[2]
        index = int(number) if number else self._current()
        if index >= self.count:
            raise RuntimeError(
                f"device {place!r} is not available: there "
                f"{'is 1 GPU' if self.count == 1 else f'are {self.count} GPUs'}, from cuda:0"
            )
        return index

    def _current(self) -> int:
        return int(self.xp.cuda.runtime.getDevice())

    def _index_of(self, what: str, arrays: Sequence[Any]) -> int:
        """The one GPU of all arrays."""
        mine: list[Any] = [a for a in arrays if type(a) is self.array_type]
        found = {a.data.device_id for a in mine}
        if len(found) > 1:
            places = " and ".join(f"cuda:{index}" for index in sorted(found))
            raise RuntimeError(
                f"{what}: inputs are on {places}; there is no implicit transfer, move one with "
                f".to_device(...)"
            )
        return int(found.pop()) if found else self._current()

    def _on(self, index: int, what: str, fn: Callable[..., Any], *args: Any) -> Any:
        several: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        if self.count > 1:
            several = self.xp.cuda.Device(index)
        try:
            with several:
                return fn(*args)
        except self.xp.cuda.memory.OutOfMemoryError as error:
            asked = re.search(r"allocating ([\d,]+) bytes", str(error))
            count = int(asked[1].replace(",", "")) if asked else None
            raise out_of_memory(what, count, self.memory(f"cuda:{index}")) from error

    def nccl(self) -> Any:
        """CuPy's module of NCCL; ImportError where it has none."""
        from cupy.cuda import nccl

        return nccl

    def has_nccl(self, processes: int) -> bool:
        """Whether NCCL is there, and a GPU for each of so many processes, as it asks for."""
        try:
            return bool(self.nccl().available) and processes <= self.count
        except ImportError:
            return False

    def name_of_gpu(self) -> str:
        """What the current GPU is called; results of tuning are kept under it."""
        properties = self.xp.cuda.runtime.getDeviceProperties(self._current())
        return str(properties["name"].decode())

    def time(self, run: Callable[[], Any]) -> float:
        """Microseconds of a call on the current stream: the median over some rounds.

        Raises
        ------
        RuntimeError
            While a graph is captured: what is captured does not run.
        """
        cuda = self.xp.cuda
        stream = cuda.get_current_stream()
        if stream.is_capturing():
            raise RuntimeError("kernels cannot be timed while a graph is captured")
        run()
        took = []
        for _ in range(ROUNDS):
            begin, end = cuda.Event(), cuda.Event()
            begin.record(stream)
            for _ in range(CALLS):
                run()
            end.record(stream)
            end.synchronize()
            took.append(1000 * cuda.get_elapsed_time(begin, end) / CALLS)
        return float(sorted(took)[ROUNDS // 2])


def load() -> CudaBackend:
    """The backend, with its timer for the choice of kernels.

    Raises
    ------
    RuntimeError
        If there is no usable GPU; the message says why.
    """
    available, reason = cuda_status()
    if not available:
        raise RuntimeError(f"device 'cuda' is not available: {reason}")
    backend = CudaBackend()
    TIMERS["cuda"] = (backend.name_of_gpu, backend.time)
    return backend
