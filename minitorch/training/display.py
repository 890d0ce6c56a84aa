"""What a run shows while it goes: a progress bar on a terminal, a line per epoch elsewhere."""

from __future__ import annotations

import sys
from typing import Any, Self

from minitorch.training.finding import Finding

__all__ = ["Display", "Lines", "ProgressBar", "Silent", "choose_display"]


class Display:
    """What a run shows: a context manager whose ``show`` gets each event."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        pass

    def show(self, event: Any) -> None:
        """A step or an epoch is done, or something is wrong."""


class Silent(Display):
    """Shows nothing."""


class Lines(Display):
    """One line per epoch, for files and pipes; other kinds of training say it in other words.

    Parameters
    ----------
    epochs : int
        Of the whole run.
    against : str
        What the measured data are called.
    """

    def __init__(self, epochs: int, against: str = "test") -> None:
        self.epochs, self.against = epochs, against

    def line(self, event: Any) -> str:
        """An epoch in one line."""
        return (
            f"epoch {event.number:>3}/{self.epochs}  training loss {event.train_loss:.4f}  "
            f"{self.against} loss {event.test_loss:.4f}  {self.against} error "
            f"{100 * event.test_error:5.2f}%  {event.seconds:6.1f} s"
        )

    def figures(self, event: Any) -> dict[str, float]:
        """What a bar shows of a step, by name."""
        return {"loss": event.loss}

    def show(self, event: Any) -> None:
        """Print an epoch's line, or what is wrong."""
        if isinstance(event, Finding):
            print(event, file=sys.stderr, flush=True)
        elif event.kind == "epoch":
            print(self.line(event), file=sys.stderr, flush=True)


class ProgressBar(Display):
    """A bar over the whole run with its figures and time to go, and a line per epoch above it.

    Parameters
    ----------
    name : str
        What is trained.
    lines : Lines
        How epochs and steps are put into words.
    steps, done : int
        Of the whole run, and those done before.
    """

    def __init__(self, name: str, lines: Lines, steps: int, done: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._lines = lines
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(name, total=steps, completed=done, figures="")
        self._name, self._means = name, dict[str, float]()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._progress.stop()

    def show(self, event: Any) -> None:
        """Move the bar; print an epoch's line above it."""
        if isinstance(event, Finding):
            self._progress.console.print(str(event), style="yellow", markup=False, highlight=False)
            return
        if event.kind == "epoch":
            self._progress.console.print(self._lines.line(event), highlight=False)
            return
        # Running means: single values jump too much to be read.
        for name, value in self._lines.figures(event).items():
            mean = self._means.get(name, value)
            self._means[name] = 0.98 * mean + 0.02 * value
        self._progress.update(
            self._task,
            completed=event.number,
            description=f"{self._name}, epoch {event.epoch}/{self._lines.epochs}",
            figures=" ".join(f"{name} {mean:.4f}" for name, mean in self._means.items()),
        )


def choose_display(
    name: str,
    epochs: int,
    steps: int,
    done: int = 0,
    against: str = "test",
    quiet: bool = False,
    lines: Lines | None = None,
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
    lines : Lines, optional
        The words of another kind of training than a classifier's.

    Returns
    -------
    Display
    """
    if quiet:
        return Silent()
    lines = lines or Lines(epochs, against)
    if not sys.stderr.isatty():
        return lines
    try:
        return ProgressBar(name, lines, steps, done)
    except ImportError:
        return lines
