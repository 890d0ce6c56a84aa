"""What all kinds of runs do with their folder: begin or go on, and keep notes while training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from minitorch.io.checkpoints import Checkpoints
from minitorch.io.files import atomic_write
from minitorch.training.display import Display
from minitorch.training.loop import fit
from minitorch.training.metrics_file import MetricsFile
from minitorch.training.recipes import write_config
from minitorch.training.take_up import take_up
from minitorch.training.tensorboard import TensorBoardLog

__all__ = ["EVENTS", "FolderRun"]

EVENTS = "tensorboard"  # the folder of TensorBoard's files in a run's


class FolderRun:
    """One training in a folder of its own; what is trained is for who extends it.

    Who does gives ``trainer`` and ``fingerprint``, that of the data.

    Parameters
    ----------
    recipe : object
        A frozen record of settings.
    folder : str or Path
        Where everything goes; made when the first file is written.
    """

    trainer: Any
    fingerprint: str
    reports: ClassVar[tuple[str, ...]] = ("report.json",)  # what a finished run leaves of itself
    listeners: Sequence[Display] = ()  # what else is shown every event

    def __init__(self, recipe: Any, folder: str | Path) -> None:
        self.recipe, self.folder = recipe, Path(folder)
        self.checkpoints = Checkpoints(self.folder / "checkpoints")

    def begin(self, how: str = "auto") -> str:
        """Take up an earlier run of this folder, or start anew: see :func:`take_up`."""
        if how == "fresh" and self.trainer.group.first:
            for name in self.reports:  # of the run that is dropped
                (self.folder / name).unlink(missing_ok=True)
        return take_up(self.trainer, self.checkpoints, self.fingerprint, how)

    def train(
        self,
        display: Display | None = None,
        every: int = 100,
        stop: Callable[[], object] = lambda: False,
        tensorboard: bool = False,
    ) -> bool:
        """Train to the end, or until ``stop()``; whether it is complete.

        Every step's figures go to metrics.jsonl; with ``tensorboard`` to event files as well.
        """
        trainer = self.trainer
        epochs = sum(epoch.number > 0 for epoch in trainer.history)  # 0: before the first step
        metrics = MetricsFile(self.folder / "metrics.jsonl", trainer.step, epochs)
        notes: list[Display] = [metrics, *self.listeners]
        if tensorboard:
            notes.append(TensorBoardLog(self.folder / EVENTS, trainer.step))
        if trainer.group.first:
            atomic_write(self.folder / "config.toml", write_config(self.recipe))
        extra = {"data": self.fingerprint}
        return fit(trainer, display, self.checkpoints, every, extra, stop, notes)
