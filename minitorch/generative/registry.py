"""The adversarial pairs by their names: networks, objective and settings, each from its paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from minitorch.generative.networks import (
    build_conv_discriminator,
    build_conv_generator,
    build_mlp_discriminator,
    build_mlp_generator,
)
from minitorch.utils import did_you_mean

__all__ = ["GANS", "Gan", "find_gan"]


@dataclass(frozen=True)
class Gan:
    """A generator and a discriminator by their name.

    Parameters
    ----------
    name : str
    generator, discriminator : callable
        Builders, from keyword settings to the output layer.
    paper : str
        Authors, title, year.
    conditional : bool
        Whether images are made of a class that one chooses.
    norm : bool
        Whether the discriminator may normalise or drop, which a gradient penalty forbids.
    settings : mapping
        What its recipe has that others do not: fields of
        :class:`~minitorch.generative.GanRecipe`.
    """

    name: str
    generator: Callable[..., Any]
    discriminator: Callable[..., Any]
    paper: str
    conditional: bool = False
    norm: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict)

    def build(
        self, latent: int, image_shape: tuple[int, ...], classes: int = 0, **sizes: Any
    ) -> tuple[Any, Any]:
        """Generator and discriminator for images of a shape.

        ``classes`` counts for conditional ones only; ``sizes`` go to both builders.
        """
        labels = classes if self.conditional else 0
        shared = {"image_shape": tuple(image_shape), "classes": labels, **sizes}
        return (
            self.generator(latent=latent, **shared),
            self.discriminator(norm=self.norm, **shared),
        )


_ENTRIES = (
    Gan(
        "gan",
        build_mlp_generator,
        build_mlp_discriminator,
        "I. Goodfellow and others: Generative adversarial nets, 2014",
    ),
    Gan(
        "dcgan",
        build_conv_generator,
        build_conv_discriminator,
        "A. Radford, L. Metz, S. Chintala: Unsupervised representation learning with deep "
        "convolutional generative adversarial networks, 2015",
    ),
    Gan(
        "cgan",
        build_conv_generator,
        build_conv_discriminator,
        "M. Mirza, S. Osindero: Conditional generative adversarial nets, 2014",
        conditional=True,
    ),
    Gan(
        "wgan_gp",
        build_conv_generator,
        build_conv_discriminator,
        "I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin, A. Courville: Improved training of "
        "Wasserstein GANs, 2017",
        norm=False,
        settings={
            "objective": "wasserstein",
            "penalty": 10.0,
            "discriminator_steps": 5,
            "learning_rate": 1e-4,
            "beta1": 0.0,
            "beta2": 0.9,
        },
    ),
)

GANS: dict[str, Gan] = {entry.name: entry for entry in _ENTRIES}


def find_gan(name: str) -> Gan:
    """The entry of that name; ValueError with close names otherwise.

    Examples
    --------
    >>> find_gan("dcgna")
    Traceback (most recent call last):
    ValueError: no adversarial network named 'dcgna'; did you mean 'dcgan'?
    """
    if name in GANS:
        return GANS[name]
    raise ValueError(f"no adversarial network named {name!r}; {did_you_mean(name, GANS)}")
