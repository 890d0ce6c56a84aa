"""What decides how an optimised picture comes out, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from minitorch.style.colour import COLOURS
from minitorch.utils import did_you_mean

__all__ = ["OPTIMIZERS", "STARTS", "Settings"]

OPTIMIZERS = ("lbfgs", "adam")
STARTS = ("content", "noise")


@dataclass(frozen=True)
class Settings:
    """What decides how a picture comes out.

    Parameters
    ----------
    content_layers, style_layers : mapping of str to float
        Layers of the loss network, and how much each counts.
    content_weight, style_weight, variation_weight : float
        Of the three losses, see :class:`~minitorch.style.Judge`; 0 leaves one out. The paper's
        ratio alpha / beta is content_weight / style_weight over the number of features of the
        content's layer.
    size : int, optional
        Pixels of the longer side; by default the content's, and 512 at most.
    style_scale : float
        The longer side of a style's picture, in units of that of the content: below 1, strokes
        become finer.
    scales : int
        Begin at the size over 2^(scales-1), and go on from the result at twice that.
    steps : int
        At each scale.
    optimizer : {"lbfgs", "adam"}
    rate : float
        Adam's, in levels of 0 to 255.
    start : {"content", "noise"}
    colour : {"style", "histogram", "luminance"}
        Whose colours the picture has: the style's; the content's by a style with the content's mean
        and covariance of colours; or the content's as only the luminance is painted.
    normalise : bool
        Scale the loss network's layers to a mean activation of 1 over the pictures; the weights
        above are for that.
    seed : int
        Of the noise.

    Raises
    ------
    ValueError
        For what is out of its range, with close names.
    """

    content_layers: Mapping[str, float] = field(default_factory=lambda: {"relu4_2": 1.0})
    style_layers: Mapping[str, float] = field(
        default_factory=lambda: {f"relu{stage}_1": 0.2 for stage in range(1, 6)}
    )
    content_weight: float = 1.0
    style_weight: float = 1.0
    variation_weight: float = 0.0
    size: int | None = None
    style_scale: float = 1.0
    scales: int = 1
    steps: int = 200
    optimizer: str = "lbfgs"
    rate: float = 5.0
    start: str = "content"
    colour: str = "style"
    normalise: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        named = (("optimizer", OPTIMIZERS), ("start", STARTS), ("colour", COLOURS))
        for name, known in named:
            if (value := getattr(self, name)) not in known:
                raise ValueError(f"no {name} {value!r}; {did_you_mean(value, known)}")
        for name in ("content_weight", "style_weight", "variation_weight"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} is 0 or more, not {value}")
        if not self.content_weight + self.style_weight + self.variation_weight:
            raise ValueError("all weights are 0: there is nothing to optimise")
        for name in ("scales", "steps"):
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"{name} is at least 1, not {value}")
        for name in ("rate", "style_scale"):
            if not 0 < (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} is above 0, not {value}")
        if self.size is not None and self.size < 1:
            raise ValueError(f"size is at least 1, not {self.size}")
