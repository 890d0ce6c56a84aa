"""What decides how an optimised picture comes out, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minitorch.style.colour import COLOURS
from minitorch.utils import did_you_mean

__all__ = ["METHODS", "OPTIMIZERS", "STARTS", "Settings"]

# Method -> the layers in which style is compared.
METHODS = {
    "gatys": {f"relu{stage}_1": 0.2 for stage in range(1, 6)},
    "mrf": {"relu3_1": 0.5, "relu4_1": 0.5},
}

OPTIMIZERS = ("lbfgs", "adam")
STARTS = ("content", "noise")


@dataclass(frozen=True)
class Settings:
    """What decides how a picture comes out.

    Parameters
    ----------
    method : {"gatys", "mrf"}
        What style is: the Gram matrices of Gatys et al., or the patches of Li and Wand.
    content_layers, style_layers : mapping of str to float
        Layers of the loss network, and how much each counts; for the style those of the method
        (:data:`METHODS`) by default.
    content_weight, style_weight, variation_weight : float
        Of the three losses, see :class:`~minitorch.style.Judge`; 0 leaves one out.
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
    seed : int
        Of the noise.
    match_every : int
        Method mrf: steps between two searches of patches.
    patch_scales, patch_turns : sequence of float
        Method mrf: patches also come from the styles at these sizes, relative to
        ``style_scale``, and turned by these angles, in degrees. The time of a search grows
        with the product of their numbers.

    Raises
    ------
    ValueError
        For what is out of its range, with close names.
    """

    content_layers: Mapping[str, float] = field(default_factory=lambda: {"relu4_2": 1.0})
    style_layers: Mapping[str, float] = field(default_factory=dict)
    content_weight: float = 0.05
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
    seed: int = 0
    method: str = "gatys"
    match_every: int = 10
    patch_scales: Sequence[float] = (1.0,)
    patch_turns: Sequence[float] = (0.0,)

    def __post_init__(self) -> None:
        named = {"method": METHODS, "optimizer": OPTIMIZERS, "start": STARTS, "colour": COLOURS}
        for name, known in named.items():
            if (value := getattr(self, name)) not in known:
                raise ValueError(f"no {name} {value!r}; {did_you_mean(value, known)}")
        for name in ("content_weight", "style_weight", "variation_weight"):
            if not 0 <= (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} is 0 or more, not {value}")
        if not self.content_weight + self.style_weight + self.variation_weight:
            raise ValueError("all weights are 0: there is nothing to optimise")
        if not self.style_layers:
            object.__setattr__(self, "style_layers", METHODS[self.method])
        for name in ("scales", "steps", "match_every"):
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"{name} is at least 1, not {value}")
        for name in ("rate", "style_scale"):
            if not 0 < (value := getattr(self, name)) < math.inf:
                raise ValueError(f"{name} is above 0, not {value}")
        if self.size is not None and self.size < 1:
            raise ValueError(f"size is at least 1, not {self.size}")
        if not self.patch_scales or not all(0 < x < math.inf for x in self.patch_scales):
            raise ValueError(f"patch_scales are above 0, not {self.patch_scales}")
        if not self.patch_turns or not all(-180 <= x <= 180 for x in self.patch_turns):
            raise ValueError(f"patch_turns are from -180 to 180 degrees, not {self.patch_turns}")
        if self.method != "mrf" and (self.patch_scales, self.patch_turns) != ((1.0,), (0.0,)):
            raise ValueError("patch_scales and patch_turns are for the method mrf")
