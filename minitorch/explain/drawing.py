"""A graph as a drawing (SVG) and in Graphviz's language (DOT)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from minitorch.autograd.tensor import Tensor
from minitorch.explain.building import graph
from minitorch.explain.graphs import Graph, Vertex
from minitorch.explain.layout import CORNER, PORT_GAP, Box, Layout, lay_out
from minitorch.explain.values import is_bad, show

__all__ = ["clean", "dot_text", "svg_text", "to_dot", "to_svg"]

SANS = "Inter, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', sans-serif"
MONO = "'DejaVu Sans Mono', Menlo, Consolas, monospace"
MARGIN = 24.0
PAD = 12.0  # between a card's edge and its text
_LABEL = 6.1  # width of a character on a link
WIDEST = 56  # characters on a line; more are cut

INK, SOFT, GRADIENT, ALARM = "#1b2733", "#66758a", "#b0440c", "#c8102e"
# kind -> fill, border, colour of the title
COLOURS = {
    "op": ("#ffffff", "#4a78b0", "#1d4e89"),
    "output": ("#fff6e3", "#d08a10", "#8a5a00"),
    "leaf": ("#eaf6ee", "#3d8b5c", "#1f6b40"),
    "constant": ("#f3f4f6", "#b3bac4", "#4b5563"),
}

_ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Text that may stand in XML: control characters become U+FFFD."""
    return escape(_ILLEGAL.sub("\ufffd", text))


def _cut(text: str, most: int = WIDEST) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(slots=True)
class _Line:
    """A line of a card: pieces of text, each with a colour."""

    pieces: list[tuple[str, str]]
    size: float
    mono: bool = False
    bold: bool = False

    @property
    def width(self) -> float:
        """An upper bound, for the widest fonts of the lists above."""
        wide = 0.603 if self.mono else 0.70 if self.bold else 0.60
        return sum(len(text) for text, _ in self.pieces) * wide * self.size

    @property
    def height(self) -> float:
        return self.size * 1.45


def _card(vertex: Vertex, is_output: bool) -> list[_Line]:
    """What a vertex says."""
    kind = "output" if is_output else vertex.kind
    colour = COLOURS[kind][2]
    if kind == "constant":
        lines = [_Line([(_cut(vertex.label), colour)], 12, mono=True)]
        if vertex.name:
            lines.append(_Line([(f"{vertex.shape} {vertex.dtype}", SOFT)], 10.5, mono=True))
        return lines
    title = [(_cut(vertex.name or vertex.label, 30), colour)]
    if vertex.op:
        title = [(vertex.op, colour)]
        if vertex.name:
            title += [(f"  → {_cut(vertex.name, 24)}", INK)]
    lines = [_Line(title, 14, bold=True)]
    if vertex.formula:
        lines.append(_Line([(_cut(vertex.formula), SOFT)], 11.5))
    number = vertex.label.split()[0] + "  " if vertex.op else ""
    scope = f"  in {_cut(vertex.scope, 24)}" if vertex.scope else ""
    lines.append(_Line([(f"{number}{vertex.shape} {vertex.dtype}{scope}", SOFT)], 10.5, mono=True))
    for label, whole, ink in (("value ", vertex.value, INK), ("grad  ", vertex.grad, GRADIENT)):
        several = isinstance(whole, tuple)
        names = [f"{name} " for name in vertex.source.op.outputs] if several else [""]
        for name, value in zip(names, whole if several else (whole,), strict=True):
            if value is not None:
                colour = ALARM if is_bad(value) else ink
                text = [(label + name, SOFT), (_cut(show(value)), colour)]
                lines.append(_Line(text, 11.5, mono=True))
    return lines


def _size(lines: list[_Line]) -> tuple[float, float]:
    """Width and height of a card."""
    padding = 2 * PAD * (0.5 if len(lines) == 1 else 0.75)
    return max(line.width for line in lines) + 2 * PAD, sum(line.height for line in lines) + padding


def _labels(drawn: Graph) -> list[str]:
    """Per link, the argument's name where an op takes several, else ""."""
    count = Counter(link.target for link in drawn.links)
    return [link.argument if count[link.target] > 1 else "" for link in drawn.links]


def _alarming(value: Any) -> bool:
    return any(is_bad(part) for part in (value if isinstance(value, tuple) else (value,)))


def svg_text(drawn: Graph) -> str:
    """The drawing: leaves green, ops white, constants grey, the output amber."""
    cards = {v.key: _card(v, v.key == drawn.output) for v in drawn.vertices.values()}
    labels = _labels(drawn)
    rooms = [max(PORT_GAP, _LABEL * len(label) + 14) for label in labels]
    sizes = {key: _size(lines) for key, lines in cards.items()}
    for link, room in zip(drawn.links, rooms, strict=True):
        width, height = sizes[link.target]
        sizes[link.target] = max(width, 2 * CORNER + room * (link.position + 1)), height
    trunk = [v.key for v in drawn.vertices.values() if v.kind == "op"]
    placed = lay_out(sizes, [(link.source, link.target) for link in drawn.links], trunk, rooms)
    notes = [len(note) * 6.6 for note in drawn.notes]
    width = max(placed.width, _LEGEND_WIDTH, *notes) + 2 * MARGIN
    height = placed.height + 2 * MARGIN + 20 * len(notes) + 26
    shift = (width - placed.width) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="computation graph">',
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="#fbfcfe"/>',
        f'<g transform="translate({shift:.1f} {MARGIN:.1f})">',
        *_svg_links(drawn, placed),
        *(_svg_card(drawn, v, placed.boxes[v.key], cards[v.key]) for v in drawn.vertices.values()),
        "</g>",
    ]
    y = placed.height + 2 * MARGIN + 12
    parts.append(_svg_legend(y))
    parts += [_svg_note(note, y + 20 * i) for i, note in enumerate(drawn.notes, start=1)]
    return "\n".join([*parts, "</svg>\n"])


def _svg_note(note: str, y: float) -> str:
    return _text(MARGIN, y, [(note, SOFT)], 11, "normal", SANS)


def _svg_legend(y: float) -> str:
    parts, x = [], MARGIN
    for kind, (fill, border, ink) in COLOURS.items():
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 9:.0f}" width="12" height="10" rx="2.5" '
            f'fill="{fill}" stroke="{border}"/>'
        )
        parts.append(_text(x + 17, y, [(kind, ink)], 11, "normal", SANS))
        x += 30 + 7.0 * len(kind)
    for word, ink in (("value", INK), ("gradient", GRADIENT), ("not finite", ALARM)):
        parts.append(_text(x, y, [(word, ink)], 11, "normal", MONO))
        x += 14 + 6.7 * len(word)
    return "".join(parts)


_LEGEND_WIDTH = 500.0


def _text(
    x: float,
    y: float,
    pieces: list[tuple[str, str]],
    size: float,
    weight: str,
    family: str,
    length: float = 0.0,
) -> str:
    spans = "".join(f'<tspan fill="{ink}">{clean(text)}</tspan>' for text, ink in pieces)
    fixed = f' textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"' if length else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'font-family="{family}"{fixed} xml:space="preserve">{spans}</text>'
    )


def _svg_card(drawn: Graph, vertex: Vertex, box: Box, lines: list[_Line]) -> str:
    fill, border, _ = COLOURS["output" if vertex.key == drawn.output else vertex.kind]
    if vertex.kind != "constant" and (_alarming(vertex.value) or _alarming(vertex.grad)):
        border = ALARM
    left = box.x - box.width / 2
    radius = 15 if vertex.kind == "constant" else 14 if vertex.kind == "leaf" else 6
    parts = [
        f'<g class="vertex" data-key={quoteattr(vertex.key)}><title>{clean(_tip(vertex))}</title>',
        f'<rect x="{left:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" '
        f'rx="{radius:.1f}" fill="{fill}" stroke="{border}" stroke-width="1.4"/>',
    ]
    y = box.y + PAD * (0.5 if len(lines) == 1 else 0.75)
    for line in lines:
        weight, family = ("600" if line.bold else "normal"), (MONO if line.mono else SANS)
        y += line.height
        # The advance of monospaced text is set, so that no font makes it leave its card.
        length = line.width if line.mono else 0.0
        base = y - line.size * 0.42
        parts.append(_text(left + PAD, base, line.pieces, line.size, weight, family, length))
    return "".join([*parts, "</g>"])


def _tip(vertex: Vertex) -> str:
    """What a browser shows when the mouse rests on a card."""
    lines = [vertex.label, vertex.formula, f"shape {vertex.shape}", vertex.where]
    lines += [f"value {show(vertex.value)}", f"gradient {show(vertex.grad)}"]
    return "\n".join(line for line in lines if line)


def _svg_links(drawn: Graph, placed: Layout) -> list[str]:
    """Curves with arrowheads, and the argument's name where an op takes several."""
    kinds = {key: vertex.kind for key, vertex in drawn.vertices.items()}
    parts = []
    for link, way, label in zip(drawn.links, placed.ways, _labels(drawn), strict=True):
        (x, y), rest = way[0], way[1:]
        path = f"M{x:.1f} {y:.1f}"
        for at, (nx, ny) in enumerate(rest):
            end = ny - 6 if at == len(rest) - 1 else ny  # room for the arrowhead
            bend = (end - y) * 0.55
            path += f" C{x:.1f} {y + bend:.1f} {nx:.1f} {end - bend:.1f} {nx:.1f} {end:.1f}"
            x, y = nx, end
        ink = "#c3c9d2" if kinds[link.source] == "constant" else "#7f8da0"
        parts.append(f'<path d="{path}" fill="none" stroke="{ink}" stroke-width="1.5"/>')
        parts.append(f'<path d="M{x - 4:.1f} {y:.1f}h8l-4 7z" fill="{ink}"/>')
        if label:
            parts.append(_text(x + 6, y - 1, [(label, SOFT)], 10, "normal", MONO))
    return parts


def dot_text(drawn: Graph) -> str:
    """The graph for Graphviz: ``dot -Tpdf``."""
    lines = ["digraph minitorch {", '  node [fontname="Helvetica" style="filled"];']
    for vertex in drawn.vertices.values():
        kind = "output" if vertex.key == drawn.output else vertex.kind
        fill, border, _ = COLOURS[kind]
        rows = [
            "".join(text for text, _ in line.pieces) for line in _card(vertex, kind == "output")
        ]
        shape = {"constant": "oval", "leaf": 'box, style="rounded,filled"'}.get(vertex.kind, "box")
        lines.append(
            f'  {vertex.key} [label={_dot_quote(rows)} shape={shape} fillcolor="{fill}" '
            f'color="{border}"];'
        )
    for link in drawn.links:
        lines.append(f"  {link.source} -> {link.target} [label={_dot_quote([link.argument])}];")
    return "\n".join([*lines, "}\n"])


def _dot_quote(rows: list[str]) -> str:
    """A left-justified DOT string."""
    escaped = [row.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for row in rows]
    return (
        '"' + "".join(f"{row}\\l" for row in escaped) + '"' if len(rows) > 1 else f'"{escaped[0]}"'
    )


def to_svg(output: Tensor, **options: Any) -> str:
    """The graph behind ``output`` as a drawing that needs nothing but itself.

    Parameters
    ----------
    output : Tensor
    **options
        Those of :func:`graph`.

    Returns
    -------
    str
        An SVG document: cards with formula, shape, value and gradient; what is
        not finite is red.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> x = mt.tensor(3.0, requires_grad=True)
    >>> svg = explain.to_svg(x * x, names={"x": x})
    >>> svg.startswith("<svg"), "y = x1 · x2" in svg
    (True, True)
    """
    return svg_text(graph(output, **options))


def to_dot(output: Tensor, **options: Any) -> str:
    """The graph behind ``output`` in Graphviz's language; see :func:`to_svg`.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> x = mt.tensor(3.0, requires_grad=True)
    >>> explain.to_dot(x * x, names={"x": x}).splitlines()[-3:]
    ['  t0 -> n1 [label="x1"];', '  t0 -> n1 [label="x2"];', '}']
    """
    return dot_text(graph(output, **options))
