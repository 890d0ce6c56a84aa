"""A picture optimised to have the content of one and the style of others.

The pixels are the parameters. A fixed network says how far their features are from the content's,
and how far they are in style from the paintings' (:mod:`minitorch.style.judge`); the gradient of
both with respect to the pixels is what L-BFGS or Adam follows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from minitorch import updates
from minitorch.autograd import Tensor, grad
from minitorch.capture import function
from minitorch.data.resample import resize
from minitorch.parameter import Parameter
from minitorch.style.colour import (
    luminance,
    matched_colours,
    matched_luminance,
    with_luminance,
)
from minitorch.style.judge import Judge
from minitorch.style.loss_network import LossNetwork
from minitorch.style.mrf import variants
from minitorch.style.pictures import as_bytes, beginning, levels, long_side, sized
from minitorch.style.settings import Settings

__all__ = ["Step", "paint"]

Array = numpy.ndarray


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
    evaluations : int
        Of the losses so far, at this scale: L-BFGS may need several in a step.
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
    evaluations: int
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
    L. Gatys et al.: Controlling perceptual factors in neural style transfer, 2017 (scales);
    C. Li, M. Wand: Combining Markov random fields and convolutional neural networks for image
    synthesis, 2016 (the method mrf).
    """
    settings = settings or Settings()
    if shares is not None and settings.method == "mrf":
        raise ValueError(
            "paint: shares are for the method gatys; mrf chooses patches of all styles"
        )
    shares = _shared(shares, len(styles))
    photograph = sized(content, settings.size, "the content", usual=512)
    side = max(1, round(settings.style_scale * long_side(photograph)))
    paintings = [
        sized(x, side, f"style {n}" if len(styles) > 1 else "the style")
        for n, x in enumerate(styles, start=1)
    ]
    target, paintings = _coloured(photograph, paintings, settings.colour)
    network.check([*settings.content_layers, *settings.style_layers])
    if settings.method == "mrf":
        scales, turns = settings.patch_scales, settings.patch_turns
        paintings = [x for image in paintings for x in variants(image, scales, turns)]
    pyramid = levels(target, settings.scales)
    image = beginning(settings.start, pyramid[0], settings.seed)
    for number, small in enumerate(pyramid):
        shape = small.shape[2:]
        ratio = shape[0] / target.shape[2]
        there = [_shrunk(x, ratio) for x in paintings]
        judge = Judge(network, small, there, shares, settings)
        pixels = Parameter(resize(image, shape), name="picture")
        pixels.move_to(network.device)
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
    evaluations = 0

    def evaluate() -> tuple[Tensor, list[Tensor]]:
        nonlocal evaluations
        evaluations += 1
        total, parts, gradients = captured()
        seen[total.item()] = [x.item() for x in parts]
        return total, gradients

    def picture() -> Array:
        found = pixels.get_value()
        return as_bytes(found if colours is None else with_luminance(found, colours))

    # One level of 255 at each pixel: from a length of 1 it would take many steps to get going.
    rule = updates.LBFGS(evaluate, [pixels], first=math.sqrt(pixels.size))
    for number in range(done + 1, done + settings.steps + 1):
        if judge.renew(number - done - 1, pixels):
            rule.reset(forget=False)  # only the targets have moved
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
            number, steps, pixels.shape[2:], loss, content, style, variation, evaluations, picture
        )  # fmt: skip
        if settings.optimizer == "lbfgs" and rule.converged:
            return
