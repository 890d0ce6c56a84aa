"""Steps, cards and graphs as lines of text, with colours where they can be shown."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from minitorch.autograd.tensor import Tensor
from minitorch.explain.building import graph
from minitorch.explain.recording import Tape
from minitorch.explain.values import shape_of, show
from minitorch.explain.views import StepView

__all__ = ["print_graph", "print_lines", "step_lines", "step_text"]

# What a line is -> how rich shows it.
STYLES = {
    "title": "bold cyan",
    "formula": "italic",
    "soft": "bright_black",
    "value": "",
    "in": "yellow",
    "out": "green",
    "note": "magenta",
    "flaw": "bold red",
    "code": "",
}


def print_graph(
    output: Tensor,
    *,
    grad: Any = None,
    gradients: bool = True,
    tape: Tape | None = None,
    names: Mapping[str, Tensor] | None = None,
    file: TextIO | None = None,
) -> None:
    """Print the graph behind ``output`` as a table in recorded order.

    Parameters are those of :func:`graph`; ``file`` is standard output by default.

    Examples
    --------
    >>> import minitorch as mt
    >>> from minitorch import explain
    >>> a = mt.tensor(2.0, requires_grad=True)
    >>> explain.print_graph(a * a, names={"a": a})
    result       of    shape  value  gradient
    -----------------------------------------
    a            leaf  ()     2      4
    #1 multiply  a, a  ()     4      1
    """
    found = graph(output, grad=grad, gradients=gradients, tape=tape, names=names)
    print(found, file=file)


def step_lines(step: StepView) -> Iterator[tuple[str, str]]:
    """What to say of a step, line by line: (kind, text), kinds as in ``STYLES``."""
    yield "title", f"step {step.index} of {step.total}: {step.label}"
    if step.kind == "leaf":
        yield "value", f"  value   {show(step.value)}   {shape_of(step.value)}"
        yield "in", f"  gradient  {show(step.grad)}"
    else:
        yield from _op_lines(step)
    for note in step.notes:
        yield "note", f"  {note}"
    if step.flaw:
        yield "flaw", f"  {step.flaw} in a gradient of this step"


def _op_lines(step: StepView) -> Iterator[tuple[str, str]]:
    place = " in ".join(part for part in (step.where, step.scope) if part)
    yield "formula", f"  {step.formula}"
    yield "soft", f"  {step.call}{'   ' + place if place else ''}"
    if step.value is not None:
        yield "value", f"  result  {show(step.value)}"
    kept = ", ".join(step.saved) or "nothing"
    yield "soft", f"  saved for the rules: {kept}"
    width = max(map(len, step.saved), default=0)
    for name, value in step.saved.items():
        shown = "None" if value is None else show(value)
        yield "value", f"    {name:<{width}}  {shown}"
    yield "in", f"  gradient in  {show(step.grad)}"
    for rule in step.rules:
        yield "formula", f"  rule for {', '.join(rule.inputs)}: {rule.formula}"
        for line in rule.source.splitlines():
            yield "code", f"    {line}"
    for view in step.inputs:
        shown = show(view.grad) if view.grad is not None else "none"
        shape = f" {view.shape}" if view.shape else ""
        yield "out", f"  to {view.argument} → {view.target}{shape}: {shown}"
        for note in view.notes:
            yield "note", f"    {note}"


def step_text(step: StepView) -> str:
    """A step as plain text."""
    return "\n".join(text for _, text in step_lines(step))


def print_lines(lines: Iterable[tuple[str, str]], file: TextIO | None = None) -> None:
    """Print (kind, text) lines: with colours on a terminal, plain elsewhere."""
    stream = sys.stdout if file is None else file
    if not stream.isatty():
        for _, text in lines:
            print(text, file=stream)
        return
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    code: list[str] = []
    for kind, text in [*lines, ("end", "")]:
        if kind == "code":
            code.append(text)
            continue
        if code:
            source = "\n".join(code)
            console.print(Syntax(source, "python", background_color="default", theme="ansi_dark"))
            code = []
        if kind != "end":
            console.print(Text(text, style=STYLES.get(kind, "")))
