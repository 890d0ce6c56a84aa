"""One thing that is wrong with a training, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

__all__ = ["Finding", "gather"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: the figure that was measured, what it should be, and what to do.

    Parameters
    ----------
    kind : str
        One of the names in ``docs/checkup.md``: ``"dead_relus"``, ...
    step : int
        When it was found: the number of the step, 0 for the data before the first.
    layer : str
        The layer's name, "" for what is not of one layer.
    message : str
        One or two sentences.

    Examples
    --------
    >>> print(Finding("chance", 300, "", "the error is that of guessing"))
    step 300: the error is that of guessing
    """

    kind: str
    step: int
    layer: str
    message: str

    def __str__(self) -> str:
        return f"step {self.step}: {self.message}" if self.step else f"the data: {self.message}"


def gather(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding of each kind, the first; it names the other layers of the kind."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    for first, *others in kinds.values():
        if not others:
            yield first
            continue
        names = ", ".join(other.layer for other in others[:4])
        dots = ", ..." if len(others) > 4 else ""
        many = "1 other layer" if len(others) == 1 else f"{len(others)} other layers"
        yield replace(first, message=f"{first.message} The same in {many}: {names}{dots}.")
