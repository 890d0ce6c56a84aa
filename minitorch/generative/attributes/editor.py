"""The networks of attribute manipulation: what each minimises, and editing images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from minitorch import asarray, grad, layers, no_grad
from minitorch.data.attributes import Attribute, find_attribute, one_hot_rows
from minitorch.generative.attributes.losses import attribute_loss, split_values
from minitorch.generative.attributes.recipes import AttributeRecipe
from minitorch.generative.objectives import discriminator_loss, generator_loss, gradient_penalty
from minitorch.generative.programs import Programs
from minitorch.ops import abs as absolute
from minitorch.ops import clip

__all__ = ["EditPlayers", "Editor"]

Array = numpy.ndarray


class Editor:
    """Changes attributes of images by a trained network.

    Parameters
    ----------
    network : Layer
        As :func:`build_editor` makes it.
    attributes : sequence of Attribute
        Those of its labels.
    """

    def __init__(self, network: Any, attributes: Sequence[Attribute]) -> None:
        self.network, self.attributes = network, tuple(attributes)
        self._inputs = _inputs(network)

    def compute(self, images: Any, label: Any) -> Any:
        """Tensors of images, from -1 to 1, from tensors of images and one-hot rows."""
        fed = {self._inputs["image"]: images, self._inputs["label"]: label}
        return clip(layers.get_output(self.network, fed), -1.0, 1.0)

    def __call__(self, images: Array, labels: Array, batch: int = 100) -> Array:
        """Images as they would be with other attributes.

        Parameters
        ----------
        images : numpy.ndarray, shape (n, channels, rows, columns)
            From -1 to 1.
        labels : numpy.ndarray of int, shape (n, attributes)
            What each is to have, all of its attributes.

        Returns
        -------
        numpy.ndarray, shape of ``images``
            From -1 to 1.
        """
        hot = one_hot_rows(labels, self.attributes)
        device, parts = layers.get_device(self.network), []
        with no_grad():
            for start in range(0, len(images), batch):
                given = [a[start : start + batch].astype(numpy.float32) for a in (images, hot)]
                made = self.compute(*(asarray(a, device=device) for a in given))
                parts.append(made.numpy().copy())
        return numpy.concatenate(parts)

    def wanted(self, label: Array, changes: Sequence[str]) -> Array:
        """A label with changes such as ``skin=dark``.

        Raises
        ------
        DataError
            For an attribute or a value that there is not, with close names.
        ValueError
            For a change that is not spelled so.

        Examples
        --------
        >>> from minitorch.generative.attributes.networks import build_editor
        >>> two = [Attribute("smiling"), Attribute("male")]
        >>> editor = Editor(build_editor((3, 16, 16), two, width=1), two)
        >>> editor.wanted(numpy.array([0, 1]), ["smiling=yes"]).tolist()
        [1, 1]
        """
        changed: Array = label.copy()
        for change in changes:
            name, equals, value = (part.strip() for part in change.partition("="))
            if not (name and equals and value):
                raise ValueError(f"expected ATTRIBUTE=VALUE, such as skin=dark, found {change!r}")
            place = find_attribute(self.attributes, name)
            changed[place] = self.attributes[place].number(value)
        return changed


class EditPlayers:
    """An editor and a discriminator, and what a batch tells each.

    Parameters
    ----------
    editor : Editor
    heads : list of Layer
        As :func:`build_attribute_discriminator` makes them.
    recipe : AttributeRecipe
    captured : bool
        Whether whole batches run as captured programs; only on the CPU.

    Notes
    -----
    For an image x with attributes a, and others b that it is to have:

        discriminator  mean D(x_b) - mean D(x) + penalty + attribute_loss(C(x), a)
        editor         adversarial · -mean D(x_b) + classified · attribute_loss(C(x_b), b)
                       + reconstruction · mean |x_a - x| + change · mean |x_b - x|

    with x_b what the editor makes of x and b, D the critic and C the classifier that shares its
    layers. No image is ever shown with its true counterpart: that b is right is judged by C alone,
    which learns of real images; that the rest stays, by x_a, and by changes having a price.

    References
    ----------
    Z. He and others, "AttGAN: facial attribute editing by only changing what you want", 2017; W.
    Shen and R. Liu, "Learning residual images for face attribute manipulation", 2017, for the
    price.
    """

    def __init__(
        self, editor: Editor, heads: Sequence[Any], recipe: AttributeRecipe, captured: bool = True
    ) -> None:
        self.editor, self.heads = editor, list(heads)
        self.both = [editor.network, *self.heads]
        self.params = [
            layers.get_all_params(editor.network, trainable=True),
            layers.get_all_params(self.heads, trainable=True),
        ]
        self._recipe, self._attributes = recipe, editor.attributes
        self._image = _inputs(self.heads)["image"]
        self._programs = Programs(self.both, recipe.batch_size if captured else 0)
        self.tensors = self._programs.tensors

    def judge(self, images: Any, **how: Any) -> tuple[Any, Any]:
        """The critic's values, and the logits of the attributes."""
        real, named = layers.get_output(self.heads, {self._image: images}, **how)
        return real, named

    def discriminator_losses(self, x: Any, a: Any, b: Any, share: Any) -> tuple[Any, ...]:
        """Its loss, the values of real and edited images, and the loss of the attributes."""
        with no_grad():
            edited = self.editor.compute(x, b)
        real, named = self.judge(x)
        fake = self.judge(edited)[0]
        known = attribute_loss(named, a, self._attributes)
        loss = discriminator_loss(real, fake, "wasserstein") + known
        if self._recipe.penalty:
            loss = loss + self._recipe.penalty * gradient_penalty(
                lambda images: self.judge(images)[0], x, edited, share
            )
        return loss, real, fake, known

    def editor_losses(self, x: Any, a: Any, b: Any) -> tuple[Any, ...]:
        """Its loss; the reconstruction's mean absolute error, and the loss of the attributes."""
        recipe = self._recipe
        edited, same = self.editor.compute(x, b), self.editor.compute(x, a)
        fake, named = self.judge(edited)
        kept = absolute(same - x).mean()
        had = attribute_loss(named, b, self._attributes)
        loss = recipe.adversarial * generator_loss(fake, "wasserstein")
        loss = loss + recipe.classified * had + recipe.reconstruction * kept
        if recipe.change:
            loss = loss + recipe.change * absolute(edited - x).mean()
        return loss, kept, had

    def judged(self, *given: Array) -> Any:
        """The discriminator's loss, mean values of real and edited images, its attribute loss,
        gradients."""
        return self._programs(self._judged, given)

    def made(self, *given: Array) -> Any:
        """The editor's loss, its parts and gradients."""
        return self._programs(self._made, given)

    def _judged(self, *given: Any) -> list[Any]:
        loss, real, fake, known = self.discriminator_losses(*given)
        return [loss, real.mean(), fake.mean(), known, *grad(loss, self.params[1])]

    def _made(self, *given: Any) -> list[Any]:
        loss, *parts = self.editor_losses(*given)
        return [loss, *parts, *grad(loss, self.params[0])]

    def named(self, images: Array, batch: int = 100) -> Array:
        """The values that the discriminator's classifier sees, shape (n, attributes)."""
        found = []
        with no_grad():
            for start in range(0, len(images), batch):
                (x,) = self.tensors(images[start : start + batch])
                logits = self.judge(x, deterministic=True)[1].numpy()
                parts = split_values(logits, self._attributes)
                found.append(numpy.stack([part.argmax(axis=1) for part in parts], axis=1))
        return numpy.concatenate(found)


def _inputs(network: Any) -> dict[str, Any]:
    """Input layers by their names."""
    found = layers.get_all_layers(network)
    return {str(x.name): x for x in found if isinstance(x, layers.InputLayer)}
