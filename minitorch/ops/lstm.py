"""Long short-term memory as one op: all gates of all steps."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.mode import is_grad_enabled
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.native import attach
from minitorch.ops.lstm_back import activate, all_activated, gradients, lstm_back
from minitorch.ops.lstm_native import lstm_fwd_native, supports_lstm
from minitorch.ops.recurrent_maths import TENSORS, Maths, parts

__all__ = ["lstm"]


def _check(gates: Any, W: Any, hid: Any, cell: Any, peepholes: Any) -> None:
    """The shapes follow from those of the gates."""
    shape = tuple(gates.shape)
    if len(shape) != 3 or shape[2] % 4 or not shape[0]:
        raise ValueError(
            f"lstm: gates must be (time, batch, 4 · units) with one step at least, got {shape}"
        )
    units = shape[2] // 4
    wanted = {"W": (units, 4 * units), "hid": (shape[1], units), "cell": (shape[1], units)}
    given = {"W": W, "hid": hid, "cell": cell}
    if peepholes is not None:
        wanted["peepholes"], given["peepholes"] = (3, units), peepholes
    for name, value in given.items():
        if tuple(value.shape) != wanted[name]:
            raise ValueError(
                f"lstm: {name} must be {wanted[name]} for gates {shape}, got {tuple(value.shape)}"
            )


# The inputs are variadic so that one rule gives all their gradients: they share the walk.
@op(
    name="lstm",
    formula="c' = f c + i g, h' = o tanh c'",
    outputs=("hidden", "cells"),
    aux=("activated",),
    upcast=True,
)
def lstm_op(xp: Any, *inputs: Any) -> Any:
    """All steps of long short-term memory; see :func:`minitorch.lstm`, which calls this op."""
    gates, W, hid, cell, *rest = inputs
    peepholes = rest[0] if rest else None
    of, found = Maths.of(xp), []
    for sums in gates:
        sums = sums + hid @ W
        write, keep, new, _ = activate(of, sums, cell, cell, peepholes)
        cell = keep * cell + write * new
        read = parts(sums, 4)[3]
        read = of.sigmoid(read if peepholes is None else read + cell * peepholes[2])
        hid = read * of.tanh(cell)
        found.append((hid, cell, of.beside([write, keep, new, read])))
    return tuple(xp.stack(each) for each in zip(*found, strict=True))


@lstm_op.vjp("inputs")
def lstm_dinputs(g: Any, inputs: Any, hidden: Tensor, cells: Tensor, activated: Any) -> Any:
    """dL/dinputs = the walk back over time of :func:`lstm_back`"""
    if is_grad_enabled():  # to be differentiated again: in ops that can be
        activated = all_activated(TENSORS, hidden, cells, *inputs)
        return gradients(TENSORS, *g, hidden, cells, activated, *inputs[1:])
    return lstm_back(*g, hidden, cells, activated, *inputs[1:])[: len(inputs)]


def lstm(
    gates: Tensor, W: Tensor, hid: Tensor, cell: Tensor, peepholes: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Long short-term memory over a sequence whose input part is computed already.

    Parameters
    ----------
    gates : Tensor of shape (time, batch, 4 · units)
        x W_x + b of every step: of the gates that write, that keep, the new value, and the
        gate that reads.
    W : Tensor of shape (units, 4 · units)
        Hidden state to gates.
    hid, cell : Tensor of shape (batch, units)
        The state before the first step.
    peepholes : Tensor of shape (3, units), optional
        Cell to the gates that write, keep and read, elementwise.

    Returns
    -------
    hidden, cells : Tensor of shape (time, batch, units)
        The state after every step.

    Raises
    ------
    ValueError
        If the shapes do not go together, or there is no step.

    Notes
    -----
    With the columns of a step's sums z = gates + h W in four parts i, f, g and o, s the
    logistic function and p the peepholes::

        i = s(z_i + c p_0)      c' = f c + i g
        f = s(z_f + c p_1)      o  = s(z_o + c' p_2)
        g = tanh(z_g)           h' = o tanh(c')

    References
    ----------
    S. Hochreiter and J. Schmidhuber: Long short-term memory, 1997.

    Examples
    --------
    >>> import minitorch as mt
    >>> gates = mt.zeros((5, 2, 12)).requires_grad_()
    >>> start = mt.ones((2, 3))
    >>> hidden, cells = mt.lstm(gates, mt.zeros((3, 12)), start, start)
    >>> cells[-1, 0]
    Tensor([0.03125, 0.03125, 0.03125], grad_fn=getitem)
    >>> hidden.sum().backward()
    >>> gates.grad.shape
    (5, 2, 12)
    """
    _check(gates, W, hid, cell, peepholes)
    inputs = (gates, W, hid, cell) if peepholes is None else (gates, W, hid, cell, peepholes)
    result: tuple[Tensor, Tensor] = lstm_op(*inputs)
    return result


attach(
    lstm_op,
    "lstm",
    lstm_fwd_native,
    supports=supports_lstm,
    prefers={"k01_naive": lambda *_: False},
)


@lstm_op.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 2, 16), make(4, 16), make(2, 4), make(2, 4), make(3, 4))
    yield Sample.of(make(1, 3, 8), make(2, 8), make(3, 2), make(3, 2), note="one step")
