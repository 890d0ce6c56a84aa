"""Adversarial pairs on digits and clothes: each run's scores beside real images and no training."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.digits import report_of

__all__ = ["RUNS", "run"]

FOLDER = Path("runs") / "generative"
RUNS = {  # folder -> the command's words
    "dcgan": ("dcgan", "--width", "32", "--epochs", "10"),
    "cgan": ("cgan", "--width", "32", "--epochs", "6"),
    "wgan_gp": ("wgan_gp", "--width", "32", "--epochs", "6"),
    "dcgan-fashion": ("dcgan", "--data", "fashion", "--width", "32", "--epochs", "6"),
}
THREADS = 1


def run(keep: Callable[[list[dict[str, Any]]], None]) -> list[dict[str, Any]]:
    """Train each pair by the command that the page gives, and read its report.

    A run that was interrupted, or is there already, is taken up from runs/generative.

    Parameters
    ----------
    keep : callable
        Given all rows after each run, as they take long.

    Returns
    -------
    list of dict
        One row per run.
    """
    rows: list[dict[str, Any]] = []
    for name, words in RUNS.items():
        where = ("--threads", str(THREADS), "--out", str(FOLDER / name))
        rows.append(row_of(words, report_of(*words, *where)))
        print(json.dumps(rows[-1]), file=sys.stderr)
        keep(rows)
    return rows


def row_of(words: tuple[str, ...], report: dict[str, Any]) -> dict[str, Any]:
    """What a run's report says, for the table."""
    scores = report["scores"]
    kinds = ("trained", "untrained", "real")
    return {
        "command": " ".join(("python -m minitorch train", *words)),
        "model": report["recipe"]["model"],
        "data": report["recipe"]["data"],
        "fid": {kind: round(scores[kind]["fid"], 2) for kind in kinds},
        "inception": {kind: round(scores[kind]["inception"], 2) for kind in kinds},
        "covered": {kind: scores[kind]["covered"] for kind in kinds},
        "classes": len(scores["real"]["shares"]),
        "samples": scores["count"],
        "judge_error": round(100 * scores["judge_error"], 2),
        "steps": report["steps"],
        "seconds": round(report["seconds"]),
        "threads": THREADS,
        "findings": len(report["findings"]),
    }
