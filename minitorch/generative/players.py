"""The two players: each one's loss and gradients, eager or as a program that is replayed."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import grad, layers, no_grad
from minitorch.generative.objectives import discriminator_loss, generator_loss, gradient_penalty
from minitorch.generative.programs import Programs
from minitorch.generative.recipes import GanRecipe
from minitorch.generative.sampler import Sampler, input_layers
from minitorch.ops import sigmoid

__all__ = ["Players"]

Array = numpy.ndarray


class Players:
    """A generator and a discriminator, and what a batch tells each.

    Parameters
    ----------
    generator, discriminator : Layer
        Output layers, with input layers ``latent``, ``image`` and, if classes count, ``label``.
    recipe : GanRecipe
        Its objective, penalty, smoothing and batch size.
    captured : bool
        Whether whole batches run as captured programs; only on the CPU.

    Attributes
    ----------
    both : list of Layer
        The two, for functions of layers that take several.
    classes : int
        Of the generator's label; 0 if it has none.
    """

    def __init__(
        self, generator: Any, discriminator: Any, recipe: GanRecipe, captured: bool = True
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.both = [generator, discriminator]
        self.params = [layers.get_all_params(net, trainable=True) for net in self.both]
        self.device = layers.get_device(generator)
        self._recipe = recipe
        self._inputs = [input_layers(net) for net in self.both]
        self._sampler = Sampler(generator)
        self.classes, self.latent = self._sampler.classes, self._sampler.latent
        self._programs = Programs(self.both, recipe.batch_size if captured else 0)

    # -- what each minimises ------------------------------------------------

    def make(self, z: Any, label: Any = None, **how: Any) -> Any:
        """Images of noise, and of one-hot labels where classes count."""
        return layers.get_output(self.generator, self._fed(0, z, label), **how)

    def judge(self, images: Any, label: Any = None) -> Any:
        """The logits of images."""
        return layers.get_output(self.discriminator, self._fed(1, images, label))

    def discriminator_loss(self, x: Any, z: Any, share: Any, label: Any = None) -> tuple[Any, ...]:
        """Its loss with the penalty, and the logits of real and made images."""
        recipe = self._recipe
        with no_grad():
            made = self.make(z, label)
        real, fake = self.judge(x, label), self.judge(made, label)
        loss = discriminator_loss(real, fake, recipe.objective, recipe.smooth)
        if recipe.penalty:
            loss = loss + recipe.penalty * gradient_penalty(
                lambda images: self.judge(images, label), x, made, share
            )
        return loss, real, fake

    def generator_loss(self, z: Any, label: Any = None) -> Any:
        """Its loss, for noise."""
        return generator_loss(self.judge(self.make(z, label), label), self._recipe.objective)

    # -- what they get of it --------------------------------------------------

    def judged(self, *given: Any) -> Any:
        """The discriminator's loss, mean answers to real and made images, gradients."""
        return self._programs(self._judged, given)

    def made(self, *given: Any) -> Any:
        """The generator's loss and gradients."""
        return self._programs(self._made, given)

    def _judged(self, x: Any, z: Any, share: Any, label: Any = None) -> list[Any]:
        loss, real, fake = self.discriminator_loss(x, z, share, label)
        answers = [real, fake]
        if self._recipe.objective != "wasserstein":
            answers = [sigmoid(a) for a in answers]
        return [loss, *(a.mean() for a in answers), *grad(loss, self.params[1])]

    def _made(self, z: Any, label: Any = None) -> list[Any]:
        loss = self.generator_loss(z, label)
        return [loss, *grad(loss, self.params[0])]

    def tensors(self, *given: Array) -> tuple[Any, ...]:
        """Arrays on the networks' device."""
        return self._programs.tensors(*given)

    def _fed(self, which: int, first: Any, label: Any) -> dict[Any, Any]:
        """The values of a network's input layers."""
        inputs = self._inputs[which]
        fed = {inputs["image" if which else "latent"]: first}
        return {**fed, inputs["label"]: label} if "label" in inputs else fed

    # -- what one looks at ----------------------------------------------------

    def samples(self, z: Array, labels: Array | None = None) -> Array:
        """Images of noise: see :class:`~minitorch.generative.Sampler`."""
        return self._sampler(z, labels)
