"""Transfer learning beside training from scratch: examples/transfer.py, seed by seed."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["run", "table"]

Rows = list[dict[str, Any]]


def run(seeds: int = 1, keep: Callable[[Rows], None] = lambda rows: None) -> Rows:
    """The example with each seed, judged by the test pictures.

    Parameters
    ----------
    seeds : int
        0, 1, ... below this number.
    keep : callable
        Gets the rows so far whenever there is another: a run takes long, and may end early.

    Returns
    -------
    list of dict
        One row per method and seed: data, method, what, accuracy (a share), seconds,
        cpu_seconds, seed, and how many pictures and classes.
    """
    rows: Rows = []

    def tell(row: dict[str, Any]) -> None:
        print(json.dumps(row), file=sys.stderr, flush=True)
        rows.append(row)
        keep(rows)

    _example().main(seeds=range(seeds), tell=tell)
    return rows


def table(rows: Rows) -> str:
    """The rows for people."""
    text: str = _example().table(rows)
    return text


def _example() -> Any:
    """The example's module; benchmarks run in the repository's folder."""
    return importlib.import_module("examples.transfer")
