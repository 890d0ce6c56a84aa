"""The kernels of csrc/cpu/lstm as the bodies of the LSTM's ops are called."""

from __future__ import annotations

from typing import Any

from minitorch.backend.native import NATIVE_FLOATS, native_array, native_empty

__all__ = ["lstm_back_native", "lstm_fwd_native", "product_over_steps", "supports_lstm"]


def supports_lstm(*arrays: Any, **_: Any) -> bool | str:
    """Whether the kernels can do it, or why not: the dtype; bodies check the shapes."""
    given = [a for a in arrays if a is not None]
    dtypes = sorted({str(a.dtype) for a in given})
    if len(dtypes) > 1:
        return f"its arrays must be of one dtype, they are {', '.join(dtypes)}"
    if given[0].dtype not in NATIVE_FLOATS:
        return f"it computes in float32 and float64, the arrays are {given[0].dtype}"
    return True


def product_over_steps(native: Any, hid: Any, hidden: Any, d_sums: Any) -> Any:
    """The gradient of weights: the sum over all steps of hidden[t - 1]ᵀ d_sums[t]."""
    units, sums = hidden.shape[2], d_sums.shape[2]
    d_W = native_empty((units, sums), hidden.dtype)
    product = native.rungs["matmul"][-1][0]
    native.matmul(product, hid.T, d_sums[0], d_W)
    if len(hidden) > 1:
        rows = (len(hidden) - 1) * hidden.shape[1]
        earlier, later = hidden[:-1].reshape(rows, units), d_sums[1:].reshape(rows, sums)
        native.matmul(product, earlier.T, later, d_W, accumulate=True)
    return d_W


def lstm_fwd_native(native: Any, rung: str, *inputs: Any) -> Any:
    """``lstm`` by a rung of csrc/cpu/lstm."""
    gates, W, hid, cell, *rest = [native_array(a) for a in inputs]
    peepholes = rest[0] if rest else None
    states = (*gates.shape[:2], W.shape[0])
    outs = [native_empty(shape, W.dtype) for shape in (states, states, gates.shape)]
    native.lstm_fwd(rung, gates, W, hid, cell, peepholes, *outs)
    return tuple(outs)


def lstm_back_native(
    native: Any,
    rung: str,
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
    """``lstm_back`` by a rung of csrc/cpu/lstm; the weights' gradient is a product."""
    g_hidden, g_cells, hidden, cells, activated, W, hid, cell = (
        native_array(a) for a in (g_hidden, g_cells, hidden, cells, activated, W, hid, cell)
    )
    peepholes = None if peepholes is None else native_array(peepholes)
    shapes = [activated.shape, hid.shape, cell.shape, (3, 0 if peepholes is None else W.shape[0])]
    d_gates, d_hid, d_cell, d_peepholes = (native_empty(shape, W.dtype) for shape in shapes)
    native.lstm_bwd(
        rung, g_hidden, g_cells, hidden, cells, activated, W, hid, cell, peepholes,
        d_gates, d_hid, d_cell, None if peepholes is None else d_peepholes,
    )  # fmt: skip
    d_W = product_over_steps(native, hid, hidden, d_gates)
    return d_gates, d_W, d_hid, d_cell, d_peepholes
