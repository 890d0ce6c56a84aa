"""Transfer learning beside training from scratch: examples/transfer.py, seed by seed."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["run"]

Rows = list[dict[str, Any]]


def run(seeds: int = 1, keep: Callable[[Rows], None] = lambda rows: None) -> Rows:
    """The example with each seed, judged by the test pictures.

    Parameters
    ----------
    seeds : int
        0, 1, ... below this number.
    keep : callable
        Gets the rows so far whenever a seed is done: a run takes long, and may end early.

    Returns
    -------
    list of dict
        One row per method and seed: data, method, what, accuracy (a share), seconds, seed.
    """
    example = importlib.import_module("examples.transfer")
    rows: Rows = []
    for seed in range(seeds):
        rows += example.main(
            seeds=(seed,), tell=lambda row: print(json.dumps(row), file=sys.stderr, flush=True)
        )
        keep(rows)
    return rows
