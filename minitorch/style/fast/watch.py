"""What goes wrong while a style is learned, seen from the held-out photographs."""

from __future__ import annotations

from collections.abc import Sequence

from minitorch.style.fast.events import StyleEpoch
from minitorch.training.finding import Finding

__all__ = ["watch"]

_FLAT, _RISEN, _FIRST = 0.05, 1.5, 3


def watch(history: Sequence[StyleEpoch], step: int) -> list[Finding]:
    """What the last epoch shows that the one before did not.

    Parameters
    ----------
    history : sequence of StyleEpoch
        Epoch 0 is of the network before it is trained.
    step : int
        How many are done.

    Returns
    -------
    list of Finding
        ``flat``: paintings have hardly any contrast; looked for from the third epoch on, as a new
        network's paintings have little. ``risen``: the held-out loss is 1.5 times the
        lowest so far.
    """
    before = {} if len(history) < 2 else _wrong(history[:-1])
    return [
        Finding(kind, step, "", message)
        for kind, message in _wrong(history).items()
        if kind not in before
    ]


def _wrong(history: Sequence[StyleEpoch]) -> dict[str, str]:
    last, found = history[-1], {}
    if last.number >= _FIRST and last.contrast < _FLAT:
        found["flat"] = (
            f"the paintings are nearly one colour: their pixels deviate {last.contrast:.3f} times "
            f"as much as the photographs'. Try a lower learning rate, another seed, or a lower "
            f"style weight."
        )
    lowest = min(epoch.loss for epoch in history)
    if last.loss > _RISEN * lowest:
        found["risen"] = (
            f"the held-out loss has risen to {last.loss:.4g}, from {lowest:.4g}: the training is "
            f"about to diverge. Try a lower learning rate."
        )
    return found
