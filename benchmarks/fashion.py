"""Fashion-MNIST from scratch: LeNet with several seeds, ResNet-20 with one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.digits import report_of

__all__ = ["run"]

RUNS = Path("runs") / "fashion"
NETWORKS = {"lenet": None, "resnet20": 1}  # None: as many seeds as are asked for


def run(seeds: int = 3) -> list[dict[str, Any]]:
    """Train each network by the command that the README gives, and read its report.

    A run that was interrupted, or is there already, is taken up from runs/fashion.

    Parameters
    ----------
    seeds : int
        0, 1, ... below this number, for LeNet.

    Returns
    -------
    list of dict
        One row per run: model, seed, accuracy in percent, epochs, parameters, seconds.
    """
    rows = []
    for model, only in NETWORKS.items():
        for seed in range(only or seeds):
            folder = RUNS / f"{model}-{seed}"
            options = ["--data", "fashion", "--seed", str(seed), "--out", str(folder)]
            report = report_of(model, *options)
            rows.append(
                {
                    "model": model,
                    "seed": seed,
                    "accuracy": round(100 * report["accuracy"], 2),
                    "epochs": report["recipe"]["epochs"],
                    "parameters": report["parameters"],
                    "seconds": round(report["seconds"]),
                }
            )
            print(json.dumps(rows[-1]), file=sys.stderr)
    return rows
