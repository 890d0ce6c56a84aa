"""report.html: all of a run on one page that opens without a server, a network or scripts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from minitorch.io.files import atomic_write
from minitorch.training.report_markup import (
    counted,
    definitions,
    duration,
    image,
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
_TOLD = {  # of report.json, what stands elsewhere on the page than under Environment
    "accuracy", "classes", "command", "config", "confusion", "data", "device", "environment",
    "error", "examples", "findings", "loss", "measured_on", "note", "parameters", "pictures",
    "recipe", "seconds", "steps", "wrong",
}  # fmt: skip
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
    return "\n".join(_page(found)) + "\n"


def _page(found: RunFolder) -> Iterator[str]:
    style = files("minitorch.training").joinpath("report_page.css").read_text(encoding="utf-8")
    recipe = _mapping(found.report.get("recipe"))
    name = found.path.resolve().name
    title = text(recipe.get("model") or name)
    yield '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head>'
    yield '<meta charset="utf-8"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    # Nothing is loaded and nothing runs, and the browser is told to see to it.
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>'
    yield f"<title>{title}: a training run</title><style>{style}</style></head><body><main>"
    yield f'<h1>{title}</h1><p class="soft">{text(_subtitle(found))}</p>'
    yield from _figures(found, recipe)
    yield from _problems(found)
    yield from _findings(found)
    yield from _picture(found, "learning_curve")
    yield from _epochs(found)
    yield from _picture(found, "confusion", _confusion_tables(found))
    yield from _picture(found, "misclassified")
    yield from _picture(found, "filters")
    yield from _more_pictures(found)
    yield from _config(found, recipe)
    yield from _environment(found)
    yield "</main></body></html>"


# -- parts ----------------------------------------------------------------------------


def _mapping(value: Any) -> Mapping[str, Any]:
    """What stands under a name that should have values of its own."""
    return value if isinstance(value, Mapping) else {}


def _subtitle(found: RunFolder) -> str:
    """What the run was, in a line."""
    if found.report:
        return f"A training run in {found.path.resolve().name}."
    done = found.history[-1].get("number") if found.history else None
    so_far = f"it has come to epoch {done}" if done else "it has not come to an epoch's end"
    return f"A training run in {found.path.resolve().name} that has not ended: {so_far}."


def _figures(found: RunFolder, recipe: Mapping[str, Any]) -> Iterator[str]:
    """The figures one looks for first, of the last epoch where the run has not ended."""
    report = found.report
    last: Mapping[str, Any] = {} if report or not found.history else found.history[-1]
    against = report.get("measured_on", "test")
    error: Any = report.get("error", last.get("test_error"))
    of = ""
    if "wrong" in report and "examples" in report:
        of = f"{counted(report['wrong'])} of {counted(report['examples'])} wrong"
    right = 1 - error if is_number(error) else None
    data, of_data = _named(report.get("data"))
    rows: list[tuple[str, Any, Any, Any]] = [
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
    ]
    yield '<dl class="figures">'
    for i, (name, value, shown, more) in enumerate(rows):
        if value is None:
            continue
        # Numbers are written as numbers; whatever else a file may hold, as text.
        words = shown(value) if is_number(value) else value
        small = f"<small>{text(more)}</small>" if more else ""
        kind = ' class="first"' if i < 2 else ""
        yield f"<div{kind}><dt>{text(name)}</dt><dd>{text(words)}{small}</dd></div>"
    yield "</dl>"
    command = report.get("command")
    if command:
        words = shlex.join(map(str, command)) if isinstance(command, list) else command
        yield f"<section><h2>Command</h2><pre>{text(words)}</pre></section>"


def _named(value: Any) -> tuple[Any, Any]:
    """The name among some values, and the others."""
    if not isinstance(value, Mapping) or "name" not in value:
        return value, ""
    return value["name"], {k: v for k, v in value.items() if k != "name"}


def _problems(found: RunFolder) -> Iterator[str]:
    """What could not be read."""
    problems = list(found.problems)
    if not found.report and not any("report.json" in problem for problem in problems):
        problems.append("There is no report.json, so there are no final figures.")
    note = found.report.get("note")
    problems += [str(note)] if note else []
    if problems:
        yield '<section class="problems"><h2>What is missing</h2><ul class="notes">'
        yield from (f"<li>{text(problem)}</li>" for problem in problems)
        yield "</ul></section>"


def _findings(found: RunFolder) -> Iterator[str]:
    """What the checkup had to say, if there was one."""
    findings = found.report.get("findings")
    if findings is None:
        return
    yield "<section><h2>Findings</h2>"
    sentences = findings if isinstance(findings, list) else [findings]
    if sentences:
        yield '<ul class="notes">'
        yield from (f"<li>{text(sentence)}</li>" for sentence in sentences)
        yield "</ul>"
    else:
        yield "<p>The checkup found nothing to remark on.</p>"
    yield "</section>"


def _picture(found: RunFolder, name: str, more: Sequence[str] = ()) -> Iterator[str]:
    """A section with a picture, or the sentence that there is none."""
    heading, alt = _PICTURES[name]
    yield f"<section><h2>{heading}</h2>"
    if name in found.pictures:
        yield image(found.pictures[name], alt)
    else:
        yield f'<p class="missing">There is no {name}.png.</p>'
    yield from more
    yield "</section>"


def _more_pictures(found: RunFolder) -> Iterator[str]:
    """Whatever else was drawn."""
    for name, content in found.pictures.items():
        if name not in _PICTURES:
            heading = text(name.replace("_", " ").capitalize())
            yield f"<section><h2>{heading}</h2>{image(content, name)}</section>"


def _epochs(found: RunFolder) -> Iterator[str]:
    """A row per epoch."""
    yield "<section><h2>Epochs</h2>"
    if not found.history:
        yield '<p class="missing">There is no record of an epoch.</p></section>'
        return
    keys = list(dict.fromkeys(key for epoch in found.history for key in epoch))
    heads = [text("epoch" if key == "number" else key.replace("_", " ")) for key in keys]
    rows = [[text(_cell(key, epoch.get(key))) for key in keys] for epoch in found.history]
    few = " open=''" if len(rows) <= 12 else ""
    yield f"<details{few}><summary>{len(rows)} of them</summary>"
    yield from table(heads, rows)
    yield "</details></section>"


def _cell(key: str, value: Any) -> str:
    """A figure of an epoch."""
    if value is None:
        return "-"
    if key.endswith("error"):
        return percent(value)
    return f"{value:.4g}" if isinstance(value, float) and key != "seconds" else str(value)


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


# -- what it was made with ------------------------------------------------------------


def _config(found: RunFolder, recipe: Mapping[str, Any]) -> Iterator[str]:
    """The settings: the file's text, else the recipe."""
    yield "<section><h2>Configuration</h2>"
    if found.config:
        yield f"<pre>{text(found.config)}</pre>"
    elif recipe:
        yield from definitions(recipe)
    else:
        yield '<p class="missing">There is neither a config.toml nor a recipe.</p>'
    yield "</section>"


def _environment(found: RunFolder) -> Iterator[str]:
    """Versions, and whatever else report.json has that is plain."""
    known = {k: v for k, v in found.report.items() if k not in _TOLD and not _is_large(v)}
    given = found.report.get("environment")
    known |= given if isinstance(given, dict) else {"environment": given} if given else {}
    yield "<section><h2>Environment</h2>"
    if known:
        yield from definitions(known)
    else:
        yield '<p class="missing">report.json says nothing of it.</p>'
    yield "</section>"


def _is_large(value: Any) -> bool:
    """Whether it would fill the page."""
    return isinstance(value, list | dict) and len(str(value)) > 300
