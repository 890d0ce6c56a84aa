"""ONNX's recurrent networks: RNN, GRU, LSTM, in one or both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from minitorch import ops
from minitorch.autograd import Tensor, asarray
from minitorch.io.onnx.elementwise import exponential_below
from minitorch.io.onnx.registry import Node, operator

__all__: list[str] = []

Function = Callable[[Tensor], Tensor]
State = tuple[Tensor, ...]

# Functions by name; a and b are their numbers, with ONNX's defaults.
_FUNCTIONS: dict[str, tuple[Any, float, float]] = {
    "relu": (lambda x, a, b: ops.relu(x), 0, 0),
    "tanh": (lambda x, a, b: ops.tanh(x), 0, 0),
    "sigmoid": (lambda x, a, b: ops.sigmoid(x), 0, 0),
    "affine": (lambda x, a, b: a * x + b, 1.0, 0.0),
    "leakyrelu": (lambda x, a, b: ops.where(x > 0, x, a * x), 0.01, 0),
    "thresholdedrelu": (lambda x, a, b: ops.where(x > a, x, ops.zeros_like(x)), 1.0, 0),
    "scaledtanh": (lambda x, a, b: a * ops.tanh(b * x), 1.7159, 0.6667),
    "hardsigmoid": (lambda x, a, b: ops.clip(a * x + b, 0.0, 1.0), 0.2, 0.5),
    "elu": (lambda x, a, b: exponential_below(x, a), 1.0, 0),
    "softsign": (lambda x, a, b: x / (1 + ops.abs(x)), 0, 0),
    "softplus": (lambda x, a, b: ops.softplus(x), 0, 0),
}


def _functions(node: Node, default: list[str], directions: int) -> list[list[Function]]:
    """The functions of each direction; numbers are given to those that take some, in order."""
    names = [n.lower() for n in node.get("activations", default * directions)]
    alphas, betas = list(node.get("activation_alpha", [])), list(node.get("activation_beta", []))
    limit, found = node.get("clip"), []
    for name in names:
        if name not in _FUNCTIONS:
            raise node.refuse(f"the function {name}")
        function, a, b = _FUNCTIONS[name]
        a = alphas.pop(0) if a and alphas else a
        b = betas.pop(0) if b and betas else b
        found.append(_clipped(function, a, b, limit))
    each = len(default)
    return [found[i : i + each] for i in range(0, len(found), each)]


def _clipped(function: Any, a: float, b: float, limit: Any) -> Function:
    if limit is None:
        return lambda x: function(x, a, b)
    return lambda x: function(ops.clip(x, -limit, limit), a, b)


def _walk(
    node: Node, x: Tensor, lengths: Any, initial: list[State], steps: list[Any]
) -> tuple[Tensor, list[State]]:
    """Every direction through time: outputs (time, direction, batch, units), last states."""
    keep = None
    if lengths is not None:
        ends = lengths.numpy()
        keep = numpy.arange(x.shape[0])[:, None] < ends
        keep = None if keep.all() else keep
    outputs, last = [], []
    for number, (state, step) in enumerate(zip(initial, steps, strict=True)):
        back = number == 1 or node.get("direction", "forward") == "reverse"
        order = range(x.shape[0])[::-1] if back else range(x.shape[0])
        row: dict[int, Tensor] = {}
        for t in order:
            after = step(x[t], *state)
            row[t] = after[0]
            if keep is not None:  # beyond the end of a sequence its state stays, and it gives 0
                mask = asarray(keep[t][:, None])
                row[t] = ops.where(mask, after[0], ops.zeros_like(after[0]))
                after = tuple(ops.where(mask, a, b) for a, b in zip(after, state, strict=True))
            state = after
        outputs.append(ops.stack([row[t] for t in range(x.shape[0])]))
        last.append(state)
    return ops.stack(outputs, axis=1), last


def _run(
    node: Node, x: Tensor, r: Tensor, lengths: Any, starts: list[Any], steps: list[Any]
) -> tuple[Tensor, ...]:
    """Layouts, initial states and outputs, which the three have in common."""
    by_batch = node.get("layout", 0) == 1
    if by_batch:
        x = ops.permute_dims(x, (1, 0, 2))
        starts = [s if s is None else ops.permute_dims(s, (1, 0, 2)) for s in starts]
    units = r.shape[-1]
    zeros = ops.zeros((x.shape[1], units), dtype=x.dtype)
    initial = [tuple(zeros if s is None else s[d] for s in starts) for d in range(len(steps))]
    y, last = _walk(node, x, lengths, initial, steps)
    states = [ops.stack([one[i] for one in last]) for i in range(len(starts))]
    if by_batch:
        y = ops.permute_dims(y, (2, 0, 1, 3))
        states = [ops.permute_dims(s, (1, 0, 2)) for s in states]
    return (y, *states)


def _biases(b: Any, d: int, count: int) -> tuple[list[Any], list[Any]]:
    """Those of the input and of the state, for each gate."""
    if b is None:
        return [0.0] * count, [0.0] * count
    parts = ops.split(b[d], 2 * count)
    return list(parts[:count]), list(parts[count:])


def _matrices(w: Tensor, count: int) -> list[Tensor]:
    units = w.shape[0] // count
    return [ops.matrix_transpose(w[i * units : (i + 1) * units]) for i in range(count)]


@operator("RNN", weights=(1, 2, 3))
def rnn(
    node: Node, x: Tensor, w: Tensor, r: Tensor, b: Any = None, lengths: Any = None, h: Any = None
) -> Any:
    """h' = f(x W + h R + b)"""
    steps = []
    for d, (f,) in enumerate(_functions(node, ["Tanh"], w.shape[0])):
        (wx,), (wh,), (bx, bh) = _matrices(w[d], 1), _matrices(r[d], 1), _biases(b, d, 1)

        def step(x: Tensor, h: Tensor, wx: Any = wx, wh: Any = wh, b: Any = bx[0] + bh[0],
                 f: Any = f) -> State:  # fmt: skip
            return (f(x @ wx + h @ wh + b),)

        steps.append(step)
    return _run(node, x, r, lengths, [h], steps)


@operator("GRU", weights=(1, 2, 3))
def gru(
    node: Node, x: Tensor, w: Tensor, r: Tensor, b: Any = None, lengths: Any = None, h: Any = None
) -> Any:
    """z and r: shares of the old state in the new one, and in what is proposed for it."""
    inside = node.get("linear_before_reset", 0)
    steps = []
    for d, functions in enumerate(_functions(node, ["Sigmoid", "Tanh"], w.shape[0])):
        parts = (_matrices(w[d], 3), _matrices(r[d], 3), *_biases(b, d, 3), *functions)

        def step(x: Tensor, h: Tensor, parts: Any = parts) -> State:
            wx, wh, bx, bh, f, g = parts
            z = f(x @ wx[0] + h @ wh[0] + bx[0] + bh[0])
            reset = f(x @ wx[1] + h @ wh[1] + bx[1] + bh[1])
            if inside:
                new = g(x @ wx[2] + reset * (h @ wh[2] + bh[2]) + bx[2])
            else:
                new = g(x @ wx[2] + (reset * h) @ wh[2] + bh[2] + bx[2])
            return ((1 - z) * new + z * h,)

        steps.append(step)
    return _run(node, x, r, lengths, [h], steps)


@operator("LSTM", weights=(1, 2, 3, 7))
def lstm(
    node: Node, x: Tensor, w: Tensor, r: Tensor, b: Any = None, lengths: Any = None,
    h: Any = None, c: Any = None, peepholes: Any = None,
) -> Any:  # fmt: skip
    """Gates in the order input, output, forget, cell; peepholes input, output, forget."""
    coupled = node.get("input_forget", 0)
    steps = []
    for d, functions in enumerate(_functions(node, ["Sigmoid", "Tanh", "Tanh"], w.shape[0])):
        peep = [0.0] * 3 if peepholes is None else ops.split(peepholes[d], 3)
        parts = (_matrices(w[d], 4), _matrices(r[d], 4), *_biases(b, d, 4), peep, *functions)

        def step(x: Tensor, h: Tensor, c: Tensor, parts: Any = parts) -> State:
            wx, wh, bx, bh, peep, f, g, out = parts
            i, o, forget, cell = (x @ wx[k] + h @ wh[k] + bx[k] + bh[k] for k in range(4))
            i = f(i + peep[0] * c)
            forget = 1 - i if coupled else f(forget + peep[2] * c)
            c = forget * c + i * g(cell)
            return f(o + peep[1] * c) * out(c), c

        steps.append(step)
    return _run(node, x, r, lengths, [h, c], steps)
