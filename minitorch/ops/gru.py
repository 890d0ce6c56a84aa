"""Gated recurrent units as one op: all gates of all steps."""

from __future__ import annotations

from typing import Any

from minitorch.autograd.mode import is_grad_enabled
from minitorch.autograd.op import Sample, op
from minitorch.autograd.tensor import Tensor
from minitorch.backend.native import attach
from minitorch.ops.gru_back import activate, all_activated, gradients, gru_back
from minitorch.ops.gru_native import gru_fwd_native, supports_gru
from minitorch.ops.recurrent_maths import TENSORS, Maths

__all__ = ["gru"]


def _check(gates: Any, W: Any, hid: Any) -> None:
    """The shapes follow from those of the gates."""
    shape = tuple(gates.shape)
    if len(shape) != 3 or shape[2] % 3 or not shape[0]:
        raise ValueError(
            f"gru: gates must be (time, batch, 3 · units) with one step at least, got {shape}"
        )
    units = shape[2] // 3
    for name, value, wanted in (("W", W, (units, 3 * units)), ("hid", hid, (shape[1], units))):
        if tuple(value.shape) != wanted:
            raise ValueError(
                f"gru: {name} must be {wanted} for gates {shape}, got {tuple(value.shape)}"
            )


# The inputs are variadic so that one rule gives all their gradients: they share the walk.
@op(name="gru", formula="h' = (1 - u) h + u n", aux=("activated",), upcast=True)
def gru_op(xp: Any, *inputs: Any) -> Any:
    """All steps of gated recurrent units; see :func:`minitorch.gru`, which calls this op."""
    gates, W, hid = inputs
    of, found = Maths.of(xp), []
    for step in gates:
        values = activate(of, step, hid @ W)
        _, update, new, _ = values
        hid = (1 - update) * hid + update * new
        found.append((hid, of.beside(values)))
    return tuple(xp.stack(each) for each in zip(*found, strict=True))


@gru_op.vjp("inputs")
def gru_dinputs(g: Any, inputs: Any, out: Tensor, activated: Any) -> Any:
    """dL/dinputs = the walk back over time of :func:`gru_back`"""
    if is_grad_enabled():  # to be differentiated again: in ops that can be
        activated = all_activated(TENSORS, out, *inputs)
        return gradients(TENSORS, g, out, activated, *inputs[1:])
    return gru_back(g, out, activated, *inputs[1:])


def gru(gates: Tensor, W: Tensor, hid: Tensor) -> Tensor:
    """Gated recurrent units over a sequence whose input part is computed already.

    Parameters
    ----------
    gates : Tensor of shape (time, batch, 3 · units)
        x W_x + b of every step: of the gates that reset and update, and of the new value.
    W : Tensor of shape (units, 3 · units)
        Hidden state to gates.
    hid : Tensor of shape (batch, units)
        The state before the first step.

    Returns
    -------
    Tensor of shape (time, batch, units)
        The state after every step.

    Raises
    ------
    ValueError
        If the shapes do not go together, or there is no step.

    Notes
    -----
    With a step's gates x_r, x_u and x_n, h W in three parts likewise, and s the logistic
    function::

        r = s(x_r + h_r)      n  = tanh(x_n + r h_n)
        u = s(x_u + h_u)      h' = (1 - u) h + u n

    References
    ----------
    K. Cho et al.: On the properties of neural machine translation: encoder-decoder
    approaches, 2014.

    Examples
    --------
    >>> import minitorch as mt
    >>> gates = mt.zeros((5, 2, 9)).requires_grad_()
    >>> hidden = mt.gru(gates, mt.zeros((3, 9)), mt.ones((2, 3)))
    >>> hidden[-1, 0]
    Tensor([0.03125, 0.03125, 0.03125], grad_fn=getitem)
    >>> hidden.sum().backward()
    >>> gates.grad.shape
    (5, 2, 9)
    """
    _check(gates, W, hid)
    result: Tensor = gru_op(gates, W, hid)
    return result


attach(
    gru_op, "gru", gru_fwd_native, supports=supports_gru, prefers={"k01_naive": lambda *_: False}
)


@gru_op.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 2, 12), make(4, 12), make(2, 4))
    yield Sample.of(make(1, 3, 6), make(2, 6), make(3, 2), note="one step")
