"""The benchmark's side of a competitor: in this process, or in a worker's."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.cpu.worker import Seat

__all__ = ["Here", "Worker", "figures", "seat", "take_turns"]

ROOT = Path(__file__).parents[2]
FILL = 0.2  # seconds
# Seconds before a turn: the threads of whoever had the last one wait awake for some milliseconds.
REST = 0.05
# glibc keeps what is freed, instead of giving it back and taking fresh pages at the next step.
KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}


class Here:
    """A competitor in this process: for tests, where starting workers would take too long."""

    def __init__(self) -> None:
        self.seat = Seat()

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Do it now."""
        try:
            answer: dict[str, Any] = getattr(self.seat, do)(**what)
        except ImportError as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        return answer

    def close(self) -> None:
        """Nothing to end."""


class Worker:
    """A competitor in a process of its own, so that memory and threads are its own too.

    Parameters
    ----------
    column : str
        The competitor; "... kept" gets an allocator that keeps memory.
    python : str, optional
        The interpreter to run it in; default: this one.
    threads : int
        Of NumPy's BLAS, and of whatever else reads the environment.
    """

    def __init__(self, column: str, python: str | None = None, threads: int = 1) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads)}
        if column.endswith(" kept"):
            environment |= KEEP
        self.process = subprocess.Popen(
            [python or sys.executable, "-m", "benchmarks.cpu.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, text=True,
        )  # fmt: skip

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Tell it, and wait for the answer; ``{"error": why}`` if there is none."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **what}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": f"the worker ended (status {self.process.wait()})"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it, and wait for the end."""
        self.process.communicate()


def seat(column: str, pythons: Mapping[str, str], threads: int, quick: bool) -> Here | Worker:
    """A competitor's place: in this process if it must be quick, else in its library's Python."""
    python = pythons.get(column.partition(" ")[0])
    return Here() if quick and python is None else Worker(column, python, threads)


def take_turns(
    entrants: Mapping[str, Here | Worker], rounds: int, quick: bool
) -> dict[str, list[float]]:
    """Seconds of each round, by competitor; short steps are done until a round is FILL long.

    Raises
    ------
    RuntimeError
        If one of them ends meanwhile.
    """
    seconds: dict[str, list[float]] = {column: [] for column in entrants}
    for _ in range(rounds):
        for column, entrant in entrants.items():
            if not quick:
                time.sleep(REST)
            answer = entrant.ask("round", fill=0 if quick else FILL)
            if "error" in answer:
                raise RuntimeError(f"{column}: {answer['error']}")
            seconds[column].append(answer["seconds"])
    return seconds


def figures(seconds: Mapping[str, list[float]], column: str, reference: str) -> dict[str, Any]:
    """A competitor's median, and the median of the rounds' ratios to a reference.

    Beside them the shortest rounds and their ratio: on a machine that others use too, those
    are what was disturbed least.
    """
    mine = seconds[column]
    found: dict[str, Any] = {
        "ms": round(statistics.median(mine) * 1e3, 4),
        "min_ms": round(min(mine) * 1e3, 4),
        "rounds": len(mine),
    }
    if reference in seconds:
        ratios = [a / b for a, b in zip(seconds[reference], mine, strict=True)]
        found[f"speed_relative_to_{reference}"] = round(statistics.median(ratios), 3)
        found[f"best_relative_to_{reference}"] = round(min(seconds[reference]) / min(mine), 3)
    return found
