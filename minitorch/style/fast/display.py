"""What the training of a style shows while it goes: a line per epoch."""

from __future__ import annotations

import sys
from typing import Any

from minitorch.training.display import Display
from minitorch.training.finding import Finding

__all__ = ["StyleLines"]


class StyleLines(Display):
    """Lines on standard error: epochs, what is wrong, and where it stands on a terminal.

    Parameters
    ----------
    epochs, steps : int
        Of the whole run.
    """

    def __init__(self, epochs: int, steps: int) -> None:
        self._epochs, self._steps = epochs, steps
        self._live = sys.stderr.isatty()

    def show(self, event: Any) -> None:
        """Print what has happened."""
        if isinstance(event, Finding):
            self._print(str(event))
        elif event.kind == "epoch":
            self._print(
                f"epoch {event.number:>3}/{self._epochs}  training loss {event.train_loss:.4f}  "
                f"held-out loss {event.loss:.4f} (content {event.content:.4f}, style "
                f"{event.style:.4f})  {event.seconds:6.1f} s"
            )
        elif self._live:
            line = f"step {event.number}/{self._steps}  loss {event.loss:.4f}"
            print(f"\r{line:<70}", end="", file=sys.stderr, flush=True)

    def _print(self, line: str) -> None:
        """A line of its own, in the place of the one that moves."""
        print(f"\r{line:<70}" if self._live else line, file=sys.stderr, flush=True)
