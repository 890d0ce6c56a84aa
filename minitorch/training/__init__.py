"""Training: recipes, the loop, checkpoints, what it shows and what it leaves behind."""

from minitorch.training.classifier import Classifier, Guess
from minitorch.training.display import choose_display
from minitorch.training.diverge import TrainingDiverged
from minitorch.training.export import export
from minitorch.training.loop import Interruption, fit
from minitorch.training.metrics import (
    Evaluation,
    confusion_matrix,
    evaluate,
    predict,
    predict_views,
)
from minitorch.training.model_file import load_model, save_model
from minitorch.training.recipes import RECIPES, Recipe, find_recipe
from minitorch.training.run import Run, load_digits
from minitorch.training.schedules import SCHEDULES, find_schedule
from minitorch.training.sources import open_classifier
from minitorch.training.trainer import Epoch, Step, Trainer

__all__ = [
    "RECIPES",
    "SCHEDULES",
    "Classifier",
    "Epoch",
    "Evaluation",
    "Guess",
    "Interruption",
    "Recipe",
    "Run",
    "Step",
    "Trainer",
    "TrainingDiverged",
    "choose_display",
    "confusion_matrix",
    "evaluate",
    "export",
    "find_recipe",
    "find_schedule",
    "fit",
    "load_digits",
    "load_model",
    "open_classifier",
    "predict",
    "predict_views",
    "save_model",
]
