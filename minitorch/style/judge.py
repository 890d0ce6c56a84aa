"""What a painted picture is judged by: content, style by one of two methods, variation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from minitorch.autograd import Tensor, asarray, no_grad
from minitorch.style.loss_network import LossNetwork
from minitorch.style.losses import content_loss, gram, style_loss, total_variation
from minitorch.style.mrf import PatchStyle
from minitorch.style.settings import Settings

__all__ = ["GramStyle", "Judge"]

Array = numpy.ndarray


class GramStyle:
    """The style's part of a loss, by Gram matrices.

    Parameters
    ----------
    seen : mapping of str to sequence of Tensor
        What each layer sees of the styles.
    weights : mapping of str to float
        Of the layers.
    shares : sequence of float
        Of the styles.
    """

    def __init__(
        self,
        seen: Mapping[str, Sequence[Tensor]],
        weights: Mapping[str, float],
        shares: Sequence[float],
    ) -> None:
        self._weights, self._shares = weights, list(shares)
        self._targets = {name: [self._target(f) for f in maps] for name, maps in seen.items()}

    @staticmethod
    def _target(features: Tensor) -> tuple[Tensor, int, float]:
        """Gram matrix, places, and what makes the loss relative."""
        places, found = features.shape[2] * features.shape[3], gram(features)
        return found, places, _reciprocal(style_loss(features * 0, found, places))

    def __call__(self, found: Mapping[str, Tensor]) -> Tensor:
        """The weighted losses of the layers and the styles."""
        each = [
            self._weights[name] * share * relative * style_loss(found[name], target, places)
            for name, targets in self._targets.items()
            for share, (target, places, relative) in zip(self._shares, targets, strict=True)
        ]
        return sum(each[1:], each[0])


class Judge:
    """The losses of a picture, for one size: what is minimised.

    Parameters
    ----------
    network : LossNetwork
    content : numpy.ndarray of float32, shape (1, 3, rows, columns)
    styles : sequence of such arrays, of any sizes
    shares : sequence of float
        Of the styles, for Gram matrices; patches are chosen from all styles.
    settings : Settings

    Notes
    -----
    total = a Σ_l v_l C_l / |C_l| + b S + c V / n, with the content losses C, the variation V of
    pixels from 0 to 1 over the n numbers of the picture, and S by the method: Gatys's

        S = Σ_s p_s Σ_l w_l E_l(A_s) / |E_l(A_s)|

    with A_s the Gram matrices of style s and p_s its share, or Li and Wand's Σ_l w_l E_l with the
    patches of :class:`~minitorch.style.mrf.PatchStyle`.

    |C| and |E| are the losses of features that are all 0, so each is the share of the target that
    is not met, whatever the layer's units, its filters and the picture's size. The papers add
    C and E as they are, and choose the weights for one file of weights and one size.
    """

    def __init__(
        self,
        network: LossNetwork,
        content: Array,
        styles: Sequence[Array],
        shares: Sequence[float],
        settings: Settings,
    ) -> None:
        self._network, self._settings = network, settings
        # What does not count is not computed.
        self._contents = dict(settings.content_layers) if settings.content_weight else {}
        strokes = dict(settings.style_layers) if settings.style_weight else {}
        self._names = list({**self._contents, **strokes})
        network.check(self._names)
        self._style: GramStyle | PatchStyle | None = None
        with no_grad():
            self._wanted = self._seen(content, list(self._contents))
            self._relative = {
                name: _reciprocal(content_loss(0 * f, f)) for name, f in self._wanted.items()
            }
            if strokes:
                each = [self._seen(image, list(strokes)) for image in styles]
                seen = {name: [found[name] for found in each] for name in strokes}
                if settings.method == "mrf":
                    self._style = PatchStyle(seen, strokes)
                else:
                    self._style = GramStyle(seen, strokes, shares)

    def _seen(self, image: Any, names: list[str]) -> dict[str, Tensor]:
        found = self._network.features(image, names) if names else []
        return dict(zip(names, found, strict=True))

    def renew(self, step: int, image: Tensor) -> bool:
        """Before the step of this number, from 0: whether the losses are another function now.

        Patches are matched anew at the first step and at some of the later ones.
        """
        if not (isinstance(self._style, PatchStyle) and step % self._settings.match_every == 0):
            return False
        with no_grad():
            self._style.match(self._seen(image, list(self._settings.style_layers)))
        return True

    def __call__(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The total, and the weighted losses of content, style and variation that it is made of."""
        found = self._seen(image, self._names)
        s = self._settings
        content = style = variation = asarray(numpy.zeros((), image.dtype)).to(image.device)
        for name, weight in self._contents.items():
            weight *= s.content_weight * self._relative[name]
            content = content + weight * content_loss(found[name], self._wanted[name])
        if self._style is not None:
            style = s.style_weight * self._style(found)
        if s.variation_weight:
            variation = s.variation_weight / image.size * total_variation(image / 255)
        return content + style + variation, [content, style, variation]


def _reciprocal(loss: Tensor) -> float:
    """1 / loss; 1 where a layer sees nothing."""
    return 1 / value if (value := loss.item()) else 1.0
