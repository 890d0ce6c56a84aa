"""A whole training of a style: pictures in, a folder with network, paintings and report out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy

from minitorch import init, io, layers, random
from minitorch.backend.arrays import backend_named
from minitorch.data import read_image
from minitorch.generative.pictures import SampleSheets, animate
from minitorch.io.files import atomic_write
from minitorch.models import build_fast_style
from minitorch.style.fast.painter import FILE, KIND, Painter
from minitorch.style.fast.perceptual import PerceptualLoss
from minitorch.style.fast.photographs import open_photographs
from minitorch.style.fast.plot import plot_losses
from minitorch.style.fast.recipe import MULTIPLE, StyleRecipe
from minitorch.style.fast.trainer import StyleTrainer
from minitorch.style.loss_network import LossNetwork
from minitorch.style.pictures import sized
from minitorch.training.folder_run import FolderRun
from minitorch.training.metrics_file import read_metrics
from minitorch.training.prepare import digest_of

__all__ = ["StyleRun", "new_network"]


class StyleRun(FolderRun):
    """One training of a style in a folder of its own.

    Parameters
    ----------
    recipe : StyleRecipe
    folder : str or Path
        Where everything goes; made when the first file is written.
    data_dir : str or Path, optional
        A folder with the files of the photographs' dataset, if they are one.
    device : str
        "cpu", "cuda" or "emulated".
    captured : bool
        See :class:`StyleTrainer`.

    Attributes
    ----------
    notes : list of str
        What there is to know before it begins: the loss network, photographs that are left out.

    Raises
    ------
    DataError
        For pictures that are missing, damaged or too few.
    ValueError
        For a style's picture that is too small, or layers that are not there.
    """

    def __init__(
        self,
        recipe: StyleRecipe,
        folder: str | Path,
        data_dir: str | Path | None = None,
        device: str = "cpu",
        captured: bool = True,
    ) -> None:
        backend_named(device)  # before pictures are read
        super().__init__(recipe, folder)
        style = sized(read_image(recipe.style), recipe.style_size, "the style")
        self.judge = LossNetwork.open(recipe.weights or None, pooling=recipe.pooling)
        photographs = open_photographs(recipe.photos, recipe.size, data_dir)
        for p in layers.get_all_params(list(self.judge.layers.values())):
            p.requires_grad = False  # or eager steps would compute gradients that nobody wants
        self.judge.to_device(device)
        loss, shown = PerceptualLoss(self.judge, style, recipe), len(photographs.shown)
        self.fingerprint = digest_of(
            style, numpy.frombuffer(photographs.fingerprint.encode(), numpy.uint8)
        )
        random.seed(recipe.seed)
        painter = Painter(new_network(recipe)).to_device(device)
        self.trainer = StyleTrainer(painter, recipe, photographs, loss, captured)
        self.sheets = SampleSheets(self.folder / "samples", self.trainer, shown)
        self.listeners = [self.sheets]
        layers_used = f"content at {loss.content_layer}, style at {', '.join(loss.style_layers)}"
        self.notes = [
            f"judged by {self.judge.about}",
            f"{layers_used}; {len(photographs)} photographs, and {shown} that are held out",
            *(f"left out: {reason}" for reason in photographs.skipped),
        ]

    def finish(self) -> dict[str, Any]:
        """Leave network, pictures and report in the folder.

        Returns
        -------
        dict
            The report.
        """
        network, first = self.trainer.painter.network, self.trainer.history[0]
        about = {
            "kind": KIND,
            "recipe": self.recipe.as_dict(),
            "steps": self.trainer.step,
            "judge": self.judge.about,
            "pixels": f"RGB from 0 to 1 in and out; sides are multiples of {MULTIPLE}",
        }
        io.save(network, self.folder / FILE, about, optimiser=False)
        last = self.trainer.history[-1]
        report = {
            "recipe": self.recipe.as_dict(),
            "judge": self.judge.about,
            "photographs": len(self.trainer.photographs),
            "left_out": self.trainer.photographs.skipped,
            "steps": self.trainer.step,
            "parameters": int(layers.count_params(network)),
            "loss_before": first.loss,
            "loss": last.loss,
            "history": [dataclasses.asdict(epoch) for epoch in self.trainer.history],
            "findings": [str(finding) for finding in self.trainer.findings],
            "seconds": last.seconds,
            "folder": str(self.folder),
        }
        report["pictures"], report["note"] = [], ""
        try:
            report["pictures"] = [path.name for path in self._pictures()]
        except ImportError as error:  # what was trained is not lost for want of a plot
            report["note"] = str(error)
        atomic_write(self.folder / "report.json", json.dumps(report, indent=1) + "\n")
        return report

    def _pictures(self) -> list[Path]:
        """The last paintings beside their photographs, all as an animation, the losses."""
        sheets = self.sheets.paths()
        title = f"{Path(self.recipe.style).name}: losses by step"
        metrics = read_metrics(self.folder / "metrics.jsonl")
        return [
            atomic_write(self.folder / "samples.png", sheets[-1].read_bytes()),
            animate(self.folder / "samples.webp", sheets),
            plot_losses(self.folder / "losses.png", metrics, title),
        ]


def new_network(recipe: StyleRecipe) -> Any:
    """The painting network of a recipe, for one style and pictures of any size."""
    wide = recipe.width
    return build_fast_style(
        1,
        (3, None, None),
        (wide, 2 * wide, 4 * wide),
        recipe.blocks,
        (2 * wide, wide),
        W=init.HeNormal(gain="relu"),
    )
