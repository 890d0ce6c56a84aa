"""What is wrong with a gradient that is there: zero, not finite, huge or vanishing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minitorch.autograd.node import Node
from minitorch.autograd.tensor import Tensor
from minitorch.explain.explanation import Explanation, at
from minitorch.explain.flow import Flow, Outlet, Passage
from minitorch.explain.values import as_numpy, is_bad, norm, number, place, show
from minitorch.explain.walking import Namer, nodes_behind

__all__ = [
    "classify",
    "explain_not_finite",
    "explain_size",
    "explain_zero",
    "forward_flaw",
    "off_units",
]

# What to do about an op whose slope has no bounds.
REMEDIES = {
    "log": "the slope 1/x has no bound at 0: log(x + eps), xlogy, or a loss that takes logits",
    "log2": "the slope 1/x has no bound at 0: add an epsilon",
    "log10": "the slope 1/x has no bound at 0: add an epsilon",
    "sqrt": "the slope 1/(2√x) has no bound at 0: sqrt(x + eps)",
    "divide": "the quotient has no slope at x2 = 0: add an epsilon to the denominator",
    "reciprocal": "1/x has no slope at 0: add an epsilon",
    "pow": "x^a with a < 1 has no bounded slope at 0; the exponent's gradient needs ln x",
    "exp": "e^x leaves the range of float32 beyond x = 88: subtract the maximum first",
    "std": "the standard deviation of equal values has no slope: var, or an epsilon under the root",
    "hypot": "the length has no slope at (0, 0): add an epsilon under the root",
}
_SATURATING = {"sigmoid", "tanh", "softmax", "erf"}
# What they send back is multiplied with what they saved.
_PRODUCTS = {
    "multiply",
    "matmul",
    "einsum",
    "square",
    "pow",
    "conv_fwd",
    "conv_dgrad",
    "conv_wgrad",
}
_WHERE_TRAP = (
    "0 · ∞ = NaN: a where() or mask behind this op dropped the value, but its gradient 0 still "
    "meets the infinite slope here; make the input safe before the op, with where(ok, x, 1)"
)


def classify(grad: Any, huge: float, tiny: float) -> str:
    """ "nan", "inf", "zero", "huge", "tiny" or "fine"."""
    flaw = is_bad(grad)
    if flaw:
        return "nan" if flaw == "NaN" else "inf"
    array = as_numpy(grad)
    most = float(np.abs(array).max()) if array is not None and array.size else 0.0
    if most == 0:
        return "zero"
    return "huge" if most >= huge else "tiny" if most <= tiny else "fine"


def _spot(node: Node, namer: Namer) -> str:
    """A node and the line of its forward."""
    return f"{namer.label(node)}{at(namer.origin(node))}"


# -- zero -----------------------------------------------------------------


def explain_zero(flow: Flow, namer: Namer, who: str) -> Explanation:
    """Name the nodes that let nothing through, or say that contributions cancel."""
    blocks = [passage for passage in flow.passages if passage.blocks]
    if not blocks:
        many = flow.arrivals > 1
        why = f"its {flow.arrivals} contributions cancel" if many else "what came in was zero"
        return Explanation("zero", f"the gradient of {who} is exactly zero: {why}")
    first = blocks[0]
    head = f"the gradient of {who} is exactly zero: it became so at {_spot(first.node, namer)}"
    details = list(_why_blocked(first))
    details += [f"also at {_spot(p.node, namer)}: {next(_why_blocked(p))}" for p in blocks[1:4]]
    return Explanation("zero", head, details, first.node)


def _why_blocked(passage: Passage) -> Iterator[str]:
    node, found = passage.node, False
    out = as_numpy(passage.saved.get(node.op.outputs[0]))
    if node.op.name == "relu" and out is not None:
        off = np.count_nonzero(out <= 0)
        found = True
        if off == out.size:
            yield f"all {off} units of it are off (input <= 0): a dead ReLU passes nothing back"
        else:
            share = 100 * off / out.size
            yield f"{share:.3g}% of its units are off, the gradient was zero at the others"
    if node.op.name in _SATURATING and out is not None:
        found = True
        yield f"it is saturated: its results are {show(out)}, where the slope rounds to 0"
    for name, value in passage.saved.items() if node.op.name in _PRODUCTS else ():
        array = as_numpy(value)
        if not found and array is not None and array.size and not np.any(array):
            yield f"its {name} is 0 everywhere"
            found = True
    for outlet in passage.outlets:
        rule = node.op.rules.get(outlet.argument.partition("[")[0])
        formula = (rule.fn.__doc__ or "").strip() if rule is not None else ""
        if not found and formula:
            yield f"its rule {formula} gives 0 for these values"
        found = True


def off_units(flow: Flow, namer: Namer) -> list[str]:
    """The share of dead units of every ReLU on the way that lets something through."""
    lines = []
    for passage in flow.passages:
        out = as_numpy(passage.saved.get("out"))
        if passage.blocks:
            continue
        if passage.node.op.name == "relu" and out is not None and out.size:
            share = 100 * np.count_nonzero(out <= 0) / out.size
            label = namer.label(passage.node)
            lines.append(f"{label}: {share:.3g}% of its {out.size} units are off")
    return lines


# -- not finite -----------------------------------------------------------


def explain_not_finite(flow: Flow, namer: Namer, who: str, reason: str) -> Explanation:
    """Name the first node that turned a finite gradient into NaN or infinity."""
    kind = "NaN" if reason == "nan" else "infinite"
    breaks = [passage for passage in flow.passages if passage.breaks]
    if not breaks:
        assert flow.grad is not None
        head = f"the gradient of {who} is {kind}: its contributions add up beyond {flow.grad.dtype}"
        return Explanation(reason, head)
    first = breaks[0]
    outlet = next(o for o in first.outlets if o.flaw)
    head = (
        f"the gradient of {who} is {kind}: the first {outlet.flaw} appears at "
        f"{_spot(first.node, namer)}, towards its input {outlet.argument}"
    )
    details = [*_evidence(first, outlet)]
    if first.node.op.name in REMEDIES:
        details.append(REMEDIES[first.node.op.name])
    return Explanation(reason, head, details, first.node)


def _evidence(passage: Passage, outlet: Outlet) -> Iterator[str]:
    """The numbers that met at the first bad element."""
    array = as_numpy(outlet.grad)
    if array is None:
        return
    bad = ~np.isfinite(array)
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    values = {"gradient in": passage.grad, **passage.saved}
    met = {name: _element(value, array.shape, index) for name, value in values.items()}
    parts = [f"{name} = {number(value)}" for name, value in met.items() if value is not None]
    count = f"{np.count_nonzero(bad)} of {array.size} elements" if array.size > 1 else "it"
    where = f"at {place(index)}: " if index else ""
    yield f"{where}{', '.join(parts)} → {number(array[index])} ({count})"
    rule = passage.node.op.rules.get(outlet.argument.partition("[")[0])
    if rule is not None and rule.fn.__doc__:
        yield f"its rule: {rule.fn.__doc__.strip().splitlines()[0]}"
    if np.isnan(array[index]) and met["gradient in"] == 0:
        yield _WHERE_TRAP


def _element(value: Any, shape: tuple[int, ...], index: tuple[int, ...]) -> Any:
    """The element of a value that an element of the gradient was made of, if shapes tell."""
    array = as_numpy(value)
    if array is None or array.dtype.kind not in "fiub":
        return None
    try:
        return np.broadcast_to(array, shape)[index]
    except ValueError:
        return None


def forward_flaw(loss: Tensor, namer: Namer) -> str:
    """Where the forward first was not finite, "" if the loss is."""
    if not is_bad(loss):
        return ""
    for node in nodes_behind(loss):
        known = None if namer.tape is None else namer.tape.value(node)
        if known is not None and is_bad(known):
            return f"the forward is not finite: {is_bad(known)} first in {_spot(node, namer)}"
    return "the loss itself is not finite; compute it inside explain.record() to see where it began"


# -- huge and tiny --------------------------------------------------------


def explain_size(flow: Flow, namer: Namer, who: str, reason: str) -> Explanation:
    """Name the nodes that multiplied the gradient's norm most (or least)."""
    grows = reason == "huge"
    ranked = sorted(flow.passages, key=lambda p: p.factor, reverse=grows)
    ranked = [p for p in ranked if p.factor > 1] if grows else [p for p in ranked if p.factor < 1]
    words = "huge" if grows else "vanishing"
    head = f"the gradient of {who} is {words}: its norm is {number(norm(flow.grad))}"
    details = []
    for passage in ranked[:3]:
        line = f"×{number(passage.factor)} at {_spot(passage.node, namer)}"
        details.append("; ".join([line, *_why_factor(passage, grows)]))
    if len(ranked) > 3:
        factors = [p.factor for p in ranked]
        details.append(
            f"{len(ranked)} nodes {'multiply' if grows else 'shrink'} it, by ×"
            f"{number(float(np.median(factors)))} in the median"
        )
    if flow.arrivals > 1:
        details.append(f"{flow.arrivals} contributions to {who} are added up")
    first = ranked[0].node if ranked else None
    if first is not None:
        head += f"; {namer.label(first)} {'multiplied' if grows else 'shrank'} it most"
    return Explanation(reason, head, details, first)


def _why_factor(passage: Passage, grows: bool) -> Iterator[str]:
    """Sums over broadcast axes, and the sizes of the values that the rule multiplied with."""
    for outlet in passage.outlets:
        yield from outlet.notes
    node: Node = passage.node
    if node.op.name == "sum" and grows:
        yield "each element of a sum gets the whole gradient; mean() divides by their number"
    if node.op.name in _SATURATING and not grows:
        limit = "; the slope of a sigmoid is at most 1/4" if node.op.name == "sigmoid" else ""
        yield f"its results are {show(passage.saved.get('out'))}{limit}"
        return
    for name, value in passage.saved.items():
        array = as_numpy(value)
        if array is None or array.dtype.kind != "f" or not array.size or array.dtype is None:
            continue
        size = np.abs(array[np.isfinite(array)])
        if size.size:
            yield f"|{name}| from {number(size.min())} to {number(size.max())}"
