"""Generative adversarial networks: two players, what each minimises, and how well it went."""

from minitorch.generative.objectives import (
    OBJECTIVES,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
)
from minitorch.generative.registry import GANS, Gan, find_gan

__all__ = [
    "GANS",
    "OBJECTIVES",
    "Gan",
    "discriminator_loss",
    "find_gan",
    "generator_loss",
    "gradient_penalty",
]
