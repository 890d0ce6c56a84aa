"""The training steps: all competitors build one, agree on its losses, and take turns."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cpu.entrants import figures, seat, take_turns
from benchmarks.cpu.workloads import TOLERANCE, WORKLOADS

__all__ = ["PEERS", "SMALL_PEERS", "rows_of"]

PEERS = ("torch", "torch kept", "torch channels_last", "torch compiled")
# The others' steps, as far as they are written (small_steps.py).
SMALL_PEERS = {"jax": ("mlp", "lenet"), "dezero": ("mlp", "lenet"), "autograd": ("mlp",)}
REFERENCE = "torch"


def rows_of(
    name: str,
    columns: Iterable[str],
    pythons: Mapping[str, str],
    *,
    rounds: int,
    threads: int,
    quick: bool,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """One row per competitor at the workload ``name``, and why one is missing.

    A competitor whose losses are not those of the first one is not timed, but missing.
    """
    entrants: dict[str, Any] = {}
    try:
        missing = _build(name, columns, pythons, entrants, threads=threads, quick=quick)
        seconds = take_turns(entrants, rounds, quick)
        peaks = {column: entrant.ask("memory")["peak"] for column, entrant in entrants.items()}
    finally:
        for entrant in entrants.values():
            entrant.close()
    return [_row(name, column, seconds, peaks, quick) for column in seconds], missing


def _build(
    name: str,
    columns: Iterable[str],
    pythons: Mapping[str, str],
    entrants: dict[str, Any],
    *,
    threads: int,
    quick: bool,
) -> dict[str, str]:
    """Seat the competitors that can do the step; their losses are checked against the first's."""
    workload = WORKLOADS[name]
    size = dataclasses.astuple(workload.quick if quick else workload.full)
    missing, first = {}, None
    with tempfile.TemporaryDirectory() as folder:
        weights = str(Path(folder) / "weights.npz")
        for column in columns:
            entrant = seat(column, pythons, threads, quick)
            answer = entrant.ask(
                "build", column=column, name=name, size=size, threads=threads, weights=weights
            )
            losses = answer.get("losses")
            first = losses if first is None else first
            if losses is None:
                missing[column] = answer["error"]
            elif not np.allclose(losses, first, rtol=TOLERANCE, atol=0):
                missing[column] = (
                    f"its losses are {losses}, those of {next(iter(entrants))} {first}; they may "
                    f"differ by {TOLERANCE} of their size"
                )
            else:
                entrants[column] = entrant
                continue
            entrant.close()
    return missing


def _row(
    name: str,
    column: str,
    seconds: Mapping[str, list[float]],
    peaks: Mapping[str, int],
    quick: bool,
) -> dict[str, Any]:
    """What the result file says of a competitor."""
    workload = WORKLOADS[name]
    return {
        "kind": "step",
        "workload": workload.title,
        "batch": (workload.quick if quick else workload.full).batch,
        "competitor": column,
        **figures(seconds, column, REFERENCE),
        "peak_mb": round(peaks[column] / 2**20),
    }
