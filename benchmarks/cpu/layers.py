"""Single layers: all competitors do one direction of one layer, agree on it, and take turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.cpu.entrants import figures, seat, take_turns
from benchmarks.cpu.parts import PARTS
from benchmarks.cpu.workloads import TOLERANCE

__all__ = ["COLUMNS", "rows"]

COLUMNS = ("minitorch", "torch", "torch kept", "numpy")
REFERENCE = "torch"


def rows(
    pythons: Mapping[str, str],
    *,
    rounds: int,
    threads: int,
    quick: bool,
    wanted: Callable[[str], bool],
    skip: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """One row per layer, direction and competitor; who is missing is left out.

    A competitor's process does all layers, one after another.
    """
    columns = [column for column in COLUMNS if column not in skip]
    entrants = {column: seat(column, pythons, threads, quick) for column in columns}
    try:
        for number, part in enumerate(PARTS):
            if wanted(f"{part.op} {part.title}"):
                for direction in part.directions:
                    built = {"number": number, "direction": direction, "threads": threads}
                    there = _agreed(entrants, built | {"quick": quick})
                    present = {column: entrants[column] for column in there}
                    seconds = take_turns(present, rounds, quick)
                    for column in there:
                        yield {
                            "kind": "layer", "workload": f"{part.op} {part.title}, {direction}",
                            "batch": part.x[0], "competitor": column, "flops": part.flops,
                            **figures(seconds, column, REFERENCE),
                        }  # fmt: skip
    finally:
        for entrant in entrants.values():
            entrant.close()


def _agreed(entrants: Mapping[str, Any], built: Mapping[str, Any]) -> list[str]:
    """Those that can do it.

    Raises
    ------
    RuntimeError
        If somebody's result differs: what is wrong is not timed.
    """
    there = []
    first: Any = None
    for column, entrant in entrants.items():
        answer = entrant.ask("build_part", column=column, **built)
        if "error" in answer:
            if "ImportError" in answer["error"] or "ModuleNotFound" in answer["error"]:
                continue
            raise RuntimeError(f"{PARTS[built['number']].title}: {column}: {answer['error']}")
        sample = np.array(answer["sample"])
        first = sample if first is None else first
        if sample.shape != first.shape or (
            np.abs(sample - first).max() > TOLERANCE * np.abs(first).max()
        ):
            raise RuntimeError(
                f"{PARTS[built['number']].title}, {built['direction']}: {column} computes "
                f"{sample[:4]}, {next(iter(entrants))} {first[:4]}"
            )
        there.append(column)
    return there
