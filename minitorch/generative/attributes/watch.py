"""What goes wrong while attributes are learned: also edits that do nothing."""

from __future__ import annotations

from typing import Any

from minitorch.generative.watch import Watch
from minitorch.training.finding import Finding

__all__ = ["EditWatch"]

_KIND = "edits_ignored"
_STEPS, _MORE = 2000, 0.1


class EditWatch(Watch):
    """Says once when edits are ignored, and what :class:`Watch` says of a critic's samples.

    Parameters
    ----------
    before : float
        The share of the edits that are looked at which ask for what the image has already.

    Notes
    -----
    ``edits_ignored``: after 2000 steps of the editor, the classifier sees the wanted attributes in
    hardly more edits than it would if images were left as they are.
    """

    def __init__(self, before: float) -> None:
        super().__init__(critic=True)
        self._before = before

    def epoch(self, event: Any, step: int) -> list[Finding]:
        """What the shown images' edits say."""
        found = super().epoch(event, step)
        if event.seen >= self._before + _MORE * (1 - self._before):
            self._said = [kind for kind in self._said if kind != _KIND]
        elif self._steps >= _STEPS and _KIND not in self._said:
            self._said.append(_KIND)
            found.append(Finding(_KIND, step, "", self._message(event.seen)))
        return found

    def _message(self, seen: float) -> str:
        return (
            f"edits are ignored: the classifier sees what was wanted in {100 * seen:.0f}% of them "
            f"({100 * self._before:.0f}% ask for what is there already). Try more --classified, "
            f"less --reconstruction or --change, or a higher learning rate."
        )
