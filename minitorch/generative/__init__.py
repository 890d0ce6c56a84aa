"""Generative adversarial networks: two players, what each minimises, and how well it went."""

from minitorch.generative.events import GanEpoch, GanStep
from minitorch.generative.judge import open_judge, open_scorer, train_judge
from minitorch.generative.latent import arithmetic, between, rescaled
from minitorch.generative.objectives import (
    OBJECTIVES,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from minitorch.generative.pictures import SampleSheets, animate, plot_losses, sheet, write_png
from minitorch.generative.pixels import pixels_to_signed, signed_to_pixels
from minitorch.generative.players import Players
from minitorch.generative.recipes import GanRecipe, find_gan_recipe
from minitorch.generative.registry import GANS, Gan, find_gan
from minitorch.generative.report_page import is_adversarial, write_report
from minitorch.generative.run import GanRun, prepare_images
from minitorch.generative.sampler import Sampler, open_sampler
from minitorch.generative.score import Score, Scorer, features_of, frechet_distance, inception_score
from minitorch.generative.trainer import GanTrainer
from minitorch.generative.watch import Watch, spread

__all__ = [
    "GANS",
    "OBJECTIVES",
    "Gan",
    "GanEpoch",
    "GanRecipe",
    "GanRun",
    "GanStep",
    "GanTrainer",
    "Players",
    "SampleSheets",
    "Sampler",
    "Score",
    "Scorer",
    "Watch",
    "animate",
    "arithmetic",
    "between",
    "discriminator_loss",
    "features_of",
    "find_gan",
    "find_gan_recipe",
    "frechet_distance",
    "generator_loss",
    "gradient_penalty",
    "inception_score",
    "is_adversarial",
    "open_judge",
    "open_sampler",
    "open_scorer",
    "pixels_to_signed",
    "plot_losses",
    "prepare_images",
    "rescaled",
    "sheet",
    "signed_to_pixels",
    "spread",
    "train_judge",
    "write_png",
    "write_report",
]
