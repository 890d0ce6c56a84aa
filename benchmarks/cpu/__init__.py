"""``python -m benchmarks cpu``: whole training steps on the CPU, against what is installed.

Every competitor runs in a process of its own, with its own threads and memory, and does a round
when it is told to, so rounds take turns. ``--peer torch=/path/to/python`` runs a peer in
another Python. Before anything is timed, the losses of the first three steps, from the same
weights and the same batch, must agree to 1e-3 of their size; who disagrees is not timed.

Competitors: ``minitorch``; ``minitorch captured``, the step traced once by
``minitorch.function`` (where there is one); ``torch``, eager, as a user gets it; ``torch kept``,
the same with an allocator that was told to keep freed memory; ``torch channels_last``; ``torch
compiled``.

Nothing but the standard library is imported here: the workers import this package too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["run"]


def run(
    rounds: int = 11,
    *,
    only: str = "",
    quick: bool = False,
    threads: int = 2,
    pythons: Mapping[str, str] | None = None,
    skip: Sequence[str] = (),
    tell: Callable[[dict[str, Any]], Any] = bool,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of results, and what is missing.

    Parameters
    ----------
    rounds : int
    only : str
        Workloads whose name contains this.
    quick : bool
        Small sizes, everything in this process: to see that it works, not how fast.
    threads : int
        For every competitor.
    pythons : mapping of str to str, optional
        The interpreter of a peer that has one of its own.
    skip : sequence of str
        Competitors to leave out.
    tell : callable
        It is given every row as soon as it is there.
    """
    from benchmarks.cpu import ours, steps
    from benchmarks.cpu.workloads import WORKLOADS

    columns = [c for c in (*ours.COLUMNS, *steps.PEERS) if c not in skip]
    about: dict[str, Any] = {"missing": {}, "threads": threads}
    rows: list[dict[str, Any]] = []
    for name in WORKLOADS:
        if only.lower() in name:
            found, missing = steps.rows_of(
                name, columns, pythons or {}, rounds=rounds, threads=threads, quick=quick
            )
            for row in found:
                tell(row)
            rows += found
            about["missing"] |= {f"{column}, {name}": why for column, why in missing.items()}
    return rows, about
