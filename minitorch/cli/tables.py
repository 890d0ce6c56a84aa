"""Tables that several commands print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["confusion_table", "guesses_table"]

_MOST_COLUMNS, _MOST_ROWS = 12, 20  # a confusion matrix wider than a terminal is none
_BAR = 30  # characters of a probability of 1
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def confusion_table(confusion: Any, names: Sequence[str]) -> Any:
    """Rows are the true classes, columns the predictions; what is wrong stands out.

    Parameters
    ----------
    confusion : numpy.ndarray of int, shape (classes, classes)
    names : sequence of str
        Of the classes. Of more than 12 only those with errors are listed, the worst ones.
    """
    from rich.table import Table
    from rich.text import Text

    if len(names) > _MOST_COLUMNS:
        return _class_table(confusion, names)
    table = Table(title="Confusion matrix: true class (row), predicted (column)")
    table.add_column("", style="bold")
    for number, name in enumerate(names):
        head = name if len(name) <= 2 else str(number)
        table.add_column(head, justify="right", header_style="bold")
    table.add_column("error", justify="right", header_style="bold")
    for true, row in enumerate(confusion):
        cells = []
        for predicted, count in enumerate(row):
            style = "green" if predicted == true else "red" if count else "bright_black"
            cells.append(Text(str(count) if count else "·", style=style))
        share = 1 - row[true] / max(1, row.sum())
        head = names[true] if len(names[true]) <= 2 else f"{true} {names[true]}"
        table.add_row(Text(head), *cells, f"{100 * share:.2f}%")
    return table


def _class_table(confusion: Any, names: Sequence[str]) -> Any:
    """Of many classes: the worst ones, and what they are taken for."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"The classes with the most errors, of {len(names)}")
    for column in ("class", "examples", "error", "most often taken for"):
        table.add_column(column, justify="right" if column in ("examples", "error") else "left")
    wrong = confusion.sum(axis=1) - confusion.diagonal()
    for true in (-wrong).argsort(kind="stable")[:_MOST_ROWS]:
        if not wrong[true]:
            break
        row = confusion[true].copy()
        count, row[true] = row.sum(), 0
        share, other = wrong[true] / count, names[row.argmax()]
        table.add_row(Text(names[true]), str(count), f"{100 * share:.2f}%", Text(other))
    return table


def bar(share: float, width: int = _BAR) -> str:
    """A bar of so many characters at most, to an eighth of one.

    Examples
    --------
    >>> bar(0.5, 4), bar(0.28125, 4), bar(0.001, 4)
    ('██', '█▏', '')
    """
    whole, rest = divmod(round(8 * width * share), 8)
    return ("█" * whole + _EIGHTHS[rest]).rstrip()


def guesses_table(guesses: Sequence[Any]) -> Any:
    """The most probable classes of an image: name, per cent, bar."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(max_width=40, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, style="green")
    for place, (_, name, probability) in enumerate(guesses):
        style = "bold" if place == 0 else ""
        percent = f"{100 * probability:.2f}%"
        table.add_row(Text("  " + name, style=style), Text(percent, style=style), bar(probability))
    return table
