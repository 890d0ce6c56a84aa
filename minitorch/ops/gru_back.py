"""The gradients of gated recurrent units: all steps in one walk back over time.

The formulas stand here once, as a function that takes arrays or tensors alike
(:mod:`minitorch.ops.recurrent_maths`).
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.backend.native import attach
from minitorch.ops.gru_native import gru_back_native, supports_gru
from minitorch.ops.recurrent_maths import Maths, parts

__all__ = ["gru_back"]


def activate(of: Maths, gates: Any, of_state: Any) -> list[Any]:
    """Reset, update, the new value, and the state's part in it before the reset."""
    x_reset, x_update, x_new = parts(gates, 3)
    h_reset, h_update, h_new = parts(of_state, 3)
    reset, update = of.sigmoid(x_reset + h_reset), of.sigmoid(x_update + h_update)
    return [reset, update, of.tanh(x_new + reset * h_new), h_new]


def all_activated(of: Maths, hidden: Any, gates: Any, W: Any, hid: Any) -> Any:
    """What the gates were at every step, worked out again from the states before it."""
    return of.beside(activate(of, gates, of.behind([hid[None], hidden[:-1]]) @ W))


def gradients(
    of: Maths, g: Any, hidden: Any, activated: Any, W: Any, hid: Any
) -> tuple[Any, Any, Any]:
    """The gradients towards gates, W and hid, of arrays or tensors."""
    d_hid, d_gates, d_states = 0, [], []
    for t in range(len(hidden) - 1, -1, -1):
        reset, update, new, h_new = parts(activated[t], 4)
        before = hidden[t - 1] if t else hid
        d_hid = d_hid + g[t]
        d_update = d_hid * (new - before) * (update * (1 - update))
        d_new = d_hid * update * (1 - new * new)
        d_reset = d_new * h_new * (reset * (1 - reset))
        d_gates.append(of.beside([d_reset, d_update, d_new]))
        d_states.append(of.beside([d_reset, d_update, d_new * reset]))
        d_hid = d_hid * (1 - update) + d_states[-1] @ W.T
    units = W.shape[0]
    d_state = of.stack(d_states[::-1]).reshape((hidden.shape[0] * hidden.shape[1], 3 * units))
    earlier = of.behind([hid[None], hidden[:-1]]).reshape((d_state.shape[0], units))
    return of.stack(d_gates[::-1]), earlier.T @ d_state, d_hid


@op(
    formula="the gradients of gru towards all its inputs",
    constant=True,
    outputs=("d_gates", "d_W", "d_hid"),
    upcast=True,
)
def gru_back(xp: Any, g: Any, hidden: Any, activated: Any, W: Any, hid: Any) -> Any:
    """The gradients of :func:`gru` towards its inputs, in one walk.

    Parameters
    ----------
    g : Tensor of shape (time, batch, units)
        The gradient of the result.
    hidden : Tensor of shape (time, batch, units)
        What :func:`gru` returned.
    activated : Tensor of shape (time, batch, 4 · units)
        Reset, update, the new value, and h W of the new value, at each step.
    W, hid : Tensor
        As for :func:`gru`.

    Returns
    -------
    three Tensors, as gates, W and hid
        Constants: where a gradient is differentiated again, other ops compute it.

    Notes
    -----
    Each step adds to dh what came from the one after it; s_n is h W of the new value::

        du = dh (n - h_before) u (1 - u)     dr = dn s_n r (1 - r)
        dn = dh u (1 - n²)                   dh_before = dh (1 - u) + (dr, du, dn r) Wᵀ

    dW is one product over all steps.

    Examples
    --------
    >>> import minitorch as mt
    >>> one, half = mt.ones((1, 1, 1)), mt.ones((1, 1, 4)) / 2
    >>> found = mt.gru_back(one, one, half, mt.zeros((1, 3)), one[0])
    >>> found[0], found[2]
    (Tensor([[[ 0.046875, -0.125   ,  0.375   ]]]), Tensor([[0.5]]))
    """
    return gradients(Maths.of(xp), g, hidden, activated, W, hid)


attach(
    gru_back, "gru", gru_back_native, supports=supports_gru, prefers={"k01_naive": lambda *_: False}
)


@gru_back.samples
def _(make: Any) -> Any:
    yield Sample.of(make(3, 2, 4), make(3, 2, 4), make.positive(3, 2, 16), make(4, 12), make(2, 4))
