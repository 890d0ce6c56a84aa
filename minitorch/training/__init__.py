"""Training: recipes, the loop, checkpoints, what it shows and what it leaves behind."""

from minitorch.training.checkup import Checkup, diagnose
from minitorch.training.display import choose_display
from minitorch.training.diverge import TrainingDiverged
from minitorch.training.finding import Finding
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
from minitorch.training.trainer import Epoch, Step, Trainer

__all__ = [
    "RECIPES",
    "SCHEDULES",
    "Checkup",
    "Epoch",
    "Evaluation",
    "Finding",
    "Interruption",
    "Recipe",
    "Run",
    "Step",
    "Trainer",
    "TrainingDiverged",
    "choose_display",
    "confusion_matrix",
    "diagnose",
    "evaluate",
    "find_recipe",
    "find_schedule",
    "fit",
    "load_digits",
    "load_model",
    "predict",
    "predict_views",
    "save_model",
]
