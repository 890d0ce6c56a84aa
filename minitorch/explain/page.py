"""A backward as one static page: the graph on the left, a step at a time on the right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from minitorch.autograd.tensor import Tensor
from minitorch.explain.building import graph
from minitorch.explain.drawing import clean, svg_text
from minitorch.explain.graphs import Graph
from minitorch.explain.recording import Tape
from minitorch.explain.stepping import steps
from minitorch.explain.values import as_numpy, full, show
from minitorch.explain.views import StepView
from minitorch.explain.walking import check_tensor, nodes_behind, undisturbed
from minitorch.io.files import atomic_write

__all__ = ["html_text", "write_html"]

# Kept free of < and &, so that the page is well-formed XML too.
_SCRIPT = """
(function () {
  var sections = Array.from(document.querySelectorAll("section"));
  var slider = document.getElementById("slider");
  var at = 0;
  function vertex(section) {
    return document.querySelector('.graph [data-key="' + section.dataset.key + '"]');
  }
  function show(index) {
    at = Math.max(0, Math.min(sections.length - 1, index));
    sections.forEach(function (section, i) {
      section.classList.toggle("current", i === at);
      var card = vertex(section);
      if (card) {
        card.classList.toggle("current", i === at);
        card.classList.toggle("ahead", Math.max(i, at) !== at);
      }
    });
    slider.value = at + 1;
    document.getElementById("place").textContent = (at + 1) + " of " + sections.length;
    document.getElementById("previous").disabled = at === 0;
    document.getElementById("next").disabled = at === sections.length - 1;
    var card = vertex(sections[at]);
    if (card) { card.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  }
  function press(id, action) {
    var button = document.getElementById(id);
    if (button) { button.addEventListener("click", action); }
  }
  press("previous", function () { show(at - 1); });
  press("next", function () { show(at + 1); });
  press("flaw", function () {
    show(sections.findIndex(function (section) { return section.dataset.flaw; }));
  });
  slider.addEventListener("input", function () { show(Number(slider.value) - 1); });
  document.addEventListener("keydown", function (event) {
    if (event.target === slider) { return; }
    if (event.key === "ArrowRight") { show(at + 1); }
    if (event.key === "ArrowLeft") { show(at - 1); }
  });
  sections.forEach(function (section, i) {
    var card = vertex(section);
    if (card) { card.addEventListener("click", function () { show(i); }); }
  });
  document.body.classList.add("stepping");
  show(0);
})();
"""


def write_html(
    output: Tensor,
    path: str | Path,
    *,
    grad: Any = None,
    title: str = "",
    tape: Tape | None = None,
    names: Mapping[str, Tensor] | None = None,
) -> Path:
    """Write the backward of ``output`` as one self-contained HTML page.

    The page needs no network: the graph as a drawing, and every step with
    formula, rule, saved values and gradients, with buttons, a slider and the arrow
    keys to go through them. Without scripts it shows all steps below each other.
    The graph is kept, and every ``.grad`` stays what it was.

    Parameters
    ----------
    output, grad, tape, names
        As in :func:`steps`.
    path : str or Path
        Written in one piece, or not at all.
    title : str
        Heading; by default the output's name.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import minitorch as mt, tempfile
    >>> from minitorch import explain
    >>> a = mt.tensor(2.0, requires_grad=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = explain.write_html(a * a, folder + "/square.html")
    ...     page.read_text().startswith("<!DOCTYPE html>")
    True
    """
    text = html_text(output, grad=grad, title=title, tape=tape, names=names)
    return atomic_write(path, text)


def html_text(
    output: Tensor,
    *,
    grad: Any = None,
    title: str = "",
    tape: Tape | None = None,
    names: Mapping[str, Tensor] | None = None,
) -> str:
    """The text of :func:`write_html`'s page."""
    check_tensor(output, "write_html")
    drawn = graph(output, grad=grad, tape=tape, names=names)
    with undisturbed(nodes_behind(output)):
        seen = list(steps(output, grad, tape=tape, names=names))
    keys = {id(vertex.source): key for key, vertex in drawn.vertices.items()}
    heading = title or f"backward of {drawn.vertices[drawn.output].name or 'the output'}"
    return "\n".join(_page(heading, drawn, seen, keys))


def _page(
    heading: str, drawn: Graph, seen: Sequence[StepView], keys: Mapping[int, str]
) -> Iterator[str]:
    style = files("minitorch.explain").joinpath("page.css").read_text(encoding="utf-8")
    flaw = any(step.flaw for step in seen)
    yield '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head>'
    yield '<meta charset="utf-8"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    yield f"<title>{clean(heading)}</title><style>{style}</style></head><body>"
    yield f'<header><h1>{clean(heading)}</h1><button id="previous">previous</button>'
    yield '<button id="next">next</button>'
    if flaw:
        yield '<button id="flaw">first NaN or infinity</button>'
    yield f'<input id="slider" type="range" min="1" max="{len(seen)}" value="1" aria-label="step"/>'
    yield '<output id="place"></output></header>'
    yield f'<main><div class="graph">{svg_text(drawn)}</div><div class="steps">'
    for step in seen:
        yield from _section(step, keys.get(id(step.source), ""))
    yield f"</div></main><script>{_SCRIPT}</script></body></html>\n"


def _section(step: StepView, key: str) -> Iterator[str]:
    flaw = ' data-flaw="1"' if step.flaw else ""
    yield f"<section data-key={quoteattr(key)}{flaw}>"
    yield f"<h2>{clean(step.label)} <small>step {step.index} of {step.total}</small></h2>"
    if step.kind == "op":
        yield f'<p class="formula">{clean(step.formula)}</p>'
        place = " in ".join(part for part in (step.where, step.scope) if part)
        yield f'<p class="call">{clean(step.call)}</p><p class="where">{clean(place)}</p>'
    if step.value is not None:
        yield f"<h3>value</h3>{_value(step.value)}"
    if step.saved:
        rows = "".join(f"<dt>{clean(k)}</dt><dd>{_value(v)}</dd>" for k, v in step.saved.items())
        yield f"<h3>saved for the rules</h3><dl>{rows}</dl>"
    yield f'<h3>gradient in</h3><div class="in">{_value(step.grad)}</div>'
    yield from (f'<p class="note">{clean(note)}</p>' for note in step.notes)
    for rule in step.rules:
        yield f"<h3>rule for {clean(', '.join(rule.inputs))}: {clean(rule.formula)}</h3>"
        yield f"<pre>{clean(rule.source)}</pre>"
    if step.inputs:
        yield "<h3>gradient out</h3><dl>"
        for view in step.inputs:
            notes = "".join(f'<p class="note">{clean(note)}</p>' for note in view.notes)
            yield f"<dt>{clean(view.argument)} → {clean(view.target)}</dt>"
            yield f'<dd class="out">{_value(view.grad)}{notes}</dd>'
        yield "</dl>"
    if step.flaw:
        yield f'<p class="flaw">{step.flaw} in a gradient of this step</p>'
    yield "</section>"


def _value(value: Any) -> str:
    """A line, which opens to the numbers if there are many."""
    if isinstance(value, tuple) and any(isinstance(part, Tensor) for part in value):
        return "".join(map(_value, value))
    array = as_numpy(value)
    line = "None" if value is None else clean(show(value))
    if array is None or array.shape == ():
        return f'<span class="number">{line}</span>'
    summary = f'<span class="number">{line}</span> <small>{array.shape} {array.dtype}</small>'
    if array.size <= 6:
        return summary
    return f"<details><summary>{summary}</summary><pre>{clean(full(value))}</pre></details>"
