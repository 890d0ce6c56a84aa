"""What the functions that write layers have in common."""

from __future__ import annotations

from typing import Any

from minitorch import nonlinearities
from minitorch.io.onnx.export import Writer

__all__ = ["activated", "number", "refuse", "spread"]

_PLAIN = {
    "rectify": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "elu": "Elu",
    "softplus": "Softplus",
    "relu": "Relu",
}


def refuse(layer: Any, what: str) -> NotImplementedError:
    """The error for a setting that has no operator."""
    return NotImplementedError(f"save_onnx: {layer!r} cannot be written: {what}")


def number(w: Writer, value: float) -> str:
    """One number as a constant."""
    return w.constant(value, dtype="float32")


def activated(w: Writer, layer: Any, x: str) -> str:
    """A layer's nonlinearity."""
    f = layer.nonlinearity
    name = getattr(f, "__name__", None) or getattr(f, "name", "")
    if name in ("linear", "identity"):
        return x
    if name in _PLAIN:
        return w.add(_PLAIN[name], x)
    if name == "softmax":
        return w.add("Softmax", x, axis=1)
    if name == "relu6":
        return w.add("Clip", x, number(w, 0), number(w, 6))
    if isinstance(f, nonlinearities.LeakyRectify):
        return w.add("LeakyRelu", x, alpha=float(f.leakiness))
    if isinstance(f, nonlinearities.SELU):
        return w.add("Selu", x, gamma=float(f.scale), alpha=float(f.scale_neg))
    if isinstance(f, nonlinearities.ScaledTanH):
        inner = w.add("Tanh", w.add("Mul", x, number(w, f.scale_in)))
        return w.add("Mul", inner, number(w, f.scale_out))
    raise refuse(layer, f"the nonlinearity {name or f!r} has no operator")


def spread(layer: Any, attribute: str, shared: Any, rank: int) -> Any:
    """A change of shape that gives a parameter axes of length 1 where it is shared."""
    kept = iter(getattr(layer, attribute).shape)
    shape = [1 if axis in shared else next(kept) for axis in range(rank)]
    return lambda value: value.reshape(shape)
