"""What a painting network minimises: Johnson's perceptual losses, for whole batches."""

from __future__ import annotations

from typing import Any

import numpy

from minitorch import layers, ops
from minitorch.autograd import Tensor, asarray, no_grad
from minitorch.style.fast.recipe import StyleRecipe
from minitorch.style.loss_network import LossNetwork
from minitorch.style.losses import total_variation

__all__ = ["PerceptualLoss", "gram_matrices", "nearest_layer"]

Array = numpy.ndarray
_TINY = 1e-12  # where the content's layer sees nothing


def gram_matrices(features: Tensor) -> Tensor:
    """How the features of each picture go together: G_b = F_b F_bᵀ / M.

    Parameters
    ----------
    features : Tensor, shape (B, N, rows, columns)

    Returns
    -------
    Tensor, shape (B, N, N)

    Notes
    -----
    M = rows · columns, so pictures of any size compare. The paper divides by N too.

    Examples
    --------
    >>> import minitorch as mt
    >>> gram_matrices(mt.ones((1, 2, 3, 5)))
    Tensor([[[1., 1.],
             [1., 1.]]])
    """
    count, channels, rows, columns = features.shape
    flat = ops.reshape(features, (count, channels, rows * columns))
    return (flat @ ops.matrix_transpose(flat)) / (rows * columns)


def nearest_layer(network: LossNetwork, name: str) -> str:
    """The layer, or the last one of its stage where that has fewer.

    Raises
    ------
    ValueError
        If there is no such stage either, with close names.
    """
    stage, _, number = name.partition("_")
    for n in range(min(int(number), 9) if number.isdecimal() else 0, 0, -1):
        if f"{stage}_{n}" in network.layers:
            return f"{stage}_{n}"
    network.check([name])
    return name


class PerceptualLoss:
    """The loss of paintings of photographs, for one style.

    Parameters
    ----------
    network : LossNetwork
    style : numpy.ndarray of float32, shape (1, 3, rows, columns)
        From 0 to 255.
    recipe : StyleRecipe
        Its layers and weights.

    Attributes
    ----------
    content_layer, style_layers : str, list of str
        As they are used: a stage that lacks a layer gives its last.

    Notes
    -----
    For a photograph x and its painting y, both from 0 to 255, F_l the features of a layer and
    G_l their Gram matrix over its places:

        L = a Σ (F_c(y) - F_c(x))² / Σ F_c(x)² + b mean_l Σ (G_l(y) - G_l(s))² / Σ G_l(s)²
            + t V(y) / n,

    n the number of pixels' channels and V the total variation of pixels from 0 to 1: the losses
    of :class:`minitorch.style.Judge`, each the share of its target that is not met. The paper
    divides by the numbers of features alone; then the layer with the largest ones counts most. Of a
    batch the content's sums are taken over all pictures, the style's mean.

    References
    ----------
    J. Johnson, A. Alahi, L. Fei-Fei: Perceptual losses for real-time style transfer and
    super-resolution, 2016, section 3.2.
    """

    def __init__(self, network: LossNetwork, style: Array, recipe: StyleRecipe) -> None:
        self._network, self._recipe = network, recipe
        self.content_layer = nearest_layer(network, recipe.content_layer)
        named = [name.strip() for name in recipe.style_layers.split(",")]
        self.style_layers = list(dict.fromkeys(nearest_layer(network, name) for name in named))
        device = layers.get_device(network.layers[self.content_layer])
        with no_grad():
            seen = network.features(asarray(style, device=device), self.style_layers)
            self._grams = [gram_matrices(f) for f in seen]
        self._relative = [1 / (ops.square(g).sum().item() or 1.0) for g in self._grams]

    def __call__(self, painted: Any, photographs: Any) -> tuple[Tensor, list[Tensor]]:
        """The loss, and the weighted parts content, style and variation that it is made of.

        Parameters
        ----------
        painted, photographs : Tensor, shape (B, 3, rows, columns)
            From 0 to 255.
        """
        recipe = self._recipe
        with no_grad():
            wanted = self._network.features(photographs, [self.content_layer])[0]
        names = list(dict.fromkeys([self.content_layer, *self.style_layers]))
        seen = dict(zip(names, self._network.features(painted, names), strict=True))
        f = seen[self.content_layer]
        there = ops.square(wanted).sum() + _TINY
        content = recipe.content_weight * ops.square(f - wanted).sum() / there
        style = asarray(numpy.zeros((), numpy.float32)).to(f.device)
        each = zip(self.style_layers, self._grams, self._relative, strict=True)
        for name, target, relative in each:
            style = style + relative * ops.square(gram_matrices(seen[name]) - target).sum()
        style = recipe.style_weight / (len(self.style_layers) * len(painted)) * style
        variation = recipe.variation_weight / painted.size * total_variation(painted / 255)
        return content + style + variation, [content, style, variation]
