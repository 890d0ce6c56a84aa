"""Interleaved timing: every competitor runs once per round, so noise hits all alike."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Competitor", "Measurement", "environment", "interleave", "save"]


@dataclass(frozen=True)
class Competitor:
    """One way to do a workload: a name and a function that does it once."""

    name: str
    run: Callable[[], Any]


@dataclass
class Measurement:
    """Seconds of each round, per competitor."""

    workload: str
    units: int  # how many ops (or steps) one run is
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Median microseconds per unit."""
        return statistics.median(self.seconds[name]) / self.units * 1e6

    def ratio(self, name: str, to: str) -> float:
        """How many times faster ``name`` is than ``to``: the median of the rounds' ratios."""
        pairs = zip(self.seconds[to], self.seconds[name], strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)

    def row(self, name: str, to: str) -> dict[str, Any]:
        """One line of the result file."""
        return {
            "workload": self.workload,
            "competitor": name,
            "us_per_unit": round(self.median(name), 3),
            "min_us_per_unit": round(min(self.seconds[name]) / self.units * 1e6, 3),
            f"speed_relative_to_{to}": round(self.ratio(name, to), 3),
            "rounds": len(self.seconds[name]),
        }


def interleave(
    workload: str,
    competitors: list[Competitor],
    *,
    units: int = 1,
    rounds: int = 15,
    warmup: int = 2,
) -> Measurement:
    """Run all competitors in turn, ``rounds`` times after a warm-up."""
    result = Measurement(workload, units, {c.name: [] for c in competitors})
    for _ in range(warmup):
        for competitor in competitors:
            competitor.run()
    for _ in range(rounds):
        for competitor in competitors:
            start = time.perf_counter()
            competitor.run()
            result.seconds[competitor.name].append(time.perf_counter() - start)
    return result


def environment() -> dict[str, Any]:
    """What a figure depends on: processor, cores, versions."""
    import numpy

    import minitorch

    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [s for s in cpuinfo.read_text().splitlines() if s.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "minitorch": minitorch.__version__,
    }


def save(path: Path, rows: list[dict[str, Any]], **extra: Any) -> None:
    """Write a result file: to the side, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    side = path.with_suffix(".tmp")
    side.write_text(
        json.dumps({"environment": environment(), **extra, "rows": rows}, indent=1) + "\n"
    )
    os.replace(side, path)
