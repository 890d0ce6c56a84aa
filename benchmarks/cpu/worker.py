"""One library at one training step; in a process of its own it is told over a pipe what to do.

    python -m benchmarks.cpu.worker

reads a line of JSON, does what it says, and writes a line of JSON: ``build`` answers the losses
of three steps, ``round`` the seconds of a step, ``memory`` the most that the process ever held.
It needs NumPy and the library, nothing else, so its Python may be another one.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cpu.workloads import Size

__all__ = ["Seat"]

CHECKED = 3  # steps whose losses are compared
ROUND = 0.2  # seconds that a round of short steps is filled up to
WARM = 0.1  # a step as long as this needs none before it to fill the caches again
MODULES = {"torch": "torch_steps"}


class Seat:
    """A competitor's place: builds a step, and does it when its turn comes."""

    def build(
        self, column: str, name: str, size: list[int], threads: int, weights: str
    ) -> dict[str, Any]:
        """Make the step and do it three times.

        minitorch writes the weights that it starts from to the file ``weights``, a peer
        reads them there. A peer that is not installed answers with ImportError.
        """
        library = column.partition(" ")[0]
        if library == "minitorch":
            ours = importlib.import_module("benchmarks.cpu.ours")
            self.step, given = ours.build(column, name, Size(*size), threads)
            if not Path(weights).exists():
                np.savez(weights, *given)
        else:
            with np.load(weights) as kept:
                given = list(kept.values())
            peer = importlib.import_module(f"benchmarks.cpu.{MODULES[library]}")
            self.step = peer.build(column, name, Size(*size), threads, given)
        losses = [self.step() for _ in range(CHECKED)]
        return {"losses": losses}

    def round(self) -> dict[str, Any]:
        """Seconds of one step: the mean of as many as fit into a short while."""
        start = time.perf_counter()
        self.step()
        took = time.perf_counter() - start
        if took >= WARM:
            return {"seconds": took}
        steps = max(1, round(ROUND / took))
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return {"seconds": (time.perf_counter() - start) / steps}

    def memory(self) -> dict[str, Any]:
        """The largest resident set of this process so far, in bytes."""
        status = Path("/proc/self/status")
        if status.exists():  # getrusage counts the parent's memory at the fork as well
            line = next(s for s in status.read_text().splitlines() if s.startswith("VmHWM"))
            return {"peak": int(line.split()[1]) * 1024}
        scale = 1 if sys.platform == "darwin" else 1024
        return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale}


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
