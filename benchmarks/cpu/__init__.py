"""``python -m benchmarks cpu``: training steps and layers on the CPU, against what is installed.

Every competitor runs in a process of its own, with its own threads and memory, and does a round
when it is told to, so rounds take turns. ``--peer torch=/path/to/python`` runs a peer in
another Python. Before anything is timed, the losses of the first three steps, from the same
weights and the same batch, must agree to 1e-3 of their size; who disagrees is not timed.

Competitors: ``minitorch``; ``minitorch captured``, the step traced once by
``minitorch.function``; ``torch``, eager, as a user gets it; ``torch kept``,
the same with an allocator that was told to keep freed memory; ``torch channels_last``; ``torch
compiled``; at the MLP and LeNet ``jax``, ``dezero`` and ``autograd`` too.

Behind the steps come single layers, forward and backward (a matrix product against NumPy's BLAS
too), and what an import costs. Beside all stand the ceilings measured in the same run: the best
matrix product, the best copy. Read the ratios, and on a machine that does other work too
(``load``) those of the shortest rounds.

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
        Rows whose name contains this: "step " before a training step's name, the op's before
        a layer's, "import".
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
    from benchmarks.cpu import layers, machine, ours, steps
    from benchmarks.cpu.workloads import WORKLOADS

    pythons = pythons or {}
    about: dict[str, Any] = {"missing": {}, "threads": threads, "load": machine.load()}
    about["ceilings"] = machine.ceilings(quick)
    rows: list[dict[str, Any]] = []

    def wanted(name: str) -> bool:
        return only.lower() in name.lower()

    def found(row: dict[str, Any]) -> None:
        tell(row)
        rows.append(row)

    for name in WORKLOADS:
        if wanted(f"step {name}"):
            others = [peer for peer, can in steps.SMALL_PEERS.items() if name in can]
            columns = [c for c in (*ours.COLUMNS, *steps.PEERS, *others) if c not in skip]
            new, missing = steps.rows_of(
                name, columns, pythons, rounds=rounds, threads=threads, quick=quick
            )
            about["missing"] |= {f"{column}, {name}": why for column, why in missing.items()}
            for row in new:
                found(row)
    for row in layers.rows(
        pythons, rounds=rounds, threads=threads, quick=quick, wanted=wanted, skip=skip
    ):
        found(row)
    if wanted("import"):
        for row in machine.import_rows(pythons, 1 if quick else rounds, quick):
            found(row)
    return rows, about
