"""Attribute manipulation: change one attribute of an image and keep the rest."""

from minitorch.generative.attributes.editor import Editor, EditPlayers
from minitorch.generative.attributes.events import EditEpoch, EditStep
from minitorch.generative.attributes.losses import attribute_loss
from minitorch.generative.attributes.networks import build_attribute_discriminator, build_editor
from minitorch.generative.attributes.recipes import AttributeRecipe
from minitorch.generative.attributes.run import AttributeRun, prepare_attributes
from minitorch.generative.attributes.score import AttributeScore, Score, score_edits, train_judges
from minitorch.generative.attributes.strips import plot_strips, swap_strips, true_strips
from minitorch.generative.attributes.trained import TrainedEditor, open_editor
from minitorch.generative.attributes.trainer import AttributeTrainer

__all__ = [
    "AttributeRecipe",
    "AttributeRun",
    "AttributeScore",
    "AttributeTrainer",
    "EditEpoch",
    "EditPlayers",
    "EditStep",
    "Editor",
    "Score",
    "TrainedEditor",
    "attribute_loss",
    "build_attribute_discriminator",
    "build_editor",
    "open_editor",
    "plot_strips",
    "prepare_attributes",
    "score_edits",
    "swap_strips",
    "train_judges",
    "true_strips",
]
