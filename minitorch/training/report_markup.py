"""Pieces of markup for a page: text that is safe to show, figures, pictures, tables."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from minitorch.training.plots.figures import png_size

__all__ = [
    "counted",
    "definitions",
    "duration",
    "image",
    "is_number",
    "percent",
    "table",
    "text",
]

# What XML cannot hold: control characters and halves of pairs. The page is well-formed XML too.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(value: Any) -> str:
    """Anything, as text that may stand in the page, also within quotes."""
    if isinstance(value, Mapping):
        value = ", ".join(f"{k}: {v}" for k, v in value.items())
    elif isinstance(value, list):
        value = ", ".join(map(str, value))
    return escape(_ILLEGAL.sub("\ufffd", str(value)))


def is_number(value: Any) -> bool:
    """Whether it can be written as one: neither NaN, nor infinite, nor beyond all floats."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def percent(value: Any) -> str:
    """A share of 1 in percent; what is no number stays what it is."""
    return f"{100 * value:.2f}%" if is_number(value) else str(value)


def counted(value: Any) -> str:
    """A number with commas; what is no number stays what it is."""
    return f"{value:,}" if is_number(value) else str(value)


def duration(value: Any) -> str:
    """Seconds, in units that suit them."""
    if not is_number(value) or not 0 <= value < 1e12:
        return str(value)
    if value < 60:
        return f"{value:.3g} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def image(content: bytes, alt: str) -> str:
    """A PNG inside of the page, in its size on paper."""
    width = round(png_size(content, alt)[0] * 0.72)  # drawn with 150 points to the inch
    data = base64.b64encode(content).decode()
    source = f'src="data:image/png;base64,{data}"'
    return f'<figure><img alt="{text(alt)}" width="{width}" {source}/></figure>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], names: int = 0) -> Iterator[str]:
    """A table of cells that are markup already; the first ``names`` columns are words."""
    kind = [' class="name"' if i < names else "" for i in range(len(heads))]
    yield '<div class="scroll"><table><thead><tr>'
    yield "".join(f"<th{k}>{head}</th>" for k, head in zip(kind, heads, strict=True))
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = zip(kind, row, strict=True)
        yield "<tr>" + "".join(c if c[:3] == "<td" else f"<td{k}>{c}</td>" for k, c in cells)
        yield "</tr>"
    yield "</tbody></table></div>"


def definitions(values: Mapping[str, Any]) -> Iterator[str]:
    """Names and values, one below the other."""
    yield '<dl class="pairs">'
    for name, value in values.items():
        yield f"<dt>{text(str(name).replace('_', ' '))}</dt><dd>{text(value)}</dd>"
    yield "</dl>"
