"""What the machine reaches, and what it costs to import a library: ceilings for the other rows."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["ceilings", "import_rows", "load"]

ROOT = Path(__file__).parents[2]
IMPORTED = ("numpy", "minitorch", "torch")
# A process says what it cost: seconds from its first line on, and the memory it holds then.
PROBE = """
import time
start = time.perf_counter()
import {library}
took = time.perf_counter() - start
from benchmarks.cpu.memory import peak
print(took, peak())
"""


def load() -> float | None:
    """How many processes wanted a processor in the last minute: near 0 on an idle machine."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def ceilings(quick: bool) -> dict[str, float]:
    """The best product of matrices that NumPy's BLAS computes, and the best copy.

    In floating-point operations and bytes per second; a copy reads and writes each byte.
    """
    n, length = (64, 1 << 12) if quick else (2048, 1 << 26)
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((n, n), np.float32) for _ in range(2))
    source, target = np.ones(length, np.float32), np.zeros(length, np.float32)
    repeats = 2 if quick else 7
    return {
        "sgemm_flops_per_second": 2 * n**3 / _shortest(lambda: a @ b, repeats),
        "copy_bytes_per_second": 2
        * source.nbytes
        / _shortest(lambda: np.copyto(target, source), repeats),
    }


def _shortest(work: Callable[[], Any], repeats: int) -> float:
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return min(took)


def import_rows(pythons: Mapping[str, str], rounds: int, quick: bool) -> list[dict[str, Any]]:
    """Seconds to import a library into a fresh Python, and the memory after it.

    Files are in the page cache by then, and compiled: the first round is not counted.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    if not quick:  # who forbids to keep compiled files would see them compiled each time
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
    found: dict[str, list[tuple[float, int]]] = {}
    for turn in range(rounds + 1):
        for library in IMPORTED:
            done = subprocess.run(
                [pythons.get(library, sys.executable), "-c", PROBE.format(library=library)],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if turn and not done.returncode:
                seconds, peak = done.stdout.split()
                found.setdefault(library, []).append((float(seconds), int(peak)))
    return [
        {
            "kind": "import",
            "workload": "import",
            "batch": 0,
            "competitor": library,
            "ms": round(statistics.median(s for s, _ in took) * 1e3, 2),
            "min_ms": round(min(s for s, _ in took) * 1e3, 2),
            "rounds": len(took),
            "peak_mb": round(statistics.median(peak for _, peak in took) / 2**20),
        }
        for library, took in found.items()
    ]
