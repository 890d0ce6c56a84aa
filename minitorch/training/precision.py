"""Training in 16 bits: the names of precisions, and the factor that saves small gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from minitorch.utils import did_you_mean

__all__ = ["PRECISIONS", "LossScaler", "find_precision"]

# What a recipe may say: what products are computed in. The rest is in minitorch.autocast.
PRECISIONS = ("float32", "float16", "bfloat16")


def find_precision(name: str) -> str:
    """The name, if it is one of a precision; ValueError with close names otherwise."""
    if name in PRECISIONS:
        return name
    raise ValueError(f"no precision named {name!r}; {did_you_mean(name, PRECISIONS)}")


class LossScaler:
    """The factor of the loss that brings gradients into float16's range.

    The loss is multiplied by ``scale`` before the backward, gradients are divided by it after,
    in float32. If one of them is not finite, the step is to be skipped and the factor halves;
    after ``interval`` good steps in a row it doubles.

    Parameters
    ----------
    scale : float
        The first one: a power of two, 1 at least.
    interval : int
        Good steps before it doubles.

    Attributes
    ----------
    scale : float
        That of the next step.
    skipped : int
        Steps skipped so far.

    Raises
    ------
    ValueError
        For another scale or interval.

    Notes
    -----
    float16 rounds what is below 2⁻²⁵ (3e-8) to 0 and has nothing above 65504. A power of two
    changes exponents alone, so scaling rounds nothing, and two runs differ by no bit for it as
    long as nothing leaves the range.

    A captured function keeps numbers from its first call: give it the factor as an argument.

    The factor does not go below 1: gradients that are too large without any are not the
    factor's doing. From the first one on that takes 17 skips in a row.

    References
    ----------
    P. Micikevicius and others: Mixed precision training, 2018, 3.2.

    Examples
    --------
    >>> scaler = LossScaler(scale=4.0, interval=2)
    >>> for finite in (False, True, True, True):
    ...     scaler.update(finite)
    ...     print(scaler.scale)
    2.0
    2.0
    4.0
    4.0
    """

    def __init__(self, scale: float = 2.0**16, interval: int = 2000) -> None:
        if not 1 <= scale < math.inf or math.frexp(scale)[0] != 0.5:
            raise ValueError(
                f"LossScaler: the scale is a power of two, 1 at least, not {scale}: others round"
            )
        if interval < 1:
            raise ValueError(f"LossScaler: the interval must be at least 1, not {interval}")
        self.scale = float(scale)
        self.interval = interval
        self.skipped = 0
        self._good = 0

    @property
    def exhausted(self) -> bool:
        """Whether the factor is 1, so that halving it could help no more."""
        return self.scale == 1

    def update(self, finite: bool) -> None:
        """Note a step: whether all of its gradients were finite."""
        if not finite:
            self.scale = max(1.0, self.scale / 2)
            self.skipped += 1
            self._good = 0
            return
        self._good += 1
        if self._good == self.interval:
            self.scale *= 2
            self._good = 0

    def state(self) -> dict[str, Any]:
        """Where it stands, for JSON."""
        return {"scale": self.scale, "good": self._good, "skipped": self.skipped}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self.scale = float(state["scale"])
        self._good, self.skipped = int(state["good"]), int(state["skipped"])
