"""Timing on a device: kernels alone by graph replays, and as a user calls them.

On a GPU a graph of many calls is captured, each with inputs of its own out of a set
that is larger than the caches, and its replays are timed by events. Competitors take
turns, A B A B, so that what the machine does besides hits them alike.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable
from typing import Any

__all__ = ["ROTATE_BYTES", "EmulatedClock", "GpuClock"]

ROTATE_BYTES = 256 << 20  # inputs rotate over at least this much memory
CALLS = 20  # in a graph; up to 100 for what is short

Run = Callable[[int], Any]  # does the work with the i-th set of inputs


class EmulatedClock:
    """Wall-clock time on the emulated device: it tries the harness, and tells nothing of a GPU."""

    name = "emulated device (times mean nothing)"

    def sets(self, nbytes: int) -> int:
        """How many sets of inputs to rotate over."""
        return 1

    def kernel(self, runs: dict[str, Run], sets: int, rounds: int) -> dict[str, list[float]]:
        """Microseconds a call, per competitor and round."""
        took: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                start = time.perf_counter()
                run(0)
                took[name].append((time.perf_counter() - start) * 1e6)
        return took

    called = kernel


class GpuClock:
    """Times of a CUDA device, by events on one non-blocking stream."""

    def __init__(self) -> None:
        import cupy

        self.cupy = cupy
        self.stream = cupy.cuda.Stream(non_blocking=True)
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
        self.name = properties["name"].decode()
        self.pool = cupy.cuda.MemoryPool()  # kept, with all that graphs refer to

    def sets(self, nbytes: int) -> int:
        """How many sets of inputs to rotate over."""
        return max(1, min(64, -(-ROTATE_BYTES // max(nbytes, 1))))

    def _elapsed(self, act: Callable[[], Any]) -> float:
        begin, end = self.cupy.cuda.Event(), self.cupy.cuda.Event()
        begin.record(self.stream)
        act()
        end.record(self.stream)
        end.synchronize()
        milliseconds: float = self.cupy.cuda.get_elapsed_time(begin, end)
        return milliseconds * 1000

    def kernel(self, runs: dict[str, Run], sets: int, rounds: int) -> dict[str, list[float]]:
        """Microseconds a call by replays of captured graphs, per competitor and round."""
        graphs: dict[str, tuple[Callable[[], Any], int]] = {}
        for name, run in runs.items():
            graphs[name] = self._capture(run, sets)
        took: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(rounds + 2):
            for name, (replay, calls) in graphs.items():
                elapsed = self._elapsed(replay) / calls
                if turn >= 2:
                    took[name].append(elapsed)
        return took

    def _capture(self, run: Run, sets: int) -> tuple[Callable[[], Any], int]:
        """A graph of enough calls to be timed well, or plain calls where capture fails."""
        with self.stream, self.cupy.cuda.using_allocator(self.pool.malloc):
            for i in range(min(sets, 3)):
                run(i)
            self.stream.synchronize()
            once = self._elapsed(lambda: run(0))
            calls = max(CALLS, sets) if once > 50 else max(100, sets)
            if once > 20_000:
                calls = max(2, min(sets, 4))

            def plain() -> None:
                with self.stream:
                    for i in range(calls):
                        run(i % sets)

            try:
                self.stream.begin_capture()
                for i in range(calls):
                    run(i % sets)
                graph = self.stream.end_capture()
            except Exception:  # a library that cannot be captured is timed by calls
                with contextlib.suppress(Exception):
                    self.stream.end_capture()
                return plain, calls
        return (lambda: graph.launch(self.stream)), calls

    def called(self, runs: dict[str, Run], sets: int, rounds: int) -> dict[str, list[float]]:
        """Microseconds a call as a user makes it: launches, allocation and checks included."""
        took: dict[str, list[float]] = {name: [] for name in runs}
        with self.stream:
            for turn in range(rounds + 2):
                for name, run in runs.items():
                    self.stream.synchronize()
                    start = time.perf_counter()
                    for i in range(CALLS):
                        run(i % sets)
                    self.stream.synchronize()
                    if turn >= 2:
                        took[name].append((time.perf_counter() - start) / CALLS * 1e6)
        return took

    def copy_bandwidth(self) -> float:
        """Bytes a second of a large copy on the device, read and written."""
        a = self.cupy.ones(1 << 28, self.cupy.float32)
        b = self.cupy.empty_like(a)
        took = self.kernel({"copy": lambda i: self.cupy.copyto(b, a)}, 1, 11)["copy"]
        return 2 * a.nbytes / statistics.median(took) * 1e6
