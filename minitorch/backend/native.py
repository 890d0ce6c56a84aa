"""Kernel tables: which implementation of an op runs, and how to force one.

An op holds a table ``backend name -> [Kernel, ...]``. The first kernel whose
``supports`` accepts the inputs runs; when none does, the op's own body (NumPy
or CuPy, the readable reference) runs. ``use_kernel`` forces one by name: tests,
benchmarks and lessons use that same switch. A forced kernel that cannot do a
case raises; it never falls back in silence.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

__all__ = ["REFERENCE", "Kernel", "KernelTable", "load_extension"]

REFERENCE = "reference"  # the name by which use_kernel forces an op's own body


@dataclass(frozen=True, slots=True)
class Kernel:
    """One implementation of an op on one backend.

    ``fn(xp, *arrays, **static)`` has the body's signature and result.
    ``supports(*arrays, **static)`` says whether it can do a case: True, or a
    sentence with the reason why not.
    ``missing`` is the one-line reason why it cannot run at all here, or "".
    """

    name: str
    fn: Callable[..., Any]
    supports: Callable[..., bool | str]
    missing: str = ""


class KernelTable:
    """The kernels of one op, by backend, and the one that is forced (if any)."""

    __slots__ = ("_rows", "forced", "op_name")

    def __init__(self, op_name: str) -> None:
        self.op_name = op_name
        self._rows: dict[str, list[Kernel]] = {}
        self.forced: str | None = None

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __iter__(self) -> Iterator[tuple[str, Kernel]]:
        return ((backend, kernel) for backend, rows in self._rows.items() for kernel in rows)

    def add(self, backend: str, kernel: Kernel) -> None:
        """Append a row; earlier rows are preferred."""
        rows = self._rows.setdefault(backend, [])
        if any(row.name == kernel.name for row in rows) or kernel.name == REFERENCE:
            raise ValueError(f"{self.op_name}: kernel name {kernel.name!r} is taken on {backend}")
        rows.append(kernel)

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
        rows = self._rows.get(backend, [])
        if self.forced is not None:
            return self._select_forced(backend, rows, body, arrays, static)
        for kernel in rows:
            if not kernel.missing and kernel.supports(*arrays, **static) is True:
                return kernel.fn
        return body

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


def load_extension(name: str) -> tuple[ModuleType | None, str]:
    """A compiled module of this package (``"_cpu"``, ``"_cuda"``), or None and why not."""
    try:
        return importlib.import_module(f"minitorch.{name}"), ""
    except ImportError as error:
        return None, f"minitorch.{name} is not built ({error})"
