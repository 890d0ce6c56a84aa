"""metrics.jsonl: what each step and epoch measured, a line of JSON each."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any, BinaryIO, Self

from minitorch.io.arrays import FileFormatError
from minitorch.io.files import atomic_write
from minitorch.training.display import Display
from minitorch.training.events import Epoch, Step
from minitorch.training.finding import Finding

__all__ = ["MetricsFile", "plain_fields", "read_metrics"]


def plain_fields(event: Any) -> dict[str, Any]:
    """An event's fields that are plain values: numbers, text, true, false, none.

    Parameters
    ----------
    event : Step or Epoch
        Any dataclass. A NumPy scalar counts as a number.

    Returns
    -------
    dict

    Examples
    --------
    >>> plain_fields(Step(5, 1, 0.25, 0.1, 2.0))
    {'number': 5, 'epoch': 1, 'loss': 0.25, 'learning_rate': 0.1, 'gradient_norm': 2.0}
    """
    values = {}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if getattr(value, "shape", None) == ():
            value = value.item()
        if value is None or isinstance(value, bool | int | float | str):
            values[field.name] = value
    return values


class MetricsFile(Display):
    """Writes every step and epoch of a run to a file, a line of JSON each.

    A line has ``kind``, "step", "epoch" or "finding", and the event's plain fields; that of an
    epoch also has ``step``, the number of its last step. NaN and infinity, which JSON does not
    have, become null. A line is handed to the system as soon as it is written, so a killed process
    loses none; after each epoch the file is flushed to the disk.

    Parameters
    ----------
    path : str or Path
        Its folder is made if need be.
    from_step, from_epoch : int
        How many steps and epochs were done when the run is taken up: ``trainer.step`` and
        ``len(trainer.history)``. What the file has after them is dropped, as it comes again,
        and so is a line that was torn. So the file of a run that was interrupted
        equals that of an undisturbed one, but for the seconds.
    every : int
        Only steps whose number it divides are written; epochs always are.

    Raises
    ------
    FileFormatError
        On entering, if the file that is taken up has a damaged line before its last one.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "metrics.jsonl"
    >>> with MetricsFile(path) as listener:
    ...     listener.show(Step(1, 1, 0.5, 0.1, 3.0))
    ...     listener.show(Step(2, 1, 0.25, 0.1, 2.0))
    >>> with MetricsFile(path, from_step=1) as listener:  # the checkpoint was of step 1
    ...     listener.show(Step(2, 1, 0.25, 0.1, 2.0))
    >>> [line["loss"] for line in read_metrics(path)]
    [0.5, 0.25]
    """

    def __init__(
        self, path: str | Path, from_step: int = 0, from_epoch: int = 0, every: int = 1
    ) -> None:
        if from_step < 0 or from_epoch < 0 or every < 1:
            raise ValueError(
                f"MetricsFile: from_step and from_epoch are 0 or more and every is 1 or more, "
                f"not {from_step}, {from_epoch} and {every}"
            )
        self.path = Path(path)
        self._done = {"step": from_step, "epoch": from_epoch, "finding": from_step}
        self._every, self._step = every, from_step
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        kept = b"".join(self._head())
        # One rename puts the head in place: killed here, the file has all of its old lines or
        # just those that are kept.
        if not self.path.exists() or self.path.read_bytes() != kept:
            atomic_write(self.path, kept)
        self._file = self.path.open("ab")
        return self

    def _head(self) -> list[bytes]:
        """The lines of what was done before, as they stand in the file."""
        if not any(self._done.values()) or not self.path.exists():
            return []
        return [
            text
            for text, line in _lines(self.path)
            if line.get("number", 0) <= self._done.get(line["kind"], 0)
        ]

    def __exit__(self, *failure: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def show(self, event: Step | Epoch | Finding) -> None:
        """Append the event's line."""
        if self._file is None:
            raise RuntimeError("MetricsFile: it is closed; show events inside of its with block")
        values = plain_fields(event)
        if isinstance(event, Finding):
            what = {"number": event.step, "finding": event.kind, "layer": event.layer}
            self._write({"kind": "finding", **what, "message": event.message})
            return
        if event.kind == "epoch":
            self._write({"kind": "epoch", **values, "step": self._step})
            os.fsync(self._file.fileno())
            return
        self._step = event.number
        if event.number % self._every == 0:
            self._write({"kind": "step", **values})

    def _write(self, line: dict[str, Any]) -> None:
        """One line, in one write."""
        assert self._file is not None
        finite = {k: None if _no_json(value) else value for k, value in line.items()}
        self._file.write(json.dumps(finite, allow_nan=False).encode() + b"\n")
        self._file.flush()


def _no_json(value: Any) -> bool:
    """Whether it is a number that JSON has no word for."""
    return isinstance(value, float) and not math.isfinite(value)


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """The lines of a metrics.jsonl; a torn last one, of a killed run, is left out.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    list of dict
        Each with its ``kind``: "step", "epoch" or "finding".

    Raises
    ------
    FileFormatError
        For a missing file, or a damaged line before the last.
    """
    return [line for _, line in _lines(Path(path))]


def _lines(path: Path) -> list[tuple[bytes, dict[str, Any]]]:
    """Each whole line as it stands and as it reads."""
    try:
        texts = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        raise FileFormatError(f"{path}: there is no such file") from None
    found = []
    for number, text in enumerate(texts, 1):
        try:
            line = json.loads(text) if text.endswith(b"\n") else None
        except ValueError:  # also of bytes that are no text
            line = None
        if isinstance(line, dict) and isinstance(line.get("kind"), str):
            found.append((text, line))
        elif number < len(texts):
            raise FileFormatError(
                f"{path}: line {number} is damaged: expected a JSON object with a kind, found "
                f"{text[:60]!r}; delete that line to go on without it"
            )
    return found
