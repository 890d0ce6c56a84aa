"""Kernel tables: which implementation of an op runs, and how to force one.

An op holds a table ``backend name -> [Kernel, ...]``. The first kernel whose
``supports`` accepts the inputs runs; when none does, the op's own body (NumPy
or CuPy, the readable reference) runs. ``use_kernel`` forces one by name: tests,
benchmarks and lessons use that same switch. A forced kernel that cannot do a
case raises; it never falls back in silence.

The kernels written in C++ are listed in csrc/ and nowhere else: :func:`attach`
reads the list from the compiled module and makes rows of it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy

from minitorch.backend.memory import MemoryInfo

__all__ = [
    "NATIVE_FLOATS",
    "REFERENCE",
    "Kernel",
    "KernelTable",
    "always",
    "attach",
    "cache_info",
    "empty_cache",
    "get_num_threads",
    "is_recording",
    "load_extension",
    "native_array",
    "native_empty",
    "native_planes",
    "native_status",
    "planned_outputs",
    "set_cache_limit",
    "set_num_threads",
]

NATIVE_FLOATS = (numpy.dtype("float32"), numpy.dtype("float64"))  # what kernels compute in
REFERENCE = "reference"  # the name by which use_kernel forces an op's own body


def always(*arrays: Any, **static: Any) -> bool:
    """True: what a kernel that does every case, and is the best for it, answers."""
    return True


@dataclass(frozen=True, slots=True)
class Kernel:
    """One implementation of an op on one backend.

    ``fn(xp, *arrays, **static)`` has the body's signature and result.
    ``supports(*arrays, **static)`` says whether it can do a case: True, or a
    sentence with the reason why not. ``prefers`` says whether it is also the
    one to choose there, and is not asked when the kernel is forced.
    ``missing`` is the one-line reason why it cannot run at all here, or "".
    ``idea`` is what it does, in a line. ``precision`` is "tf32" if it rounds its
    operands more than their dtype does, else "full".
    """

    name: str
    fn: Callable[..., Any]
    supports: Callable[..., bool | str] = always
    prefers: Callable[..., bool] = always
    missing: str = ""
    idea: str = ""
    precision: str = "full"


# Picks one of a backend's rows: (op name, backend, rows, arrays, static) -> Kernel, or None.
Chooser = Callable[[str, str, list[Kernel], tuple[Any, ...], dict[str, Any]], Kernel | None]


def first_match(
    op_name: str, backend: str, rows: list[Kernel], arrays: tuple[Any, ...], static: dict[str, Any]
) -> Kernel | None:
    """The first row that can do the case and is the one to choose there."""
    for kernel in rows:
        if (
            not kernel.missing
            and kernel.supports(*arrays, **static) is True
            and kernel.prefers(*arrays, **static)
        ):
            return kernel
    return None


class KernelTable:
    """The kernels of one op, by backend, and the one that is forced (if any).

    ``missing`` says why there are fewer kernels than there could be, or "".
    """

    __slots__ = ("_choosers", "_later", "_rows", "forced", "missing", "op_name")

    def __init__(self, op_name: str) -> None:
        self.op_name = op_name
        self._rows: dict[str, list[Kernel]] = {}
        self._later: dict[str, list[Callable[[], list[Kernel]]]] = {}
        self._choosers: dict[str, Chooser] = {}
        self.forced: str | None = None
        self.missing = ""

    def __bool__(self) -> bool:
        return bool(self._rows or self._later)

    def __iter__(self) -> Iterator[tuple[str, Kernel]]:
        for backend in list(self._later):
            self._rows_of(backend)
        return ((backend, kernel) for backend, rows in self._rows.items() for kernel in rows)

    def add(self, backend: str, kernel: Kernel) -> None:
        """Append a row; earlier rows are preferred."""
        rows = self._rows.setdefault(backend, [])
        if any(row.name == kernel.name for row in rows) or kernel.name == REFERENCE:
            raise ValueError(f"{self.op_name}: kernel name {kernel.name!r} is taken on {backend}")
        rows.append(kernel)

    def add_later(
        self, backend: str, rows: Callable[[], list[Kernel]], choose: Chooser = first_match
    ) -> None:
        """Append the rows that ``rows()`` gives, when the backend is first used."""
        self._later.setdefault(backend, []).append(rows)
        self._choosers[backend] = choose

    def _rows_of(self, backend: str) -> list[Kernel]:
        for rows in self._later.pop(backend, ()):
            for row in rows():
                self.add(backend, row)
        return self._rows.get(backend, [])

    def names(self) -> list[str]:
        """Every name that ``use_kernel`` accepts for this op."""
        return [REFERENCE, *dict.fromkeys(kernel.name for _, kernel in self)]

    def select(
        self,
        backend: str,
        body: Callable[..., Any],
        arrays: tuple[Any, ...],
        static: dict[str, Any],
    ) -> Callable[..., Any]:
        """The function to run for these inputs: the forced one, the first match, or the body."""
        rows = self._rows_of(backend)
        if self.forced is not None:
            return self._select_forced(backend, rows, body, arrays, static)
        choose = self._choosers.get(backend, first_match)
        kernel = choose(self.op_name, backend, rows, arrays, static)
        return body if kernel is None else kernel.fn

    def _select_forced(
        self,
        backend: str,
        rows: list[Kernel],
        body: Callable[..., Any],
        arrays: tuple[Any, ...],
        static: dict[str, Any],
    ) -> Callable[..., Any]:
        if self.forced == REFERENCE:
            return body
        for kernel in rows:
            if kernel.name == self.forced:
                verdict: bool | str = kernel.missing or kernel.supports(*arrays, **static)
                if verdict is True:
                    return kernel.fn
                reason = verdict or "it does not support these inputs"
                raise RuntimeError(
                    f"{self.op_name}: the forced kernel {self.forced!r} cannot run: {reason}"
                )
        raise RuntimeError(
            f"{self.op_name}: the forced kernel {self.forced!r} does not exist on {backend}"
        )


# -- the compiled modules ---------------------------------------------------


@functools.cache
def load_extension(name: str) -> tuple[ModuleType | None, str]:
    """A compiled module of this package (``"_cpu"``, ``"_cuda"``), or None and why not.

    MINITORCH_NATIVE=0 in the environment leaves all of them out. MINITORCH_ISA names the
    instruction set that ``_cpu`` is to use: ImportError if that cannot be.
    """
    if os.environ.get("MINITORCH_NATIVE") == "0":
        return None, f"minitorch.{name} is left out because MINITORCH_NATIVE=0"
    try:
        return importlib.import_module(f"minitorch.{name}"), ""
    except ImportError as error:
        if name == "_cpu" and os.environ.get("MINITORCH_ISA"):
            raise  # asked for, so NumPy will not do
        # The build leaves a note when it fails.
        note = os.path.join(os.path.dirname(__file__), os.pardir, f"{name}_missing.txt")
        reason = str(error)
        if os.path.exists(note):
            with open(note, encoding="utf-8") as file:
                reason = file.read().strip()
        return None, f"minitorch.{name} is not built ({reason})"


def _both(
    first: Callable[..., bool | str], second: Callable[..., bool | str]
) -> Callable[..., bool | str]:
    """What ``first`` answers, and ``second`` where that is True."""

    def answer(*arrays: Any, **static: Any) -> bool | str:
        verdict = first(*arrays, **static)
        return second(*arrays, **static) if verdict is True else verdict

    return answer


def attach(
    op: Any,
    family: str,
    call: Callable[..., Any],
    *,
    supports: Callable[..., bool | str] = always,
    needs: dict[str, Callable[..., bool | str]] | None = None,
    prefers: dict[str, Callable[..., bool]] | None = None,
) -> None:
    """Give ``op`` the rungs that csrc/cpu has for it, the last and fastest first.

    Parameters
    ----------
    op : Op
    family : str
        Folder in csrc/cpu, e.g. ``"conv2d"``.
    call : callable
        ``call(native, rung, *arrays, **static)`` makes the outputs and has the
        compiled module ``native`` fill them by the rung of that name.
    supports : callable
        As in :class:`Kernel`.
    needs : dict
        Rung -> the same, for those that cannot do all that ``supports`` lets through.
    prefers : dict
        Rung -> where it is the one to choose, for those that are not the best everywhere.
    """
    native, op.kernels.missing = load_extension("_cpu")
    if native is None:
        return
    rungs = native.rungs[family]
    if unknown := {*(needs or {}), *(prefers or {})} - {name for name, _, _ in rungs}:
        raise ValueError(f"{op.name}: csrc/cpu/{family} has no rung {', '.join(sorted(unknown))}")
    for name, idea, _ in reversed(rungs):

        def fn(xp: Any, *arrays: Any, _name: str = name, **static: Any) -> Any:
            return call(native, _name, *arrays, **static)

        choose = (prefers or {}).get(name, always)
        can = _both(supports, more) if (more := (needs or {}).get(name)) else supports
        op.kernel("cpu", name, supports=can, prefers=choose, idea=idea)(fn)


class _Outputs(threading.local):
    take: Callable[..., Any] | None = None  # what gives memory while a program is recorded


_outputs = _Outputs()


def native_empty(shape: Any, dtype: Any) -> Any:
    """Memory for a kernel's result, or for what it needs on the way.

    Every function that calls kernels takes its arrays from here, so that a captured step
    can lay them out beforehand. Large ones come from a cache (csrc/common/cache.hpp) and go
    back to it when the array dies; MINITORCH_MEMORY_CACHE=0 in the environment turns it off.
    """
    if _outputs.take is not None:
        return _outputs.take(shape, dtype)
    return _allocator()(shape, dtype)


@functools.cache
def _allocator() -> Callable[[Any, Any], Any]:
    """What makes an uninitialised array of a shape and dtype."""
    native, _ = load_extension("_cpu")
    if native is None or os.environ.get("MINITORCH_MEMORY_CACHE") == "0":
        return numpy.empty
    empty: Callable[[Any, Any], Any] = native.empty
    return empty


def cache_info() -> MemoryInfo:
    """What the kernels' cache of memory holds, and how much of that is in arrays."""
    native, _ = load_extension("_cpu")
    used, held = native.cache_state()[:2] if native else (0, 0)
    return MemoryInfo("cpu", used, held, None, None)


def empty_cache() -> None:
    """Give back what the cache keeps and no array uses."""
    native, _ = load_extension("_cpu")
    if native:
        native.empty_cache()


def set_cache_limit(limit: int | None) -> None:
    """Set how much memory the CPU's cache keeps that no array uses.

    Parameters
    ----------
    limit : int or None
        In bytes; 0 keeps nothing. None, as at first: no other limit than that what is
        held in all exceeds by a quarter at most what was used at one time before.

    Raises
    ------
    TypeError, ValueError
        For anything else.
    """
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
        raise TypeError(f"set_cache_limit: takes bytes or None, got {type(limit).__name__}")
    if limit is not None and limit < 0:
        raise ValueError(f"set_cache_limit: the limit must not be negative, got {limit}")
    native, _ = load_extension("_cpu")
    if native:
        native.set_cache_limit(2**63 if limit is None else min(limit, 2**63))


def is_recording() -> bool:
    """Whether kernels are being recorded, so that one is better than a body in Python."""
    return _outputs.take is not None


@contextlib.contextmanager
def planned_outputs(outputs: list[Any], workspace: list[Any]) -> Iterator[None]:
    """Let :func:`native_empty` give out these arrays, in their order, in this thread.

    What is asked for besides is new, and is added to ``workspace``, which keeps it alive.
    """
    waiting = list(outputs)

    def take(shape: Any, dtype: Any, between: bool = False) -> Any:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        for i, planned in enumerate(waiting):
            if (
                not between
                and planned.shape == shape
                and planned.dtype == dtype
                and planned.flags.c_contiguous
            ):
                return waiting.pop(i)
        workspace.append(numpy.empty(shape, dtype))
        return workspace[-1]

    before, _outputs.take = _outputs.take, take
    try:
        yield
    finally:
        _outputs.take = before


def native_array(a: Any) -> Any:
    """``a`` as the kernels take it: contiguous and aligned; copied only where it is not."""
    if a.flags.c_contiguous and a.flags.aligned:
        return a
    if _outputs.take is None:
        return a.copy(order="C")
    native, _ = load_extension("_cpu")
    copied = _outputs.take(a.shape, a.dtype, True)
    native.copy(a, copied)  # type: ignore[union-attr]
    return copied


def native_planes(a: Any) -> Any:
    """The same; an array (N, C, W) is an image of one row, (N, C, 1, W)."""
    a = native_array(a)
    return a[:, :, None] if a.ndim == 3 else a


def native_status() -> dict[str, Any]:
    """What is known of the CPU kernels as a whole, for ``python -m minitorch status``.

    Returns
    -------
    dict
        ``available``; ``note``: the instruction set and threads in use, or in
        one line why there are no kernels.
    """
    native, reason = load_extension("_cpu")
    if native is None:
        return {"available": False, "note": f"{reason}; NumPy does everything"}
    note = f"{native.isa()} of {', '.join(native.isas())}; {native.num_threads()} thread(s)"
    if beyond := ", ".join(native.isas_beyond()):
        note += f"; {beyond}: compiled, but this CPU cannot run it"
    return {"available": True, "note": note}


def get_num_threads() -> int:
    """How many threads the native kernels use: 1 where they are not built.

    Examples
    --------
    >>> import minitorch as mt
    >>> mt.get_num_threads() >= 1
    True
    """
    native, _ = load_extension("_cpu")
    return 1 if native is None else int(native.num_threads())


def set_num_threads(count: int) -> None:
    """Set how many threads the native kernels use.

    At first it is OMP_NUM_THREADS, else the number of CPUs that the process
    may use. Results do not depend on it. NumPy's BLAS has threads of its own,
    which only the environment sets (OMP_NUM_THREADS, read when it is loaded).

    Parameters
    ----------
    count : int
        1 to 1024.

    Raises
    ------
    TypeError, ValueError
        If it is no such number.

    Examples
    --------
    >>> import minitorch as mt
    >>> before = mt.get_num_threads()
    >>> mt.set_num_threads(1)
    >>> mt.get_num_threads()
    1
    >>> mt.set_num_threads(before)
    """
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"set_num_threads: count must be an int, got {type(count).__name__}")
    if not 1 <= count <= 1024:
        raise ValueError(f"set_num_threads: count must be 1 to 1024, got {count}")
    native, _ = load_extension("_cpu")
    if native is not None:
        native.set_num_threads(count)
