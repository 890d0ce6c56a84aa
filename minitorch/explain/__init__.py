"""Looking into a graph: draw it, walk its backward, ask why a gradient is what it is.

    with explain.record() as tape:          # optional: values, names and lines
        loss = model(x)
    explain.print_graph(loss)               # a table; explain.graph(loss) draws itself
    explain.step_through(loss)              # one op at a time, in the terminal
    explain.write_html(loss, "loss.html")   # the same as one static page
    explain.explain_grad(loss, w)           # why is it None, zero, NaN, huge?
    explain.card("softmax")                 # an op's mathematics and rules

Everything here uses the engine's public walk (``backward_steps``) and observers.
"""

from minitorch.explain.asking import explain_grad
from minitorch.explain.building import graph
from minitorch.explain.cards import Card, card
from minitorch.explain.drawing import to_dot, to_svg
from minitorch.explain.explanation import REASONS, Explanation
from minitorch.explain.graphs import Graph, Link, Vertex
from minitorch.explain.page import html_text, write_html
from minitorch.explain.printing import print_graph, step_text
from minitorch.explain.recording import Call, Detachment, Tape, latest_tape, record
from minitorch.explain.stepping import steps
from minitorch.explain.terminal import step_through
from minitorch.explain.values import show
from minitorch.explain.views import InputView, RuleView, StepView

__all__ = [
    "REASONS",
    "Call",
    "Card",
    "Detachment",
    "Explanation",
    "Graph",
    "InputView",
    "Link",
    "RuleView",
    "StepView",
    "Tape",
    "Vertex",
    "card",
    "explain_grad",
    "graph",
    "html_text",
    "latest_tape",
    "print_graph",
    "record",
    "show",
    "step_text",
    "step_through",
    "steps",
    "to_dot",
    "to_svg",
    "write_html",
]
