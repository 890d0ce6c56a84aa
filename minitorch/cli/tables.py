"""Tables that several commands print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["confusion_table", "guesses_table", "mistakes_table"]

_BAR = 30  # characters of a probability of 1
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def confusion_table(confusion: Any, names: Sequence[str] = (), what: str = "digit") -> Any:
    """Rows are the true classes, columns the predictions; what is wrong stands out.

    Parameters
    ----------
    confusion : numpy.ndarray of int, shape (classes, classes)
    names : sequence of str
        Of the classes, by default their numbers; columns have the numbers if names are long.
    what : str
        What a class is.
    """
    from rich.table import Table
    from rich.text import Text

    numbers = [str(label) for label in range(len(confusion))]
    names = list(names) or numbers
    short = max(map(len, names)) <= 5
    if not short:
        names = [f"{number} {name}" for number, name in zip(numbers, names, strict=True)]
    table = Table(title=f"Confusion matrix: true {what} (row), predicted (column)")
    table.add_column("", style="bold")
    for title in names if short else numbers:
        table.add_column(title, justify="right", header_style="bold")
    table.add_column("error", justify="right", header_style="bold")
    for label, row in enumerate(confusion):
        cells = []
        for predicted, count in enumerate(row):
            style = "green" if predicted == label else "red" if count else "bright_black"
            cells.append(Text(str(count) if count else "·", style=style))
        share = 1 - row[label] / max(1, row.sum())
        table.add_row(Text(names[label]), *cells, f"{100 * share:.2f}%")
    return table


def mistakes_table(mistakes: Sequence[tuple[int, int, int]], name_of: Any) -> Any:
    """The commonest mistakes, where there are too many classes for a matrix.

    Parameters
    ----------
    mistakes : sequence of (true class, predicted class, how often)
    name_of : callable
        From a class's number to its name.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title="The commonest mistakes")
    for title in ("true", "predicted"):
        table.add_column(title, header_style="bold")
    table.add_column("times", justify="right", header_style="bold")
    for true, predicted, count in mistakes:
        table.add_row(Text(name_of(true)), Text(name_of(predicted), style="red"), str(count))
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
