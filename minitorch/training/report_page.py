"""report.html: all of a run on one page that opens without a server, a network or scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from minitorch.io.files import atomic_write
from minitorch.training import report_parts as parts
from minitorch.training.report_markup import (
    counted,
    duration,
    is_number,
    percent,
    table,
    text,
)
from minitorch.training.report_tables import class_rows, confused_pairs
from minitorch.training.run_folder import RunFolder, read_run_folder

__all__ = ["report_text", "write_report"]

_PICTURES = {  # name -> heading, what it shows
    "learning_curve": ("Learning curve", "error, loss and learning rate by epoch"),
    "confusion": ("Confusion", "confusion matrix: true classes by predicted ones"),
    "misclassified": ("Misclassified", "misclassified images, the most confident mistakes first"),
    "filters": ("First filters", "filters of the first layer"),
}
_TOLD = frozenset({  # of report.json, what stands elsewhere on the page than under Environment
    "accuracy", "classes", "command", "config", "confusion", "data", "device", "environment",
    "error", "examples", "findings", "loss", "measured_on", "note", "parameters", "pictures",
    "recipe", "seconds", "steps", "wrong",
})  # fmt: skip
_CLASSES_SHOWN = 25


def write_report(folder: str | Path) -> Path:
    """Make ``report.html`` of what a run has left in its folder.

    The page holds its pictures and its style; it follows the reader's light or dark setting.
    What is missing or damaged is left out, and the page says so.

    Parameters
    ----------
    folder : str or Path
        With report.json, history.json or metrics.jsonl, config.toml and PNG files, as far as there.

    Returns
    -------
    Path
        Of the page, in the same folder, written in one piece.

    Raises
    ------
    FileFormatError
        If it is no folder, or no run has left anything there.

    Notes
    -----
    Of report.json it tells: ``accuracy``, ``error``, ``wrong``, ``examples``, ``loss``,
    ``measured_on``, ``parameters``, ``seconds``, ``steps``, ``device``, ``data`` (a text, or
    names and values), ``command`` (a text or a list of arguments), ``recipe``, ``confusion``,
    ``classes`` (their names), ``findings`` (sentences), ``environment`` and ``note``. Other
    plain values stand with the environment.
    """
    found = read_run_folder(folder)
    return atomic_write(found.path / "report.html", report_text(found))


def report_text(found: RunFolder) -> str:
    """The text of the page."""
    return parts.page(found, _sections(found))


def _sections(found: RunFolder) -> Iterator[str]:
    yield from _figures(found)
    yield from parts.command(found)
    yield from parts.problems(found)
    yield from parts.findings(found, "The checkup found nothing to remark on.")
    yield from _picture(found, "learning_curve")
    yield from parts.epochs(found)
    yield from _picture(found, "confusion", _confusion_tables(found))
    yield from _picture(found, "misclassified")
    yield from _picture(found, "filters")
    yield from parts.more_pictures(found, _PICTURES)
    yield from parts.config(found)
    yield from parts.environment(found, _TOLD)


def _figures(found: RunFolder) -> Iterator[str]:
    """The figures of the whole run, of the last epoch where it has not ended."""
    report, recipe = found.report, parts.mapping(found.report.get("recipe"))
    last: Mapping[str, Any] = {} if report or not found.history else found.history[-1]
    against = report.get("measured_on", "test")
    error: Any = report.get("error", last.get("test_error"))
    of = ""
    if "wrong" in report and "examples" in report:
        of = f"{counted(report['wrong'])} of {counted(report['examples'])} wrong"
    right = 1 - error if is_number(error) else None
    data, of_data = parts.named(report.get("data"))
    yield from parts.figures([
        (f"{against} accuracy", report.get("accuracy", right), percent, ""),
        (f"{against} error", error, percent, of),
        (f"{against} loss", report.get("loss", last.get("test_loss")), lambda v: f"{v:.4g}", ""),
        ("parameters", report.get("parameters"), counted, ""),
        ("time", report.get("seconds", last.get("seconds")), duration, ""),
        ("epochs", len(found.history) or recipe.get("epochs"), counted, ""),
        ("steps", report.get("steps"), counted, ""),
        ("data", data, str, of_data),
        ("device", report.get("device"), str, ""),
        ("seed", recipe.get("seed"), str, ""),
    ])  # fmt: skip


def _picture(found: RunFolder, name: str, more: Sequence[str] = ()) -> Iterator[str]:
    return parts.picture(found, name, *_PICTURES[name], more)


def _confusion_tables(found: RunFolder) -> list[str]:
    """The pairs that are confused most, and how each class does."""
    confusion = found.confusion
    if confusion is None:
        return ['<p class="missing">report.json has no confusion matrix.</p>']
    names = [text(name) for name in found.classes]
    parts = ["<h3>Most confused</h3>"]
    pairs = confused_pairs(confusion, 12)
    rows = [[names[t], names[p], counted(n), percent(share)] for t, p, n, share in pairs]
    heads: tuple[str, ...] = ("true", "taken for", "how often", "of the true class")
    parts += table(heads, rows, names=2) if rows else ["<p>There are no mistakes.</p>"]
    parts.append("<h3>By class, the worst first</h3>")
    rows = [_class_row(row, names) for row in class_rows(confusion)]
    heads = ("class", "examples", "right", "accuracy", "", "most often taken for")
    parts += table(heads, rows[:_CLASSES_SHOWN], names=1)
    if rows[_CLASSES_SHOWN:]:
        rest = rows[_CLASSES_SHOWN:]
        parts.append(f"<details><summary>{len(rest)} more</summary>")
        parts += [*table(heads, rest, names=1), "</details>"]
    return parts


def _class_row(row: tuple[int, int, int, int, int], names: Sequence[str]) -> list[str]:
    """One class: its examples, its right answers as a bar, its worst mistake."""
    label, examples, right, taken, often = row
    if not examples:
        return [names[label], "0", "", "", "", ""]
    share = right / examples
    bar = f'<td class="bar"><span style="width: {100 * share:.1f}%"></span></td>'
    worst = f'<td class="name">{names[taken]} ({counted(often)})</td>' if often else ""
    return [names[label], counted(examples), counted(right), percent(share), bar, worst]
