"""The training of an editor against a discriminator that also names attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from minitorch.data.attributes import Attribute, AttributeImages, one_hot_rows
from minitorch.data.batches import Batches, stream
from minitorch.generative.adversarial import AdversarialTrainer
from minitorch.generative.attributes.editor import Editor, EditPlayers
from minitorch.generative.attributes.events import EditEpoch, EditStep
from minitorch.generative.attributes.recipes import AttributeRecipe
from minitorch.generative.attributes.strips import edit_labels, swap_strips
from minitorch.generative.attributes.watch import EditWatch
from minitorch.generative.pixels import bytes_to_signed
from minitorch.generative.watch import spread

__all__ = ["AttributeTrainer", "moved_images", "other_labels"]

Array = numpy.ndarray
_MOVED, _JUDGED, _MADE = 1, 2, 3  # streams of a run beside that of the order
_PARTS = 4  # of an epoch's sums: the discriminator's loss; the editor's, and two parts of it


class AttributeTrainer(AdversarialTrainer):
    """Trains an editor of attributes, a batch at a time.

    Parameters
    ----------
    editor : Editor
    heads : list of Layer
        As :func:`build_attribute_discriminator` makes them.
    recipe : AttributeRecipe
    train : AttributeImages
    shown : AttributeImages
        A few images that are not trained on, whose edits are looked at after each epoch.
    captured : bool
        Whether whole batches run as captured programs (:func:`minitorch.function`).

    Attributes
    ----------
    players : EditPlayers
    columns : int
        Images in a row of ``latest``: the image, its reconstruction, and its edits.

    Raises
    ------
    ValueError
        If the images do not fit.
    """

    epoch_type = EditEpoch
    sums = 2 * _PARTS

    def __init__(
        self,
        editor: Editor,
        heads: Sequence[Any],
        recipe: AttributeRecipe,
        train: AttributeImages,
        shown: AttributeImages,
        captured: bool = True,
    ) -> None:
        for data in (train, shown):
            if data.x.shape[1:] != editor.network.output_shape[1:]:
                raise ValueError(
                    f"AttributeTrainer: the editor makes images of shape "
                    f"{editor.network.output_shape[1:]}, {data.name} has {data.x.shape[1:]}"
                )
            if data.attributes != editor.attributes:
                raise ValueError(
                    f"AttributeTrainer: the editor has the attributes {_names(editor.attributes)}, "
                    f"{data.name} has {_names(data.attributes)}"
                )
        self.editor, self.shown = editor, shown
        self._unit = spread(bytes_to_signed(train.x[:: max(1, len(train) // 500)])) or 1.0
        batches = Batches(train.x, train.labels, recipe.batch_size, recipe.seed)
        self._wanted = numpy.stack([edit_labels(row, train.attributes)[1:] for row in shown.labels])
        before = (self._wanted == shown.labels[:, None]).all(axis=2).mean()
        self.players = EditPlayers(editor, heads, recipe, captured)
        super().__init__(self.players, recipe, batches, EditWatch(float(before)))

    @property
    def columns(self) -> int:
        """Images in a row of the strips."""
        return len(self.latest) // len(self.shown)

    def samples(self) -> Array:
        """The strips of the shown images as they are now, one image after the other."""
        with self.chosen():
            strips = swap_strips(self.editor, self.shown)
        return strips.reshape(-1, *strips.shape[2:])

    def _train_on(self, x: Array, y: Array) -> EditStep:
        """A step of the discriminator, and if its turn has come one of the editor."""
        recipe, number = self.recipe, self.step + 1
        images = moved_images(bytes_to_signed(x), recipe.shift, stream(recipe.seed, _MOVED, number))
        a, rng = self._hot(y), stream(recipe.seed, _JUDGED, number)
        b = self._hot(other_labels(y, self.editor.attributes, rng))
        given = [images, a, b, rng.random(len(x), numpy.float32)]
        loss, real, fake, known, *grads = self.players.judged(*given)
        judged = float(loss.item())
        players = self.players
        self._move(
            1, judged, grads, lambda: players.discriminator_losses(*players.tensors(*given))[0]
        )
        self._add(0, judged)
        made: list[float | None] = [None] * 4
        if number % recipe.discriminator_steps == 0:
            made = [*self._make(images, y, a, number)]
        self.step = number
        answers = [float(value.item()) for value in (real, fake, known)]
        return EditStep(number, self.batches.epoch + 1, judged, *answers, *made)

    def _make(self, images: Array, y: Array, a: Array, number: int) -> tuple[float, ...]:
        """A step of the editor: its loss, the norm of its gradients, the loss's parts."""
        players, rng = self.players, stream(self.recipe.seed, _MADE, number)
        given = [images, a, self._hot(other_labels(y, self.editor.attributes, rng))]
        loss, kept, had, *grads = players.made(*given)
        figures = [float(value.item()) for value in (loss, kept, had)]
        norm = self._move(
            0, figures[0], grads, lambda: players.editor_losses(*players.tensors(*given))[0]
        )
        for place, figure in enumerate(figures, 1):
            self._add(place, figure)
        return figures[0], norm, *figures[1:]

    def _hot(self, labels: Array) -> Array:
        return one_hot_rows(labels, self.editor.attributes)

    def _add(self, place: int, figure: float) -> None:
        """One more of what the epoch's mean is taken of."""
        self._sums[place] += figure
        self._sums[place + _PARTS] += 1

    def _end_epoch(self) -> EditEpoch:
        """Look at the shown images' edits."""
        samples = self.samples()
        means = [total / max(count, 1) for total, count in
                 zip(self._sums[:_PARTS], self._sums[_PARTS:], strict=True)]  # fmt: skip
        strips = samples.reshape(len(self.shown), -1, *samples.shape[1:])[:, 2:]
        edits = strips.reshape(-1, *samples.shape[1:])
        wanted = self._wanted.reshape(len(edits), -1)
        seen = (self.players.named(edits) == wanted).all(axis=1)
        return EditEpoch(
            self.batches.epoch,
            *means,
            float(seen.mean()),
            spread(edits) / self._unit,
            self._renewed(samples) / self._unit,
            round(self.seconds, 3),
        )


def other_labels(labels: Array, attributes: Sequence[Attribute], rng: Any) -> Array:
    """Labels that differ from others in one attribute each.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (n, attributes)
    attributes : sequence of Attribute
    rng : numpy.random.Generator
        All attributes are as likely, and all of an attribute's other values.

    Returns
    -------
    numpy.ndarray of int, shape (n, attributes)
    """
    changed: Array = labels.copy()
    counts = numpy.array([len(attribute.values) for attribute in attributes])
    places = rng.integers(0, len(counts), len(labels))
    rows = numpy.arange(len(labels))
    further = rng.integers(1, counts[places])
    changed[rows, places] = (changed[rows, places] + further) % counts[places]
    return changed


def moved_images(images: Array, most: int, rng: Any) -> Array:
    """Each image moved by up to ``most`` pixels each way, and mirrored or not.

    What comes in from outside repeats the edge.

    Parameters
    ----------
    images : numpy.ndarray, shape (n, channels, rows, columns)
    most : int
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape of ``images``
    """
    down, right = rng.integers(0, 2 * most + 1, (2, len(images)))
    mirrored = rng.random(len(images)) < 0.5
    margins = ((0, 0), (0, 0), (most, most), (most, most))
    padded = numpy.pad(images, margins, mode="edge")
    windows = numpy.lib.stride_tricks.sliding_window_view(padded, images.shape[2:], axis=(2, 3))
    found: Array = windows[numpy.arange(len(images)), :, down, right]
    found[mirrored] = found[mirrored][..., ::-1]
    return found


def _names(attributes: Sequence[Attribute]) -> str:
    return ", ".join(attribute.name for attribute in attributes)
