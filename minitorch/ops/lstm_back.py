"""The gradients of long short-term memory: all steps in one walk back over time.

The formulas stand here once, as a function that takes arrays or tensors alike
(:mod:`minitorch.ops.recurrent_maths`).
"""

from __future__ import annotations

from typing import Any

from minitorch.autograd.op import Sample, op
from minitorch.backend.native import attach
from minitorch.ops.lstm_native import lstm_back_native, supports_lstm
from minitorch.ops.recurrent_maths import Maths, parts

__all__ = ["lstm_back"]


def activate(of: Maths, gates: Any, before: Any, after: Any, peepholes: Any) -> list[Any]:
    """The gates' values, from their sums and the cells before and after the steps."""
    write, keep, new, read = parts(gates, 4)
    if peepholes is not None:
        write, keep = write + before * peepholes[0], keep + before * peepholes[1]
        read = read + after * peepholes[2]
    return [of.sigmoid(write), of.sigmoid(keep), of.tanh(new), of.sigmoid(read)]


def all_activated(of: Maths, hidden: Any, cells: Any, gates: Any, W: Any, *states: Any) -> Any:
    """What the gates were at every step, worked out again from the states before it."""
    hid, cell, *rest = states
    before = of.behind([cell[None], cells[:-1]])
    sums = gates + of.behind([hid[None], hidden[:-1]]) @ W
    return of.beside(activate(of, sums, before, cells, rest[0] if rest else None))


def gradients(
    of: Maths,
    g_hidden: Any,
    g_cells: Any,
    hidden: Any,
    cells: Any,
    activated: Any,
    W: Any,
    hid: Any,
    cell: Any,
    peepholes: Any = None,
) -> tuple[Any, ...]:
    """The gradients towards gates, W, hid, cell and peepholes, of arrays or tensors."""
    d_hid, d_cell, d_sums = 0, 0, []
    for t in range(len(hidden) - 1, -1, -1):
        write, keep, new, read = parts(activated[t], 4)
        before = cells[t - 1] if t else cell
        shown = of.tanh(cells[t])
        d_hid, d_cell = d_hid + g_hidden[t], d_cell + g_cells[t]
        d_read = d_hid * shown * (read * (1 - read))
        d_cell = d_cell + d_hid * read * (1 - shown * shown)
        if peepholes is not None:
            d_cell = d_cell + d_read * peepholes[2]
        d_write = d_cell * new * (write * (1 - write))
        d_keep = d_cell * before * (keep * (1 - keep))
        d_new = d_cell * write * (1 - new * new)
        d_cell = d_cell * keep
        if peepholes is not None:
            d_cell = d_cell + d_write * peepholes[0] + d_keep * peepholes[1]
        d_sums.append(of.beside([d_write, d_keep, d_new, d_read]))
        d_hid = d_sums[-1] @ W.T
    d_gates = of.stack(d_sums[::-1])
    units, rows = W.shape[0], d_gates.shape[0] * d_gates.shape[1]
    earlier = of.behind([hid[None], hidden[:-1]]).reshape((rows, units))
    found = (d_gates, earlier.T @ d_gates.reshape((rows, 4 * units)), d_hid, d_cell)
    if peepholes is None:
        return found
    before = of.behind([cell[None], cells[:-1]])
    d_write, d_keep, _, d_read = parts(d_gates, 4)
    seen = [(d_write, before), (d_keep, before), (d_read, cells)]
    return (*found, of.stack([(d * c).sum(axis=(0, 1)) for d, c in seen]))


@op(
    formula="the gradients of lstm towards all its inputs",
    constant=True,
    outputs=("d_gates", "d_W", "d_hid", "d_cell", "d_peepholes"),
    upcast=True,
)
def lstm_back(
    xp: Any,
    g_hidden: Any,
    g_cells: Any,
    hidden: Any,
    cells: Any,
    activated: Any,
    W: Any,
    hid: Any,
    cell: Any,
    peepholes: Any = None,
) -> Any:
    """The gradients of :func:`lstm` towards its inputs, in one walk.

    Parameters
    ----------
    g_hidden, g_cells : Tensor of shape (time, batch, units)
        The gradients of the two outputs.
    hidden, cells : Tensor of shape (time, batch, units)
        What :func:`lstm` returned.
    activated : Tensor of shape (time, batch, 4 · units)
        The gates' values at each step.
    W, hid, cell, peepholes : Tensor
        As for :func:`lstm`.

    Returns
    -------
    five Tensors, as gates, W, hid, cell and peepholes
        Constants: where a gradient is differentiated again, other ops compute it. The last
        is of shape (3, 0) without peepholes.

    Notes
    -----
    With z the sums of the gates, each step adds to dh and dc what came from the one after it::

        dz_o = dh tanh(c) o (1 - o)         dz_i = dc g i (1 - i)
        dc  += dh o (1 - tanh(c)²)          dz_f = dc c_before f (1 - f)
        dh_before = dz Wᵀ                   dz_g = dc i (1 - g²)
        dc_before = dc f

    and the peepholes' terms. dW is one product over all steps.

    Examples
    --------
    >>> import minitorch as mt
    >>> zero, half = mt.zeros((1, 1, 1)), mt.ones((1, 1, 4)) / 2
    >>> found = mt.lstm_back(mt.ones((1, 1, 1)), zero, zero, zero, half,
    ...                      mt.ones((1, 4)), zero[0], zero[0])
    >>> found[0], found[3]
    (Tensor([[[0.0625, 0.    , 0.1875, 0.    ]]]), Tensor([[0.25]]))
    """
    states = (hidden, cells, activated, W, hid, cell, peepholes)
    found = gradients(Maths.of(xp), g_hidden, g_cells, *states)
    return found if peepholes is not None else (*found, xp.empty((3, 0), dtype=W.dtype))


attach(
    lstm_back,
    "lstm",
    lstm_back_native,
    supports=supports_lstm,
    prefers={"k01_naive": lambda *_: False},
)


@lstm_back.samples
def _(make: Any) -> Any:
    states = [make(3, 2, 4) for _ in range(4)]
    gates, start = make.positive(3, 2, 16), (make(2, 4), make(2, 4))
    yield Sample.of(*states, gates, make(4, 16), *start, make(3, 4))
    yield Sample.of(*states, gates, make(4, 16), *start, note="no peepholes")
