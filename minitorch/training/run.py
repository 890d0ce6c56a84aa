"""A whole run: data in, a folder with model, checkpoints, report and pictures out."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy

from minitorch import layers, random
from minitorch.backend.arrays import backend_named
from minitorch.distributed import Group
from minitorch.io.files import atomic_write
from minitorch.training import plots
from minitorch.training.classifier import Classifier
from minitorch.training.folder_run import EVENTS, FolderRun
from minitorch.training.metrics import Evaluation
from minitorch.training.metrics_file import read_metrics
from minitorch.training.prepare import prepare
from minitorch.training.recipes import Recipe, command_of
from minitorch.training.report_page import write_report
from minitorch.training.start import new_network, open_start, trained_network
from minitorch.training.tensorboard import log_pictures
from minitorch.training.trainer import Trainer

__all__ = ["Run"]


class Run(FolderRun):
    """One training run in a folder of its own.

    Parameters
    ----------
    recipe : Recipe
    folder : str or Path
        Where everything goes; made when the first checkpoint is saved.
    data_dir : str or Path, optional
        A folder with the data's files.
    device : str
        Where the network is trained: "cpu", "cuda" or "emulated".
    workers : int
        Processes that make batches. They change no result, nor do the next two.
    captured, group
        See :class:`~minitorch.training.Trainer`. Of several ranks the first one writes.

    Raises
    ------
    DataError
        For missing or damaged data.
    ValueError
        For a recipe that does not fit, or a device that does not exist.
    RuntimeError
        If the device is not there; the message says why.
    """

    reports = ("report.json", "history.json")

    def __init__(
        self,
        recipe: Recipe,
        folder: str | Path,
        data_dir: str | Path | None = None,
        device: str = "cpu",
        workers: int = 0,
        captured: bool = True,
        group: Group | None = None,
    ) -> None:
        self.group = group or Group()
        if device == "cuda" and self.group.size > 1:
            device = f"cuda:{self.group.local_rank}"
        backend_named(device)  # before the data are fetched
        super().__init__(recipe, folder)
        start = open_start(recipe)
        for turn in (True, False):  # one rank of a machine fetches what all read
            if turn == (self.group.local_rank == 0):
                self.data = prepare(recipe, data_dir, workers, start and start.prepare)
            self.group.barrier()
        self.fingerprint = self.data.fingerprint
        random.seed(recipe.seed)
        if start is None:
            self.network = new_network(recipe, self.data.test.classes, self.data.shape)
        else:
            self.network = trained_network(start, recipe, self.data.class_names)
        layers.to_device(self.network, device)
        self.trainer = Trainer(
            self.network,
            recipe,
            self.data.train,
            self.data.test,
            self.data.background,
            captured,
            self.group,
        )

    def finish(self, pictures: bool = True) -> tuple[dict[str, Any], Evaluation]:
        """Measure, and leave model, history, report and pictures in the folder.

        Without matplotlib there are no pictures, and the report's ``note`` says so.

        Returns
        -------
        (report, Evaluation)
            The report is empty on ranks after the first.
        """
        with self.trainer.chosen():
            return self._finish(pictures)

    def _finish(self, pictures: bool) -> tuple[dict[str, Any], Evaluation]:
        """With the weights that count."""
        result = self.trainer.evaluate()
        if not self.group.first:
            return {}, result
        report = self._report(result)
        about = {"model": self.recipe.model, "data": self.recipe.data}
        how = (self.data.class_names, self.data.standardiser, self.data.shape)
        classifier = Classifier(self.network, *how, short=self.data.short, about=about)
        classifier.save(self.folder / "model.safetensors")
        history = [asdict(epoch) for epoch in self.trainer.history]
        atomic_write(self.folder / "history.json", json.dumps(history, indent=1) + "\n")
        report["pictures"], report["note"] = [], ""
        if pictures:
            try:
                drawn = self._pictures(result)
                report["pictures"] = [path.name for path in drawn]
                if (self.folder / EVENTS).is_dir():
                    log_pictures(self.folder / EVENTS, drawn, self.trainer.step)
            except ImportError as error:  # a trained network is not lost for want of a plot
                report["note"] = str(error)
        atomic_write(self.folder / "report.json", json.dumps(report, indent=1) + "\n")
        write_report(self.folder)
        return report, result

    def _report(self, result: Evaluation) -> dict[str, Any]:
        """The run's figures, for people and programs."""
        return {
            "recipe": self.recipe.as_dict(),
            "command": command_of(self.recipe),
            "data": {
                "name": self.recipe.data,
                "training examples": self.trainer.batches.count,
                "shape": " x ".join(map(str, self.data.shape)),
            },
            "epochs": len(self.trainer.history),
            "best_epoch": self.trainer.best_epoch,
            "parameters": int(layers.count_params(self.network)),
            "measured_on": self.data.against,
            "examples": len(self.data.test),
            "classes": list(self.data.class_names),
            "device": layers.get_device(self.network),
            "error": result.error,
            "accuracy": 1 - result.error,
            "loss": result.loss,
            "wrong": len(result.wrong),
            "confusion": result.confusion.tolist(),
            "findings": [str(finding) for finding in self.trainer.findings],
            "steps": self.trainer.step,
            "seconds": self.trainer.history[-1].seconds,
            "folder": str(self.folder),
            "python": platform.python_version(),
            "numpy": numpy.__version__,
        }

    def _pictures(self, result: Evaluation) -> list[Path]:
        """Learning curve, confusion matrix, misclassified images, filters."""
        name, percent = self.recipe.model, f"{100 * result.error:.2f}%"
        against, names = self.data.against, self.data.class_names
        shown = min(len(result.wrong), 100)
        pictures = [
            plots.plot_learning_curve(
                self.folder / "learning_curve.png",
                self.trainer.history,
                f"{name}: error by epoch",
                against,
                read_metrics(self.folder / "metrics.jsonl"),
            ),
            plots.plot_confusion(
                self.folder / "confusion.png",
                result.confusion,
                names,
                f"{name}: {against} images by true and predicted class",
            ),
            plots.plot_misclassified(
                self.folder / "misclassified.png",
                self.data.raw_test.x,
                result,
                names,
                f"{name}: {shown} of {len(result.wrong):,} misclassified ({percent} of "
                f"{len(self.data.test):,})",
            ),
        ]
        filters = plots.first_filters(self.network)
        if filters is not None:
            path = self.folder / "filters.png"
            pictures.append(
                plots.plot_filters(path, filters, f"{name}: filters of the first layer")
            )
        return pictures
