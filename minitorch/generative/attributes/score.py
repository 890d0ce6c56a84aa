"""How good edits are: against true counterparts, and by classifiers that took no part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import layers, no_grad, tensor
from minitorch.data.attributes import AttributeImages
from minitorch.data.dataset import Dataset
from minitorch.generative.attributes.editor import Editor
from minitorch.generative.judge import train_judge
from minitorch.generative.pixels import bytes_to_signed

__all__ = ["AttributeScore", "Score", "score_edits", "train_judges"]

Array = numpy.ndarray


@dataclass(frozen=True, slots=True)
class AttributeScore:
    """How well one attribute is edited, in the mean over all edits of all test images.

    Errors are mean absolute differences of pixels from 0 to 255, of edits that have a true
    counterpart (``pairs``; None without any): of the edit from it, of the image before
    the edit from it. ``seen`` is the share of all ``edits`` in which the attribute's judge sees
    the wanted value, ``seen_before`` that of the images before the edit, ``seen_true`` that of the
    counterparts; ``kept`` the share of answers that the other attributes' judges do not change.
    ``judge_error`` is the judge's own error on the unedited test images.
    """

    name: str
    edits: int
    pairs: int
    error: float | None
    unchanged_error: float | None
    seen: float
    seen_before: float
    seen_true: float | None
    kept: float | None
    judge_error: float


@dataclass(frozen=True, slots=True)
class Score:
    """How good edits are: by attribute; and the error of test images made anew, 0 to 255."""

    images: int
    reconstruction_error: float
    attributes: tuple[AttributeScore, ...]


def train_judges(train: AttributeImages, steps: int = 400, seed: int = 1) -> list[Any]:
    """A classifier for each attribute, trained on real images and their mirror images alone.

    Parameters
    ----------
    train : AttributeImages
    steps : int
        Of 100 images each, at least.
    seed : int

    Returns
    -------
    list of Layer
    """
    x = bytes_to_signed(train.x)
    x, judges = numpy.concatenate([x, x[..., ::-1]]), []
    for place, attribute in enumerate(train.attributes):
        y = numpy.tile(train.labels[:, place], 2)
        data = Dataset(x, y, len(attribute.values), attribute.name, attribute.values)
        judges.append(train_judge(data, data.take(slice(1)), steps, seed)[0])
    return judges


def score_edits(editor: Editor, test: AttributeImages, judges: Sequence[Any]) -> Score:
    """Every attribute of every test image changed to every other value, and looked at.

    Parameters
    ----------
    editor : Editor
    test : AttributeImages
        Not trained on.
    judges : list of Layer
        See :func:`train_judges`.

    Returns
    -------
    Score
    """
    images = bytes_to_signed(test.x)
    answers = numpy.stack([_named(judge, images) for judge in judges], axis=1)
    errors = (answers != test.labels).mean(axis=0)
    found = []
    for place in range(len(test.attributes)):
        sources, labels = _all_edits(test, place)
        made = editor(images[sources], labels)
        after = numpy.stack([_named(judge, made) for judge in judges], axis=1)
        others = numpy.arange(len(judges)) != place
        wanted = labels[:, place]
        true = [test.counterpart(i, place, v) for i, v in zip(sources, wanted, strict=True)]
        has = numpy.array([t is not None for t in true])
        pairs = numpy.array([t for t in true if t is not None], int)
        kept = after[:, others] == answers[sources][:, others]
        found.append(
            AttributeScore(
                test.attributes[place].name,
                len(sources),
                len(pairs),
                _difference(made[has], images[pairs]),
                _difference(images[sources[has]], images[pairs]),
                float((after[:, place] == wanted).mean()),
                float((answers[sources, place] == wanted).mean()),
                float((answers[pairs, place] == wanted[has]).mean()) if len(pairs) else None,
                float(kept.mean()) if others.any() else None,
                float(errors[place]),
            )
        )
    again = editor(images, test.labels)
    return Score(len(test), _difference(again, images) or 0.0, tuple(found))


def _all_edits(test: AttributeImages, place: int) -> tuple[Array, Array]:
    """Which image each edit is of, and what it is to have."""
    count = len(test.attributes[place].values)
    sources = numpy.repeat(numpy.arange(len(test)), count - 1)
    labels = test.labels[sources].copy()
    further = numpy.tile(numpy.arange(1, count), len(test))
    labels[:, place] = (labels[:, place] + further) % count
    return sources, labels


def _difference(one: Array, other: Array) -> float | None:
    """The mean absolute one of images from -1 to 1, in steps of 0 to 255."""
    if not len(one):
        return None
    return float(numpy.abs(one - other).mean(dtype=numpy.float64) * 127.5)


def _named(judge: Any, images: Array, batch: int = 200) -> Array:
    """The classes that a classifier sees."""
    found = []
    with no_grad():
        for start in range(0, len(images), batch):
            x = tensor(images[start : start + batch])
            found.append(layers.get_output(judge, x, deterministic=True).numpy().argmax(axis=1))
    return numpy.concatenate(found)
