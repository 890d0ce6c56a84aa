"""A picture optimised to have the content of one and the style of others, as Gatys et al. do.

The pixels are the parameters. A fixed network says how far their features are from the content's,
and how far the features' correlations are from the styles'; the gradient of both with respect
to the pixels is what L-BFGS or Adam follows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import updates
from minitorch.autograd import Tensor, asarray, grad, no_grad
from minitorch.capture import function
from minitorch.data.resample import resize
from minitorch.parameter import Parameter
from minitorch.style.colour import (
    luminance,
    matched_colours,
    matched_luminance,
    with_luminance,
)
from minitorch.style.loss_network import LossNetwork
from minitorch.style.losses import content_loss, gram, style_loss, total_variation
from minitorch.style.pictures import as_bytes, beginning, levels, long_side, sized
from minitorch.style.settings import Settings

__all__ = ["Judge", "Step", "paint"]

Array = numpy.ndarray


class Judge:
    """The losses of a picture, for one size: what the paper minimises.

    Parameters
    ----------
    network : LossNetwork
    content : numpy.ndarray of float32, shape (1, 3, rows, columns)
    styles : sequence of such arrays, of any sizes
    shares : sequence of float
        Of the styles.
    settings : Settings

    Notes
    -----
    total = a Σ_l v_l C_l / n_l + b Σ_s p_s Σ_l w_l E_l(A_s) + c V / n, with C, E and V as in
    :mod:`minitorch.style.losses`, A_s the Gram matrices of style s, and p_s its share. The paper's
    sums C and V grow with the picture, its E does not; divided by the n_l features of a layer and
    the n numbers of the picture, all count as much at every size.
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
        self._contents = list(settings.content_layers) if settings.content_weight else []
        self._styles = list(settings.style_layers) if settings.style_weight else []
        network.check([*self._contents, *self._styles])
        self._shares = list(shares)
        with no_grad():
            self._wanted = self._seen(content, self._contents)
            self._grams = []
            for style in styles if self._styles else ():
                found = self._seen(style, self._styles)
                self._grams.append([(gram(f), f.shape[2] * f.shape[3]) for f in found])

    def _seen(self, image: Any, names: list[str]) -> list[Tensor]:
        return self._network.features(image, names) if names else []

    def __call__(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The total, and the weighted losses of content, style and variation that it is made of."""
        found = self._seen(image, self._contents + self._styles)
        alike, strokes = found[: len(self._contents)], found[len(self._contents) :]
        s, zero = self._settings, asarray(numpy.zeros((), image.dtype)).to(image.device)
        content = style = variation = zero
        for name, f, target in zip(self._contents, alike, self._wanted, strict=True):
            weight = s.content_weight * s.content_layers[name] / f.size
            content = content + weight * content_loss(f, target)
        for share, grams in zip(self._shares, self._grams, strict=False):
            for name, f, (target, places) in zip(self._styles, strokes, grams, strict=True):
                weight = s.style_weight * share * s.style_layers[name]
                style = style + weight * style_loss(f, target, places)
        if s.variation_weight:
            variation = s.variation_weight / image.size * total_variation(image)
        return content + style + variation, [content, style, variation]


@dataclass(frozen=True)
class Step:
    """A step of the optimisation is done.

    Attributes
    ----------
    number, steps : int
        Which, and of how many, over all scales; fewer are done where a scale converges.
    size : (int, int)
        Rows and columns of the picture at this scale.
    loss, content, style, variation : float
        The total and its weighted parts.
    picture : callable
        Gives the picture as it is now: numpy.ndarray of uint8, shape (3, rows, columns).
    """

    number: int
    steps: int
    size: tuple[int, int]
    loss: float
    content: float
    style: float
    variation: float
    picture: Callable[[], Array]


def paint(
    network: LossNetwork,
    content: Array,
    styles: Sequence[Array],
    settings: Settings | None = None,
    shares: Sequence[float] | None = None,
) -> Iterator[Step]:
    """Optimise a picture step by step.

    Parameters
    ----------
    network : LossNetwork
        Its filters are scaled in place if ``settings.normalise``.
    content : numpy.ndarray of uint8, shape (3, rows, columns)
        As ``minitorch.data.read_image`` gives it.
    styles : sequence of such arrays
    settings : Settings, optional
    shares : sequence of float, optional
        How much of each style; divided by their sum. By default the same of all.

    Yields
    ------
    Step

    Raises
    ------
    ValueError
        For pictures that are too small, layers that are not there, or shares that do not fit.
    FloatingPointError
        If the loss is not finite: weights too large, or a network without sensible values.

    References
    ----------
    L. Gatys, A. Ecker, M. Bethge: Image style transfer using convolutional neural networks, 2016;
    L. Gatys et al.: Controlling perceptual factors in neural style transfer, 2017 (scales).
    """
    settings = settings or Settings()
    shares = _shared(shares, len(styles))
    photograph = sized(content, settings.size, "the content", usual=512)
    side = max(1, round(settings.style_scale * long_side(photograph)))
    paintings = [
        sized(x, side, f"style {n}" if len(styles) > 1 else "the style")
        for n, x in enumerate(styles, start=1)
    ]
    target, paintings = _coloured(photograph, paintings, settings.colour)
    network.check([*settings.content_layers, *settings.style_layers])
    if settings.normalise:
        network.normalise([target, *paintings])
    pyramid = levels(target, settings.scales)
    image = beginning(settings.start, pyramid[0], settings.seed)
    for number, small in enumerate(pyramid):
        shape = small.shape[2:]
        ratio = shape[0] / target.shape[2]
        there = [_shrunk(x, ratio) for x in paintings]
        judge = Judge(network, small, there, shares, settings)
        pixels = Parameter(resize(image, shape), name="picture")
        colours = resize(photograph, shape) if settings.colour == "luminance" else None
        yield from _optimised(
            judge, pixels, settings, number * settings.steps, len(pyramid) * settings.steps, colours
        )
        image = pixels.get_value()


def _shared(shares: Sequence[float] | None, count: int) -> list[float]:
    """The shares of the styles, with the sum 1."""
    if not count:
        raise ValueError("paint: there is no style")
    given = [1.0] * count if shares is None else [float(x) for x in shares]
    if len(given) != count:
        raise ValueError(f"paint: {len(given)} shares for {count} styles")
    if not all(0 <= x < math.inf for x in given) or not sum(given):
        raise ValueError(f"paint: shares are 0 or more, and not all 0: {given}")
    return [x / sum(given) for x in given]


def _coloured(content: Array, styles: list[Array], colour: str) -> tuple[Array, list[Array]]:
    """The pictures as the network gets them."""
    if colour == "histogram":
        return content, [matched_colours(x, content) for x in styles]
    if colour == "luminance":
        return luminance(content), [matched_luminance(x, content) for x in styles]
    return content, styles


def _shrunk(image: Array, ratio: float) -> Array:
    """A style at a level of the pyramid."""
    rows, columns = image.shape[2:]
    return resize(image, (max(1, round(ratio * rows)), max(1, round(ratio * columns))))


def _optimised(
    judge: Judge, pixels: Parameter, settings: Settings, done: int, steps: int, colours: Any
) -> Iterator[Step]:
    """The steps at one size; the pixels are changed in place."""

    def losses() -> tuple[Tensor, list[Tensor], list[Tensor]]:
        total, parts = judge(pixels)
        return total, parts, grad(total, [pixels])

    captured = function(losses) if str(pixels.device) == "cpu" else losses
    seen: dict[float, list[float]] = {}

    def evaluate() -> tuple[Tensor, list[Tensor]]:
        total, parts, gradients = captured()
        seen[total.item()] = [x.item() for x in parts]
        return total, gradients

    def picture() -> Array:
        found = pixels.get_value()
        return as_bytes(found if colours is None else with_luminance(found, colours))

    # One level of 255 at each pixel: from a length of 1 it would take many steps to get going.
    rule = updates.LBFGS(evaluate, [pixels], first=math.sqrt(pixels.size))
    for number in range(done + 1, done + settings.steps + 1):
        if settings.optimizer == "lbfgs":
            loss = rule.step()
        else:
            total, gradients = evaluate()
            loss = total.item()
            updates.adam(gradients, [pixels], settings.rate).apply()
        if not math.isfinite(loss):
            raise FloatingPointError(f"paint: the loss is {loss}; smaller weights may help")
        content, style, variation = seen[loss]
        seen = {loss: seen[loss]}
        yield Step(
            number, steps, pixels.shape[2:], loss, content, style, variation, picture
        )  # fmt: skip
        if settings.optimizer == "lbfgs" and rule.converged:
            return
