"""What a run has left in its folder, read with the doubts that files deserve."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy

from minitorch.io.arrays import FileFormatError
from minitorch.training.metrics_file import read_metrics
from minitorch.training.plots.figures import png_size

__all__ = ["RunFolder", "read_run_folder"]

Array = numpy.ndarray


@dataclass(slots=True)
class RunFolder:
    """The content of a run's folder.

    Attributes
    ----------
    path : Path
    report : dict
        Of report.json; empty if there is none.
    history : list of dict
        A line per epoch, of history.json, else of metrics.jsonl.
    config : str
        The text of config.toml.
    pictures : dict
        The content of the PNG files, by name without the ending.
    problems : list of str
        A sentence for each file that could not be read.
    """

    path: Path
    report: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    config: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def confusion(self) -> Array | None:
        """The confusion matrix of report.json, None if there is none that makes sense."""
        try:
            counts = numpy.array(self.report.get("confusion"))
        except ValueError:  # of ragged rows
            return None
        square = counts.ndim == 2 and counts.shape[0] == counts.shape[1] > 0
        if not square or counts.dtype.kind not in "iu" or counts.min() < 0:
            return None
        return counts

    @property
    def classes(self) -> list[str]:
        """Their names, numbers where report.json gives none."""
        confusion = self.confusion
        count = 0 if confusion is None else len(confusion)
        names = self.report.get("classes")
        if isinstance(names, list) and len(names) == count:
            return [str(name) for name in names]
        return [str(number) for number in range(count)]


def read_run_folder(path: str | Path) -> RunFolder:
    """Read what is there; what is damaged is left out and named in ``problems``.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    RunFolder

    Raises
    ------
    FileFormatError
        If it is no folder, or has none of a run's files.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileFormatError(f"{path}: not a folder")
    names = ("report.json", "history.json", "metrics.jsonl")
    if not any((path / name).is_file() for name in names):
        raise FileFormatError(f"{path}: no run has been here, there is no {', '.join(names)}")
    found = RunFolder(path)
    found.report = _json(found, "report.json", dict) or {}
    found.history = _epochs(found)
    if (path / "config.toml").is_file():
        found.config = (path / "config.toml").read_text(encoding="utf-8", errors="replace")
    for file in sorted(path.glob("*.png")):
        try:
            content = file.read_bytes()
            png_size(content, file.name)
            found.pictures[file.stem] = content
        except (ValueError, OSError) as error:
            found.problems.append(f"{file.name} is left out: {_reason(error, file.name)}.")
    return found


def _json(found: RunFolder, name: str, kind: type) -> Any:
    """A file's content, None if there is none or it is not of that kind."""
    try:
        content = json.loads((found.path / name).read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, OSError, RecursionError) as error:
        found.problems.append(f"{name} cannot be read: {_reason(error, name)}.")
        return None
    if isinstance(content, kind):
        return content
    found.problems.append(f"{name} is left out: it holds no {kind.__name__}.")
    return None


def _epochs(found: RunFolder) -> list[dict[str, Any]]:
    """The epochs, of one of two files."""
    epochs: list[dict[str, Any]] | None = _json(found, "history.json", list)
    if epochs is not None and all(isinstance(epoch, dict) for epoch in epochs):
        return epochs
    if epochs is not None:
        found.problems.append("history.json is left out: it is no list of epochs.")
    try:
        lines = read_metrics(found.path / "metrics.jsonl")
    except (FileFormatError, OSError) as error:
        if (found.path / "metrics.jsonl").exists():
            found.problems.append(f"metrics.jsonl is left out: {_reason(error, 'metrics.jsonl')}.")
        return []
    drop = ("kind", "step")
    return [
        {name: value for name, value in line.items() if name not in drop}
        for line in lines
        if line["kind"] == "epoch"
    ]


def _reason(error: Exception, name: str) -> str:
    """An error's text without the file's name."""
    return str(error).rpartition(f"{name}: ")[2].rstrip(".")
