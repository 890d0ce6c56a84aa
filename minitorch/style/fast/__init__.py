"""Styles that a network learns once and then paints in one pass, as Johnson et al. do."""

from minitorch.style.fast.events import StyleEpoch, StyleStep
from minitorch.style.fast.painter import Painter, mixture
from minitorch.style.fast.perceptual import PerceptualLoss, gram_matrices
from minitorch.style.fast.photographs import Photographs, open_photographs
from minitorch.style.fast.recipe import StyleRecipe
from minitorch.style.fast.run import StyleRun, new_network
from minitorch.style.fast.trainer import StyleTrainer

__all__ = [
    "Painter",
    "PerceptualLoss",
    "Photographs",
    "StyleEpoch",
    "StyleRecipe",
    "StyleRun",
    "StyleStep",
    "StyleTrainer",
    "gram_matrices",
    "mixture",
    "new_network",
    "open_photographs",
]
