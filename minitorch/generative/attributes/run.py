"""A whole run of attribute manipulation: data in, a folder with editor, strips and scores out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from minitorch import io, layers, random
from minitorch.data import DataError, attribute_folder, emoji_people
from minitorch.data.attributes import AttributeImages
from minitorch.generative.attributes.editor import Editor
from minitorch.generative.attributes.networks import build_attribute_discriminator, build_editor
from minitorch.generative.attributes.recipes import AttributeRecipe
from minitorch.generative.attributes.score import Score, score_edits, train_judges
from minitorch.generative.attributes.strips import (
    plot_strips,
    strip_titles,
    swap_strips,
    true_strips,
)
from minitorch.generative.attributes.trainer import AttributeTrainer
from minitorch.generative.pictures import SampleSheets, animate, plot_losses, sheet, write_png
from minitorch.io.files import atomic_write
from minitorch.training.folder_run import FolderRun
from minitorch.training.metrics_file import read_metrics
from minitorch.training.prepare import digest_of

__all__ = ["AttributeRun", "prepare_attributes"]

_SHOWN, _SHEETS = 8, 20  # images whose edits are looked at; sheets of them that a run leaves
_EMOJI = "emoji-people"


class AttributeRun(FolderRun):
    """One training of an editor in a folder of its own.

    Parameters
    ----------
    recipe : AttributeRecipe
    folder : str or Path
        Where everything goes; made when the first file is written.
    data_dir : str or Path, optional
        A folder with the emoji's package.
    device : str
        "cpu", "cuda" or "emulated".
    captured : bool
        See :class:`AttributeTrainer`.

    Raises
    ------
    DataError
        For missing or damaged data.
    ValueError
        For a size that the networks cannot have.
    """

    def __init__(
        self,
        recipe: AttributeRecipe,
        folder: str | Path,
        data_dir: str | Path | None = None,
        device: str = "cpu",
        captured: bool = True,
    ) -> None:
        super().__init__(recipe, folder)
        self.train_images, self.test_images = prepare_attributes(recipe, data_dir)
        train, test = self.train_images, self.test_images
        self.fingerprint = digest_of(train.x, train.labels, test.x, test.labels)
        random.seed(recipe.seed)
        sizes = (train.x.shape[1:], train.attributes, recipe.width, recipe.levels)
        editor = Editor(build_editor(*sizes), train.attributes)
        heads = build_attribute_discriminator(*sizes, recipe.noise)
        for network in (editor.network, heads):
            layers.to_device(network, device)
        self.shown = shown_images(test)
        few = test.take(self.shown, "shown")
        self.trainer = AttributeTrainer(editor, heads, recipe, train, few, captured)
        every = max(1, recipe.epochs // _SHEETS)
        where = self.folder / "samples"
        self.sheets = SampleSheets(where, self.trainer, self.trainer.columns, every)
        self.listeners = [self.sheets]

    def finish(self, steps: int = 400) -> dict[str, Any]:
        """Leave editor, classifier, strips, scores and report in the folder.

        Parameters
        ----------
        steps : int
            Of the independent classifiers that score; 0: there are no scores.

        Returns
        -------
        dict
            The report.
        """
        with self.trainer.chosen():
            return self._finish(steps)

    def _finish(self, steps: int) -> dict[str, Any]:
        """With the weights that count."""
        self._save()
        trainer, recipe = self.trainer, self.recipe
        report = {
            "recipe": recipe.as_dict(),
            "epochs": len(trainer.history),
            "steps": trainer.step,
            "parameters": [int(layers.count_params(n)) for n in (trainer.editor.network,
                                                                trainer.players.heads)],
            "images": [len(self.train_images), len(self.test_images)],
            "attributes": [[a.name, list(a.values)] for a in self.train_images.attributes],
            "history": [dataclasses.asdict(epoch) for epoch in trainer.history],
            "findings": [str(finding) for finding in trainer.findings],
            "scores": dataclasses.asdict(self.score(steps)) if steps else {},
            "folder": str(self.folder),
        }  # fmt: skip
        report["pictures"], report["note"] = [], ""
        try:
            report["pictures"] = [path.name for path in self._pictures()]
        except ImportError as error:  # what was trained is not lost for want of a plot
            report["note"] = str(error)
        atomic_write(self.folder / "report.json", json.dumps(report, indent=1) + "\n")
        return report

    def score(self, steps: int) -> Score:
        """The edits of the test images, by classifiers that are trained for it."""
        judges = train_judges(self.train_images, steps)
        return score_edits(self.trainer.editor, self.test_images, judges)

    def _save(self) -> None:
        """The editor, and the network that says what an image has."""
        about = {
            "recipe": self.recipe.as_dict(),
            "attributes": [[a.name, list(a.values)] for a in self.train_images.attributes],
            "whole": self.recipe.data == _EMOJI,
        }
        heads = self.trainer.players.heads
        for network, name in ((self.trainer.editor.network, "editor"), (heads[1], "classifier")):
            io.save(network, self.folder / f"{name}.safetensors", about, optimiser=False)

    def _pictures(self) -> list[Path]:
        """The strips, all sheets as an animation, the losses."""
        trainer, test = self.trainer, self.test_images
        strips = swap_strips(trainer.editor, test.take(self.shown))
        truth = true_strips(test, self.shown)
        title = f"{self.recipe.data}: attributes of held-out images switched"
        metrics = read_metrics(self.folder / "metrics.jsonl")
        return [
            plot_strips(
                self.folder / "swaps.png",
                strips,
                strip_titles(test.attributes),
                title,
                truth if truth.any() else None,
            ),
            write_png(self.folder / "samples.png", sheet(trainer.latest, trainer.columns)),
            animate(self.folder / "samples.webp", self.sheets.paths()),
            plot_losses(
                self.folder / "losses.png", metrics, f"attributes of {self.recipe.data}: losses"
            ),
        ]


def prepare_attributes(
    recipe: AttributeRecipe, data_dir: str | Path | None = None
) -> tuple[AttributeImages, AttributeImages]:
    """The images of a recipe, to train on and to test with.

    Raises
    ------
    DataError
        If there are none, or not with these attributes.
    """
    names = recipe.attribute_names
    if recipe.data == _EMOJI:
        if recipe.images:
            raise DataError(f"{_EMOJI} are few; images is for a folder with a table")
        train, test = emoji_people(data_dir, recipe.size)
        chosen = names or ("skin", "gender")
        return train.about(chosen), test.about(chosen)
    if data_dir is not None:
        raise DataError(f"{recipe.data}: data_dir is for {_EMOJI} only; a folder is its own place")
    folder = Path(recipe.data.removeprefix("folder:"))
    if not folder.is_dir():
        raise DataError(
            f"no data named {recipe.data!r}: expected {_EMOJI}, or a folder of images with a table "
            f"of attributes (list_attr_celeba.txt)"
        )
    return attribute_folder(folder, recipe.size, names, recipe.images)


def shown_images(data: AttributeImages, most: int = _SHOWN) -> list[int]:
    """A few images, of as many drawings as can be, whose attributes differ."""
    places: dict[str, list[int]] = {}
    for index, drawing in enumerate(data.drawings):
        places.setdefault(drawing, []).append(index)
    # Drawings with the most variants first: those have true counterparts.
    groups = sorted(places.values(), key=len, reverse=True)[:most]
    return [group[(5 * number) % len(group)] for number, group in enumerate(groups)]
