"""What the pages of all runs have in common: the frame, figures, tables, pictures, settings."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from minitorch.training.report_markup import (
    definitions,
    image,
    is_number,
    percent,
    table,
    text,
)
from minitorch.training.run_folder import RunFolder

__all__ = [
    "Figure",
    "command",
    "config",
    "environment",
    "epochs",
    "figures",
    "findings",
    "mapping",
    "more_pictures",
    "named",
    "page",
    "picture",
    "problems",
]

# Name, value, how a number is written, what stands below it; a value of None is left out.
Figure = tuple[str, Any, Callable[[Any], str], Any]


def page(found: RunFolder, content: Iterator[str]) -> str:
    """The whole page round its sections."""
    style = files("minitorch.training").joinpath("report_page.css").read_text(encoding="utf-8")
    title = text(mapping(found.report.get("recipe")).get("model") or found.path.resolve().name)
    # Nothing is loaded and nothing runs, and the browser is told to see to it.
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    lines = [
        '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head>',
        '<meta charset="utf-8"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>',
        f"<title>{title}: a training run</title><style>{style}</style></head><body><main>",
        f'<h1>{title}</h1><p class="soft">{text(_subtitle(found))}</p>',
        *content,
        "</main></body></html>",
    ]
    return "\n".join(lines) + "\n"


def _subtitle(found: RunFolder) -> str:
    """What the run was, in a line."""
    if found.report:
        return f"A training run in {found.path.resolve().name}."
    done = found.history[-1].get("number") if found.history else None
    so_far = f"it has come to epoch {done}" if done else "it has not come to an epoch's end"
    return f"A training run in {found.path.resolve().name} that has not ended: {so_far}."


def mapping(value: Any) -> Mapping[str, Any]:
    """What stands under a name that should have values of its own."""
    return value if isinstance(value, Mapping) else {}


def named(value: Any) -> tuple[Any, Any]:
    """The name among some values, and the others."""
    if not isinstance(value, Mapping) or "name" not in value:
        return value, ""
    return value["name"], {k: v for k, v in value.items() if k != "name"}


def figures(rows: Sequence[Figure], first: int = 2) -> Iterator[str]:
    """The figures one looks for first, the ``first`` ones in colour."""
    yield '<dl class="figures">'
    for i, (name, value, shown, more) in enumerate(rows):
        if value is None:
            continue
        # Numbers are written as numbers; whatever else a file may hold, as text.
        words = shown(value) if is_number(value) else value
        small = f"<small>{text(more)}</small>" if more else ""
        kind = ' class="first"' if i < first else ""
        yield f"<div{kind}><dt>{text(name)}</dt><dd>{text(words)}{small}</dd></div>"
    yield "</dl>"


def command(found: RunFolder) -> Iterator[str]:
    """The command, if it is known."""
    given = found.report.get("command")
    if given:
        words = shlex.join(map(str, given)) if isinstance(given, list) else given
        yield f"<section><h2>Command</h2><pre>{text(words)}</pre></section>"


def problems(found: RunFolder) -> Iterator[str]:
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


def findings(found: RunFolder, none: str) -> Iterator[str]:
    """What was found wrong on the way; ``none`` is said if that was looked for and is nothing."""
    given = found.report.get("findings")
    if given is None:
        return
    yield "<section><h2>Findings</h2>"
    sentences = given if isinstance(given, list) else [given]
    if sentences:
        yield '<ul class="notes">'
        yield from (f"<li>{text(sentence)}</li>" for sentence in sentences)
        yield "</ul>"
    else:
        yield f"<p>{text(none)}</p>"
    yield "</section>"


def picture(
    found: RunFolder, name: str, heading: str, alt: str, more: Sequence[str] = ()
) -> Iterator[str]:
    """A section with a picture, or the sentence that there is none."""
    yield f"<section><h2>{heading}</h2>"
    if name in found.pictures:
        yield image(found.pictures[name], alt)
    else:
        yield f'<p class="missing">There is no {name}.png.</p>'
    yield from more
    yield "</section>"


def more_pictures(found: RunFolder, shown: Mapping[str, Any]) -> Iterator[str]:
    """Whatever else was drawn than is shown elsewhere."""
    for name, content in found.pictures.items():
        if name not in shown:
            heading = text(name.replace("_", " ").capitalize())
            yield f"<section><h2>{heading}</h2>{image(content, name)}</section>"


def epochs(found: RunFolder) -> Iterator[str]:
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


def config(found: RunFolder) -> Iterator[str]:
    """The settings: the file's text, else the recipe."""
    recipe = mapping(found.report.get("recipe"))
    yield "<section><h2>Configuration</h2>"
    if found.config:
        yield f"<pre>{text(found.config)}</pre>"
    elif recipe:
        yield from definitions(recipe)
    else:
        yield '<p class="missing">There is neither a config.toml nor a recipe.</p>'
    yield "</section>"


def environment(found: RunFolder, told: frozenset[str]) -> Iterator[str]:
    """Versions, and whatever else report.json has that is plain and is not ``told`` elsewhere."""
    known = {k: v for k, v in found.report.items() if k not in told and not _is_large(v)}
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
