"""The two players: each one's loss and gradients, eager or as a program that is replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from minitorch import asarray, function, grad, layers, no_grad
from minitorch.generative.objectives import discriminator_loss, generator_loss, gradient_penalty
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

    Notes
    -----
    A program's first call is an eager one and differs in its last bits. Its results are
    dropped, what it moved is put back, and the batch replayed: a resumed run ends with the
    same bits (see :class:`minitorch.training.gradients.Gradients`).
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
        self._whole = recipe.batch_size if captured and self.device == "cpu" else 0
        self._programs = [function(self._judged), function(self._made)]
        self._traced = [False, False]

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
        return self._run(0, self._judged, given)

    def made(self, *given: Any) -> Any:
        """The generator's loss and gradients."""
        return self._run(1, self._made, given)

    def _judged(self, x: Any, z: Any, share: Any, label: Any = None) -> list[Any]:
        loss, real, fake = self.discriminator_loss(x, z, share, label)
        answers = [real, fake]
        if self._recipe.objective != "wasserstein":
            answers = [sigmoid(a) for a in answers]
        return [loss, *(a.mean() for a in answers), *grad(loss, self.params[1])]

    def _made(self, z: Any, label: Any = None) -> list[Any]:
        loss = self.generator_loss(z, label)
        return [loss, *grad(loss, self.params[0])]

    def _run(self, which: int, compute: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        """By the program, or eagerly."""
        if len(given[0]) != self._whole:
            return compute(*self.tensors(*given))
        if not self._traced[which]:
            self._trace(self._programs[which], given)
            self._traced[which] = True
        return self._programs[which](*given)

    def _trace(self, program: Callable[..., Any], given: tuple[Any, ...]) -> None:
        """Make the program, leaving the networks as they were."""
        moved = layers.get_all_params(self.both, trainable=False)
        values = [p.get_value() for p in moved]
        noise = layers.get_all_random_states(self.both)
        program(*given)
        for p, value in zip(moved, values, strict=True):
            p.set_value(value)
        layers.set_all_random_states(self.both, noise)

    def tensors(self, *given: Array) -> tuple[Any, ...]:
        """Arrays on the networks' device."""
        return tuple(asarray(a, device=self.device) for a in given)

    def _fed(self, which: int, first: Any, label: Any) -> dict[Any, Any]:
        """The values of a network's input layers."""
        inputs = self._inputs[which]
        fed = {inputs["image" if which else "latent"]: first}
        return {**fed, inputs["label"]: label} if "label" in inputs else fed

    # -- what one looks at ----------------------------------------------------

    def samples(self, z: Array, labels: Array | None = None) -> Array:
        """Images of noise: see :class:`~minitorch.generative.Sampler`."""
        return self._sampler(z, labels)
