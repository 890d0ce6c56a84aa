"""The lecture's table on MNIST: train its three networks and compare their errors."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

__all__ = ["LECTURE", "report_of", "run"]

# Name -> (what it is, the lecture's error after 300 epochs in percent).
LECTURE = {
    "mlp64": ("FC64", 2.85),
    "mlp256": ("FC256-FC256", 1.83),
    "lenet": ("20C5-MP2-50C5-MP2-FC256", 0.79),
}


def report_of(*arguments: str) -> dict[str, Any]:
    """The report that ``python -m minitorch train`` prints, run as a process of its own."""
    command = [sys.executable, "-m", "minitorch", "train", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def run(seeds: int = 1) -> list[dict[str, Any]]:
    """Train each network with each seed by the command that the README gives.

    Parameters
    ----------
    seeds : int
        0, 1, ... below this number.

    Returns
    -------
    list of dict
        One row per run: name, network, lecture's and measured error in
        percent, epochs, seconds, seed.
    """
    rows = []
    for name, (network, lecture) in LECTURE.items():
        for seed in range(seeds):
            with tempfile.TemporaryDirectory() as folder:
                options = ["--fresh", "--no-pictures", "--seed", str(seed), "--out", folder]
                report = report_of(name, *options)
            rows.append(
                {
                    "name": name,
                    "network": network,
                    "lecture_error": lecture,
                    "error": round(100 * report["error"], 2),
                    "epochs": report["recipe"]["epochs"],
                    "parameters": report["parameters"],
                    "seconds": round(report["seconds"]),
                    "seed": seed,
                }
            )
            print(json.dumps(rows[-1]), file=sys.stderr)
    return rows
