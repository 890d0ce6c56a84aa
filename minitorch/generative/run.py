"""A whole adversarial run: data in, a folder with generator, samples, scores and pictures out."""

from __future__ import annotations

import dataclasses
import json
import math
import platform
from pathlib import Path
from typing import Any

import numpy

from minitorch import io, layers, random
from minitorch.data import load
from minitorch.data.batches import stream
from minitorch.data.dataset import Dataset
from minitorch.generative.judge import NAME as JUDGE
from minitorch.generative.judge import open_scorer
from minitorch.generative.pictures import SampleSheets, animate, plot_losses, sheet, write_png
from minitorch.generative.pixels import pixels_to_signed
from minitorch.generative.players import Players
from minitorch.generative.recipes import GanRecipe, find_gan_recipe
from minitorch.generative.registry import find_gan
from minitorch.generative.report_page import write_report
from minitorch.generative.sampler import Sampler
from minitorch.generative.score import Score
from minitorch.generative.trainer import GanTrainer
from minitorch.io.files import atomic_write
from minitorch.training.folder_run import EVENTS, FolderRun
from minitorch.training.metrics_file import read_metrics
from minitorch.training.prepare import digest_of, sized
from minitorch.training.recipes import command_of
from minitorch.training.tensorboard import log_pictures

__all__ = ["GanRun", "prepare_images"]

_SCORED = 5  # the stream of the samples that are scored
_SHEETS = 40  # of a run at most, and one of its start: frames of the animation


class GanRun(FolderRun):
    """One run of an adversarial pair in a folder of its own.

    Parameters
    ----------
    recipe : GanRecipe
    folder : str or Path
        Where everything goes; made when the first file is written.
    data_dir : str or Path, optional
        A folder with the data's files.
    device : str
        "cpu", "cuda" or "emulated".
    captured : bool
        See :class:`GanTrainer`.

    Raises
    ------
    DataError
        For missing or damaged data.
    ValueError
        For images that the networks cannot make.
    """

    def __init__(
        self,
        recipe: GanRecipe,
        folder: str | Path,
        data_dir: str | Path | None = None,
        device: str = "cpu",
        captured: bool = True,
    ) -> None:
        super().__init__(recipe, folder)
        self.train_images, self.test_images = prepare_images(recipe.data, data_dir, recipe.size)
        self.fingerprint = digest_of(self.train_images.x, self.train_images.y)
        pair = self._pair()
        for network in pair:
            layers.to_device(network, device)
        self.trainer = GanTrainer(*pair, recipe, self.train_images, captured)
        apart = math.ceil(recipe.epochs / _SHEETS)
        self.sheets = SampleSheets(self.folder / "samples", self.trainer, every=apart)
        self.listeners = [self.sheets]

    def _pair(self) -> tuple[Any, Any]:
        """Generator and discriminator as they are before the first step."""
        recipe, data = self.recipe, self.train_images
        random.seed(recipe.seed)
        sizes = {"width": recipe.width} if recipe.width else {}
        entry = find_gan(recipe.model)
        return entry.build(recipe.latent, data.x.shape[1:], data.classes, **sizes)

    def finish(self, scored: int = 2000, steps: int = 1800) -> dict[str, Any]:
        """Leave generator, pictures, scores and report in the folder.

        Parameters
        ----------
        scored : int
            Samples, and real images, that scores are of; 0: there are none.
        steps : int
            Of the classifier that scores.

        Returns
        -------
        dict
            The report.
        """
        with self.trainer.chosen():
            return self._finish(scored, steps)

    def _finish(self, scored: int, steps: int) -> dict[str, Any]:
        """With the weights that samples are of."""
        about = {"recipe": self.recipe.as_dict(), "class_names": _names_of(self.train_images)}
        generator = self.trainer.players.generator
        io.save(generator, self.folder / "generator.safetensors", about, optimiser=False)
        report = self._report()
        report["scores"] = self._scores(scored, steps) if scored else {}
        report["pictures"], report["note"] = [], ""
        try:
            drawn = self._pictures()
            report["pictures"] = [path.name for path in drawn]
            if (self.folder / EVENTS).is_dir():
                sheets = [path for path in drawn if path.suffix == ".png"]
                log_pictures(self.folder / EVENTS, sheets, self.trainer.step)
        except ImportError as error:  # what was trained is not lost for want of a plot
            report["note"] = str(error)
        atomic_write(self.folder / "report.json", json.dumps(report, indent=1) + "\n")
        write_report(self.folder)
        return report

    def _report(self) -> dict[str, Any]:
        """What the run was, for people and programs."""
        trainer, recipe = self.trainer, self.recipe
        return {
            "recipe": recipe.as_dict(),
            "command": command_of(recipe, find_gan_recipe(recipe.model).as_dict()),
            "data": {
                "name": recipe.data,
                "training examples": len(self.train_images),
                "shape": " x ".join(map(str, self.train_images.x.shape[1:])),
            },
            "epochs": len(trainer.history),
            "steps": trainer.step,
            "parameters": [int(layers.count_params(net)) for net in trainer.players.both],
            "class_names": _names_of(self.train_images),
            "history": [dataclasses.asdict(epoch) for epoch in trainer.history],
            "findings": [str(finding) for finding in trainer.findings],
            "seconds": trainer.history[-1].seconds,
            "device": trainer.players.device,
            "folder": str(self.folder),
            "python": platform.python_version(),
            "numpy": numpy.__version__,
        }

    def samples(self, count: int, players: Players | None = None) -> numpy.ndarray:
        """New samples, of all classes in turn where these count."""
        players = players or self.trainer.players
        noise = stream(self.recipe.seed, _SCORED).standard_normal((count, players.latent))
        labels = numpy.arange(count) % players.classes if players.classes else None
        with self.trainer.chosen():
            return players.samples(noise.astype(numpy.float32), labels)

    def _scores(self, count: int, steps: int) -> dict[str, Any]:
        """Of samples; for comparison of an untrained generator's, and of real images."""
        path, test = self.folder / JUDGE, self.test_images
        scorer = open_scorer(path, self.train_images, test, self.fingerprint, count, steps)
        state = random.get_state()
        untrained = Players(*self._pair(), self.recipe)
        random.set_state(state)
        found = {
            "trained": scorer(self.samples(count)),
            "untrained": scorer(self.samples(count, untrained)),
            "real": scorer(test.x[1::2][:count]),
        }
        scores = {name: _record(score) for name, score in found.items()}
        return {"count": count, "judge_error": io.read_about(path)["error"], **scores}

    def _pictures(self) -> list[Path]:
        """The last samples, all sheets as an animation, ways through the noise, the losses."""
        strips = Sampler(self.trainer.players.generator).ways(8, 10, self.recipe.seed)
        title = f"{self.recipe.model} on {self.recipe.data}: losses by step"
        metrics = read_metrics(self.folder / "metrics.jsonl")
        return [
            write_png(self.folder / "samples.png", sheet(self.trainer.latest, 10)),
            animate(self.folder / "samples.webp", self.sheets.paths()),
            write_png(self.folder / "interpolation.png", sheet(strips, 10)),
            plot_losses(self.folder / "losses.png", metrics, title),
        ]


def prepare_images(
    name: str, data_dir: str | Path | None = None, size: int = 0
) -> tuple[Dataset, Dataset]:
    """A dataset's images from -1 to 1, training and test.

    Parameters
    ----------
    name, data_dir
        As for :func:`minitorch.data.load`.
    size : int
        Pixels each way; 0: as they come. Images on the disk have no size of their own: 64.

    Returns
    -------
    (Dataset, Dataset)
    """
    pair = load(name, data_dir, size)
    return _signed(pair[0], size), _signed(pair[1], size)


def _names_of(data: Dataset) -> list[str]:
    """The classes' names, numbers where they have none."""
    return list(data.class_names) or [str(number) for number in range(data.classes)]


def _signed(data: Any, size: int) -> Dataset:
    if not isinstance(data, Dataset):
        size = size or 64
    return pixels_to_signed(sized(data, size))


def _record(score: Score) -> dict[str, Any]:
    """A score for JSON."""
    shares = list(score.shares)
    return {**dataclasses.asdict(score), "shares": shares, "covered": score.covered}
