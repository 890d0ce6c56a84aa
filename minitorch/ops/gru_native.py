"""The kernels of csrc/cpu/gru as the bodies of the GRU's ops are called."""

from __future__ import annotations

from typing import Any

from minitorch.backend.native import native_array, native_empty
from minitorch.ops.lstm_native import product_over_steps, supports_lstm

__all__ = ["gru_back_native", "gru_fwd_native", "supports_gru"]

supports_gru = supports_lstm  # the dtype; the shapes are checked before


def gru_fwd_native(native: Any, rung: str, *inputs: Any) -> Any:
    """``gru`` by a rung of csrc/cpu/gru."""
    gates, W, hid = (native_array(a) for a in inputs)
    units = W.shape[0]
    shapes = [(*gates.shape[:2], n) for n in (units, 4 * units)]
    outs = [native_empty(shape, W.dtype) for shape in shapes]
    native.gru_fwd(rung, gates, W, hid, *outs)
    return tuple(outs)


def gru_back_native(
    native: Any, rung: str, g: Any, hidden: Any, activated: Any, W: Any, hid: Any
) -> Any:
    """``gru_back`` by a rung of csrc/cpu/gru; the weights' gradient is a product."""
    g, hidden, activated, W, hid = (native_array(a) for a in (g, hidden, activated, W, hid))
    shape = (*hidden.shape[:2], W.shape[1])
    d_gates, d_state, d_hid = (native_empty(s, W.dtype) for s in (shape, shape, hid.shape))
    native.gru_bwd(rung, g, hidden, activated, W, hid, d_gates, d_state, d_hid)
    return d_gates, product_over_steps(native, hid, hidden, d_state), d_hid
