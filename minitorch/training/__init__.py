"""Training: recipes, the loop, checkpoints, what it shows and what it leaves behind."""

from minitorch.training.checkup import Checkup, diagnose
from minitorch.training.classifier import Classifier, Guess
from minitorch.training.display import choose_display
from minitorch.training.diverge import TrainingDiverged
from minitorch.training.events import Epoch, Step
from minitorch.training.export import export
from minitorch.training.finding import Finding
from minitorch.training.loop import Interruption, fit
from minitorch.training.metrics import (
    Evaluation,
    confusion_matrix,
    evaluate,
    predict,
    predict_views,
)
from minitorch.training.metrics_file import MetricsFile, read_metrics
from minitorch.training.precision import PRECISIONS, LossScaler, find_precision
from minitorch.training.prepare import Prepared, prepare
from minitorch.training.recipes import RECIPES, Recipe, find_recipe, read_config, write_config
from minitorch.training.report_page import write_report
from minitorch.training.rules import RULES, find_rule
from minitorch.training.run import Run
from minitorch.training.schedules import SCHEDULES, find_schedule
from minitorch.training.sources import open_classifier
from minitorch.training.tensorboard import TensorBoardLog, log_pictures
from minitorch.training.trainer import Trainer

__all__ = [
    "PRECISIONS",
    "RECIPES",
    "RULES",
    "SCHEDULES",
    "Checkup",
    "Classifier",
    "Epoch",
    "Evaluation",
    "Finding",
    "Guess",
    "Interruption",
    "LossScaler",
    "MetricsFile",
    "Prepared",
    "Recipe",
    "Run",
    "Step",
    "TensorBoardLog",
    "Trainer",
    "TrainingDiverged",
    "choose_display",
    "confusion_matrix",
    "diagnose",
    "evaluate",
    "export",
    "find_precision",
    "find_recipe",
    "find_rule",
    "find_schedule",
    "fit",
    "log_pictures",
    "open_classifier",
    "predict",
    "predict_views",
    "prepare",
    "read_config",
    "read_metrics",
    "write_config",
    "write_report",
]
