"""Matrix products in NumPy: its BLAS, with the threads that the environment gives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.cpu.parts import Part, arrays_of

__all__ = ["build", "read"]


def build(column: str, part: Part, direction: str, threads: int) -> Callable[[], Any]:
    """The product; ImportError for anything else."""
    if part.op != "matmul":
        raise ImportError("it has matrix products only")
    a, b = arrays_of(part)
    return lambda: a @ b


read = np.asarray
