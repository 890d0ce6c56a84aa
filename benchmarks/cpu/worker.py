"""One library at one training step; in a process of its own it is told over a pipe what to do.

    python -m benchmarks.cpu.worker

reads a line of JSON, does what it says, and writes a line of JSON: ``build`` answers the losses
of three steps, ``build_part`` some elements of a layer's result, ``round`` the seconds of a step,
``memory`` the most that the process ever held.
It needs NumPy and the library, nothing else, so its Python may be another one.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cpu.memory import peak
from benchmarks.cpu.parts import PARTS, shrunk
from benchmarks.cpu.workloads import Size

__all__ = ["Seat"]

CHECKED = 3  # steps whose losses are compared
WARM = 0.1  # a step as long as this needs none before it to fill the caches again
SAMPLE = 64  # elements of a layer's result that are compared
MODULES = {"minitorch": "ours", "torch": "torch_steps"}
MODULES |= dict.fromkeys(("jax", "dezero", "autograd"), "small_steps")
PART_MODULES = {"minitorch": "ours_parts", "torch": "torch_parts", "numpy": "numpy_parts"}


def _module(names: dict[str, str], column: str) -> Any:
    """What builds for a column; ImportError where its library is not installed."""
    return importlib.import_module(f"benchmarks.cpu.{names[column.partition(' ')[0]]}")


class Seat:
    """A competitor's place: builds a step, and does it when its turn comes."""

    def build(
        self, column: str, name: str, size: list[int], threads: int, weights: str
    ) -> dict[str, Any]:
        """Make the step and do it three times.

        minitorch writes the weights that it starts from to the file ``weights``, a peer
        reads them there. A peer that is not installed answers with ImportError.
        """
        module = _module(MODULES, column)
        if column.startswith("minitorch"):
            self.step, given = module.build(column, name, Size(*size), threads)
            if not Path(weights).exists():
                np.savez(weights, *given)
        else:
            with np.load(weights) as kept:
                given = list(kept.values())
            self.step = module.build(column, name, Size(*size), threads, given)
        del given  # it would be counted as the step's memory
        return {"losses": [self.step() for _ in range(CHECKED)]}

    def build_part(
        self, column: str, number: int, direction: str, threads: int, quick: bool
    ) -> dict[str, Any]:
        """Make a layer's work, PARTS[number], and do it once: evenly spread elements of it."""
        module = _module(PART_MODULES, column)
        part = shrunk(PARTS[number]) if quick else PARTS[number]
        self.step = module.build(column, part, direction, threads)
        result = module.read(self.step()).ravel()
        return {"sample": result[:: -(-result.size // SAMPLE)].tolist()}

    def round(self, fill: float) -> dict[str, Any]:
        """Seconds of one step: the mean of as many as fill so many seconds."""
        start = time.perf_counter()
        self.step()
        took = time.perf_counter() - start
        if took >= WARM:
            return {"seconds": took}
        steps = max(1, round(fill / took))
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return {"seconds": (time.perf_counter() - start) / steps}

    def memory(self) -> dict[str, Any]:
        """The largest resident set of this process so far, in bytes."""
        return {"peak": peak()}


def main() -> None:
    """Answer line by line, until the pipe is closed."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    seat = Seat()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(seat, order.pop("do"))(**order)
        except Exception as error:  # whatever a peer throws ends its part, not the run
            text = (str(error).strip() or repr(error)).splitlines()[0][:200]
            answer = {"error": f"{type(error).__name__}: {text}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
