"""Training: recipes, the loop, checkpoints, what it shows and what it leaves behind."""

from minitorch.training.display import choose_display
from minitorch.training.diverge import TrainingDiverged
from minitorch.training.loop import Interruption, fit
from minitorch.training.metrics import (
    Evaluation,
    confusion_matrix,
    evaluate,
    predict,
    predict_views,
)
from minitorch.training.model_file import load_model, save_model
from minitorch.training.precision import PRECISIONS, LossScaler, find_precision
from minitorch.training.prepare import Prepared, prepare
from minitorch.training.recipes import RECIPES, Recipe, find_recipe, read_config, write_config
from minitorch.training.rules import RULES, find_rule
from minitorch.training.run import Run
from minitorch.training.schedules import SCHEDULES, find_schedule
from minitorch.training.trainer import Epoch, Step, Trainer

__all__ = [
    "PRECISIONS",
    "RECIPES",
    "RULES",
    "SCHEDULES",
    "Epoch",
    "Evaluation",
    "Interruption",
    "LossScaler",
    "Prepared",
    "Recipe",
    "Run",
    "Step",
    "Trainer",
    "TrainingDiverged",
    "choose_display",
    "confusion_matrix",
    "evaluate",
    "find_precision",
    "find_recipe",
    "find_rule",
    "find_schedule",
    "fit",
    "load_model",
    "predict",
    "predict_views",
    "prepare",
    "read_config",
    "save_model",
    "write_config",
]
