"""Pictures painted in the style of others: the loss network, and what is optimised with it."""

from minitorch.style.colour import COLOURS
from minitorch.style.judge import Judge
from minitorch.style.loss_network import POOLINGS, LossNetwork
from minitorch.style.losses import content_loss, gram, style_loss, total_variation
from minitorch.style.painting import Step, paint
from minitorch.style.settings import METHODS, OPTIMIZERS, STARTS, Settings

__all__ = [
    "COLOURS",
    "METHODS",
    "OPTIMIZERS",
    "POOLINGS",
    "STARTS",
    "Judge",
    "LossNetwork",
    "Settings",
    "Step",
    "content_loss",
    "gram",
    "paint",
    "style_loss",
    "total_variation",
]
