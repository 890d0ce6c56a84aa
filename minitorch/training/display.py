"""What a run shows while it goes: a progress bar on a terminal, a line per epoch elsewhere."""

from __future__ import annotations

import sys
from typing import Self

from minitorch.training.events import Epoch, Step
from minitorch.training.finding import Finding

__all__ = ["Display", "Lines", "ProgressBar", "Silent", "choose_display"]


def _line(event: Epoch, epochs: int, against: str) -> str:
    """An epoch in one line."""
    return (
        f"epoch {event.number:>3}/{epochs}  training loss {event.train_loss:.4f}  "
        f"{against} loss {event.test_loss:.4f}  {against} error {100 * event.test_error:5.2f}%  "
        f"{event.seconds:6.1f} s"
    )


class Display:
    """What a run shows: a context manager whose ``show`` gets each event."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def show(self, event: Step | Epoch | Finding) -> None:
        """A step or an epoch is done, or something is wrong."""


class Silent(Display):
    """Shows nothing."""


class Lines(Display):
    """One line per epoch, for files and pipes."""

    def __init__(self, epochs: int, against: str = "test") -> None:
        self._epochs, self._against = epochs, against

    def show(self, event: Step | Epoch | Finding) -> None:
        """Print an epoch's line, or what is wrong."""
        if isinstance(event, Finding):
            print(event, file=sys.stderr, flush=True)
        if isinstance(event, Epoch):
            print(_line(event, self._epochs, self._against), file=sys.stderr, flush=True)


class ProgressBar(Display):
    """A bar over the whole run with loss and time to go, and a line per epoch above it."""

    def __init__(
        self, name: str, epochs: int, steps: int, done: int, against: str = "test"
    ) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._epochs, self._against = epochs, against
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(name, total=steps, completed=done, loss="-")
        self._name, self._mean = name, 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._progress.stop()

    def show(self, event: Step | Epoch | Finding) -> None:
        """Move the bar; print an epoch's line above it."""
        if isinstance(event, Epoch):
            self._progress.console.print(_line(event, self._epochs, self._against), highlight=False)
            return
        if isinstance(event, Finding):
            self._progress.console.print(str(event), style="yellow", markup=False, highlight=False)
            return
        # A running mean: single losses jump too much to be read.
        self._mean = event.loss if self._mean == 0 else 0.98 * self._mean + 0.02 * event.loss
        self._progress.update(
            self._task,
            completed=event.number,
            description=f"{self._name}, epoch {event.epoch}/{self._epochs}",
            loss=f"{self._mean:.4f}",
        )


def choose_display(
    name: str, epochs: int, steps: int, done: int = 0, against: str = "test", quiet: bool = False
) -> Display:
    """A bar on a terminal, lines elsewhere, nothing when ``quiet``.

    Parameters
    ----------
    name : str
        What is trained.
    epochs, steps : int
        Of the whole run.
    done : int
        Steps done before.
    against : str
        What the measured data are called: "test" or "validation".
    quiet : bool

    Returns
    -------
    Display
    """
    if quiet:
        return Silent()
    if not sys.stderr.isatty():
        return Lines(epochs, against)
    try:
        return ProgressBar(name, epochs, steps, done, against)
    except ImportError:
        return Lines(epochs, against)
